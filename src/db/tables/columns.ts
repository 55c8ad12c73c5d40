import { customType, timestamp } from 'drizzle-orm/pg-core';

/** A transaction's number that never wraps: the order of the change feed. */
export const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' });

/** What a snapshot of the database sees, as `pg_current_snapshot()` writes it. */
export const pgSnapshot = customType<{ data: string }>({ dataType: () => 'pg_snapshot' });

/** A moment in time, to the millisecond. */
export const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });
