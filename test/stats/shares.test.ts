import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { shareContrast, shareDifference } from '../../src/stats/shares.ts';
import { near } from './near.ts';

test("the p is the level at which Newcombe's interval touches zero", () => {
  // Solved with scipy.optimize.brentq on the same formulas.
  for (const [first, second, low, high, p] of [
    [[7, 10], [3, 10], -0.02882, 0.671824, 0.069689],
    [[5, 50], [13, 50], -0.306846, -0.007802, 0.039769],
    [[170, 200], [120, 200], 0.163868, 0.331369, 2.461654e-8],
  ] as const) {
    const found = shareDifference({ successes: first[0], n: first[1] }, { successes: second[0], n: second[1] });
    near(found?.difference, first[0] / first[1] - second[0] / second[1]);
    near(found?.low, low);
    near(found?.high, high);
    near(found?.p, p, Math.min(5.1e-7, p * 1e-5));
  }
});

test('a p exists where all of one side did it and none of the other, which no z test of the spread gives', () => {
  near(shareDifference({ successes: 10, n: 10 }, { successes: 0, n: 10 })?.p, 8.948084e-7, 1e-12);
  near(shareDifference({ successes: 0, n: 10 }, { successes: 10, n: 10 })?.p, 8.948084e-7, 1e-12);
});

test('equal shares have the p 1, also where everybody did it', () => {
  for (const successes of [0, 3, 10]) assert.equal(shareDifference({ successes, n: 10 }, { successes, n: 10 })?.p, 1);
});

test('huge samples with a huge difference have a p of 0 and not an error', () => {
  assert.equal(shareDifference({ successes: 1e9, n: 1e9 }, { successes: 0, n: 1e9 })?.p, 0);
});

test('there is nothing to tell without observations', () => {
  assert.equal(shareDifference({ successes: 0, n: 0 }, { successes: 3, n: 10 }), null);
});

test('p is below 0.05 exactly where the interval lies on one side of zero, whichever side is named first', () => {
  const share = fc.integer({ min: 1, max: 300 }).chain((n) => fc.record({ n: fc.constant(n), successes: fc.nat(n) }));
  fc.assert(
    fc.property(share, share, (first, second) => {
      const found = shareDifference(first, second);
      const turned = shareDifference(second, first);
      assert.ok(found && turned);
      assert.ok(found.p >= 0 && found.p <= 1);
      near(turned.p, found.p, 1e-12);
      // Exactly at the border, rounding decides.
      if (Math.abs(found.p - 0.05) > 1e-9) assert.equal(found.p < 0.05, found.low > 0 || found.high < 0);
    }),
    { numRuns: 2_000 },
  );
});

// Eight groups of customers, how many did it of how many responses.
const groupsOf = (pairs: readonly (readonly [number, number])[]) =>
  pairs.map(([numerator, denominator]) => ({ numerator, denominator }));
const one = groupsOf([[0, 2], [1, 1], [0, 3], [2, 2], [0, 0], [1, 4], [0, 1], [3, 3]]); // biome-ignore format: pairs
const other = groupsOf([[1, 5], [0, 2], [2, 6], [3, 4], [1, 1], [0, 3], [2, 2], [0, 4]]); // biome-ignore format: pairs

test('shares of customers who count more than once: limits by MOVER, p where they touch zero', () => {
  // Worked out with numpy from the formulas of Zou and Donner; p solved with scipy.optimize.brentq.
  const found = shareContrast({ groups: one, people: 9 }, { groups: other, people: 12 }, false);
  near(found.difference ?? undefined, 0.104167);
  near(found.low ?? undefined, -0.261687);
  near(found.high ?? undefined, 0.472336);
  near(found.p ?? undefined, 0.636563);
});

test('where nobody did it customers are counted, and the interval keeps its width', () => {
  const nobody = one.map(({ denominator }) => ({ numerator: 0, denominator }));
  const found = shareContrast({ groups: nobody, people: 9 }, { groups: other, people: 12 }, false);
  near(found.low ?? undefined, -0.572698);
  near(found.high ?? undefined, 0.01381);
  near(found.p ?? undefined, 0.057942);
});

test('where every customer counts once it is the interval of Newcombe, and without responses there is none', () => {
  const expected = shareDifference({ successes: 7, n: 16 }, { successes: 9, n: 27 });
  const found = shareContrast({ groups: one, people: 16 }, { groups: other, people: 27 }, true);
  for (const name of ['difference', 'low', 'high', 'p'] as const)
    near(found[name] ?? undefined, expected?.[name] ?? Number.NaN, 1e-12);
  const empty = { groups: one.map(() => ({ numerator: 0, denominator: 0 })), people: 0 };
  assert.equal(shareContrast(empty, { groups: other, people: 12 }, false).difference, null);
});
