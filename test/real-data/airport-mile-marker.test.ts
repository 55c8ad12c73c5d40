import assert from 'node:assert/strict';
import { test } from 'node:test';
import { near, wilson } from './figures.ts';
import { missing, readCsv, startService } from './loader.ts';

/** The share of good answers about the airport as a whole: 4 and 5 among 1 to 5. 6 is `never used it`, 0 is blank. */
function topTwo(year: string): { numerator: number; denominator: number } {
  const scores = readCsv('sfo_airport', `${year}_SFO_Customer_Survey.csv`).map(({ Q7ALL }) => Number(Q7ALL));
  const count = (low: number, high: number) => scores.filter((score) => score >= low && score <= high).length;
  return { numerator: count(4, 5), denominator: count(1, 5) };
}

test('airport: the yearly top two of the whole airport, as readings of a mile marker', {
  skip: missing('sfo_airport'),
}, async (t) => {
  const service = await startService(t);
  const marker = {
    key: 'airport-top-two',
    name: 'Passengers who rate the airport good or outstanding',
    source: 'readings',
    cadence: 'year',
    unit_of_measure: 'share',
    interval_kind: 'proportion',
  };
  const made = await service.request('POST', '/v1/mile-markers', marker);
  assert.equal(made.status, 201);
  const years = { 2017: topTwo('2017'), 2018: topTwo('2018') };
  const report = await service.send(
    'readings',
    Object.entries(years).map(([year, counts]) => ({
      mile_marker: marker.key,
      period_start_on: `${year}-01-01`,
      ...counts,
    })),
  );
  assert.equal(report.created, 2);

  const { data, reads_as } = await service.ask(`/v1/mile-markers/${marker.key}/series?from=2016-01-01&to=2020-01-01`);
  assert.deepEqual(
    data.map(({ period, state }) => [period, state]),
    [
      ['2016', 'no_data'],
      ['2017', 'measured'],
      ['2018', 'measured'],
      ['2019', 'no_data'],
    ],
  );
  const [, first, second] = data;
  assert.deepEqual([first?.value.toFixed(3), second?.value.toFixed(3)], ['0.821', '0.784']);
  for (const [row, counts] of [
    [first, years[2017]],
    [second, years[2018]],
  ] as const) {
    const { low, high } = wilson(counts.numerator, counts.denominator);
    assert.equal(row?.n, counts.denominator);
    near(row?.low, low, 'low');
    near(row?.high, high, 'high');
  }
  assert.match(reads_as, /78\.4% in 2018 \(95% interval .*\), after 82\.1% in 2017\.$/);
});
