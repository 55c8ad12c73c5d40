import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import { managed, moment } from './columns.ts';
import { events } from './events.ts';

/** Who is told of events, and where. */
export const webhookEndpoints = pgTable(
  'webhook_endpoints',
  {
    id: uuid('id').primaryKey(),
    url: text('url').notNull(),
    description: text('description'),
    /** Types of events, `follow_up.*` for a family of them, or `*` for all. */
    event_types: text('event_types').array().notNull(),
    status: text('status').notNull().default('enabled'),
    /** Why it is disabled: `by_hand`, `gone` (it answered 410) or `failures`. */
    disabled_reason: text('disabled_reason'),
    disabled_at: moment('disabled_at'),
    /** The first failure since something was delivered; null while deliveries succeed. */
    failing_since: moment('failing_since'),
    ...managed(),
  },
  (table) => [
    check('webhook_endpoints_status', sql`${table.status} in ('enabled', 'disabled')`),
    check('webhook_endpoints_event_types_not_empty', sql`cardinality(${table.event_types}) > 0`),
  ],
);

/**
 * What deliveries are signed with, as it is: a signature cannot be made from a hash. In a table of its own, so that no
 * reading of endpoints and no entry of the audit log holds it.
 */
export const webhookSecrets = pgTable(
  'webhook_secrets',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    endpoint_id: uuid('endpoint_id').notNull(),
    secret: text('secret').notNull(),
    made_at: moment('made_at').notNull().defaultNow(),
    /** When it stops signing, because another took its place. */
    ends_at: moment('ends_at'),
  },
  (table) => [
    index('webhook_secrets_endpoint_idx').on(table.endpoint_id),
    foreignKey({
      name: 'webhook_secrets_endpoint_fkey',
      columns: [table.endpoint_id],
      foreignColumns: [webhookEndpoints.id],
    }),
  ],
);

/** One event for one endpoint, until it is delivered or given up. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    event_id: uuid('event_id').notNull(),
    endpoint_id: uuid('endpoint_id').notNull(),
    /** `pending` until its first attempt, `failed` until the next one, `delivered`, or `dead`: given up. */
    state: text('state').notNull().default('pending'),
    attempts: integer('attempts').notNull().default(0),
    /** How many of the attempts were made before it was last replayed: the schedule begins anew after them. */
    attempts_before: integer('attempts_before').notNull().default(0),
    /** When it is tried next; null when it is delivered or given up. */
    next_at: moment('next_at').defaultNow(),
    /** Which claim of a worker holds it, and until when; whoever tells the result must still hold it. */
    lease: uuid('lease'),
    leased_until: moment('leased_until'),
    last_attempt_at: moment('last_attempt_at'),
    last_status: integer('last_status'),
    last_error: text('last_error'),
    created_at: moment('created_at').notNull().defaultNow(),
    delivered_at: moment('delivered_at'),
  },
  (table) => [
    unique('webhook_deliveries_event_endpoint_key').on(table.event_id, table.endpoint_id),
    index('webhook_deliveries_due_idx').on(table.endpoint_id, table.next_at).where(sql`${table.next_at} is not null`),
    index('webhook_deliveries_made_idx').on(table.endpoint_id, table.created_at, table.id),
    check('webhook_deliveries_state', sql`${table.state} in ('pending', 'failed', 'delivered', 'dead')`),
    check('webhook_deliveries_waits', sql`(${table.next_at} is not null) = (${table.state} in ('pending', 'failed'))`),
    foreignKey({
      name: 'webhook_deliveries_event_fkey',
      columns: [table.event_id],
      foreignColumns: [events.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'webhook_deliveries_endpoint_fkey',
      columns: [table.endpoint_id],
      foreignColumns: [webhookEndpoints.id],
    }),
  ],
);

/** What became of each attempt to deliver. */
export const webhookAttempts = pgTable(
  'webhook_attempts',
  {
    delivery_id: uuid('delivery_id').notNull(),
    number: integer('number').notNull(),
    attempted_at: moment('attempted_at').notNull(),
    took_ms: integer('took_ms').notNull(),
    status: integer('status'),
    error: text('error'),
    response_excerpt: text('response_excerpt'),
  },
  (table) => [
    primaryKey({ name: 'webhook_attempts_pkey', columns: [table.delivery_id, table.number] }),
    foreignKey({
      name: 'webhook_attempts_delivery_fkey',
      columns: [table.delivery_id],
      foreignColumns: [webhookDeliveries.id],
    }).onDelete('cascade'),
  ],
);
