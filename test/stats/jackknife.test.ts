import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { tInterval, wilson } from '../../src/stats/intervals.ts';
import {
  clusteredProportion,
  type RatioGroup,
  ratioContrast,
  ratioDifference,
  ratioDifferenceOfDifferences,
  ratioEstimate,
  weightedShare,
} from '../../src/stats/jackknife.ts';
import { tTest, welch } from '../../src/stats/tests.ts';
import { allFinite, near } from './near.ts';

function groups(numerators: number[], denominators: number[]): RatioGroup[] {
  return numerators.map((numerator, g) => ({ numerator, denominator: denominators[g] ?? 0 }));
}

// Expected values: the formula in numpy. Groups 3 and 6 are empty in the first ratio, 2 and 7 in the second.
const n1 = [3, 1, 5, 0, 2, 7, 0, 4];
const n2 = [1, 3, 0, 1, 2, 4, 1, 0];
const after1 = groups([120, 0, 340, 0, 80, 410, 0, 95], n1);
const after2 = groups([10, 60, 0, 30, 0, 150, 20, 0], n2);
const before1 = groups([100, 10, 300, 0, 90, 300, 0, 100], n1);
const before2 = groups([20, 70, 0, 20, 10, 140, 30, 0], n2);

test('a ratio, a difference, a difference of differences and a weighted sum give the reference figures', () => {
  const expected = [
    [ratioEstimate(after1), 47.5, 9.036235],
    [ratioDifference(after1, after2), 25, 8.68855],
    [
      ratioDifferenceOfDifferences({ before: before1, after: after1 }, { before: before2, after: after2 }),
      8.257576,
      3.034492,
    ],
    [
      ratioContrast([
        { weight: 0.25, groups: after1 },
        { weight: 0.75, groups: after2 },
      ]),
      28.75,
      7.689263,
    ],
  ] as const;
  for (const [actual, estimate, standardError] of expected) {
    near(actual?.estimate, estimate);
    near(actual?.standard_error, standardError);
    assert.equal(actual?.df, 5);
  }
});

test('with one customer of equal weight in each group it is the classical standard error of a mean', () => {
  const values = [1200, 950, 1800, 2200, 700, 1500, 1300];
  const variance = values.reduce((sum, value) => sum + (value - 9650 / 7) ** 2, 0) / 6;
  const result = ratioEstimate(
    groups(
      values,
      values.map(() => 1),
    ),
  );
  near(result?.estimate, 9650 / 7, 1e-9);
  near(result?.standard_error, Math.sqrt(variance / 7), 1e-9);
  assert.equal(result?.df, 6);
});

test('two bands without a customer in common come close to Welch, and never below it', () => {
  const values = [10, 14, 9, 21, 17, 12, 30, 8, 15, 11];
  const isFirst = (g: number) => g % 2 === 0;
  const side = (first: boolean) =>
    groups(
      values.map((v, g) => (isFirst(g) === first ? v : 0)),
      values.map((_, g) => Number(isFirst(g) === first)),
    );
  const stats = (first: boolean) => {
    const own = values.filter((_, g) => isFirst(g) === first);
    const mean = own.reduce((sum, v) => sum + v, 0) / own.length;
    return { n: own.length, mean, variance: own.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (own.length - 1) };
  };
  const jackknife = ratioDifference(side(true), side(false));
  const classical = welch(stats(true), stats(false));
  near(jackknife?.estimate, classical?.difference ?? 0, 1e-12);
  assert.equal(jackknife?.df, 4);
  // 10 groups with 5 filled on each side: (9/10) / (4/5) times the variance.
  near(jackknife?.standard_error, (classical?.standard_error ?? 0) * Math.sqrt(0.9 / 0.8), 1e-9);
});

test('the covariance of two ratios of the same customers is kept', () => {
  const shifted = after1.map(({ numerator, denominator }) => ({ numerator: numerator + 7 * denominator, denominator }));
  const result = ratioDifference(shifted, after1);
  near(result?.estimate, 7, 1e-12);
  assert.equal(result?.standard_error, 0);
  assert.ok((ratioEstimate(shifted)?.standard_error ?? 0) > 1);
});

