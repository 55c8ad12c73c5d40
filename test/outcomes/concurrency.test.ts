import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { eraseCustomer } from '../../src/datasets/erase.ts';
import { datasets } from '../../src/datasets/registry.ts';
import { remove, store } from '../../src/datasets/store.ts';
import type { Client, Database } from '../../src/db/pool.ts';
import { rebuild, refresh } from '../../src/outcomes/refresh.ts';
import {
  at,
  customer,
  payment,
  type Row,
  rate,
  referral,
  response,
  retention,
  survey,
  type World,
  worlds,
} from '../support/world.ts';
import { assertByTheBook } from './by-the-book.ts';
import { beginOpen } from './histories.ts';

const author = { name: 'late' };

function dataset(name: string) {
  const found = datasets.find((one) => one.name === name);
  if (!found) throw new Error(`There is no dataset ${name}.`);
  return found;
}

/** Stores a row as ingest does, in the caller's transaction. */
async function put(client: Client, name: string, row: Row): Promise<void> {
  const of = dataset(name);
  const context = await of.context(client, [row]);
  assert.deepEqual(of.complete(row, context), []);
  await store(client, of, [row], author);
}

/** A world in which every kind of fact counts, up to date. */
async function settled(world: World): Promise<void> {
  await world.facts('customers', [customer({ segment: 'smb' })]);
  await world.facts('responses', [
    response({ id: 'R1' }),
    response({ id: 'R2', answered_at: at(200), score: 3 }),
    response({ id: 'R3', customer_id: 'B', score: 8 }),
  ]);
  await world.facts('exchange-rates', [rate({ valid_on: '2022-04-20', rate: '0.5' })]);
  await world.facts('revenue-events', [
    payment({ id: 'P1' }),
    payment({ id: 'P2', currency: 'USD', occurred_at: '2022-04-21T00:00:00Z' }),
  ]);
  await world.facts('referrals', [referral({ id: 'F1', referred_id: 'B' })]);
  await world.facts('retention-events', [retention({ id: 'E1', customer_id: 'B', occurred_at: at(50) })]);
  await world.complete(at(500));
  await refresh(world.db);
}

