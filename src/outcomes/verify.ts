import type { Client, Database } from '../db/pool.ts';
import { cellKinds, everyOutcome } from './cells.ts';
import { collect, readState } from './collect.ts';
import { customerParameters, customerTables } from './customers.ts';
import { outcomeColumns } from './definition.ts';
import { computeInto, keptCuboids } from './recompute.ts';
import { locked, refresh } from './refresh.ts';

/** What was compared, and how many rows differ between what is stored and what the raw facts say. */
export interface Verification {
  table: string;
  rows: number;
  differences: number;
}

/**
 * Works out every outcome, every cell and every customer's months and standing again from the raw facts and compares them
 * with what is stored. Refreshes first, and mends nothing beyond that.
 * A cell whose sums are all zero counts as absent: that is what remains when everything in it was taken out.
 * @throws where another process keeps refreshing.
 */
export async function verify(db: Database): Promise<Verification[]> {
  await refresh(db);
  for (let tries = 0; tries < 100; tries++) {
    const results = await locked(db, compareAll, 'repeatable read');
    if (results) return results;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('Another process keeps refreshing the outcomes; try again later.');
}

async function compareAll(client: Client): Promise<Verification[]> {
  // What came since the refresh is known to be out of date, like whoever is dirty: that is not a difference.
  await collect(client, await readState(client));
  const state = await readState(client);
  await client.rows(
    `create temporary table pending on commit drop as select distinct respondent from dirty_respondents`,
  );
  await computeInto(client, 'computed', state);
  const columns = outcomeColumns.join(', ');
  const results = [
    await compare(
      client,
      'response_outcomes',
      `select ${columns} from response_outcomes where respondent not in (select respondent from pending)`,
      `select ${columns} from computed where respondent not in (select respondent from pending)`,
    ),
  ];
  for (const { table, key, sums, from } of cellKinds) {
    const names = [...key, ...sums].join(', ');
    const filled = `where ${sums.map((name) => `${name} <> 0`).join(' or ')}`;
    await client.rows(
      `create temporary table computed_${table} on commit drop as
           ${from(everyOutcome)}`,
      [keptCuboids(state)],
    );
    results.push(
      await compare(
        client,
        table,
        `select ${names} from ${table} ${filled}`,
        `select ${names} from computed_${table} ${filled}`,
      ),
    );
  }
  for (const { table, columns, select } of customerTables) {
    const names = columns.join(', ');
    const settled = 'where customer_id not in (select customer_id from dirty_customers)';
    await client.rows(`create temporary table computed_${table} (like ${table}) on commit drop`);
    await client.rows(`insert into computed_${table} (${names}) ${select('all')}`, customerParameters(state));
    results.push(
      await compare(
        client,
        table,
        `select ${names} from ${table} ${settled}`,
        `select ${names} from computed_${table} ${settled}`,
      ),
    );
  }
  return results;
}

async function compare(client: Client, table: string, stored: string, computed: string): Promise<Verification> {
  const [found] = await client.rows<{ rows: number; differences: number }>(
    `select (select count(*) from (${computed}) c) as rows,
       (select count(*) from ((${stored}) except all (${computed})) d)
       + (select count(*) from ((${computed}) except all (${stored})) d) as differences`,
  );
  return { table, rows: found?.rows ?? 0, differences: found?.differences ?? 0 };
}
