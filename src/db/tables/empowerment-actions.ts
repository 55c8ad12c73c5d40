import { sql } from 'drizzle-orm';
import { boolean, check, index, numeric, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { managed, moment } from './columns.ts';

/** What employees did on the spot for a customer, without asking anybody. */
export const empowermentActions = pgTable(
  'empowerment_actions',
  {
    id: uuid('id').primaryKey(),
    by: text('by').notNull(),
    given: text('given').notNull(),
    /** Null also where the customer was erased. */
    customer_id: text('customer_id'),
    unit: text('unit'),
    value: numeric('value'),
    /** What employees were allowed to give at the time, in the same currency; null where no limit held. */
    limit_amount: numeric('limit_amount'),
    currency: text('currency'),
    /** Null where the value or the limit is. */
    within_limit: boolean('within_limit'),
    /** Whether it made a follow-up unnecessary; null where nobody knows. */
    follow_up_avoided: boolean('follow_up_avoided'),
    follow_up: uuid('follow_up'),
    acted_at: moment('acted_at').notNull(),
    ...managed(),
  },
  (table) => [
    index('empowerment_actions_acted_at_idx').on(table.acted_at),
    index('empowerment_actions_customer_idx').on(table.customer_id),
    check('empowerment_actions_amounts', sql`${table.value} >= 0 and ${table.limit_amount} >= 0`),
    check(
      'empowerment_actions_currency',
      sql`(${table.currency} is not null) = (${table.value} is not null or ${table.limit_amount} is not null)`,
    ),
    check(
      'empowerment_actions_within_limit',
      sql`${table.within_limit} is not distinct from (${table.value} <= ${table.limit_amount})`,
    ),
  ],
);