/** Waits until some session waits for a lock, and tells which. */
async function whoWaits(db: Database): Promise<number> {
  for (let tries = 0; tries < 500; tries++) {
    const [found] = await db.read((client) =>
      client.rows<{ pid: number }>(
        `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      ),
    );
    if (found) return found.pid;
    await sleep(5);
  }
  throw new Error('Nobody waits.');
}

const hold = (world: World, table: string) =>
  beginOpen(world.db, (client) => client.rows(`lock table ${table} in exclusive mode`));

/** What a sender may do in a transaction that takes long, and commits behind everybody's back. */
const lateDeeds: Record<string, (client: Client) => Promise<unknown>> = {
  'a new payment': (client) => put(client, 'revenue_events', payment()),
  'a corrected payment': (client) => put(client, 'revenue_events', payment({ id: 'P1', amount: '77' })),
  'a payment credited to another customer': (client) =>
    put(client, 'revenue_events', payment({ id: 'P1', customer_id: 'B' })),
  'a removed payment': (client) => remove(client, dataset('revenue_events'), 'P1', author),
  'a new answer': (client) => put(client, 'responses', response({ answered_at: at(90) })),
  'an answer that moves': (client) => put(client, 'responses', response({ id: 'R1', customer_id: 'B' })),
  'an answer that loses its customer': (client) => put(client, 'responses', response({ id: 'R1', customer_id: null })),
  'a removed answer': (client) => remove(client, dataset('responses'), 'R1', author),
  'a referral': (client) => put(client, 'referrals', referral({ id: 'F1', referrer_id: 'B' })),
  'a churn': (client) => put(client, 'retention_events', retention({ type: 'churned' })),
  'the end of the only contract': (client) => remove(client, dataset('retention_events'), 'E1', author),
  'a rate': (client) => put(client, 'exchange_rates', rate({ valid_on: '2022-04-21', rate: '0.7' })),
  'a removed rate': (client) => remove(client, dataset('exchange_rates'), 'USD-EUR-2022-04-20', author),
  'a segment': (client) => put(client, 'customers', customer({ segment: 'enterprise' })),
  'an erased customer': (client) => eraseCustomer(client, 'A', author),
  'other limits of a survey': (client) => put(client, 'surveys', survey({ detractor_max: 2 })),
  'a survey that is triggered by leaving': (client) => put(client, 'surveys', survey({ triggered_by_leaving: true })),
  'how far the data is complete': (client) =>
    client.rows('update dataset_progress set declared_through = $1::timestamptz', [at(195)]),
  'another time zone': (client) => client.rows(`update settings set time_zone = 'Pacific/Auckland'`),
};

worlds('Several at once', {
  async 'what commits after the refreshes that came later than it was written is not lost'(world) {
    for (const [name, deed] of Object.entries(lateDeeds)) {
      await world.remove('customers/A').catch(() => {});
      await world.settings({ time_zone: 'UTC' });
      await world.facts('surveys', [survey()]);
      await settled(world);
      const late = await beginOpen(world.db, deed);
      try {
        await refresh(world.db);
        await world.facts('revenue-events', [payment({ id: 'P9', customer_id: 'B', amount: '4' })]);
        await refresh(world.db);
        await world.send('GET', '/v1/outcomes/revenue');
      } finally {
        await late.commit();
      }
      await world.ask('outcomes/revenue');
      await assertByTheBook(world.db).catch((error) => {
        throw new Error(`${name} was lost`, { cause: error });
      });
    }
  },

  async 'what commits while a refresh looks at the facts is seen by it or by the next one'(world) {
    await settled(world);
    await world.complete(null);
    await world.facts('retention-events', [retention({ customer_id: 'B', occurred_at: at(60) })]);
    // The refresh has looked how far payments go, and waits here.
    const held = await beginOpen(world.db, (client) =>
      client.rows(`select from dataset_progress where dataset = 'retention_events' for update`),
    );
    try {
      const looking = refresh(world.db);
      await whoWaits(world.db);
      await world.facts('responses', [response({ id: 'R9', customer_id: 'new', answered_at: at(300) })]);
      await world.facts('revenue-events', [payment({ customer_id: 'B', occurred_at: at(390) })]);
      await held.commit();
      assert.equal(await looking, true);
    } finally {
      await held.commit();
    }
    assert.deepEqual((await world.outcomes('revenue')).R9, ['counted', 0, 0, 0]);
    assert.equal((await world.send('GET', '/v1/customers/new')).status, 200);
    await assertByTheBook(world.db);
  },

  async 'of two refreshes at once one works and the other leaves it to it'(world) {
    await settled(world);
    await world.facts('revenue-events', [payment()]);
    const held = await hold(world, 'response_outcomes');
    const first = refresh(world.db);
    await whoWaits(world.db);
    assert.equal(await refresh(world.db), false);
    assert.equal(await rebuild(world.db), false);
    await held.commit();
    assert.equal(await first, true);
    await assertByTheBook(world.db);
  },

  async 'an answer that moves to another survey while the limits of its old one change has the band of the new one'(
    world,
  ) {
    await world.facts('surveys', [survey({ key: 'other' })]);
    await world.facts('responses', [response({ id: 'R1', score: 6 })]);
    // By the limits of the other survey 6 is a detractor still.
    const moving = await beginOpen(world.db, (client) =>
      put(client, 'responses', response({ id: 'R1', score: 6, survey: 'other' })),
    );
    const changing = world.facts('surveys', [survey({ detractor_max: 5 })]);
    await whoWaits(world.db);
    await moving.commit();
    await changing;
    assert.deepEqual((await world.outcomes('place')).R1?.[1], 'detractor');
    await assertByTheBook(world.db);
  },

  async 'a refresh whose connection is ended in the middle is made good by the next one'(world) {
    const byBoth = ['refresh_state', 'dirty_respondents', 'response_outcomes', 'outcome_cells', 'score_cells'].concat([
      'survival_cells',
      'dirty_customers',
      'customer_months',
      'customer_standing',
    ]);
    const ends: [string, typeof refresh | typeof rebuild][] = [
      ...['dataset_progress', 'customers', ...byBoth].map((table): [string, typeof refresh] => [table, refresh]),
      ...byBoth.map((table): [string, typeof rebuild] => [table, rebuild]),
    ];
    await settled(world);
    for (const [place, [table, work]] of ends.entries()) {
      const customer_id = `D${place}`;
      await world.facts('responses', [response({ id: 'R1', customer_id, score: 0 })]);
      await world.facts('revenue-events', [payment({ customer_id }), payment({ amount: '3' })]);
      await world.facts('retention-events', [retention({ customer_id, occurred_at: at(50) })]);
      if (work === rebuild) await refresh(world.db).then(() => world.settings({ windows_days: [90, place + 1] }));
      const held = await hold(world, table);
      try {
        const working = assert.rejects(work(world.db), { code: 'database_unavailable' }, table);
        const pid = await whoWaits(world.db);
        await world.db.read((client) => client.rows('select pg_terminate_backend($1)', [pid]));
        await working;
      } finally {
        await held.commit();
      }
      await assertByTheBook(world.db);
    }
  },

  async 'a long transaction that stores customers neither stops questions nor is overwritten'(world) {
    await settled(world);
    const late = await beginOpen(world.db, (client) =>
      put(client, 'customers', customer({ id: 'N', segment: 'late' })),
    );
    await world.facts('responses', [response({ id: 'R9', customer_id: 'N' })]);
    const { status, body } = await world.send('GET', '/v1/outcomes/revenue?window_days=90');
    assert.equal(status, 200);
    assert.ok(body.fresh.pending > 0);
    assert.equal(await refresh(world.db), false);
    await late.commit();
    assert.deepEqual((await world.outcomes('dimensions')).R9?.[1], 'late');
    await assertByTheBook(world.db);
  },

  async 'while senders send and readers ask, the outcomes follow'(world) {
    await settled(world);
    const end = Date.now() + 3_000;
    let n = 0;
    // On a busy machine so few rounds fit into the time that they would prove nothing.
    const isOver = () => Date.now() > end && n > 20;
    const sender = async (letter: string) => {
      while (!isOver()) {
        n++;
        const customer_id = `${letter}${n % 7}`;
        const when = at((n * 37) % 300);
        await world.facts('responses', [
          response({ id: `R${letter}${n % 20}`, customer_id, answered_at: when, score: n % 11 }),
          response({ id: `S${n % 5}`, customer_id: n % 3 ? customer_id : null, answered_at: when }),
        ]);
        await world.facts('customers', [customer({ id: customer_id, segment: `s${n % 3}` }), { id: `new${n}` }]);
        await world.facts('revenue-events', [
          payment({ customer_id: `new${n + 1}`, occurred_at: when }),
          payment({ id: `P${n % 30}`, customer_id, occurred_at: when, amount: `${n % 50}` }),
        ]);
        await world.facts('retention-events', [
          retention({ id: `E${n % 10}`, customer_id, occurred_at: when, type: n % 2 ? 'churned' : 'renewed' }),
        ]);
        if (n % 5 === 0) await world.send('DELETE', `/v1/responses/R${letter}${(n / 5) % 20}`);
        if (n % 11 === 0) await world.send('DELETE', `/v1/customers/${customer_id}`);
        if (n % 13 === 0) await world.complete(at(200 + (n % 100)), 'revenue-events');
      }
    };
    const worker = async () => {
      for (let round = 1; !isOver(); round++) {
        if (round % 10 === 0) await rebuild(world.db);
        else await refresh(world.db);
      }
    };
    const reader = async () => {
      while (!isOver()) assert.equal((await world.send('GET', '/v1/outcomes/summary?group_by=segment')).status, 200);
    };
    await Promise.all([sender('x'), sender('y'), worker(), worker(), reader()]);
    await assertByTheBook(world.db);
  },
});
