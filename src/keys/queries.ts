import { eq, gt } from 'drizzle-orm';
import type { Client } from '../db/pool.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { uuid7 } from '../db/uuid7.ts';
import { notFound } from '../errors.ts';
import type { Scope } from '../http/scopes.ts';
import { type KeyRow, statusOf } from './key-state.ts';
import { hashOf, newToken, prefixOf } from './token.ts';

/** A key as it is shown. */
export function shown({ hash: _, preset: __, ...key }: KeyRow) {
  // Only scopes that a schema checked are stored.
  return { ...key, scopes: key.scopes as Scope[], status: statusOf(key, new Date()) };
}

/** Stores a new key and returns it with its secret, which nobody can find out again. */
export async function insertKey(client: Client, given: Pick<KeyRow, 'name' | 'scopes' | 'expires_at' | 'created_at'>) {
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
