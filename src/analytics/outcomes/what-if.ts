import type { Database } from '../../db/pool.ts';
import { badParameter } from '../../errors.ts';
import { withQ } from '../../stats/tests.ts';
import {
  type Answer,
  type AnswerRow,
  freshness,
  groupColumns,
  qMethod,
  rounded,
  testsIn,
  usualWarnings,
} from '../answer.ts';
import { prepareQuestion, type Question, type QuestionParameters, shownParameters } from '../question.ts';
import { scoped } from '../words.ts';
import { outcomeWarnings } from './answer.ts';
import { comparisonRow, methodOf, methodsOf } from './findings.ts';
import { findGroups } from './groups.ts';
import { type OutcomeKind, referralsKind, retentionKind, revenueKind } from './measures.ts';
import { type Move, movesOf, type WhatIf } from './moves.ts';
import { whatIfSentence } from './what-if-sentence.ts';

const definition = {
  id: 'what_if',
  version: 1,
  text: 'What would go with moving a share x of the responses of one band to another: x n (mean of the other band - mean of the one), with the interval of that difference; n is the responses of the one band whose window has elapsed. It holds only if the association were causal and those who move came to do as the others do.',
};

/** The measures that are told, each with its outcome. */
const told: readonly { kind: OutcomeKind; measure: string }[] = [
  { kind: revenueKind, measure: 'revenue_after' },
  { kind: referralsKind, measure: 'referrals_after' },
  { kind: retentionKind, measure: 'retention_rate' },
];

/**
 * What moving x% of one band to another would go with: an arithmetic of the difference that the outcome questions tell,
 * for people who plan. It is no forecast, and says so.
 * @throws ApiError 400 where a band would be moved to itself.
 */
export async function whatIf(
  db: Database,
  given: QuestionParameters & Partial<WhatIf>,
  reader: { personal: boolean },
): Promise<Answer> {
  const asked: WhatIf = {
    share: given.share ?? 0.1,
    from_band: given.from_band ?? 'detractor',
    to_band: given.to_band ?? 'passive',
  };
  if (asked.from_band === asked.to_band)
    throw badParameter(
      'to_band',
      'same_band',
      `to_band is another band than from_band, which is '${asked.from_band}'.`,
    );
  const question = await prepareQuestion(db, given, reader);
  const parts = await findGroups(
    db,
    question,
    told.map(({ kind }) => kind),
  );
  const moves = parts.flatMap(({ kind, groups }) => {
    const name = told.find((one) => one.kind === kind)?.measure;
    const measure = kind.measures.find((one) => one.name === name);
    return measure ? movesOf(groups, question, kind, measure, asked) : [];
  });
  const comparisons = withQ(
    moves
      .filter(({ withheld }) => withheld === null)
      .map(({ survey, groups, measure, contrast }) => {
        return { survey, groups, measure, band: asked.to_band, against: asked.from_band, ...contrast };
      }),
  );
  const tests = testsIn(comparisons);
  const ends = parts.flatMap(({ through }) => (through ? [through] : []));
  const [earliest = null] = ends.sort((one, other) => one.getTime() - other.getTime());
  const { fresh, warnings } = freshness(question, earliest);
  const data = moves.map((move) => rowOf(move, asked, question));
  return {
    question: 'outcomes/what-if',
    reads_as: scoped(whatIfSentence(moves, comparisons, asked, question), question),
    definition,
    parameters: shownParameters(question, {
      ...asked,
      window_days: question.window_days,
      as_of: question.as_of,
      complete_through: Object.fromEntries(
        parts.map(({ kind, through }) => [kind.outcome, through?.toISOString() ?? null]),
      ),
      currency: question.state.currency,
    }),
    data,
    comparisons: comparisons.map((one) => comparisonRow(one, question)),
    left_out: parts.flatMap(({ kind, left_out }) =>
      left_out.map(({ reason, responses }) => ({ reason: `${kind.outcome}: ${reason}`, responses })),
    ),
    fresh,
    method: methodsOf(parts.map(({ kind, groups }) => methodOf(groups, kind))) + qMethod(tests),
    warnings: [
      ...new Set([
        ...warnings,
        ...usualWarnings(data, tests),
        ...parts.flatMap(({ left_out }) => outcomeWarnings({ left_out, question })),
      ]),
    ],
  };
}

const rowOf = (move: Move, { from_band, to_band }: WhatIf, question: Question): AnswerRow => ({
  ...groupColumns(move, question),
  measure: move.measure,
  from_band,
  to_band,
  from_n: move.from_n,
  to_n: move.to_n,
  moved: rounded(move.moved),
  effect: rounded(move.effect.value),
  effect_low: rounded(move.effect.low),
  effect_high: rounded(move.effect.high),
  withheld: move.withheld,
});
