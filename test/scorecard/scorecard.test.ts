import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readScorecard } from '../../src/scorecard/scorecard.ts';
import { settleGoals } from '../../src/scorecard/states.ts';
import { testApi } from '../support/api.ts';
import { goodGoal, markersOf, publishGoal, readingsOf } from './world.ts';

const july = new Date('2026-07-10T12:00:00Z');
const everybody = { unit: null, personal: true };
const near = (value: number | null | undefined, expected: number, digits = 1e-6) =>
  assert.ok(typeof value === 'number' && Math.abs(value - expected) < digits, `${value} is not ${expected}`);

test('The scorecard', async (t) => {
  const api = await testApi(t);
  const card = (asked: Partial<typeof everybody> | { unit: string } = {}) =>
    readScorecard(api.db, { ...everybody, ...asked }, july);

  await t.test('an empty one says what to do', async () => {
    const { reads_as, goals, mile_markers, attention, vision } = await card();
    assert.equal(reads_as, 'No goal is running. Publish one, and it stands here.');
    assert.deepEqual([goals, mile_markers, attention, vision], [[], [], [], null]);
  });

  await markersOf(api);
  await api.facts('units', [
    { key: 'country', name: 'Country' },
    { key: 'north', name: 'North', parent: 'country' },
    { key: 'south', name: 'South', parent: 'country' },
  ]);

  await t.test('a goal whose mile marker has no value is not measured yet, and a draft is not there', async () => {
    await api.send('POST', '/v1/goals', { ...goodGoal, name: 'A draft' });
    const { id, etag } = await publishGoal(api, { ...goodGoal, name: 'Too early' });
    const [goal, ...others] = (await card()).goals;
    assert.deepEqual([others, goal?.name, goal?.state, goal?.value], [[], 'Too early', 'no_data', null]);
    assert.equal(
      goal?.reads_as,
      'Too early: Calls answered within three rings has no value in its days yet, so nothing can be told.',
    );
    await api.send('POST', `/v1/goals/${id}/drop`, { reason: 'Another one says it better.' }, { 'if-match': etag });
    assert.deepEqual((await card()).goals, []);
  });

  await readingsOf(api, 'answered_calls', {
    '2025-12': [5_000, 10_000],
    '2026-05': [6_300, 10_000],
    '2026-06': [6_600, 10_000],
  });
  // 10% to 15%, of ten thousand each: half widths of 0.6 and 0.7 points, so a difference of 5 is clear; and more is worse.
  await readingsOf(api, 'recalls', { '2026-05': [1_000, 10_000], '2026-06': [1_500, 10_000] });
  const inTime = await publishGoal(api, goodGoal);
  const high = {
    ...{ direction: 'stay_above', baseline: null, target: 0.7, guard_mile_markers: [], gaming_risk: null },
    ...{ name: 'Stay reachable', declared_status: 'on_track', declared_note: 'A slow week.' },
  };
  await publishGoal(api, { ...goodGoal, ...high });
  await api.send('POST', '/v1/discussions', { discussed_on: '2026-07-01', goals: [inTime.id], place: 'Team board' });
  await api.send('POST', `/v1/goals/${inTime.id}/check-ins`, { confidence: 3 });
  await api.send('POST', `/v1/goals/${inTime.id}/check-ins`, { confidence: 8 });

  await t.test('tells how each goal stands, by hand', async () => {
    const { goals } = await card();
    const goal = goals.find(({ id }) => id === inTime.id);
    assert.ok(goal);
    // June ends after 181 of 365 days: 0.5 + 0.3 x 181/365 = 0.648767 was expected; 0.66 is 0.16/0.3 = 0.533333 of the way.
    assert.equal(goal.state, 'on_track');
    near(goal.value, 0.66);
    near(goal.progress, 0.16 / 0.3);
    near(goal.expected_progress, 181 / 365);
    near(goal.expected_value, 0.5 + (0.3 * 181) / 365);
    // Wilson of 6,600 in 10,000.
    near(goal.value_low, 0.650656, 1e-5);
    near(goal.value_high, 0.669221, 1e-5);
    assert.deepEqual([goal.measured_from, goal.measured_to, goal.days_left], ['2026-06-01', '2026-07-01', 174]);
    assert.deepEqual([goal.confidence, goal.last_discussed_on, goal.days_since_discussed], [8, '2026-07-01', 9]);
    assert.deepEqual([goal.freshness, goal.talked_about], ['fresh', 'Talked about 9 days ago']);
    assert.equal(
      goal.reads_as,
      'Answer in time is on track. Calls answered within three rings was 66.0% in 2026-06 (95% interval 65.1% to 66.9%), against 64.9% expected by then. The aim is 80.0% by 2026-12-31.',
    );
    assert.deepEqual(
      goal.trend.slice(-2).map(({ period, state, value }) => [period, state, value]),
      [
        ['2026-06', 'measured', 0.66],
        ['2026-07', 'partial', null],
      ],
    );
    assert.equal(goal.trend.length, 13);
    const { state, progress } = goals.find(({ name }) => name === 'Stay reachable') ?? {};
    assert.deepEqual([state, progress], ['at_risk', null]);
  });

  await t.test('tells each mile marker with what changed', async () => {
    const { mile_markers } = await card();
    assert.deepEqual(
      mile_markers.map(({ key, change_is_clear, change_is_good }) => [key, change_is_clear, change_is_good]),
      [
        ['recalls', true, false],
        ['answered_calls', true, true],
        ['stayed', null, null],
      ],
    );
    assert.deepEqual(
      mile_markers.map(({ reads_as }) => reads_as),
      [
        'Calls again within a week was 15.0% in 2026-06, worse than 10.0% in 2026-05.',
        'Calls answered within three rings was 66.0% in 2026-06, better than 63.0% in 2026-05.',
        'Customers who stayed has no value yet.',
      ],
    );
    assert.equal(mile_markers[1]?.goals.length, 2);
  });

  await t.test('says first what needs attention most', async () => {
    const { attention, reads_as } = await card();
    assert.deepEqual(
      attention.map(({ name, reason }) => [name, reason]),
      [
        ['Stay reachable', 'at_risk'],
        ['Answer in time', 'guard_worse'],
        ['Stay reachable', 'seen_otherwise'],
        ['Calls again within a week', 'worse'],
      ],
    );
    assert.equal(attention[2]?.sentence, 'Ines sees Stay reachable as on track; the numbers say at risk.');
    assert.ok(
      reads_as.startsWith('1 of 2 goals is on track or better, 1 not. First: Stay reachable is at risk.'),
      reads_as,
    );
  });

  await t.test('a goal that nobody talks about is told', async () => {
    const october = await readScorecard(api.db, everybody, new Date('2026-10-01T12:00:00Z'));
    const goal = october.goals.find(({ id }) => id === inTime.id);
    // 92 days since the first of July, and every month was agreed: overdue from the 63rd on.
    assert.deepEqual([goal?.days_since_discussed, goal?.freshness], [92, 'overdue']);
    assert.ok(october.attention.some(({ reason, id }) => reason === 'not_discussed' && id === inTime.id));
  });

  await t.test('of a unit, it has the goals of the units below and the mile markers as they are there', async () => {
    await readingsOf(api, 'answered_calls', { '2026-06': [900, 1_000] }, 'north');
    await publishGoal(api, { ...goodGoal, name: 'Northern calls', unit: 'north' });
    const north = await card({ unit: 'north' });
    assert.deepEqual(north.unit, { key: 'north', name: 'North' });
    assert.deepEqual(
      north.goals.map(({ unit, unit_name }) => [unit, unit_name]),
      [['north', 'North']],
    );
    assert.deepEqual(
      north.goals.map(({ name, value, state }) => [name, value, state]),
      [['Northern calls', 0.9, 'achieved']],
    );
    assert.equal(north.mile_markers.find(({ key }) => key === 'answered_calls')?.value, 0.9);
    assert.deepEqual((await card({ unit: 'south' })).goals, []);
    assert.equal((await card({ unit: 'country' })).goals.length, 1);
    assert.equal((await card()).goals.length, 3);
    const { status, body } = await api.get('/v1/scorecard?unit=west');
    assert.deepEqual([status, body.errors[0].pointer], [400, 'unit']);
  });

  await t.test('over HTTP it is the same, whatever the day', async () => {
    const { status, body, text } = await api.get('/v1/scorecard');
    assert.equal(status, 200, text);
    assert.equal(body.goals.length, 3);
  });

  await t.test('the worker keeps how goals stand, and tells when that changes', async () => {
    const told = async () =>
      (
        await api.db.read((client) =>
          client.rows<{ data: { id: string; state: string; state_before: string | null } }>(
            `select data from events where type = 'goal.status_changed' order by id`,
          ),
        )
      ).map(({ data }) => [data.id, data.state_before, data.state]);
    while (await settleGoals(api.db, july));
    const settled = (await api.get(`/v1/goals/${inTime.id}`)).body;
    assert.deepEqual(
      [settled.state, settled.value, settled.measured_from, settled.measured_to, settled.version],
      ['on_track', 0.66, '2026-06-01', '2026-07-01', 2],
    );
    near(settled.progress, 0.16 / 0.3);
    assert.deepEqual(
      (await told()).filter(([id]) => id === inTime.id),
      [[inTime.id, null, 'on_track']],
    );
    // Nobody looks again at once.
    const count = (await told()).length;
    assert.equal(await settleGoals(api.db, july), false);
    assert.equal((await told()).length, count);
    // A correction: 55% in June is 0.05 / 0.3 = 0.167 of the way, 32.9 points behind.
    await readingsOf(api, 'answered_calls', { '2026-06': [5_500, 10_000] });
    await api.db.write((client) => client.rows(`update goals set stood_at = now() - interval '1 hour'`));
    while (await settleGoals(api.db, july));
    const behind = (await api.get(`/v1/goals/${inTime.id}`)).body;
    assert.equal(behind.state, 'behind');
    assert.ok(behind.state_since > settled.state_since);
    assert.deepEqual(
      (await told()).filter(([id]) => id === inTime.id),
      [
        [inTime.id, null, 'on_track'],
        [inTime.id, 'on_track', 'behind'],
      ],
    );
    assert.deepEqual(
      (await api.get('/v1/goals?state=behind')).body.data.map(({ id }: { id: string }) => id),
      [inTime.id],
    );
  });
});
