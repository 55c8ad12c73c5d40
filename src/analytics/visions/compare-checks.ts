import { shareDifference } from '../../stats/shares.ts';
import { withQ } from '../../stats/tests.ts';
import { type AnswerRow, groupValues } from '../answer.ts';
import { contrastColumns } from '../columns.ts';
import { isPeriod } from '../question.ts';
import type { GroupKey } from '../sums.ts';
import type { CheckGrouping, Checks, ChecksAsked } from './read-checks.ts';

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
  return withQ(found);
}

export const isClear = ({ q }: CheckComparison) => q !== null && q <= 0.05;

export const comparisonRow = (comparison: CheckComparison, asked: ChecksAsked): AnswerRow => ({
  ...groupValues(comparison, asked),
  measure: 'consistency_rate',
  against: comparison.against,
  ...contrastColumns(comparison),
});
