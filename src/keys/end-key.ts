import { eq } from 'drizzle-orm';
import type { Client } from '../db/pool.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { conflict } from '../errors.ts';
import { isLive, liveAdmins } from './key-state.ts';
import { getKey, insertKey } from './queries.ts';

const hourMs = 3_600_000;

/**
 * Revokes a key for good. One that is revoked stays as it is.
 * @throws ApiError 404, or 409 for the last admin key, since nobody could then make another
 */
export async function revokeKey(client: Client, id: string): Promise<void> {
  const admins = await liveAdmins(client);
  const key = await getKey(client, id, true);
  if (key.revoked_at !== null) return;
  if (admins.length === 1 && admins[0]?.id === id)
    throw conflict('last_admin_key', 'This is the last admin key that works. Make another one first.');
  await client.orm.update(apiKeys).set({ revoked_at: new Date() }).where(eq(apiKeys.id, id));
}

/**
 * Makes a key of the same name, scopes and units, and lets the old one work for `grace_hours` more. A key that was to
 * expire is followed by one that lives as long as it was to live.
 * @throws ApiError 404, or 409 for a key that does not work any more, was rotated before, or comes from ADMIN_KEY
 */
export async function rotateKey(client: Client, id: string, grace_hours: number) {
  const key = await getKey(client, id, true);
  const { name, scopes, units } = key;
  const created_at = new Date();
  if (key.preset) throw conflict('preset_key', 'This key is the setting ADMIN_KEY. Change the setting instead.');
  if (key.replaced_by !== null)
    throw conflict('rotated_before', `This key was rotated before; '${key.replaced_by}' is the one to rotate now.`);
  if (!isLive(key, created_at)) throw conflict('not_live', 'This key does not work any more. Make a new one.');
  const expires_at =
    key.expires_at && new Date(created_at.getTime() + key.expires_at.getTime() - key.created_at.getTime());
  const made = await insertKey(client, { name, scopes, units, created_at, expires_at });
  const graceEnd = new Date(created_at.getTime() + grace_hours * hourMs);
  await client.orm
    .update(apiKeys)
    .set({ replaced_by: made.id, expires_at: key.expires_at && key.expires_at < graceEnd ? key.expires_at : graceEnd })
    .where(eq(apiKeys.id, id));
  return made;
}
