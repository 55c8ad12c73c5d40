import type { Bound } from '../../db/period.ts';
import type { Client } from '../../db/pool.ts';
import { readTimeZone } from '../../db/settings.ts';
import { readState } from '../../outcomes/collect.ts';
import type { AnswerRow } from '../answer.ts';
import type { Reader } from '../declare.ts';
import { isPeriod, type Question, type QuestionParameters, readQuestion } from '../question.ts';
import { groupSql, type Statement } from '../sums.ts';
import { inPeriod, narrowedTo } from '../words.ts';

/** A question about what the organisation keeps of itself: no survey, and groups of its own. */
export interface Asked<G extends string> extends Omit<Question, 'group_by'> {
  group_by: G[];
}

/**
 * The usual parameters of such a question. Nothing that it reads is worked out in the background, so a change of the
 * reporting time zone holds at once.
 * @throws ApiError 400 with the parameter and the cure
 */
export async function readAsked(
  client: Client,
  given: Pick<QuestionParameters, 'unit' | 'from' | 'to' | 'min_n'>,
  reader: Reader,
): Promise<Question> {
  const state = { ...(await readState(client)), time_zone: await readTimeZone(client) };
  return readQuestion(client, given, reader, undefined, state);
}

/** The condition of days within a period. A day counts by its first moment in the reporting time zone. */
export function withinSql(
  statement: Statement,
  day: string,
  { from, to, state }: { from: Bound | null; to: Bound | null; state: { time_zone: string } },
): string[] {
  if (!from && !to) return [];
  const start = `${day}::timestamp at time zone ${statement.param(state.time_zone)}`;
  return [
    ...(from ? [`${start} >= ${statement.param(from.at)}::timestamptz`] : []),
    ...(to ? [`${start} < ${statement.param(to.at)}::timestamptz`] : []),
  ];
}

/** What a grouping is as an expression: a period of the day, or the column of its name. */
export const groupOfDay = (name: string, day: string, column: (name: string) => string): string =>
  isPeriod(name) ? groupSql(name, `${day}::timestamp`, () => '') : column(name);

/**
 * What a row is about, after a noun: ` in unit north`, ` in 2026-03`, ` without a unit`; the question itself left out.
 */
export const groupText = (row: AnswerRow, group_by: readonly string[]): string =>
  group_by
    .filter((name) => name !== 'question')
    .map((name) => {
      const value = row[name] ?? null;
      if (value === null) return ` without a ${name}`;
      return isPeriod(name) ? ` in ${value}` : ` in ${name} ${value}`;
    })
    .join('');

/** A sentence with what the question was narrowed to before it. */
export function narrowed(
  text: string,
  { filters, from, to }: Pick<Question, 'filters' | 'from' | 'to'>,
  verb: string,
  more: readonly string[] = [],
): string {
  const only = [
    ...(filters.unit === undefined ? [] : [`unit ${filters.unit}`]),
    ...more,
    ...inPeriod(`${verb} `, { from, to }),
  ];
  return narrowedTo(text, only);
}
