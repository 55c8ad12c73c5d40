import { Type } from 'typebox';
import { Uuid } from '../../http/schemas.ts';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { count, figure, number, questionQuery, text, when, withheld, word } from '../schemas.ts';
import { visionConsistency } from './consistency.ts';
import { checkGroupings } from './read-checks.ts';

/** Columns that are there when they are grouped by. */
const groups = (names: readonly string[]) =>
  Object.fromEntries(
    names.map((name) => [
      name,
      Type.Optional(
        Type.Unsafe<string | null>({
          type: ['string', 'null'],
          description: 'There when it is grouped by; null where it is not known.',
        }),
      ),
    ]),
  );

const consistencyRow = Type.Object(
  {
    ...groups(checkGroupings),
    checks: count('Vision checks; grouped by question, answers to it.'),
    clear: count('Of these, with every answer clear.'),
    consistent: count('Of these, with every answer clear and consistent.'),
    ...figure('consistency_rate', 'consistent / checks.'),
    ...withheld,
  },
  { $id: 'VisionConsistencyRow', additionalProperties: false },
);

const consistencyComparison = Type.Object(
  {
    ...groups(checkGroupings),
    measure: word('The figure that is compared.'),
    against: word('With what: the period before, or all other groups together.'),
    ...figure('difference', 'Its own less that of the other.'),
    p: number('Two-sided.'),
    q: number('The same, allowing for all comparisons of this answer (Benjamini-Hochberg).'),
  },
  { $id: 'VisionConsistencyComparison', additionalProperties: false },
);

const { unit, format } = questionQuery;

/** Whether people know the vision, and whether what the organisation does fits it. */
export const visionQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/analytics/vision-consistency',
    operationId: 'getVisionConsistency',
    summary: 'How well employees know the vision',
    description:
      'The share of vision checks in which every answer was clear and consistent. Grouped by a period, each is compared with the one before; grouped by unit, each with all others together.',
    tag: 'Visions',
    query: {
      unit,
      vision: Type.Optional(Type.String({ ...Uuid, description: 'Only checks about this vision, by its id.' })),
      from: when('Asked on this day or later.'),
      to: when('Asked before this day.'),
      group_by: text(`One or two of ${checkGroupings.join(', ')}, separated by a comma.`),
      min_n: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 100_000,
          default: 10,
          description: 'Figures of fewer vision checks are withheld.',
        }),
      ),
      format,
    },
    row: consistencyRow,
    comparison: consistencyComparison,
    answer: visionConsistency,
  }),
];
