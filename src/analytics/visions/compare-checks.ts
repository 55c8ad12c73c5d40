import { shareDifference } from '../../stats/shares.ts';
import { benjaminiHochberg } from '../../stats/tests.ts';
import { type AnswerRow, rounded, roundedP } from '../answer.ts';
import type { GroupKey } from '../sums.ts';
import { groupColumns, isPeriod } from './asked.ts';
import type { CheckGrouping, Checks } from './read-checks.ts';

/** The consistency rate of a group against another one's. */
export interface CheckComparison extends GroupKey {
  against: string | null;
  difference: number;
  low: number;
  high: number;
  p: number;
  q: number | null;
}

const shareOf = ({ consistent, checks }: Pick<Checks, 'consistent' | 'checks'>) => ({
  successes: consistent,
  n: checks,
});

/**
 * Each period against the one before it, or each unit against all others together. Questions are not compared with each
 * other: the same employees answered them.
 * @param told the groups whose figures are told, in order
 * @param seen these and those of too few checks, which the others hold too
 */
export function compareChecks(
  told: readonly Checks[],
  seen: readonly Checks[],
  group_by: readonly CheckGrouping[],
): CheckComparison[] {
  const compared = group_by.findIndex((name) => name !== 'question' && (isPeriod(name) || !group_by.some(isPeriod)));
  if (compared === -1) return [];
  const period = group_by.findIndex(isPeriod);
  const likewise = (one: Checks, other: Checks) =>
    one !== other && one.groups.every((value, at) => at === compared || value === other.groups[at]);
  const found = told.flatMap((group) => {
    // Groups are in order, so the period before is the last one that differs in nothing else.
    const others =
      period >= 0
        ? told
            .slice(0, told.indexOf(group))
            .filter((one) => likewise(one, group))
            .slice(-1)
        : seen.filter((one) => likewise(one, group));
    const [first] = others;
    if (!first) return [];
    const rest = {
      consistent: others.reduce((sum, { consistent }) => sum + consistent, 0),
      checks: others.reduce((sum, { checks }) => sum + checks, 0),
    };
    const against = period >= 0 ? (first.groups[period] ?? null) : 'all other groups';
    const difference = shareDifference(shareOf(group), shareOf(rest));
    return difference ? [{ survey: '', groups: group.groups, against, ...difference }] : [];
  });
  const qs = benjaminiHochberg(found.map(({ p }) => p));
  return found.map((one, at) => ({ ...one, q: qs[at] ?? null }));
}

export const isClear = ({ q }: CheckComparison) => q !== null && q <= 0.05;

export const comparisonRow = (comparison: CheckComparison, group_by: readonly CheckGrouping[]): AnswerRow => ({
  ...groupColumns(comparison, group_by),
  measure: 'consistency_rate',
  against: comparison.against,
  difference: rounded(comparison.difference),
  difference_low: rounded(comparison.low),
  difference_high: rounded(comparison.high),
  p: roundedP(comparison.p),
  q: roundedP(comparison.q),
});
