import assert from 'node:assert/strict';
import { refresh, waiting } from '../../src/outcomes/refresh.ts';
import {
  assertVerified,
  at,
  customer,
  payment,
  type Row,
  rate,
  referral,
  response,
  retention,
  type World,
  worlds,
} from '../support/world.ts';

/** What is kept of customers after a refresh that must leave no difference. */
async function kept(world: World, table: string, columns: string[], key: string): Promise<Record<string, unknown[]>> {
  await assertVerified(world.db);
  const rows = await world.db.read((client) => client.rows<Row>(`select *, ${key} as key from ${table} order by key`));
  const shown = (value: unknown) => (typeof value === 'string' && /^-?[\d.]+$/.test(value) ? Number(value) : value);
  return Object.fromEntries(rows.map((row) => [row.key, columns.map((column) => shown(row[column]))]));
}
const months = (world: World) =>
  kept(world, 'customer_months', ['revenue', 'orders', 'no_rate'], `customer_id || ' ' || to_char(month, 'YYYY-MM')`);
const trailing = (world: World) =>
  kept(world, 'customer_standing', ['trailing_revenue', 'trailing_orders', 'no_rate'], 'customer_id');
const contracts = async (world: World) => {
  const found = await kept(world, 'customer_standing', ['contract', 'ended_at'], 'customer_id');
  return Object.fromEntries(
    Object.entries(found).map(([id, [contract, ended]]) => [
      id,
      ended instanceof Date ? `${contract} ${ended.toISOString()}` : contract,
    ]),
  );
};

