import { and, arrayContains, gt, isNull, or } from 'drizzle-orm';
import type { Client } from '../db/pool.ts';
import { apiKeys } from '../db/tables/api-keys.ts';

export type KeyRow = typeof apiKeys.$inferSelect;
type Ends = Pick<KeyRow, 'revoked_at' | 'expires_at'>;

/** Whether a key opens anything now. */
export const isLive = ({ revoked_at, expires_at }: Ends, now: Date): boolean =>
  revoked_at === null && (expires_at === null || expires_at > now);

/** How a key stands, in a word. */
export const statusOf = (key: Ends, now: Date): 'live' | 'expired' | 'revoked' =>
  key.revoked_at !== null ? 'revoked' : isLive(key, now) ? 'live' : 'expired';

/** The admin keys that work now, locked until the end of the transaction: whoever ends one must leave another. */
export async function liveAdmins(client: Client): Promise<KeyRow[]> {
  return await client.orm
    .select()
    .from(apiKeys)
    .where(
      and(
        arrayContains(apiKeys.scopes, ['admin']),
        isNull(apiKeys.revoked_at),
        or(isNull(apiKeys.expires_at), gt(apiKeys.expires_at, new Date())),
      ),
    )
    .orderBy(apiKeys.id)
    .for('update');
}
