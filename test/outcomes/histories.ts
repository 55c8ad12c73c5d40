/** Random histories of a world: few ids, customers and moments, so that everything meets everything. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Client, Database } from '../../src/db/pool.ts';
import { rebuild, refresh } from '../../src/outcomes/refresh.ts';
import { at, type FactPath, type Row, survey, type World } from '../support/world.ts';

// More of everything, for a long look: PROPERTY_RUNS=20.
const times = Number(process.env.PROPERTY_RUNS ?? 1);

/**
 * Tries a property with random values, for some seconds at most. What failed is told with a seed that repeats it.
 * (fast-check's own time limit would leave the last run working while the next test begins.)
 */
export async function holds<T>(
  values: fc.Arbitrary<T>,
  runs: number,
  check: (value: T) => Promise<void>,
): Promise<void> {
  const end = Date.now() + 10_000 * times;
  const property = fc.asyncProperty(values, async (value) => {
    if (Date.now() < end) await check(value);
  });
  await fc.assert(property, { numRuns: runs * times });
}

/** One thing that somebody does to the service. */
export type Deed =
  | { deed: 'put'; path: string; rows: Row[] }
  | { deed: 'remove'; path: string }
  | { deed: 'erase'; customer: string }
  | { deed: 'complete'; path: FactPath; through: string | null }
  | { deed: 'settings'; changes: Row }
  /** A sender stores an event and commits it later, or at the end. */
  | { deed: 'begin'; table: string; row: Row }
  | { deed: 'commit' }
  | { deed: 'refresh' | 'rebuild' | 'ask' };

// On the edges of windows of 30, 60 and 90 days, and a millisecond beside them.
const moment = fc
  .tuple(fc.integer({ min: 0, max: 7 }), fc.constantFrom(0, 0, 0, 0, -1, 1))
  .map(([months, ms]) => at(months * 30, ms));
/** The same, or 365 days before: on the edges of the year that a customer's standing is about. */
const paidAt = fc.oneof(
  { weight: 3, arbitrary: moment },
  { weight: 1, arbitrary: moment.map((when) => new Date(Date.parse(when) - 365 * 86_400_000).toISOString()) },
);
const through = fc.constantFrom(90, 120, 150, 180, 210, 240).map((days) => at(days));
const customer = fc.constantFrom('a', 'b', 'c', '~r1');
const idOf = (letter: string, many = 6) => fc.integer({ min: 1, max: many }).map((n) => `${letter}${n}`);
const word = (...words: string[]) => fc.constantFrom(null, null, ...words);

const answers: fc.Arbitrary<Row> = fc.record({
  id: idOf('r', 8),
  customer_id: fc.oneof({ weight: 8, arbitrary: customer }, { weight: 1, arbitrary: fc.constant(null) }),
  survey: fc.constantFrom('nps', 'nps', 'nps', 'nps', 'nps', 'exit'),
  score: fc.integer({ min: 0, max: 10 }),
  answered_at: moment,
  unit: word('u1', 'u2'),
  segment: word('s1', 's2'),
  region: word('g1'),
  moment: word('m1'),
  channel: word('h1'),
  themes: fc.subarray(['t1', 't2']),
});
const payments: fc.Arbitrary<Row> = fc
  .record({
    id: idOf('p', 14),
    customer_id: customer,
    cents: fc.integer({ min: -500, max: 2000 }),
    currency: fc.constantFrom('EUR', 'EUR', 'EUR', 'USD'),
    occurred_at: paidAt,
  })
  .map(({ cents, ...row }) => ({ ...row, type: cents < 0 ? 'refund' : 'one_time', amount: (cents / 100).toFixed(2) }));
const referrals: fc.Arbitrary<Row> = fc
  .record({
    id: idOf('f'),
    referrer_id: customer,
    made_at: moment,
    converted_at: fc.option(moment),
    referred_id: fc.option(customer),
  })
  .map(({ converted_at, referred_id, ...row }) => ({
    ...row,
    converted_at: converted_at !== null && converted_at >= row.made_at ? converted_at : null,
    referred_id: referred_id === row.referrer_id ? null : referred_id,
  }));
