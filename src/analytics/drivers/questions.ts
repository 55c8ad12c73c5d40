import { Type } from 'typebox';
import { nullable } from '../../http/schemas.ts';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { contrast, count, figure, number, questionQuery, window, withheld, word } from '../schemas.ts';
import { drivers } from './drivers.ts';
import { targets } from './pairs.ts';

/** A row of the drivers. */
const driverRow = Type.Object(
  {
    survey: word('The survey whose responses are explained.'),
    target: Type.Enum([...targets], { description: 'What of them.' }),
    rank: count('By importance.'),
    driver: word('The driver as it was asked for.'),
    driver_survey: word('Its survey.'),
    driver_moment: nullable(word('Its moment of truth; null for all of them.')),
    name: word('The name of the moment or, without one, of the survey.'),
    responses: count('Responses with a score of every driver.'),
    customers: count('Different customers among them.'),
    ...figure('importance', 'Relative weight: its part of r2.'),
    importance_share: number('importance / r2.'),
    correlation: number('With the target, by itself.'),
    paired: count('Responses with a score of this driver.'),
    ...figure('satisfied_rate', 'Performance: the share of these scores at or above satisfied_min.'),
    priority: number('importance x (1 - satisfied_rate).'),
    ...figure('r2', "The share of the target's variance that all drivers explain together; the same in every row."),
    r2_p: number('The p of there being no association at all; the same in every row.'),
    condition_number: number(
      'Largest / smallest eigenvalue of the correlations of the drivers: 1 where they have nothing in common.',
    ),
    ...withheld,
  },
  { $id: 'DriverRow', additionalProperties: false },
);

const driverComparison = Type.Object(
  {
    measure: word('The figure that is compared.'),
    driver: word('The driver ...'),
    against: word('... with the one that is next by rank.'),
    ...contrast('The first minus the second.'),
  },
  { $id: 'DriverComparison', additionalProperties: false },
);

const { group_by: _, as_of: __, survey: ___, ...asked } = questionQuery;

/** What to fix first. */
export const driverQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/outcomes/drivers',
    operationId: 'getDrivers',
    summary: 'What drives a score, or what customers do after it: importance and performance',
    description:
      'Each response of the target survey is paired with the scores that the same customer gave to other surveys around the same time: one survey a touchpoint, or one survey at several moments. Reads the raw responses one by one, so it takes time in proportion to them: narrow a question about very many by `from` and `to`.',
    tag: 'Outcomes',
    query: {
      survey: Type.String({ minLength: 1, maxLength: 128, description: 'The survey whose responses are explained.' }),
      predictors: Type.String({
        minLength: 1,
        maxLength: 4000,
        description:
          'The drivers, separated by commas: up to 20 surveys (`cleanliness,security`), or surveys at a moment of truth (`csat@check-in,csat@delivery`).',
      }),
      target: Type.Optional(
        Type.Enum([...targets], {
          default: 'score',
          description:
            'What is explained: the score itself (not its band), or what the customer did in the window after an index response.',
        }),
      ),
      within_days: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 365,
          default: 1,
          description:
            "How far from the target's response (days of 24 hours, before or after) a driver's score may lie; the nearest one counts. 0: the same moment.",
        }),
      ),
      ...asked,
      ...window,
    },
    row: driverRow,
    comparison: driverComparison,
    answer: drivers,
  }),
];
