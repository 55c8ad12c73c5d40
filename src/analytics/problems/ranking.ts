import type { Database } from '../../db/pool.ts';
import { matchBeforeAnswer } from '../../matching/match.ts';
import { noContrast, type ShareContrast, type ShareFigure } from '../../stats/shares.ts';
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
} from '../answer.ts';
import { justAfter } from '../around-fix.ts';
import { prepareQuestion, type Question, type QuestionParameters, shownParameters } from '../question.ts';
import { scoped } from '../words.ts';
import { type Ranked, rank } from './rank.ts';
import { rankingSentence } from './sentences.ts';
import {
  everything,
  noSums,
  readProblems,
  readStates,
  readSums,
  readUnnamedThemes,
  type Sums,
  total,
  withMemory,
} from './topics.ts';
import { readTrends } from './trend.ts';
import { matchingWarnings } from './waiting.ts';

const definition = {
  id: 'problems',
  version: 1,
  text: 'A response has a problem when it has one of its themes, or its comment holds one of its phrases. share = responses with it / all responses. revenue_at_stake = net revenue of its customers in the 365 days up to the moment through which revenue is complete. churn_rate = share of index responses with it whose window has elapsed and whose customer was not retained (no running contract at the end of the window; without any retention event: no purchase in it); churn_lift = the same less that of the index responses without it. cost = revenue_at_stake x churn_lift, which the rank goes by (unknown or below 0 as 0), then the number of responses. rising: the share of the last trend_days is above that of as many days before, q below 0.05. Responses of all surveys count unless one is named.',
};

/** How many themes that no problem names are told. */
const mostThemes = 20;

interface RankingParameters extends QuestionParameters {
  trend_days?: number;
  unnamed_themes?: boolean;
}

/** Which problems plague customers, ranked by what they cost. */
export async function rankProblems(
  db: Database,
  given: RankingParameters,
  reader: { personal: boolean },
): Promise<Answer> {
  const question = await prepareQuestion(db, given, reader);
  const waiting = await matchBeforeAnswer(db);
  const days = given.trend_days ?? 90;
  const through = question.responses_through;
  const trend_to = question.to ? new Date(question.to.at) : through && justAfter(through);
  const { all, ranked, states } = await db.read(
    async (client) => {
      await withMemory(client);
      const themes = (given.unnamed_themes ?? true) ? await readUnnamedThemes(client, question, mostThemes) : [];
      const topics = [...(await readProblems(client)), ...themes];
      const sums = await readSums(client, question, topics);
      const states = await readStates(client, question);
      const trends = trend_to ? await readTrends(client, question, { to: trend_to, days, topics }) : [];
      const all = sums.get(everything) ?? noSums();
      return { all, states, ranked: rank(topics, sums, trends, question) };
    },
    { snapshot: true },
  );
  const data = ranked.map(rowOf);
  const tests = testsIn(ranked.map(({ lift }) => lift));
  const trends = testsIn(ranked.map(({ trend }) => trend ?? noContrast));
  const { fresh, warnings } = freshness(question, through);
  const { group_by: _, ...parameters } = shownParameters(question, {
    window_days: question.window_days,
    currency: question.state.currency,
    trend_days: days,
    trend_to: trend_to?.toISOString() ?? null,
    revenue_through: question.state.revenue_through?.toISOString() ?? null,
    unnamed_themes: given.unnamed_themes ?? true,
  });
  return {
    question: 'analytics/problems',
    reads_as: scoped(rankingSentence(ranked, all, question, { tests, days }), question),
    definition,
    parameters,
    data,
    comparisons: comparisonRows(ranked, tests, trends),
    left_out: leftOut(states, question),
    fresh: { ...fresh, pending: fresh.pending + waiting.responses },
    method: `shares by Wilson, differences by Newcombe; where customers count more than once, n divided by the design effect and differences by MOVER from these limits, by the delete-a-group jackknife over 32 groups of customers${qMethod(tests)}`,
    warnings: [
      ...warnings,
      ...matchingWarnings(waiting),
      ...usualWarnings(data, tests),
      ...(total(all, 'without_rate') > 0
        ? [
            `Payments without an exchange rate to ${question.state.currency} are not in revenue_at_stake: send the rates to /v1/exchange-rates.`,
          ]
        : []),
      'A response may have several problems, so rows do not add up to the whole.',
    ],
  };
}

function rowOf(one: Ranked): AnswerRow {
  const { topic, sums, isHidden, trend } = one;
  const count = (name: keyof Sums) => (isHidden ? null : total(sums, name));
  const churnCount = (name: keyof Sums) =>
    one.churn_rate.value === null && total(sums, 'counted') > 0 ? null : count(name);
  const figure = (name: string, { value, low, high }: ShareFigure) => ({
    [name]: rounded(value),
    [`${name}_low`]: rounded(low),
    [`${name}_high`]: rounded(high),
  });
  const contrast = (name: string, { difference, low, high }: ShareContrast) =>
    figure(name, { value: difference, low, high });
  return {
    ...topic,
    rank: one.rank,
    responses: count('responses'),
    customers: count('customers'),
    ...figure('share', one.share),
    detractors: count('detractors'),
    ...figure('detractor_rate', one.detractor_rate),
    revenue_at_stake: rounded(one.revenue_at_stake),
    churn_n: churnCount('counted'),
    churned: churnCount('churned'),
    ...figure('churn_rate', one.churn_rate),
    churn_rate_without: rounded(one.churn_rate_without.value),
    ...contrast('churn_lift', one.lift),
    churn_p: roundedP(one.lift.p),
    churn_q: roundedP(one.q),
    cost: rounded(one.cost),
    recent: trend?.recent ?? null,
    share_recent: rounded(trend?.share_recent ?? null),
    share_before: rounded(trend?.share_before ?? null),
    ...contrast('share_change', trend ?? noContrast),
    rising_q: roundedP(trend?.q ?? null),
    rising: trend?.rising ?? false,
    withheld: one.withheld,
    churn_withheld: one.churn_withheld,
  };
}

function comparisonRows(ranked: readonly Ranked[], tests: number, trends: number): AnswerRow[] {
  const row = (
    { topic }: Ranked,
    measure: string,
    against: string,
    { difference, low, high, p }: ShareContrast,
    q: number | null,
    of: number,
  ): AnswerRow => ({
    kind: topic.kind,
    key: topic.key,
    measure,
    against,
    difference: rounded(difference),
    difference_low: rounded(low),
    difference_high: rounded(high),
    p: roundedP(p),
    q: roundedP(q),
    tests: of,
  });
  return ranked.flatMap((one) => [
    ...(one.lift.difference === null ? [] : [row(one, 'churn_rate', 'responses without it', one.lift, one.q, tests)]),
    ...(one.trend && one.trend.difference !== null
      ? [row(one, 'share', 'the period before', one.trend, one.trend.q, trends)]
      : []),
  ]);
}

/** Why responses do not tell of churn. */
function leftOut(states: ReadonlyMap<string, number>, { state }: Question): LeftOut[] {
  const isKnown = state.retention_through !== null || state.revenue_through !== null;
  const reasons = {
    anonymous: 'anonymous',
    leaving: 'survey_triggered_by_leaving',
    not_index: 'not_an_index_response',
    not_active: 'not_active_when_answered',
    window_open: isKnown ? 'window_open' : 'no_data',
  };
  return Object.entries(reasons).flatMap(([name, reason]) => {
    const responses = states.get(name) ?? 0;
    return responses > 0 ? [{ reason, responses }] : [];
  });
}
