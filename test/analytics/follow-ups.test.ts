import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuid7 } from '../../src/db/uuid7.ts';
import { testApi } from '../support/api.ts';
import { hoursAgo } from '../support/follow-ups.ts';
import { at, payment, type Row, response, retention, type World, worlds } from '../support/world.ts';

/** Stores follow-ups as they are: opened on day 100 and due on day 102 unless it is said otherwise. */
async function followUps({ db }: Pick<World, 'db'>, rows: Row[]): Promise<void> {
  for (const given of rows) {
    const row: Row = {
      id: uuid7(),
      survey: 'nps',
      origin: 'rule',
      opened_at: at(100),
      first_due_at: at(102),
      ...given,
    };
    row.due_at ??= row.first_due_at;
    row.remind_at ??= row.first_due_at;
    row.response_ids ??= `{${row.customer_id}-first}`;
    if (row.closed_as) row.state = 'closed';
    const names = Object.keys(row);
    await db.write((client) =>
      client.rows(
        `insert into follow_ups (${names.join(', ')}) values (${names.map((_, place) => `$${place + 1}`).join(', ')})`,
        names.map((name) => row[name] as string),
      ),
    );
  }
}

const contacted = { contacted_at: at(101) };

/** The world of the comment in the first test. */
async function tell(world: World): Promise<void> {
  const { facts } = world;
  const asked = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M'];
  await facts(
    'responses',
    asked.map((name) => response({ id: `${name}-first`, customer_id: name, score: 2 })),
  );
  await facts('responses', [
    response({ customer_id: 'A', score: 9, answered_at: at(110) }),
    response({ customer_id: 'B', score: 6, answered_at: at(120) }),
    response({ customer_id: 'F', score: 7, answered_at: at(130) }),
    // The first answer after the due time counts, and none before it.
    response({ customer_id: 'F', score: 0, answered_at: at(140) }),
    response({ customer_id: 'E', score: 10, answered_at: at(102) }),
  ]);
  const began = ['A', 'B', 'E', 'F', 'G', 'H'].map((customer_id) =>
    retention({ customer_id, type: 'started', occurred_at: at(10) }),
  );
  const left = (customer_id: string, day: number, ms = 0) =>
    retention({ customer_id, type: 'churned', occurred_at: at(day, ms) });
  await facts('retention-events', [
    ...began,
    left('B', 150),
    left('E', 192),
    left('F', 192, 1),
    left('G', 60),
    left('H', 60),
    retention({ customer_id: 'I', type: 'started', occurred_at: at(150) }),
  ]);
  await facts('revenue-events', [
    payment({ customer_id: 'C', occurred_at: at(192) }),
    payment({ customer_id: 'D', occurred_at: at(102) }),
    payment({ customer_id: 'D', occurred_at: at(192, 1) }),
    payment({ customer_id: 'G', amount: '30.00', occurred_at: at(110) }),
    payment({ customer_id: 'G', type: 'refund', amount: '-5.00', occurred_at: at(120) }),
    payment({ customer_id: 'G', amount: '99.00', occurred_at: at(193) }),
    payment({ customer_id: 'H', type: 'refund', amount: '-5.00', occurred_at: at(120) }),
  ]);
  await followUps(world, [
    { customer_id: 'A', ...contacted, closed_as: 'satisfied', closed_at: at(101.5), promise: 'x', promise_kept: true },
    { customer_id: 'B', ...contacted, closed_as: 'lost', closed_at: at(103), promise: 'x', promise_kept: false },
    { customer_id: 'C', ...contacted, state: 'contacted', promise: 'x' },
    // Contacted late; that its due time was moved does not help.
    { customer_id: 'D', contacted_at: at(103), state: 'contacted', due_at: at(200) },
    { customer_id: 'E', closed_as: 'unreachable', closed_at: at(110) },
    { customer_id: 'F' },
    { customer_id: 'G', ...contacted, state: 'contacted' },
    { customer_id: 'H' },
    { customer_id: 'I' },
    { customer_id: 'J', opened_at: at(390), first_due_at: at(392), contacted_at: at(391), state: 'contacted' },
    { customer_id: 'K', closed_as: 'withdrawn', closed_at: at(101) },
    { customer_id: 'L', closed_as: 'lost', closed_at: at(101), archived_at: at(101) },
    { customer_id: 'M', opened_at: hoursAgo(1), first_due_at: hoursAgo(-47) },
  ]);
  await world.complete(at(400));
}

