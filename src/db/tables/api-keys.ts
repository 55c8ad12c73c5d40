import { sql } from 'drizzle-orm';
import { type AnyPgColumn, boolean, check, foreignKey, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core';
import { moment } from './columns.ts';

/** The keys that callers prove themselves with. What is kept of a key cannot be turned back into it. */
export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    /** How the key begins: it is found by this, and people tell keys apart by it. */
    prefix: text('prefix').notNull(),
    /** sha256 of the whole key, as hex. */
    hash: text('hash').notNull(),
    scopes: text('scopes').array().notNull(),
    /** The units that it is limited to, with all below them; null: none. */
    units: text('units').array(),
    /** Set by the setting ADMIN_KEY, and replaced when the setting changes. */
    preset: boolean('preset').notNull().default(false),
    created_at: moment('created_at').notNull(),
    expires_at: moment('expires_at'),
    revoked_at: moment('revoked_at'),
    last_used_at: moment('last_used_at'),
    /** The key that rotation made instead of this one. */
    replaced_by: uuid('replaced_by'),
  },
  (table) => [
    unique('api_keys_prefix_key').on(table.prefix),
    foreignKey({
      name: 'api_keys_replaced_by_fkey',
      columns: [table.replaced_by],
      foreignColumns: [table.id as AnyPgColumn],
    }),
    check('api_keys_scopes_not_empty', sql`cardinality(${table.scopes}) > 0`),
    // Nobody is limited who can make a key without a limit.
    check(
      'api_keys_units_of_no_admin',
      sql`${table.units} is null or (cardinality(${table.units}) > 0 and not 'admin' = any(${table.scopes}))`,
    ),
  ],
);
