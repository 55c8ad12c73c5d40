import type { Client } from '../db/pool.ts';

const columns = { dirty_respondents: 'respondent', dirty_customers: 'customer_id' } as const;

/** The queues of those whose outcomes (respondents), or whose months and standing (customers), wait to be worked out. */
export type Queue = keyof typeof columns;

/** How many wait in the queues: each respondent and customer once. */
export async function countDirty(client: Client): Promise<{ respondents: number; customers: number }> {
  const [dirty] = await client.rows<{ respondents: number; customers: number }>(
    `select (select count(distinct respondent) from dirty_respondents) as respondents,
       (select count(distinct customer_id) from dirty_customers) as customers`,
  );
  return dirty ?? { respondents: 0, customers: 0 };
}

/**
 * Takes up to `most` of those who wait out of a queue, each once; they are back in it if the transaction fails. In two
 * statements: in one, a queue that was just filled was searched once for each of them (20,000 took a minute).
 */
export async function takeDirty(client: Client, queue: Queue, most: number): Promise<string[]> {
  const column = columns[queue];
  const found = await client.rows<{ one: string }>(`select distinct ${column} as one from ${queue} limit $1`, [most]);
  const taken = found.map(({ one }) => one);
  if (taken.length > 0) await client.rows(`delete from ${queue} where ${column} = any($1::text[])`, [taken]);
  return taken;
}
