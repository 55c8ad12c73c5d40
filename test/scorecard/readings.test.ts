import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Api, testApi } from '../support/api.ts';
import type { Row } from '../support/world.ts';
import { marker, rowsOf, seriesOf } from './markers.ts';

const reading = (unit: string | null, month: string, numerator: number, denominator: number): Row => ({
  mile_marker: 'answered',
  unit,
  period_start_on: `${month}-01`,
  numerator,
  denominator,
});

const tree = [
  { key: 'company', name: 'Company' },
  { key: 'north', name: 'North', parent: 'company' },
  { key: 'south', name: 'South', parent: 'company' },
  { key: 'store-1', name: 'Store 1', parent: 'north' },
  { key: 'store-2', name: 'Store 2', parent: 'north' },
  { key: 'store-3', name: 'Store 3', parent: 'south' },
];

test('readings of units add up, each as high in the tree as there is one', async (t) => {
  const api = await testApi(t);
  await api.facts('units', tree);
  await marker(api, 'answered');
  await api.facts('readings', [
    // January: only stores, and a kiosk that is nowhere in the tree.
    reading('store-1', '2026-01', 90, 100),
    reading('store-2', '2026-01', 40, 50),
    reading('store-3', '2026-01', 40, 50),
    reading('kiosk', '2026-01', 9, 10),
    // February: the north as a whole, which covers its stores, and one of these.
    reading('north', '2026-02', 150, 200),
    reading('store-1', '2026-02', 7, 50),
    reading('store-3', '2026-02', 45, 50),
    // March: the whole company, and one store.
    reading(null, '2026-03', 900, 1000),
    reading('store-1', '2026-03', 0, 10),
    // April: nothing. May runs.
    reading('store-1', '2026-05', 20, 20),
  ]);
  const asked = { from: '2026-01-01', now: '2026-05-10T12:00:00Z' };
  const columns = ['period', 'value', 'n', 'units', 'state'] as const;

  // Nobody: 90 + 40 + 40 + 9 of 210; 150 + 45 of 250; its own; nothing; 20 of 20 so far.
  assert.deepEqual(await rowsOf(api, 'answered', columns, asked), [
    ['2026-01', 0.852381, 210, 4, 'measured'],
    ['2026-02', 0.78, 250, 2, 'measured'],
    ['2026-03', 0.9, 1000, null, 'measured'],
    ['2026-04', null, 0, null, 'no_data'],
    ['2026-05', 1, 20, 1, 'partial'],
  ]);
  // Without the kiosk, 170 of 200; what is said of nobody in March is not the tree's, which has 0 of 10.
  assert.deepEqual(await rowsOf(api, 'answered', columns, { ...asked, unit: 'company' }), [
    ['2026-01', 0.85, 200, 3, 'measured'],
    ['2026-02', 0.78, 250, 2, 'measured'],
    ['2026-03', 0, 10, 1, 'measured'],
    ['2026-04', null, 0, null, 'no_data'],
    ['2026-05', 1, 20, 1, 'partial'],
  ]);
  // 130 of 150; its own 150 of 200.
  assert.deepEqual((await rowsOf(api, 'answered', columns, { ...asked, unit: 'north' })).slice(0, 2), [
    ['2026-01', 0.866667, 150, 2, 'measured'],
    ['2026-02', 0.75, 200, null, 'measured'],
  ]);
  assert.deepEqual((await rowsOf(api, 'answered', columns, { ...asked, unit: 'nowhere' }))[0], [
    '2026-01',
    null,
    0,
    null,
    'no_data',
  ]);

  // Wilson, as scipy has it: 170 of 200, 7 of 50, 0 of 10.
  const limits = ['low', 'high'] as const;
  assert.deepEqual((await rowsOf(api, 'answered', limits, { ...asked, unit: 'company' }))[0], [0.793944, 0.892864]);
  assert.deepEqual((await rowsOf(api, 'answered', limits, { ...asked, unit: 'store-1' })).slice(1, 3), [
    [0.069508, 0.261862],
    [0, 0.277533],
  ]);

  // Who reported differs from month to month, and that is said.
  const { warnings } = await seriesOf(api, 'answered', asked);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /from different numbers of units, 1 to 4/);
  assert.deepEqual((await seriesOf(api, 'answered', { ...asked, unit: 'store-1' })).warnings, []);
});

