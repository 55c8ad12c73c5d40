import { Type } from 'typebox';
import { nullable, patternSentences } from '../../http/schemas.ts';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { count, figure, groups, number, questionQuery, when, window, withheld, word } from '../schemas.ts';
import { customerGroupColumns, customerQuery } from './customer-question.ts';
import { earnedGrowth, earnedGrowthDefinition } from './earned-growth.ts';
import { leavingOrders } from './leavers.ts';
import { leavingReasons, leavingReasonsDefinition } from './leaving-reasons.ts';
import { loyalty, loyaltyDefinition } from './loyalty.ts';
import { answers, quadrants } from './loyalty-sums.ts';
import { baseKinds, periodKinds } from './periods.ts';
import { revenueRetention, revenueRetentionDefinition } from './revenue-retention.ts';

const monthPattern = '^(19|20)[0-9]{2}-(0[1-9]|1[0-2])(-01)?$';
patternSentences.set(monthPattern, "a month from 1900 to 2099, such as '2026-03' or '2026-03-01'");
const month = (description: string) => Type.Optional(Type.String({ pattern: monthPattern, description }));

const flowQuery = {
  by: Type.Optional(
    Type.Enum([...periodKinds], {
      default: 'trailing_year',
      description:
        'How long a period is. `trailing_year`: the 12 months that end with the last complete one (or before `to`); the others are of the calendar.',
    }),
  ),
  against: Type.Optional(
    Type.Enum([...baseKinds], {
      default: 'year_before',
      description:
        'What a period is held against: the same one a year before, which leaves the season aside, or the one right before it.',
    }),
  ),
  from: month(
    'The first of the months told. Without it the last 12 months, 8 quarters, 3 years or the trailing year; 36 periods at most.',
  ),
  to: month('The month before which the last period ends. Only complete ones are told.'),
  ...customerQuery,
};

const flowColumns = {
  period: word('2026-03, 2026-Q1, 2026, or 2025-11 to 2026-10.'),
  period_from: word('Its first day.'),
  period_to: word('The first day after it.'),
  base_from: word('The first day of the period that it is held against.'),
  base_to: word('The first day after that.'),
  ...customerGroupColumns,
  base_customers: count('Customers with net revenue above zero in the base period.'),
  base_revenue: number('Their net revenue in it, in the reporting currency.'),
  revenue: number('Net revenue of the period, of all customers.'),
};
const customersOf = (part: string, what: string) => ({
  [`${part}_customers`]: count(`${what}: how many had net revenue, or refunds, in the period.`),
  [`${part}_revenue`]: number('Their net revenue in the period.'),
});
const keptRevenue = { kept_revenue: number('Net revenue of the period from the base customers.') };
const notInBase = {
  not_in_base: count('Customers with payments or refunds in the base period whose sum there is not above zero.'),
};

const retentionRow = Type.Object(
  {
    ...flowColumns,
    ...keptRevenue,
    ...figure('nrr', 'Net revenue retention: kept_revenue / base_revenue.'),
    capped_revenue: number('The same, of each customer no more than in the base period.'),
    ...figure('grr', 'Gross revenue retention: capped_revenue / base_revenue.'),
    active_customers: count('Base customers with net revenue above zero in the period.'),
    ...figure('logo_retention', 'Their share.'),
    ...customersOf('reactivated', 'Not in the base, though they had paid before it ended'),
    ...customersOf('new', 'Had not paid before the base ended'),
    ...notInBase,
    ...withheld,
  },
  { $id: 'RevenueRetentionRow', additionalProperties: false },
);

const growthRow = Type.Object(
  {
    ...flowColumns,
    ...figure('earned_growth_least', 'Earned growth, were nobody of unknown origin earned.'),
    ...figure('earned_growth_most', 'Earned growth, were everybody of unknown origin earned.'),
    ...figure('total_growth', 'revenue / base_revenue - 1: the sum of the five below.'),
    ...keptRevenue,
    ...figure('from_existing', 'Net revenue retention - 1.'),
    ...customersOf('earned', 'New by referral or word of mouth'),
    ...figure('from_earned', 'earned_revenue / base_revenue.'),
    ...customersOf('bought', 'New by advertising, promotion, sales or a partner'),
    ...figure('from_bought', 'bought_revenue / base_revenue.'),
    ...customersOf('unknown', 'New, and nothing says how they came'),
    ...figure('from_unknown', 'unknown_revenue / base_revenue.'),
    ...customersOf('reactivated', 'Not in the base, though they had paid before it ended'),
    ...figure('from_reactivated', 'reactivated_revenue / base_revenue.'),
    ...notInBase,
    ...withheld,
  },
  { $id: 'EarnedGrowthRow', additionalProperties: false },
);

