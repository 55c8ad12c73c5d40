import type { Question } from './question.ts';
import type { GroupKey } from './sums.ts';

export type AnswerRow = Record<string, string | number | boolean | null>;

/** How many responses do not count, for one reason. */
export interface LeftOut {
  reason: string;
  responses: number;
}

/** The same of what else an answer counts. */
type OthersLeftOut = { reason: string } & (
  | { customers: number }
  | { invitations: number }
  | { revenue_events: number }
  | { follow_ups: number }
  | { suggestions: number }
  | { obstacles: number }
  | { empowerment_actions: number }
  | { observations: number }
  | { vision_checks: number }
  | { alignment_reviews: number }
  | { goals: number }
);

/** Every answer: it says what was asked, what it means, what was left out and how fresh it is. */
export interface Answer {
  question: string;
  reads_as: string;
  definition: { id: string; version: number; text: string };
  parameters: Record<string, unknown>;
  data: AnswerRow[];
  comparisons: AnswerRow[];
  left_out: (LeftOut | OthersLeftOut)[];
  fresh: { complete_through: string | null; pending: number; refreshed_at: string | null };
  method: string;
  warnings: string[];
}

/** Six decimals: more than anybody reads, and enough that nothing is lost when rows are added up again. */
export const rounded = (value: number | null): number | null =>
  value === null ? null : Math.round((value + Number.EPSILON) * 1e6) / 1e6;

/** A p value keeps its significant digits instead: 0.0000012 is not 0. */
export const roundedP = (p: number | null): number | null => (p === null ? null : Number(p.toPrecision(4)));

/** The columns that say which group a row is about. */
export const groupColumns = (group: GroupKey, question: Question): AnswerRow => ({
  survey: group.survey,
  ...groupValues(group, question),
});

/** The groups of a row as columns, by what it is grouped by. */
export const groupValues = (
  { groups }: Pick<GroupKey, 'groups'>,
  { group_by }: { group_by: readonly string[] },
): AnswerRow => Object.fromEntries(group_by.map((name, at) => [name, groups[at] ?? null]));

/** Why a row tells nothing to readers who may not see people. */
export const hiddenReason = ({ fewest_people }: Pick<Question, 'fewest_people'>) =>
  `fewer than ${fewest_people} people, or a group that would give one away`;

/** Why the figures of a row are not told; null where they are. */
export function withheldReason(n: number, isHidden: boolean, question: Question): string | null {
  if (isHidden) return hiddenReason(question);
  if (n >= question.min_n) return null;
  return n === 0 ? 'no response counts yet' : `fewer than ${question.min_n} responses`;
}

/** Over how many comparisons the q of an answer are: those that could be tested. */
export const testsIn = (comparisons: readonly { p: number | null }[]) =>
  comparisons.filter(({ p }) => p !== null).length;

/** What the method of an answer says about the q of its comparisons. */
export const qMethod = (tests: number) => (tests > 1 ? `; q by Benjamini and Hochberg over ${tests} comparisons` : '');

/** The warnings that follow from how many rows and comparisons an answer has. */
export const usualWarnings = (rows: readonly AnswerRow[], tests: number): string[] => {
  const withheld = rows.filter((row) =>
    Object.entries(row).some(([name, value]) => name.endsWith('withheld') && value !== null),
  ).length;
  return [
    ...(withheld > 0
      ? [
          `${withheld} of ${rows.length} rows ${withheld === 1 ? 'has' : 'have'} too few responses or people to tell a figure.`,
        ]
      : []),
    ...(tests > 6 ? [`${tests} comparisons were made at once: judge them by q, not by p.`] : []),
  ];
};

/** The earliest of some moments, as far as they are known; null where none is. */
export const earliest = (moments: readonly (Date | null)[]): Date | null =>
  moments.filter((moment) => moment !== null).sort((one, other) => one.getTime() - other.getTime())[0] ?? null;

/** The freshness that every answer states, and the warnings that belong to it. */
export function freshness(
  question: Pick<Question, 'pending' | 'outdated' | 'state'>,
  through: Date | null,
): { fresh: Answer['fresh']; warnings: string[] } {
  const { pending, outdated, state } = question;
  return {
    fresh: {
      complete_through: through?.toISOString() ?? null,
      pending,
      refreshed_at: state.refreshed_at?.toISOString() ?? null,
    },
    warnings: [
      ...(pending > 0
        ? [
            `${pending.toLocaleString('en-US')} customers or facts came in that this answer does not hold yet; ask again shortly.`,
          ]
        : []),
      ...(outdated
        ? ['The settings were changed, and this answer was worked out with the old ones; ask again shortly.']
        : []),
    ],
  };
}

/** What is kept here is there at once: nothing is declared complete, and nothing is worked out in the background. */
export const alwaysFresh: Answer['fresh'] = { complete_through: null, pending: 0, refreshed_at: null };
