import type { Client, Database } from '../db/pool.ts';
import { computedSql } from './definition.ts';

/** How many responses one transaction looks at. */
const batchSize = 2_000;
/** How many batches a question does itself before it answers. */
const atOnce = 3;

/** What is not matched yet. */
export interface WaitingMatches {
  /** New, changed and removed responses, counted up to a limit. */
  responses: number;
  /** Problems that were made or changed and are still looked for in old responses. */
  problems: string[];
}

/** Up to where responses were looked at: see `db/tables/problems.ts`. */
interface State {
  told: string | null;
  telling: string | null;
  xid: string;
  key: string;
}

/**
 * Only one process matches at a time. The lock is tried and not waited for.
 * @returns undefined where another process is at it.
 */
export async function lockedMatching<T>(
  db: Database,
  work: (client: Client) => Promise<T>,
  isolation: 'read committed' | 'repeatable read' = 'read committed',
): Promise<T | undefined> {
  return db.write(
    async (client) => {
      const [got] = await client.rows<{ locked: boolean }>(
        `select pg_try_advisory_xact_lock(hashtext('milemarker.matching')) as locked`,
      );
      return got?.locked ? work(client) : undefined;
    },
    { isolation, statement_timeout_ms: 0 },
  );
}

/**
 * Does a batch of the matching that waits: responses that are new, changed or removed come first, then problems that were
 * made or changed. One transaction, so that a crash loses and repeats nothing.
 * @param most - how many responses it looks at
 * @returns whether more may wait; undefined where another process is at it.
 */
export async function matchBatch(db: Database, most = batchSize): Promise<boolean | undefined> {
  return lockedMatching(db, async (client) => (await matchNew(client, most)) || matchAgain(client, most));
}

/**
 * What a question does before it answers: a little waiting work is done at once, so that what was just sent counts; much
 * is left to the worker.
 * @returns what still waits.
 */
export async function matchBeforeAnswer(db: Database): Promise<WaitingMatches> {
  const most = atOnce * batchSize;
  const read = () => db.read((client) => waitingMatches(client, most));
  const before = await read();
  if (before.responses >= most) return before;
  if (before.responses === 0 && before.problems.length === 0) return before;
  for (let batches = 0; batches < atOnce; batches++) if (!(await matchBatch(db))) break;
  return read();
}

const readState = async (client: Client): Promise<State> => {
  const [state] = await client.rows<State>(
    'select told::text as told, telling::text as telling, xid::text as xid, key from matching_state',
  );
  return state ?? { told: null, telling: null, xid: '0', key: '' };
};

const writeState = (client: Client, { told, telling, xid, key }: State) =>
  client.rows(
    `insert into matching_state (id, told, telling, xid, key) values (1, $1, $2, $3, $4)
     on conflict (id) do update set told = excluded.told, telling = excluded.telling, xid = excluded.xid, key = excluded.key`,
    [told, telling, xid, key],
  );

/**
 * How many responses, and tombstones of responses, are not looked at yet: $1 is `told`, $2 `telling`, $3 and $4 the
 * place in it, $5 how far to count. Exact, however late a transaction commits: see `listChanges` in
 * `feed/list-changes.ts`, which walks the same way. The first condition is for the index.
 */
const countUnseen = () => {
  const isUnseen = (alias: string, key: string) => `
    ${alias}.changed_xid >= case when $2::text is null then coalesce(pg_snapshot_xmin($1::pg_snapshot), '0')
      else least($3::xid8, pg_snapshot_xmin($2::pg_snapshot)) end
    and ($1::text is null or not pg_visible_in_snapshot(${alias}.changed_xid, $1::pg_snapshot))
    and ($2::text is null or not pg_visible_in_snapshot(${alias}.changed_xid, $2::pg_snapshot)
      or (${alias}.changed_xid, ${alias}.${key}) > ($3::xid8, $4::text))`;
  return `
    select count(*) as n from (
      (select from responses r where ${isUnseen('r', 'id')} limit $5)
      union all
      (select from tombstones t where t.dataset = 'responses' and ${isUnseen('t', 'key')} limit $5)
    ) waiting`;
};

/** Counts what waits to be matched, responses no further than `most`. Reads the tips of the change indexes only. */
export async function waitingMatches(client: Client, most: number): Promise<WaitingMatches> {
  const { told, telling, xid, key } = await readState(client);
  const unfinished = await client.rows<{ problem: string }>(
    'select problem from problem_matching where finished_at is null order by problem',
  );
  const isNeeded = await hasProblems(client);
  const [found] = isNeeded ? await client.rows<{ n: number }>(countUnseen(), [told, telling, xid, key, most]) : [];
  return { responses: found?.n ?? 0, problems: unfinished.map(({ problem }) => problem) };
}

/** Without problems no response need be looked at: the first problem is looked for in all of them. */
const hasProblems = async (client: Client): Promise<boolean> =>
  (
    await client.rows(
      `select where exists (select from problems where archived_at is null) or exists (select from problem_responses)`,
    )
  ).length > 0;

