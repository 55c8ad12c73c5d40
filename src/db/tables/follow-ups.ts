import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, numeric, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { managed, moment } from './columns.ts';

/** When a response to a survey asks for a follow-up. */
export const followUpRules = pgTable('follow_up_rules', {
  survey: text('survey').primaryKey(),
  bands: text('bands').array().notNull(),
  /** Net revenue of the 365 days before the answer, in the reporting currency; null asks for none. */
  minimum_revenue: numeric('minimum_revenue'),
  due_hours: integer('due_hours').notNull(),
  max_age_days: integer('max_age_days').notNull(),
  active: boolean('active').notNull(),
  ...managed(),
});

/** The attempt to win back one upset customer. At most one a customer is not closed. */
export const followUps = pgTable(
  'follow_ups',
  {
    id: uuid('id').primaryKey(),
    customer_id: text('customer_id').notNull(),
    /** Of the response that opened it. */
    survey: text('survey'),
    unit: text('unit'),
    /** The responses that ask for it, in the order in which they came: the first one opened it. */
    response_ids: text('response_ids').array().notNull().default(sql`'{}'`),
    /** Who opened it: the `rule` of the survey, or a `person`. */
    origin: text('origin').notNull(),
    state: text('state').notNull().default('open'),
    closed_as: text('closed_as'),
    closing_note: text('closing_note'),
    owner: text('owner'),
    note: text('note'),
    /** The key of the problem that was learned from it. */
    problem: text('problem'),
    promise: text('promise'),
    promised_for: moment('promised_for'),
    promise_kept: boolean('promise_kept'),
    opened_at: moment('opened_at').notNull().defaultNow(),
    due_at: moment('due_at').notNull(),
    /** `due_at` as it was at first: being on time is judged by it, so that nobody is on time by moving it. */
    first_due_at: moment('first_due_at').notNull(),
    /** When a quarter of the time to `due_at` is left. */
    remind_at: moment('remind_at').notNull(),
    acknowledged_at: moment('acknowledged_at'),
    contacted_at: moment('contacted_at'),
    solution_offered_at: moment('solution_offered_at'),
    closed_at: moment('closed_at'),
    /** When the events `follow_up.due` and `follow_up.overdue` were recorded. */
    due_notified_at: moment('due_notified_at'),
    overdue_at: moment('overdue_at'),
    ...managed(),
  },
  (table) => [
    uniqueIndex('follow_ups_open_customer_idx').on(table.customer_id).where(sql`${table.state} <> 'closed'`),
    index('follow_ups_changed_idx').on(table.changed_xid),
    index('follow_ups_customer_idx').on(table.customer_id, table.opened_at),
    index('follow_ups_deadline_idx')
      .on(table.remind_at)
      .where(sql`${table.state} <> 'closed' and ${table.overdue_at} is null`),
    check('follow_ups_closed', sql`(${table.state} = 'closed') = (${table.closed_as} is not null)`),
    check('follow_ups_closed_at', sql`(${table.state} = 'closed') = (${table.closed_at} is not null)`),
  ],
);
