import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refresh } from '../../src/outcomes/refresh.ts';
import { latestMeasured } from '../../src/scorecard/series.ts';
import { type Api, type Reply, testApi } from '../support/api.ts';
import { payment, type Row, response, survey } from '../support/world.ts';
import { marker, rowsOf, seriesOf } from './markers.ts';

/** Answers of different customers at one moment, one for each score. */
const answers = (answered_at: string, scores: readonly number[], row: Row = {}): Row[] =>
  scores.map((score, at) =>
    response({ customer_id: `${answered_at} ${at} ${row.unit ?? ''}`, score, answered_at, ...row }),
  );

const complete = async ({ send }: Api, path: string, through: string) => {
  const reply = await send('PUT', `/v1/datasets/${path}/complete-through`, { complete_through: through });
  assert.equal(reply.status, 200, reply.text);
};

/** The service with the survey `nps`, in a time zone. */
async function inZone(t: Parameters<typeof testApi>[0], time_zone: string, rows: Row[]): Promise<Api> {
  const api = await testApi(t);
  await api.facts('surveys', [survey()]);
  await api.send('PATCH', '/v1/settings', { time_zone }, { 'if-match': '*' });
  await api.facts('responses', rows);
  await refresh(api.db);
  return api;
}

test('a period is measured, has no data, is withheld, or is not complete', async (t) => {
  const api = await inZone(t, 'UTC', [
    ...answers('2026-01-10T12:00:00Z', [10, 10, 9, 3]),
    ...answers('2026-03-10T12:00:00Z', [10, 0]),
    ...answers('2026-04-10T12:00:00Z', [10, 10, 10, 10, 10, 10, 10, 10], { unit: 'store-1' }),
    ...answers('2026-05-01T00:00:00Z', [0]),
  ]);
  await complete(api, 'responses', '2026-04-20T00:00:00Z');
  await refresh(api.db);
  const computed = { source: 'computed', filters: { survey: 'nps', min_n: 3 } };
  await marker(api, 'nps', { ...computed, metric: 'nps' });
  await marker(api, 'answers', { ...computed, metric: 'responses' });
  const asked = { from: '2025-12-15', now: '2026-04-25T00:00:00Z' };

  // 100 (3 - 1) / 4; nothing; two are too few; 8 promoters of 8 are 100 [38.538259, 100].
  assert.deepEqual(await rowsOf(api, 'nps', ['period', 'value', 'n', 'low', 'high', 'state'], asked), [
    ['2025-12', null, 0, null, null, 'no_data'],
    ['2026-01', 50, 4, ...adjustedWald(3, 1, 4), 'measured'],
    ['2026-02', null, 0, null, null, 'no_data'],
    ['2026-03', null, 2, null, null, 'withheld'],
    ['2026-04', 100, 8, 38.538259, 100, 'partial'],
  ]);
  const { rows, complete_through } = await seriesOf(api, 'nps', asked);
  assert.equal(rows[3]?.withheld, 'fewer than 3 responses');
  assert.equal(complete_through?.toISOString(), '2026-04-20T00:00:00.000Z');
  assert.equal(latestMeasured(rows)?.period, '2026-01');

  // Nobody answered in February, which is 0; before the first answer nothing is known.
  assert.deepEqual(await rowsOf(api, 'answers', ['value', 'state'], asked), [
    [null, 'no_data'],
    [4, 'measured'],
    [0, 'measured'],
    [2, 'measured'],
    [8, 'partial'],
  ]);

  // Later all of April is known, and May runs; the past stays as it was.
  await complete(api, 'responses', '2026-05-02T00:00:00Z');
  await refresh(api.db);
  assert.deepEqual(
    (await rowsOf(api, 'nps', ['period', 'state'], { ...asked, now: '2026-05-03T00:00:00Z' })).slice(-2),
    [
      ['2026-04', 'measured'],
      ['2026-05', 'withheld'],
    ],
  );
  // Of a unit, with those below it, and of one that nobody named.
  await api.facts('units', [{ key: 'store-1', name: 'Store 1', parent: 'north' }]);
  const last = { from: '2026-04-01', to: '2026-05-01', now: '2026-05-03T00:00:00Z' };
  assert.deepEqual(await rowsOf(api, 'nps', ['value', 'n'], { ...last, unit: 'north' }), [[100, 8]]);
  assert.deepEqual(await rowsOf(api, 'nps', ['value', 'n', 'state'], { ...last, unit: 'nowhere' }), [
    [null, 0, 'no_data'],
  ]);
});

