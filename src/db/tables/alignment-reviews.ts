import { sql } from 'drizzle-orm';
import { check, date, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { managed } from './columns.ts';

/** Whether what the organisation does fits its vision: one question, answered on one day. */
export const alignmentReviews = pgTable(
  'alignment_reviews',
  {
    id: uuid('id').primaryKey(),
    area: text('area').notNull(),
    question: text('question').notNull(),
    /** `yes` or `no`. */
    answer: text('answer').notNull(),
    evidence: text('evidence'),
    owner: text('owner'),
    unit: text('unit'),
    reviewed_on: date('reviewed_on', { mode: 'string' }).notNull(),
    next_review_on: date('next_review_on', { mode: 'string' }),
    ...managed(),
  },
  (table) => [
    check('alignment_reviews_answer_known', sql`${table.answer} in ('yes', 'no')`),
    check('alignment_reviews_next_after', sql`${table.next_review_on} > ${table.reviewed_on}`),
  ],
);
