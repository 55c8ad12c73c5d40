import type { Database } from '../../db/pool.ts';
import { withQ } from '../../stats/tests.ts';
import { type Answer, type AnswerRow, freshness, qMethod, testsIn, usualWarnings } from '../answer.ts';
import { prepareQuestion, type Question, type QuestionParameters, shownParameters } from '../question.ts';
import { scoped } from '../words.ts';
import { outcomeWarnings, revenueWarnings } from './answer.ts';
import { comparisonRow, type Findings, findOutcomes, methodsOf } from './findings.ts';
import { type OutcomeKind, referralsKind, retentionKind, revenueKind } from './measures.ts';
import { outcomeSentence } from './sentences.ts';

const kinds = [revenueKind, referralsKind, retentionKind];

/**
 * What detractors, passives and promoters bring in revenue, referrals and retention: the three questions in one, each
 * with its own count of responses (`revenue_n` and so on), since each dataset is complete through its own moment.
 */
export async function outcomesSummary(
  db: Database,
  given: QuestionParameters,
  reader: { personal: boolean },
): Promise<Answer> {
  const question = await prepareQuestion(db, given, reader);
  const alone = await findOutcomes(db, question, kinds);
  const comparisons = withQ(alone.flatMap((findings) => findings.comparisons));
  const tests = testsIn(comparisons);
  const found = alone.map((findings) => ({
    ...findings,
    tests,
    comparisons: comparisons.filter(({ measure }) => findings.kind.measures.some(({ name }) => name === measure)),
  }));
  const data = rowsOf(found, question);
  const ends = found.flatMap(({ through }) => (through ? [through] : []));
  const [earliest = null] = ends.sort((one, other) => one.getTime() - other.getTime());
  const { fresh, warnings } = freshness(question, earliest);
  const revenue = alone.find(({ kind }) => kind.outcome === 'revenue');
  const ofRevenue = revenue ? await revenueWarnings(db, revenue) : [];
  const said = found.map(outcomeSentence);
  const texts = said.map(({ text }) => text).concat(said.some(({ tells }) => tells) ? 'Associations, not causes.' : []);
  return {
    question: 'outcomes/summary',
    reads_as: scoped([...new Set(texts)].join(' '), question),
    definition: { id: 'outcomes_summary', version: 1, text: kinds.map(({ definition }) => definition.text).join(' ') },
    parameters: shownParameters(question, {
      window_days: question.window_days,
      as_of: question.as_of,
      complete_through: Object.fromEntries(
        found.map(({ kind, through }) => [kind.outcome, through?.toISOString() ?? null]),
      ),
      currency: question.state.currency,
    }),
    data,
    comparisons: comparisons.map((one) => comparisonRow(one, question)),
    left_out: found.flatMap(({ kind, left_out }) =>
      left_out.map(({ reason, responses }) => ({ reason: `${kind.outcome}: ${reason}`, responses })),
    ),
    fresh,
    method: methodsOf(found.map(({ method }) => method)) + qMethod(tests),
    warnings: [
      ...new Set([...warnings, ...usualWarnings(data, tests), ...found.flatMap(outcomeWarnings), ...ofRevenue]),
    ],
  };
}

/** One row a group and band, with the columns of all three also where one of them has nothing to tell. */
function rowsOf(found: Findings[], { group_by }: Question): AnswerRow[] {
  const keyNames = ['survey', ...group_by, 'band'];
  const blank = Object.fromEntries(found.flatMap(({ kind }) => columnsOf(kind).map(([column]) => [column, null])));
  const rows = new Map<string, AnswerRow>();
  for (const { kind, rows: ofKind } of found)
    for (const row of ofKind) {
      const key = Object.fromEntries(keyNames.map((name) => [name, row[name] ?? null]));
      const text = JSON.stringify(key);
      const whole = rows.get(text) ?? { ...key, ...blank };
      rows.set(text, whole);
      for (const [column, name] of columnsOf(kind)) whole[column] = row[name] ?? null;
    }
  return [...rows.values()];
}

/** The columns that an outcome has in the summary, each with its name in the outcome's own answer. */
const columnsOf = ({ outcome, measures }: OutcomeKind): (readonly [string, string])[] => [
  [`${outcome}_n`, 'responses'],
  ...measures.flatMap(({ name }) => [name, `${name}_low`, `${name}_high`].map((column) => [column, column] as const)),
  [`${outcome}_withheld`, 'withheld'],
];