test('without a denominator there is no estimate', () => {
  assert.equal(ratioEstimate([]), null);
  assert.equal(ratioContrast([]), null);
  assert.equal(ratioEstimate(groups([0, 0], [0, 0])), null);
  assert.equal(
    ratioDifference(
      after1,
      after1.map(() => ({ numerator: 0, denominator: 0 })),
    ),
    null,
  );
  assert.equal(ratioEstimate(groups([5, 1], [0, 0])), null);
});

test('one group that is not empty tells the estimate and no standard error', () => {
  const alone = groups([0, 12, 0], [0, 4, 0]);
  assert.deepEqual(ratioEstimate(alone), { estimate: 3, standard_error: null, df: null });
  const result = ratioDifference(groups([4, 6, 9], [2, 2, 2]), alone);
  assert.equal(result?.standard_error, null);
  assert.equal(result?.df, null);
  near(result?.estimate, 19 / 6 - 3, 1e-12);
});

test('a difference has the degrees of freedom of the side with fewer groups', () => {
  const few = groups([4, 0, 0, 9, 0, 0, 0, 2], [2, 0, 0, 2, 0, 0, 0, 1]);
  assert.equal(ratioDifference(after1, few)?.df, 2);
  assert.equal(ratioDifference(few, after1)?.df, 2);
});

test('a group whose loss empties the denominator is met also when the denominators are fractions', () => {
  const sameAsAlone = ratioEstimate(groups([0.1, 0.7, 0], [0, 0.3, 0]));
  near(sameAsAlone?.estimate, 0.8 / 0.3, 1e-12);
  assert.equal(sameAsAlone?.standard_error, null);
});

test('groups that are all alike have no standard error, and no interval', () => {
  const alike = ratioEstimate(groups(Array(32).fill(0.3), Array(32).fill(3)));
  assert.equal(alike?.standard_error, 0);
  assert.equal(alike?.df, 31);
  assert.equal(tInterval(alike?.estimate ?? 0, alike?.standard_error ?? null, alike?.df ?? null), null);
});

test('terms over different groups are an error', () => {
  assert.throws(() => ratioDifference(after1, after2.slice(1)), RangeError);
});

const group = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ numerator: fc.integer({ min: -1e6, max: 1e9 }), denominator: fc.nat({ max: 1000 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ numerator: 0, denominator: 0 }) },
);
const side = fc.array(group, { minLength: 8, maxLength: 8 });

test('the difference the other way round is the negative, and no figure is NaN or infinite', () => {
  fc.assert(
    fc.property(side, side, (a, b) => {
      const there = ratioDifference(a, b);
      const back = ratioDifference(b, a);
      allFinite(there);
      assert.equal(back === null, there === null);
      if (!there || !back) return;
      near(back.estimate, -there.estimate, 1e-9);
      assert.equal(back.df, there.df);
      assert.equal(back.standard_error === null, there.standard_error === null);
      allFinite(tTest(there.estimate, there.standard_error, there.df));
    }),
  );
});

test('empty groups and the order of the groups change nothing', () => {
  fc.assert(
    fc.property(side, side, (a, b) => {
      const empty = { numerator: 0, denominator: 0 };
      const plain = ratioDifference(a, b);
      const other = ratioDifference([empty, ...a.toReversed()], [empty, ...b.toReversed()]);
      assert.equal(other?.df, plain?.df);
      if (plain) near(other?.estimate, plain.estimate, 1e-9 * (1 + Math.abs(plain.estimate)));
      if (plain?.standard_error) near(other?.standard_error, plain.standard_error, 1e-9 * plain.standard_error + 1e-3);
    }),
  );
});

test('the estimate and its standard error scale with the unit of the numerator', () => {
  fc.assert(
    fc.property(side, (a) => {
      const plain = ratioEstimate(a);
      const cents = ratioEstimate(a.map((g) => ({ ...g, numerator: 100 * g.numerator })));
      if (plain?.standard_error) near((cents?.standard_error ?? 0) / plain.standard_error, 100, 1e-6);
    }),
  );
});

