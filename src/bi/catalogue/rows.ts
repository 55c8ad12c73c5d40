import type { Client } from '../../db/pool.ts';
import type { BiSet } from '../set.ts';

/** In the planner's units, in which a row costs 0.01: some hundredths of a second. */
const cheap = 5_000;

interface Explained {
  plan: [{ Plan: { 'Total Cost': number; 'Plan Rows': number } }];
}

/** How many rows a set has: counted where the planner expects that to be cheap, else what it estimates. */
export async function rowsOf(client: Client, { relation }: BiSet): Promise<{ rows: number; rows_exact: boolean }> {
  const [explained] = await client.rows<Record<string, Explained['plan']>>(
    `explain (format json) select from ${relation} t`,
  );
  const plan = explained?.['QUERY PLAN']?.[0].Plan;
  if (plan && plan['Total Cost'] > cheap) return { rows: plan['Plan Rows'], rows_exact: false };
  const [counted] = await client.rows<{ n: number }>(`select count(*) as n from ${relation} t`);
  return { rows: counted?.n ?? 0, rows_exact: true };
}
