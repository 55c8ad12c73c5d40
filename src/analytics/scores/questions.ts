import { Type } from 'typebox';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { count, figure, groups, questionQuery, withheld } from '../schemas.ts';
import { scores } from './scores.ts';

/** A row of the scores. */
const scoresRow = Type.Object(
  {
    ...groups,
    kind: Type.Enum(['nps', 'csat', 'ces', 'custom']),
    responses: count('All responses, also anonymous ones.'),
    promoters: count('Responses in the band.'),
    passives: count('Responses in the band.'),
    detractors: count('Responses in the band.'),
    ...figure('nps', '100 (promoters - detractors) / responses; null for CSAT and CES.'),
    satisfied: count('Responses on the good side of satisfied_min.'),
    ...figure('satisfied_rate', 'Their share.'),
    ...figure('mean_score', 'Mean score.'),
    ...withheld,
  },
  { $id: 'ScoresRow', additionalProperties: false },
);

/** What customers said. */
export const scoreQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/analytics/scores',
    operationId: 'getScores',
    summary: 'NPS, CSAT and CES, in groups and over time',
    description: 'All responses count, also anonymous ones. Grouped by a period, each is compared with the one before.',
    tag: 'Scores',
    query: questionQuery,
    row: scoresRow,
    answer: scores,
  }),
];
