import type { Database } from '../../db/pool.ts';
import { badParameter } from '../../errors.ts';
import { chiSquareP } from '../../stats/distributions.ts';
import { tInterval, wilson } from '../../stats/intervals.ts';
import { addMoments, varies } from '../../stats/moments.ts';
import { type EstimatedWeights, estimateWeights } from '../../stats/weights.ts';
import {
  type Answer,
  type AnswerRow,
  freshness,
  type LeftOut,
  qMethod,
  rounded,
  roundedP,
  testsIn,
  usualWarnings,
  withheldReason,
} from '../answer.ts';
import { prepareQuestion, type Question, type QuestionParameters, shownParameters } from '../question.ts';
import { scoped } from '../words.ts';
import { compareNext } from './comparisons.ts';
import { type Paired, type Pairs, readPairs, type Target } from './pairs.ts';
import { type Predictor, readPredictors, readScale, type Scale } from './predictors.ts';
import { driversSentence } from './sentence.ts';

const definition = {
  id: 'drivers',
  version: 1,
  text: "Importance: Johnson's relative weights of the drivers' scores on the target, over the responses that have a score of every driver (the nearest that the same customer gave within within_days); they sum to R2, the share of the target's variance that all drivers explain together. A target of `score` is the score itself, not its band. Performance: satisfied_rate, the share of a driver's paired scores at or above satisfied_min of its survey. priority = importance x (1 - satisfied_rate). Low scores that are good are mirrored.",
};

/** How many responses there must be for each driver: with fewer, R2 is mostly chance. */
const responsesPerDriver = 10;
/** From here on the drivers say much the same, and how they share what they explain is uncertain. */
const muchInCommon = 100;

interface DriversParameters extends QuestionParameters {
  survey: string;
  predictors: string;
  target?: Target;
  within_days?: number;
}

/** What one answer about drivers is made of. */
interface Found {
  question: Question;
  target: Target;
  predictors: Predictor[];
  pairs: Pairs;
  weights: EstimatedWeights | null;
  /** Why no importance is told; null where it is. */
  withheld: string | null;
}

/** What drives a score, or what customers do after it: importance and performance of several touchpoints. */
export async function drivers(db: Database, given: DriversParameters, reader: { personal: boolean }): Promise<Answer> {
  const { target = 'score', within_days = 1 } = given;
  const question = await prepareQuestion(db, given, reader);
  const { predictors, pairs } = await db.read(
    async (client) => {
      const predictors = await readPredictors(client, given.predictors);
      const scale = await readScale(client, given.survey);
      refuseBackwards(scale, predictors, target);
      return { predictors, pairs: await readPairs(client, question, { target, scale, predictors, within_days }) };
    },
    { snapshot: true },
  );
  const through = throughOf(question, target);
  const { weights, withheld } = weigh(question, predictors, pairs);
  const found: Found = { question, target, predictors, pairs, weights, withheld };
  const { rows, order } = rowsOf(found, given.survey);
  const comparisons = weights ? compareNext(weights, order, predictors) : [];
  const tests = testsIn(comparisons);
  const { fresh, warnings } = freshness(question, through);
  return {
    question: 'outcomes/drivers',
    reads_as: scoped(driversSentence(rows, comparisons, { survey: given.survey, target, withheld }), question),
    definition,
    parameters: shownParameters(question, {
      predictors: predictors.map(({ driver }) => driver),
      target,
      within_days,
      ...(target === 'score' ? {} : { window_days: question.window_days }),
      ...(target === 'revenue_after' ? { currency: question.state.currency } : {}),
    }),
    data: rows,
    comparisons,
    left_out: leftOut(found, through),
    fresh,
    method: `relative weights of Johnson (2000); errors by the delete-a-group jackknife over 32 groups of customers, limits kept within 0 and 1; each driver is compared with the next by rank; r2_p: score test that no driver has to do with the target, chi-square of n R2; shares: Wilson${qMethod(tests)}`,
    warnings: [
      ...warnings,
      ...usualWarnings(rows, tests),
      ...(weights && withheld === null && weights.condition_number > muchInCommon
        ? [
            `The drivers have much in common (condition number ${weights.condition_number.toFixed(0)}): how they share what they explain is uncertain. Ask about fewer of them.`,
          ]
        : []),
    ],
  };
}

/** @throws ApiError 400 where a score would explain itself, or was asked for because the customer left */
function refuseBackwards(scale: Scale, predictors: Predictor[], target: Target): void {
  const same = predictors.find(({ survey }) => survey === scale.survey);
  if (target === 'score' && same)
    throw badParameter(
      'predictors',
      'predictor_is_target',
      `'${same.driver}' is the survey whose score is to be explained; it would explain itself. Leave it out.`,
    );
  const leaving = predictors.find((one) => one.leaving);
  if (target !== 'score' && leaving)
    throw badParameter(
      'predictors',
      'triggered_by_leaving',
      `'${leaving.driver}' is sent because the customer leaves, so it follows from what it should explain. Leave it out.`,
    );
}

