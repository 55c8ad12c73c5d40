import type { Client } from '../db/pool.ts';

/** How many wait in the queues: each respondent and customer once. */
export async function countDirty(client: Client): Promise<{ respondents: number; customers: number }> {
  const [dirty] = await client.rows<{ respondents: number; customers: number }>(
    `select (select count(distinct respondent) from dirty_respondents) as respondents,
       (select count(distinct customer_id) from dirty_customers) as customers`,
  );
  return dirty ?? { respondents: 0, customers: 0 };
}

// Taking is two statements: in one, a queue that was just filled was searched once for each of those in it (20,000 took
// a minute). Who is taken is back in the queue if the transaction fails.

/** Takes up to `most` respondents whose outcomes wait to be worked out, each once. */
export async function takeRespondents(client: Client, most: number): Promise<string[]> {
  const found = await client.rows<{ respondent: string }>(
    'select distinct respondent from dirty_respondents limit $1',
    [most],
  );
  const taken = found.map(({ respondent }) => respondent);
  if (taken.length > 0) await client.rows('delete from dirty_respondents where respondent = any($1::text[])', [taken]);
  return taken;
}

/**
 * Takes up to `most` customers whose months and standing wait to be worked out, each once, those first of whom only late
 * payments are touched, so that few months must be read again; `since` is the earliest payment that is touched of any.
 */
export async function takeCustomers(client: Client, most: number): Promise<{ customers: string[]; since: string }> {
  // The text of a moment, since it may be infinite.
  const found = await client.rows<{ customer_id: string; since: string }>(
    `select customer_id, min(since)::text as since from dirty_customers group by customer_id
     order by min(since) desc limit $1`,
    [most],
  );
  const customers = found.map(({ customer_id }) => customer_id);
  if (customers.length > 0)
    await client.rows('delete from dirty_customers where customer_id = any($1::text[])', [customers]);
  return { customers, since: found.at(-1)?.since ?? 'infinity' };
}
