import { sql } from 'drizzle-orm';
import { check, index, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { managed, moment } from './columns.ts';

/** What keeps employees from serving customers well. */
export const obstacles = pgTable(
  'obstacles',
  {
    id: uuid('id').primaryKey(),
    title: text('title').notNull(),
    description: text('description'),
    /** The moment of truth at which customers feel it; null where it is felt everywhere. */
    moment: text('moment'),
    unit: text('unit'),
    raised_by: text('raised_by'),
    severity: text('severity').notNull().default('medium'),
    status: text('status').notNull().default('raised'),
    declined_reason: text('declined_reason'),
    owner: text('owner'),
    raised_at: moment('raised_at').notNull(),
    /** Set exactly while the status is `fixed`. */
    fixed_at: moment('fixed_at'),
    ...managed(),
  },
  (table) => [
    index('obstacles_raised_at_idx').on(table.raised_at),
    check('obstacles_severity_known', sql`${table.severity} in ('low', 'medium', 'high', 'critical')`),
    check('obstacles_status_known', sql`${table.status} in ('raised', 'accepted', 'fixing', 'fixed', 'declined')`),
    check('obstacles_fixed', sql`(${table.status} = 'fixed') = (${table.fixed_at} is not null)`),
    check('obstacles_fixed_after', sql`${table.fixed_at} >= ${table.raised_at}`),
    check('obstacles_declined', sql`(${table.status} = 'declined') = (${table.declined_reason} is not null)`),
  ],
);
