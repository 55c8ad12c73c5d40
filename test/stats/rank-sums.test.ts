import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type RankSums, spearmanOfSums } from '../../src/stats/rank-sums.ts';
import { midRanks, spearman } from '../../src/stats/ranks.ts';
import { allFinite, near } from './near.ts';

interface Subject {
  x: number;
  y: number;
  group: number;
}

/** The sums, straight from their definitions: every subject against every other. */
function sumsOf(subjects: readonly Subject[], groups: number): RankSums[] {
  const n = subjects.length;
  const centred = (values: number[]) => midRanks(values).map((rank) => (rank - (n + 1) / 2) / n);
  const a = centred(subjects.map(({ x }) => x));
  const b = centred(subjects.map(({ y }) => y));
  const above = (ranks: number[], y: number) =>
    subjects.reduce((sum, one, at) => sum + (ranks[at] ?? 0) * (one.y > y ? 1 : one.y === y ? 0.5 : 0), 0) / n;
  const values = [...new Set(subjects.map(({ x }) => x))].sort((one, other) => one - other);
  return Array.from({ length: groups }, (_, group) => {
    const mine = subjects.flatMap((one, at) => (one.group === group ? [{ ...one, b: b[at] ?? 0 }] : []));
    const sum = (of: (one: (typeof mine)[number]) => number) => mine.reduce((all, one) => all + of(one), 0);
    return {
      levels: values.map((value) => ({
        n: mine.filter(({ x }) => x === value).length,
        b: mine.reduce((all, one) => all + (one.x === value ? one.b : 0), 0),
      })),
      b_squared: sum((one) => one.b ** 2),
      a_above: sum((one) => above(a, one.y)),
      b_above: sum((one) => above(b, one.y)),
    };
  });
}

test('out of sums it is the same as out of the subjects', () => {
  const x = [10, 9, 9, 8, 7, 6, 6, 3, 2, 0];
  const y = [1200, 1500, 900, 1100, 700, 900, 400, 500, 300, 100];
  const subjects = x.map((value, at) => ({ x: value, y: y[at] ?? 0, group: at % 3 }));
  const found = spearmanOfSums(sumsOf(subjects, 3), true);
  near(found?.rho, 0.899087);
  near(found?.p, 0.000401, 5.1e-7);
  near(found?.low, 0.529611);
  near(found?.high, 0.981803);
});

test('whatever the subjects, it is what spearman says of them', () => {
  const subject = fc.record({ x: fc.nat(4), y: fc.nat(6), group: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(subject, { maxLength: 25 }), (subjects) => {
      const found = spearmanOfSums(sumsOf(subjects, 4), true);
      const expected = spearman(
        subjects.map(({ x }) => x),
        subjects.map(({ y }) => y),
      );
      assert.equal(found === null, expected === null);
      if (!found || !expected) return;
      near(found.rho, expected.rho, 1e-9);
      if (expected.p === null) assert.equal(found.p, null);
      else near(found.p, expected.p, 1e-9);
      if (expected.low !== null) near(found.low, expected.low, 1e-9);
      allFinite(spearmanOfSums(sumsOf(subjects, 4), false));
    }),
  );
});

/** The standard error that an interval of tanh(atanh(rho) -+ z se) was made with, on the scale of rho. */
const errorOf = (found: ReturnType<typeof spearmanOfSums>) => {
  assert.ok(found && found.low !== null && found.high !== null);
  return ((Math.atanh(found.high) - Math.atanh(found.low)) / 2 / 1.959963984540054) * (1 - found.rho ** 2);
};
const noise = (seed: number) => Math.abs(Math.sin(seed * 12.9898) * 43758.5453) % 1;

// 32 groups of customers who count six times each and are alike: score and outcome are about the same every time.
const repeated = Array.from({ length: 640 }, (_, at): Subject => {
  const customer = Math.floor(at / 5);
  const x = Math.round(10 * (0.8 * noise(customer + 1) + 0.2 * noise(at + 1000)));
  const y = Math.round(100 * (0.5 * noise(customer + 1) + 0.4 * noise(customer + 5000) + 0.1 * noise(at + 9000)));
  return { x, y, group: customer % 32 };
});

test('customers who count more than once widen the interval as the jackknife over their groups says', () => {
  const rhoOf = (subjects: readonly Subject[]) =>
    spearman(
      subjects.map(({ x }) => x),
      subjects.map(({ y }) => y),
    )?.rho ?? Number.NaN;
  const whole = rhoOf(repeated);
  const squares = Array.from(
    { length: 32 },
    (_, g) => (rhoOf(repeated.filter(({ group }) => group !== g)) - whole) ** 2,
  );
  const jackknife = Math.sqrt((31 / 32) * squares.reduce((sum, square) => sum + square, 0));
  const clustered = errorOf(spearmanOfSums(sumsOf(repeated, 32), false));
  const plain = errorOf(spearmanOfSums(sumsOf(repeated, 32), true));
  // The design effect is that of n less 3, so the two agree to a few per cent, and to the curvature of rho.
  assert.ok(Math.abs(clustered / jackknife - 1) < 0.06, `${clustered} and ${jackknife}`);
  assert.ok(clustered > 1.4 * plain, `${clustered} and ${plain}`);
});

test('where all x or all y are equal, or fewer than three are there, nothing is told', () => {
  const same = [1, 2, 3, 4].map((y) => ({ x: 9, y, group: y % 2 }));
  assert.equal(spearmanOfSums(sumsOf(same, 2), true), null);
  assert.equal(
    spearmanOfSums(
      sumsOf(
        same.map(({ x, y, group }) => ({ x: y, y: x, group })),
        2,
      ),
      true,
    ),
    null,
  );
  assert.equal(spearmanOfSums(sumsOf(same.slice(0, 2), 2), true), null);
  assert.equal(spearmanOfSums([], true), null);
});

test('one group of customers does not tell a design effect, and a perfect order has no p', () => {
  const subjects = [1, 2, 3, 4, 5].map((x) => ({ x, y: x % 3, group: 0 }));
  const found = spearmanOfSums(sumsOf(subjects, 2), false);
  assert.deepEqual([found?.p, found?.low], [null, null]);
  const perfect = subjects.map((one) => ({ ...one, y: -one.x }));
  assert.deepEqual(spearmanOfSums(sumsOf(perfect, 2), true), { n: 5, rho: -1, p: null, low: null, high: null });
});