/** Rocks (2016), from the paper: p' = (P + 3/4) / (n + 3), and so on. To six decimals. */
function adjustedWald(promoters: number, detractors: number, n: number): number[] {
  const [p, d] = [(promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3)];
  const half = 1.959963984540054 * Math.sqrt((p + d - (p - d) ** 2) / (n + 3));
  return [p - d - half, p - d + half].map((limit) => Math.round(Math.min(1, Math.max(-1, limit)) * 1e8) / 1e6);
}

test('days and weeks are those of the reporting time zone, when clocks change too', async (t) => {
  const moments = [
    // Berlin puts its clocks forward on 2026-03-29: the day has 23 hours, from 23:00 UTC to 22:00 UTC.
    ...['2026-03-28T22:59:59Z', '2026-03-28T23:00:00Z', '2026-03-29T21:59:59Z', '2026-03-29T22:00:00Z'],
    // ... and back on 2026-10-25, which has 25: from 22:00 UTC to 23:00 UTC.
    ...['2026-10-24T21:59:59Z', '2026-10-24T22:00:00Z', '2026-10-25T22:59:59Z', '2026-10-25T23:00:00Z'],
    // Sunday's last second, and Monday's first: the week 2026-W01 begins on 2025-12-29.
    ...['2025-12-28T22:59:59Z', '2025-12-28T23:00:00Z'],
  ];
  const api = await inZone(
    t,
    'Europe/Berlin',
    moments.flatMap((moment) => answers(moment, [9])),
  );
  await complete(api, 'responses', '2026-11-20T00:00:00Z');
  const computed = { source: 'computed', metric: 'responses', filters: { survey: 'nps', min_n: 1 } };
  await marker(api, 'daily', { ...computed, cadence: 'day' });
  await marker(api, 'weekly', { ...computed, cadence: 'week' });
  const now = '2026-11-21T00:00:00Z';
  const told = ['period', 'value', 'state'] as const;
  assert.deepEqual(await rowsOf(api, 'daily', told, { from: '2026-03-28', to: '2026-03-31', now }), [
    ['2026-03-28', 1, 'measured'],
    ['2026-03-29', 2, 'measured'],
    ['2026-03-30', 1, 'measured'],
  ]);
  assert.deepEqual(await rowsOf(api, 'daily', told, { from: '2026-10-24', to: '2026-10-27', now }), [
    ['2026-10-24', 1, 'measured'],
    ['2026-10-25', 2, 'measured'],
    ['2026-10-26', 1, 'measured'],
  ]);
  assert.deepEqual(await rowsOf(api, 'weekly', told, { from: '2025-12-28', to: '2025-12-30', now }), [
    ['2025-W52', 1, 'measured'],
    ['2026-W01', 1, 'measured'],
  ]);
  // Which day it is depends on the zone: 23:30 UTC is the next day in Berlin.
  const days = async (at: string) =>
    (await seriesOf(api, 'daily', { now: at, periods: 2 })).rows.map(({ period }) => period);
  assert.deepEqual(await days('2026-11-20T22:59:59Z'), ['2026-11-19', '2026-11-20']);
  assert.deepEqual(await days('2026-11-20T23:00:00Z'), ['2026-11-20', '2026-11-21']);
});

