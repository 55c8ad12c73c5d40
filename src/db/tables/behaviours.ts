import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { managed, moment } from './columns.ts';

/** The customer-focused behaviours. The migration puts in the 27 that the service comes with. */
export const behaviours = pgTable('behaviours', {
  key: text('key').primaryKey(),
  name: text('name').notNull(),
  family: text('family').notNull(),
  description: text('description'),
  /** Whether the migration put it in. */
  seeded: boolean('seeded').notNull().default(false),
  ...managed(),
});

/** Who saw a behaviour, where, and how well it was done. */
export const behaviourObservations = pgTable(
  'behaviour_observations',
  {
    id: uuid('id').primaryKey(),
    behaviour: text('behaviour').notNull(),
    unit: text('unit').notNull(),
    /** 1 (not seen, or the opposite) to 5 (an example to others). */
    rating: integer('rating').notNull(),
    observed_at: moment('observed_at').notNull(),
    note: text('note'),
    observed_by: text('observed_by'),
    employee: text('employee'),
    ...managed(),
  },
  (table) => [
    index('behaviour_observations_observed_at_idx').on(table.observed_at),
    check('behaviour_observations_rating_known', sql`${table.rating} between 1 and 5`),
  ],
);
