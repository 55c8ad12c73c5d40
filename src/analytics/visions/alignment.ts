import type { Client, Database } from '../../db/pool.ts';
import { readToday } from '../../db/settings.ts';
import { wilson } from '../../stats/intervals.ts';
import { type Answer, type AnswerRow, alwaysFresh, groupValues, rounded } from '../answer.ts';
import { type QuestionParameters, readGroupBy } from '../question.ts';
import { listed } from '../words.ts';
import { alignmentSentence, dueSentence } from './alignment-sentence.ts';
import { narrowed, readAsked } from './asked.ts';
import {
  byArea,
  type Reviews,
  type ReviewsAsked,
  readArchived,
  readDue,
  readReviews,
  readUnreviewed,
  reviewGroupings,
} from './read-reviews.ts';

const definition = {
  id: 'alignment',
  version: 1,
  text: 'yes_share = questions whose last review was answered with yes / questions that were reviewed. A question is one of an area and a unit, in the same words; in each row it counts once, by its last review there. overdue and due: questions that were not asked again since, and whose next review day has passed, or lies from today to due_within_days ahead. Archived reviews are left out.',
};

interface AlignmentParameters extends Pick<QuestionParameters, 'unit' | 'from' | 'to' | 'min_n'> {
  area?: string;
  group_by?: string;
  due_within_days?: number;
}

/** Whether what the organisation does fits its vision, area by area, and what is to be looked at again. */
export function alignment(db: Database, given: AlignmentParameters, reader: { personal: boolean }): Promise<Answer> {
  return db.read(
    async (client) => {
      const asked = await readReviewsAsked(client, given, reader);
      const rows = await readReviews(client, asked);
      const never = await readUnreviewed(client, asked);
      const archived = await readArchived(client, asked);
      const due = await readDue(client, asked);
      const data = [...rows, ...emptyAreas(never, asked)]
        .sort((one, other) => byArea(one.area, other.area))
        .map((row) => rowOf(row, asked));
      const again = rows.reduce((sum, { reviewed_again }) => sum + reviewed_again, 0);
      return {
        question: 'analytics/alignment',
        reads_as: inScope(`${alignmentSentence(rows, asked)}${dueSentence(due)}${neverSentence(never)}`, asked),
        definition,
        parameters: parametersOf(asked),
        data,
        comparisons: [],
        left_out: [
          { reason: 'reviewed_again', alignment_reviews: again },
          { reason: 'archived', alignment_reviews: archived },
        ].filter(({ alignment_reviews }) => alignment_reviews > 0),
        fresh: alwaysFresh,
        method:
          'share: Wilson, which takes the questions for a sample of those that could be asked; every question weighs the same',
        warnings: [...never.map((area) => `The area '${area}' was never reviewed.`), ...withheldWarning(data)],
      };
    },
    { snapshot: true },
  );
}

/** What is overdue or soon due, question by question. */
export function dueReviews(
  db: Database,
  given: Omit<AlignmentParameters, 'group_by' | 'from' | 'to' | 'min_n'>,
  reader: { personal: boolean },
): Promise<Answer> {
  return db.read(
    async (client) => {
      const asked = await readReviewsAsked(client, given, reader);
      const never = await readUnreviewed(client, asked);
      const due = await readDue(client, asked);
      const { unit, area, due_within_days, today, time_zone } = parametersOf(asked);
      return {
        question: 'analytics/alignment/due',
        reads_as: inScope(`${dueSentence(due).trim() || 'No review is due.'}${neverSentence(never)}`, asked),
        definition,
        parameters: { unit, area, due_within_days, today, time_zone },
        data: due.map(({ days, ...row }) => ({ ...row, status: days < 0 ? 'overdue' : 'due', days })),
        comparisons: [],
        left_out: [],
        fresh: alwaysFresh,
        method: 'days of the calendar in the reporting time zone',
        warnings: never.map((area) => `The area '${area}' was never reviewed, so nothing of it can be due.`),
      };
    },
    { snapshot: true },
  );
}

async function readReviewsAsked(
  client: Client,
  { area, group_by, due_within_days = 30, ...given }: AlignmentParameters,
  reader: { personal: boolean },
): Promise<ReviewsAsked> {
  const groups = readGroupBy(group_by, reviewGroupings);
  return {
    // There are a few questions an area, and each can be read: nothing is withheld unless that is asked for.
    ...(await readAsked(client, { min_n: 1, ...given }, reader)),
    group_by: groups,
    area: area ?? null,
    due_within_days,
    today: await readToday(client, new Date()),
  };
}

const parametersOf = ({ filters, area, group_by, from, to, due_within_days, today, min_n, state }: ReviewsAsked) => ({
  unit: filters.unit ?? null,
  area,
  group_by,
  from: from?.at ?? null,
  to: to?.at ?? null,
  due_within_days,
  today,
  min_n,
  time_zone: state.time_zone,
});

/** A row for each usual area that was never reviewed; not where groups are asked for, which it has none of. */
const emptyAreas = (never: readonly string[], { group_by }: ReviewsAsked): Reviews[] =>
  group_by.length > 0
    ? []
    : never.map((area) => ({
        survey: '',
        groups: [],
        area,
        questions: 0,
        yes: 0,
        last_reviewed_on: null,
        overdue: 0,
        due: 0,
        next_review_on: null,
        reviewed_again: 0,
      }));

function rowOf(group: Reviews, asked: ReviewsAsked): AnswerRow {
  const { min_n } = asked;
  const { area, questions, yes, last_reviewed_on, overdue, due, next_review_on } = group;
  const few = questions < min_n ? `fewer than ${min_n} questions` : null;
  const withheld = questions === 0 ? 'never reviewed' : few;
  const interval = withheld === null ? wilson({ successes: yes, n: questions }) : null;
  return {
    area,
    ...groupValues(group, asked),
    questions,
    yes,
    yes_share: withheld === null ? rounded(yes / questions) : null,
    yes_share_low: rounded(interval?.low ?? null),
    yes_share_high: rounded(interval?.high ?? null),
    last_reviewed_on,
    overdue,
    due,
    next_review_on,
    withheld,
  };
}

const neverSentence = (never: readonly string[]) => (never.length > 0 ? ` Never reviewed: ${listed(never)}.` : '');

const inScope = (text: string, asked: ReviewsAsked) =>
  narrowed(text, asked, 'reviewed', asked.area === null ? [] : [`area ${asked.area}`]);

function withheldWarning(data: readonly AnswerRow[]): string[] {
  const few = data.filter(({ withheld, questions }) => withheld !== null && questions !== 0).length;
  return few > 0 ? [`${few} of ${data.length} rows have too few questions to tell a share.`] : [];
}
