import type { Database } from '../db/pool.ts';
import { type Answer, type AnswerRow, freshness } from './answer.ts';
import { type OutcomeKind, referralsKind, retentionKind, revenueKind } from './measures.ts';
import { comparisonRow, type Findings, findOutcome, outcomeWarnings, withQ } from './outcome-answer.ts';
import { prepareQuestion, type QuestionParameters, shownParameters } from './question.ts';
import { referralsSentence, retentionSentence, revenueSentence } from './sentences.ts';

const parts: readonly { kind: OutcomeKind; sentence: (findings: Findings) => string }[] = [
  { kind: revenueKind, sentence: revenueSentence },
  { kind: referralsKind, sentence: referralsSentence },
  { kind: retentionKind, sentence: retentionSentence },
];

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
  const found: Findings[] = [];
  for (const { kind } of parts) found.push(await findOutcome(db, question, kind));
  const rows = new Map<string, AnswerRow>();
  const keyNames = ['survey', ...question.group_by, 'band'];
  // Every row has every column, also where one of the three has nothing to tell of a group.
  const blank = Object.fromEntries(found.flatMap(({ kind }) => columnsOf(kind).map((column) => [column, null])));
  for (const { kind, rows: ofKind } of found)
    for (const row of ofKind) {
      const key = Object.fromEntries(keyNames.map((name) => [name, row[name] ?? null]));
      const text = JSON.stringify(key);
      const whole = rows.get(text) ?? { ...key, ...blank };
      rows.set(text, whole);
      whole[`${kind.outcome}_n`] = row.responses ?? null;
      for (const column of columnsOf(kind).slice(1)) whole[column] = row[column] ?? null;
    }
  const asOf = question.as_of === null ? null : new Date(question.as_of);
  const through = found
    .flatMap((one) => (one.through ? [one.through] : []))
    .sort((a, b) => a.getTime() - b.getTime())[0];
  const { fresh, warnings } = freshness(question, asOf ?? through ?? null);
  return {
    question: 'outcomes/summary',
    reads_as: found
      .map((findings, at) => (findings.through === null ? undefined : parts[at]?.sentence(findings)))
      .map((sentence, at) => sentence ?? `About ${found[at]?.kind.outcome} nothing can be told: no data was sent yet.`)
      .map((sentence) => sentence.replace(' An association, not a cause.', ''))
      .concat('Associations, not causes.')
      .join(' '),
    definition: {
      id: 'outcomes_summary',
      version: 1,
      text: parts.map(({ kind }) => kind.definition.text).join(' '),
    },
    parameters: shownParameters(question, {
      window_days: question.window_days,
      as_of: question.as_of,
      complete_through: Object.fromEntries(
        found.map(({ kind, through }) => [kind.outcome, through?.toISOString() ?? null]),
      ),
      currency: question.state.currency,
    }),
    data: [...rows.values()],
    comparisons: withQ(found.flatMap(({ comparisons }) => comparisons)).map((one) => comparisonRow(one, question)),
    left_out: found.flatMap(({ kind, left_out }) =>
      left_out.map(({ reason, responses }) => ({ reason: `${kind.outcome}: ${reason}`, responses })),
    ),
    fresh,
    method: [...new Set(found.map(({ method }) => method))].join('; '),
    warnings: [...new Set([...warnings, ...found.flatMap(outcomeWarnings)])],
  };
}

function columnsOf({ outcome, measures }: OutcomeKind): string[] {
  return [`${outcome}_n`, ...measures.flatMap(({ name }) => [name, `${name}_low`, `${name}_high`])];
}
