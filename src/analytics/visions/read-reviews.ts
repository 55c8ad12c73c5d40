import type { Client } from '../../db/pool.ts';
import { unitsBelow } from '../../db/unit-tree.ts';
import { byGroup, type GroupKey, groupNames, Statement } from '../sums.ts';
import { type Asked, groupOfDay, withinSql } from './asked.ts';

/** The areas that every organisation should look at. */
export const usualAreas: readonly string[] = ['hiring', 'training', 'policies', 'discussion'];

/** What alignment reviews can be grouped by, besides the area. */
export const reviewGroupings = ['unit', 'month', 'quarter', 'year'] as const;
type ReviewGrouping = (typeof reviewGroupings)[number];

/** A question about alignment reviews. */
export interface ReviewsAsked extends Asked<ReviewGrouping> {
  area: string | null;
  /** How many days ahead a review is called due. */
  due_within_days: number;
  /** The day of today in the reporting time zone. */
  today: string;
}

/** The questions of an area, and of a group, that were answered. */
export interface Reviews extends GroupKey {
  area: string;
  questions: number;
  yes: number;
  last_reviewed_on: string | null;
  /** Of these, questions that were not asked again since and whose next review is past, or soon. */
  overdue: number;
  due: number;
  /** The earliest day on which one of them is due again. */
  next_review_on: string | null;
  /** Reviews of the same questions that a later one took the place of. */
  reviewed_again: number;
}

/** The reviews that count, as a statement can read from them; `is_last`: the question was not asked again since. */
const reviewed = `(
    select r.*, row_number() over (partition by r.area, r.question, r.unit order by r.reviewed_on desc, r.id desc) = 1 as is_last
    from alignment_reviews r where r.archived_at is null
  )`;

/** The conditions, over `r`, of the reviews that a question is about. */
function asked(statement: Statement, question: ReviewsAsked): string {
  const { filters, area } = question;
  const conditions = ['true'];
  if (area !== null) conditions.push(`r.area = ${statement.param(area)}`);
  if (filters.unit !== undefined) conditions.push(`r.unit in ${unitsBelow(statement.param(filters.unit))}`);
  conditions.push(...withinSql(statement, 'r.reviewed_on', question));
  return conditions.join(' and ');
}

/** Whether a question is due again, over `r`; both take the parameter of today. */
const overdueSql = (today: string) => `r.is_last and r.next_review_on < ${today}::date`;
const dueSql = (today: string, days: string) =>
  `r.is_last and r.next_review_on between ${today}::date and ${today}::date + ${days}::int`;

/**
 * Reads the answers by area and group. In each group a question (of an area and a unit) counts once, by its last review
 * there.
 */
export async function readReviews(client: Client, question: ReviewsAsked): Promise<Reviews[]> {
  const { group_by, today, due_within_days } = question;
  const statement = new Statement();
  const [now, days] = [statement.param(today), statement.param(due_within_days)];
  const groups = group_by.map(
    (name, at) => `${groupOfDay(name, 'r.reviewed_on', (column) => `r.${column}`)} as ${groupNames[at]}, `,
  );
  const names = group_by.map((_, at) => `, r.${groupNames[at]}`).join('');
  const rows = await client.rows<Record<string, string | null> & Omit<Reviews, keyof GroupKey>>(
    `with grouped as (select ${groups.join('')} r.* from ${reviewed} r where ${asked(statement, question)}),
     placed as (
       select r.*, row_number() over (
         partition by r.area, r.question, r.unit${names} order by r.reviewed_on desc, r.id desc
       ) = 1 as counts from grouped r
     )
     select r.area${names}, count(*) filter (where r.counts) as questions,
       count(*) filter (where r.counts and r.answer = 'yes') as yes, max(r.reviewed_on)::text as last_reviewed_on,
       count(*) filter (where ${overdueSql(now)}) as overdue, count(*) filter (where ${dueSql(now, days)}) as due,
       min(r.next_review_on) filter (where r.is_last)::text as next_review_on,
       count(*) filter (where not r.counts) as reviewed_again
     from placed r group by r.area${names}`,
    statement.parameters,
  );
  return rows
    .map(({ area, questions, yes, last_reviewed_on, overdue, due, next_review_on, reviewed_again, ...row }) => ({
      survey: '',
      groups: group_by.map((_, at) => row[groupNames[at] ?? ''] ?? null),
      area,
      questions,
      yes,
      last_reviewed_on,
      overdue,
      due,
      next_review_on,
      reviewed_again,
    }))
    .sort((one, other) => byArea(one.area, other.area) || byGroup(one, other));
}

/** The usual areas come first, in their order. */
export function byArea(one: string, other: string): number {
  const place = (area: string) => {
    const at = usualAreas.indexOf(area);
    return at === -1 ? usualAreas.length : at;
  };
  return place(one) - place(other) || (one < other ? -1 : one > other ? 1 : 0);
}

/** A question that is to be asked again. */
export interface DueReview {
  review: string;
  area: string;
  question: string;
  unit: string | null;
  answer: string;
  owner: string | null;
  reviewed_on: string;
  next_review_on: string;
  /** Until it is due; below 0 it is overdue. */
  days: number;
}

/** Reads the questions that are overdue or soon due, the longest overdue first. */
export async function readDue(client: Client, question: ReviewsAsked): Promise<DueReview[]> {
  const statement = new Statement();
  const [now, days] = [statement.param(question.today), statement.param(question.due_within_days)];
  return client.rows<DueReview>(
    `select r.id::text as review, r.area, r.question, r.unit, r.answer, r.owner, r.reviewed_on::text as reviewed_on,
       r.next_review_on::text as next_review_on, r.next_review_on - ${now}::date as days
     from ${reviewed} r
     where ${asked(statement, question)} and (${overdueSql(now)} or ${dueSql(now, days)})
     order by r.next_review_on, r.area, r.question, r.id`,
    statement.parameters,
  );
}

/** Those of the usual areas that are asked about and in which nothing was ever reviewed; of a unit, in that unit. */
export async function readUnreviewed(client: Client, { area, filters }: ReviewsAsked): Promise<string[]> {
  const statement = new Statement();
  const unit = filters.unit === undefined ? 'true' : `unit in ${unitsBelow(statement.param(filters.unit))}`;
  const rows = await client.rows<{ area: string }>(
    `select distinct area from alignment_reviews where archived_at is null and ${unit}`,
    statement.parameters,
  );
  const reviewed = new Set(rows.map((row) => row.area));
  return usualAreas.filter((usual) => !reviewed.has(usual) && (area === null || area === usual));
}

/** How many reviews were taken back. */
export async function readArchived(client: Client, question: ReviewsAsked): Promise<number> {
  const statement = new Statement();
  const [found] = await client.rows<{ n: number }>(
    `select count(*) as n from alignment_reviews r where r.archived_at is not null and ${asked(statement, question)}`,
    statement.parameters,
  );
  return found?.n ?? 0;
}
