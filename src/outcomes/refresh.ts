import { type Client, type Database, sqlState } from '../db/pool.ts';
import { addCellsSql, type Cuboid, cellKinds, dimensions, everyOutcome, mostValues } from './cells.ts';
import { collect, completeThrough, countNew, isOutdated, type RefreshState, readState, sources } from './collect.ts';
import { fillCustomers } from './customers.ts';
import { definitionVersion, outcomeColumns, outcomeParameters, outcomesSql } from './definition.ts';

/** How many respondents one transaction works out again. */
const batchSize = 1_000;
/** Up to how much waiting work a question does itself before it answers. */
const atOnce = { facts: 2_000, respondents: 500, rebuild_responses: 20_000 };

/** How much waits to be worked out: `facts` are counted up to a limit. */
export interface Waiting {
  facts: number;
  respondents: number;
  /** A sender declared how far its data is complete, or the settings changed. */
  moved: boolean;
  outdated: boolean;
}

/**
 * Only one process works on the outcomes at a time. The lock is tried and not waited for: what somebody else does now
 * needs not be done again. Senders are not waited for either, beyond a second: one that stores customers in one long
 * transaction holds the records that the refresh would make.
 * @returns undefined where nothing was done for one of these reasons.
 */
export async function locked<T>(
  db: Database,
  work: (client: Client) => Promise<T>,
  isolation: 'read committed' | 'repeatable read' = 'read committed',
): Promise<T | undefined> {
  try {
    return await db.write(
      async (client) => {
        // A rebuild of millions sorts and hashes, hence the memory.
        const [got] = await client.rows<{ locked: boolean }>(
          `select pg_try_advisory_xact_lock(hashtext('milemarker.refresh')) as locked,
             set_config('work_mem', '128MB', true), set_config('lock_timeout', '1s', true)`,
        );
        return got?.locked ? work(client) : undefined;
      },
      { isolation, statement_timeout_ms: 0 },
    );
  } catch (error) {
    if (sqlState(error) === lockTimeout) return undefined;
    throw error;
  }
}

const lockTimeout = '55P03';

/** Counts what is waiting to be worked out. */
export async function waiting(db: Database, mostFacts: number): Promise<Waiting> {
  return db.read(async (client) => {
    const state = await readState(client);
    const through = await completeThrough(client);
    const facts = await countNew(client, state, mostFacts);
    const [dirty] = await client.rows<{ n: number }>('select count(distinct respondent) as n from dirty_respondents');
    return {
      facts,
      respondents: dirty?.n ?? 0,
      moved: sources.some(
        ({ outcome, dataset }) => through.get(dataset)?.getTime() !== state[`${outcome}_through`]?.getTime(),
      ),
      outdated: await isOutdated(client, state),
    };
  });
}

/**
 * Brings the outcomes up to date: looks at what came, then works out again whom it touches, batch by batch, each one
 * transaction, so that a crash loses and repeats nothing. Where much changed it is quicker to work out everything.
 * @returns false where another process is at it.
 */
export async function refresh(db: Database): Promise<boolean> {
  const state = await look(db);
  if (!state) return false;
  if (await isMuch(db)) return (await rebuild(db)) !== undefined;
  for (;;) {
    const done = await recompute(db, batchSize);
    if (done === undefined) return false;
    if (done === 0) break;
  }
  await locked(db, fillCustomers);
  return (await locked(db, dropWideDimensions)) !== undefined;
}

/**
 * What a question does before it answers: a little waiting work is done at once, so that what was just sent counts; much
 * is left to the worker.
 * @returns how many respondents still wait, or more than are known when new facts were not looked at yet.
 */
export async function refreshBeforeAnswer(db: Database): Promise<Waiting> {
  const before = await waiting(db, atOnce.facts);
  if (!before.outdated && !before.moved && before.facts === 0 && before.respondents === 0) return before;
  if (before.facts >= atOnce.facts || before.respondents > atOnce.respondents) return before;
  if (before.outdated && !(await isSmall(db))) return before;
  const state = await look(db);
  if (state === 'rebuild') await rebuild(db);
  else if (state) await recompute(db, atOnce.respondents);
  if (state) await locked(db, fillCustomers);
  return waiting(db, atOnce.facts);
}

/** Collects what is new; `rebuild` where the settings changed; undefined where another process holds the lock. */
async function look(db: Database): Promise<RefreshState | 'rebuild' | undefined> {
  return locked(db, async (client) => {
    const state = await readState(client);
    await collect(client, state);
    return (await isOutdated(client, state)) ? 'rebuild' : state;
  });
}

async function isSmall(db: Database): Promise<boolean> {
  const found = await db.read((client) =>
    client.rows(`select from responses offset $1 limit 1`, [atOnce.rebuild_responses]),
  );
  return found.length === 0;
}

/** Whether so many respondents are dirty, or the settings changed, that working out everything is quicker. */
async function isMuch(db: Database): Promise<boolean> {
  return db.read(async (client) => {
    if (await isOutdated(client, await readState(client))) return true;
    const [dirty] = await client.rows<{ n: number }>('select count(distinct respondent) as n from dirty_respondents');
    const [held] = await client.rows<{ n: number }>(
      `select greatest(reltuples, 0)::int8 as n from pg_class where oid = 'responses'::regclass`,
    );
    return (dirty?.n ?? 0) > Math.max(5_000, 0.05 * (held?.n ?? 0));
  });
}

/** Works out up to `most` dirty respondents again. @returns how many; undefined where another process is at it. */
async function recompute(db: Database, most: number): Promise<number | undefined> {
  return locked(db, async (client) => {
    const taken = await client.rows<{ respondent: string }>(
      `delete from dirty_respondents where respondent in (select distinct respondent from dirty_respondents limit $1)
       returning respondent`,
      [most],
    );
    if (taken.length === 0) return 0;
    const respondents = [...new Set(taken.map(({ respondent }) => respondent))];
    await apply(client, await readState(client), { respondents });
    return taken.length;
  });
}

/**
 * Works out everything again; readers see the old answers until it is done. Who becomes dirty meanwhile stays so.
 * Where the settings changed, or dimensions had left the cells, these are added up afresh: differences would be added to
 * cells of other windows, or to none.
 */
export async function rebuild(db: Database): Promise<true | undefined> {
  return locked(db, async (client) => {
    const before = await readState(client);
    const afresh = before.dropped_cuboids.length > 0 || (await isOutdated(client, before));
    await client.rows('delete from dirty_respondents');
    await client.rows(
      `update refresh_state set time_zone = s.time_zone, currency = s.currency, windows_days = s.windows_days,
         definition_version = $1, dropped_cuboids = '{}' from settings s`,
      [definitionVersion],
    );
    await apply(client, await readState(client), { afresh });
    await fillCustomers(client);
    return dropWideDimensions(client);
  });
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
async function dropWideDimensions(client: Client): Promise<true> {
  const wide = await client.rows<{ cuboid: string }>(
    `select cuboid from score_cells where cuboid <> 'all' and responses <> 0
     group by cuboid having count(distinct value) > $1`,
    [mostValues],
  );
  if (wide.length === 0) return true;
  const cuboids = wide.map(({ cuboid }) => cuboid);
  for (const table of ['outcome_cells', 'score_cells'])
    await client.rows(`delete from ${table} where cuboid = any($1::text[])`, [cuboids]);
  await client.rows('update refresh_state set dropped_cuboids = dropped_cuboids || $1::text[]', [cuboids]);
  return true;
}
