import { Type } from 'typebox';
import { bands } from '../../outcomes/cells.ts';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { count, figure, groups, questionQuery, window, withheld } from '../schemas.ts';
import { allBands } from './followed.ts';
import { retentionCurve } from './retention-curve.ts';

/** A row of the retention curve. */
const curveRow = Type.Object(
  {
    ...groups,
    band: Type.Enum([...bands, allBands], {
      description: '`all` where the groups are compared: their bands are pooled.',
    }),
    day: count('Days after the answer.'),
    at_risk: count('Responses whose customer was followed at least that long and had not left before.'),
    churned: count('How many left on that day.'),
    ...figure('survival', 'Estimated share that has not left by the end of that day.'),
    ...withheld,
  },
  { $id: 'CurveRow', additionalProperties: false },
);

/** How long customers stay. */
export const curveQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/outcomes/retention/curve',
    operationId: 'getRetentionCurve',
    summary: 'How long they stay: the Kaplan-Meier curve by band or group',
    description:
      'Open windows count for as long as they were followed. Only customers with a contract can be seen leaving.',
    tag: 'Outcomes',
    query: {
      ...questionQuery,
      ...window,
      compare: Type.Optional(
        Type.Enum(['bands', 'groups'], {
          default: 'bands',
          description:
            '`groups`: the bands are pooled, and the groups of `group_by` compared by the log-rank test. A group that is not known (null) has a curve and is not compared.',
        }),
      ),
    },
    row: curveRow,
    answer: retentionCurve,
  }),
];
