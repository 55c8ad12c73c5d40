import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binomialRanks, medianOf } from '../../src/stats/median.ts';

const each = (values: readonly number[]) => values.map((value, at) => ({ value, group: at % 32 }));

test('the ranks are those of the binomial distribution', () => {
  // scipy.stats.binom.ppf(0.025, n, 0.5) and n + 1 less that; the usual table of the sign test.
  for (const [n, low] of [
    [6, 1],
    [8, 1],
    [9, 2],
    [10, 2],
    [20, 6],
    [25, 8],
    [100, 40],
    [1_000, 469],
    [1_000_000, 499_020],
  ] as const)
    assert.deepEqual(binomialRanks(n), { low, high: n + 1 - low }, `n = ${n}`);
  for (const n of [0, 1, 5]) assert.equal(binomialRanks(n), null);
});

test('the median lies between the two in the middle, in whatever order they come', () => {
  assert.deepEqual(medianOf(each([3, 1, 2]), true, 32), { median: 2, low: null, high: null });
  assert.deepEqual(medianOf(each([9, 1, 4, 2, 7, 6, 3, 10, 8, 5]), true, 32), { median: 5.5, low: 2, high: 9 });
  assert.deepEqual(medianOf(each([5, 5, 5, 5, 5, 5]), true, 32), { median: 5, low: 5, high: 5 });
  assert.equal(medianOf([], true, 32), null);
});

test('customers who count more than once have wider limits', () => {
  // 32 customers with four equal values each: no more is known than of 32 values.
  const once = Array.from({ length: 32 }, (_, group) => ({ value: (group * 7) % 32, group }));
  const often = once.flatMap((one) => [one, one, one, one]);
  const plain = medianOf(often, true, 32);
  const found = medianOf(often, false, 32);
  const alone = medianOf(once, true, 32);
  assert.ok(plain && found && alone);
  assert.deepEqual([found.median, alone.median], [15.5, 15.5]);
  const width = ({ low, high }: { low: number | null; high: number | null }) => (high ?? 0) - (low ?? 0);
  assert.ok(width(found) > 1.5 * width(plain), `${width(found)} and ${width(plain)}`);
  assert.ok(Math.abs(width(found) - width(alone)) <= 2, `${width(found)} and ${width(alone)}`);
  assert.deepEqual(
    medianOf(
      [
        { value: 1, group: 0 },
        { value: 2, group: 0 },
      ],
      false,
      32,
    ),
    {
      median: 1.5,
      low: null,
      high: null,
    },
  );
});
