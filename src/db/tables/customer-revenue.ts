import { sql } from 'drizzle-orm';
import {
  bigint,
  date,
  index,
  integer,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';
import { moment } from './columns.ts';

/**
 * What each customer paid in each month of the reporting time zone, in the reporting currency. Kept by
 * `outcomes/customers.ts`; months without a payment have no row.
 */
export const customerMonths = pgTable(
  'customer_months',
  {
    customer_id: text('customer_id').notNull(),
    /** The first day of the month. */
    month: date('month', { mode: 'string' }).notNull(),
    /** 0 to 31, the customer's group in the jackknife. */
    hash_group: smallint('hash_group').notNull(),
    /** Net revenue; events without an exchange rate are not in it. */
    revenue: numeric('revenue').notNull(),
    /** Revenue events above zero. */
    orders: integer('orders').notNull(),
    /** Events that no exchange rate is known for. */
    no_rate: integer('no_rate').notNull(),
  },
  (table) => [
    primaryKey({ name: 'customer_months_pkey', columns: [table.month, table.customer_id] }),
    index('customer_months_customer_idx').on(table.customer_id),
  ],
);

/**
 * Where each customer stands: revenue as of `refresh_state.revenue_through`, the contract as
 * of `refresh_state.retention_through`. Kept by `outcomes/customers.ts`; every customer has a row.
 */
export const customerStanding = pgTable(
  'customer_standing',
  {
    customer_id: text('customer_id').primaryKey(),
    hash_group: smallint('hash_group').notNull(),
    /** Net revenue of the 365 days that end with `revenue_through`, in the reporting currency. */
    trailing_revenue: numeric('trailing_revenue').notNull(),
    trailing_orders: integer('trailing_orders').notNull(),
    /** Events of these days that no exchange rate is known for. */
    no_rate: integer('no_rate').notNull(),
    first_paid_at: moment('first_paid_at'),
    last_paid_at: moment('last_paid_at'),
    /** `active` or `ended`, as retention is defined; null where no retention event tells. */
    contract: text('contract'),
    ended_at: moment('ended_at'),
    /** When time alone changes the revenue: the next event leaves the 365 days, or enters them; null for never. */
    revenue_changes_at: moment('revenue_changes_at'),
    /** When the next retention event that is known already changes the contract; null for never. */
    contract_changes_at: moment('contract_changes_at'),
  },
  (table) => [
    index('customer_standing_revenue_changes_at_idx').on(table.revenue_changes_at),
    index('customer_standing_contract_changes_at_idx')
      .on(table.contract_changes_at)
      .where(sql`${table.contract_changes_at} is not null`),
  ],
);

/**
 * Customers whose months and standing must be worked out again. Rows are only added and taken, so nobody waits for
 * anybody.
 */
export const dirtyCustomers = pgTable('dirty_customers', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  customer_id: text('customer_id').notNull(),
  /** The earliest payment that is touched: months before its own stay. `infinity` where no payment is. */
  since: timestamp('since', { withTimezone: true, mode: 'string' }).notNull(),
});
