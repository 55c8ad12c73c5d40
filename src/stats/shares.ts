import { normalP, z } from './distributions.ts';
import { type Interval, newcombe, type Share, wilson } from './intervals.ts';
import { clusteredProportion, jackknifeCovariances, type RatioGroup } from './jackknife.ts';

/** A difference of two shares, first minus second, with its 95% interval and its two-sided p. */
export interface ShareDifference extends Interval {
  difference: number;
  p: number;
}

/** A difference of shares, or another weighted sum of them. Limits and p are null together. */
export interface ShareContrast {
  difference: number | null;
  low: number | null;
  high: number | null;
  p: number | null;
}

export const noContrast: ShareContrast = { difference: null, low: null, high: null, p: null };

/** How many of how many did it, by group of customers (numerator of denominator). */
export interface GroupedShare {
  groups: readonly RatioGroup[];
  /** How many customers are among those who might have done it; null where that is not known. */
  people: number | null;
}

/** A share with its 95% interval; null where it cannot be told. */
export interface ShareFigure {
  value: number | null;
  low: number | null;
  high: number | null;
}

/** The sum over all groups. */
export function shareOf({ groups }: GroupedShare): Share {
  let [successes, n] = [0, 0];
  for (const { numerator, denominator } of groups) {
    successes += numerator;
    n += denominator;
  }
  return { successes, n };
}

/**
 * A share as Wilson's interval takes it: where customers count more than once, n is divided by the design effect (see
 * `clusteredProportion`). Where nobody or everybody did it nothing tells the design effect, so customers are counted,
 * where they are known.
 *
 * @returns null without responses, and where the groups of customers are too few to tell the design effect.
 */
function effectiveShare(share: GroupedShare): Share | null {
  const { successes, n } = shareOf(share);
  if (n === 0 || n === share.people) return n === 0 ? null : { successes, n };
  const design_effect = clusteredProportion(share.groups)?.design_effect ?? null;
  if (design_effect === null) return null;
  const counted = successes === 0 || successes === n ? (share.people ?? n) : n / design_effect;
  return { successes: (successes / n) * counted, n: counted };
}

/** A share with Wilson's interval, which allows for customers who count more than once. */
export function shareFigure(share: GroupedShare): ShareFigure {
  const { successes, n } = shareOf(share);
  if (n === 0) return { value: null, low: null, high: null };
  const effective = effectiveShare(share);
  const interval = effective && wilson(effective);
  return { value: successes / n, low: interval?.low ?? null, high: interval?.high ?? null };
}

/**
 * The difference of two independent shares with Newcombe's interval, and the p that belongs to that interval: the level
 * at which it just touches 0. So p is below 0.05 exactly where the interval lies on one side of 0, which a z or t test
 * beside it does not promise; and p exists where nobody did it on one side and everybody on the other.
 *
 * @returns null when either side has no Wilson interval.
 */
export function shareDifference(first: Share, second: Share): ShareDifference | null {
  const interval = newcombe(first, second);
  if (!interval) return null;
  const { difference } = interval;
  const [higher, lower] = difference >= 0 ? [first, second] : [second, first];
  const reach = (quantile: number) => Math.hypot(toWilson(higher, -quantile), toWilson(lower, quantile));
  return { ...interval, p: levelAt(difference, reach) };
}

/**
 * A weighted sum of shares, such as a difference, of customers who may count more than once and in several of the terms.
 * The interval is Newcombe's, made general: each share has the Wilson interval of its effective n (`effectiveShare`), and
 * the distances to their limits are put together with the correlations of the shares, which the delete-a-group jackknife
 * tells: estimate - sqrt(sum over i, j of r_ij s_i s_j), s_i the signed distance from w_i p_i to its limit on that side.
 * G. Y. Zou and A. Donner (2008), Statistics in Medicine 27, 1693-1702 (MOVER). p is the level at which it touches 0.
 *
 * The t interval of the jackknife's own error of the sum has no width for a term that nobody or everybody did: of 20
 * responses against 180, 2% and 10% of which did it, it held the truth in 71% and 82% of 1,000 simulated samples of
 * customers with three answers each on average, this one in 94% and 95%.
 *
 * @param everybodyOnce whether no customer counts twice in all terms together: then the shares are independent.
 * @returns limits and p are null where `effectiveShare` has none for a term.
 */
