import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { benjaminiHochberg, npsDifference, tTest, welch, welchContrast } from '../../src/stats/tests.ts';
import { allFinite, near } from './near.ts';

function summary(values: number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n: values.length, mean, variance: values.length > 1 ? squares / (values.length - 1) : null };
}

const A = summary([1200, 950, 1800, 2200, 700, 1500, 1300]);
const B = summary([600, 800, 400, 1000, 300, 900]);

test('Welch gives the reference figures', () => {
  const result = welch(A, B);
  near(result?.difference, 711.904762);
  near(result?.t, 3.183771);
  near(result?.df, 9.572071);
  near(result?.p, 0.010295);
  near(result?.low, 210.64771);
  near(result?.high, 1213.161814);
  near(result?.standard_error, 711.904762 / 3.183771, 1e-4);
});

test('Welch works when one side does not vary, and with very unequal sides', () => {
  const oneConstant = welch({ n: 4, mean: 5, variance: 0 }, { n: 9, mean: 7, variance: 1 });
  near(oneConstant?.t, -6, 1e-12);
  near(oneConstant?.df, 8, 1e-12);
  near(oneConstant?.p, 0.0003233932218851489, 1e-15);
  const unequal = welch({ n: 1_000_000, mean: 10, variance: 4 }, { n: 50, mean: 10.01, variance: 9 });
  near(unequal?.t, -0.023569964152515416, 1e-12);
  near(unequal?.p, 0.9812913514338013, 1e-12);
});

test('a difference of differences by hand', () => {
  // Means 12 - 10 - (9 - 8) = 1; variances of the means 4/4, 6/3, 3/6 and 5/10, together 4; df = 16 / (1/3 + 4/2 +
  // 0.25/5 + 0.25/9) = 6.635945.
  const terms = [
    { weight: 1, of: { n: 4, mean: 12, variance: 4 } },
    { weight: -1, of: { n: 3, mean: 10, variance: 6 } },
    { weight: -1, of: { n: 6, mean: 9, variance: 3 } },
    { weight: 1, of: { n: 10, mean: 8, variance: 5 } },
  ];
  const result = welchContrast(terms);
  assert.deepEqual([result?.difference, result?.standard_error, result?.t], [1, 2, 0.5]);
  near(result?.df, 6.635945);
  // Twice everything: the same test.
  const twice = welchContrast(terms.map(({ weight, of }) => ({ weight: 2 * weight, of })));
  assert.deepEqual([twice?.difference, twice?.standard_error, twice?.t], [2, 4, 0.5]);
  near(twice?.df, 6.635945);
  near(twice?.p, result?.p ?? Number.NaN, 1e-12);
  assert.equal(welchContrast([]), null);
  assert.equal(welchContrast([...terms, { weight: 1, of: { n: 0, mean: 1, variance: null } }]), null);
  assert.equal(welchContrast([...terms, { weight: 1, of: { n: 1, mean: 1, variance: null } }])?.p, null);
});

test('Welch tells the difference only, when a side has one observation or nothing varies', () => {
  const untold = { t: null, df: null, p: null, low: null, high: null };
  assert.deepEqual(welch(summary([3]), B), { difference: 3 - B.mean, standard_error: null, ...untold });
  assert.equal(welch({ n: 1, mean: 3, variance: 0 }, B)?.standard_error, null);
  assert.deepEqual(welch(B, summary([3])), { difference: B.mean - 3, standard_error: null, ...untold });
  assert.deepEqual(welch(summary([5, 5, 5]), summary([3, 3])), { difference: 2, standard_error: 0, ...untold });
  assert.deepEqual(welch(summary([5, 5]), summary([5, 5])), { difference: 0, standard_error: 0, ...untold });
  // 0.1 three times has a variance of 2e-34 in floating point.
  assert.equal(welch(summary([0.1, 0.1, 0.1]), summary([0.3, 0.3, 0.3, 0.3, 0.3, 0.3]))?.p, null);
});

test('Welch is null when a side has nobody', () => {
  assert.equal(welch({ n: 0, mean: 0, variance: null }, B), null);
  assert.equal(welch(A, { n: 0, mean: Number.NaN, variance: Number.NaN }), null);
});

