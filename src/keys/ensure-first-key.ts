import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { and, eq, ne } from 'drizzle-orm';
import type { Client, Database } from '../db/pool.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { uuid7 } from '../db/uuid7.ts';
import { isLive, liveAdmins } from './key-state.ts';
import { hashOf, isMistyped, newToken, prefixOf } from './token.ts';

// Any number that nothing else locks on: processes that start together make one key.
const firstKeyLock = 7_264_503;

/**
 * Sees to it that somebody can administer the service.
 *
 * With the setting ADMIN_KEY, that key is an admin key, and the one of an earlier value is revoked; the setting wins
 * over a revocation. Without it, a key is made when no live admin key exists, and kept in `file`, which only its owner
 * can read. The file is written before the key is stored, so that there is never a key which nobody knows.
 * @returns the new key, to be printed once; undefined when none was made
 * @throws Error when ADMIN_KEY is no good key, or the file cannot be written
 */
export async function ensureFirstKey(
  db: Database,
  { admin_key, file }: { admin_key?: string | undefined; file: string },
): Promise<string | undefined> {
  if (admin_key !== undefined) requireGoodKey(admin_key);
  return await db.write(async (client) => {
    await client.rows('select pg_advisory_xact_lock($1)', [firstKeyLock]);
    if (admin_key !== undefined) {
      await preset(client, admin_key);
      return undefined;
    }
    if ((await liveAdmins(client)).length > 0) return undefined;
    const token = newToken();
    await writeSecret(file, token);
    await client.orm.insert(apiKeys).values({ ...rowOf(token), name: 'First admin key' });
    return token;
  });
}

function requireGoodKey(key: string): void {
  if (!/^[\x21-\x7e]{24,256}$/.test(key))
    throw new Error('ADMIN_KEY must have 24 to 256 characters: ASCII letters, digits and signs, without spaces.');
  if (isMistyped(key))
    throw new Error("ADMIN_KEY begins with 'mm_' like the service's own keys, but its checksum is wrong.");
}

const rowOf = (token: string) => ({
  id: uuid7(),
  prefix: prefixOf(token),
  hash: hashOf(token),
  scopes: ['admin'],
  created_at: new Date(),
});

async function preset(client: Client, token: string): Promise<void> {
  const row = rowOf(token);
  const now = row.created_at;
  await client.orm
    .update(apiKeys)
    .set({ revoked_at: now, preset: false })
    .where(and(eq(apiKeys.preset, true), ne(apiKeys.hash, row.hash)));
  const [known] = await client.orm.select().from(apiKeys).where(eq(apiKeys.hash, row.hash));
  if (known === undefined) await client.orm.insert(apiKeys).values({ ...row, name: 'ADMIN_KEY', preset: true });
  else if (!known.preset || !isLive(known, now) || !known.scopes.includes('admin'))
    await client.orm
      .update(apiKeys)
      .set({ preset: true, scopes: ['admin'], units: null, revoked_at: null, expires_at: null })
      .where(eq(apiKeys.id, known.id));
}

/** Writes a file that only its owner can read; one that was there, whatever its mode, is replaced as a whole. */
async function writeSecret(file: string, secret: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const unfinished = `${file}.${process.pid}`;
  const handle = await open(unfinished, 'w', 0o600);
  try {
    // A leftover of a process that died keeps its mode through open().
    await handle.chmod(0o600);
    await handle.writeFile(`${secret}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, file);
}
