import { Type } from 'typebox';
import { type FieldError, refuse } from '../../errors.ts';
import { Id, nullable } from '../../http/schemas.ts';
import { day, declareNoun, type GivenOf, text } from '../../managed/declare.ts';

export const moments = declareNoun({
  table: 'moments',
  one: 'moment',
  called: ['a moment of truth', 'moments of truth'],
  tag: 'Moments',
  description: 'A point of contact where the opinion of a customer is made.',
  key: 'key',
  owner: 'everybody',
  fixed: {
    // Facts may have named it long before, so it takes what an id takes.
    key: Type.String({
      ...Id,
      description: "The moment as responses and invitations name it in their field 'moment'.",
    }),
  },
  required: { name: Type.String({ minLength: 1, maxLength: 200, description: 'What people call it.' }) },
  optional: {
    description: text(4000, 'What happens in it, and what the customer expects.'),
    stage: text(64, "Where in the customer's journey it lies, in your own words, such as 'onboarding'."),
    channel: text(64, 'How the customer meets you in it.'),
    owner: text(128, 'Who answers for it.'),
    policy_reviewed_on: day('When its decisions and policies were last held against the vision.'),
    policy_verdict: nullable(
      Type.Enum(['fits', 'partly', 'conflicts'], {
        description: 'What that review found: do they fit the vision? Comes with `policy_reviewed_on`.',
      }),
    ),
    policy_finding: text(4000, 'What is to be kept or changed, in words.'),
    next_review_on: day('When they are reviewed again.'),
  },
  filters: ['stage', 'channel', 'owner'],
  example: { key: 'check-in', name: 'Check-in', stage: 'arrival', channel: 'desk', owner: 'Ines' },
});

/**
 * @throws ApiError 422 for half a review: a verdict without its day, a day without its verdict, a next review before it
 */
export function requireWholeReview({
  policy_reviewed_on,
  policy_verdict,
  next_review_on,
}: GivenOf<typeof moments>): undefined {
  const errors: FieldError[] = [];
  const missing = (pointer: string, detail: string) => errors.push({ pointer, code: 'required', detail });
  if (policy_reviewed_on !== null && policy_verdict === null)
    missing('/policy_verdict', 'A review has a verdict: fits, partly or conflicts.');
  if (policy_reviewed_on === null && policy_verdict !== null)
    missing('/policy_reviewed_on', 'A verdict has the day on which it was given.');
  if (policy_reviewed_on !== null && next_review_on !== null && next_review_on <= policy_reviewed_on)
    errors.push({
      pointer: '/next_review_on',
      code: 'not_after_review',
      detail: `The next review comes after the last one, which was on ${policy_reviewed_on}.`,
    });
  refuse(errors);
}
