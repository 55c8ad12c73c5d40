import { type Share, tInterval } from '../../stats/intervals.ts';
import { clusteredProportion, type RatioGroup, ratioDifference, ratioEstimate } from '../../stats/jackknife.ts';
import { shareDifference } from '../../stats/shares.ts';
import { tTest } from '../../stats/tests.ts';
import { type LoyaltyGroup, type LoyaltyPart, nobody } from './loyalty-sums.ts';

/** All responses of a group that count. */
export const wholeOf = (group: LoyaltyGroup) => group.parts.get('all') ?? nobody('all');
/** Every customer counts once in the group, so its responses are independent. */
const isIndependent = (group: LoyaltyGroup) => wholeOf(group).whole.n === wholeOf(group).whole.customers;

/** What a share counts. */
type Count = 'n' | 'loyal' | 'left_customers';
const sharesOf = (of: LoyaltyPart, numerator: Count, among: LoyaltyPart): RatioGroup[] =>
  of.hashed.map((sums, group) => ({ numerator: sums[numerator], denominator: among.hashed[group]?.n ?? 0 }));

/**
 * The share of `among` that a count of the part `of` is, as Wilson and Newcombe take it: n is divided by the design
 * effect where customers count more than once. Where nobody or everybody did it nothing tells that effect, so customers
 * are counted instead of responses.
 * @returns null where the groups of customers are too few to tell it.
 */
export function effectiveShare(
  group: LoyaltyGroup,
  of: LoyaltyPart,
  numerator: Count,
  among: LoyaltyPart,
): Share | null {
  const { n, customers } = among.whole;
  const successes = of.whole[numerator];
  if (isIndependent(group) || n === 0) return { successes, n };
  const effect = clusteredProportion(sharesOf(of, numerator, among))?.design_effect ?? null;
  if (effect === null) return null;
  const counted = successes === 0 || successes === n ? customers : n / effect;
  return { successes: (successes / n) * counted, n: counted };
}

/** The mean revenue after the answer: t interval where every customer counts once, else the jackknife. */
export function meanRevenue(group: LoyaltyGroup, { whole, hashed }: LoyaltyPart) {
  const { n, revenue, revenue_variance } = whole;
  const value = revenue / n;
  const ratio = isIndependent(group)
    ? null
    : ratioEstimate(hashed.map((sums) => ({ numerator: sums.revenue, denominator: sums.n })));
  const interval = ratio
    ? tInterval(value, ratio.standard_error, ratio.df)
    : tInterval(value, revenue_variance === null ? null : Math.sqrt(revenue_variance / n), n - 1);
  return { value, low: interval?.low ?? null, high: interval?.high ?? null };
}

/**
 * How much more often customers left of one part than of another: Newcombe where every customer counts once, else the
 * jackknife on the difference, since the same customers may be in both.
 */
export function leftDifference(group: LoyaltyGroup, one: LoyaltyPart, other: LoyaltyPart) {
  const rate = ({ whole }: LoyaltyPart) => whole.left_customers / whole.n;
  const difference = rate(one) - rate(other);
  const ratio = isIndependent(group)
    ? null
    : ratioDifference(sharesOf(one, 'left_customers', one), sharesOf(other, 'left_customers', other));
  // Where all of a part did alike, a standard error of 0 is no reason to be certain.
  if (ratio && ratio.standard_error !== 0) {
    const { low, high, p } = tTest(ratio.estimate, ratio.standard_error, ratio.df);
    return { difference, low, high, p };
  }
  const shares = [
    effectiveShare(group, one, 'left_customers', one),
    effectiveShare(group, other, 'left_customers', other),
  ];
  const tested = shares[0] && shares[1] ? shareDifference(shares[0], shares[1]) : null;
  return { difference, low: tested?.low ?? null, high: tested?.high ?? null, p: tested?.p ?? null };
}