/**
 * Looks at the next responses that were stored, changed or removed, in the order of the transactions that did so. What is
 * stored after the snapshot that is walked belongs to the next one.
 */
async function matchNew(client: Client, most: number): Promise<boolean> {
  const state = await readState(client);
  // Read before anything else of this walk, so that what commits meanwhile is looked at again and never missed.
  const [now] = await client.rows<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot');
  const telling = state.telling ?? now?.snapshot ?? null;
  if (!(await hasProblems(client))) {
    if (telling !== state.told) await writeState(client, { told: telling, telling: null, xid: '0', key: '' });
    return false;
  }
  const walked = state.telling === null ? { xid: '0', key: '' } : { xid: state.xid, key: state.key };
  const inOrder = (alias: string, key: string) => `
    ${alias}.changed_xid >= greatest($3::xid8, pg_snapshot_xmin(coalesce($1, '1:1:')::pg_snapshot))
    and pg_visible_in_snapshot(${alias}.changed_xid, $2::pg_snapshot)
    and ($1::text is null or not pg_visible_in_snapshot(${alias}.changed_xid, $1::pg_snapshot))
    and (${alias}.changed_xid, ${alias}.${key}) > ($3::xid8, $4::text)
    order by ${alias}.changed_xid, ${alias}.${key} limit $5`;
  const next = await client.rows<{ xid: string; key: string }>(
    `select xid::text as xid, key from (
       (select r.changed_xid as xid, r.id as key from responses r where ${inOrder('r', 'id')})
       union all
       (select t.changed_xid, t.key from tombstones t where t.dataset = 'responses' and ${inOrder('t', 'key')})
     ) waiting order by waiting.xid, waiting.key limit $5`,
    [state.told, telling, walked.xid, walked.key, most],
  );
  const last = next.at(-1);
  if (last) await apply(client, [...new Set(next.map(({ key }) => key))], null);
  const isCut = last !== undefined && next.length >= most;
  if (last || state.telling !== null || state.told === null)
    await writeState(
      client,
      isCut ? { told: state.told, telling, ...last } : { told: telling, telling: null, xid: '0', key: '' },
    );
  // What was stored while a snapshot was walked waits for the next one.
  return last !== undefined || state.telling !== null;
}

/**
 * Looks for problems that were made or changed in the next responses, in the order of their ids. Problems that stand at
 * the same place, such as those that were made together, walk together. Holds the rows of their progress, so that a
 * change of a problem waits for the batch and then begins anew.
 */
async function matchAgain(client: Client, most: number): Promise<boolean> {
  const standing = await client.rows<{ problem: string; passed: string }>(
    `select problem, passed from problem_matching
     where finished_at is null and passed = (select min(passed) from problem_matching where finished_at is null)
     order by problem for update`,
  );
  const [first] = standing;
  if (!first) return false;
  const keys = standing.filter(({ passed }) => passed === first.passed).map(({ problem }) => problem);
  const next = await client.rows<{ id: string }>('select id from responses where id > $1 order by id limit $2', [
    first.passed,
    most,
  ]);
  const last = next.at(-1);
  if (last)
    await apply(
      client,
      next.map(({ id }) => id),
      keys,
    );
  const isEnd = next.length < most;
  await client.rows(
    `update problem_matching set passed = $2, done = done + $3, finished_at = case when $4 then now() end,
       responses = case when $4 then done + $3 else coalesce(responses, (select count(*) from responses)) end
     where problem = any($1::text[])`,
    [keys, last?.id ?? first.passed, next.length, isEnd],
  );
  return true;
}

/**
 * Makes what is stored of some responses what the definition says, for some problems or all: rows that differ are
 * written, rows that do not hold any more are taken out, also those of responses that are gone and of problems that are
 * archived. What is held is read by the key and compared as sets: how many rows there are of a response nothing tells
 * the planner, and joins walked the whole table for each batch.
 */
const apply = (client: Client, ids: readonly string[], problems: readonly string[] | null) =>
  client.rows(
    `with ${computedSql('some')},
     held as materialized (
       select m.response_id, m.problem from unnest($1::text[]) as asked(id)
       join problem_responses m on m.response_id = asked.id
       where $2::text[] is null or m.problem = any($2::text[])
     ),
     gone as (
       delete from problem_responses m
       using (select response_id, problem from held except select response_id, problem from computed) stale
       where m.response_id = stale.response_id and m.problem = stale.problem
     )
     insert into problem_responses as stored (response_id, problem, by_theme, by_phrase)
     select response_id, problem, by_theme, by_phrase from computed
     on conflict (response_id, problem) do update set by_theme = excluded.by_theme, by_phrase = excluded.by_phrase
     where (stored.by_theme, stored.by_phrase) <> (excluded.by_theme, excluded.by_phrase)`,
    [ids, problems],
  );
