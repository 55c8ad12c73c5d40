import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { freshnessOf, type Measured, standingOf, type Terms } from '../../src/scorecard/pace.ts';

/** From 20 on 1 January to 40 on the last day of 2026: 365 days. */
const rise: Terms = {
  direction: 'increase_to',
  baseline: 20,
  target: 40,
  target_low: null,
  target_high: null,
  starts_on: '2026-01-01',
  ends_on: '2026-12-31',
  ahead_below: -5,
  on_track_below: 16.5,
  behind_below: 33,
};
const stay: Terms = { ...rise, direction: 'stay_above', baseline: null, target: 90 };

/** A month of 2026 with its value, and an interval so far to each side. */
const month = (number: number, value: number, margin: number | null = null): Measured => {
  const day = (at: number) => `${2026 + Math.floor((at - 1) / 12)}-${String(((at - 1) % 12) + 1).padStart(2, '0')}-01`;
  return {
    from: day(number),
    to: day(number + 1),
    value,
    low: margin === null ? null : value - margin,
    high: margin === null ? null : value + margin,
  };
};
const near = (value: number | null, expected: number) =>
  assert.ok(value !== null && Math.abs(value - expected) < 1e-9, `${value} is not ${expected}`);

test('a goal to increase is held against the straight way, at the end of the period that was measured', () => {
  // June ends after 181 of 365 days: expected are 20 + 20 x 181 / 365 = 29.918; 31 is 11 of 20 on the way = 0.55.
  const half = standingOf(rise, [month(5, 25), month(6, 31)], '2026-08-20');
  near(half.expected_progress, 181 / 365);
  near(half.expected_value, 20 + (20 * 181) / 365);
  near(half.progress, 0.55);
  // The gap is 49.6 - 55 = -5.4 points of the way.
  assert.equal(half.state, 'ahead');
  // 49.6 - 50 = -0.4; 49.6 - 33.5 = 16.1; 49.6 - 33 = 16.6; 49.6 - 17 = 32.6; 49.6 - 16.5 = 33.1.
  for (const [value, state] of [
    [30, 'on_track'],
    [26.7, 'on_track'],
    [26.6, 'behind'],
    [23.4, 'behind'],
    [23.3, 'at_risk'],
    [40, 'achieved'],
    [45, 'achieved'],
  ] as const)
    assert.equal(standingOf(rise, [month(6, value)], '2026-07-01').state, state, String(value));
});

test('progress lies below 0 where it goes backwards, and above 1 beyond the target', () => {
  const back = standingOf(rise, [month(6, 15)], '2026-07-01');
  near(back.progress, -0.25);
  assert.equal(back.state, 'at_risk');
  near(standingOf(rise, [month(6, 50)], '2026-07-01').progress, 1.5);
});

test('a goal to decrease is the same downwards', () => {
  const fall: Terms = { ...rise, direction: 'decrease_to', baseline: 40, target: 20 };
  const half = standingOf(fall, [month(6, 29)], '2026-07-01');
  near(half.progress, 0.55);
  near(half.expected_value, 40 - (20 * 181) / 365);
  assert.equal(half.state, 'ahead');
  assert.equal(standingOf(fall, [month(6, 45)], '2026-07-01').progress, -0.25);
  assert.equal(standingOf(fall, [month(6, 20)], '2026-07-01').state, 'achieved');
});

test('goals to stay somewhere are held against the target, and have no way', () => {
  const low: Terms = { ...stay, direction: 'stay_below', target: 10 };
  const range: Terms = { ...stay, direction: 'within_range', target: null, target_low: 3, target_high: 5 };
  for (const [terms, value, state] of [
    [stay, 90, 'on_track'],
    [stay, 89.9, 'at_risk'],
    [low, 10, 'on_track'],
    [low, 10.1, 'at_risk'],
    [range, 3, 'on_track'],
    [range, 5, 'on_track'],
    [range, 2.9, 'at_risk'],
    [range, 5.1, 'at_risk'],
  ] as const) {
    const standing = standingOf(terms, [month(6, value)], '2026-07-01');
    assert.deepEqual([standing.state, standing.progress, standing.expected_value], [state, null, null], String(value));
  }
});

test('where the baseline is the target, the target decides and nothing is divided by zero', () => {
  const level: Terms = { ...rise, baseline: 40 };
  assert.deepEqual(
    [41, 39]
      .map((value) => standingOf(level, [month(6, value)], '2026-07-01'))
      .map(({ state, progress }) => [state, progress]),
    [
      ['on_track', null],
      ['at_risk', null],
    ],
  );
});

