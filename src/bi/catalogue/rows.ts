import type { Client, Param } from '../../db/pool.ts';
import type { UnitLimit } from '../../db/unit-tree.ts';
import { type BiSet, limitSql } from '../set.ts';

/** In the planner's units, in which a row costs 0.01: some hundredths of a second. */
const cheap = 5_000;

interface Explained {
  plan: [{ Plan: { 'Total Cost': number; 'Plan Rows': number } }];
}

/** How many rows a reader sees of a set: counted where the planner expects that to be cheap, else what it estimates. */
export async function rowsOf(
  client: Client,
  set: BiSet,
  reader: { units: UnitLimit },
): Promise<{ rows: number; rows_exact: boolean }> {
  const parameters: Param[] = [];
  const limit = limitSql(set, reader, (value) => `$${parameters.push(value)}`);
  const seen = `from ${set.relation} t where ${limit}`;
  const [explained] = await client.rows<Record<string, Explained['plan']>>(
    `explain (format json) select ${seen}`,
    parameters,
  );
  const plan = explained?.['QUERY PLAN']?.[0].Plan;
  if (plan && plan['Total Cost'] > cheap) return { rows: plan['Plan Rows'], rows_exact: false };
  const [counted] = await client.rows<{ n: number }>(`select count(*) as n ${seen}`, parameters);
  return { rows: counted?.n ?? 0, rows_exact: true };
}
