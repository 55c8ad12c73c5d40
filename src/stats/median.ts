import type { Interval } from './intervals.ts';
import { clusteredProportion } from './jackknife.ts';

/** A median. The limits are null together where the values are too few to tell them. */
export interface Median {
  median: number;
  low: number | null;
  high: number | null;
}

/** A value with the group of customers that it belongs to. */
export interface GroupedValue {
  value: number;
  group: number;
}

/**
 * The median with its interval. Where every customer counts once (`independent`) the limits are the order statistics of
 * the binomial distribution: the x(l) and x(n + 1 - l) with the largest l for which P(X < l) <= 0.025, X ~ B(n, 1/2);
 * fewer than six values have none. Else those that R. S. Woodruff (1952), JASA 47, 635-646, reads at the limits of the
 * share of one half: Wilson's, with n divided by the design effect of lying in the lower half (`clusteredProportion`).
 *
 * @param groups how many groups of customers there are, numbered from 0.
 * @returns null without values.
 */
export function medianOf(values: readonly GroupedValue[], independent: boolean, groups: number): Median | null {
  const sorted = values.toSorted((one, other) => one.value - other.value);
  const n = sorted.length;
  const at = (rank: number) => sorted[rank - 1]?.value ?? Number.NaN;
  if (n === 0) return null;
  const median = (at(Math.floor((n + 1) / 2)) + at(Math.ceil((n + 1) / 2))) / 2;
  const ranks = independent ? binomialRanks(n) : woodruffRanks(sorted, groups);
  return { median, low: ranks && at(ranks.low), high: ranks && at(ranks.high) };
}

/** The ranks from 1 of the limits of a median of n independent values; null below six. */
export function binomialRanks(n: number): Interval | null {
  // Down from the middle, where the probability is 1 on a scale of its own, until nothing more is added.
  const middle = Math.floor(n / 2);
  const weights = [1];
  for (let k = middle; k > 0; k -= 1) {
    const weight = ((weights.at(-1) ?? 0) * k) / (n - k + 1);
    if (weight < 1e-18) break;
    weights.push(weight);
  }
  const lower = weights.reduce((sum, weight) => sum + weight, 0);
  const whole = 2 * lower - (n % 2 === 0 ? 1 : 0);
  let tail = lower;
  let below = middle;
  for (const weight of weights) {
    if (tail / whole <= 0.025) return { low: below + 1, high: n - below };
    tail -= weight;
    below -= 1;
  }
  return null;
}

function woodruffRanks(sorted: readonly GroupedValue[], groups: number): Interval | null {
  const n = sorted.length;
  const halves = Array.from({ length: groups }, () => ({ numerator: 0, denominator: 0 }));
  for (const [place, { group }] of sorted.entries()) {
    const half = halves[group];
    if (!half) continue;
    half.denominator += 1;
    half.numerator += 2 * (place + 1) <= n ? 1 : 2 * (place + 1) === n + 1 ? 0.5 : 0;
  }
  const { low, high } = clusteredProportion(halves) ?? { low: null, high: null };
  if (low === null || high === null) return null;
  const ranks = { low: Math.floor(low * n), high: Math.ceil(high * n) + 1 };
  return ranks.low >= 1 && ranks.high <= n ? ranks : null;
}
