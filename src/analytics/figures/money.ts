import { Type } from 'typebox';
import { readState } from '../../outcomes/collect.ts';
import type { AnswerRow } from '../answer.ts';
import { customerQuery, customerQuestion } from '../money/customer-question.ts';
import { earnedGrowthDefinition, growthParts, growthRow } from '../money/earned-growth.ts';
import { readShownFlows } from '../money/flow-answer.ts';
import { type FlowQuestion, readRevenueMonths } from '../money/flow-question.ts';
import type { Flow, Part, Shown } from '../money/flows.ts';
import { baseKinds, monthOf, type Period } from '../money/periods.ts';
import { retentionParts, retentionRow, revenueRetentionDefinition } from '../money/revenue-retention.ts';
import { declareFigure, type Family, type Figure, type FigurePeriod } from './declare.ts';

const { segment, region, acquisition, min_n } = customerQuery;
const filters = {
  over: Type.Optional(
    Type.Enum(['trailing_year', 'period'], {
      default: 'trailing_year',
      description:
        'What is told at the end of a period: the 12 months that end with it, which leaves the season aside, or the period alone.',
    }),
  ),
  against: Type.Optional(
    Type.Enum([...baseKinds], {
      default: 'year_before',
      description: 'What that is held against: the same a year before, or what is right before it.',
    }),
  ),
  segment,
  region,
  acquisition,
  min_n,
};

/** Revenue from period to period; a period that is not complete is not told, as by the question. */
const flowFamily = (
  declared: Pick<Family<typeof filters>, 'question' | 'definition'>,
  shown: Shown,
  rowOf: (flow: Flow, hidden: Set<Part | 'all'>, question: FlowQuestion) => AnswerRow,
): Family<typeof filters> => ({
  ...declared,
  filters,
  cadences: ['month', 'quarter', 'year'],
  async read(
    client,
    { filters: { over = 'trailing_year', against = 'year_before', ...given }, unit, periods, reader },
  ) {
    const state = await readState(client);
    const known = await readRevenueMonths(client, state);
    const asked = periods.map((period) => heldAgainst(period, over, against));
    const isComplete = ({ to }: Period) => known.complete !== null && to <= known.complete;
    const question: FlowQuestion = {
      ...customerQuestion({ ...given, ...(unit !== null && { unit }) }, reader, state),
      ...known,
      by: 'month',
      against,
      periods: asked.filter(isComplete),
      warnings: [],
    };
    const { flows, hidden } = await readShownFlows(client, question, shown);
    const rows = asked.map((period) => {
      const flow = flows.find((one) => one.period === period);
      return { row: flow && rowOf(flow, hidden.get(flow) ?? new Set(), question), is_complete: isComplete(period) };
    });
    return { rows, complete_through: known.through };
  },
});

function heldAgainst(
  { start_on, end_on }: FigurePeriod,
  over: 'trailing_year' | 'period',
  against: (typeof baseKinds)[number],
): Period {
  const to = monthOf(end_on);
  const from = over === 'period' ? monthOf(start_on) : to - 12;
  const back = against === 'previous' ? to - from : 12;
  return { label: start_on, from, to, base_from: from - back, base_to: to - back };
}

const retention = flowFamily(
  { question: 'analytics/revenue-retention', definition: revenueRetentionDefinition },
  retentionParts,
  retentionRow,
);
const growth = flowFamily(
  { question: 'analytics/earned-growth', definition: earnedGrowthDefinition },
  growthParts,
  growthRow,
);

const share = { unit: 'share', direction: 'higher_is_better', is_additive: false, n: 'base_customers' } as const;
const addUp = (sum: string, question: string) =>
  `Groups add up within a period: ${sum} of ${question}, then divide. Periods do not.`;

/** What customers are worth over the years. */
export const moneyFigures: readonly Figure[] = [
  declareFigure({
    ...share,
    id: 'nrr',
    label: 'Net revenue retention',
    adding_up: addUp('kept_revenue / base_revenue', 'analytics/revenue-retention'),
    family: retention,
    column: 'nrr',
  }),
  declareFigure({
    ...share,
    id: 'grr',
    label: 'Gross revenue retention',
    adding_up: addUp('capped_revenue / base_revenue', 'analytics/revenue-retention'),
    family: retention,
    column: 'grr',
  }),
  declareFigure({
    ...share,
    id: 'logo_retention',
    label: 'Customers who still pay',
    adding_up: addUp('active_customers / base_customers', 'analytics/revenue-retention'),
    family: retention,
    column: 'logo_retention',
  }),
  declareFigure({
    ...share,
    id: 'earned_growth',
    label: 'Earned growth, at least',
    adding_up: addUp('(kept_revenue + earned_revenue) / base_revenue - 1', 'analytics/earned-growth'),
    family: growth,
    column: 'earned_growth_least',
  }),
];
