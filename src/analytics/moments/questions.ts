import { Type } from 'typebox';
import { nullable } from '../../http/schemas.ts';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { count, figure, number, questionQuery, window, withheld, word } from '../schemas.ts';
import { moments } from './moments.ts';

/** A row of the moments. */
const momentsRow = Type.Object(
  {
    survey: word('The survey.'),
    moment: word('The moment as responses name it.'),
    name: nullable(word('Its name; null where nobody made it under /v1/moments.')),
    stage: nullable(word("Where in the customer's journey it lies.")),
    owner: nullable(word('Who answers for it.')),
    policy_verdict: nullable(word('What the last review of its policies against the vision found.')),
    responses: count('All responses about it, also anonymous ones.'),
    satisfied: count('Responses at or above satisfied_min.'),
    ...figure('satisfied_rate', 'Performance: their share.'),
    ...figure('nps', '100 (promoters - detractors) / responses; null for CSAT and CES.'),
    satisfied_rate_before: number('In the period before, as long; with `from` and `to`.'),
    ...figure('satisfied_change', 'satisfied_rate - satisfied_rate_before.'),
    retention_n: count('Index responses whose retention counts.'),
    ...figure('retention_gain', 'Importance: retention after satisfied responses less that after the others.'),
    revenue_n: count('Index responses whose revenue counts.'),
    ...figure('revenue_gain', 'Mean revenue after satisfied responses less that after the others.'),
    priority: number('retention_gain x (1 - satisfied_rate).'),
    revenue_at_stake: number('revenue_gain x responses that are not satisfied.'),
    ...withheld,
  },
  { $id: 'MomentsRow', additionalProperties: false },
);

const { group_by: _, as_of: __, ...asked } = questionQuery;

/** Where to improve. */
export const momentQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/analytics/moments',
    operationId: 'getMoments',
    summary: 'Importance and performance of each moment of truth',
    description:
      'Sorted by what it pays most to improve. With `from` and `to`, each is compared with the period before. What followed the responses is read from their outcomes one by one, so it takes time in proportion to them.',
    tag: 'Moments',
    query: { ...asked, ...window },
    row: momentsRow,
    answer: moments,
  }),
];
