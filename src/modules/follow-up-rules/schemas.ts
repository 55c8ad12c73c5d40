import { Type } from 'typebox';
import { closed, Decimal, Id, nullable, Timestamp } from '../../http/schemas.ts';
import { bands } from '../../outcomes/cells.ts';

const shownFields = {
  bands: Type.Array(Type.Enum([...bands]), {
    minItems: 1,
    uniqueItems: true,
    description: 'A response in one of these bands asks for a follow-up.',
  }),
  minimum_revenue: nullable(
    Type.Unsafe<string>({
      ...Decimal,
      description:
        'Only of customers whose net revenue of the 365 days before the answer, in the reporting currency, is at least this. It is looked at when the response comes in: payments that are sent later do not open a follow-up. Null: of all.',
    }),
  ),
  due_hours: Type.Integer({
    minimum: 1,
    maximum: 8760,
    description: 'A follow-up is due so many hours after it was opened.',
  }),
  max_age_days: Type.Integer({
    minimum: 1,
    maximum: 3650,
    description: 'Responses that were answered longer ago open none, so that old ones can be sent in without a flood.',
  }),
  active: Type.Boolean({ description: 'False: no response opens a follow-up for now.' }),
};

/** When a response to a survey asks for a follow-up, as it is shown. */
export const FollowUpRule = closed(
  {
    survey: Id,
    ...shownFields,
    version: Type.Integer(),
    created_at: Timestamp,
    changed_at: Timestamp,
    archived_at: nullable(Timestamp),
  },
  {
    $id: 'FollowUpRule',
    description: 'When a response to the survey opens a follow-up.',
    examples: [
      {
        survey: 'nps',
        bands: ['detractor'],
        minimum_revenue: '100.00',
        due_hours: 48,
        max_age_days: 30,
        active: true,
        version: 1,
        created_at: '2026-02-12T06:00:00.000Z',
        changed_at: '2026-02-12T06:00:00.000Z',
        archived_at: null,
      },
    ],
  },
);

/** The same as people send it: the whole rule. */
export const NewFollowUpRule = closed(
  {
    bands: shownFields.bands,
    minimum_revenue: Type.Optional(shownFields.minimum_revenue),
    due_hours: Type.Optional(Type.Integer({ ...shownFields.due_hours, default: 48 })),
    max_age_days: Type.Optional(Type.Integer({ ...shownFields.max_age_days, default: 30 })),
    active: Type.Optional(Type.Boolean({ ...shownFields.active, default: true })),
  },
  {
    $id: 'NewFollowUpRule',
    examples: [{ bands: ['detractor'], minimum_revenue: '100.00', due_hours: 48, max_age_days: 30, active: true }],
  },
);
