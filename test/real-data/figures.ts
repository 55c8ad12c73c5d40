import assert from 'node:assert/strict';
import gammainc from '@stdlib/math-base-special-gammainc';
import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import tCdf from '@stdlib/stats-base-dists-t-cdf';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';

// The formulas once more, from the textbooks and not from src/stats, so that a mistake there is not repeated here.

const z = 1.959963984540054;

export interface Interval {
  low: number;
  high: number;
}

export const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
export const mean = (values: readonly number[]) => sum(values) / values.length;

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return sum(values.map((value) => (value - middle) ** 2)) / (values.length - 1);
}

/** Student's interval of a mean. */
export function meanInterval(values: readonly number[]): Interval {
  const half = tQuantile(0.975, values.length - 1) * Math.sqrt(variance(values) / values.length);
  return { low: mean(values) - half, high: mean(values) + half };
}

/** Wilson's interval of a share. */
export function wilson(hits: number, n: number): Interval {
  const p = hits / n;
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return { low: middle - half, high: middle + half };
}

export interface Difference extends Interval {
  difference: number;
  p: number;
}

/** Welch's test of two means. */
export function welch(one: readonly number[], other: readonly number[]): Difference {
  const a = variance(one) / one.length;
  const b = variance(other) / other.length;
  const df = (a + b) ** 2 / (a ** 2 / (one.length - 1) + b ** 2 / (other.length - 1));
  const difference = mean(one) - mean(other);
  const half = tQuantile(0.975, df) * Math.sqrt(a + b);
  const p = 2 * tCdf(-Math.abs(difference) / Math.sqrt(a + b), df);
  return { difference, low: difference - half, high: difference + half, p };
}

/** Newcombe's interval of the difference of two shares (his method 10), from the Wilson intervals of both. */
export function newcombe(
  hits: number,
  n: number,
  otherHits: number,
  otherN: number,
): Interval & { difference: number } {
  const one = wilson(hits, n);
  const other = wilson(otherHits, otherN);
  const difference = hits / n - otherHits / otherN;
  return {
    difference,
    low: difference - Math.hypot(hits / n - one.low, other.high - otherHits / otherN),
    high: difference + Math.hypot(one.high - hits / n, otherHits / otherN - other.low),
  };
}

/** One observation, and which of the groups of customers it belongs to. */
export interface Grouped {
  group: number;
  value: number;
}

export interface Jackknifed extends Interval {
  se: number;
  p: number;
}

/** The mean with one group of customers left out after the other, and the interval that follows. */
export const jackknife = (one: readonly Grouped[]): Jackknifed => jackknifeDifference(one, []);

/** The same of a difference of two means: a customer group is left out of both at once. */
export function jackknifeDifference(one: readonly Grouped[], other: readonly Grouped[]): Jackknifed {
  const meanOf = (values: readonly Grouped[]) => (values.length === 0 ? 0 : mean(values.map(({ value }) => value)));
  const estimate = (left_out: number | null) =>
    meanOf(one.filter(({ group }) => group !== left_out)) - meanOf(other.filter(({ group }) => group !== left_out));
  const groups = [...new Set([...one, ...other].map(({ group }) => group))];
  const full = estimate(null);
  const squares = groups.map((group) => (estimate(group) - full) ** 2);
  const se = Math.sqrt((sum(squares) * (groups.length - 1)) / groups.length);
  const fewest = Math.min(
    ...[one, other].filter((side) => side.length > 0).map((side) => new Set(side.map(({ group }) => group)).size),
  );
  const half = tQuantile(0.975, fewest - 1) * se;
  return { se, low: full - half, high: full + half, p: 2 * tCdf(-Math.abs(full) / se, fewest - 1) };
}

/**
 * A weighted sum of shares whose customers repeat, by MOVER (Zou and Donner 2008): the Wilson limits of each share with n
 * divided by its design effect, put together by the correlations of the jackknife's replicates.
 */
export function shareSum(terms: readonly { weight: number; of: readonly Grouped[] }[]): Difference {
  const groups = [...new Set(terms.flatMap(({ of }) => of.map(({ group }) => group)))];
  const shareOf = (of: readonly Grouped[], left_out: number | null) =>
    mean(of.filter(({ group }) => group !== left_out).map(({ value }) => value));
  const deviations = terms.map(({ of }) => groups.map((group) => shareOf(of, group) - shareOf(of, null)));
  const product = (i: number, j: number) =>
    (sum(groups.map((_, at) => (deviations[i]?.[at] ?? 0) * (deviations[j]?.[at] ?? 0))) * (groups.length - 1)) /
    groups.length;
  const limits = (quantile: number) =>
    terms.map(({ of }) => {
      const p = shareOf(of, null);
      const n = of.length / Math.max(1, jackknife(of).se ** 2 / ((p * (1 - p)) / of.length));
      const middle = (p + quantile ** 2 / (2 * n)) / (1 + quantile ** 2 / n);
      const half = (quantile / (1 + quantile ** 2 / n)) * Math.sqrt((p * (1 - p)) / n + quantile ** 2 / (4 * n * n));
      return { p, down: p - (middle - half), up: middle + half - p };
    });
  const reach = (side: 'down' | 'up', quantile: number) => {
    const told = limits(quantile);
    const steps = terms.map(({ weight }, i) => {
      const turned = side === 'down' ? ('up' as const) : ('down' as const);
      return Math.abs(weight) * (told[i]?.[weight > 0 ? side : turned] ?? 0);
    });
    const of = (i: number, j: number) =>
      Math.sign((terms[i]?.weight ?? 0) * (terms[j]?.weight ?? 0)) *
      (product(i, j) / Math.sqrt(product(i, i) * product(j, j))) *
      (steps[i] ?? 0) *
      (steps[j] ?? 0);
    return Math.sqrt(sum(terms.flatMap((_, i) => terms.map((__, j) => of(i, j)))));
  };
  const difference = sum(terms.map(({ weight, of }) => weight * shareOf(of, null)));
  let [low, high] = [0, 40];
  for (let halvings = 0; halvings < 80; halvings++) {
    const middle = (low + high) / 2;
    if (reach(difference > 0 ? 'down' : 'up', middle) < Math.abs(difference)) low = middle;
    else high = middle;
  }
  return { difference, low: difference - reach('down', z), high: difference + reach('up', z), p: normalP(low) };
}