test('Welch the other way round is the negative, with the same p, and no figure is NaN or infinite', () => {
  const value = fc.double({ min: -1e150, max: 1e150, noNaN: true });
  const values = fc.array(fc.oneof(value, fc.constantFrom(0, 1, 1e-160)), { minLength: 1, maxLength: 8 }).map(summary);
  fc.assert(
    fc.property(values, values, (a, b) => {
      const there = welch(a, b);
      const back = welch(b, a);
      allFinite(there);
      assert.ok(there && back);
      assert.equal(back.difference, 0 - there.difference);
      assert.equal(back.p === null, there.p === null);
      if (there.p !== null && there.low !== null && there.df !== null) {
        near(back.p, there.p, 1e-9);
        near(back.high, -there.low, 1e-9 * Math.abs(there.low));
        assert.ok(Math.min(a.n, b.n) - 1 <= there.df + 1e-9 && there.df <= a.n + b.n - 2 + 1e-9);
      }
    }),
  );
});

test('the t test of an estimate with its standard error', () => {
  const result = tTest(-3, 1, 4.5);
  near(result.p, 0.034380868);
  assert.equal(result.t, -3);
  assert.deepEqual(tTest(3, null, null), {
    difference: 3,
    standard_error: null,
    t: null,
    df: null,
    p: null,
    low: null,
    high: null,
  });
});

test('the difference of two Net Promoter Scores gives the reference figures', () => {
  const first = { promoters: 62, passives: 15, detractors: 23 };
  const second = { promoters: 70, passives: 20, detractors: 30 };
  const result = npsDifference(first, second);
  near(result?.difference, 5.666667);
  near(result?.z, 0.497047);
  near(result?.p, 0.619156);
  near(result?.low, 5.666667 - 1.959964 * 11.400669, 1e-4);
  const back = npsDifference(second, first);
  near(back?.low, -(result?.high ?? 0), 1e-12);
  near(back?.p, result?.p ?? 0, 1e-15);
});

test('two scores without any spread have a difference and no test', () => {
  const promoters = { promoters: 9, passives: 0, detractors: 0 };
  const detractors = { promoters: 0, passives: 0, detractors: 5 };
  const nobody = { promoters: 0, passives: 0, detractors: 0 };
  assert.deepEqual(npsDifference(promoters, detractors), {
    difference: 200,
    standard_error: 0,
    z: null,
    p: null,
    low: null,
    high: null,
  });
  assert.equal(npsDifference(promoters, nobody), null);
  assert.equal(npsDifference(nobody, promoters), null);
  assert.ok(npsDifference(promoters, { promoters: 1, passives: 1, detractors: 0 })?.p);
});

test('Benjamini-Hochberg gives the reference q-values', () => {
  const ps = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216];
  const qs = [0.01, 0.04, 0.084, 0.084, 0.084, 0.1, 0.105714, 0.216, 0.216, 0.216];
  benjaminiHochberg(ps).forEach((q, i) => {
    near(q, qs[i] ?? Number.NaN);
  });
});

test('Benjamini-Hochberg keeps the order, and passes over tests that were not made', () => {
  assert.deepEqual(benjaminiHochberg([0.5, null, 0.01, null, 0.02]), [0.5, null, 0.03, null, 0.03]);
  assert.deepEqual(benjaminiHochberg([null]), [null]);
  assert.deepEqual(benjaminiHochberg([]), []);
});

test('q is at least p, at most 1, and in the order of p', () => {
  const p = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null, freq: 8 });
  fc.assert(
    fc.property(fc.array(p, { maxLength: 40 }), (ps) => {
      const pairs = benjaminiHochberg(ps).flatMap((q, i) => {
        const original = ps[i] ?? null;
        assert.equal(q === null, original === null);
        return q === null || original === null ? [] : [{ p: original, q }];
      });
      pairs.sort((a, b) => a.p - b.p || a.q - b.q);
      let last = 0;
      for (const { p, q } of pairs) {
        assert.ok(q >= p && q <= 1 && q >= last);
        last = q;
      }
    }),
  );
});
