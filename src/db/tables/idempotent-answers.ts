import { index, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { moment } from './columns.ts';

/** What requests with an `Idempotency-Key` were answered, so that the same request sent again makes nothing twice. */
export const idempotentAnswers = pgTable(
  'idempotent_answers',
  {
    /** The API key that asked. */
    key_id: uuid('key_id').notNull(),
    /** Method and route, `POST /v1/problems`. */
    operation: text('operation').notNull(),
    idempotency_key: text('idempotency_key').notNull(),
    /** sha256 of the path, the parameters and the body, as hex. */
    request_hash: text('request_hash').notNull(),
    status: integer('status').notNull(),
    headers: jsonb('headers').notNull(),
    body: jsonb('body').notNull(),
    answered_at: moment('answered_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({
      name: 'idempotent_answers_pkey',
      columns: [table.key_id, table.operation, table.idempotency_key],
    }),
    index('idempotent_answers_answered_at_idx').on(table.answered_at),
  ],
);
