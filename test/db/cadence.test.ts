import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cadences, dayBefore, periodEnd, periodLabel, periodStart, periodsWithin } from '../../src/db/cadence.ts';

test('periods begin where the calendar says, and weeks on Monday', () => {
  // 2026-03-17 is a Tuesday.
  const day = '2026-03-17';
  assert.deepEqual(
    cadences.map((cadence) => {
      const start = periodStart(cadence, day);
      return [start, periodEnd(cadence, start), periodLabel(cadence, start)];
    }),
    [
      ['2026-03-17', '2026-03-18', '2026-03-17'],
      ['2026-03-16', '2026-03-23', '2026-W12'],
      ['2026-03-01', '2026-04-01', '2026-03'],
      ['2026-01-01', '2026-04-01', '2026-Q1'],
      ['2026-01-01', '2027-01-01', '2026'],
    ],
  );
  assert.equal(periodEnd('month', '2026-12-01'), '2027-01-01');
  assert.equal(periodEnd('day', '2024-02-28'), '2024-02-29');
});

test('a week belongs to the year of its Thursday, as ISO 8601 has it', () => {
  const weekOf = (day: string) => periodLabel('week', periodStart('week', day));
  // Friday 2021-01-01 is in the last week of 2020, which has 53; Monday 2018-12-31 is in the first of 2019.
  assert.deepEqual(
    ['2021-01-01', '2021-01-03', '2021-01-04', '2018-12-31', '2020-12-31', '2026-01-01', '2016-01-03'].map(weekOf),
    ['2020-W53', '2020-W53', '2021-W01', '2019-W01', '2020-W53', '2026-W01', '2015-W53'],
  );
});

test('periods within two days are those that share a day with them', () => {
  assert.deepEqual(periodsWithin('month', '2026-01-31', '2026-03-02', 100), ['2026-01-01', '2026-02-01', '2026-03-01']);
  assert.deepEqual(periodsWithin('month', '2026-01-01', '2026-03-01', 100), ['2026-01-01', '2026-02-01']);
  assert.deepEqual(periodsWithin('year', null, '2026-03-02', 3), ['2024-01-01', '2025-01-01', '2026-01-01']);
  assert.deepEqual(periodsWithin('day', '2026-03-01', '2026-03-10', 2), ['2026-03-08', '2026-03-09']);
  assert.deepEqual(periodsWithin('week', '2026-03-05', '2026-03-05', 9), []);
  assert.deepEqual(periodsWithin('week', '2026-03-06', '2026-03-05', 9), []);
  assert.deepEqual(periodsWithin('year', '0001-01-01', '0900-01-01', 9), []);
});

test('every day is in one period, and periods leave no gap', () => {
  const day = fc
    .date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));
  fc.assert(
    fc.property(fc.constantFrom(...cadences), day, (cadence, one) => {
      const start = periodStart(cadence, one);
      const end = periodEnd(cadence, start);
      assert.ok(start <= one && one < end);
      assert.equal(periodStart(cadence, dayBefore(end)), start);
      assert.equal(periodStart(cadence, end), end);
      const before = periodStart(cadence, dayBefore(start));
      assert.notEqual(periodLabel(cadence, before), periodLabel(cadence, start));
      assert.deepEqual(periodsWithin(cadence, before, end, 9), [before, start]);
    }),
  );
});