test('a month may begin an hour late', async (t) => {
  // Paraguay put its clocks forward at midnight of 2017-10-01: the month began at 01:00, 04:00 UTC.
  const api = await inZone(t, 'America/Asuncion', [
    ...answers('2017-10-01T03:59:59Z', [9]),
    ...answers('2017-10-01T04:00:00Z', [9, 9]),
  ]);
  await complete(api, 'responses', '2018-01-01T00:00:00Z');
  await marker(api, 'answers', { source: 'computed', metric: 'responses', filters: { survey: 'nps', min_n: 1 } });
  const asked = { from: '2017-09-01', to: '2017-11-01', now: '2018-02-01T00:00:00Z' };
  assert.deepEqual(await rowsOf(api, 'answers', ['period', 'value'], asked), [
    ['2017-09', 1],
    ['2017-10', 2],
  ]);
});

test('a mile marker outlives what it is made of, and says what is gone', async (t) => {
  const api = await inZone(t, 'UTC', answers('2026-01-10T12:00:00Z', [9]));
  await api.facts('surveys', [
    { key: 'other', name: 'Other', kind: 'nps' },
    { key: 'turns', name: 'Turns', kind: 'nps' },
  ]);
  await marker(api, 'lost', { source: 'computed', metric: 'nps', filters: { survey: 'other' } });
  await marker(api, 'turned', { source: 'computed', metric: 'nps', filters: { survey: 'turns', min_n: 1 } });
  await marker(api, 'windowless', {
    source: 'computed',
    metric: 'repeat_rate',
    filters: { survey: 'nps', window_days: 90 },
  });
  assert.equal((await api.send('DELETE', '/v1/surveys/other')).status, 204);
  await api.facts('surveys', [{ key: 'turns', name: 'Turns', kind: 'csat', scale_min: 0, scale_max: 10 }]);
  await api.facts('responses', answers('2026-01-10T13:00:00Z', [9], { survey: 'turns' }));
  await api.send('PATCH', '/v1/settings', { windows_days: [180] }, { 'if-match': '*' });
  await complete(api, 'responses', '2026-03-01T00:00:00Z');
  await refresh(api.db);

  const asked = { from: '2026-01-01', to: '2026-02-01', now: '2026-03-01T00:00:00Z' };
  for (const [key, warning] of [
    ['lost', /There is no survey 'other'/],
    ['windowless', /windows of 180 days; 90 is none/],
  ] as const) {
    const { rows, warnings } = await seriesOf(api, key, asked);
    assert.deepEqual(
      rows.map(({ value, state }) => [value, state]),
      [[null, 'no_data']],
    );
    assert.match(warnings.join(), warning);
  }
  const { rows } = await seriesOf(api, 'turned', asked);
  assert.equal(rows[0]?.state, 'withheld');
  assert.match(rows[0]?.withheld ?? '', /kind nps or custom, and this one is of the kind csat/);
  // Revenue was never sent: that is no data, and nothing to wait for.
  await marker(api, 'repeats', { source: 'computed', metric: 'repeat_rate', filters: { survey: 'nps', min_n: 1 } });
  assert.deepEqual(await rowsOf(api, 'repeats', ['value', 'n', 'state'], asked), [[null, 0, 'no_data']]);
});