export function sharesContrast(
  terms: readonly { weight: number; of: GroupedShare }[],
  everybodyOnce: boolean,
): ShareContrast {
  const sums = terms.map(({ of }) => shareOf(of));
  if (terms.length === 0 || sums.some(({ n }) => n === 0)) return noContrast;
  const difference = sums.reduce((sum, { successes, n }, at) => sum + ((terms[at]?.weight ?? 0) * successes) / n, 0);
  const shares = everybodyOnce ? sums : terms.map(({ of }) => effectiveShare(of));
  const known = shares.flatMap((share) => share ?? []);
  const correlations = everybodyOnce ? [] : correlationsOf(terms.map(({ of }) => of.groups));
  if (known.length < terms.length || correlations === null) return { difference, low: null, high: null, p: null };
  // How far the sum may reach down (side -1) or up, signed term by term, with Wilson limits of this quantile.
  const reach = (side: 1 | -1, quantile: number) => {
    const steps = known.map((share, at) => {
      const weight = terms[at]?.weight ?? 0;
      return weight * toWilson(share, Math.sign(weight) * side * quantile);
    });
    let square = 0;
    for (const [i, one] of steps.entries())
      for (const [j, other] of steps.entries()) {
        const sign = Math.sign((terms[i]?.weight ?? 0) * (terms[j]?.weight ?? 0));
        square += i === j ? one ** 2 : sign * (correlations[i]?.[j] ?? 0) * one * other;
      }
    return Math.sqrt(Math.max(0, square));
  };
  const [down, up] = [reach(-1, z), reach(1, z)];
  if (!(down + up > 0)) return { difference, low: null, high: null, p: null };
  const p = levelAt(difference, (quantile) => reach(difference >= 0 ? -1 : 1, quantile));
  return { difference, low: difference - down, high: difference + up, p };
}

/** The difference of two shares, first minus second: see `sharesContrast`. */
export const shareContrast = (first: GroupedShare, second: GroupedShare, everybodyOnce: boolean): ShareContrast =>
  sharesContrast(
    [
      { weight: 1, of: first },
      { weight: -1, of: second },
    ],
    everybodyOnce,
  );

/** The two-sided p of a difference: the level of the quantile at which its interval reaches just to 0. */
function levelAt(difference: number, reach: (quantile: number) => number): number {
  if (difference === 0) return 1;
  const beyond = (quantile: number) => reach(quantile) - Math.abs(difference);
  let [low, high] = [0, 1];
  while (beyond(high) < 0 && high < 1e6) [low, high] = [high, 2 * high];
  for (let halvings = 0; halvings < 60; halvings++) {
    const middle = (low + high) / 2;
    if (beyond(middle) < 0) low = middle;
    else high = middle;
  }
  return normalP(low) ?? 0;
}

/** The correlations of the shares of the same groups of customers; 0 where one does not vary. */
function correlationsOf(terms: readonly (readonly RatioGroup[])[]): number[][] | null {
  const covariances = jackknifeCovariances(terms);
  return (
    covariances?.map((row, i) =>
      row.map((covariance, j) => {
        const size = Math.sqrt((covariances[i]?.[i] ?? 0) * (covariances[j]?.[j] ?? 0));
        return size > 0 ? covariance / size : 0;
      }),
    ) ?? null
  );
}

/** From a share to the limit of its Wilson interval of quantile |z|: the lower one where z is below 0. */
function toWilson({ successes, n }: Share, z: number): number {
  const root = z * Math.sqrt((successes / n) * (n - successes) + z ** 2 / 4);
  return (successes + z ** 2 / 2 + root) / (n + z ** 2) - successes / n;
}