test('a clustered proportion gives the reference figures', () => {
  const result = clusteredProportion(groups([2, 0, 1, 3, 1, 0, 4, 1], [3, 2, 1, 4, 4, 0, 5, 2]));
  near(result?.estimate, 12 / 21, 1e-12);
  assert.equal(result?.n, 21);
  near(result?.design_effect, 1.247525);
  near(result?.low, 0.34443);
  near(result?.high, 0.771884);
});

test('customers whose responses are all alike count about once', () => {
  // 10 customers, 4 responses each, 3 of them did it: v = p (1 - p) / 9, so the effect is 40 / 9.
  const result = clusteredProportion(groups([4, 4, 4, 0, 0, 0, 0, 0, 0, 0], Array(10).fill(4)));
  near(result?.design_effect, 40 / 9, 1e-9);
});

test('a design effect is never below 1', () => {
  // Every group has the same share: no variance between them.
  const result = clusteredProportion(groups([1, 1, 1, 1], [2, 2, 2, 2]));
  assert.equal(result?.design_effect, 1);
  near(result?.low, 0.215216, 1e-5);
});

test('a share of none or all has a design effect of 1 and an interval', () => {
  const none = clusteredProportion(groups([0, 0], [5, 5]));
  assert.deepEqual([none?.estimate, none?.design_effect, none?.low], [0, 1, 0]);
  near(none?.high, 0.277533);
  const all = clusteredProportion(groups([5, 5], [5, 5]));
  assert.deepEqual([all?.estimate, all?.design_effect, all?.high], [1, 1, 1]);
  near(all?.low, 1 - 0.277533);
});

test('a proportion is untold without responses, and has no interval from one group', () => {
  assert.equal(clusteredProportion(groups([0, 0], [0, 0])), null);
  assert.deepEqual(clusteredProportion(groups([3, 0], [4, 0])), {
    estimate: 0.75,
    n: 4,
    design_effect: null,
    low: null,
    high: null,
  });
});

test('a clustered interval holds the share, lies in [0, 1], and is no narrower than the plain one', () => {
  const cell = fc
    .tuple(fc.nat({ max: 50 }), fc.nat({ max: 50 }))
    .map(([a, b]) => ({ numerator: a, denominator: a + b }));
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 32 }), (cells) => {
      const result = clusteredProportion(cells);
      allFinite(result);
      if (result?.low == null || result.high === null || result.design_effect === null) return;
      assert.ok(result.design_effect >= 1);
      const plain = wilson({ successes: result.estimate * result.n, n: result.n });
      assert.ok(plain && result.high - result.low >= plain.high - plain.low - 1e-12);
      assert.ok(0 <= result.low && result.low <= result.estimate + 1e-12);
      assert.ok(result.estimate - 1e-12 <= result.high && result.high <= 1);
    }),
  );
});

test('a share of amounts has an interval within 0 and 1, and that of t where refunds bring it out of them', () => {
  // Worked out with numpy and scipy: v by the jackknife, n = p (1 - p) / v (z / t5)^2, Wilson.
  const found = weightedShare(groups([1, 2, 0, 3, 5, 1], [2, 2, 1, 4, 5, 3]));
  near(found?.estimate, 12 / 17);
  near(found?.low ?? undefined, 0.319925);
  near(found?.high ?? undefined, 0.924495);
  const refunds = groups([-1, 2, 0, 3, 5, 1], [2, 2, 1, 4, 5, 3]);
  const usual = ratioEstimate(refunds);
  assert.ok(usual);
  assert.deepEqual(weightedShare(refunds), {
    estimate: usual.estimate,
    ...tInterval(usual.estimate, usual.standard_error, usual.df),
  });
  assert.deepEqual(weightedShare(groups([2, 3], [2, 3])), { estimate: 1, low: null, high: null });
  assert.equal(weightedShare(groups([0, 0], [0, 0])), null);
});
