import type { Client, Database } from '../../db/pool.ts';
import { badParameter } from '../../errors.ts';
import { tInterval, wilson } from '../../stats/intervals.ts';
import {
  type Answer,
  type AnswerRow,
  earliest,
  freshness,
  groupValues,
  hiddenReason,
  qMethod,
  rounded,
  testsIn,
  usualWarnings,
} from '../answer.ts';
import { throughOf } from '../outcomes/groups.ts';
import { retentionKind } from '../outcomes/measures.ts';
import { prepareQuestion, type QuestionParameters, readGroupBy, shownParameters } from '../question.ts';
import { readScores } from '../scores/sums.ts';
import { hiddenRows, linesOf } from '../small-groups.ts';
import { associate, associationRow } from './associations.ts';
import {
  type BehaviourQuestion,
  behaviourGroupings,
  type NamedBehaviour,
  ofResponses,
  type Ratings,
  readLowIsGood,
  readNames,
  readRatedMonths,
  readRatings,
  readRetainedMonths,
} from './read.ts';
import { behavioursSentence } from './sentence.ts';

export const behavioursDefinition = {
  id: 'behaviours',
  version: 1,
  text: 'Observations that are not archived, each in the family that its behaviour has now. mean_rating = mean of the ratings 1 to 5; rated_well_rate = share rated 4 or 5. An association is the Spearman rank correlation (mid-ranks) of the mean rating in a unit and month with a figure of the responses answered in the same unit (not those below it) and month: nps = 100 (promoters - detractors) / responses, for surveys of the kinds nps and custom; mean_score = mean score, turned round where a low one is good, for the others; retention_rate = retained / index responses whose retention is known. Each unit-month that has both counts once, so few observations or responses in one blur an association. It is told of each behaviour where these are the groups, else of each family where these are, else of all observations together.',
};

interface BehaviourParameters
  extends Pick<QuestionParameters, 'survey' | 'unit' | 'from' | 'to' | 'min_n' | 'window_days' | 'group_by'> {
  family?: string;
  behaviour?: string;
}

/** How well behaviours are done, and whether that goes with what customers say and whether they stay. */
export async function behaviours(
  db: Database,
  { group_by: asked, family, behaviour, ...given }: BehaviourParameters,
  reader: { personal: boolean },
): Promise<Answer> {
  const group_by = readGroupBy(asked, behaviourGroupings);
  const prepared = await prepareQuestion(db, given, reader);
  const question: BehaviourQuestion = {
    ...prepared,
    group_by,
    family: family ?? null,
    behaviour: behaviour ?? null,
  };
  const { names, ratings, ...figures } = await db.read((client) => readAll(client, question), { snapshot: true });
  const { associations, without_score, without_retention } = associate(figures, question);
  const nameOf = (key: string) => names.get(key)?.name ?? key;
  const data = rowsOf(ratings, question, nameOf);
  const tests = testsIn(associations);
  const through = earliest([prepared.responses_through, throughOf(prepared, retentionKind)]);
  const { fresh, warnings } = freshness(prepared, through);
  return {
    question: 'analytics/behaviours',
    reads_as: behavioursSentence(data, associations, question, nameOf),
    definition: behavioursDefinition,
    parameters: {
      ...shownParameters(prepared, {
        window_days: question.window_days,
        family: question.family,
        behaviour: question.behaviour,
      }),
      group_by,
    },
    data,
    comparisons: associations.map((one) => associationRow(one, one.behaviour === null ? null : nameOf(one.behaviour))),
    left_out: [
      { reason: 'scores: no_response_in_unit_and_month', observations: without_score },
      { reason: 'retention: none_known_in_unit_and_month', observations: without_retention },
    ].filter(({ observations }) => observations > 0),
    fresh,
    method: `means: t, cut to the scale; shares: Wilson; observations are taken as independent, also those of one employee; associations: Spearman on mid-ranks. The months of one unit are alike, so interval and p come from the jackknife of atanh(rho) that leaves out one unit at a time (of more than 32 units, one of 32 groups of them), with one degree of freedom fewer than that: they need three units${qMethod(tests)}`,
    warnings: [...warnings, ...usualWarnings([], tests), ...ownWarnings(data, names, question)],
  };
}

