import { Type } from 'typebox';
import { closed, Instant, nullable, Timestamp, Uuid } from '../http/schemas.ts';
import { deliveryStates } from './deliveries.ts';
import { eventPatterns, eventTypes } from './event-types.ts';

const url = Type.String({
  minLength: 1,
  maxLength: 2048,
  description:
    'Where events are posted to. https and a public address, but for the networks that the setting WEBHOOK_ALLOW lists.',
});
const description = nullable(Type.String({ minLength: 1, maxLength: 500, description: 'Whose it is and what for.' }));
const event_types = Type.Array(Type.Enum(eventPatterns), {
  minItems: 1,
  maxItems: 50,
  uniqueItems: true,
  description: `What it is told of: types, \`follow_up.*\` for a family, or \`*\` for all. ${Object.entries(eventTypes)
    .map(([name, { description }]) => `\`${name}\`: ${description}`)
    .join(' ')}`,
});
const status = Type.Enum(['enabled', 'disabled'], {
  description: 'Nothing is sent to an endpoint that is disabled, and what waits for it is given up.',
});

const fields = {
  id: Uuid,
  url,
  description,
  event_types,
  status,
  disabled_reason: nullable(
    Type.Enum(['by_hand', 'gone', 'failures'], {
      description:
        '`gone`: it answered 410. `failures`: nothing was delivered for two days, and a delivery was given up.',
    }),
  ),
  disabled_at: nullable(Timestamp),
  version: Type.Integer(),
  created_at: Timestamp,
  changed_at: Timestamp,
  archived_at: nullable(Timestamp),
};
const secret = Type.String({
  description: 'What its deliveries are signed with. It is shown this once and cannot be had again.',
});

const endpointExample = {
  id: '0197a3c8-5b1e-7cc4-9d3a-2f1b6f0d8e11',
  url: 'https://crm.example/hooks',
  description: 'The CRM opens a task for each follow-up.',
  event_types: ['follow_up.*'],
  status: 'enabled',
  disabled_reason: null,
  disabled_at: null,
  version: 1,
  created_at: '2026-02-02T18:20:00.000Z',
  changed_at: '2026-02-02T18:20:00.000Z',
  archived_at: null,
};

export const WebhookEndpoint = Type.Object(fields, {
  $id: 'WebhookEndpoint',
  additionalProperties: false,
  description: 'Who is told of events, and where.',
  examples: [endpointExample],
});

export const WebhookEndpointWithSecret = Type.Object(
  { ...fields, secret },
  {
    $id: 'WebhookEndpointWithSecret',
    additionalProperties: false,
    description: 'An endpoint that was just made.',
    examples: [{ ...endpointExample, secret: 'whsec_<Base64 of 24 bytes>' }],
  },
);

export const NewWebhookEndpoint = closed(
  { url, description: Type.Optional(description), event_types },
  {
    $id: 'NewWebhookEndpoint',
    examples: [{ url: endpointExample.url, description: endpointExample.description, event_types: ['follow_up.*'] }],
  },
);

export const WebhookEndpointChanges = Type.Partial(Type.Object({ url, description, event_types, status }), {
  $id: 'WebhookEndpointChanges',
  additionalProperties: false,
});

export const WebhookRotation = closed(
  {
    overlap_hours: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 720,
        default: 24,
        description: 'How long the old secret signs beside the new one: deliveries then carry both signatures.',
      }),
    ),
  },
  { $id: 'WebhookRotation' },
);

export const WebhookSecret = Type.Object(
  {
    secret,
    previous_ends_at: Type.Unsafe<string>({ ...Timestamp, description: 'When the secrets before it stop signing.' }),
  },
  { $id: 'WebhookSecret', additionalProperties: false, description: 'A secret that was just made.' },
);

const deliveryFields = {
  id: Uuid,
  event_id: Type.Unsafe<string>({ ...Uuid, description: 'The `webhook-id` that the receiver sees.' }),
  event_type: Type.String(),
  subject: Type.String({ description: 'The id or key of what it happened to.' }),
  occurred_at: Instant,
  state: Type.Enum([...deliveryStates], {
    description:
      '`pending`: its first attempt, or the first since it was replayed, is to come. `failed`: the last attempt failed, and another follows at `next_at`. `dead`: given up.',
  }),
  attempts: Type.Integer({ description: 'How many attempts were made, with those before a replay.' }),
  next_at: nullable(Instant),
  last_attempt_at: nullable(Instant),
  last_status: nullable(Type.Integer({ description: 'The HTTP status that the receiver answered last.' })),
  last_error: nullable(Type.String({ description: 'Why it is not delivered.' })),
  created_at: Instant,
  delivered_at: nullable(Instant),
};

export const WebhookDelivery = Type.Object(deliveryFields, {
  $id: 'WebhookDelivery',
  description: 'One event for one endpoint.',
});

export const WebhookDeliveryWithAttempts = Type.Object(
  {
    ...deliveryFields,
    tries: Type.Array(
      Type.Object({
        number: Type.Integer({ minimum: 1 }),
        attempted_at: Instant,
        took_ms: Type.Integer(),
        status: nullable(Type.Integer()),
        error: nullable(Type.String()),
        response_excerpt: nullable(
          Type.String({ description: 'How the answer begins: up to 500 characters, without control characters.' }),
        ),
      }),
    ),
  },
  { $id: 'WebhookDeliveryWithAttempts', description: 'One event for one endpoint, and what became of each attempt.' },
);

export const WebhookReplay = closed(
  {
    from: Type.Unsafe<string>({ ...Timestamp, description: 'Events that happened at or after this.' }),
    to: Type.Unsafe<string>({ ...Timestamp, description: 'Events that happened before this.' }),
    types: Type.Optional(
      Type.Array(Type.Enum(eventPatterns), {
        minItems: 1,
        maxItems: 50,
        uniqueItems: true,
        description: 'Only these; without it, what the endpoint listens to.',
      }),
    ),
    only_undelivered: Type.Optional(
      Type.Boolean({ default: false, description: 'Leaves out what was delivered before.' }),
    ),
  },
  {
    $id: 'WebhookReplay',
    examples: [{ from: '2026-02-02T00:00:00Z', to: '2026-02-03T00:00:00Z', only_undelivered: true }],
  },
);

export const WebhookReplayed = Type.Object(
  { replayed: Type.Integer({ description: 'How many deliveries are due again.' }) },
  { $id: 'WebhookReplayed', additionalProperties: false },
);
