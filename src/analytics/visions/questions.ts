import { Type } from 'typebox';
import { CalendarDate, Key, nullable, Uuid } from '../../http/schemas.ts';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { contrast, count, figure, groupedBy, minN, questionQuery, text, when, withheld, word } from '../schemas.ts';
import { alignment, dueReviews } from './alignment.ts';
import { visionConsistency } from './consistency.ts';
import { checkGroupings } from './read-checks.ts';
import { reviewGroupings, usualAreas } from './read-reviews.ts';

const consistencyRow = Type.Object(
  {
    ...groupedBy(checkGroupings),
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
    ...groupedBy(checkGroupings),
    measure: word('The figure that is compared.'),
    against: word('With what: the period before, or all other groups together.'),
    ...contrast('Its own less that of the other.'),
  },
  { $id: 'VisionConsistencyComparison', additionalProperties: false },
);

const day = (description: string) => nullable(Type.String({ ...CalendarDate, description }));

const alignmentRow = Type.Object(
  {
    area: word('What is looked at.'),
    ...groupedBy(reviewGroupings),
    questions: count('Questions that were reviewed.'),
    yes: count('Of these, last answered with yes.'),
    ...figure('yes_share', 'yes / questions.'),
    last_reviewed_on: day('The day of the last review.'),
    overdue: count('Of these questions, how many were not asked again and should have been.'),
    due: count('How many are to be asked again within due_within_days.'),
    next_review_on: day('The earliest day on which one of them is, or was, due.'),
    ...withheld,
  },
  { $id: 'AlignmentRow', additionalProperties: false },
);

const dueRow = Type.Object(
  {
    review: Type.String({ ...Uuid, description: 'The last review of the question, by its id.' }),
    area: word('What is looked at.'),
    question: word('What is to be asked again.'),
    unit: nullable(Type.String({ description: 'The unit that it is about; null: the whole organisation.' })),
    answer: Type.Enum(['yes', 'no'], { description: 'The last answer.' }),
    owner: nullable(Type.String({ description: 'Who sees to it.' })),
    reviewed_on: Type.String({ ...CalendarDate, description: 'The day of that answer.' }),
    next_review_on: Type.String({ ...CalendarDate, description: 'When it is, or was, due.' }),
    status: Type.Enum(['overdue', 'due'], {
      description: 'On the day itself it is due, and overdue from the next one.',
    }),
    days: Type.Integer({ description: 'Days from today until it is due; below 0 it is overdue.' }),
  },
  { $id: 'DueReviewsRow', additionalProperties: false },
);

const { unit, format } = questionQuery;

/** What both questions about alignment reviews can be asked. */
const ofReviews = {
  area: Type.Optional(
    Type.String({ ...Key, description: `Only this area. The usual ones are ${usualAreas.join(', ')}.` }),
  ),
  unit: text('Only reviews about this unit and everything below it; not those about the whole organisation.'),
  due_within_days: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 3650,
      default: 30,
      description: 'How many days ahead a review is called due.',
    }),
  ),
  format,
};

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
      min_n: minN('Figures of fewer vision checks are withheld.'),
      format,
    },
    row: consistencyRow,
    comparison: consistencyComparison,
    answer: visionConsistency,
  }),
  declareQuestion({
    path: '/v1/analytics/alignment',
    operationId: 'getAlignment',
    summary: 'Whether what the organisation does fits its vision, area by area',
    description:
      'The share of questions that were last answered with yes, how many are to be reviewed again, and which of the usual areas were never reviewed. Grouped by a period, a question counts in each period in which it was asked.',
    tag: 'Visions',
    query: {
      ...ofReviews,
      from: when('Reviewed on this day or later.'),
      to: when('Reviewed before this day.'),
      group_by: text(`Besides the area, one or two of ${reviewGroupings.join(', ')}, separated by a comma.`),
      min_n: minN('Shares of fewer questions are withheld.', 1),
    },
    row: alignmentRow,
    answer: alignment,
  }),
  declareQuestion({
    path: '/v1/analytics/alignment/due',
    operationId: 'getDueReviews',
    summary: 'Which questions about alignment are overdue or due for review',
    description: 'The longest overdue first. A question that was asked again is due by its last review only.',
    tag: 'Visions',
    query: ofReviews,
    row: dueRow,
    answer: dueReviews,
  }),
];
