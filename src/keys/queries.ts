import { eq, gt } from 'drizzle-orm';
import type { Client } from '../db/pool.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { uuid7 } from '../db/uuid7.ts';
import { invalidField, notFound } from '../errors.ts';
import type { Scope } from '../http/scopes.ts';
import { type KeyRow, statusOf } from './key-state.ts';
import { hashOf, newToken, prefixOf } from './token.ts';

/** A key as it is shown. */
export function shown({ hash: _, preset: __, ...key }: KeyRow) {
  // Only scopes that a schema checked are stored.
  return { ...key, scopes: key.scopes as Scope[], status: statusOf(key, new Date()) };
}

/** Stores a new key and returns it with its secret, which nobody can find out again. */
export async function insertKey(
  client: Client,
  given: Pick<KeyRow, 'name' | 'scopes' | 'units' | 'expires_at' | 'created_at'>,
) {
  const secret = newToken();
  const [row] = await client.orm
    .insert(apiKeys)
    .values({ ...given, id: uuid7(), prefix: prefixOf(secret), hash: hashOf(secret) })
    .returning();
  if (row === undefined) throw new Error('A key was inserted and not returned.');
  return { ...shown(row), secret };
}

/** Up to `limit` keys in the order in which they were made, after the one with the id `after`. */
export const listKeys = (client: Client, after: string | undefined, limit: number): Promise<KeyRow[]> =>
  client.orm
    .select()
    .from(apiKeys)
    .where(after === undefined ? undefined : gt(apiKeys.id, after))
    .orderBy(apiKeys.id)
    .limit(limit);

/** @throws ApiError 404 */
export async function getKey(client: Client, id: string, lock = false): Promise<KeyRow> {
  const query = client.orm.select().from(apiKeys).where(eq(apiKeys.id, id));
  const [row] = await (lock ? query.for('update') : query);
  if (row === undefined) throw notFound('API key', id);
  return row;
}

/**
 * Checks the units that a key is to be limited to.
 * @throws ApiError 422 for one that is not there, and for an admin key, which could make another without the limit
 */
export async function requireUnits(
  client: Client,
  { scopes, units }: { scopes: readonly Scope[]; units: readonly string[] | null },
): Promise<void> {
  if (units === null) return;
  if (scopes.includes('admin'))
    throw invalidField(
      '/units',
      'admin_is_unlimited',
      "A key with the scope 'admin' cannot be limited: it could lift the limit.",
    );
  const found = await client.rows<{ key: string }>('select key from units where key = any($1::text[])', [units]);
  const known = new Set(found.map(({ key }) => key));
  const at = units.findIndex((unit) => !known.has(unit));
  if (at >= 0)
    throw invalidField(
      `/units/${at}`,
      'unknown_unit',
      `There is no unit '${units[at]}'. Make it first: PUT /v1/units/${encodeURIComponent(units[at] ?? '')}.`,
    );
}