test('a computed mile marker says only what its metric can be', async (t) => {
  const api = await inZone(t, 'UTC', []);
  await api.facts('surveys', [{ key: 'csat', name: 'Satisfied?', kind: 'csat' }]);
  const good = { key: 'a', name: 'A', source: 'computed', cadence: 'month', metric: 'nps', filters: { survey: 'nps' } };
  const bad: [Row, string, string][] = [
    [{ metric: null }, '/metric', 'required'],
    [{ metric: 'npss' }, '/metric', 'unknown_metric'],
    [{ filters: {} }, '/filters/survey', 'required'],
    [{ filters: { survey: 'none' } }, '/filters/survey', 'unknown_survey'],
    [{ filters: { survey: 'csat' } }, '/filters/survey', 'wrong_kind'],
    [{ filters: { survey: 'nps', owner: 'Ines' } }, '/filters/owner', 'unknown_field'],
    [{ filters: { survey: 'nps', unit: 'north' } }, '/filters/unit', 'unit_apart'],
    [{ filters: { survey: 'nps', min_n: 'ten' } }, '/filters/min_n', 'wrong_type'],
    [{ metric: 'repeat_rate', filters: { survey: 'nps', window_days: 91 } }, '/filters/window_days', 'unknown_window'],
    [{ metric: 'nrr', filters: { over: 'week' } }, '/filters/over', 'not_allowed'],
    [{ metric: 'nrr', filters: {}, cadence: 'week' }, '/cadence', 'unknown_cadence'],
    [{ unit_of_measure: 'share' }, '/unit_of_measure', 'not_the_metrics'],
    [{ direction: 'lower_is_better' }, '/direction', 'not_the_metrics'],
    [{ interval_kind: 'mean' }, '/interval_kind', 'not_readings'],
    [{ source: 'readings' }, '/metric', 'not_computed'],
    [{ source: 'readings', metric: null }, '/filters', 'not_computed'],
  ];
  for (const [row, pointer, code] of bad) {
    const { status, body } = await api.send('POST', '/v1/mile-markers', { ...good, ...row });
    const found = body.errors.find((one: { pointer: string }) => one.pointer === pointer);
    assert.deepEqual([status, found?.code], [422, code], JSON.stringify([row, body.errors]));
  }
  assert.equal((await api.get('/v1/mile-markers')).body.data.length, 0);

  // The unit of measure follows from the metric, and a change of the filters goes into them.
  const made = await api.send('POST', '/v1/mile-markers', good);
  assert.deepEqual([made.status, made.body.unit_of_measure, made.body.direction], [201, 'points', 'higher_is_better']);
  const change = (body: Row) => api.send('PATCH', '/v1/mile-markers/a', body, { 'if-match': '*' });
  assert.deepEqual((await change({ filters: { segment: 'smb', min_n: 5 } })).body.filters, {
    survey: 'nps',
    segment: 'smb',
    min_n: 5,
  });
  assert.deepEqual((await change({ filters: { segment: null } })).body.filters, { survey: 'nps', min_n: 5 });
  assert.equal((await change({ filters: { survey: null } })).body.errors[0].pointer, '/filters/survey');
  const moved = await change({ metric: 'mean_score', direction: 'lower_is_better' });
  assert.deepEqual([moved.body.unit_of_measure, moved.body.direction], ['score', 'lower_is_better']);

  // What readings were by the month cannot be told by the week.
  await marker(api, 'answered');
  const one = { mile_marker: 'answered', period_start_on: '2026-01-01', numerator: 1, denominator: 2 };
  await api.facts('readings', [one]);
  const refused = await api.send('PATCH', '/v1/mile-markers/answered', { cadence: 'week' }, { 'if-match': '*' });
  assert.deepEqual([refused.status, refused.body.code], [409, 'has_readings']);
});

