import { rankTest, type Spearman } from './ranks.ts';

/**
 * What a group of customers adds to a rank correlation. Of n subjects, a and b are the centred mid-ranks of x and y, each
 * divided by n; `above` of a subject is the sum of the ranks of those with a greater y, and half of those with an equal
 * one, divided by n.
 */
export interface RankSums {
  /** At each value of x, in ascending order, the same values for all groups: subjects, and the sum of their b. */
  levels: readonly { n: number; b: number }[];
  b_squared: number;
  /** The sums of `above` of a and of b. */
  a_above: number;
  b_above: number;
}

/**
 * Spearman's rank correlation out of sums, so that a million subjects need not be read: see `spearman`. With
 * `independent` every customer counts once. Else n is divided by the design effect for p and interval: the variance of
 * rho over that of n independent subjects, (1 - rho^2)^2 (1 + rho^2 / 2) / (n - 3), never below 1. That variance is the
 * one of the infinitesimal jackknife over groups of customers, G / (G - 1) times the sum over groups of the squared sum of
 * influences / n^2, where the influence of a subject allows for the ranks of all others that it moves: of
 * mean(a b) it is a b + (mean of b over those with a greater x) + (mean of a over those with a greater y), of mean(a^2)
 * it is a^2 + 2 (mean of a over those with a greater x), each less its mean.
 * L. A. Jaeckel (1972), The infinitesimal jackknife, Bell Laboratories; C. Croux and C. Dehon (2010), Statistical Methods
 * and Applications 19, 497-515, for the influence of a rank correlation.
 *
 * @returns null with fewer than three subjects, or when all x or all y are equal. p and the interval are null where rho
 * is -1 or 1, and where customers repeat and fewer than two groups have somebody in them.
 */
export function spearmanOfSums(groups: readonly RankSums[], independent: boolean): Spearman | null {
  const size = groups[0]?.levels.length ?? 0;
  const levels = Array.from({ length: size }, (_, at) => ({
    n: sum(groups, ({ levels: of }) => of[at]?.n ?? 0),
    b: sum(groups, ({ levels: of }) => of[at]?.b ?? 0),
  }));
  const n = sum(levels, (level) => level.n);
  let below = 0;
  const a = levels.map((level) => {
    const rank = (2 * below + level.n - n) / (2 * n);
    below += level.n;
    return rank;
  });
  const ab = sum(levels, ({ b }, at) => (a[at] ?? 0) * b);
  const aa = sum(levels, (level, at) => level.n * (a[at] ?? 0) ** 2);
  const bb = sum(groups, ({ b_squared }) => b_squared);
  if (n < 3 || !(aa > 0 && bb > 0)) return null;
  const rho = ab / Math.sqrt(aa * bb);
  if (1 - rho ** 2 < 1e-12) return { n, rho: Math.sign(rho), p: null, low: null, high: null };
  if (independent || n <= 3) return { n, rho, ...rankTest(rho, n) };

  const filled = groups.filter(({ levels: of }) => of.some((level) => level.n > 0));
  if (filled.length < 2) return { n, rho, p: null, low: null, high: null };
  const bAboveX = above(levels.map(({ b }) => b)).map((value) => value / n);
  const aAboveX = above(levels.map((level, at) => level.n * (a[at] ?? 0))).map((value) => value / n);
  // The sums of the three influences in a group, before their means are taken off.
  const influences = (group: RankSums) => ({
    n: sum(group.levels, (level) => level.n),
    ab: group.a_above + sum(group.levels, (level, at) => level.b * (a[at] ?? 0) + level.n * (bAboveX[at] ?? 0)),
    aa: sum(group.levels, (level, at) => level.n * ((a[at] ?? 0) ** 2 + 2 * (aAboveX[at] ?? 0))),
    bb: group.b_squared + 2 * group.b_above,
  });
  const all = groups.map(influences);
  const mean = (of: 'ab' | 'aa' | 'bb') => sum(all, (group) => group[of]) / n;
  const means = { ab: mean('ab'), aa: mean('aa'), bb: mean('bb') };
  const squares = sum(all, (group) => {
    const off = (of: 'ab' | 'aa' | 'bb') => group[of] - group.n * means[of];
    // Of rho = ab / sqrt(aa bb); the sums are n times the means.
    return (n * (off('ab') / Math.sqrt(aa * bb) - (rho / 2) * (off('aa') / aa + off('bb') / bb))) ** 2;
  });
  const variance = (squares * filled.length) / (filled.length - 1) / n ** 2;
  const plain = ((1 - rho ** 2) ** 2 * (1 + rho ** 2 / 2)) / (n - 3);
  return { n, rho, ...rankTest(rho, n / Math.max(1, variance / plain)) };
}

/** For each value the sum of the ones after it, and half of itself. */
function above(values: readonly number[]): number[] {
  let after = 0;
  return values
    .toReversed()
    .map((value) => {
      const here = after + value / 2;
      after += value;
      return here;
    })
    .toReversed();
}

const sum = <T>(items: readonly T[], figure: (item: T, at: number) => number) =>
  items.reduce((total, item, at) => total + figure(item, at), 0);
