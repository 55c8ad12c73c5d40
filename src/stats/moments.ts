/** Sums over so many observations of several variables: enough for their correlations, and they can be added up. */
export interface Moments {
  n: number;
  sums: readonly number[];
  /** Sums of products; `products[i][j]` for j <= i. */
  products: readonly (readonly number[])[];
}

/**
 * The moments of all parts together.
 * @param parts over the same variables; not empty.
 */
export function addMoments(parts: readonly Moments[]): Moments {
  const [first, ...others] = parts;
  if (!first) throw new RangeError('There are no moments to add.');
  const all = (of: (one: Moments) => number) => others.reduce((total, one) => total + of(one), of(first));
  return {
    n: all(({ n }) => n),
    sums: first.sums.map((_, i) => all(({ sums }) => sums[i] ?? 0)),
    products: first.products.map((row, i) => row.map((_, j) => all(({ products }) => products[i]?.[j] ?? 0))),
  };
}

/**
 * Pearson's correlations of the variables. They are told exactly enough when the variables are measured from somewhere
 * among their values: far from 0, the sums cancel.
 *
 * @returns null with fewer than two observations, and where a variable does not vary.
 */
export function correlationsOf(moments: Moments): number[][] | null {
  const { n, sums } = moments;
  if (n < 2 || sums.some((_, i) => !varies(moments, i))) return null;
  const spreads = sums.map((_, i) => about(moments, i, i));
  return sums.map((_, i) =>
    sums.map((__, j) =>
      i === j ? 1 : Math.max(-1, Math.min(1, about(moments, i, j) / Math.sqrt((spreads[i] ?? 0) * (spreads[j] ?? 0)))),
    ),
  );
}

/** Whether a variable has more than one value; what is left of equal ones is rounding. */
export const varies = (moments: Moments, i: number): boolean =>
  about(moments, i, i) > 1e-12 * (moments.products[i]?.[i] ?? 0);

/** The sum of products of two variables about their means. */
const about = ({ n, sums, products }: Moments, i: number, j: number): number =>
  (products[Math.max(i, j)]?.[Math.min(i, j)] ?? 0) - ((sums[i] ?? 0) * (sums[j] ?? 0)) / n;
