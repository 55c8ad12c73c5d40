import { sql } from 'drizzle-orm';
import { index, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { moment } from './columns.ts';

/** What happened that others may want to be told: written in the transaction that makes it happen. */
export const events = pgTable(
  'events',
  {
    id: uuid('id').primaryKey(),
    /** Such as `follow_up.opened`. */
    type: text('type').notNull(),
    /** The id or key of what it happened to. */
    subject: text('subject').notNull(),
    data: jsonb('data').notNull(),
    occurred_at: moment('occurred_at').notNull().defaultNow(),
    /** When its deliveries were made; null while that is to be done. */
    fanned_out_at: moment('fanned_out_at'),
  },
  (table) => [
    index('events_waiting_idx').on(table.id).where(sql`${table.fanned_out_at} is null`),
    index('events_subject_idx').on(table.subject),
  ],
);