/** Through when the target is known: of retention by contract or by buying again, the later one. */
function throughOf({ state, responses_through }: Question, target: Target): Date | null {
  if (target === 'score') return responses_through;
  if (target === 'revenue_after') return state.revenue_through;
  if (target === 'referrals_after') return state.referrals_through;
  const [latest = null] = [state.retention_through, state.revenue_through]
    .filter((end) => end !== null)
    .sort((one, other) => other.getTime() - one.getTime());
  return latest;
}

function weigh(question: Question, predictors: Predictor[], { groups, customers }: Pairs) {
  const n = groups.reduce((sum, group) => sum + group.n, 0);
  const fewest = Math.max(question.min_n, responsesPerDriver * predictors.length);
  const isHidden = customers < question.fewest_people && n > 0;
  const usual = withheldReason(n, isHidden, { ...question, min_n: 1 });
  if (usual !== null) return { weights: null, withheld: usual };
  if (n < fewest)
    return {
      weights: null,
      withheld: `fewer than ${fewest} responses have all scores (${responsesPerDriver} a driver, and min_n)`,
    };
  const weights = estimateWeights(groups);
  if (weights) return { weights, withheld: null };
  const all = addMoments(groups);
  const same = ['the target', ...predictors.map(({ driver }) => `'${driver}'`)].filter((_, at) => !varies(all, at));
  return {
    weights: null,
    withheld:
      same.length > 0
        ? `cannot be told: ${same.join(', ')} ${same.length > 1 ? 'have' : 'has'} the same value in all responses`
        : 'cannot be told: some drivers say exactly what others say together (their correlations are singular)',
  };
}

const within = (value: number | null | undefined): number | null =>
  value === null || value === undefined ? null : Math.min(1, Math.max(0, value));

/** The rows, and the places of the predictors by rank; without weights as they were asked for. */
function rowsOf({ question, target, predictors, pairs, weights, withheld }: Found, survey: string) {
  const { groups, customers } = pairs;
  const n = groups.reduce((sum, group) => sum + group.n, 0);
  const weightOf = (at: number) => weights?.weights[at] ?? 0;
  const order = predictors.map((_, at) => at).sort((one, other) => weightOf(other) - weightOf(one));
  const isHidden = customers < question.fewest_people && n > 0;
  const interval = (value: number, error: number | null) => tInterval(value, error, weights?.df ?? null);
  const r2 = weights
    ? interval(
        weights.r2,
        weights.error((one) => one.r2),
      )
    : null;
  const rows = order.map((at, rank): AnswerRow => {
    const { driver, survey: of, moment, name } = predictors[at] ?? nobody;
    const importance = weights ? weightOf(at) : null;
    const limits =
      weights &&
      interval(
        weightOf(at),
        weights.error((one) => one.weights[at] ?? 0),
      );
    const performance = performanceOf(pairs.paired[at] ?? noPairs, question);
    return {
      survey,
      target,
      rank: weights ? rank + 1 : null,
      driver,
      driver_survey: of,
      driver_moment: moment,
      name,
      responses: isHidden ? null : n,
      customers: isHidden ? null : customers,
      importance: rounded(importance),
      importance_low: rounded(within(limits?.low)),
      importance_high: rounded(within(limits?.high)),
      importance_share: rounded(importance !== null && weights && weights.r2 > 0 ? importance / weights.r2 : null),
      correlation: rounded(weights?.correlations[at] ?? null),
      ...performance,
      priority: rounded(
        importance === null || performance.satisfied_rate === null
          ? null
          : importance * (1 - performance.satisfied_rate),
      ),
      r2: rounded(weights?.r2 ?? null),
      r2_low: rounded(within(r2?.low)),
      r2_high: rounded(within(r2?.high)),
      r2_p: roundedP(weights ? chiSquareP(weights.n * weights.r2, predictors.length) : null),
      condition_number: rounded(weights?.condition_number ?? null),
      withheld,
    };
  });
  return { rows, order };
}

const nobody = { driver: '', survey: '', moment: null, name: '' };
const noPairs: Paired = { responses: 0, people: 0, satisfied: 0 };

function performanceOf({ responses, people, satisfied }: Paired, question: Question) {
  const isHidden = people < question.fewest_people && responses > 0;
  const isTold = withheldReason(responses, isHidden, question) === null;
  const share = isTold ? wilson({ successes: satisfied, n: responses }) : null;
  return {
    paired: isHidden ? null : responses,
    satisfied_rate: isTold ? rounded(satisfied / responses) : null,
    satisfied_rate_low: rounded(share?.low ?? null),
    satisfied_rate_high: rounded(share?.high ?? null),
  };
}

function leftOut({ pairs: { states, groups } }: Found, through: Date | null): LeftOut[] {
  const counted = states.find(({ state }) => state === 'counted')?.responses ?? 0;
  const n = groups.reduce((sum, group) => sum + group.n, 0);
  return [
    ...states
      .filter(({ state }) => state !== 'counted')
      .map(({ state, responses }) => ({
        reason: state === 'window_open' && through === null ? 'no_data' : state,
        responses,
      })),
    { reason: 'score_missing', responses: counted - n },
  ].filter(({ responses }) => responses > 0);
}
