import { Type } from 'typebox';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { count, figure, number, questionQuery, window, withheld, word } from '../schemas.ts';
import { standings } from './exposure.ts';
import { revenueAtRisk, riskDefinition } from './revenue-at-risk.ts';

const groupedBy = (description: string) =>
  Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], description }));

/** A row of revenue at risk. */
const riskRow = Type.Object(
  {
    survey: word('The survey.'),
    segment: groupedBy('There when it is grouped by; null where it is not known.'),
    region: groupedBy('There when it is grouped by; null where it is not known.'),
    unit: groupedBy('There when it is grouped by; null where it is not known.'),
    band: Type.Enum([...standings], {
      description: 'The band of the latest answer; `unknown` without one within 365 days.',
    }),
    customers: count('Customers who paid in the 365 days and have not left.'),
    revenue: number('What they paid in these days, net, in the reporting currency: the exposure.'),
    revenue_share: number('Its share of the revenue of the group, all bands together.'),
    churn_n: count('Index responses of the band, to the whole survey, that tell its churn.'),
    ...figure('churn_rate', 'Share of these whose customer had left at the end of the window.'),
    ...figure(
      'expected_loss',
      'revenue x (churn_rate - that of promoters): what leaving is expected to cost beyond what promoters cost.',
    ),
    ...withheld,
  },
  { $id: 'RevenueAtRiskRow', additionalProperties: false },
);

const { survey, min_n, format } = questionQuery;

/** How much revenue is at risk. */
export const riskQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/analytics/revenue-at-risk',
    operationId: 'getRevenueAtRisk',
    summary: 'How much revenue is at risk, safe, or of customers of whom nothing is known',
    description: `${riskDefinition.text} Without \`as_of\` it reads what is kept of each customer and the answers of the last 365 days; with it, also the payments of the year before that moment, which takes time in proportion to them.`,
    tag: 'Money',
    query: {
      survey,
      ...window,
      segment: Type.Optional(
        Type.String({ minLength: 1, maxLength: 128, description: 'Only customers whose segment is this now.' }),
      ),
      region: Type.Optional(
        Type.String({ minLength: 1, maxLength: 128, description: 'Only customers whose region is this now.' }),
      ),
      unit: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 128,
          description: 'Only customers whom this unit, or one below it, looks after now.',
        }),
      ),
      group_by: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 128,
          description: 'One or two of segment, region, unit (those of the customer now), separated by a comma.',
        }),
      ),
      as_of: Type.Optional(
        Type.Unsafe<string>({
          type: 'string',
          format: 'date-or-time',
          description:
            'As things stood then: latest answers, revenue and contracts of that moment, from the raw facts.',
        }),
      ),
      min_n,
      format,
    },
    row: riskRow,
    answer: revenueAtRisk,
  }),
];
