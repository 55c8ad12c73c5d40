import type { Question } from './question.ts';
import type { GroupKey } from './sums.ts';

export type AnswerRow = Record<string, string | number | boolean | null>;

/** Every answer: it says what was asked, what it means, what was left out and how fresh it is. */
export interface Answer {
  question: string;
  reads_as: string;
  definition: { id: string; version: number; text: string };
  parameters: Record<string, unknown>;
  data: AnswerRow[];
  comparisons: AnswerRow[];
  left_out: { reason: string; responses: number }[];
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
export const groupColumns = ({ survey, groups }: GroupKey, { group_by }: Question): AnswerRow => ({
  survey,
  ...Object.fromEntries(group_by.map((name, at) => [name, groups[at] ?? null])),
});

/** `312.4 EUR`, with as many decimals as people use for money. */
export const money = (value: number, currency: string) => `${value.toFixed(2)} ${currency}`;
export const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
export const points = (share: number) => `${(100 * share).toFixed(1)} points`;
export const counted = (n: number) => n.toLocaleString('en-US');

/** What a group is called in a sentence: `promoters of 'nps' in segment smb`. */
export const groupWords = ({ groups }: GroupKey, { group_by }: Question) =>
  group_by.map((name, at) => ` in ${name} ${groups[at] ?? '(not given)'}`).join('');

/** How many rows would have to be hidden so that a small group cannot be got by subtraction. */
export function hiddenGroups<T>(rows: readonly { row: T; people: number }[], fewest: number): Set<T> {
  const hidden = new Set(rows.filter(({ people }) => people > 0 && people < fewest).map(({ row }) => row));
  if (hidden.size !== 1) return hidden;
  const [next] = rows.filter(({ row, people }) => people > 0 && !hidden.has(row)).sort((a, b) => a.people - b.people);
  if (next) hidden.add(next.row);
  return hidden;
}

export const tooFewPeople = (fewest: number) => `fewer than ${fewest} people, or a group that would give one away`;
export const tooFewResponses = (n: number, least: number) =>
  n === 0 ? 'no response counts yet' : `fewer than ${least} responses`;

/** The freshness that every answer states, and the warning that belongs to it. */
export function freshness(question: Question, through: Date | null): { fresh: Answer['fresh']; warnings: string[] } {
  return {
    fresh: {
      complete_through: through?.toISOString() ?? null,
      pending: question.pending,
      refreshed_at: question.state.refreshed_at?.toISOString() ?? null,
    },
    warnings:
      question.pending > 0
        ? [
            `${counted(question.pending)} customers or facts came in that this answer does not hold yet; ask again shortly.`,
          ]
        : [],
  };
}
