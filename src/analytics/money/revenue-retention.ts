import type { Database } from '../../db/pool.ts';
import { wilson } from '../../stats/intervals.ts';
import { type Answer, type AnswerRow, rounded } from '../answer.ts';
import type { Reader } from '../declare.ts';
import {
  compareFlows,
  findFlows,
  flowAnswer,
  flowColumns,
  ratioColumns,
  shareColumns,
  withheldRatios,
} from './flow-answer.ts';
import { type FlowParameters, type FlowQuestion, prepareFlows } from './flow-question.ts';
import { retentionSentence } from './flow-sentences.ts';
import { type Flow, type Part, ratioGroups } from './flows.ts';

export const revenueRetentionDefinition = {
  id: 'revenue_retention',
  version: 1,
  text: 'The base are the customers whose net revenue in the base period is above zero. nrr (net revenue retention) = their net revenue in the period / that in the base period. grr (gross) = sum over them of the smaller of the two / that in the base period: who pays more makes up for nobody. logo_retention = share of them whose net revenue in the period is above zero. Reactivated: not in the base, though they had paid before it ended. New: they had not. A refund counts in the month in which it is given. Amounts are converted at the rate of their day.',
};

/** What its rows tell apart of who the revenue comes from. */
export const retentionParts = [['base'], ['reactivated'], ['earned', 'bought', 'unknown']] as const;

/** How much of their revenue, and how many customers, stayed from one period to another. */
export async function revenueRetention(db: Database, given: FlowParameters, reader: Reader): Promise<Answer> {
  const question = await prepareFlows(db, given, reader);
  const { flows, without_rate, hidden } = await findFlows(db, question, retentionParts);
  const rows = flows.map((flow) => ({ flow, row: retentionRow(flow, hidden.get(flow) ?? new Set(), question) }));
  const told = rows.filter(({ row }) => row.withheld === null).map(({ flow }) => flow);
  const seen = rows.filter(({ row }) => row.base_customers !== null).map(({ flow }) => flow);
  const comparisons = compareFlows(told, seen, question, {
    measure: 'nrr',
    groups: (flow) => ratioGroups(flow, ({ kept_revenue }) => kept_revenue),
  });
  return {
    question: 'analytics/revenue-retention',
    reads_as: retentionSentence(rows, comparisons, question),
    definition: revenueRetentionDefinition,
    ...flowAnswer(
      question,
      rows,
      comparisons,
      without_rate,
      ', of gross retention Wilson with the effective n; logo retention: Wilson',
    ),
  };
}

/** A row of the answer, without what `hidden` keeps from the reader. */
export function retentionRow(flow: Flow, hidden: Set<Part | 'all'>, question: FlowQuestion): AnswerRow {
  const { whole } = flow;
  const isSeen = (part: Part) => !hidden.has(part) && !hidden.has('all');
  const withheld = withheldRatios(flow, !isSeen('base'), question);
  const told = withheld === null;
  const ofBase = (value: number) => (isSeen('base') ? rounded(value) : null);
  const logo = told ? wilson({ successes: whole.active_customers, n: whole.base_customers }) : null;
  const isNew = isSeen('earned');
  return {
    ...flowColumns(flow, question),
    base_customers: ofBase(whole.base_customers),
    base_revenue: ofBase(whole.base_revenue),
    revenue: hidden.has('all') ? null : rounded(whole.revenue),
    kept_revenue: ofBase(whole.kept_revenue),
    ...ratioColumns('nrr', told ? ratioGroups(flow, ({ kept_revenue }) => kept_revenue) : null),
    capped_revenue: ofBase(whole.capped_revenue),
    ...shareColumns('grr', told ? ratioGroups(flow, ({ capped_revenue }) => capped_revenue) : null),
    active_customers: ofBase(whole.active_customers),
    logo_retention: told ? rounded(whole.active_customers / whole.base_customers) : null,
    logo_retention_low: rounded(logo?.low ?? null),
    logo_retention_high: rounded(logo?.high ?? null),
    reactivated_customers: isSeen('reactivated') ? whole.reactivated_customers : null,
    reactivated_revenue: isSeen('reactivated') ? rounded(whole.reactivated_revenue) : null,
    new_customers: isNew ? whole.earned_customers + whole.bought_customers + whole.unknown_customers : null,
    new_revenue: isNew ? rounded(whole.earned_revenue + whole.bought_revenue + whole.unknown_revenue) : null,
    not_in_base: ofBase(whole.not_in_base),
    withheld,
  };
}
