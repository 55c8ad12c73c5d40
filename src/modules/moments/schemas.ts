import { type Static, Type } from 'typebox';
import { CalendarDate, closed, Id, nullable, Timestamp } from '../../http/schemas.ts';

const key = Type.String({
  ...Id,
  description: "The moment as responses and invitations name it in their field 'moment'.",
});
const name = Type.String({ minLength: 1, maxLength: 200, description: 'What people call it.' });

const text = (maxLength: number, description: string) =>
  nullable(Type.String({ minLength: 1, maxLength, description }));
const day = (description: string) => nullable(Type.String({ ...CalendarDate, description }));

/** What may be left out, and cleared. */
const details = {
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
};

const optional = {
  description: Type.Optional(details.description),
  stage: Type.Optional(details.stage),
  channel: Type.Optional(details.channel),
  owner: Type.Optional(details.owner),
  policy_reviewed_on: Type.Optional(details.policy_reviewed_on),
  policy_verdict: Type.Optional(details.policy_verdict),
  policy_finding: Type.Optional(details.policy_finding),
  next_review_on: Type.Optional(details.next_review_on),
};

export const Moment = Type.Object(
  {
    key,
    name,
    ...details,
    version: Type.Integer(),
    created_at: Timestamp,
    changed_at: Timestamp,
    archived_at: nullable(Type.String({ ...Timestamp, description: 'Since when it is no longer in use.' })),
  },
  {
    $id: 'Moment',
    additionalProperties: false,
    description: 'A point of contact where the opinion of a customer is made.',
  },
);

export const NewMoment = closed({ key, name, ...optional }, { $id: 'NewMoment' });

export const MomentChanges = closed(
  { name: Type.Optional(name), ...optional },
  { $id: 'MomentChanges', description: 'What is to change; null clears a field.' },
);

export const momentFilters = {
  stage: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Only this stage.' })),
  channel: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Only this channel.' })),
  owner: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'Only what this one answers for.' })),
  archived: Type.Optional(Type.Boolean({ default: false, description: 'Also those that are archived.' })),
};

/** A row of `moments`. */
export interface MomentRow extends Omit<Static<typeof Moment>, 'created_at' | 'changed_at' | 'archived_at'> {
  created_at: Date;
  changed_at: Date;
  archived_at: Date | null;
}
