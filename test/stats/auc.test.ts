import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { areaUnderCurve, type Split } from '../../src/stats/auc.ts';
import { allFinite, near } from './near.ts';

/** The splits of one group over the values from 0 to 10. */
function splits(did: readonly number[], did_not: readonly number[]): Split[] {
  const count = (scores: readonly number[], value: number) => scores.filter((score) => score === value).length;
  return Array.from({ length: 11 }, (_, value) => ({ did: count(did, value), did_not: count(did_not, value) }));
}

test('the area is the share of pairs in the right order, with the interval of Newcombe', () => {
  // 24 pairs: 10, 9, 9 and 8 beat all four, 6 beats 3 and 0 and ties with 6, 2 beats 0: 16 + 2.5 + 1 = 19.5.
  // Interval and p: the formula in scipy (brentq).
  const found = areaUnderCurve([splits([10, 9, 9, 8, 6, 2], [7, 6, 3, 0])], true);
  near(found?.auc, 19.5 / 24);
  near(found?.low, 0.433414);
  near(found?.high, 0.956576);
  near(found?.p, 0.109819);
  assert.deepEqual([found?.did, found?.did_not], [6, 4]);
});

test('where no scores tie, p is that of the Mann-Whitney test', () => {
  // 5, 6, 7 and 8 beat four each, 10 beats all five. scipy.stats.mannwhitneyu([5, 6, 7, 8, 10], [1, 2, 3, 4, 9],
  // method='asymptotic', use_continuity=False): U = 21, p = 0.075800.
  const found = areaUnderCurve([splits([5, 6, 7, 8, 10], [1, 2, 3, 4, 9])], true);
  near(found?.auc, 21 / 25);
  near(found?.p, 0.0758);
});

test('where all who did have the higher score the interval keeps a width', () => {
  const found = areaUnderCurve([splits([8, 8, 9, 9, 10, 10], [0, 1, 2, 3])], true);
  assert.equal(found?.auc, 1);
  near(found?.low, 0.632855);
  assert.equal(found?.high, 1);
  near(found?.p, 0.010515);
});

test('all did, or none, or all have the same score, and it cannot be told', () => {
  assert.equal(areaUnderCurve([splits([1, 2], [])], true), null);
  assert.equal(areaUnderCurve([splits([], [1, 2])], true), null);
  assert.equal(areaUnderCurve([], true), null);
  assert.equal(areaUnderCurve([splits([5, 5, 5], [5, 5])], true), null);
  const even = areaUnderCurve([splits([4, 6], [4, 6])], true);
  assert.deepEqual([even?.auc, even?.p], [0.5, 1]);
});

test('a customer who counts four times is no more than one who counts once', () => {
  const scores = Array.from({ length: 32 }, (_, customer) => ({
    score: (customer * 7) % 11,
    did: (customer * 5) % 3 > 0,
  }));
  const groupsOf = (times: number) =>
    scores.map(({ score, did }) => {
      const same = Array.from({ length: times }, () => score);
      return splits(did ? same : [], did ? [] : same);
    });
  const once = areaUnderCurve(groupsOf(1), false);
  const often = areaUnderCurve(groupsOf(4), false);
  const naive = areaUnderCurve(groupsOf(4), true);
  assert.ok(once && often && naive && once.low !== null && once.high !== null);
  near(often.auc, once.auc, 1e-12);
  const width = ({ low, high }: { low: number | null; high: number | null }) => (high ?? 0) - (low ?? 0);
  assert.ok(Math.abs(width(often) / width(once) - 1) < 0.05, `${width(often)} and ${width(once)}`);
  assert.ok(width(naive) < 0.6 * width(once));
});

test('one group of customers does not tell a design effect', () => {
  const alone = areaUnderCurve([splits([9, 8], [1, 8]), splits([], [])], false);
  assert.deepEqual([alone?.p, alone?.low], [null, null]);
});

test('whatever the splits, the interval holds the area within [0, 1], and p agrees with it', () => {
  const score = fc.nat(10);
  const group = fc.tuple(fc.array(score, { maxLength: 8 }), fc.array(score, { maxLength: 8 }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 1, maxLength: 6 }), fc.boolean(), (groups, independent) => {
      const found = areaUnderCurve(
        groups.map(([did, did_not]) => splits(did, did_not)),
        independent,
      );
      allFinite(found);
      if (!found || found.low === null || found.high === null || found.p === null) return;
      assert.ok(found.low >= 0 && found.high <= 1 && found.low <= found.auc && found.auc <= found.high);
      if (Math.abs(found.p - 0.05) > 1e-6) assert.equal(found.p < 0.05, found.low > 0.5 || found.high < 0.5);
    }),
  );
});
