import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chiSquareP, normalP, studentP, t975, z } from '../../src/stats/distributions.ts';
import { near } from './near.ts';

// Expected values: scipy 1.17.
const relative = (actual: number | null, expected: number) => near(actual, expected, 1e-9 * expected);

test('p and quantiles are those of the reference, far into the tails', () => {
  relative(z, 1.959963984540054);
  relative(normalP(3), 0.0026997960632601866);
  relative(normalP(-20), 5.507248237212311e-89);
  relative(studentP(-3, 4.5), 0.03438086788875962);
  relative(studentP(40, 31), 3.0181419244420594e-28);
  relative(t975(1), 12.706204736174694);
  relative(t975(9.572071), 2.241715096470754);
  relative(t975(31), 2.039513446396408);
  relative(t975(1e8), 1.9599640082627663);
  relative(chiSquareP(10.326741954885662, 1), 0.0013111645203554667);
  relative(chiSquareP(100, 2), 1.9287498479639183e-22);
});

test('a statistic of 0 has p 1', () => {
  assert.equal(normalP(0), 1);
  assert.equal(studentP(0, 7), 1);
  assert.equal(chiSquareP(0, 2), 1);
});

test('what is not finite, and no degrees of freedom, give null', () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    assert.equal(normalP(bad), null);
    assert.equal(studentP(bad, 3), null);
    assert.equal(studentP(1, bad), null);
    assert.equal(t975(bad), null);
    assert.equal(chiSquareP(bad, 1), null);
  }
  assert.equal(studentP(1, 0), null);
  assert.equal(t975(-1), null);
  assert.equal(chiSquareP(-1, 1), null);
  assert.equal(chiSquareP(1, 0), null);
});
