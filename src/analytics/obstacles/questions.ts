import { Type } from 'typebox';
import { Uuid } from '../../http/schemas.ts';
import { aroundFixQuery } from '../around-fix.ts';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { contrast, count, described, figure, questionQuery, window, withheld, word } from '../schemas.ts';
import { obstacleEffect } from './effect.ts';
import { contrasts } from './effect-figures.ts';
import { measures, periods, sides } from './effect-sums.ts';

const effectRow = Type.Object(
  {
    survey: word('The survey.'),
    side: Type.Enum([...sides], {
      description: '`moment`: the moment of truth of the obstacle. `others`: all other moments together.',
    }),
    period: Type.Enum([...periods]),
    from: word('Where the period begins.'),
    to: word('Where it ends; the moment itself is not part of it.'),
    responses: count('All responses, also anonymous ones.'),
    ...figure('satisfied_rate', 'Share of responses at or above satisfied_min of the survey.'),
    ...figure('nps', '100 (promoters - detractors) / responses; null for CSAT and CES.'),
    ...figure('mean_score', 'Mean score.'),
    retention_n: count('Index responses whose retention counts.'),
    ...figure('retention_rate', 'Share of these whose customer was still one at the end of the window.'),
    revenue_n: count('Index responses whose revenue counts.'),
    ...figure('revenue_after', 'Mean net revenue in the window after them, in the reporting currency.'),
    ...withheld,
  },
  { $id: 'ObstacleEffectRow', additionalProperties: false },
);

const effectComparison = Type.Object(
  {
    survey: word('The survey.'),
    measure: Type.Enum([...measures]),
    contrast: Type.Enum([...contrasts], {
      description:
        '`change`: after minus before at the moment. `others_change`: the same at the other moments. `difference_in_differences`: the first minus the second.',
    }),
    ...contrast('The difference.'),
  },
  { $id: 'ObstacleEffectComparison', additionalProperties: false },
);

const { group_by: _, theme: __, as_of: ___, from: ____, to: _____, ...asked } = questionQuery;

/** Whether removing what is in the way of employees helped customers. */
export const obstacleQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/analytics/obstacles/:id/effect',
    operationId: 'getObstacleEffect',
    summary: 'What became of a moment of truth after an obstacle was fixed',
    description:
      'Scores and outcomes at the moment of the obstacle before and after the fix, against the other moments in the same periods. It reads every response of the two periods, so it takes time in proportion to them.',
    tag: 'Employee voice',
    params: { id: Uuid },
    query: {
      ...asked,
      ...window,
      moment: described(asked.moment, 'Look at this moment; that of the obstacle unless given.'),
      unit: described(asked.unit, 'Only this unit and everything below it; that of the obstacle unless given.'),
      ...aroundFixQuery('fixed_at of the obstacle'),
    },
    row: effectRow,
    comparison: effectComparison,
    answer: obstacleEffect,
  }),
];
