import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RatioGroup, ratioDifference } from '../../src/stats/jackknife.ts';
import { standardisedDifference } from '../../src/stats/standardised.ts';
import { near } from './near.ts';

const groups = (numerators: number[], denominators: number[]): RatioGroup[] =>
  numerators.map((numerator, g) => ({ numerator, denominator: denominators[g] ?? 0 }));

test('the difference weighs each stratum by its share in both, and the jackknife works that out anew', () => {
  // The formula in numpy: 21.006710, standard error 8.258032.
  const found = standardisedDifference([
    { first: groups([120, 30, 340, 80], [3, 1, 5, 2]), second: groups([20, 60, 15, 30], [1, 3, 1, 1]) },
    { first: groups([10, 45, 0, 95], [1, 2, 0, 4]), second: groups([5, 70, 20, 9], [2, 4, 3, 1]) },
  ]);
  near(found?.estimate, 21.00671);
  near(found?.standard_error, 8.258032);
  assert.equal(found?.df, 3);
});

test('one stratum is the plain difference of two ratios', () => {
  const first = groups([120, 30, 340, 80], [3, 1, 5, 2]);
  const second = groups([20, 60, 15, 30], [1, 3, 1, 1]);
  const found = standardisedDifference([{ first, second }]);
  const plain = ratioDifference(first, second);
  near(found?.estimate, plain?.estimate ?? Number.NaN, 1e-9);
  near(found?.standard_error, plain?.standard_error ?? Number.NaN, 1e-9);
  assert.equal(found?.df, plain?.df);
});

test('a stratum without a response on a side, or only in one group, tells nothing or no error', () => {
  assert.equal(standardisedDifference([]), null);
  assert.equal(standardisedDifference([{ first: groups([1], [1]), second: groups([0], [0]) }]), null);
  const alone = standardisedDifference([{ first: groups([10, 20], [1, 1]), second: groups([5, 0], [1, 0]) }]);
  assert.deepEqual(alone, { estimate: 10, standard_error: null, df: null });
});