test('means add up with their standard errors, and what has no numerator does not add up', async (t) => {
  const api = await testApi(t);
  await api.facts('units', tree);
  await marker(api, 'wait', { unit_of_measure: 'seconds', direction: 'lower_is_better', interval_kind: 'mean' });
  const of = (unit: string, month: string, row: Row) => ({
    mile_marker: 'wait',
    unit,
    period_start_on: `${month}-01`,
    ...row,
  });
  await api.facts('readings', [
    of('store-1', '2026-01', { numerator: 48, denominator: 4, n: 4, standard_error: 1 }),
    of('store-2', '2026-01', { numerator: 120, denominator: 6, n: 6, standard_error: 2 }),
    of('store-1', '2026-02', { value: 12, n: 4, standard_error: 1 }),
    of('store-2', '2026-02', { value: 20, standard_error: 2 }),
    of('store-1', '2026-03', { value: 12 }),
  ]);
  const asked = { from: '2026-01-01', to: '2026-04-01', now: '2026-05-10T12:00:00Z' };
  const columns = ['value', 'n', 'low', 'high', 'units', 'state'] as const;
  // 168 / 10; its error is sqrt((4 x 1)^2 + (6 x 2)^2) / 10 = 1.264911, and t(0.975, 9) = 2.262157.
  // February has values alone: they are there, and cannot be added up. So is March, of one unit.
  assert.deepEqual(await rowsOf(api, 'wait', columns, { ...asked, unit: 'north' }), [
    [16.8, 10, 13.938572, 19.661428, 2, 'measured'],
    [null, null, null, null, 2, 'withheld'],
    [null, null, null, null, 1, 'withheld'],
  ]);
  const { warnings } = await seriesOf(api, 'wait', { ...asked, unit: 'north' });
  assert.match(warnings.join(' '), /do not add up: ask for one unit/);
  // One's own: 12 -+ t(0.975, 3) = 3.182446; without n 20 -+ 1.959964 x 2; without an error no interval.
  assert.deepEqual(await rowsOf(api, 'wait', columns, { ...asked, unit: 'store-1' }), [
    [12, 4, 8.817554, 15.182446, null, 'measured'],
    [12, 4, 8.817554, 15.182446, null, 'measured'],
    [12, null, null, null, null, 'measured'],
  ]);
  assert.deepEqual((await rowsOf(api, 'wait', columns, { ...asked, unit: 'store-2' }))[1], [
    20,
    null,
    16.080072,
    23.919928,
    null,
    'measured',
  ]);
});

test('a bad reading is told by field and cure, and changes nothing', async (t) => {
  const api = await testApi(t);
  await api.facts('surveys', [{ key: 'nps', name: 'Recommend?', kind: 'nps' }]);
  await marker(api, 'answered');
  await marker(api, 'wait', { unit_of_measure: 'seconds', interval_kind: 'mean', cadence: 'week' });
  await marker(api, 'ratio', { interval_kind: null });
  await marker(api, 'nps', { source: 'computed', metric: 'nps', filters: { survey: 'nps' } });
  await marker(api, 'of-north', { unit: 'north' });
  await marker(api, 'gone');
  await api.send('DELETE', '/v1/mile-markers/gone', undefined, { 'if-match': '*' });
  const good = reading('store-1', '2026-01', 9, 10);
  const { numerator: _, denominator: __, ...bare } = good;
  const bad: [Row, string, string][] = [
    [{ ...good, mile_marker: 'none' }, '/mile_marker', 'unknown_mile_marker'],
    [{ ...good, mile_marker: 'nps' }, '/mile_marker', 'computed_mile_marker'],
    [{ ...good, mile_marker: 'gone' }, '/mile_marker', 'archived'],
    [{ ...good, mile_marker: 'of-north', unit: null }, '/unit', 'required'],
    [{ ...good, period_start_on: '2026-01-02' }, '/period_start_on', 'not_a_period'],
    [{ mile_marker: 'wait', period_start_on: '2026-01-01', value: 1 }, '/period_start_on', 'not_a_period'],
    [{ ...good, denominator: null }, '/denominator', 'required'],
    [{ ...good, numerator: null }, '/numerator', 'required'],
    [{ ...good, denominator: 0, numerator: 0 }, '/denominator', 'not_positive'],
    [{ ...good, denominator: -10 }, '/denominator', 'not_positive'],
    [{ ...good, value: 0.91 }, '/value', 'not_the_ratio'],
    [{ ...good, numerator: 11 }, '/numerator', 'out_of_range'],
    [{ ...good, numerator: 8.5 }, '/numerator', 'not_whole'],
    [{ ...good, n: 11 }, '/n', 'not_the_denominator'],
    [{ ...good, n: 1.5 }, '/n', 'not_whole'],
    [{ ...good, n: -1 }, '/n', 'too_small'],
    [{ ...good, standard_error: 1 }, '/standard_error', 'no_mean'],
    [{ ...bare, value: 0.5 }, '/numerator', 'required'],
    [{ ...bare, mile_marker: 'ratio' }, '/value', 'required'],
    [{ ...bare, mile_marker: 'ratio', numerator: 1e15, denominator: 1e-5 }, '/denominator', 'too_small'],
    [{ ...good, period_end_on: '2026-02-01' }, '/period_end_on', 'unknown_field'],
    [{ ...good, period_start_on: '2099-01-01' }, '/period_start_on', 'out_of_range'],
  ];
  for (const [row, pointer, code] of bad) {
    const { status, body } = await api.send('POST', '/v1/readings', [good, row]);
    const first = body.errors.find((one: { code: string }) => one.code === code);
    assert.deepEqual([status, first?.row, first?.pointer], [422, 2, pointer], JSON.stringify([row, body.errors]));
  }
  assert.deepEqual((await api.get('/v1/readings')).body.data, []);

  // Where the numbers are nearly those of the ratio, the ratio is kept; where the day is not, the right one is named.
  const third = { mile_marker: 'ratio', period_start_on: '2026-01-01', numerator: 1, denominator: 3 };
  await api.facts('readings', [{ ...third, value: 0.3333333 }]);
  assert.equal((await api.get('/v1/readings/ratio:2026-01-01')).body.value, 1 / 3);
  const { body } = await api.send('POST', '/v1/readings', { ...third, period_start_on: '2026-01-17' });
  assert.match(body.errors[0].detail, /begins on 2026-01-01/);
});

