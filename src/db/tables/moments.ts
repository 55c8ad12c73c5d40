import { sql } from 'drizzle-orm';
import { check, date, pgTable, text } from 'drizzle-orm/pg-core';
import { managed } from './columns.ts';

/** The moments of truth that the organisation manages. Facts may name others: they arrive in any order. */
export const moments = pgTable(
  'moments',
  {
    /** As responses and invitations name it. */
    key: text('key').primaryKey(),
    name: text('name').notNull(),
    description: text('description'),
    /** Where in the customer's journey it lies. */
    stage: text('stage'),
    channel: text('channel'),
    owner: text('owner'),
    /** The last day on which its decisions and policies were held against the vision. */
    policy_reviewed_on: date('policy_reviewed_on', { mode: 'string' }),
    /** What that found: `fits`, `partly` or `conflicts`. */
    policy_verdict: text('policy_verdict'),
    policy_finding: text('policy_finding'),
    next_review_on: date('next_review_on', { mode: 'string' }),
    ...managed(),
  },
  (table) => [
    check('moments_verdict_known', sql`${table.policy_verdict} in ('fits', 'partly', 'conflicts')`),
    check('moments_review_whole', sql`(${table.policy_reviewed_on} is null) = (${table.policy_verdict} is null)`),
  ],
);
