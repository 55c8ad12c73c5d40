import { shareDifference } from '../../stats/shares.ts';
import { npsDifference, withQ } from '../../stats/tests.ts';
import { type AnswerRow, groupColumns } from '../answer.ts';
import { contrastColumns } from '../columns.ts';
import { isPeriod, type Question } from '../question.ts';
import type { GroupKey } from '../sums.ts';
import { answerersOfBoth, independent } from './customers.ts';
import type { Scores, SurveyKind } from './sums.ts';

/** The score of a group against another one's. */
export interface ScoreComparison extends GroupKey {
  measure: 'nps' | 'satisfied_rate';
  against: string | null;
  difference: number | null;
  low: number | null;
  high: number | null;
  p: number | null;
  q: number | null;
}

/** Which surveys have promoters less detractors for their figure; that of the others is the satisfied share. */
export const hasNps = (kind: SurveyKind) => kind === 'nps' || kind === 'custom';

/**
 * Each period against the one before it, or each group against all others of its survey together.
 * @param told the groups whose figures are told, in order
 * @param seen these and those of too few responses, which the others hold too
 */
export function compareScores(told: Scores[], seen: Scores[], { group_by }: Question): ScoreComparison[] {
  if (group_by.length === 0) return [];
  const period = group_by.findIndex(isPeriod);
  const pairs = told.flatMap((group) => {
    if (period >= 0) {
      // The groups are in order, so the period before is the last one that differs in nothing else.
      const before = told
        .slice(0, told.indexOf(group))
        .findLast(
          (one) =>
            one.survey === group.survey && one.groups.every((value, at) => at === period || value === group.groups[at]),
        );
      return before ? [{ group, other: before, against: before.groups[period] ?? null }] : [];
    }
    const rest = seen.filter((one) => one.survey === group.survey && one !== group);
    // With several themes a response is in several groups, so what is left is not another set of responses.
    if (rest.length === 0 || group_by.includes('theme')) return [];
    return [{ group, other: rest.reduce(together), against: 'all other groups' }];
  });
  const found = pairs.map(({ group, other, against }) => {
    const isNps = hasNps(group.kind);
    const difference = isNps
      ? npsDifference(independent(group).counts, independent(other).counts)
      : shareDifference(independent(group).satisfied, independent(other).satisfied);
    return {
      survey: group.survey,
      groups: group.groups,
      measure: isNps ? ('nps' as const) : ('satisfied_rate' as const),
      against,
      difference: difference?.difference ?? null,
      low: difference?.low ?? null,
      high: difference?.high ?? null,
      p: difference?.p ?? null,
    };
  });
  return withQ(found);
}

/** Two groups as one. */
export const together = (one: Scores, other: Scores): Scores => ({
  ...one,
  counts: {
    promoters: one.counts.promoters + other.counts.promoters,
    passives: one.counts.passives + other.counts.passives,
    detractors: one.counts.detractors + other.counts.detractors,
  },
  n: one.n + other.n,
  sum: one.sum + other.sum,
  squares: one.squares + other.squares,
  satisfied: one.satisfied + other.satisfied,
  answerers: answerersOfBoth(one.answerers, other.answerers),
});

export const scoreComparisonRow = (comparison: ScoreComparison, question: Question): AnswerRow => ({
  ...groupColumns(comparison, question),
  measure: comparison.measure,
  against: comparison.against,
  ...contrastColumns(comparison),
});