const flowComparison = Type.Object(
  {
    period: word('The period ...'),
    ...customerGroupColumns,
    measure: word('The figure that is compared.'),
    against: word('... against this one, or the group against all others of the period together.'),
    ...figure('difference', 'The first minus the second.'),
    p: number('Two-sided.'),
    q: number('The same, allowing for all comparisons of this answer (Benjamini-Hochberg).'),
  },
  { $id: 'PeriodComparison', additionalProperties: false },
);

const loyaltyRow = Type.Object(
  {
    ...groups,
    part: Type.Enum(['quadrant', 'answer'], {
      description: 'The rows of either add up to all responses that count: filter by one of the two.',
    }),
    name: Type.Enum([...quadrants, ...answers]),
    responses: count('Index responses whose windows have elapsed, of customers active when they answered.'),
    customers: count('Different customers among them.'),
    ...figure('share', 'Their share of all responses of the survey and group that count.'),
    loyal: count('How many of them were active W days later and bought again, or made a referral, until then.'),
    ...figure('loyal_rate', 'Their share.'),
    left: count('How many of them had left, or not bought again, W days later.'),
    ...figure('left_rate', 'Their share.'),
    ...figure('revenue_after', 'Mean net revenue in the window after the answer, in the reporting currency.'),
    revenue_total: number('The total.'),
    ...withheld,
  },
  { $id: 'LoyaltyRow', additionalProperties: false },
);

const leavingRow = Type.Object(
  {
    ...customerGroupColumns,
    reason: nullable(word('In the words of who sent it; null where none was given.')),
    customers: count('Customers who left for it.'),
    ...figure('share', 'Their share of all customers who left.'),
    revenue: number('All net revenue of these customers until they left, in the reporting currency.'),
    ...figure('revenue_share', 'Its share of that of all customers who left.'),
    ...withheld,
  },
  { $id: 'LeavingReasonsRow', additionalProperties: false },
);

/** What customers are worth over the years. */
export const moneyQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/analytics/revenue-retention',
    operationId: 'getRevenueRetention',
    summary: 'How much of their revenue, and how many customers, stay: NRR, GRR and logo retention',
    description: revenueRetentionDefinition.text,
    tag: 'Money',
    query: flowQuery,
    row: retentionRow,
    comparison: flowComparison,
    answer: revenueRetention,
  }),
  declareQuestion({
    path: '/v1/analytics/earned-growth',
    operationId: 'getEarnedGrowth',
    summary: 'How much of the growth was earned, and how much bought',
    description: earnedGrowthDefinition.text,
    tag: 'Money',
    query: flowQuery,
    row: growthRow,
    comparison: flowComparison,
    answer: earnedGrowth,
  }),
  declareQuestion({
    path: '/v1/analytics/loyalty',
    operationId: 'getLoyalty',
    summary: 'Satisfied is a "C": what customers said against what they did, and how many of the satisfied left',
    description: loyaltyDefinition.text,
    tag: 'Money',
    query: { ...questionQuery, ...window },
    row: loyaltyRow,
    answer: loyalty,
  }),
  declareQuestion({
    path: '/v1/analytics/leaving-reasons',
    operationId: 'getLeavingReasons',
    summary: 'Why customers left, and what they had paid',
    description: leavingReasonsDefinition.text,
    tag: 'Money',
    query: {
      from: when('Customers who left at or after this.'),
      to: when('Customers who left before this.'),
      order: Type.Optional(
        Type.Enum([...leavingOrders], { default: 'revenue', description: 'What the reasons are ranked by.' }),
      ),
      limit: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many reasons are told of a group.' }),
      ),
      ...customerQuery,
    },
    row: leavingRow,
    comparison: flowComparison,
    answer: leavingReasons,
  }),
];