/**
 * The rows of the question alone, without what they go with.
 * @throws ApiError 400 for a behaviour that is not there
 */
export async function readBehaviourRows(client: Client, question: BehaviourQuestion): Promise<AnswerRow[]> {
  const names = await readKnownNames(client, question);
  return rowsOf(await readRatings(client, question), question, (key) => names.get(key)?.name ?? key);
}

/** @throws ApiError 400 for a behaviour that is not there */
async function readKnownNames(client: Client, { behaviour }: BehaviourQuestion) {
  const names = await readNames(client);
  if (behaviour !== null && !names.has(behaviour))
    throw badParameter(
      'behaviour',
      'unknown_behaviour',
      `There is no behaviour '${behaviour}': GET /v1/behaviours lists them.`,
    );
  return names;
}

/** One statement after another, on one snapshot. */
async function readAll(client: Client, question: BehaviourQuestion) {
  return {
    names: await readKnownNames(client, question),
    ratings: await readRatings(client, question),
    rated: await readRatedMonths(client, question),
    scores: await readScores(client, ofResponses(question)),
    retained: await readRetainedMonths(client, question),
    lowIsGood: await readLowIsGood(client),
  };
}

function withheldOf({ observations }: Ratings, isHidden: boolean, question: BehaviourQuestion) {
  if (isHidden) return hiddenReason(question);
  return observations < question.min_n ? `fewer than ${question.min_n} observations` : null;
}

function rowsOf(
  ratings: readonly Ratings[],
  question: BehaviourQuestion,
  nameOf: (behaviour: string) => string,
): AnswerRow[] {
  const hidden = hiddenRows(
    ratings.map((row) => ({ row, people: row.people, lines: linesOf(row) })),
    question.fewest_people,
  );
  return ratings.map((row) => rowOf(row, hidden.has(row), question, nameOf));
}

function rowOf(
  row: Ratings,
  isHidden: boolean,
  question: BehaviourQuestion,
  nameOf: (behaviour: string) => string,
): AnswerRow {
  const { groups, observations: n, sum, squares, rated_well } = row;
  const withheld = withheldOf(row, isHidden, question);
  const told = withheld === null;
  const mean = sum / n;
  const variance = n > 1 ? Math.max(0, (squares - sum ** 2 / n) / (n - 1)) : null;
  const limits = told && variance !== null ? tInterval(mean, Math.sqrt(variance / n), n - 1) : null;
  const share = told ? wilson({ successes: rated_well, n }) : null;
  const behaviour = groups[question.group_by.indexOf('behaviour')] ?? null;
  return {
    ...groupValues(row, question),
    name: behaviour === null ? null : nameOf(behaviour),
    observations: isHidden ? null : n,
    mean_rating: told ? rounded(mean) : null,
    // A rating lies on the scale, and so does a mean of ratings.
    mean_rating_low: rounded(limits && Math.max(1, limits.low)),
    mean_rating_high: rounded(limits && Math.min(5, limits.high)),
    rated_well: isHidden ? null : rated_well,
    rated_well_rate: told ? rounded(rated_well / n) : null,
    rated_well_rate_low: rounded(share?.low ?? null),
    rated_well_rate_high: rounded(share?.high ?? null),
    withheld,
  };
}

function ownWarnings(
  data: readonly AnswerRow[],
  names: ReadonlyMap<string, NamedBehaviour>,
  { group_by, family, behaviour }: BehaviourQuestion,
): string[] {
  const withheld = data.filter((row) => row.withheld !== null).length;
  const seen = new Set(data.map((row) => row.behaviour));
  const unseen = [...names].filter(([key, { archived }]) => !archived && !seen.has(key)).map(([, { name }]) => name);
  const isAsked = group_by.includes('behaviour') && family === null && behaviour === null;
  const more = unseen.length > 5 ? ` and ${unseen.length - 5} more` : '';
  return [
    ...(withheld > 0
      ? [
          `${withheld} of ${data.length} rows ${withheld === 1 ? 'has' : 'have'} too few observations or people to tell a figure.`,
        ]
      : []),
    ...(isAsked && unseen.length > 0 ? [`Nobody observed ${unseen.slice(0, 5).join('; ')}${more}.`] : []),
  ];
}
