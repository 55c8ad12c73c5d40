import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newcombe, nps, npsInterval, tInterval, wilson } from '../../src/stats/intervals.ts';
import { allFinite, near } from './near.ts';

const count = fc.nat({ max: 1_000_000 });
const share = fc
  .tuple(count, count)
  .filter(([a, b]) => a + b > 0)
  .map(([a, b]) => ({ successes: a, n: a + b }));
const bands = fc.record({ promoters: count, passives: count, detractors: count });

test('Wilson gives the reference intervals', () => {
  const vectors = [
    [7, 50, 0.069508, 0.261862],
    [0, 10, 0, 0.277533],
    [170, 200, 0.793944, 0.892864],
  ] as const;
  for (const [successes, n, low, high] of vectors) {
    near(wilson({ successes, n })?.low, low);
    near(wilson({ successes, n })?.high, high);
  }
});

test('nobody is exactly 0 and everybody exactly 1 at the end of a Wilson interval, whatever the rounding', () => {
  for (let n = 1; n <= 1100; n += 1) {
    assert.equal(wilson({ successes: 0, n })?.low, 0);
    assert.equal(wilson({ successes: n, n })?.high, 1);
  }
});

test('Wilson takes fractions, as a design effect leaves them', () => {
  near(wilson({ successes: 12 / 1.247524631392216, n: 21 / 1.247524631392216 })?.low, 0.34443);
  near(wilson({ successes: 12 / 1.247524631392216, n: 21 / 1.247524631392216 })?.high, 0.771884);
  allFinite(wilson({ successes: 0, n: Number.MIN_VALUE }));
});

test('Wilson cannot tell without observations, nor with more successes than observations', () => {
  for (const [successes, n] of [
    [0, 0],
    [1, 0],
    [5, 4],
    [-1, 4],
    [0, Number.POSITIVE_INFINITY],
    [Number.NaN, 3],
  ] as const) {
    assert.equal(wilson({ successes, n }), null);
  }
});

test('a Wilson interval lies in [0, 1], holds the share, is its own mirror image, and narrows with n', () => {
  fc.assert(
    fc.property(share, ({ successes, n }) => {
      const interval = wilson({ successes, n });
      const mirrored = wilson({ successes: n - successes, n });
      const larger = wilson({ successes: 2 * successes, n: 2 * n });
      assert.ok(interval && mirrored && larger);
      assert.ok(0 <= interval.low && interval.low <= successes / n);
      assert.ok(successes / n <= interval.high && interval.high <= 1);
      assert.ok(interval.low < interval.high);
      near(mirrored.low, 1 - interval.high, 1e-12);
      near(mirrored.high, 1 - interval.low, 1e-12);
      assert.ok(larger.high - larger.low < interval.high - interval.low);
    }),
  );
});

test('Newcombe gives the intervals of his paper (1998, table II, method 10)', () => {
  const table = [
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [6, 7, 2, 7, 0.0582, 0.8062],
    [5, 56, 0, 29, -0.0381, 0.1926],
    [0, 10, 0, 20, -0.1611, 0.2775],
    [0, 10, 0, 10, -0.2775, 0.2775],
    [10, 10, 0, 20, 0.6791, 1],
    [10, 10, 0, 10, 0.6075, 1],
  ] as const;
  for (const [s1, n1, s2, n2, low, high] of table) {
    const result = newcombe({ successes: s1, n: n1 }, { successes: s2, n: n2 });
    near(result?.difference, s1 / n1 - s2 / n2, 1e-12);
    near(result?.low, low, 5.1e-5);
    near(result?.high, high, 5.1e-5);
  }
  assert.equal(newcombe({ successes: 0, n: 0 }, { successes: 1, n: 2 }), null);
  assert.equal(newcombe({ successes: 1, n: 2 }, { successes: 0, n: 0 }), null);
});

test('Newcombe the other way round is the negative, and holds the difference', () => {
  fc.assert(
    fc.property(share, share, (a, b) => {
      const there = newcombe(a, b);
      const back = newcombe(b, a);
      assert.ok(there && back);
      assert.ok(-1 <= there.low && there.low <= there.difference);
      assert.ok(there.difference <= there.high && there.high <= 1);
      near(back.difference, -there.difference, 1e-15);
      near(back.low, -there.high, 1e-15);
      near(back.high, -there.low, 1e-15);
    }),
  );
});

test('the Net Promoter Score and its adjusted Wald interval are those of the reference', () => {
  const mixed = { promoters: 62, passives: 15, detractors: 23 };
  near(nps(mixed), 39, 1e-12);
  near(npsInterval(mixed)?.low, 21.74759);
  near(npsInterval(mixed)?.high, 53.980565);
  const alike = { promoters: 8, passives: 0, detractors: 0 };
  assert.equal(nps(alike), 100);
  near(npsInterval(alike)?.low, 38.538259);
  assert.equal(npsInterval(alike)?.high, 100);
  assert.equal(npsInterval({ promoters: 0, passives: 0, detractors: 8 })?.low, -100);
  assert.equal(nps({ promoters: 0, passives: 0, detractors: 0 }), null);
  assert.equal(npsInterval({ promoters: 0, passives: 0, detractors: 0 }), null);
});

test('an NPS interval lies in [-100, 100], holds the score, always has a width, and mirrors when bands swap', () => {
  fc.assert(
    fc.property(bands, (counts) => {
      const score = nps(counts);
      const interval = npsInterval(counts);
      if (counts.promoters + counts.passives + counts.detractors === 0) {
        assert.equal(interval, null);
        return;
      }
      assert.ok(interval && score !== null);
      assert.ok(-100 <= interval.low && interval.low <= score && score <= interval.high && interval.high <= 100);
      assert.ok(interval.low < interval.high);
      const swapped = npsInterval({ ...counts, promoters: counts.detractors, detractors: counts.promoters });
      near(swapped?.low, -interval.high, 1e-10);
    }),
  );
});

test('the t interval of a mean', () => {
  near(tInterval(10, 2, 31)?.low, 5.920973);
  near(tInterval(10, 2, 31)?.high, 14.079027);
});

test('the t interval is null when the spread is unknown, zero, or only rounding', () => {
  assert.equal(tInterval(10, null, null), null);
  assert.equal(tInterval(10, 2, 0), null);
  assert.equal(tInterval(10, 0, 31), null);
  assert.equal(tInterval(0, 0, 31), null);
  assert.equal(tInterval(1234.5, 2.3e-13, 31), null);
  assert.equal(tInterval(10, Number.NaN, 31), null);
  assert.equal(tInterval(Number.NaN, 2, 31), null);
  assert.equal(tInterval(10, Number.POSITIVE_INFINITY, 31), null);
  assert.equal(tInterval(1e308, 1e308, 1), null);
});
