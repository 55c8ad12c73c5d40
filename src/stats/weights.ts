import { symmetricEigen } from './eigen.ts';
import { isOnlyRounding } from './intervals.ts';
import { addMoments, correlationsOf, type Moments } from './moments.ts';

/** How much of the variance of a target each predictor stands for. */
export interface RelativeWeights {
  /** One for each predictor, in their order; none is below 0, and they sum to `r2`. */
  weights: number[];
  /** The share of the target's variance that all predictors together explain. */
  r2: number;
  /** Largest / smallest eigenvalue of the predictors' correlations: 1 where they have nothing in common. */
  condition_number: number;
}

/** From here on predictors count as copies of one another: what is left of their difference is rounding. */
const singular = 1e10;

/**
 * Johnson's relative weights: predictors that are correlated share what they explain together, by way of the orthogonal
 * variables that are closest to them. With R = V D V' the correlations of the predictors and r those with the target:
 * L = V D^1/2 V', b = L^-1 r, weight of j = sum over k of L_jk^2 b_k^2.
 * J. W. Johnson (2000), Multivariate Behavioral Research 35, 1-19.
 *
 * @param correlations of the predictors with each other: symmetric, 1 on the diagonal.
 * @param withTarget of each predictor with the target.
 * @returns null without predictors, and where the correlations are singular or cannot be those of any data (R2 above 1).
 */
export function relativeWeights(
  correlations: readonly (readonly number[])[],
  withTarget: readonly number[],
): RelativeWeights | null {
  if (withTarget.length === 0 || ![...correlations.flat(), ...withTarget].every(Number.isFinite)) return null;
  const { values, vectors } = symmetricEigen(correlations);
  const [largest = 0, smallest = 0] = [values[0], values.at(-1)];
  if (!(smallest > 0 && largest / smallest < singular)) return null;
  const roots = values.map(Math.sqrt);
  // The target along each eigenvector, and then along each of the orthogonal variables.
  const along = vectors.map((vector) => sum(vector.map((value, j) => value * (withTarget[j] ?? 0))));
  const betas = withTarget.map((_, k) =>
    sum(vectors.map((vector, e) => ((vector[k] ?? 0) * (along[e] ?? 0)) / (roots[e] ?? 0))),
  );
  const loading = (j: number, k: number) =>
    sum(vectors.map((vector, e) => (vector[j] ?? 0) * (roots[e] ?? 0) * (vector[k] ?? 0)));
  const r2 = sum(betas.map((beta) => beta ** 2));
  if (r2 > 1 + 1e-9) return null;
  return {
    weights: withTarget.map((_, j) => sum(betas.map((beta, k) => (loading(j, k) * beta) ** 2))),
    r2: Math.min(1, r2),
    condition_number: largest / smallest,
  };
}

/** Relative weights, and how far they would be off. */
export interface EstimatedWeights extends RelativeWeights {
  n: number;
  /** Of each predictor with the target. */
  correlations: number[];
  /** Degrees of freedom of the errors; null where they are not told. */
  df: number | null;
  /**
   * The standard error of any figure that follows from the weights, such as a weight or the difference of two; null
   * where the groups cannot tell it, and where it is only rounding.
   */
  error(figure: (weights: RelativeWeights) => number): number | null;
}

/**
 * Relative weights from moments by group of customers, with standard errors by the delete-a-group jackknife (see
 * `ratioEstimate`), which allows for customers who count more than once and needs nothing but sums. In 600 simulated
 * samples of four correlated predictors, t intervals held the true weight 92 to 93% of the time with 60 responses, 92 to
 * 96% with 150 and 94 to 96% with 600.
 *
 * @param groups moments of the target, which comes first, and of the predictors; groups without observations count as
 * not there.
 * @returns null where the weights cannot be told: a variable does not vary, or the predictors are singular.
 */
export function estimateWeights(groups: readonly Moments[]): EstimatedWeights | null {
  const filled = groups.filter(({ n }) => n > 0);
  if (filled.length === 0) return null;
  const all = addMoments(filled);
  const full = weightsOf(all);
  if (!full) return null;
  const without = filled.map((_, g) => (filled.length > 1 ? weightsOf(addMoments(filled.toSpliced(g, 1))) : null));
  const replicates = without.flatMap((one) => one ?? []);
  const isTold = filled.length > 1 && replicates.length === filled.length;
  return {
    ...full,
    n: all.n,
    df: isTold ? filled.length - 1 : null,
    error(figure) {
      if (!isTold) return null;
      const estimate = figure(full);
      const squares = sum(replicates.map((one) => (figure(one) - estimate) ** 2));
      const found = Math.sqrt((squares * (filled.length - 1)) / filled.length);
      // The weights are shares, so 1 is their size.
      return isOnlyRounding(found, 1) ? null : found;
    },
  };
}

function weightsOf(moments: Moments): (RelativeWeights & { correlations: number[] }) | null {
  const [withAll, ...predictors] = correlationsOf(moments) ?? [];
  if (!withAll) return null;
  const correlations = withAll.slice(1);
  const found = relativeWeights(
    predictors.map((row) => row.slice(1)),
    correlations,
  );
  return found && { ...found, correlations };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
