import { t975, z } from './distributions.ts';

/** A 95% interval. Both limits are finite, and low <= high. */
export interface Interval {
  low: number;
  high: number;
}

/** How many of n did it. Both may be fractions: counts divided by a design effect. */
export interface Share {
  successes: number;
  n: number;
}

/** Responses by band. */
export interface BandCounts {
  promoters: number;
  passives: number;
  detractors: number;
}

/**
 * Wilson's score interval of a proportion, within [0, 1]; it always holds successes / n.
 * E. B. Wilson (1927), JASA 22, 209-212: the roots of (p - s/n)^2 = z^2 p (1 - p) / n.
 *
 * @returns null when n is not above 0, or successes lie outside 0..n.
 */
export function wilson({ successes, n }: Share): Interval | null {
  if (!(Number.isFinite(n) && n > 0 && successes >= 0 && successes <= n)) return null;
  const center = successes + z ** 2 / 2;
  const half = z * Math.sqrt((successes / n) * (n - successes) + z ** 2 / 4);
  // At the ends the limit is exactly 0 or 1, and rounding must not say otherwise.
  return {
    low: successes === 0 ? 0 : Math.max(0, (center - half) / (n + z ** 2)),
    high: successes === n ? 1 : Math.min(1, (center + half) / (n + z ** 2)),
  };
}

/**
 * The difference of two independent proportions, first minus second, with Newcombe's hybrid score interval:
 * d - sqrt((p1 - l1)^2 + (u2 - p2)^2) to d + sqrt((u1 - p1)^2 + (p2 - l2)^2), where l and u are Wilson limits.
 * R. G. Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
 *
 * @returns null when either side has no Wilson interval.
 */
export function newcombe(first: Share, second: Share): ({ difference: number } & Interval) | null {
  const a = wilson(first);
  const b = wilson(second);
  if (!a || !b) return null;
  const p1 = first.successes / first.n;
  const p2 = second.successes / second.n;
  const difference = p1 - p2;
  return {
    difference,
    low: difference - Math.hypot(p1 - a.low, b.high - p2),
    high: difference + Math.hypot(a.high - p1, p2 - b.low),
  };
}

/** The Net Promoter Score, 100 (promoters - detractors) / n, in points from -100 to 100; null without responses. */
export function nps({ promoters, passives, detractors }: BandCounts): number | null {
  const n = promoters + passives + detractors;
  return n > 0 ? (100 * (promoters - detractors)) / n : null;
}

/**
 * The adjusted Wald interval of the Net Promoter Score, in points, clipped to -100..100. Three responses are added,
 * 3/4 promoter, 3/2 passive and 3/4 detractor, because the plain Wald interval has no width when all answer alike.
 * B. Rocks (2016), Interval Estimation for the Net Promoter Score, The American Statistician 70, 365-372.
 *
 * @returns null without responses.
 */
export function npsInterval({ promoters, passives, detractors }: BandCounts): Interval | null {
  const n = promoters + passives + detractors;
  if (!(n > 0)) return null;
  const p = (promoters + 0.75) / (n + 3);
  const d = (detractors + 0.75) / (n + 3);
  const half = z * Math.sqrt((p + d - (p - d) ** 2) / (n + 3));
  return { low: Math.max(-100, 100 * (p - d - half)), high: Math.min(100, 100 * (p - d + half)) };
}

/**
 * The t interval of a mean, or of any estimate with a standard error and degrees of freedom: mean -+ t(0.975, df) se.
 *
 * @returns null when the standard error or the degrees of freedom are unknown, and when the standard error is only
 * rounding (see `isOnlyRounding`): observations that are all equal do not tell how far their mean may be off.
 */
export function tInterval(mean: number, standardError: number | null, df: number | null): Interval | null {
  if (standardError === null || df === null || isOnlyRounding(standardError, mean)) return null;
  const t = t975(df);
  if (t === null) return null;
  const low = mean - t * standardError;
  const high = mean + t * standardError;
  return Number.isFinite(low) && Number.isFinite(high) ? { low, high } : null;
}

/**
 * Whether a standard error is zero, or no more than rounding beside a figure of this size. R's t.test refuses
 * "essentially constant" data in the same way, below 10 eps; here it is 1e-12, since sums over groups round more.
 */
export function isOnlyRounding(standardError: number, size: number): boolean {
  return !(standardError > 1e-12 * Math.abs(size));
}
