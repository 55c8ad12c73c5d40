import { sql } from 'drizzle-orm';
import { customType, integer, timestamp } from 'drizzle-orm/pg-core';

/** A transaction's number that never wraps: the order of the change feed. */
export const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' });

/** What a snapshot of the database sees, as `pg_current_snapshot()` writes it. */
export const pgSnapshot = customType<{ data: string }>({ dataType: () => 'pg_snapshot' });

/** A moment in time, to the millisecond. */
export const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

/** What every managed noun has: see `db/managed.ts`. */
export const managed = () => ({
  version: integer('version').notNull().default(1),
  created_at: moment('created_at').notNull().defaultNow(),
  changed_at: moment('changed_at').notNull().defaultNow(),
  changed_xid: xid8('changed_xid').notNull().default(sql`pg_current_xact_id()`),
  archived_at: moment('archived_at'),
});
