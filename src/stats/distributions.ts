import gammainc from '@stdlib/math-base-special-gammainc';
import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import tCdf from '@stdlib/stats-base-dists-t-cdf';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';

/** The 0.975 quantile of the standard normal distribution: every interval of the product is a 95% interval. */
export const z = 1.959963984540054;

/**
 * The two-sided p of a standard normal statistic; null unless it is finite.
 * Taken from the lower tail, so that a small p keeps its digits.
 */
export function normalP(statistic: number): number | null {
  return Number.isFinite(statistic) ? Math.min(1, 2 * normalCdf(-Math.abs(statistic), 0, 1)) : null;
}

/**
 * The two-sided p of a t statistic with `df` degrees of freedom (fractions too).
 * Null unless both are finite and `df` is above 0.
 */
export function studentP(t: number, df: number): number | null {
  return Number.isFinite(t) && Number.isFinite(df) && df > 0 ? Math.min(1, 2 * tCdf(-Math.abs(t), df)) : null;
}

/**
 * The 0.975 quantile of Student's t with `df` degrees of freedom (fractions too).
 * Null unless `df` is finite and above 0.
 */
export function t975(df: number): number | null {
  if (!Number.isFinite(df) || df <= 0) return null;
  const known = quantiles.get(df);
  if (known !== undefined) return known;
  const quantile = tQuantile(0.975, df);
  if (Number.isInteger(df) && df < 100) quantiles.set(df, quantile);
  return quantile;
}

/** It is searched for step by step, and most answers ask for that of 31 degrees hundreds of times. */
const quantiles = new Map<number, number>();

/**
 * The p of a chi-square statistic with `df` degrees of freedom, by the upper regularised incomplete gamma function:
 * 1 - cdf would lose every p below 1e-16. Null unless both are finite, it is not negative, and `df` is above 0.
 */
export function chiSquareP(statistic: number, df: number): number | null {
  return Number.isFinite(statistic) && statistic >= 0 && Number.isFinite(df) && df > 0
    ? gammainc(statistic / 2, df / 2, true, true)
    : null;
}
