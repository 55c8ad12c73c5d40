import { Type } from 'typebox';
import { Cursor, closed, Decimal, Id, Limit, nullable, ref, Timestamp } from '../../http/schemas.ts';

const text = (description: string) => nullable(Type.String({ description }));
const when = (description: string) => nullable(Type.Unsafe<string>({ ...Timestamp, description }));
const decimal = (description: string) => nullable(Type.Unsafe<string>({ ...Decimal, description }));
const count = (description: string) => nullable(Type.Integer({ description }));

/** What an entry of a journey tells. */
export const kinds = [
  'invitation',
  'response',
  'revenue_event',
  'referral',
  'referred',
  'retention_event',
  'empowerment_action',
  'follow_up',
] as const;

/** One thing that happened. Every entry has all columns; those that its kind does not have are null. */
export const JourneyEntry = closed(
  {
    at: Timestamp,
    kind: Type.Enum([...kinds], {
      description:
        '`referral`: the customer recommended somebody. `referred`: somebody recommended to the customer. `empowerment_action`: an employee put something right on the spot.',
    }),
    id: Type.String({
      description: 'Of the fact, of the action, or of the follow-up, which has an entry for each step.',
    }),
    survey: text('What was asked.'),
    status: text('What became of an invitation.'),
    score: nullable(Type.Number({ description: 'The answer.' })),
    band: text('Where it lies.'),
    comment: Type.Optional(text('What the customer wrote. With the scope `personal` only.')),
    themes: nullable(Type.Array(Type.String())),
    moment: text('The moment of truth.'),
    unit: text('The unit that served the customer.'),
    employee: text('Who served the customer, or put something right.'),
    channel: text('How.'),
    type: text('Of a revenue event or retention event.'),
    amount: decimal('What was paid, or what the customer was given was worth.'),
    currency: text('ISO 4217.'),
    product: text('What for.'),
    given: text('What an employee gave the customer on the spot.'),
    reason: text('Why the customer left or came.'),
    other_customer_id: text('Whom the customer recommended to, or by whom it was recommended.'),
    converted_at: when('When a referral became a customer.'),
    state: text('The step that a follow-up took; `closed` with `closed_as`.'),
    closed_as: text('How a follow-up ended.'),
    owner: text('Who works, or worked, on it.'),
    revenue_state: text('`counted`, or why nothing is told of the revenue around a response.'),
    revenue_before: decimal('Net revenue in the window before a response, in the reporting currency.'),
    revenue_after: decimal('Net revenue in the window after it.'),
    orders_after: count('Payments in the window after it.'),
    referrals_state: text('`counted`, or why nothing is told of referrals.'),
    referrals_after: count('Referrals in the window after it.'),
    retention_state: text('`counted`, or why nothing is told of staying.'),
    retained: nullable(Type.Boolean({ description: 'Whether the customer was one at the end of the window.' })),
  },
  { $id: 'JourneyEntry', description: 'One thing that happened to a customer.' },
);

/** The record of the customer, as far as it was sent. */
const JourneyCustomer = closed(
  {
    id: Id,
    name: Type.Optional(text('With the scope `personal` only.')),
    email: Type.Optional(text('With the scope `personal` only.')),
    segment: text('Segment now.'),
    region: text('Region now.'),
    unit: text('The unit that looks after the customer.'),
    acquired_at: when('When the customer was won.'),
    acquisition: text('How.'),
  },
  { $id: 'JourneyCustomer' },
);

/** Where the customer stands. */
const JourneyStanding = closed(
  {
    as_of: when('The moment through which revenue is complete.'),
    trailing_revenue: Type.Unsafe<string>({
      ...Decimal,
      description: 'Net revenue of the 365 days before it, in the reporting currency.',
    }),
    trailing_orders: Type.Integer({ description: 'Payments in these days.' }),
    first_paid_at: when('The first payment of all.'),
    last_paid_at: when('The last one.'),
    contract: nullable(
      Type.Enum(['active', 'ended'], { description: 'By the last retention event; null without one.' }),
    ),
    ended_at: when('When the contract ended.'),
  },
  { $id: 'JourneyStanding' },
);

/** One customer's whole story. */
export const Journey = Type.Object(
  {
    reads_as: Type.String({ description: 'Where the customer stands, in a sentence.' }),
    customer: ref(JourneyCustomer),
    standing: nullable(ref(JourneyStanding)),
    currency: Type.String({ description: 'The reporting currency.' }),
    window_days: Type.Integer({ description: 'The window of the outcomes.' }),
    page: closed({ next: nullable(Type.String()), cursor: nullable(Type.String()) }),
    data: Type.Array(ref(JourneyEntry)),
  },
  { $id: 'Journey', additionalProperties: false, description: "One customer's whole story." },
);

export const journeyQuery = closed({
  order: Type.Optional(
    Type.Enum(['oldest', 'newest'], { default: 'oldest', description: 'Which end of the story comes first.' }),
  ),
  window_days: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1825,
      description: 'How long after each response; one of the windows in the settings. 180 unless given.',
    }),
  ),
  limit: Type.Optional(Limit),
  cursor: Type.Optional(Cursor),
});
