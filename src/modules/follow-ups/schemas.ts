import { Type } from 'typebox';
import { Cursor, closed, Decimal, filterWords, Id, Limit, nullable, Timestamp, Uuid } from '../../http/schemas.ts';
import { closings, followUpStates } from '../../outcomes/follow-ups.ts';

const short = (description: string) => Type.String({ minLength: 1, maxLength: 128, description });
const text = (description: string) => Type.String({ minLength: 1, maxLength: 4000, description });
const when = (description: string) => Type.Unsafe<string>({ ...Timestamp, description });

/** What people write on a follow-up. */
const written = {
  owner: nullable(short('Who works on it.')),
  note: nullable(text('What is worth remembering. Shown with the scope `personal` only.')),
  problem: nullable(short('The key of the problem that was learned from it.')),
  promise: nullable(text('What the customer was promised.')),
  promised_for: nullable(when('By when.')),
  promise_kept: nullable(Type.Boolean({ description: 'Whether the promise was kept; null while nobody has said.' })),
};
const due_at = when('By when it should be closed.');

const example = {
  id: '0198b7a0-5e6c-7d2f-9b1a-3c4d5e6f7a8b',
  customer_id: 'C-1042',
  customer_name: 'Ada Park',
  customer_email: 'ada@example.com',
  trailing_revenue: '1240.00',
  survey: 'nps',
  unit: 'store-12',
  response_id: 'A-501',
  responses: 1,
  latest_response_id: 'A-501',
  latest_score: 3,
  latest_band: 'detractor',
  latest_comment: 'Two weeks late.',
  origin: 'rule',
  state: 'contacted',
  closed_as: null,
  closing_note: null,
  owner: 'E-7',
  note: 'Prefers to be called in the evening.',
  problem: 'late-delivery',
  promise: 'Delivery on Saturday',
  promised_for: '2026-02-07T12:00:00.000Z',
  promise_kept: null,
  opened_at: '2026-02-02T18:20:00.000Z',
  due_at: '2026-02-04T18:20:00.000Z',
  first_due_at: '2026-02-04T18:20:00.000Z',
  overdue: false,
  acknowledged_at: '2026-02-02T19:00:00.000Z',
  contacted_at: '2026-02-03T18:30:00.000Z',
  solution_offered_at: null,
  closed_at: null,
  version: 4,
  created_at: '2026-02-02T18:20:00.000Z',
  changed_at: '2026-02-03T18:30:00.000Z',
  archived_at: null,
};

const moment = (description: string) => nullable(when(description));

/** A follow-up as it is shown, with what a caller on the telephone wants to know. */
export const FollowUp = closed(
  {
    id: Type.Unsafe<string>({ ...Uuid, description: 'Which one it is.' }),
    customer_id: Type.Unsafe<string>({ ...Id, description: 'The customer who is upset.' }),
    customer_name: Type.Optional(nullable(Type.String({ description: 'With the scope `personal` only.' }))),
    customer_email: Type.Optional(nullable(Type.String({ description: 'With the scope `personal` only.' }))),
    trailing_revenue: nullable(
      Type.Unsafe<string>({
        ...Decimal,
        description:
          'Net revenue of the 365 days through which revenue is complete, in the reporting currency; null where nothing is known of the customer.',
      }),
    ),
    survey: nullable(Type.String({ description: 'Of the response that opened it.' })),
    unit: nullable(
      Type.String({ description: 'The unit that served the customer, else the one that looks after it.' }),
    ),
    response_id: nullable(Type.String({ description: 'The response that opened it.' })),
    responses: Type.Integer({ description: 'How many responses ask for it.' }),
    latest_response_id: nullable(Type.String({ description: 'The one of them that was answered last.' })),
    latest_score: nullable(Type.Number({ description: 'Its score, as it is now.' })),
    latest_band: nullable(Type.String({ description: 'Its band, as it is now.' })),
    latest_comment: Type.Optional(
      nullable(Type.String({ description: 'Its comment. With the scope `personal` only.' })),
    ),
    origin: Type.Enum(['rule', 'person'], { description: 'Who opened it.' }),
    state: Type.Enum([...followUpStates], { description: 'How far it is.' }),
    closed_as: nullable(
      Type.Enum([...closings, 'withdrawn'], {
        description: 'How it ended. `withdrawn`: nobody needs it; the response was corrected, or it was archived.',
      }),
    ),
    closing_note: Type.Optional(
      nullable(Type.String({ description: 'Why it was closed. With the scope `personal` only.' })),
    ),
    ...written,
    note: Type.Optional(written.note),
    opened_at: when('When it was opened.'),
    due_at,
    first_due_at: when('`due_at` as it was at first. Being on time is judged by it.'),
    overdue: Type.Boolean({ description: 'Whether due_at has passed and it is not closed.' }),
    acknowledged_at: moment('When somebody took it on.'),
    contacted_at: moment('When the customer was reached.'),
    solution_offered_at: moment('When the customer was offered a solution.'),
    closed_at: moment('When it was closed.'),
    version: Type.Integer({ description: 'Rises with every change.' }),
    created_at: when('When it was made.'),
    changed_at: when('When it last changed.'),
    archived_at: moment('Since when it counts in no answer.'),
  },
  { $id: 'FollowUp', description: 'The attempt to win back one upset customer.', examples: [example] },
);

