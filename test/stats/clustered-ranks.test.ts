import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clusteredSpearman } from '../../src/stats/clustered-ranks.ts';
import { spearman } from '../../src/stats/ranks.ts';
import { tTest } from '../../src/stats/tests.ts';
import { allFinite, near } from './near.ts';

const x = [10, 9, 9, 8, 7, 6, 6, 3, 2, 0];
const y = [1200, 1500, 900, 1100, 700, 900, 400, 500, 300, 100];
const points = (clusters: readonly string[]) =>
  x.map((value, at) => ({ x: value, y: y[at] ?? 0, cluster: clusters[at] ?? '' }));

test('a clustered Spearman gives the figures that scipy gives, by the same jackknife', () => {
  // spearmanr over all and without each cluster, arctanh, t.ppf(0.975, G - 1).
  for (const [clusters, low, high, p] of [
    ['aabbccddee', 0.3600483, 0.9880699, 0.0201884],
    ['abcdefghij', 0.5895378, 0.9783673, 0.0023086],
    ['aaabbbbccc', -0.2664368, 0.9967343, 0.0682943],
  ] as const) {
    const result = clusteredSpearman(points([...clusters]));
    assert.deepEqual([result?.n, result?.clusters], [10, new Set(clusters).size]);
    near(result?.rho, 0.899087);
    near(result?.low, low);
    near(result?.high, high);
    near(result?.p, p);
  }
});

test('two clusters, a perfect order and equal values have no interval', () => {
  const two = clusteredSpearman(points([...'aaaaabbbbb']));
  near(two?.rho, 0.899087);
  assert.deepEqual([two?.clusters, two?.p, two?.low, two?.high], [2, null, null, null]);
  const perfect = [1, 2, 3, 4].map((value) => ({ x: value, y: value ** 3, cluster: String(value) }));
  assert.deepEqual(clusteredSpearman(perfect), { n: 4, clusters: 4, rho: 1, p: null, low: null, high: null });
  assert.equal(clusteredSpearman(perfect.map((point) => ({ ...point, x: 7 }))), null);
  assert.equal(clusteredSpearman(perfect.slice(0, 2)), null);
  // Without cluster c all x are equal.
  const leaning = [...'aabbcc'].map((cluster, at) => ({
    x: cluster === 'c' ? 2 : 1,
    y: [3, 1, 2, 5, 4, 6][at] ?? 0,
    cluster,
  }));
  const [told] = [clusteredSpearman(leaning)];
  assert.deepEqual([told !== null, told?.p, told?.low], [true, null, null]);
});

test('it is the jackknife written out, with up to 32 groups of clusters, and does not mind the order', () => {
  const value = fc.integer({ min: 0, max: 6 });
  const cluster = fc.integer({ min: 0, max: 40 }).map((at) => `u${String(at).padStart(2, '0')}`);
  fc.assert(
    fc.property(fc.array(fc.record({ x: value, y: value, cluster }), { maxLength: 120 }), (given) => {
      const result = clusteredSpearman(given);
      allFinite(result);
      const rhoOf = (some: typeof given) =>
        spearman(
          some.map((one) => one.x),
          some.map((one) => one.y),
        )?.rho ?? 1;
      const rho = rhoOf(given);
      if (result === null) return;
      near(result.rho, rho, 1e-12);
      assert.deepEqual(clusteredSpearman(given.toReversed()), result);
      const names = [...new Set(given.map((one) => one.cluster))].sort();
      const size = Math.min(names.length, 32);
      const without = Array.from({ length: size }, (_, group) =>
        rhoOf(given.filter((one) => names.indexOf(one.cluster) % size !== group)),
      );
      if (names.length < 3 || [rho, ...without].some((one) => Math.abs(one) === 1)) {
        assert.equal(result.p, null);
        return;
      }
      const squares = without.reduce((sum, one) => sum + (Math.atanh(one) - Math.atanh(rho)) ** 2, 0);
      const expected = tTest(Math.atanh(rho), Math.sqrt((squares * (size - 1)) / size), size - 1);
      if (expected.p === null || expected.low === null) assert.equal(result.p, null);
      else {
        near(result.p, expected.p, 1e-9);
        near(result.low, Math.tanh(expected.low), 1e-9);
      }
    }),
    { numRuns: 200 },
  );
});