worlds('Months and standing of customers', {
  async 'revenue is summed by customer and month of the reporting time zone'(world) {
    await world.facts('revenue-events', [
      payment({ amount: '10', occurred_at: '2022-03-31T21:59:59.999Z' }),
      payment({ amount: '20.5', occurred_at: '2022-03-31T22:00:00.000Z' }),
      payment({ amount: '-5', type: 'refund', occurred_at: '2022-03-05T00:00:00Z' }),
      payment({ customer_id: 'B', amount: '0', occurred_at: '2022-04-30T00:00:00Z' }),
    ]);
    assert.deepEqual(await months(world), { 'A 2022-03': [25.5, 2, 0], 'B 2022-04': [0, 0, 0] });
    await world.settings({ time_zone: 'Europe/Berlin' });
    assert.deepEqual(await months(world), {
      'A 2022-03': [5, 1, 0],
      'A 2022-04': [20.5, 1, 0],
      'B 2022-04': [0, 0, 0],
    });
  },

  async 'the 365 days move with the moment through which revenue is complete, forward and back, to the millisecond'(
    world,
  ) {
    // Leaves when t reaches day 365 + 10; enters at day 400.
    await world.facts('revenue-events', [
      payment({ amount: '1', occurred_at: at(10) }),
      payment({ amount: '2', occurred_at: at(400) }),
      payment({ customer_id: 'B', amount: '4', occurred_at: at(200) }),
    ]);
    const through = async (moment: string | null) => {
      await world.complete(moment, 'revenue-events');
      return trailing(world);
    };
    const b = [4, 1, 0];
    assert.deepEqual(await through(at(10, -1)), { A: [0, 0, 0], B: [0, 0, 0] });
    assert.deepEqual(await through(at(10)), { A: [1, 1, 0], B: [0, 0, 0] });
    assert.deepEqual(await through(at(375, -1)), { A: [1, 1, 0], B: b });
    assert.deepEqual(await through(at(375)), { A: [0, 0, 0], B: b });
    assert.deepEqual(await through(at(400, -1)), { A: [0, 0, 0], B: b });
    assert.deepEqual(await through(at(400)), { A: [2, 1, 0], B: b });
    assert.deepEqual(await through(at(564)), { A: [2, 1, 0], B: b });
    assert.deepEqual(await through(at(565)), { A: [2, 1, 0], B: [0, 0, 0] });
    // And back: one strip at each end.
    assert.deepEqual(await through(at(400)), { A: [2, 1, 0], B: b });
    assert.deepEqual(await through(at(399)), { A: [0, 0, 0], B: b });
    assert.deepEqual(await through(at(375, -1)), { A: [1, 1, 0], B: b });
    assert.deepEqual(await through(at(10, -1)), { A: [0, 0, 0], B: [0, 0, 0] });
    // Without a declaration: as far as the latest payment.
    assert.deepEqual(await through(null), { A: [2, 1, 0], B: b });
  },

  async 'the first and the last payment are those that are known, refunds are none'(world) {
    await world.facts('revenue-events', [
      payment({ occurred_at: at(10) }),
      payment({ occurred_at: at(20), type: 'refund', amount: '-3' }),
      payment({ occurred_at: at(5), amount: '0' }),
      payment({ occurred_at: at(800) }),
    ]);
    await world.complete(at(700));
    const paid = () => kept(world, 'customer_standing', ['first_paid_at', 'last_paid_at'], 'customer_id');
    assert.deepEqual(await paid(), { A: [new Date(at(10)), new Date(at(10))] });
    await world.complete(at(800));
    assert.deepEqual(await paid(), { A: [new Date(at(10)), new Date(at(800))] });
  },

  async 'the contract is judged by the last retention event, through where these are complete'(world) {
    await world.facts('retention-events', [
      retention({ customer_id: 'A', type: 'started', occurred_at: at(10) }),
      retention({ customer_id: 'A', type: 'churned', occurred_at: at(100) }),
      retention({ customer_id: 'A', type: 'reactivated', occurred_at: at(200) }),
      retention({ customer_id: 'B', type: 'renewed', occurred_at: at(150) }),
    ]);
    await world.facts('customers', [customer({ id: 'C' })]);
    const through = async (moment: string | null) => {
      await world.complete(moment, 'retention-events');
      return contracts(world);
    };
    // B's contract ran before its first renewal: only what exists can be renewed.
    assert.deepEqual(await through(at(10, -1)), { A: null, B: 'active', C: null });
    assert.deepEqual(await through(at(10)), { A: 'active', B: 'active', C: null });
    assert.deepEqual(await through(at(100)), { A: `ended ${at(100)}`, B: 'active', C: null });
    assert.deepEqual(await through(at(200, -1)), { A: `ended ${at(100)}`, B: 'active', C: null });
    assert.deepEqual(await through(null), { A: 'active', B: 'active', C: null });
    assert.deepEqual(await through(at(100)), { A: `ended ${at(100)}`, B: 'active', C: null });
    assert.deepEqual(await through(at(99)), { A: 'active', B: 'active', C: null });
    // A churn says as of when no revenue was ever sent; a late one counts at once.
    await world.facts('retention-events', [retention({ customer_id: 'B', type: 'churned', occurred_at: at(50) })]);
    assert.deepEqual(await contracts(world), { A: 'active', B: `ended ${at(50)}`, C: null });
  },

  async 'a customer has a standing from the first fact that mentions it, and nothing after it was erased'(world) {
    await world.facts('responses', [response({ customer_id: 'R' })]);
    await world.facts('referrals', [referral({ referrer_id: 'F' })]);
    await world.facts('revenue-events', [payment({ customer_id: 'P' })]);
    await world.facts('retention-events', [retention({ customer_id: 'E' })]);
    await world.facts('customers', [customer({ id: 'C' })]);
    assert.deepEqual(Object.keys(await trailing(world)), ['C', 'E', 'F', 'P', 'R']);
    for (const id of ['C', 'E', 'F', 'P', 'R']) await world.remove(`customers/${id}`);
    assert.deepEqual(await trailing(world), {});
    assert.deepEqual(await months(world), {});
  },

  async 'payments that are corrected, moved or removed, and rates, reach whom they touch'(world) {
    await world.facts('revenue-events', [
      payment({ id: 'P1', amount: '1' }),
      payment({ id: 'P2', amount: '2' }),
      payment({ id: 'P3', customer_id: 'B', amount: '4', currency: 'USD', occurred_at: '2022-04-05T12:00:00Z' }),
    ]);
    assert.deepEqual(await trailing(world), { A: [3, 2, 0], B: [0, 1, 1] });
    await world.facts('revenue-events', [payment({ id: 'P1', amount: '8' }), payment({ id: 'P2', customer_id: 'B' })]);
    assert.deepEqual(await trailing(world), { A: [8, 1, 0], B: [10, 2, 1] });
    await world.facts('exchange-rates', [rate({ rate: '0.5' })]);
    assert.deepEqual(await trailing(world), { A: [8, 1, 0], B: [12, 2, 0] });
    await world.facts('exchange-rates', [rate({ rate: '2' })]);
    assert.deepEqual(await trailing(world), { A: [8, 1, 0], B: [18, 2, 0] });
    await world.remove('exchange-rates/USD-EUR-2022-04-01');
    assert.deepEqual(await months(world), { 'A 2022-04': [8, 1, 0], 'B 2022-04': [10, 2, 1] });
    await world.remove('revenue-events/P1');
    assert.deepEqual(await trailing(world), { A: [0, 0, 0], B: [10, 2, 1] });
    assert.deepEqual(await months(world), { 'B 2022-04': [10, 2, 1] });
    await world.settings({ currency: 'USD' });
    assert.deepEqual(await months(world), { 'B 2022-04': [4, 2, 1] });
  },

  async 'a payment that moves to another month leaves the one where it was, whichever of them is earlier'(world) {
    await world.facts('revenue-events', [
      payment({ id: 'P1', amount: '1', occurred_at: at(10) }),
      payment({ id: 'P2', amount: '2', occurred_at: at(80) }),
    ]);
    assert.deepEqual(await months(world), { 'A 2022-01': [1, 1, 0], 'A 2022-03': [2, 1, 0] });
    await world.facts('revenue-events', [payment({ id: 'P1', amount: '1', occurred_at: at(95) })]);
    assert.deepEqual(await months(world), { 'A 2022-03': [2, 1, 0], 'A 2022-04': [1, 1, 0] });
    await world.facts('revenue-events', [payment({ id: 'P1', amount: '1', occurred_at: at(40) })]);
    assert.deepEqual(await months(world), { 'A 2022-02': [1, 1, 0], 'A 2022-03': [2, 1, 0] });
    await world.remove('revenue-events/P1');
    assert.deepEqual(await months(world), { 'A 2022-03': [2, 1, 0] });
  },

  async 'a question works out what was just sent, and payments on time touch no outcome'(world) {
    await world.facts('responses', [response({ id: 'R', answered_at: at(100) })]);
    await world.facts('revenue-events', [payment({ occurred_at: at(110) })]);
    await world.complete(at(300));
    await refresh(world.db);
    await world.db.write((client) => client.rows(`update response_outcomes set channel = 'untouched'`));
    await world.facts('revenue-events', [payment({ occurred_at: at(301), amount: '5' })]);
    assert.equal((await world.send('GET', '/v1/analytics/scores')).body.fresh.pending, 0);
    const [month] = await world.db.read((client) =>
      client.rows<Row>(`select revenue from customer_months where month = '2022-10-01'`),
    );
    assert.equal(Number(month?.revenue), 5);
    const outcomes = await world.db.read((client) =>
      client.rows<Row>('select distinct channel from response_outcomes'),
    );
    assert.deepEqual(outcomes, [{ channel: 'untouched' }]);
    await world.db.write((client) => client.rows(`update response_outcomes set channel = ''`));
    await assertVerified(world.db);
  },

  async 'an event that lies ahead makes nobody look again and again'(world) {
    const tomorrow = new Date(Date.now() + 20 * 3_600_000).toISOString();
    await world.facts('revenue-events', [payment({ id: 'P1' }), payment({ id: 'P2', occurred_at: tomorrow })]);
    const before = Date.now();
    await refresh(world.db);
    const found = await waiting(world.db, 10);
    assert.deepEqual(found, { facts: 0, respondents: 0, customers: 0, moved: false, outdated: false });
    const [state] = await world.db.read((client) =>
      client.rows<{ revenue_through: Date }>('select revenue_through from refresh_state'),
    );
    const through = state?.revenue_through.getTime() ?? 0;
    assert.ok(Math.abs(through - before) < 60_000, `complete through ${state?.revenue_through.toISOString()}`);
  },
});
