import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readScorecard } from '../../src/scorecard/scorecard.ts';
import { type Api, type Reply, testApi } from '../support/api.ts';
import { response, survey } from '../support/world.ts';
import { markersOf, readingsOf } from './world.ts';

/** Answers of different customers on a day: so many promoters, passives and detractors. */
const answers = (answered_at: string, counts: [number, number, number], row: object = {}) =>
  counts.flatMap((count, band) =>
    Array.from({ length: count }, (_, at) =>
      response({
        ...{ customer_id: `${answered_at} ${band} ${at}`, score: [10, 8, 2][band] },
        answered_at: `${answered_at}T12:00:00Z`,
        ...row,
      }),
    ),
  );

const near = (value: number | null | undefined, expected: number) =>
  assert.ok(typeof value === 'number' && Math.abs(value - expected) < 0.005, `${value} is not ${expected}`);

const told = ({ status, body }: Reply) => [status, body.code];

/**
 * The way that the tour in the README takes: a vision, a mile marker, a goal that is refused and mended, and what the scorecard
 * says of it. Everything happened in 2024, so that it is the same on any later day.
 */
test('the journey, from a vision to a scorecard that people talk about', async (t) => {
  const api = await testApi(t);
  const done = async (...request: Parameters<Api['send']>) => {
    const reply = await api.send(...request);
    assert.ok(reply.status < 300, `${request[0]} ${request[1]}: ${reply.status} ${reply.text}`);
    return reply;
  };
  const completeThrough = (complete_through: string) =>
    done('PUT', '/v1/datasets/responses/complete-through', { complete_through });
  const scorecardOn = (day: string) =>
    readScorecard(api.db, { unit: null, personal: true }, new Date(`${day}T12:00:00Z`));

  // A small company: January's 10 answers make a score of 10, March's 40 one of 30. The other survey is not asked about.
  await api.facts('surveys', [survey(), survey({ key: 'delivery', name: 'After the delivery' })]);
  await api.facts('responses', [
    ...answers('2024-01-20', [4, 3, 3]),
    ...answers('2024-03-20', [20, 12, 8]),
    ...answers('2024-03-20', [0, 0, 50], { survey: 'delivery' }),
  ]);
  await completeThrough('2024-04-01T00:00:00Z');

  await t.test('the destination is published', async () => {
    const vision = await done('POST', '/v1/visions', {
      statement: 'Everybody comes home to a room that feels right, and tells a friend.',
      present_state: 'We deliver furniture.',
      future_state: 'We deliver rooms that people like to live in.',
    });
    assert.equal((await api.get('/v1/visions/current')).body.code, 'no_current_vision');
    await done('POST', `/v1/visions/${vision.body.id}/publish`, undefined, { 'if-match': String(vision.headers.etag) });
    assert.equal((await api.get('/v1/visions/current')).body.id, vision.body.id);
  });

  await t.test('a mile marker tells whether the company is on the way', async () => {
    // The guard and the outcome that the goal will name are sent as readings.
    await markersOf(api);
    const made = await done('POST', '/v1/mile-markers', {
      ...{ key: 'nps', name: 'Customers who recommend us', source: 'computed', cadence: 'month' },
      ...{ metric: 'nps', filters: { survey: 'nps' }, owner: 'Ines' },
    });
    assert.equal(made.body.unit_of_measure, 'points');
    const { body } = await api.get('/v1/mile-markers/nps/series?from=2024-01-01&to=2024-04-01');
    assert.deepEqual(
      body.data.map(({ period, value, n, state }: Record<string, unknown>) => [period, value, n, state]),
      [
        // 100 (4 - 3) / 10; nobody answered; 100 (20 - 8) / 40.
        ['2024-01', 10, 10, 'measured'],
        ['2024-02', null, 0, 'no_data'],
        ['2024-03', 30, 40, 'measured'],
      ],
    );
  });

  const draft = await done('POST', '/v1/goals', {
    ...{ name: 'Twice as many friends', mile_marker: 'nps', direction: 'increase_to', baseline: 10, target: 60 },
    ...{ starts_on: '2024-01-01', ends_on: '2024-12-31', owner: 'Ines', behaviours: ['keep-your-word'] },
    ...{ gaming_risk: 'Only happy customers are asked.', guard_mile_markers: ['recalls'] },
    ...{ outcome_mile_marker: 'stayed', accountable: 'individual', ranks_people: true },
  });
  const path = `/v1/goals/${draft.body.id}`;
  const seen = { 'if-match': String(draft.headers.etag) };

  await t.test('a goal that sets people against one another is refused, and told why', async () => {
    const { focus, teamwork, intrinsic, findings } = draft.body;
    assert.deepEqual([focus, teamwork, intrinsic], ['pass', 'fail', 'pass']);
    assert.deepEqual(
      findings.map(({ rule }: { rule: string }) => rule),
      ['individual_accountable', 'people_ranked'],
    );
    const refused = await api.send('POST', `${path}/publish`, {}, seen);
    assert.deepEqual(told(refused), [422, 'goal_tests_failed']);
    assert.deepEqual(
      refused.body.errors.map(({ pointer }: { pointer: string }) => pointer),
      ['/accountable', '/ranks_people'],
    );
    assert.match(
      refused.body.detail,
      /^A single person is held to it, so helping others costs\. Hold the team to it\./,
    );
    assert.equal((await api.get(path)).body.published_at, null);
    const { reads_as } = (await api.get('/v1/analytics/goal-quality')).body;
    assert.match(reads_as, / 1 of 1 draft would fail a test as it is\.$/);
  });

  await t.test('mended, it is published, and its posts do not move any more', async () => {
    const mended = await done('PATCH', path, { accountable: 'team', ranks_people: false }, seen);
    assert.deepEqual([mended.body.teamwork, mended.body.findings], ['pass', []]);
    assert.deepEqual(told(await api.send('POST', `${path}/publish`, {}, seen)), [412, 'version_moved_on']);
    const now = { 'if-match': String(mended.headers.etag) };
    const { body, headers } = await done('POST', `${path}/publish`, {}, now);
    assert.deepEqual([body.exception, typeof body.published_at], [null, 'string']);
    const moved = await api.send('PATCH', path, { target: 30 }, { 'if-match': String(headers.etag) });
    assert.deepEqual(told(moved), [409, 'published']);
    const { data } = (await api.get('/v1/analytics/goal-quality')).body;
    assert.deepEqual([data[0].goals, data[0].passed_all, data[0].exceptions, data[0].drafts], [1, 1, 0, 0]);
  });

  await t.test('in April forty answers are too few to tell how it stands, and the scorecard says so', async () => {
    const { goals, attention, reads_as, vision } = await scorecardOn('2024-04-10');
    const [goal] = goals;
    // March ends after 91 of 366 days: 10 + 50 x 91/366 = 22.43 was expected, and 30 is 0.4 of the way.
    // The interval is that of Rocks: p = 20.75/43, d = 8.75/43; 100 (p - d -+ 1.96 sqrt((p + d - (p - d)^2) / 43)),
    // which is 27.91 -+ 23.31, and 22.43 lies within.
    assert.deepEqual([goal?.state, goal?.value_alone, goal?.value], ['inconclusive', 'ahead', 30]);
    near(goal?.expected_value, 22.43);
    near(goal?.progress, 0.4);
    near(goal?.value_low, 4.6);
    near(goal?.value_high, 51.22);
    assert.equal(goal?.talked_about, 'Not talked about yet');
    const sentence =
      'How Twice as many friends stands cannot be told yet: its value is too uncertain. Customers who recommend us was 30.0 points in 2024-03 (95% interval 4.6 to 51.2 points), against 22.4 points expected by then. The aim is 60.0 points by 2024-12-31.';
    assert.deepEqual(
      attention.map(({ reason, sentence }) => [reason, sentence]),
      [['inconclusive', sentence]],
    );
    assert.equal(reads_as, `0 of 1 goal is on track or better, 1 cannot be told yet. First: ${sentence}`);
    assert.equal(vision?.statement, 'Everybody comes home to a room that feels right, and tells a friend.');
  });

  await t.test('the team checks in and talks about it', async () => {
    await done('POST', `${path}/check-ins`, {
      ...{ value: 55, confidence: 7, checked_in_by: 'Ines', note: 'Calling before the van comes works.' },
    });
    await done('POST', '/v1/discussions', {
      ...{ discussed_on: '2024-07-01', goals: [draft.body.id], place: 'Monday stand-up' },
      actions: 'All stores call before the van comes.',
    });
    assert.equal((await api.get(path)).body.last_discussed_on, '2024-07-01');
  });

  await t.test('in July two hundred answers tell that it is ahead', async () => {
    await api.facts('responses', [
      ...answers('2024-05-20', [50, 30, 20]),
      ...answers('2024-06-20', [130, 50, 20]),
      ...answers('2024-06-20', [0, 0, 50], { survey: 'delivery' }),
    ]);
    await completeThrough('2024-07-01T00:00:00Z');
    await readingsOf(api, 'recalls', { '2024-05': [100, 1_000], '2024-06': [101, 1_000] });
    const { goals, mile_markers, attention, reads_as } = await scorecardOn('2024-07-10');
    const [goal] = goals;
    // 100 (130 - 20) / 200 = 55. June ends after 182 of 366 days: 10 + 50 x 182/366 = 34.86 was expected.
    // p = 130.75/203, d = 20.75/203: 54.19 -+ 9.26. All of it lies above 34.86, and the target of 60 lies within: it is
    // ahead, and not achieved. 45 of 50 points are 0.9 of the way, 40 hundredths more than the 0.497 expected.
    assert.deepEqual([goal?.state, goal?.value, goal?.measured_to], ['ahead', 55, '2024-07-01']);
    near(goal?.expected_value, 34.86);
    near(goal?.expected_progress, 0.4973);
    near(goal?.progress, 0.9);
    near(goal?.value_low, 44.93);
    near(goal?.value_high, 63.44);
    assert.deepEqual(
      [goal?.confidence, goal?.days_since_discussed, goal?.freshness, goal?.talked_about, goal?.days_left],
      [7, 9, 'fresh', 'Talked about 9 days ago', 174],
    );
    // May is 100 (50 - 20) / 100 = 30 -+ 15.1: a difference of 25 is more than sqrt(15.1^2 + 9.3^2) = 17.7.
    assert.deepEqual(
      mile_markers.map(({ reads_as }) => reads_as),
      [
        'Calls again within a week was 10.1% in 2024-06, after 10.0% in 2024-05, which chance alone can explain.',
        'Calls answered within three rings has no value yet.',
        'Customers who recommend us was 55.0 points in 2024-06, better than 30.0 points in 2024-05.',
        'Customers who stayed has no value yet.',
      ],
    );
    assert.deepEqual(attention, []);
    assert.equal(reads_as, '1 of 1 goal is on track or better.');
  });

  await t.test('who did what is written down', async () => {
    const { body } = await api.get(`/v1/audit?noun=goal&key=${draft.body.id}`);
    assert.deepEqual(body.data.map(({ action }: { action: string }) => action).toSorted(), [
      'changed',
      'checked_in',
      'created',
      'published',
    ]);
  });
});
