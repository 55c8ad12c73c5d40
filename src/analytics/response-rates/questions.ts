import { Type } from 'typebox';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { count, figure, groups, number, questionQuery, text, when, withheld } from '../schemas.ts';
import { responseRates } from './response-rates.ts';

/** A row of the response rates. */
const ratesRow = Type.Object(
  {
    ...groups,
    invitations: count('All of them.'),
    bounced: count('Invitations that reached nobody.'),
    declined: count('Invitations that were declined; these reached somebody.'),
    reached: count('Different customers whom an invitation reached.'),
    answered: count('How many of these answered.'),
    ...figure('response_rate', 'answered / reached.'),
    revenue_coverage: number(
      'Trailing revenue of 365 days of who answered / of all customers, whether invited or not; null without revenue.',
    ),
    ...figure('reached_revenue_coverage', 'The same / of all who were reached.'),
    ...withheld,
  },
  { $id: 'ResponseRatesRow', additionalProperties: false },
);

const { channel: _, theme: __, ...asked } = questionQuery;

/** Who answers. */
export const responseRateQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/analytics/response-rates',
    operationId: 'getResponseRates',
    summary: 'How many of those who were asked answered, and how much revenue they stand for',
    description:
      'By unique customer. Reads the raw invitations one by one, so it takes time in proportion to them: narrow a question about very many by `from` and `to`. Segment and region are those of the customer.',
    tag: 'Scores',
    query: {
      ...asked,
      from: when('Invitations sent at or after this; a date begins in the reporting time zone.'),
      to: when('Invitations sent before this.'),
      group_by: text('One or two of unit, moment, segment, region, month, quarter, year, separated by a comma.'),
      within_days: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 365,
          default: 30,
          description:
            'How long an invitation can be answered. Those that were sent so recently that they still can are left out.',
        }),
      ),
    },
    row: ratesRow,
    answer: responseRates,
  }),
];
