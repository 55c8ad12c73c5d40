import { t975, z } from './distributions.ts';
import { isOnlyRounding, tInterval, wilson } from './intervals.ts';

/** What one group of customers adds to a ratio. A group with neither is empty, and is as if it were not there. */
export interface RatioGroup {
  numerator: number;
  denominator: number;
}

/** One ratio of a sum of ratios. */
export interface RatioTerm {
  weight: number;
  groups: readonly RatioGroup[];
}

/** An estimate. Standard error and degrees of freedom are null where the groups cannot tell them. */
export interface Estimate {
  estimate: number;
  standard_error: number | null;
  df: number | null;
}

/** A proportion of responses whose customers may count more than once. Design effect and limits are null together. */
export interface ClusteredProportion {
  estimate: number;
  n: number;
  /** How many times larger the variance is than that of n independent responses; at least 1. */
  design_effect: number | null;
  /** The Wilson interval of n / design_effect responses. */
  low: number | null;
  high: number | null;
}

/**
 * Sum of numerators / sum of denominators, with the standard error of the delete-a-group jackknife:
 * v = (G - 1)/G sum over g of (theta(-g) - theta)^2, where theta(-g) is the ratio without group g and G the number of
 * groups that are not empty; G - 1 degrees of freedom. All rows of a customer must be in one group.
 * P. S. Kott (2001), The Delete-a-Group Jackknife, Journal of Official Statistics 17, 521-526. As there, the deviations
 * are from the full estimate; those from the mean of the theta(-g) are never larger and leave out the bias of a ratio
 * (K. M. Wolter, Introduction to Variance Estimation, chapter 4).
 *
 * @returns null when the denominators sum to 0. Standard error and df are null with fewer than two groups that are not
 * empty, and when the others' denominators sum to 0 without one of them.
 */
export function ratioEstimate(groups: readonly RatioGroup[]): Estimate | null {
  return ratioContrast([{ weight: 1, groups }]);
}

/**
 * The difference of two ratios, first minus second; see `ratioContrast`. Group g must be the same customers in both.
 */
export function ratioDifference(first: readonly RatioGroup[], second: readonly RatioGroup[]): Estimate | null {
  return ratioContrast([
    { weight: 1, groups: first },
    { weight: -1, groups: second },
  ]);
}

/**
 * The difference of differences, (first after - first before) - (second after - second before); see `ratioContrast`.
 */
export function ratioDifferenceOfDifferences(
  first: { before: readonly RatioGroup[]; after: readonly RatioGroup[] },
  second: { before: readonly RatioGroup[]; after: readonly RatioGroup[] },
): Estimate | null {
  return ratioContrast([
    { weight: 1, groups: first.after },
    { weight: -1, groups: first.before },
    { weight: -1, groups: second.after },
    { weight: 1, groups: second.before },
  ]);
}

/**
 * A weighted sum of ratios over the same groups: the sum of weight x ratio, with weights that are not estimated.
 * Group g is left out of every term at once, which keeps the covariance of the terms (the same customers may be in
 * several). The jackknife is that of `ratioEstimate`; a group is empty when it is empty in every term.
 *
 * The degrees of freedom are those of the term with the fewest groups that are not empty, as in the cautious rule
 * min(n1, n2) - 1 for two means. With a band of 6 customers against one of 300, intervals with 31 degrees held the
 * truth in 91% of 4,000 simulated samples, with this rule in 96%.
 *
 * @throws RangeError when the terms have different numbers of groups.
 * @returns null without terms, and when a term's denominators sum to 0. Standard error and df are null where
 * `ratioEstimate` has none for one of the terms.
 */
export function ratioContrast(terms: readonly RatioTerm[]): Estimate | null {
  const size = terms[0]?.groups.length;
  if (size === undefined) return null;
  if (terms.some(({ groups }) => groups.length !== size)) throw new RangeError('The terms have different groups.');
  // A ratio over nothing is NaN or infinite here, and stays so through every sum until one of the two checks meets it.
  const parts = terms.map(partOf);
  const estimate = sum(parts.map(({ full }) => full));
  if (!Number.isFinite(estimate)) return null;

  const left = Array.from({ length: size }, (_, g) => g).filter((g) => parts.some(({ filled }) => filled[g]));
  const squares = left.map((g) => (sum(parts.map(({ without }) => without[g] ?? Number.NaN)) - estimate) ** 2);
  const standardError = Math.sqrt((sum(squares) * (left.length - 1)) / left.length);
  if (!Number.isFinite(standardError)) return { estimate, standard_error: null, df: null };
  const largest = Math.max(...parts.map(({ full }) => Math.abs(full)));
  return {
    estimate,
    standard_error: isOnlyRounding(standardError, largest) ? 0 : standardError,
    df: Math.min(...parts.map(({ filled }) => filled.filter(Boolean).length)) - 1,
  };
}