/** The same of a difference of two. */
export const sharesDifference = (one: readonly Grouped[], other: readonly Grouped[]): Difference =>
  shareSum([
    { weight: 1, of: one },
    { weight: -1, of: other },
  ]);

/** The net promoter score with the adjusted Wald interval, and the plain standard error of the literature. */
export function netPromoters(
  promoters: number,
  passives: number,
  detractors: number,
): Interval & { nps: number; se: number } {
  const n = promoters + passives + detractors;
  const p = promoters / n;
  const d = detractors / n;
  const se = 100 * Math.sqrt((p + d - (p - d) ** 2) / n);
  const more = n + 3;
  const p1 = (promoters + 0.75) / more;
  const d1 = (detractors + 0.75) / more;
  const half = 100 * z * Math.sqrt((p1 + d1 - (p1 - d1) ** 2) / more);
  const middle = 100 * (p1 - d1);
  return { nps: 100 * (p - d), se, low: Math.max(-100, middle - half), high: Math.min(100, middle + half) };
}

/** The two-sided p of a normal statistic. */
export const normalP = (statistic: number) => 2 * normalCdf(-Math.abs(statistic), 0, 1);

/** One observation of a respondent: how many days it was followed, and whether it left then. */
export interface Followed {
  days: number;
  left: boolean;
}

export interface Step extends Interval {
  days: number;
  at_risk: number;
  left: number;
  survival: number;
}

/** Kaplan and Meier's curve at the days on which somebody left, with Greenwood's variance on the log(-log) scale. */
export function survivalCurve(followed: readonly Followed[]): Step[] {
  const days = [...new Set(followed.filter(({ left }) => left).map((one) => one.days))].sort((a, b) => a - b);
  let survival = 1;
  let greenwood = 0;
  return days.map((day) => {
    const at_risk = followed.filter((one) => one.days >= day).length;
    const left = followed.filter((one) => one.left && one.days === day).length;
    survival *= 1 - left / at_risk;
    greenwood += left / (at_risk * (at_risk - left));
    const half = (z * Math.sqrt(greenwood)) / Math.abs(Math.log(survival));
    return { days: day, at_risk, left, survival, low: survival ** Math.exp(half), high: survival ** Math.exp(-half) };
  });
}

/** The log-rank test of two groups. */
export function logRank(one: readonly Followed[], other: readonly Followed[]): { chi2: number; p: number } {
  const all = [...one, ...other];
  let surplus = 0;
  let spread = 0;
  for (const day of new Set(all.filter(({ left }) => left).map(({ days }) => days))) {
    const n = all.filter(({ days }) => days >= day).length;
    const d = all.filter(({ days, left }) => left && days === day).length;
    const n1 = one.filter(({ days }) => days >= day).length;
    surplus += one.filter(({ days, left }) => left && days === day).length - (d * n1) / n;
    if (n > 1) spread += (d * (n1 / n) * (1 - n1 / n) * (n - d)) / (n - 1);
  }
  const chi2 = surplus ** 2 / spread;
  return { chi2, p: gammainc(chi2 / 2, 0.5, true, true) };
}

/** Fails unless two numbers agree to the six decimals that answers have (or to six digits where they are large). */
export function near(actual: number | null | undefined, expected: number, what: string): void {
  const allowed = Math.max(2e-6, Math.abs(expected) * 1e-9);
  if (typeof actual === 'number' && Math.abs(actual - expected) <= allowed) return;
  assert.fail(`${what}: the service says ${actual}, by hand it is ${expected}`);
}

/** Fails unless the figure `name` of a row, and its interval, are as expected. */
export function nearFigure(
  row: Record<string, unknown>,
  name: string,
  value: number,
  { low, high }: Interval,
  what: string,
): void {
  const of = (key: string) => row[key] as number | null;
  near(of(name), value, `${what}, ${name}`);
  near(of(`${name}_low`), low, `${what}, ${name}_low`);
  near(of(`${name}_high`), high, `${what}, ${name}_high`);
}

/** Fails unless a p value agrees to the four digits that answers have. */
export function nearP(actual: number | null | undefined, expected: number, what: string): void {
  if (typeof actual === 'number' && Math.abs(actual - expected) <= 6e-4 * expected) return;
  assert.fail(`${what}: the service says ${actual}, by hand it is ${expected}`);
}
