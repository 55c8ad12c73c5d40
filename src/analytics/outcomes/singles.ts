import type { Client } from '../../db/pool.ts';
import { badParameter } from '../../errors.ts';
import type { Question } from '../question.ts';
import { fromRows, type GroupKey, groupNames, keyOf, Statement } from '../sums.ts';

/** Medians and the bootstrap need the responses themselves, up to so many; the bootstrap draws each 1,999 times. */
const most = { median: 200_000, bootstrap: 20_000 };

/** A response whose revenue counts. */
export interface Single {
  respondent: string;
  hash_group: number;
  band: string;
  revenue_after: number;
  change: number;
  repeat_rate: number;
}

export interface Singles extends GroupKey {
  rows: Single[];
}

/**
 * Reads the responses whose revenue counts, by group, in an order that is always the same.
 * @throws ApiError 400 where they are too many.
 */
export async function readSingles(
  client: Client,
  question: Question,
  statistics: keyof typeof most,
): Promise<Singles[]> {
  const statement = new Statement();
  const { from, where, groups } = fromRows(statement, question);
  const names = groups.map((group, at) => `${group} as ${groupNames[at]}, `).join('');
  const limit = statement.param(most[statistics] + 1);
  const rows = await client.rows<Single & Record<string, unknown>>(
    `select c.survey, ${names} c.respondent, c.hash_group, c.band, c.revenue_after::float8 as revenue_after,
       (c.revenue_after - c.revenue_before)::float8 as change, (c.orders_after > 0)::int as repeat_rate
     from ${from} where ${where} and c.revenue_state = 'counted' limit ${limit}`,
    statement.parameters,
  );
  if (rows.length > most[statistics])
    throw badParameter(
      'statistics',
      'too_many_responses',
      `statistics=${statistics} reads up to ${most[statistics].toLocaleString('en-US')} responses, and the question has more. Narrow it with from and to, a survey, or another filter.`,
    );
  rows.sort(
    (one, other) =>
      order(one.respondent, other.respondent) || one.revenue_after - other.revenue_after || one.change - other.change,
  );
  const found = new Map<string, Singles>();
  for (const row of rows) {
    const key = keyOf(row, question);
    const text = JSON.stringify(key);
    const group = found.get(text) ?? { ...key, rows: [] };
    found.set(text, group);
    group.rows.push(row);
  }
  return [...found.values()];
}

/** By code units, whatever the language of the machine. */
const order = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