/** A follow-up that somebody opens by hand. */
export const NewFollowUp = closed(
  {
    customer_id: Id,
    response_id: Type.Optional(nullable(short('The response that it is about.'))),
    due_at: Type.Optional(when('By when it should be closed. In 48 hours unless given.')),
    owner: Type.Optional(written.owner),
    note: Type.Optional(written.note),
    problem: Type.Optional(written.problem),
  },
  { $id: 'NewFollowUp', examples: [{ customer_id: 'C-1042', owner: 'E-7', note: 'Complained at the counter.' }] },
);

/** A merge-patch: null clears. */
export const FollowUpChanges = Type.Partial(closed({ ...written, due_at }), {
  $id: 'FollowUpChanges',
  additionalProperties: false,
  examples: [{ owner: 'E-7', promise: 'Delivery on Saturday', promised_for: '2026-02-07T12:00:00Z' }],
});

/** A step forward. */
export const FollowUpStep = closed(
  {
    state: Type.Enum([...followUpStates], { description: 'The state that it goes to.' }),
    closed_as: Type.Optional(
      nullable(
        Type.Enum([...closings], { description: 'How it ended; for `closed` only, and there it must be said.' }),
      ),
    ),
    closing_note: Type.Optional(nullable(text('Why; for `closed` only.'))),
    at: Type.Optional(when('When it was done, where it is recorded later: between the step before and now.')),
  },
  { $id: 'FollowUpStep', examples: [{ state: 'contacted' }] },
);

/** What a list can be narrowed to. */
export const followUpFilters = closed({
  state: Type.Optional(
    Type.Enum([...followUpStates, 'not_closed'], { description: 'One state, or all but `closed`.' }),
  ),
  owner: Type.Optional(short(filterWords('owner'))),
  survey: Type.Optional(short('Only those that a response to this survey opened.')),
  unit: Type.Optional(short(filterWords('unit'))),
  customer_id: Type.Optional(Type.Unsafe<string>({ ...Id, description: filterWords('customer_id') })),
  problem: Type.Optional(short(filterWords('problem'))),
  overdue: Type.Optional(Type.Boolean({ description: 'Only those whose due_at has passed and that are not closed.' })),
  archived: Type.Optional(Type.Boolean({ default: false, description: 'Also those that are archived.' })),
  order: Type.Optional(
    Type.Enum(['opened', 'priority'], {
      default: 'opened',
      description:
        '`priority`: the call list of the day. Only those that are not closed; overdue ones first, then by the trailing revenue of the customer.',
    }),
  ),
  limit: Type.Optional(Limit),
  cursor: Type.Optional(Cursor),
});
