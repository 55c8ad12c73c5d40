import { setImmediate as pause } from 'node:timers/promises';
import { uniformsOf } from './random.ts';

/** What a customer adds to two bands: responses of the first and of the second, and the sums of each measure. */
export interface BootstrapCustomer {
  n: readonly [number, number];
  sums: readonly (readonly [number, number])[];
}

/** The percentile limits of a difference of means, and its two-sided p. */
export interface BootstrapDifference {
  low: number;
  high: number;
  p: number;
}

/** So many resamples make the 2.5% and 97.5% points the 50th from either end. */
export const resamples = 1999;

/** How many customers are drawn before others get their turn. */
const turn = 500_000;

/**
 * The bootstrap by customer: customers are drawn with replacement, as many as there are, each with all its responses, and
 * the difference of the two means is taken each time. Limits are the 50th of the 1,999 differences from either end;
 * p = 2 (1 + the fewer of those up to 0 and from 0 on) / 2000, so it is never below 0.001.
 * B. Efron and R. J. Tibshirani (1993), An Introduction to the Bootstrap, chapter 13; by customer as in A. C. Davison and
 * D. V. Hinkley (1997), Bootstrap Methods and their Application, section 3.8. The same seed and order of customers give
 * the same numbers on every machine. The percentile limits are too narrow below some thirty customers.
 *
 * @param customers in an order that is always the same.
 * @returns for each measure, in their order; null where nothing varies, or more than 1% of the resamples have nobody on a
 * side.
 */
export async function bootstrapDifferences(
  customers: readonly BootstrapCustomer[],
  measures: number,
  seed: number,
): Promise<(BootstrapDifference | null)[]> {
  const size = customers.length;
  const width = 2 + 2 * measures;
  const table = new Float64Array(size * width);
  for (const [at, { n, sums }] of customers.entries()) table.set([...n, ...sums.flat()], at * width);
  const next = uniformsOf(seed);
  const found = Array.from({ length: measures }, (): number[] => []);
  let drawn = 0;
  for (let resample = 0; resample < resamples; resample += 1) {
    const sums = new Float64Array(width);
    for (let draw = 0; draw < size; draw += 1) {
      const from = Math.floor(next() * size) * width;
      for (let column = 0; column < width; column += 1)
        // A typed array has a number at every index below its length.
        sums[column] = (sums[column] ?? 0) + (table[from + column] ?? 0);
    }
    const [first = 0, second = 0] = sums;
    if (first > 0 && second > 0)
      for (const [measure, differences] of found.entries())
        differences.push((sums[2 + 2 * measure] ?? 0) / first - (sums[3 + 2 * measure] ?? 0) / second);
    drawn += size;
    if (drawn >= turn) {
      drawn = 0;
      await pause();
    }
  }
  return found.map(limitsOf);
}

function limitsOf(differences: number[]): BootstrapDifference | null {
  const n = differences.length;
  if (n < 0.99 * resamples) return null;
  differences.sort((one, other) => one - other);
  const rank = Math.round(0.025 * (n + 1));
  const low = differences[rank - 1] ?? Number.NaN;
  const high = differences[n - rank] ?? Number.NaN;
  if (!(high - low > 1e-12 * Math.max(Math.abs(low), Math.abs(high)))) return null;
  const upTo = differences.filter((difference) => difference <= 0).length;
  const from = differences.filter((difference) => difference >= 0).length;
  return { low, high, p: Math.min(1, (2 * (1 + Math.min(upTo, from))) / (n + 1)) };
}
