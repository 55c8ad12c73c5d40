import type { Client } from '../db/pool.ts';
import { addCellsSql, type Cuboid, cellKinds, dimensions, everyOutcome, mostValues } from './cells.ts';
import { isOutdated, type RefreshState, readState } from './collect.ts';
import { definitionVersion, outcomeColumns, outcomeParameters, outcomesSql } from './definition.ts';
import { takeRespondents } from './queues.ts';

/** Works out the outcomes of up to `most` dirty respondents again. @returns of how many. */
export async function recomputeOutcomes(client: Client, most: number): Promise<number> {
  const respondents = await takeRespondents(client, most);
  if (respondents.length > 0) await apply(client, await readState(client), { respondents });
  return respondents.length;
}

/**
 * Works out every outcome again. Where the settings changed, or dimensions had left the cells, the cells are added up
 * afresh: differences would be added to cells of other windows, or to none.
 */
export async function recomputeAllOutcomes(client: Client): Promise<void> {
  const before = await readState(client);
  const afresh = before.dropped_cuboids.length > 0 || (await isOutdated(client, before));
  await client.rows('delete from dirty_respondents');
  await client.rows(
    `update refresh_state set time_zone = s.time_zone, currency = s.currency, windows_days = s.windows_days,
       definition_version = $1, dropped_cuboids = '{}' from settings s`,
    [definitionVersion],
  );
  await apply(client, await readState(client), { afresh });
}

/** Which cuboids have cells. */
export const keptCuboids = (state: Pick<RefreshState, 'dropped_cuboids'>): Cuboid[] => [
  'all',
  ...dimensions.filter((dimension) => !state.dropped_cuboids.includes(dimension)),
];

/**
 * Works out the outcomes of some respondents (or all) from the raw facts into a temporary table, and applies only the
 * difference: rows that changed or went are taken out of the table and the cells, rows that are new or changed are put
 * in. What comes out the same is not written. With `afresh` the cells are emptied and hold the sums of all rows after.
 */
async function apply(
  client: Client,
  state: RefreshState,
  { respondents, afresh = false }: { respondents?: readonly string[]; afresh?: boolean },
): Promise<void> {
  const columns = outcomeColumns.join(', ');
  await computeInto(client, 'fresh_outcomes', state, respondents);
  await client.rows(
    `create temporary table changed_outcomes on commit drop as
     select 1::smallint as sign, * from response_outcomes with no data`,
  );
  const same = `f.response_id = o.response_id and f.window_days = o.window_days and row(${prefixed('f')}) is not distinct from row(${prefixed('o')})`;
  await client.rows(
    `with gone as (
       delete from response_outcomes o
       where ${respondents ? 'o.respondent = any($1::text[]) and' : ''} not exists (select from fresh_outcomes f where ${same})
       returning ${prefixed('o')}
     )
     insert into changed_outcomes (sign, ${columns}) select -1, ${columns} from gone`,
    respondents ? [respondents] : [],
  );
  // A response that moved to another customer leaves its old row to that customer's turn, so its key may still be taken.
  await client.rows(
    `with old as (
       delete from response_outcomes o using fresh_outcomes f
       where o.response_id = f.response_id and o.window_days = f.window_days and o.respondent <> f.respondent
       returning ${prefixed('o')}
     )
     insert into changed_outcomes (sign, ${columns}) select -1, ${columns} from old`,
  );
  await client.rows(
    `with came as (
       insert into response_outcomes (${columns}) select ${columns} from fresh_outcomes
       on conflict (response_id, window_days) do nothing returning ${columns}
     )
     insert into changed_outcomes (sign, ${columns}) select 1, ${columns} from came`,
  );
  const kept = keptCuboids(state);
  for (const kind of cellKinds) {
    if (afresh) await client.rows(`delete from ${kind.table}`);
    await client.rows(addCellsSql(kind, afresh ? everyOutcome : 'changed_outcomes'), [kept]);
  }
  await client.rows('drop table fresh_outcomes, changed_outcomes');
  await client.rows('update refresh_state set refreshed_at = now()');
}

const prefixed = (alias: string) => outcomeColumns.map((column) => `${alias}.${column}`).join(', ');

/** Works out the outcomes of some respondents (or all) from the raw facts into a new temporary table. */
export async function computeInto(
  client: Client,
  table: string,
  state: RefreshState,
  respondents?: readonly string[],
): Promise<void> {
  await client.rows(`create temporary table ${table} (like response_outcomes) on commit drop`);
  await client.rows(
    `insert into ${table} (${outcomeColumns.join(', ')}) ${outcomesSql(respondents ? 'some' : 'all')}`,
    outcomeParameters(state, respondents),
  );
  if (!respondents) await client.rows(`analyze ${table}`);
}

/**
 * Takes dimensions with too many values out of the cells; questions about them read the outcomes from then on, until a
 * rebuild finds them narrow enough again.
 */
export async function dropWideDimensions(client: Client): Promise<void> {
  const wide = await client.rows<{ cuboid: string }>(
    `select cuboid from score_cells where cuboid <> 'all' and responses <> 0
     group by cuboid having count(distinct value) > $1`,
    [mostValues],
  );
  if (wide.length === 0) return;
  const cuboids = wide.map(({ cuboid }) => cuboid);
  for (const table of ['outcome_cells', 'score_cells'])
    await client.rows(`delete from ${table} where cuboid = any($1::text[])`, [cuboids]);
  await client.rows('update refresh_state set dropped_cuboids = dropped_cuboids || $1::text[]', [cuboids]);
}
