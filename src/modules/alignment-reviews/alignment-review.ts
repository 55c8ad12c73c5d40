import { Type } from 'typebox';
import type { Client } from '../../db/pool.ts';
import { CalendarDate, Id, Key, nullable } from '../../http/schemas.ts';
import { day, declareNoun, type GivenOf, text } from '../../managed/declare.ts';
import { requireDayPast, wrongField } from '../../managed/field-rules.ts';
import { requireReferences } from '../../managed/references.ts';

export const alignmentReviews = declareNoun({
  table: 'alignment_reviews',
  one: 'alignment_review',
  called: ['an alignment review', 'alignment reviews'],
  tag: 'Visions',
  description:
    'Does what the organisation does fit its vision? One question, answered on one day. Asked again, it is a new review: what was found before stays.',
  key: 'id',
  required: {
    area: Type.String({
      ...Key,
      description:
        "What is looked at: 'hiring', 'training', 'policies' and 'discussion' are the usual ones; others in your own words, such as 'rewards'.",
    }),
    question: Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'What was asked. In the same words each time, so that answers can be followed over time.',
    }),
    answer: Type.Enum(['yes', 'no'], { description: 'Does it fit the vision?' }),
    reviewed_on: Type.String({ ...CalendarDate, description: 'The day of the answer.' }),
  },
  optional: {
    evidence: text(4000, 'What the answer rests on.'),
    owner: text(128, 'Who sees to it.'),
    unit: nullable(
      Type.String({ ...Id, description: 'Which unit it is about, by its key; null: the whole organisation.' }),
    ),
    next_review_on: day('When the question is due again. A later review of the same question takes its place.'),
  },
  time: 'reviewed_on',
  filters: ['area', 'answer', 'owner', 'unit'],
  example: {
    area: 'hiring',
    question: 'Do we ask every applicant for a time when they helped a customer?',
    answer: 'yes',
    evidence: 'Third question of the interview guide.',
    owner: 'Ines',
    reviewed_on: '2026-03-04',
    next_review_on: '2026-09-04',
  },
});

type Review = GivenOf<typeof alignmentReviews>;

/** @throws ApiError 422 for an unknown unit, a day that has not come, or a next review that is not after this one */
export async function checkReview(client: Client, review: Review, before: Review | undefined): Promise<undefined> {
  const { reviewed_on, next_review_on } = review;
  requireDayPast('reviewed_on', reviewed_on);
  if (next_review_on !== null && next_review_on <= reviewed_on)
    throw wrongField(
      '/next_review_on',
      'not_after_review',
      `The next review comes after this one, which was on ${reviewed_on}.`,
    );
  await requireReferences(client, review, before, ['unit']);
}