test('the series of a mile marker, as people and programs ask for it', async (t) => {
  const api = await inZone(t, 'UTC', []);
  await api.facts('units', [
    { key: 'north', name: 'North' },
    { key: 'store-1', name: 'Store 1', parent: 'north' },
    { key: 'south', name: 'South' },
  ]);
  await marker(api, 'answered', { name: 'Calls answered', unit: 'north', description: 'Within three rings.' });
  const of = (unit: string, period_start_on: string, numerator: number) => ({
    ...{ mile_marker: 'answered', unit, period_start_on, numerator, denominator: 200 },
  });
  await api.facts('readings', [
    of('north', '2026-01-01', 170),
    of('north', '2026-02-01', 160),
    of('store-1', '2026-02-01', 100),
  ]);
  const get = (query: string) => api.get(`/v1/mile-markers/answered/series?${query}`);
  const { status, body } = await get('from=2026-01-01&to=2026-04-01');
  assert.equal(status, 200);
  assert.equal(
    body.reads_as,
    'Calls answered in unit north: 80.0% in 2026-02 (95% interval 73.9% to 85.0%; n 200), after 85.0% in 2026-01.',
  );
  assert.deepEqual(body.definition, { id: 'answered', version: 1, text: 'Within three rings.' });
  const { time_zone, currency, ...parameters } = body.parameters;
  assert.deepEqual([time_zone, currency], ['UTC', 'EUR']);
  assert.deepEqual(parameters, {
    mile_marker: 'answered',
    metric: null,
    filters: {},
    cadence: 'month',
    unit: 'north',
    from: '2026-01-01',
    to: '2026-04-01',
  });
  assert.deepEqual(
    body.data.map(({ period, value, state }: Reply['body']) => [period, value, state]),
    [
      ['2026-01', 0.85, 'measured'],
      ['2026-02', 0.8, 'measured'],
      ['2026-03', null, 'no_data'],
    ],
  );
  assert.equal((await get('unit=store-1&from=2026-01-01&to=2026-04-01')).body.data[1].value, 0.5);
  assert.equal((await get('')).body.data.length, 13);
  assert.equal((await get('periods=3')).body.data.length, 3);
  assert.match((await get('from=2025-01-01&to=2025-03-01')).body.reads_as, /nothing is known of it in these periods/);
  assert.deepEqual((await get('to=0900-01-01')).body.data, []);
  // So far back only the last 400 periods are told.
  const long = (await get('from=1900-01-01&to=2026-04-01')).body;
  assert.deepEqual([long.data.length, long.warnings.length], [400, 1]);

  for (const [query, code] of [
    ['unit=south', 'unit_outside'],
    ['from=2026-02-01&to=2026-02-01', 'empty_period'],
    ['from=2026-02-30', 'invalid_query'],
    ['periods=0', 'invalid_query'],
  ])
    assert.deepEqual([(await get(String(query))).status, (await get(String(query))).body.code], [400, code], query);
  assert.equal((await api.get('/v1/mile-markers/none/series')).status, 404);

  const csv = await get('from=2026-01-01&to=2026-03-01&format=csv');
  assert.equal(csv.headers['content-type'], 'text/csv; charset=utf-8');
  assert.deepEqual(csv.text.split('\r\n').slice(0, 2), [
    'period,period_start_on,period_end_on,value,n,low,high,state,withheld,units',
    `2026-01,2026-01-01,2026-02-01,0.85,200,0.793944,0.892864,measured,,`,
  ]);

  // An archived one can still be read. Money is told with its currency.
  await api.send('DELETE', '/v1/mile-markers/answered', undefined, { 'if-match': '*' });
  assert.equal((await get('periods=1')).status, 200);
  await api.facts('responses', answers('2026-01-10T12:00:00Z', [10, 9]));
  await api.facts('revenue-events', [
    payment({ customer_id: '2026-01-10T12:00:00Z 0 ', amount: '30.00', occurred_at: '2026-01-20T12:00:00Z' }),
  ]);
  await complete(api, 'revenue-events', '2026-11-01T00:00:00Z');
  const filters = { survey: 'nps', min_n: 1 };
  await marker(api, 'worth', { name: 'Worth', source: 'computed', metric: 'revenue_per_customer', filters });
  const worth = (await api.get('/v1/mile-markers/worth/series?from=2026-01-01&to=2026-02-01')).body;
  // 30 and 0: mean 15, and t(0.975, 1) = 12.706205 x 15 around it.
  assert.equal(worth.reads_as, 'Worth: 15.00 EUR in 2026-01 (95% interval -175.59 to 205.59 EUR; n 2).');
  assert.equal(worth.definition.id, 'revenue_after');
  assert.equal(worth.fresh.complete_through, '2026-11-01T00:00:00.000Z');
});
