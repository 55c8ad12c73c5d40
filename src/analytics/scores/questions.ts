import { Type } from 'typebox';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { contrast, count, figure, groups, number, questionQuery, withheld, word } from '../schemas.ts';
import { mix, mixDimensions } from './mix.ts';
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

const measure = { measure: Type.Enum(['nps', 'satisfied_rate'], { description: 'In points, or as a share.' }) };

/** A group in two periods. */
const mixRow = Type.Object(
  {
    ...groups,
    ...measure,
    responses_before: count('In the period before.'),
    responses: count('In the period.'),
    share_before: number('Its share of the responses then.'),
    share: number('Its share of them now.'),
    score_before: number('Null where it had no response.'),
    score: number('Null where it has no response.'),
    ...figure('score_change', 'score - score_before.'),
    mix_effect: number('What the change of its share does to the whole score.'),
    score_effect: number('What the change of its own score does to the whole score.'),
    ...withheld,
  },
  { $id: 'MixRow', additionalProperties: false },
);

/** The change of the whole score, and the two parts that it is the sum of. */
const mixEffect = Type.Object(
  {
    survey: word('The survey.'),
    ...measure,
    effect: Type.Enum(['change', 'mix', 'score'], { description: 'change = mix + score, exactly.' }),
    before: number('The whole score in the period before; with `change`.'),
    after: number('The whole score in the period; with `change`.'),
    ...contrast('What it does to the whole score.'),
  },
  { $id: 'MixEffect', additionalProperties: false },
);

const when = (description: string) => Type.Unsafe<string>({ type: 'string', format: 'date-or-time', description });
const { group_by: _, as_of: __, ...asked } = questionQuery;

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
  declareQuestion({
    path: '/v1/analytics/mix',
    operationId: 'getMix',
    summary: 'Did the score move, or did the mix of who answered?',
    description:
      'Splits the change of a score between two periods exactly: what the scores inside the groups did, and what the shares of the groups did.',
    tag: 'Scores',
    query: {
      ...asked,
      survey: Type.String({ minLength: 1, maxLength: 128, description: 'The survey.' }),
      by: Type.Enum([...mixDimensions], { description: 'What the groups are.' }),
      from: when('Where the period begins; a date begins in the reporting time zone.'),
      to: when('Where it ends; not part of it.'),
      before_from: Type.Optional(
        when(
          'Where the period before begins. Unless given, that is the one just before `from`, as long: as many months where both begin with a month.',
        ),
      ),
      before_to: Type.Optional(when('Where the period before ends; `from` unless given.')),
    },
    row: mixRow,
    comparison: mixEffect,
    answer: mix,
  }),
];
