import { Type } from 'typebox';
import { Key, nullable } from '../../http/schemas.ts';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import {
  count,
  described,
  figure,
  groupedBy,
  number,
  questionQuery,
  text,
  window,
  withheld,
  word,
} from '../schemas.ts';
import { behaviours } from './behaviours.ts';
import { behaviourGroupings } from './read.ts';

/** A row of the ratings. */
const behavioursRow = Type.Object(
  {
    ...groupedBy(behaviourGroupings),
    name: nullable(word('What people call the behaviour; null unless it is grouped by.')),
    observations: count('How many there are.'),
    ...figure('mean_rating', 'Mean of the ratings, 1 to 5.'),
    rated_well: count('Observations rated 4 or 5.'),
    ...figure('rated_well_rate', 'Their share.'),
    ...withheld,
  },
  { $id: 'BehavioursRow', additionalProperties: false },
);

/** How ratings go with a figure, by unit and month. */
const association = Type.Object(
  {
    family: nullable(word('The family; null where all observations are taken together.')),
    behaviour: nullable(word('The behaviour; null where it is not grouped by.')),
    name: nullable(word('What people call it.')),
    survey: word('The survey that was answered in these units and months.'),
    measure: Type.Enum(['nps', 'mean_score', 'retention_rate'], {
      description: 'What the ratings are held against; greater is better.',
    }),
    unit_months: Type.Integer({ description: 'Units and months that have both; each counts once.' }),
    units: Type.Integer({ description: 'How many different units these are of.' }),
    ...figure('spearman', 'Rank correlation, -1 to 1: above 0 the figure is better where ratings are higher.'),
    p: number('Two-sided.'),
    q: number('The same, allowing for all associations of this answer (Benjamini-Hochberg).'),
    ...withheld,
  },
  { $id: 'BehaviourAssociation', additionalProperties: false },
);

const { survey, unit, from, to, min_n, format } = questionQuery;
/** What people do for customers. */
export const behaviourQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/analytics/behaviours',
    operationId: 'getBehaviourResults',
    summary: 'How well behaviours are done, and whether that goes with scores and with staying',
    description:
      'Ratings of observations in `data`; in `comparisons` how they go with the scores and the retention of responses that were answered in the same unit and month. Associations, not causes: a good store has both. It reads the observations and the outcomes of responses one by one, so it takes time in proportion to them.',
    tag: 'Behaviours',
    query: {
      survey: described(survey, 'Only this survey is held against the ratings.'),
      unit,
      family: Type.Optional(Type.String({ ...Key, description: 'Only behaviours of this family.' })),
      behaviour: Type.Optional(Type.String({ ...Key, description: 'Only this behaviour.' })),
      from: described(from, 'Observed, and answered, at or after this; a date begins in the reporting time zone.'),
      to: described(to, 'Observed, and answered, before this.'),
      group_by: text(`One or two of ${behaviourGroupings.join(', ')}, separated by a comma.`),
      window_days: described(
        window.window_days,
        'Over how many days retention is looked at; one of the windows in the settings. 180 unless given.',
      ),
      min_n: described(
        min_n,
        'Ratings of fewer observations are withheld, and associations over fewer units and months.',
      ),
      format,
    },
    row: behavioursRow,
    comparison: association,
    answer: behaviours,
  }),
];