test('an interval that straddles what was expected is inconclusive, and the value alone is told beside it', () => {
  // Expected are 29.918.
  const wide = standingOf(rise, [month(6, 23, 8)], '2026-07-01');
  assert.deepEqual([wide.state, wide.value_alone], ['inconclusive', 'at_risk']);
  assert.equal(standingOf(rise, [month(6, 23, 6)], '2026-07-01').state, 'at_risk');
  // Beyond the target, but the interval is not: no more than ahead can be told.
  const beyond = standingOf(rise, [month(6, 41, 3)], '2026-07-01');
  assert.deepEqual([beyond.state, beyond.value_alone], ['ahead', 'achieved']);
  assert.equal(standingOf(rise, [month(6, 41, 1)], '2026-07-01').state, 'achieved');
  assert.equal(standingOf(stay, [month(6, 91, 2)], '2026-07-01').state, 'inconclusive');
  const range: Terms = { ...stay, direction: 'within_range', target: null, target_low: 3, target_high: 5 };
  assert.equal(standingOf(range, [month(6, 4, 0.5)], '2026-07-01').state, 'on_track');
  assert.equal(standingOf(range, [month(6, 4, 1.5)], '2026-07-01').state, 'inconclusive');
  // A bound that just meets the target straddles nothing.
  assert.equal(standingOf(stay, [month(6, 92, 2)], '2026-07-01').state, 'on_track');
});

test('before its days a goal is not started, without a value among them there is no data', () => {
  assert.equal(standingOf(rise, [month(1, 30)], '2025-12-31').state, 'not_started');
  assert.equal(standingOf(rise, [], '2026-07-01').state, 'no_data');
  // December 2025 ends when the goal begins.
  const december = { ...month(1, 30), from: '2025-12-01', to: '2026-01-01' };
  assert.equal(standingOf(rise, [december], '2026-07-01').state, 'no_data');
  assert.equal(standingOf(rise, [december], '2027-07-01').state, 'no_data');
});

test('a period that still runs is held against what is expected today', () => {
  // On 16 June 166 of 365 days are over.
  near(standingOf(rise, [month(6, 30)], '2026-06-16').expected_progress, 166 / 365);
});

test('when its days are over, the last period among them decides, and what comes after tells whether it holds', () => {
  const after = '2027-03-05';
  assert.equal(standingOf(rise, [month(12, 40)], after).state, 'achieved');
  assert.equal(standingOf(rise, [month(12, 39)], after).state, 'missed');
  assert.equal(standingOf(rise, [month(12, 39, 2)], after).state, 'inconclusive');
  assert.equal(standingOf(rise, [month(12, 41), month(13, 42), month(14, 43)], after).state, 'sustaining');
  assert.equal(standingOf(rise, [month(12, 41), month(13, 42), month(14, 38)], after).state, 'achieved');
  assert.equal(standingOf(rise, [month(12, 41), month(14, 41, 3)], after).state, 'achieved');
  assert.equal(standingOf(rise, [month(12, 39), month(13, 42)], after).state, 'missed');
  assert.equal(standingOf(stay, [month(12, 95)], after).state, 'achieved');
  near(standingOf(rise, [month(12, 39)], after).expected_value, 40);
});

test('a rise and its mirror image stand alike, whatever the numbers', () => {
  const number = fc.integer({ min: -1000, max: 1000 });
  fc.assert(
    fc.property(
      number,
      number,
      number,
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 1, max: 12 }),
      (baseline, way, value, margin, at) => {
        const target = baseline + Math.abs(way);
        const up = standingOf({ ...rise, baseline, target }, [month(at, value, margin)], '2026-12-31');
        const down = standingOf(
          { ...rise, direction: 'decrease_to', baseline: -baseline, target: -target },
          [month(at, -value, margin)],
          '2026-12-31',
        );
        assert.equal(up.state, down.state);
        assert.ok(up.progress === null || Number.isFinite(up.progress));
      },
    ),
  );
});

test('a goal is fresh within its cadence, due within twice that, then overdue', () => {
  assert.deepEqual(
    ['2026-03-01', '2026-03-08', '2026-03-09', '2026-03-15', '2026-03-16'].map((today) =>
      freshnessOf('week', '2026-03-01', today),
    ),
    [
      { days: 0, freshness: 'fresh' },
      { days: 7, freshness: 'fresh' },
      { days: 8, freshness: 'due' },
      { days: 14, freshness: 'due' },
      { days: 15, freshness: 'overdue' },
    ],
  );
});
