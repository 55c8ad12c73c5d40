import type { Client, Database } from '../../db/pool.ts';
import { badParameter } from '../../errors.ts';
import {
  type Answer,
  type AnswerRow,
  earliest,
  freshness,
  groupValues,
  hiddenReason,
  qMethod,
  testsIn,
  usualWarnings,
} from '../answer.ts';
import { prepareQuestion, type Question, type QuestionParameters, readGroupBy, shownParameters } from '../question.ts';
import { hiddenRows, linesOf } from '../small-groups.ts';
import { byGroup } from '../sums.ts';
import { inPeriod, narrowedTo } from '../words.ts';
import { compareContacts, comparisonColumns, figuresOf, type Part, partsOf, peopleIn } from './figures.ts';
import { type FollowUpQuestion, followUpGroupings, type MeasuredFollowUp, readMeasured } from './read.ts';
import { followUpSentence } from './sentence.ts';

export const followUpsDefinition = {
  id: 'follow_ups',
  version: 1,
  text: 'Follow-ups that were opened in the period and neither withdrawn nor archived. In time = by the first due time, however it was moved later; told of those whose first due time has passed. hours_to_contact and hours_to_close: Kaplan-Meier medians from the opening; one that is not closed counts for as long as it is open, one that was closed without a contact until then. Customers are followed for the window from the first due time on, contacted or not by then, so that nobody who was lost before a contact counts against those without one. save_rate = customers who were customers at the due time and still are at the end of the window (by the last retention event; without a contract, who bought in the window). win_back_rate = customers who had left by the due time and bought again in the window; revenue_won_back is what these paid net in it. rescue_rate = customers whose first answer to the same survey after the due time lies in a higher band than the one that opened the follow-up, of those who answered again. promises_kept_rate = promises that were said to be kept, of those said to be kept or not.',
};

interface FollowUpParameters extends Pick<QuestionParameters, 'survey' | 'unit' | 'from' | 'to' | 'as_of' | 'min_n'> {
  group_by?: string;
  owner?: string;
  window_days?: number;
}

/** The moment that is asked for, else this one. @throws ApiError 400 for one that is to come */
function momentOf({ as_of }: Question): Date {
  const now = new Date();
  if (as_of === null) return now;
  const asked = new Date(as_of);
  if (asked > now)
    throw badParameter('as_of', 'not_complete', 'What will have become of follow-ups by then is not known yet.');
  return asked;
}

/** Whether follow-ups are in time, and whether customers who were reached stayed, came back or changed their mind. */
export async function followUps(
  db: Database,
  { group_by: asked, owner, ...given }: FollowUpParameters,
  reader: { personal: boolean },
): Promise<Answer> {
  const group_by = readGroupBy(asked, followUpGroupings);
  const prepared = await prepareQuestion(db, given, reader);
  const question: FollowUpQuestion = { ...prepared, group_by, owner: owner ?? null, now: momentOf(prepared) };
  const { rows, withdrawn, parts, hidden, data } = await db.read((client) => readFollowUpRows(client, question));
  const told = parts.filter((part) => !hidden.has(part));
  const comparisons = compareContacts(told, question.min_n);
  const tests = testsIn(comparisons);

  const whole = partsOf(rows.map((row) => ({ ...row, groups: [] })));
  const hiddenOfWhole = hiddenParts(whole, question);
  const isTold = (part: Part) => !hiddenOfWhole.has(part) && part.rows.length >= question.min_n;
  const { revenue_through, retention_through } = question.state;
  const through = earliest([revenue_through, retention_through, question.as_of === null ? null : question.now]);
  const { fresh, warnings } = freshness(prepared, through);
  return {
    question: 'analytics/follow-ups',
    reads_as: scopedTo(followUpSentence(whole, isTold, question), question),
    definition: followUpsDefinition,
    parameters: {
      ...shownParameters(prepared, { owner: question.owner, window_days: question.window_days }),
      group_by,
      as_of: question.as_of,
      now: question.now.toISOString(),
    },
    data,
    comparisons: comparisons.map((one) => ({ ...groupValues(one, question), ...comparisonColumns(one) })),
    left_out: [
      { reason: 'withdrawn', follow_ups: withdrawn },
      ...(['not_due_yet', 'not_a_customer_when_due', 'window_open'] as const).map((reason) => ({
        reason,
        follow_ups: rows.filter(({ left_out }) => left_out === reason).length,
      })),
    ].filter(({ follow_ups }) => follow_ups > 0),
    fresh,
    method: `shares: Wilson, differences by Newcombe; medians: Kaplan-Meier, interval where its log(-log) limits cross one half; follow-ups are taken as independent, also those of one customer${qMethod(tests)}`,
    warnings: [...warnings, ...usualWarnings([], tests), ...ownWarnings(rows, data)],
  };
}

/** The follow-ups of a question, their parts, those of them that a reader may not see, and the rows of the answer. */
export async function readFollowUpRows(client: Client, question: FollowUpQuestion) {
  const measured = await readMeasured(client, question);
  const parts = partsOf(measured.rows).sort(byGroup);
  const hidden = hiddenParts(parts, question);
  return { ...measured, parts, hidden, data: parts.map((part) => rowOf(part, hidden.has(part), question)) };
}

/** The rows that a reader who may not see people does not see; the parts of a group add up to what is due of it. */
const hiddenParts = (parts: readonly Part[], { fewest_people }: FollowUpQuestion): Set<Part> =>
  hiddenRows(
    parts.map((part) => ({
      row: part,
      people: peopleIn(part),
      lines: [...linesOf(part, part.contact), ...(part.contact === 'all' ? [] : [JSON.stringify(part.groups)])],
    })),
    fewest_people,
  );

function rowOf(part: Part, isHidden: boolean, question: FollowUpQuestion): AnswerRow {
  const { min_n } = question;
  const few = part.rows.length < min_n ? `fewer than ${min_n} follow-ups` : null;
  return {
    ...groupValues(part, question),
    contact: part.contact,
    ...figuresOf(part, isHidden, min_n),
    withheld: isHidden ? hiddenReason(question) : few,
  };
}

/** The sentence with what the question was narrowed to before it. */
function scopedTo(text: string, { survey, owner, filters, from, to, as_of }: FollowUpQuestion): string {
  const only = [
    ...Object.entries({ survey, owner, ...filters }).flatMap(([name, value]) => (value ? [`${name} ${value}`] : [])),
    ...inPeriod('opened ', { from, to }),
  ];
  return narrowedTo(text, only, as_of);
}

function ownWarnings(rows: readonly MeasuredFollowUp[], data: readonly AnswerRow[]): string[] {
  const unknown = rows.filter(({ bought_again, revenue_won_back }) => bought_again && revenue_won_back === null).length;
  const withheld = data.filter((row) => row.withheld !== null).length;
  return [
    ...(withheld > 0 ? [`${withheld} of ${data.length} rows have too few follow-ups or people to tell a figure.`] : []),
    ...(unknown > 0
      ? [
          `The revenue won back lacks that of ${unknown === 1 ? 'one customer' : `${unknown} customers`}: no exchange rate is known for some of it.`,
        ]
      : []),
  ];
}
