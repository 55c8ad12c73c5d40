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
  const rho = correlationOfRanks(centredRanks(x), centredRanks(y));
  if (n < 3 || rho === null) return null;
  if (Math.abs(rho) === 1) return { n, rho, p: null, low: null, high: null };
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
export const midRanks = (values: readonly number[]): number[] =>
  centredRanks(values).map((rank) => (rank + values.length + 1) / 2);

/** The places of the values, from that of the smallest. */
export const ascending = (values: readonly number[]): number[] =>
  [...values.entries()].sort(([, a], [, b]) => a - b).map(([place]) => place);

/**
 * Mid-ranks less their mean, doubled: whole numbers, so that equal values and a perfect order are told exactly.
 * @param order the places of the values that are ranked, from that of the smallest; all others have 0
 */
export function centredRanks(values: readonly number[], order: readonly number[] = ascending(values)): number[] {
  const ranks = values.map(() => 0);
  for (let from = 0; from < order.length; ) {
    const tie = values[order[from] ?? -1];
    let to = from + 1;
    while (to < order.length && values[order[to] ?? -1] === tie) to += 1;
    for (let at = from; at < to; at += 1) ranks[order[at] ?? -1] = from + to - order.length;
    from = to;
  }
  return ranks;
}

/** The correlation of centred ranks; null where all of one side are equal. */
export function correlationOfRanks(a: readonly number[], b: readonly number[]): number | null {
  let [covariance, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    const [value, other] = [a[i] ?? 0, b[i] ?? 0];
    covariance += value * other;
    aa += value ** 2;
    bb += other ** 2;
  }
  if (aa * bb === 0) return null;
  return covariance ** 2 >= aa * bb ? Math.sign(covariance) : covariance / Math.sqrt(aa * bb);
}
