import { type Client, type Database, sqlState } from '../db/pool.ts';
import { collect, completeThrough, isOutdated, readState, sources } from './collect.ts';
import { fillCustomers, recomputeCustomers } from './customers.ts';
import { countNew } from './new-facts.ts';
import { countDirty } from './queues.ts';
import { dropWideDimensions, recomputeAllOutcomes, recomputeOutcomes } from './recompute.ts';

/** How many respondents, and customers, one transaction works out again. */
const batch = { respondents: 1_000, customers: 5_000 };
/** Up to how much waiting work a question does itself before it answers. */
const atOnce = { facts: 2_000, respondents: 500, customers: 2_000, rebuild: { responses: 20_000, payments: 50_000 } };
/**
 * Beyond this share of all, and at least so many, working out everything is quicker. (Where 3,000 customers had answered,
 * batches of those whose outcomes changed cost as much as a rebuild only when all had. A customer with a payment on time
 * costs 60 microseconds in a batch, and 100 where everybody's 15 payments are read.)
 */
const much = {
  respondents: { share: 0.05, least: 5_000 },
  customers: { share: 0.5, least: 10_000 },
};

/** How much waits to be worked out: `facts` are counted up to a limit. */
export interface Waiting {
  facts: number;
  /** Whose outcomes wait. */
  respondents: number;
  /** Whose months and standing wait. */
  customers: number;
  /** A sender declared how far its data is complete, or the settings changed. */
  moved: boolean;
  outdated: boolean;
}

/**
 * Only one process works on the outcomes at a time. The lock is tried and not waited for: what somebody else does now
 * need not be done again. Senders are not waited for either, beyond a second: one that stores customers in one long
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
        // A rebuild of millions sorts and hashes, hence the memory. Plans that do not know how many customers they are
        // for are made for a few: 5,000 of them took 4 s instead of 0.5 s.
        const [got] = await client.rows<{ locked: boolean }>(
          `select pg_try_advisory_xact_lock(hashtext('milemarker.refresh')) as locked,
             set_config('work_mem', '128MB', true), set_config('lock_timeout', '1s', true),
             set_config('plan_cache_mode', 'force_custom_plan', true)`,
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
    return {
      facts: await countNew(client, state, mostFacts),
      ...(await countDirty(client)),
      moved: sources.some(
        ({ outcome, dataset }) => through.get(dataset)?.getTime() !== state[`${outcome}_through`]?.getTime(),
      ),
      outdated: await isOutdated(client, state),
    };
  });
}

/** Whether there is anything to do at all. */
export const isWaiting = ({ facts, respondents, customers, moved, outdated }: Waiting) =>
  facts > 0 || respondents > 0 || customers > 0 || moved || outdated;

/**
 * Brings what is kept up to date: looks at what came, then works out again whom it touches, batch by batch, each one
 * transaction, so that a crash loses and repeats nothing. Where much changed it is quicker to work out everything.
 * @returns false where another process is at it.
 */
export async function refresh(db: Database): Promise<boolean> {
  if (!(await look(db))) return false;
  const everything = await howMuch(db);
  if (everything.outdated) return rebuild(db);
  const outcomes = everything.respondents
    ? await did(db, recomputeAllOutcomes)
    : await emptied(db, (client) => recomputeOutcomes(client, batch.respondents));
  if (!outcomes) return false;
  const customers = everything.customers
    ? await did(db, fillCustomers)
    : await emptied(db, (client) => recomputeCustomers(client, batch.customers));
  return customers && did(db, dropWideDimensions);
}

/** Does the work under the lock. @returns false where another process is at it. */
async function did(db: Database, work: (client: Client) => Promise<void>): Promise<boolean> {
  const done = await locked(db, async (client) => {
    await work(client);
    return true;
  });
  return done ?? false;
}

/** Takes batch by batch from a queue until nothing is in it. @returns false where another process is at it. */
async function emptied(db: Database, take: (client: Client) => Promise<number>): Promise<boolean> {
  for (;;) {
    const taken = await locked(db, take);
    if (taken === undefined) return false;
    if (taken === 0) return true;
  }
}

/**
 * What a question does before it answers: a little waiting work is done at once, so that what was just sent counts; much
 * is left to the worker.
 * @returns how much still waits, or more than is known when new facts were not looked at yet.
 */
export async function refreshBeforeAnswer(db: Database): Promise<Waiting> {
  const before = await waiting(db, atOnce.facts);
  if (!isWaiting(before)) return before;
  if (before.facts >= atOnce.facts || before.respondents > atOnce.respondents) return before;
  if (before.customers > atOnce.customers) return before;
  if (before.outdated && !(await isSmall(db))) return before;
  const looked = await look(db);
  if (looked === 'rebuild') await rebuild(db);
  else if (looked) {
    await locked(db, (client) => recomputeOutcomes(client, atOnce.respondents));
    await locked(db, (client) => recomputeCustomers(client, atOnce.customers));
  }
  return waiting(db, atOnce.facts);
}

/** Collects what is new; `rebuild` where the settings changed; undefined where another process holds the lock. */
async function look(db: Database): Promise<'looked' | 'rebuild' | undefined> {
  return locked(db, async (client) => {
    const state = await readState(client);
    await collect(client, state);
    return (await isOutdated(client, state)) ? 'rebuild' : 'looked';
  });
}

/** Whether working out everything takes no longer than a question may: what customers paid is read again as well. */
async function isSmall(db: Database): Promise<boolean> {
  const { responses, payments } = atOnce.rebuild;
  const found = await db.read((client) =>
    client.rows(
      `select where exists (select from responses offset $1) or exists (select from revenue_events offset $2)`,
      [responses, payments],
    ),
  );
  return found.length === 0;
}

const isMuch = (dirty: number, all: number, { share, least }: { share: number; least: number }) =>
  dirty > Math.max(least, share * all);

/** Whether so many are dirty, or the settings changed, that working out everything is quicker. */
async function howMuch(db: Database): Promise<{ outdated: boolean; respondents: boolean; customers: boolean }> {
  return db.read(async (client) => {
    const outdated = await isOutdated(client, await readState(client));
    const dirty = await countDirty(client);
    const [held] = await client.rows<{ responses: number; customers: number }>(
      `select max(greatest(reltuples, 0)) filter (where oid = 'responses'::regclass)::int8 as responses,
         max(greatest(reltuples, 0)) filter (where oid = 'customers'::regclass)::int8 as customers
       from pg_class where oid in ('responses'::regclass, 'customers'::regclass)`,
    );
    return {
      outdated,
      respondents: isMuch(dirty.respondents, held?.responses ?? 0, much.respondents),
      customers: isMuch(dirty.customers, held?.customers ?? 0, much.customers),
    };
  });
}

/**
 * Works out everything again; readers see the old answers until it is done. Who becomes dirty meanwhile stays so.
 * @returns false where another process is at it.
 */
export const rebuild = (db: Database): Promise<boolean> =>
  did(db, async (client) => {
    await recomputeAllOutcomes(client);
    await fillCustomers(client);
    await dropWideDimensions(client);
  });