const path = 'analytics/follow-ups';
const ask = (world: World, query: Record<string, string | number> = {}) =>
  world.ask(path, { window_days: 90, ...query });

worlds('Follow-ups, measured', {
  // In time: A, B, C, G and J were contacted by their due time, D was later, E, F, H and I never; M is not due. So 5 of
  // 10, Wilson [0.236593, 0.763407]. Closed in time: A alone, 1 of 10, Wilson [0.017876, 0.404150].
  // Customers when due, followed from day 102 through day 192: of the contacted A stayed, B left and C bought, 2 of 3;
  // of the others D bought only before and after, E left with the last moment and F one later, 1 of 3. J's window is
  // open, I was no customer yet. Had left by then: G bought again (30 - 5 = 25), H did not.
  // Answered again after the due time: A and F higher, B not; E's answer is of the due moment itself.
  // To the contact, in hours: A, B, C, G, J 24, D 72; without one E is seen for 240, F, H and I for years, M for one.
  // At 24 hours 5 of 10 have theirs: S = 0.5, the median.
  async 'all figures of a small world'(world) {
    await tell(world);
    const { data, comparisons, left_out, warnings, parameters } = await ask(world);
    const [all, reached, others] = data;
    assert.equal(data.length, 3);
    assert.deepEqual(
      [all.contact, all.follow_ups, all.not_closed, all.satisfied, all.lost, all.unreachable, all.won_back],
      ['all', 11, 8, 1, 1, 1, 0],
    );
    const rate = (row: Row, name: string) => [row[name], row[`${name}_low`], row[`${name}_high`], row[`${name}_n`]];
    assert.deepEqual(rate(all, 'contacted_in_time_rate'), [0.5, 0.236593, 0.763407, 10]);
    assert.deepEqual(rate(all, 'closed_in_time_rate'), [0.1, 0.017876, 0.40415, 10]);
    assert.deepEqual([all.hours_to_contact, all.hours_to_contact_low, all.hours_to_contact_high], [24, 24, null]);
    assert.equal(all.hours_to_close, null);
    const known = (row: Row) =>
      ['save_rate', 'rescue_rate', 'win_back_rate'].map((name) => [row[name], row[`${name}_n`]]);
    assert.deepEqual(known(all), [
      [0.5, 6],
      [0.666667, 3],
      [0.5, 2],
    ]);
    assert.deepEqual(known(reached), [
      [0.666667, 3],
      [0.5, 2],
      [1, 1],
    ]);
    assert.deepEqual(known(others), [
      [0.333333, 3],
      [1, 1],
      [0, 1],
    ]);
    assert.deepEqual([all.revenue_won_back, reached.revenue_won_back, others.revenue_won_back], [25, 25, 0]);
    assert.deepEqual([reached.follow_ups, others.follow_ups, reached.contacted_in_time_rate], [5, 5, null]);
    assert.deepEqual([all.promises, ...rate(all, 'promises_kept_rate')].slice(0, 2), [3, 0.5]);
    assert.equal(all.promises_kept_rate_n, 2);
    // 2 of 3 against 1 of 3: Wilson [0.207655, 0.938508] and [0.061492, 0.792345], so by Newcombe
    // 1/3 - sqrt(0.459012^2 + 0.459012^2) and 1/3 + sqrt(0.271841^2 + 0.271841^2).
    const saved = comparisons.find(({ measure }: Row) => measure === 'save_rate');
    assert.deepEqual(
      [saved.contact, saved.against, saved.difference, saved.difference_low, saved.difference_high].map((value) =>
        typeof value === 'number' ? Math.round(value * 1e4) / 1e4 : value,
      ),
      ['contacted', 'not_contacted', 0.3333, -0.3158, 0.7178],
    );
    assert.deepEqual(
      comparisons.map(({ measure, difference }: Row) => [measure, difference]),
      [
        ['save_rate', 0.333333],
        ['rescue_rate', -0.5],
        ['win_back_rate', 1],
      ],
    );
    assert.deepEqual(left_out, [
      { reason: 'withdrawn', follow_ups: 1 },
      { reason: 'not_due_yet', follow_ups: 1 },
      { reason: 'not_a_customer_when_due', follow_ups: 1 },
      { reason: 'window_open', follow_ups: 1 },
    ]);
    assert.deepEqual([warnings, parameters.window_days, parameters.group_by], [[], 90, []]);
  },

  async 'it says what it found in a sentence'(world) {
    await tell(world);
    const { reads_as } = await ask(world);
    assert.equal(
      reads_as,
      'Of 10 follow-ups that were due, 50.0% (95% interval 23.7% to 76.3%) were contacted and 10.0% (95% interval 1.8% to 40.4%) closed in time; fewer than half were closed so far. 90 days after the due time 66.7% of the 3 customers contacted in time had stayed, of the 3 others 33.3%: a difference of 33.3 points (95% interval -31.6 to 71.8), which may be chance.',
    );
    const few = await ask(world, { min_n: 5 });
    assert.match(few.reads_as, /Too few of them are known for long enough/);
    assert.deepEqual(
      few.data.map(({ save_rate, save_rate_n }: Row) => [save_rate, save_rate_n]),
      [
        [0.5, 6],
        [null, 3],
        [null, 3],
      ],
    );
    assert.deepEqual(few.comparisons, []);
    const none = await ask(world, { min_n: 12 });
    assert.equal(none.reads_as, 'Too few follow-ups to tell anything about them.');
    assert.deepEqual([none.data[0].withheld, none.data[0].follow_ups], ['fewer than 12 follow-ups', 11]);
    const nobody = await ask(world, { owner: 'nobody' });
    assert.deepEqual([nobody.reads_as, nobody.data], ['Only owner nobody: There were no follow-ups.', []]);
    const young = await ask(world, { from: hoursAgo(2) });
    assert.match(young.reads_as, /: 1 follow-up was opened; too few were due by now/);
  },

  async 'groups, filters and periods'(world) {
    await tell(world);
    await world.facts('units', [
      { key: 'north', name: 'North' },
      { key: 'store', name: 'Store', parent: 'north' },
    ]);
    await world.db.write(async (client) => {
      await client.rows(`update follow_ups set owner = 'X' where customer_id in ('A', 'B')`);
      await client.rows(`update follow_ups set unit = 'store' where customer_id in ('A', 'C')`);
      await client.rows(`update follow_ups set survey = 'csat' where customer_id = 'D'`);
    });
    const counts = async (query: Record<string, string | number>) => {
      const { data } = await ask(world, query);
      return data
        .filter(({ contact }: Row) => contact === 'all')
        .map((row: Row) => [row.owner ?? row.unit ?? row.survey ?? row.month ?? null, row.follow_ups]);
    };
    assert.deepEqual(await counts({ group_by: 'owner' }), [
      ['X', 2],
      [null, 9],
    ]);
    assert.deepEqual(await counts({ group_by: 'unit' }), [
      ['store', 2],
      [null, 9],
    ]);
    assert.deepEqual(await counts({ group_by: 'survey' }), [
      ['csat', 1],
      ['nps', 10],
    ]);
    // Day 100 is 11 April 2022, day 390 is 26 January 2023.
    assert.deepEqual((await counts({ group_by: 'month', to: '2023-02-01' })).slice(0, 2), [
      ['2022-04', 9],
      ['2023-01', 1],
    ]);
    assert.deepEqual(await counts({ unit: 'north' }), [[null, 2]]);
    assert.deepEqual(await counts({ survey: 'nps', owner: 'X' }), [[null, 2]]);
    assert.deepEqual(await counts({ from: at(100), to: at(390) }), [[null, 9]]);
    assert.deepEqual(await counts({ from: at(100, 1), to: at(390, 1) }), [[null, 1]]);
    for (const group_by of ['owner,owner', 'owner,unit,month', 'segment'])
      assert.equal((await world.send('GET', `/v1/${path}?group_by=${group_by}`)).status, 400);
    const csv = await world.send('GET', `/v1/${path}?group_by=unit&format=csv`);
    assert.match(csv.text, /^unit,contact,follow_ups,/);
  },

  // Six hours before day 103 everybody but J and M has been opened and been due since day 102. A, B, C and G were
  // contacted by then, D was not yet, and none but A and B in time; A alone was closed, so B and E count as open. Nothing
  // was answered after the due time, and no window is over. K was withdrawn on day 101, L is archived.
  // On day 192, at the last moment of the windows, what B, C, D, E, F, G and H did is known as today, but that F left a
  // moment later is nothing yet; E had answered on day 102, A, B and F before day 141.
  async 'as things stood at a moment'(world) {
    await tell(world);
    const then = await ask(world, { as_of: at(102.75) });
    const [all, reached, others] = then.data;
    assert.deepEqual(
      [all.follow_ups, all.not_closed, all.satisfied, all.lost, all.unreachable, reached.follow_ups, others.follow_ups],
      [9, 8, 1, 0, 0, 4, 5],
    );
    assert.deepEqual([all.save_rate_n, all.rescue_rate_n, all.win_back_rate_n], [0, 0, 0]);
    // 66 hours since the opening: D, E, F, H and I count for as long.
    assert.deepEqual([all.hours_to_contact, all.contacted_in_time_rate_n], [null, 9]);
    assert.deepEqual(then.left_out, [
      { reason: 'withdrawn', follow_ups: 1 },
      { reason: 'not_a_customer_when_due', follow_ups: 1 },
      { reason: 'window_open', follow_ups: 8 },
    ]);
    assert.deepEqual([then.parameters.as_of, then.parameters.now], [at(102.75), at(102.75)]);
    assert.equal(then.fresh.complete_through, at(102.75));
    assert.match(then.reads_as, new RegExp(`^As of ${at(102.75)}: Of 9 follow-ups that were due, 44.4%`));

    // Before K was withdrawn, it was one among the others.
    const before = await ask(world, { as_of: at(100.5) });
    assert.deepEqual([before.data[0].follow_ups, before.data[0].closed_in_time_rate_n], [10, 0]);
    assert.deepEqual(before.left_out, [{ reason: 'not_due_yet', follow_ups: 10 }]);

    const later = await ask(world, { as_of: at(192) });
    assert.deepEqual(
      [later.data[0].save_rate, later.data[0].save_rate_n, later.data[0].win_back_rate, later.data[0].rescue_rate_n],
      [0.5, 6, 0.5, 3],
    );
    const future = await world.send('GET', `/v1/${path}?as_of=${hoursAgo(-1)}`);
    assert.deepEqual([future.status, future.body.errors[0].pointer], [400, 'as_of']);
  },

  async 'what is missing: no facts, no rate, no response'(world) {
    await world.facts('responses', [response({ id: 'A-first', score: 2 })]);
    await followUps(world, [
      { customer_id: 'A', ...contacted, state: 'contacted' },
      { customer_id: 'B', response_ids: '{}', survey: null },
    ]);
    // Nothing was ever sent of what customers did: their windows are open, not empty.
    let { data, left_out } = await ask(world);
    assert.deepEqual([data[0].save_rate_n, data[0].rescue_rate_n, data[0].win_back_rate_n], [0, 0, 0]);
    assert.deepEqual(left_out, [{ reason: 'window_open', follow_ups: 2 }]);

    await world.facts('retention-events', [retention({ type: 'churned', occurred_at: at(50) })]);
    await world.facts('revenue-events', [payment({ currency: 'USD' })]);
    await world.complete(at(400));
    const answer = await ask(world);
    ({ data, left_out } = answer);
    // A had left and bought in a currency without a rate; B never bought.
    assert.deepEqual(
      [data[0].win_back_rate, data[0].win_back_rate_n, data[0].revenue_won_back, data[0].save_rate, left_out],
      [1, 1, 0, 0, []],
    );
    assert.deepEqual(answer.warnings, [
      'The revenue won back lacks that of one customer: no exchange rate is known for some of it.',
    ]);
  },
});

