import { sql } from 'drizzle-orm';
import { boolean, check, date, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { managed, moment } from './columns.ts';

/** The versions of the destination: what outstanding service means here. */
export const visions = pgTable(
  'visions',
  {
    id: uuid('id').primaryKey(),
    statement: text('statement').notNull(),
    present_state: text('present_state'),
    future_state: text('future_state'),
    /** What a reviewer says of the statement; null where nobody has looked. */
    is_simple: boolean('is_simple'),
    names_the_service: boolean('names_the_service'),
    has_present_and_future: boolean('has_present_and_future'),
    /** A list of `{text, behaviour}`. */
    stories: jsonb('stories').notNull().default([]),
    published_at: moment('published_at'),
    /** When the next one was published. */
    superseded_at: moment('superseded_at'),
    ...managed(),
  },
  (table) => [
    uniqueIndex('visions_current_idx')
      .on(sql`(true)`)
      .where(sql`${table.published_at} is not null and ${table.superseded_at} is null`),
    check('visions_superseded', sql`${table.superseded_at} is null or ${table.published_at} is not null`),
  ],
);

/** Employees who were asked about the vision, one row each time. It does not say who they are. */
export const visionChecks = pgTable(
  'vision_checks',
  {
    id: uuid('id').primaryKey(),
    /** The id of the vision that was asked about; null where none was published. */
    vision: uuid('vision'),
    asked_on: date('asked_on', { mode: 'string' }).notNull(),
    unit: text('unit'),
    /** A list of `{question, clear, consistent}`: each question once. */
    answers: jsonb('answers').notNull(),
    /** Every answer was clear and consistent with the vision. */
    consistent: boolean('consistent').notNull(),
    asked_by: text('asked_by'),
    note: text('note'),
    ...managed(),
  },
  (table) => [
    check(
      'vision_checks_answered',
      sql`jsonb_typeof(${table.answers}) = 'array' and jsonb_array_length(${table.answers}) > 0`,
    ),
  ],
);