const contracts: fc.Arbitrary<Row> = fc.record({
  id: idOf('e'),
  customer_id: customer,
  type: fc.constantFrom('started', 'renewed', 'churned', 'churned', 'reactivated'),
  occurred_at: moment,
});
const records: fc.Arbitrary<Row> = fc.record({ id: customer, segment: word('s1', 's3'), region: word('g2') });
const rates: fc.Arbitrary<Row> = fc
  .record({
    direction: fc.constantFrom(['USD', 'EUR'], ['USD', 'EUR'], ['USD', 'EUR'], ['EUR', 'USD']),
    // On the days of payments, or about a week before them.
    valid_on: fc
      .tuple(fc.integer({ min: 0, max: 7 }), fc.constantFrom(0, 5, 6, 7))
      .map(([months, back]) => at(months * 30 - back).slice(0, 10)),
    rate: fc.integer({ min: 1, max: 20_000 }).map((n) => (n / 10_000).toFixed(4)),
  })
  .map(({ direction: [from_currency, to_currency], ...row }) => ({ ...row, from_currency, to_currency }));
const limits: fc.Arbitrary<Row> = fc
  .record({
    key: fc.constantFrom('nps', 'exit'),
    detractor_max: fc.integer({ min: 0, max: 6 }),
    promoter_min: fc.integer({ min: 7, max: 10 }),
    triggered_by_leaving: fc.boolean(),
  })
  .map((row) => survey(row));

const put = (path: string, rows: fc.Arbitrary<Row>): fc.Arbitrary<Deed> =>
  rows.map((row) => ({ deed: 'put', path, rows: [row] }));
const remove = (path: string, ids: fc.Arbitrary<string>): fc.Arbitrary<Deed> =>
  ids.map((id) => ({ deed: 'remove', path: `${path}/${id}` }));
const begin = (table: string, rows: fc.Arbitrary<Row>): fc.Arbitrary<Deed> =>
  rows.map((row) => ({ deed: 'begin', table, row }));

