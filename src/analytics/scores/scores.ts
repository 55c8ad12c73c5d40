import type { Client, Database } from '../../db/pool.ts';
import { nps, npsInterval, tInterval, wilson } from '../../stats/intervals.ts';
import {
  type Answer,
  type AnswerRow,
  freshness,
  groupColumns,
  qMethod,
  rounded,
  testsIn,
  usualWarnings,
  withheldReason,
} from '../answer.ts';
import { prepareQuestion, type Question, type QuestionParameters, shownParameters } from '../question.ts';
import { hiddenRows, linesOf } from '../small-groups.ts';
import { scoped } from '../words.ts';
import { compareScores, hasNps, scoreComparisonRow } from './comparisons.ts';
import { clusteredMethod, clusteringOf, independent, withAnswerers } from './customers.ts';
import { scoresSentence } from './sentences.ts';
import { keyText, readPeople, readScores, type Scores } from './sums.ts';

export const scoresDefinition = {
  id: 'scores',
  version: 1,
  text: 'All responses, also anonymous ones. nps = 100 (promoters - detractors) / responses, with the adjusted Wald interval (told for surveys of the kinds nps and custom). satisfied_rate = share of responses on the good side of satisfied_min of the survey (the top two boxes of a CSAT, the easy side of a CES), with the Wilson interval. mean_score = mean with the t interval.',
};

/** NPS, CSAT and CES: by survey, in groups, over time. */
export async function scores(db: Database, given: QuestionParameters, reader: { personal: boolean }): Promise<Answer> {
  const question = await prepareQuestion(db, given, reader);
  const { groups, hidden, data } = await db.read((client) => readScoreRows(client, question), { snapshot: true });
  const seen = groups.filter((group) => !hidden.has(group));
  const told = seen.filter((group) => group.n >= question.min_n);
  const comparisons = compareScores(told, seen, question);
  const tests = testsIn(comparisons);
  const complete = question.responses_through;
  const asOf = question.as_of === null ? null : new Date(question.as_of);
  const { fresh, warnings } = freshness(question, complete && asOf && asOf < complete ? asOf : complete);
  return {
    question: 'analytics/scores',
    reads_as: scoped(scoresSentence(data, comparisons, question), question),
    definition: scoresDefinition,
    parameters: shownParameters(question, { as_of: question.as_of }),
    data,
    comparisons: comparisons.map((comparison) => scoreComparisonRow(comparison, question)),
    left_out: [],
    fresh,
    method: `NPS: adjusted Wald interval, differences by the z test; shares: Wilson, differences by Newcombe; means: t; ${clusteredMethod(groups)}${qMethod(tests)}`,
    warnings: [
      ...warnings,
      ...usualWarnings(data, tests),
      ...(question.group_by.includes('theme')
        ? ['A response with several themes counts in each of them, so groups do not add up to the whole.']
        : []),
    ],
  };
}

/** The groups of a question about scores, those of them that a reader may not see, and their rows. */
export async function readScoreRows(client: Client, question: Question) {
  const groups = await withAnswerers(client, question, await readScores(client, question));
  const people = await readPeople(client, question);
  const hidden = hiddenRows(
    groups.map((row) => ({ row, people: Math.min(row.n, people.get(keyText(row)) ?? row.n), lines: linesOf(row) })),
    question.fewest_people,
  );
  return { groups, hidden, data: groups.map((group) => rowOf(group, question, hidden.has(group))) };
}

function rowOf(group: Scores, question: Question, isHidden: boolean): AnswerRow {
  const { kind, counts, n, sum, squares, satisfied } = group;
  const alone = independent(group);
  const { design_effect, df } = clusteringOf(group);
  const withheld = withheldReason(n, isHidden, question);
  const told = withheld === null;
  const count = (value: number) => (isHidden ? null : value);
  const score = told && hasNps(kind) ? nps(counts) : null;
  const scoreInterval = score === null ? null : npsInterval(alone.counts);
  const share = told ? wilson(alone.satisfied) : null;
  const mean = sum / n;
  const variance = n > 1 ? Math.max(0, (squares - sum ** 2 / n) / (n - 1)) : null;
  const meanInterval =
    told && variance !== null ? tInterval(mean, Math.sqrt((variance * design_effect) / n), df ?? n - 1) : null;
  return {
    ...groupColumns(group, question),
    kind,
    responses: count(n),
    promoters: count(counts.promoters),
    passives: count(counts.passives),
    detractors: count(counts.detractors),
    nps: rounded(score),
    nps_low: rounded(scoreInterval?.low ?? null),
    nps_high: rounded(scoreInterval?.high ?? null),
    satisfied: count(satisfied),
    satisfied_rate: told ? rounded(satisfied / n) : null,
    satisfied_rate_low: rounded(share?.low ?? null),
    satisfied_rate_high: rounded(share?.high ?? null),
    mean_score: told ? rounded(mean) : null,
    mean_score_low: rounded(meanInterval?.low ?? null),
    mean_score_high: rounded(meanInterval?.high ?? null),
    withheld,
  };
}