test('readers who may not see people see no small groups of them', async (t) => {
  const api = await testApi(t);
  const customers = Array.from({ length: 14 }, (_, n) => `c${n}`);
  await api.facts(
    'customers',
    customers.map((id) => ({ id })),
  );
  await followUps(
    api,
    customers.map((customer_id, n) => ({
      customer_id,
      survey: null,
      owner: n < 3 ? 'X' : 'Y',
      ...(n % 2 === 0 ? { contacted_at: at(101), state: 'contacted' } : {}),
    })),
  );
  const { secret } = (await api.send('POST', '/v1/keys', { name: 'Reader', scopes: ['read'] })).body;
  const asked = async (query: string) => {
    const url = `/v1/${path}?min_n=1${query}`;
    const { body } = await api.send('GET', url, undefined, { authorization: `Bearer ${secret}` });
    return body.data.map(({ owner, contact, follow_ups }: Row) => [owner, contact, follow_ups]);
  };
  // 14 people, 7 and 7. By owner X has 3, so it is hidden, and Y with it, or it could be got by subtraction.
  assert.deepEqual(await asked(''), [
    [undefined, 'all', 14],
    [undefined, 'contacted', 7],
    [undefined, 'not_contacted', 7],
  ]);
  assert.deepEqual(
    (await asked('&group_by=owner')).map(([, , follow_ups]: unknown[]) => follow_ups),
    [null, null, null, null, null, null],
  );
});