test('there is one reading of a mile marker, unit and period, and it is sent, corrected, followed and removed', async (t) => {
  const api = await testApi(t);
  await marker(api, 'answered');
  const good = reading('store-1', '2026-01', 9, 10);
  const path = '/v1/readings/answered:2026-01-01:store-1';
  assert.equal((await api.send('PUT', path, good)).status, 201);
  const { source, recorded_at: _, changed_at: __, ...shown } = (await api.get(path)).body;
  assert.deepEqual(shown, {
    id: 'answered:2026-01-01:store-1',
    mile_marker: 'answered',
    unit: 'store-1',
    period_start_on: '2026-01-01',
    period_end_on: '2026-02-01',
    value: 0.9,
    n: 10,
    numerator: 9,
    denominator: 10,
    standard_error: null,
    note: null,
  });
  assert.equal(typeof source, 'string');
  // The same again is nothing new; twice in one batch with another value is refused; another value corrects it.
  assert.equal((await api.send('POST', '/v1/readings', [good, good])).body.unchanged, 2);
  const other = { ...good, numerator: 8 };
  assert.equal((await api.send('POST', '/v1/readings', [good, other])).body.errors[0].code, 'duplicate_id');
  const csv = 'mile_marker,unit,period_start_on,numerator,denominator\nanswered,store-1,2026-01-01,8,10\n';
  assert.equal((await api.send('POST', '/v1/readings', csv)).body.updated, 1);
  const [entry] = (await api.get(`/v1/audit?noun=reading&key=${encodeURIComponent(shown.id)}`)).body.data;
  assert.deepEqual([entry.before.value, entry.after.value], [0.9, 0.8]);
  // Another path than the one that the row says.
  assert.equal((await api.send('PUT', '/v1/readings/answered:2026-01-01', good)).body.errors[0].code, 'other_key');

  const changes = (await api.get('/v1/changes/readings')).body;
  assert.deepEqual(
    changes.data.map(({ id, value }: Row) => [id, value]),
    [[shown.id, 0.8]],
  );
  const odata = await api.get('/odata/v1/readings');
  assert.deepEqual(
    odata.body.value.map((row: Row) => [row.id, row.period_start_on, row.value]),
    [[shown.id, '2026-01-01', 0.8]],
  );
  assert.equal((await api.get('/v1/readings?mile_marker=answered&period_start_on=2026-01-01')).body.data.length, 1);
  assert.equal((await api.get('/v1/readings?period_start_on=2026-02-01')).body.data.length, 0);
  assert.equal((await api.send('DELETE', path)).status, 204);
  assert.equal((await api.get(path)).status, 404);
});

test('long units have ids of their own that an address can take', async (t) => {
  const api = await testApi(t);
  await marker(api, 'm'.repeat(64));
  const units = ['u'.repeat(51), 'u'.repeat(52), 'u'.repeat(53), `${'u'.repeat(127)}ä`];
  await api.facts(
    'readings',
    units.map((unit) => ({ ...reading(unit, '2026-01', 1, 2), mile_marker: 'm'.repeat(64) })),
  );
  const { data } = (await api.get('/v1/readings')).body;
  assert.equal(new Set(data.map(({ id }: Row) => id)).size, 4);
  for (const { id, unit } of data) {
    assert.ok(id.length <= 128);
    assert.equal((await api.get(`/v1/readings/${encodeURIComponent(id)}`)).body.unit, unit);
  }
});

test('two senders of one reading at once leave one of them', async (t) => {
  const api: Api = await testApi(t);
  await marker(api, 'answered');
  const sent = Array.from({ length: 8 }, (_, at) => reading('store-1', '2026-01', at, 10));
  const replies = await Promise.all(sent.map((row) => api.send('POST', '/v1/readings', row)));
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
  assert.equal((await api.get('/v1/readings')).body.data.length, 1);
});
