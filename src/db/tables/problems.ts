import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { managed, moment, pgSnapshot, xid8 } from './columns.ts';

/** A theme that plagues customers, and how it is recognised in their answers. */
export const problems = pgTable('problems', {
  key: text('key').primaryKey(),
  name: text('name').notNull(),
  /** Looked for in comments, as consecutive words. */
  phrases: text('phrases').array().notNull().default([]),
  /** The senders' own theme words that mean it. */
  themes: text('themes').array().notNull().default([]),
  /** The text search configuration of the phrases; null: that of each response's survey. */
  language: text('language'),
  status: text('status').notNull().default('open'),
  /** Set exactly while the status is `resolved`. */
  resolved_at: moment('resolved_at'),
  owner: text('owner'),
  ...managed(),
});

/** Which responses have which problem, and what told it. Written by `matching/` only. */
export const problemResponses = pgTable(
  'problem_responses',
  {
    response_id: text('response_id').notNull(),
    problem: text('problem').notNull(),
    by_theme: boolean('by_theme').notNull(),
    by_phrase: boolean('by_phrase').notNull(),
  },
  (table) => [
    primaryKey({ name: 'problem_responses_pkey', columns: [table.response_id, table.problem] }),
    index('problem_responses_problem_idx').on(table.problem),
  ],
);

/** How far each problem was looked for in the responses that were there when it was made or changed. */
export const problemMatching = pgTable(
  'problem_matching',
  {
    problem: text('problem').primaryKey(),
    /** The id of the last response that was looked at; responses are walked in the order of their ids. */
    passed: text('passed').notNull().default(''),
    /** How many were looked at, and how many there were when it began; null before. */
    done: bigint('done', { mode: 'number' }).notNull().default(0),
    responses: bigint('responses', { mode: 'number' }),
    finished_at: moment('finished_at'),
  },
  (table) => [index('problem_matching_unfinished_idx').on(table.passed).where(sql`${table.finished_at} is null`)],
);

/** Up to where new, changed and removed responses were looked at: one row, made when it is first needed. */
export const matchingState = pgTable('matching_state', {
  id: integer('id').primaryKey().default(1),
  /** Everything that this snapshot sees was looked at. */
  told: pgSnapshot('told'),
  /** The snapshot that is being walked now, and the place within it; null between two. */
  telling: pgSnapshot('telling'),
  xid: xid8('xid').notNull().default('0'),
  key: text('key').notNull().default(''),
});