/** Facts as they are sent in the ordinary course. */
export const fact = fc.oneof(
  { weight: 5, arbitrary: put('responses', answers) },
  { weight: 6, arbitrary: put('revenue-events', payments) },
  { weight: 2, arbitrary: put('referrals', referrals) },
  { weight: 3, arbitrary: put('retention-events', contracts) },
  { weight: 1, arbitrary: put('customers', records) },
  { weight: 2, arbitrary: put('exchange-rates', rates) },
);

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 18, arbitrary: fact },
  { weight: 1, arbitrary: put('surveys', limits) },
  { weight: 2, arbitrary: remove('responses', idOf('r', 8)) },
  { weight: 2, arbitrary: remove('revenue-events', idOf('p', 14)) },
  { weight: 1, arbitrary: remove('referrals', idOf('f')) },
  { weight: 1, arbitrary: remove('retention-events', idOf('e')) },
  {
    weight: 1,
    arbitrary: remove(
      'exchange-rates',
      rates.map((row) => `${row.from_currency}-${row.to_currency}-${row.valid_on}`),
    ),
  },
  { weight: 1, arbitrary: customer.map((one): Deed => ({ deed: 'erase', customer: one })) },
  {
    weight: 6,
    arbitrary: fc
      .record({
        path: fc.constantFrom<FactPath>('revenue-events', 'referrals', 'retention-events'),
        through: fc.option(through),
      })
      .map((row): Deed => ({ deed: 'complete', ...row })),
  },
  {
    weight: 1,
    arbitrary: fc
      .oneof(
        fc.record({ time_zone: fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Auckland') }),
        fc.record({ currency: fc.constantFrom('EUR', 'USD') }),
        fc.record({ windows_days: fc.constantFrom([90], [30, 90], [60, 30, 90], [60]) }),
      )
      .map((changes): Deed => ({ deed: 'settings', changes })),
  },
  {
    weight: 3,
    arbitrary: fc.oneof(
      begin('revenue_events', payments),
      begin('retention_events', contracts),
      begin('referrals', referrals),
      begin('responses', answers),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Deed>({ deed: 'commit' }) },
  { weight: 12, arbitrary: fc.constant<Deed>({ deed: 'refresh' }) },
  { weight: 1, arbitrary: fc.constant<Deed>({ deed: 'rebuild' }) },
  { weight: 1, arbitrary: fc.constant<Deed>({ deed: 'ask' }) },
);

/** A world in which windows have elapsed and most things happened to somebody. */
const start: fc.Arbitrary<Deed[]> = fc
  .record({
    responses: several(answers, 5, 8),
    'revenue-events': several(payments, 8, 14),
    'retention-events': several(contracts, 1, 4),
    referrals: several(referrals, 1, 4),
    'exchange-rates': several(rates, 1, 4, (row) => `${row.from_currency}${row.to_currency}${row.valid_on}`),
  })
  .chain((rows) => through.map((moment) => [rows, moment] as const))
  .map(([rows, moment]): Deed[] => [
    { deed: 'settings', changes: { windows_days: [30, 90] } },
    ...Object.entries(rows).map(([path, sent]): Deed => ({ deed: 'put', path, rows: sent })),
    ...(['revenue-events', 'referrals', 'retention-events'] as const).map(
      (path): Deed => ({ deed: 'complete', path, through: moment }),
    ),
    { deed: 'refresh' },
  ]);

function several(rows: fc.Arbitrary<Row>, minLength: number, maxLength: number, selector = ({ id }: Row) => id) {
  return fc.uniqueArray(rows, { minLength, maxLength, selector, size: 'max' });
}

export const history = fc
  .tuple(start, fc.array(deed, { minLength: 3, maxLength: 30, size: 'max' }))
  .map(([first, then]) => [...first, ...then]);

/** A transaction of somebody else that stays open until it is told to commit. */
export interface Open {
  commit(): Promise<void>;
}

/** Begins a transaction, does the work in it, and leaves it open. */
export async function beginOpen(db: Database, work: (client: Client) => Promise<unknown>): Promise<Open> {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let finished: Promise<void> = Promise.resolve();
  await new Promise<void>((ready, failed) => {
    finished = db.write(async (client) => {
      await work(client);
      ready();
      await ended;
    });
    finished.catch(failed);
  });
  return {
    commit() {
      end();
      return finished;
    },
  };
}

/** Stores a row as ingest would, whatever its columns. */
export async function insertRow(client: Client, table: string, row: Row): Promise<void> {
  await client.rows(
    `insert into ${table} select (jsonb_populate_record(null::${table}, $1::jsonb || jsonb_build_object('source', 'late',
       'recorded_at', now(), 'changed_at', now(), 'changed_xid', pg_current_xact_id()::text))).*`,
    [JSON.stringify(row)],
  );
}

/** Does one deed after the other, and something after each. What is left open at the end is committed then. */
export async function live(world: World, deeds: readonly Deed[], afterEach = async () => {}): Promise<void> {
  const { db } = world;
  const open: Open[] = [];
  let late = 0;
  const commitOldest = async () => open.shift()?.commit();
  const commitAll = async () => {
    while (open.length > 0) await commitOldest();
  };
  try {
    for (const one of deeds) {
      switch (one.deed) {
        case 'put':
          // A sender of surveys waits for the senders of their responses.
          if (one.path === 'surveys') await commitAll();
          await world.facts(one.path, one.rows);
          break;
        case 'remove':
          await world.send('DELETE', `/v1/${one.path}`);
          break;
        case 'erase':
          await world.send('DELETE', `/v1/customers/${encodeURIComponent(one.customer)}`);
          break;
        case 'complete':
          await world.complete(one.through, one.path);
          break;
        case 'settings':
          await world.settings(one.changes);
          break;
        case 'begin': {
          if (open.length === 2) await commitOldest();
          // Its own id, because senders of the same row wait for each other.
          const row = { ...one.row, id: `${one.row.id}late${++late}` };
          open.push(await beginOpen(db, (client) => insertLate(client, one.table, row)));
          break;
        }
        case 'commit':
          await commitOldest();
          break;
        case 'refresh':
          await refresh(db);
          break;
        case 'rebuild':
          await rebuild(db);
          break;
        case 'ask':
          assert.equal((await world.send('GET', '/v1/outcomes/summary')).status, 200);
          break;
      }
      await afterEach();
    }
  } finally {
    await commitAll();
  }
}

/** The band of a response is worked out from its survey, which is held meanwhile. */
async function insertLate(client: Client, table: string, row: Row): Promise<void> {
  if (table !== 'responses') return insertRow(client, table, row);
  const [limits] = await client.rows<{ detractor_max: number; promoter_min: number }>(
    'select detractor_max, promoter_min from surveys where key = $1 for share',
    [String(row.survey)],
  );
  if (!limits) throw new Error(`There is no survey ${row.survey}.`);
  const score = Number(row.score);
  const band = score <= limits.detractor_max ? 'detractor' : score >= limits.promoter_min ? 'promoter' : 'passive';
  await insertRow(client, table, { ...row, band });
}
