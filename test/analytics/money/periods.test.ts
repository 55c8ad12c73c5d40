import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dateOf, inPeriod, labelOf, monthOf, periodsOf } from '../../../src/analytics/money/periods.ts';

const month = (text: string) => monthOf(`${text}-01`);
const asked = (more: Partial<Parameters<typeof periodsOf>[0]>) =>
  periodsOf({
    by: 'month',
    against: 'year_before',
    from: null,
    to: null,
    complete: month('2026-11'),
    first: month('2020-01'),
    ...more,
  });
const told = (more: Partial<Parameters<typeof periodsOf>[0]>) =>
  asked(more)?.map(({ label, base_from, base_to }) => `${label} | ${dateOf(base_from)} ${dateOf(base_to)}`);

test('months are numbers that go through the turn of the year', () => {
  assert.equal(month('2026-01') - month('2025-12'), 1);
  assert.equal(dateOf(month('2025-12') + 1), '2026-01-01');
  assert.equal(dateOf(month('1900-02')), '1900-02-01');
  assert.deepEqual(
    [labelOf('month', month('2026-03')), labelOf('quarter', month('2026-10')), labelOf('year', month('2026-01'))],
    ['2026-03', '2026-Q4', '2026'],
  );
});

test('by default one trailing year is told, against the one before', () => {
  assert.deepEqual(told({ by: 'trailing_year' }), ['2025-11 to 2026-10 | 2024-11-01 2025-11-01']);
  assert.deepEqual(told({ by: 'trailing_year', against: 'previous' }), told({ by: 'trailing_year' }));
  assert.equal(
    inPeriod('trailing_year', asked({ by: 'trailing_year' })?.[0] ?? assert.fail()),
    'In the 12 months from 2025-11 to 2026-10',
  );
});

test('trailing years are laid backwards from `to`, as many as fit', () => {
  assert.deepEqual(told({ by: 'trailing_year', from: month('2024-01'), to: month('2026-07') }), [
    '2024-07 to 2025-06 | 2023-07-01 2024-07-01',
    '2025-07 to 2026-06 | 2024-07-01 2025-07-01',
  ]);
});

test('periods of the calendar are whole and complete', () => {
  assert.deepEqual(told({ by: 'quarter', from: month('2026-02') }), [
    '2026-Q2 | 2025-04-01 2025-07-01',
    '2026-Q3 | 2025-07-01 2025-10-01',
  ]);
  assert.deepEqual(told({ by: 'quarter', from: month('2026-07'), against: 'previous' }), [
    '2026-Q3 | 2026-04-01 2026-07-01',
  ]);
  assert.deepEqual(told({ by: 'year', from: month('2025-01') }), ['2025 | 2024-01-01 2025-01-01']);
  assert.deepEqual(told({ by: 'month', from: month('2026-10'), to: month('2027-05') }), [
    '2026-10 | 2025-10-01 2025-11-01',
  ]);
  assert.deepEqual(told({ by: 'month', from: month('2026-11') }), []);
  assert.deepEqual(told({ by: 'month', from: month('2027-03') }), []);
});

test('without `from` there are the usual number, but none whose base lies before all revenue', () => {
  assert.equal(asked({})?.length, 12);
  assert.equal(asked({ by: 'quarter' })?.length, 8);
  assert.deepEqual(
    asked({ by: 'year' })?.map(({ label }) => label),
    ['2023', '2024', '2025'],
  );
  // Revenue begins in September 2025: September 2026 is the first month with a base.
  assert.deepEqual(
    asked({ first: month('2025-09') })?.map(({ label }) => label),
    ['2026-09', '2026-10'],
  );
  // ... and the third quarter the first one, though two months of its base are empty.
  assert.deepEqual(
    asked({ by: 'quarter', first: month('2025-09') })?.map(({ label }) => label),
    ['2026-Q3'],
  );
  assert.deepEqual(asked({ by: 'trailing_year', first: month('2026-01') }), []);
  assert.equal(asked({ by: 'trailing_year', first: month('2025-10') })?.length, 1);
});

test('thirty-six periods are the most', () => {
  assert.equal(asked({ from: month('2023-11') })?.length, 36);
  assert.equal(asked({ from: month('2023-10') }), null);
});
