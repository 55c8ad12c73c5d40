import { normalP, studentP, z } from './distributions.ts';
import { type BandCounts, isOnlyRounding, nps, tInterval } from './intervals.ts';

/** A mean as three sums tell it. `variance` is the sample variance, with n - 1 below. */
export interface Summary {
  n: number;
  mean: number;
  variance: number | null;
}

/**
 * A difference, first minus second. Everything but the difference is null where the data do not tell their own spread.
 */
export interface Difference {
  difference: number;
  standard_error: number | null;
  t: number | null;
  df: number | null;
  p: number | null;
  low: number | null;
  high: number | null;
}

/** The same for figures whose test statistic is normal. */
export interface NormalDifference {
  difference: number;
  standard_error: number | null;
  z: number | null;
  p: number | null;
  low: number | null;
  high: number | null;
}

/**
 * The two-sided t test of a difference against 0, t = difference / se, and its interval. A difference of the jackknife
 * is tested by `tTest(estimate, standard_error, df)`.
 *
 * t, p, low and high are null when the standard error or the degrees of freedom are unknown, or the standard error is
 * only rounding.
 */
export function tTest(difference: number, standardError: number | null, df: number | null): Difference {
  const interval = tInterval(difference, standardError, df);
  if (!interval || standardError === null || df === null) {
    return { difference, standard_error: standardError, t: null, df, p: null, low: null, high: null };
  }
  const t = difference / standardError;
  return { difference, standard_error: standardError, t, df, p: studentP(t, df), ...interval };
}

/**
 * Welch's test of two means: se^2 = v1/n1 + v2/n2, df = se^4 / ((v1/n1)^2/(n1 - 1) + (v2/n2)^2/(n2 - 1)).
 * B. L. Welch (1947), Biometrika 34, 28-35.
 *
 * @returns null when a side has no observation. Test and interval are null when a side has only one, or nothing varies.
 */
export const welch = (first: Summary, second: Summary): Difference | null =>
  welchContrast([
    { weight: 1, of: first },
    { weight: -1, of: second },
  ]);

/**
 * The same of a weighted sum of means of different observations, such as a difference of differences:
 * se^2 = sum of w^2 v/n, df = se^4 / sum of (w^2 v/n)^2/(n - 1).
 * F. E. Satterthwaite (1946), Biometrics Bulletin 2, 110-114.
 *
 * @returns null without terms and when one has no observation; test and interval as for two.
 */
export function welchContrast(terms: readonly { weight: number; of: Summary }[]): Difference | null {
  const difference = terms.reduce((sum, { weight, of }) => sum + weight * of.mean, 0);
  if (terms.length === 0 || !terms.every(({ of }) => of.n > 0) || !Number.isFinite(difference)) return null;
  const parts = terms.map(({ weight, of }) => ({ n: of.n, variance: varianceOfMean(of, weight) }));
  const known = parts.flatMap(({ n, variance }) => (variance === null ? [] : [{ n, variance }]));
  if (known.length < parts.length) return tTest(difference, null, null);
  const whole = known.reduce((sum, { variance }) => sum + variance, 0);
  const largest = Math.max(...terms.map(({ weight, of }) => Math.abs(weight * of.mean)));
  if (isOnlyRounding(Math.sqrt(whole), largest)) return tTest(difference, 0, null);
  // Shares of the variance, not its squares: those underflow first.
  const inverse = known.reduce((sum, { n, variance }) => sum + (variance / whole) ** 2 / (n - 1), 0);
  return tTest(difference, Math.sqrt(whole), 1 / inverse);
}

function varianceOfMean({ n, variance }: Summary, weight: number): number | null {
  return n > 1 && variance !== null && variance >= 0 && Number.isFinite(variance) ? (weight ** 2 * variance) / n : null;
}

/**
 * The z test of two Net Promoter Scores, in points: the variance of one is 100^2 (p + d - (p - d)^2) / n, where p and
 * d are the shares of promoters and detractors (the multinomial variance of +1, 0 and -1). The interval is
 * difference -+ z se.
 *
 * @returns null when a side has no response. Test and interval are null when on both sides all answered alike.
 */
export function npsDifference(first: BandCounts, second: BandCounts): NormalDifference | null {
  const a = nps(first);
  const b = nps(second);
  if (a === null || b === null) return null;
  const difference = a - b;
  const standardError = Math.sqrt(npsVariance(first) + npsVariance(second));
  if (isOnlyRounding(standardError, 100)) {
    return { difference, standard_error: 0, z: null, p: null, low: null, high: null };
  }
  return {
    difference,
    standard_error: standardError,
    z: difference / standardError,
    p: normalP(difference / standardError),
    low: Math.max(-200, difference - z * standardError),
    high: Math.min(200, difference + z * standardError),
  };
}

function npsVariance({ promoters, passives, detractors }: BandCounts): number {
  const n = promoters + passives + detractors;
  // The same as p + d - (p - d)^2, without its cancellation: exactly 0 when all answer alike.
  return (100 ** 2 * (passives * (promoters + detractors) + 4 * promoters * detractors)) / n ** 3;
}

/**
 * Benjamini-Hochberg q-values, in the order of the p: q of the i-th smallest p = min over j >= i of p_j m / j.
 * Y. Benjamini and Y. Hochberg (1995), JRSS B 57, 289-300; the adjusted p of R's p.adjust.
 *
 * @param ps one p for each test; null for a test that could not be made, which is not counted in m and stays null.
 */
export function benjaminiHochberg(ps: readonly (number | null)[]): (number | null)[] {
  const tested = ps.flatMap((p, index) => (p === null ? [] : [{ p, index }])).sort((a, b) => b.p - a.p);
  const qs = ps.map((): number | null => null);
  let q = 1;
  tested.forEach(({ p, index }, i) => {
    q = Math.min(q, p * (tested.length / (tested.length - i)));
    qs[index] = q;
  });
  return qs;
}

/** Adds to each comparison its q over all of them: see `benjaminiHochberg`. */
export function withQ<T extends { p: number | null }>(comparisons: readonly T[]): (T & { q: number | null })[] {
  const qs = benjaminiHochberg(comparisons.map(({ p }) => p));
  return comparisons.map((comparison, at) => ({ ...comparison, q: qs[at] ?? null }));
}
