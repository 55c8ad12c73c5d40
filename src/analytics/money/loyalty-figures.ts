import { tInterval } from '../../stats/intervals.ts';
import { ratioEstimate } from '../../stats/jackknife.ts';
import { type GroupedShare, shareContrast } from '../../stats/shares.ts';
import { type LoyaltyGroup, type LoyaltyPart, nobody } from './loyalty-sums.ts';

/** All responses of a group that count. */
export const wholeOf = (group: LoyaltyGroup) => group.parts.get('all') ?? nobody('all');
/** Every customer counts once in the group, so its responses are independent. */
const isIndependent = (group: LoyaltyGroup) => wholeOf(group).whole.n === wholeOf(group).whole.customers;

/** What a share counts. */
type Count = 'n' | 'loyal' | 'left_customers';

/** The share of `among` that a count of the part `of` is. */
export const partShare = (of: LoyaltyPart, numerator: Count, among: LoyaltyPart): GroupedShare => ({
  groups: of.hashed.map((sums, group) => ({ numerator: sums[numerator], denominator: among.hashed[group]?.n ?? 0 })),
  people: among.whole.customers,
});

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

/** How much more often customers left of one part than of another; the same customers may be in both. */
export const leftDifference = (group: LoyaltyGroup, one: LoyaltyPart, other: LoyaltyPart) =>
  shareContrast(partShare(one, 'left_customers', one), partShare(other, 'left_customers', other), isIndependent(group));
