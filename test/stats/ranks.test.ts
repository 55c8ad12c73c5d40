import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { midRanks, spearman } from '../../src/stats/ranks.ts';
import { allFinite, near } from './near.ts';

test('Spearman gives the reference figures', () => {
  const x = [10, 9, 9, 8, 7, 6, 6, 3, 2, 0];
  const y = [1200, 1500, 900, 1100, 700, 900, 400, 500, 300, 100];
  const result = spearman(x, y);
  near(result?.rho, 0.899087);
  near(result?.p, 0.000401, 5.1e-7);
  near(result?.low, 0.529611);
  near(result?.high, 0.981803);
  assert.equal(result?.n, 10);
});

test('ties share the mean of their ranks', () => {
  assert.deepEqual(midRanks([30, 10, 30, 20, 30]), [4, 1, 4, 2, 4]);
  assert.deepEqual(midRanks([5, 5]), [1.5, 1.5]);
  assert.deepEqual(midRanks([]), []);
});

test('a perfect order has a correlation and no p', () => {
  assert.deepEqual(spearman([1, 2, 3, 4], [1, 10, 11, 400]), { n: 4, rho: 1, p: null, low: null, high: null });
  assert.deepEqual(spearman([1, 2, 2, 4], [9, 5, 5, 0]), { n: 4, rho: -1, p: null, low: null, high: null });
  const many = Array.from({ length: 5000 }, (_, i) => i);
  assert.equal(spearman(many, many.toReversed())?.rho, -1);
});

test('three subjects have a p and no interval', () => {
  const result = spearman([1, 2, 3], [2, 1, 3]);
  near(result?.rho, 0.5, 1e-12);
  near(result?.p, 0.666667);
  assert.equal(result?.low, null);
});

test('fewer than three subjects, or values that are all equal, tell nothing', () => {
  assert.equal(spearman([], []), null);
  assert.equal(spearman([1, 2], [1, 2]), null);
  assert.equal(spearman([4, 4, 4], [1, 2, 3]), null);
  assert.equal(spearman([1, 2, 3], [4, 4, 4]), null);
  assert.throws(() => spearman([1, 2, 3], [1, 2]), RangeError);
});

test('rho lies in [-1, 1] inside its interval, turns its sign with y, and sees only the order', () => {
  const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: -1000, max: 1000 })), {
    maxLength: 50,
  });
  fc.assert(
    fc.property(pairs, (sample) => {
      const x = sample.map(([value]) => value);
      const y = sample.map(([, value]) => value);
      const result = spearman(x, y);
      allFinite(result);
      if (!result) return;
      assert.ok(result.rho >= -1 && result.rho <= 1);
      if (result.low !== null && result.high !== null) assert.ok(result.low <= result.rho && result.rho <= result.high);
      assert.equal(
        spearman(
          x,
          y.map((value) => -value),
        )?.rho,
        0 - result.rho,
      );
      assert.equal(
        spearman(
          x,
          y.map((value) => value ** 3),
        )?.rho,
        result.rho,
      );
    }),
  );
});
