import { bigint, index, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { moment, xid8 } from './columns.ts';

/** Rows that were removed: what the change feed tells instead of them. */
export const tombstones = pgTable(
  'tombstones',
  {
    dataset: text('dataset').notNull(),
    key: text('key').notNull(),
    removed_at: moment('removed_at').notNull(),
    changed_xid: xid8('changed_xid').notNull(),
  },
  (table) => [
    primaryKey({ name: 'tombstones_pkey', columns: [table.dataset, table.key] }),
    index('tombstones_changed_idx').on(table.dataset, table.changed_xid, table.key),
  ],
);

/**
 * Rows that left a unit: they were removed, or are another unit's now. The change feed tells them as removed to readers
 * who are limited to the unit, and to nobody else.
 */
export const unitDepartures = pgTable(
  'unit_departures',
  {
    dataset: text('dataset').notNull(),
    key: text('key').notNull(),
    /** The unit that the row had. */
    unit: text('unit').notNull(),
    left_at: moment('left_at').notNull(),
    changed_xid: xid8('changed_xid').notNull(),
  },
  (table) => [
    primaryKey({ name: 'unit_departures_pkey', columns: [table.dataset, table.key, table.unit] }),
    index('unit_departures_changed_idx').on(table.dataset, table.changed_xid, table.key),
  ],
);

/** Below this transaction the tombstones are gone, so a cursor from before it can no longer be told everything. */
export const feedHorizons = pgTable('feed_horizons', {
  dataset: text('dataset').primaryKey(),
  below_xid: xid8('below_xid').notNull(),
});

/** Who changed what: corrections of facts, erasures, settings. Rows are added in the transaction of the change. */
export const auditLog = pgTable(
  'audit_log',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    at: moment('at').notNull().defaultNow(),
    actor: text('actor').notNull(),
    request_id: text('request_id'),
    action: text('action').notNull(),
    noun: text('noun').notNull(),
    key: text('key').notNull(),
    before: jsonb('before'),
    after: jsonb('after'),
  },
  (table) => [index('audit_log_noun_key_idx').on(table.noun, table.key, table.id)],
);
