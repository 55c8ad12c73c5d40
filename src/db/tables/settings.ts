import { sql } from 'drizzle-orm';
import { check, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { moment } from './columns.ts';

/** What holds for the whole organisation: one row. */
export const settings = pgTable(
  'settings',
  {
    id: integer('id').primaryKey().default(1),
    /** IANA name. Months, days and dates without a time are read in it. */
    time_zone: text('time_zone').notNull().default('UTC'),
    /** ISO 4217. Every sum of money is told in it. */
    currency: text('currency').notNull().default('EUR'),
    /** How long after a response its outcome is looked at. */
    windows_days: integer('windows_days').array().notNull().default([90, 180, 365]),
    version: integer('version').notNull().default(1),
    changed_at: moment('changed_at').notNull().defaultNow(),
  },
  (table) => [check('settings_one_row', sql`${table.id} = 1`)],
);

/** What this installation made for itself and shows nobody: one row. */
export const installation = pgTable(
  'installation',
  {
    id: integer('id').primaryKey().default(1),
    /** Signs the cursors of all api processes. */
    cursor_secret: text('cursor_secret')
      .notNull()
      .default(sql`replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')`),
  },
  (table) => [check('installation_one_row', sql`${table.id} = 1`)],
);
