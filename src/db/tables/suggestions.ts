import { sql } from 'drizzle-orm';
import { check, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { managed, moment } from './columns.ts';

/** What employees would do better, and what was answered. */
export const suggestions = pgTable(
  'suggestions',
  {
    id: uuid('id').primaryKey(),
    text: text('text').notNull(),
    by: text('by'),
    moment: text('moment'),
    unit: text('unit'),
    status: text('status').notNull().default('new'),
    answer: text('answer'),
    /** The obstacle that was raised from it. */
    obstacle: uuid('obstacle'),
    made_at: moment('made_at').notNull(),
    /** When it first left the status `new`; set exactly while it has another one. */
    answered_at: moment('answered_at'),
    ...managed(),
  },
  (table) => [
    index('suggestions_made_at_idx').on(table.made_at),
    check('suggestions_status_known', sql`${table.status} in ('new', 'considering', 'incorporated', 'declined')`),
    check('suggestions_answered', sql`(${table.status} <> 'new') = (${table.answered_at} is not null)`),
    check('suggestions_answer', sql`(${table.status} <> 'new') = (${table.answer} is not null)`),
    check('suggestions_answered_after', sql`${table.answered_at} >= ${table.made_at}`),
  ],
);

/** Who is for a suggestion: one vote a voter. */
export const suggestionVotes = pgTable(
  'suggestion_votes',
  {
    suggestion: uuid('suggestion').notNull(),
    voter: text('voter').notNull(),
    voted_at: moment('voted_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ name: 'suggestion_votes_pkey', columns: [table.suggestion, table.voter] })],
);