/**
 * The covariances of several ratios over the same groups, by the same jackknife: groups are those in which one of the
 * ratios has somebody.
 *
 * @returns null where a ratio has no denominator as a whole or without one of the groups.
 */
export function jackknifeCovariances(ratios: readonly (readonly RatioGroup[])[]): number[][] | null {
  const parts = ratios.map((groups) => partOf({ weight: 1, groups }));
  const size = ratios[0]?.length ?? 0;
  const left = Array.from({ length: size }, (_, g) => g).filter((g) => parts.some(({ filled }) => filled[g]));
  const deviations = parts.map(({ full, without }) => left.map((g) => (without[g] ?? Number.NaN) - full));
  if (!deviations.flat().every(Number.isFinite)) return null;
  return deviations.map((one) =>
    deviations.map(
      (other) => (sum(one.map((deviation, at) => deviation * (other[at] ?? 0))) * (left.length - 1)) / left.length,
    ),
  );
}

/**
 * A proportion of responses by group (numerator: how many did it, denominator: how many responses), with a Wilson
 * interval that allows for customers who count more than once: n is divided by the design effect v / (p (1 - p) / n),
 * v from the jackknife; never below 1. The effective n as in E. L. Korn and B. I. Graubard (1998),
 * Survey Methodology 24, 193-201.
 *
 * Where nobody or everybody did it, there is no variance to compare and the design effect is 1.
 *
 * @returns null without responses. Design effect and interval are null with fewer than two groups that are not empty.
 */
export function clusteredProportion(groups: readonly RatioGroup[]): ClusteredProportion | null {
  const proportion = ratioEstimate(groups);
  if (!proportion) return null;
  const { estimate: p, standard_error: standardError } = proportion;
  const n = sum(groups.map(({ denominator }) => denominator));
  if (standardError === null) return { estimate: p, n, design_effect: null, low: null, high: null };
  const plain = (p * (1 - p)) / n;
  const designEffect = plain > 0 ? Math.max(1, standardError ** 2 / plain) : 1;
  const interval = wilson({ successes: (p * n) / designEffect, n: n / designEffect });
  return { estimate: p, n, design_effect: designEffect, low: interval?.low ?? null, high: interval?.high ?? null };
}

/**
 * A share of amounts, such as of revenue, by group (numerator: what of the denominator), with the Wilson interval of as
 * many responses as would have its jackknife variance: n = p (1 - p) / v x (z / t(0.975, df))^2. So it stays within 0 and
 * 1 and leans to the middle, as the sampling distribution does. E. L. Korn and B. I. Graubard (1998), Survey Methodology
 * 24, 193-201. Of 20, 50, 200 and 1,000 customers with lognormal amounts (sigma 1.5), 15% of whom leave, t intervals held
 * the share in 78, 84, 89 and 92% of 800 simulated samples, these in 87, 87, 92 and 94%.
 *
 * Where amounts below 0 bring the share out of 0 to 1 it is the t interval.
 *
 * @returns null without a denominator; limits are null where nothing varies, or fewer than two groups are not empty.
 */
export function weightedShare(
  groups: readonly RatioGroup[],
): { estimate: number; low: number | null; high: number | null } | null {
  const found = ratioEstimate(groups);
  if (!found) return null;
  const { estimate: p, standard_error: standardError, df } = found;
  const usual = tInterval(p, standardError, df);
  const t = df === null ? null : t975(df);
  const isShare = p > 0 && p < 1 && groups.every(({ numerator, denominator }) => numerator >= 0 && denominator >= 0);
  if (!usual || !isShare || !standardError || t === null)
    return { estimate: p, low: usual?.low ?? null, high: usual?.high ?? null };
  const n = ((p * (1 - p)) / standardError ** 2) * (z / t) ** 2;
  const interval = wilson({ successes: p * n, n });
  return { estimate: p, low: interval?.low ?? null, high: interval?.high ?? null };
}

const sum = (values: readonly number[]) => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

/** A term as a whole, without each of its groups, and which groups are not empty. */
function partOf({ weight, groups }: RatioTerm) {
  const numerators = groups.map(({ numerator }) => numerator);
  const denominators = groups.map(({ denominator }) => denominator);
  const otherDenominators = sumsOfOthers(denominators);
  return {
    full: (weight * sum(numerators)) / sum(denominators),
    without: sumsOfOthers(numerators).map((others, g) => (weight * others) / (otherDenominators[g] ?? Number.NaN)),
    filled: groups.map(({ numerator, denominator }) => numerator !== 0 || denominator !== 0),
  };
}

/** For each value the sum of all others: added up, not total minus one, so that nothing stays exactly 0. */
function sumsOfOthers(values: readonly number[]): number[] {
  const earlier: number[] = [];
  let before = 0;
  for (const value of values) {
    earlier.push(before);
    before += value;
  }
  let after = 0;
  return values
    .map((_, back) => {
      const g = values.length - 1 - back;
      const others = (earlier[g] ?? 0) + after;
      after += values[g] ?? 0;
      return others;
    })
    .reverse();
}
