import type { Database } from '../../db/pool.ts';
import { type Answer, freshness, qMethod, usualWarnings } from '../answer.ts';
import {
  prepareQuestion,
  type Question,
  type QuestionParameters,
  readGroupBy,
  requireKnown,
  shownParameters,
} from '../question.ts';
import { counted, scoped } from '../words.ts';
import { customerDimensions, type Moments, readExposure } from './exposure.ts';
import { comparisonsOf, readChurn, risksOf, rowsOf } from './risk.ts';
import { riskSentence } from './risk-sentence.ts';

export const riskDefinition = {
  id: 'revenue_at_risk',
  version: 1,
  text: 'Exposure: the net revenue of the last 365 days of customers who have not left, by the band of their latest answer to the survey within 365 days; `unknown` without one. Revenue is counted through the moment through which it is complete, answers through the later one of that and the latest answer. Expected loss: revenue x (churn within the window in the band - churn within the window among promoters), where churn is 1 - retention among all index responses to the survey whose window has elapsed, whatever the question is narrowed to or grouped by, so that rows add up. Exposure is counted, not estimated: the interval is that of the difference in churn.',
};

/** Answers how much revenue is at risk, safe, and of customers of whom nothing is known. */
export async function revenueAtRisk(
  db: Database,
  given: QuestionParameters,
  reader: { personal: boolean },
): Promise<Answer> {
  readGroupBy(given.group_by, customerDimensions);
  const question = await prepareQuestion(db, given, reader);
  const moments = momentsOf(question);
  const { groups, left_out, churn } = await db.read(
    async (client) => ({
      ...(moments ? await readExposure(client, question, moments) : { groups: [], left_out: [] }),
      churn: await readChurn(client, question),
    }),
    { snapshot: true },
  );
  const risks = risksOf(groups, churn, question);
  const { comparisons, tests } = comparisonsOf(risks, churn, question);
  const data = risks.flatMap((risk) => rowsOf(risk, question));
  const { fresh, warnings } = freshness(question, moments ? new Date(moments.revenue_at) : null);
  const noRate = left_out.find(({ reason }) => reason === 'no_exchange_rate');
  return {
    question: 'analytics/revenue-at-risk',
    reads_as: scoped(riskSentence(risks, question, moments), question),
    definition: riskDefinition,
    parameters: shownParameters(question, {
      window_days: question.window_days,
      as_of: moments?.revenue_at ?? question.as_of,
      answers_as_of: moments?.bands_at ?? question.as_of,
      currency: question.state.currency,
    }),
    data,
    comparisons,
    left_out,
    fresh,
    method: `churn: delete-a-group jackknife over 32 groups of customers, shares by Wilson with n divided by the design effect, their differences by MOVER from these limits${qMethod(tests)}`,
    warnings: [
      ...warnings,
      ...usualWarnings(data, tests),
      ...(noRate && 'customers' in noRate
        ? [
            `${counted(noRate.customers)} ${noRate.customers === 1 ? 'customer is' : 'customers are'} left out because a payment has no exchange rate to ${question.state.currency}: send it to /v1/exchange-rates.`,
          ]
        : []),
    ],
  };
}

/**
 * The moments of the question; null where no revenue was ever sent.
 * @throws ApiError 400 for an `as_of` after the moment through which revenue is complete.
 */
function momentsOf({ state, as_of, responses_through }: Question): Moments | null {
  const through = state.revenue_through;
  if (!through) return null;
  if (as_of === null) {
    const latest = responses_through && responses_through > through ? responses_through : through;
    return { revenue_at: through.toISOString(), bands_at: latest.toISOString() };
  }
  requireKnown('Revenue', new Date(as_of), through);
  return { revenue_at: as_of, bands_at: as_of };
}
