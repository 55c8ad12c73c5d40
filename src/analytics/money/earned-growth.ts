import type { Database } from '../../db/pool.ts';
import { type Answer, type AnswerRow, rounded } from '../answer.ts';
import type { Reader } from '../declare.ts';
import { compareFlows, findFlows, flowAnswer, flowColumns, ratioColumns, withheldRatios } from './flow-answer.ts';
import { type FlowParameters, type FlowQuestion, prepareFlows } from './flow-question.ts';
import { growthSentence } from './flow-sentences.ts';
import { type Flow, type FlowSums, type Part, parts, ratioGroups } from './flows.ts';

export const earnedGrowthDefinition = {
  id: 'earned_growth',
  version: 1,
  text: 'Earned growth = net revenue retention - 1 + revenue of new customers who came by referral or word of mouth / base revenue (Reichheld, Darnell and Burns 2021). Of new customers whose origin is unknown, none or all may have been earned: earned_growth_least counts none of their revenue, earned_growth_most all; the truth lies between. Bought: new by advertising, promotion, sales or a partner. total_growth = from_existing + from_earned + from_bought + from_unknown + from_reactivated, each as a share of base revenue. Base, reactivated and new as in revenue_retention.',
};

/** What its rows tell apart of who the revenue comes from: everything. */
export const growthParts = parts.map((part) => [part]);

/** How much of its growth a company earned, from customers who came back and those whom they brought. */
export async function earnedGrowth(db: Database, given: FlowParameters, reader: Reader): Promise<Answer> {
  const question = await prepareFlows(db, given, reader);
  const { flows, without_rate, hidden } = await findFlows(db, question, growthParts);
  const rows = flows.map((flow) => ({ flow, row: growthRow(flow, hidden.get(flow) ?? new Set(), question) }));
  const told = rows.filter(({ row }) => row.earned_growth_least !== null).map(({ flow }) => flow);
  const comparisons = compareFlows(told, told, question, {
    measure: 'earned_growth_least',
    groups: (flow) => ratioGroups(flow, bounds(flow).least),
  });
  return {
    question: 'analytics/earned-growth',
    reads_as: growthSentence(rows, question),
    definition: earnedGrowthDefinition,
    ...flowAnswer(question, rows, comparisons, without_rate),
  };
}

const known = (sums: FlowSums) => sums.kept_revenue + sums.earned_revenue;
const withUnknown = (sums: FlowSums) => known(sums) + sums.unknown_revenue;

/**
 * What the bounds count. Where more was given back to customers of unknown origin than came from them, counting them is
 * the smaller figure; that is said of the whole, so that a bound is one sum in every group of customers.
 */
const bounds = ({ whole }: Pick<Flow, 'whole'>) =>
  whole.unknown_revenue < 0 ? { least: withUnknown, most: known } : { least: known, most: withUnknown };

/** A row of the answer, without what `hidden` keeps from the reader. */
export function growthRow(flow: Flow, hidden: Set<Part | 'all'>, question: FlowQuestion): AnswerRow {
  const { whole } = flow;
  const { least, most } = bounds(flow);
  const isSeen = (...of: Part[]) => !hidden.has('all') && of.every((part) => !hidden.has(part));
  const withheld = withheldRatios(flow, !isSeen('base'), question);
  const value = (part: Part, sum: number) => (isSeen(part) ? rounded(sum) : null);
  const share = (name: string, of: readonly Part[], numerator: (sums: FlowSums) => number, minus = 0) =>
    ratioColumns(name, withheld === null && isSeen(...of) ? ratioGroups(flow, numerator) : null, minus);
  return {
    ...flowColumns(flow, question),
    base_customers: value('base', whole.base_customers),
    base_revenue: value('base', whole.base_revenue),
    revenue: hidden.has('all') ? null : rounded(whole.revenue),
    ...share('earned_growth_least', ['earned', 'unknown'], least, 1),
    ...share('earned_growth_most', ['earned', 'unknown'], most, 1),
    ...share('total_growth', [], ({ revenue }) => revenue, 1),
    kept_revenue: value('base', whole.kept_revenue),
    ...share('from_existing', [], ({ kept_revenue }) => kept_revenue, 1),
    earned_customers: value('earned', whole.earned_customers),
    earned_revenue: value('earned', whole.earned_revenue),
    ...share('from_earned', ['earned'], ({ earned_revenue }) => earned_revenue),
    bought_customers: value('bought', whole.bought_customers),
    bought_revenue: value('bought', whole.bought_revenue),
    ...share('from_bought', ['bought'], ({ bought_revenue }) => bought_revenue),
    unknown_customers: value('unknown', whole.unknown_customers),
    unknown_revenue: value('unknown', whole.unknown_revenue),
    ...share('from_unknown', ['unknown'], ({ unknown_revenue }) => unknown_revenue),
    reactivated_customers: value('reactivated', whole.reactivated_customers),
    reactivated_revenue: value('reactivated', whole.reactivated_revenue),
    ...share('from_reactivated', ['reactivated'], ({ reactivated_revenue }) => reactivated_revenue),
    not_in_base: value('base', whole.not_in_base),
    withheld,
  };
}
