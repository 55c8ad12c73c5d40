import { studentP, z } from './distributions.ts';

/** Spearman's rank correlation. p and the interval are null where the formulas cannot tell them. */
export interface Spearman {
  n: number;
  rho: number;
  p: number | null;
  low: number | null;
  high: number | null;
}

/**
 * Spearman's rank correlation: Pearson's correlation of the mid-ranks. p from t = rho sqrt((n - 2) / (1 - rho^2))
 * with n - 2 degrees of freedom, as scipy's spearmanr. The interval is tanh(atanh(rho) -+ z se) with
 * se^2 = (1 + rho^2 / 2) / (n - 3): D. G. Bonett and T. A. Wright (2000), Psychometrika 65, 23-28.
 *
 * @param x one value for each subject.
 * @param y the other value, in the same order.
 * @throws RangeError when they differ in length.
 * @returns null with fewer than three subjects, or when all x or all y are equal. p and the interval are null where
 * rho is -1 or 1 and t infinite, and the interval with three subjects.
 */
export function spearman(x: readonly number[], y: readonly number[]): Spearman | null {
  const n = x.length;
  if (y.length !== n) throw new RangeError('The two lists differ in length.');
  // Ranks from their mean, doubled: whole numbers, so that equal values and a perfect order are told exactly.
  const a = midRanks(x).map((rank) => 2 * rank - n - 1);
  const b = midRanks(y).map((rank) => 2 * rank - n - 1);
  const covariance = a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  const spread = sumOfSquares(a) * sumOfSquares(b);
  if (n < 3 || spread === 0) return null;
  const rho = covariance / Math.sqrt(spread);
  if (covariance ** 2 >= spread) return { n, rho: Math.sign(covariance), p: null, low: null, high: null };
  return { n, rho, ...rankTest(rho, n) };
}

/**
 * The p and the interval of a Spearman correlation within -1 and 1 of n independent subjects; n may be a fraction, where
 * subjects were divided by a design effect.
 */
export function rankTest(rho: number, n: number): Omit<Spearman, 'n' | 'rho'> {
  const p = n > 2 ? studentP(rho * Math.sqrt((n - 2) / (1 - rho ** 2)), n - 2) : null;
  if (n <= 3) return { p, low: null, high: null };
  const half = z * Math.sqrt((1 + rho ** 2 / 2) / (n - 3));
  return { p, low: Math.tanh(Math.atanh(rho) - half), high: Math.tanh(Math.atanh(rho) + half) };
}

/** The rank of each value, from 1 for the smallest; equal values share the mean of their ranks. */
export function midRanks(values: readonly number[]): number[] {
  const sorted = [...values.entries()].sort(([, a], [, b]) => a - b);
  const ranks = values.map(() => 0);
  for (let from = 0; from < sorted.length; ) {
    const tie = sorted[from]?.[1];
    let to = from + 1;
    while (to < sorted.length && sorted[to]?.[1] === tie) to += 1;
    for (const [index] of sorted.slice(from, to)) ranks[index] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

const sumOfSquares = (values: readonly number[]) => values.reduce((sum, value) => sum + value ** 2, 0);
