import { and, eq, isNull, lte, or } from 'drizzle-orm';
import type { Database } from '../db/pool.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { unauthorized } from '../errors.ts';
import { type Caller, callerOf, type FindKey, type Scope } from '../http/scopes.ts';
import { hashOf, isMistyped, prefixOf, sameHash } from './token.ts';

/** How long a key is believed without asking the database: a revocation is known everywhere after this. */
const believedMs = 5_000;
const mostKept = 1_000;
/** `last_used_at` is this exact. */
const usedWithinMs = 60_000;

interface Found {
  caller: Caller;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

interface Kept {
  until: number;
  found: Promise<Found | undefined>;
}

export interface Keys {
  findKey: FindKey;
  /** Whether the key was good when it was last looked up here. No query. */
  knowsKey(token: string): boolean;
  /** Makes this process ask again: after a key was revoked or rotated here. */
  forget(): void;
  /** Waits until what was noted about the use of keys is stored: before the database is closed. */
  settled(): Promise<void>;
}

/**
 * Finds callers by their keys. A key that was found is believed for five seconds, so a busy caller costs no query a
 * request; revoking one works at once in the process that did it and within five seconds in all others. Expiry is exact.
 * The use of a key is noted at most once a minute, beside the request and not in its way.
 */
export function keysIn(db: Database): Keys {
  const kept = new Map<string, Kept>();
  const notes = new Set<Promise<void>>();

  function find(token: string): Promise<Found | undefined> {
    const hash = hashOf(token);
    const now = Date.now();
    const known = kept.get(hash);
    if (known !== undefined && known.until > now) return known.found;
    kept.delete(hash);
    const found = load(db, token, hash);
    kept.set(hash, { until: now + believedMs, found });
    // What is not there, or could not be asked for, is asked for again; only real keys are kept.
    const drop = () => void (kept.get(hash)?.found === found && kept.delete(hash));
    found.then((key) => key ?? drop(), drop);
    const [oldest] = kept.keys();
    if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
    return found;
  }

  function noteUse(key: Found, now: Date): void {
    if (key.last_used_at !== null && now.getTime() - key.last_used_at.getTime() < usedWithinMs) return;
    key.last_used_at = now;
    // The request does not depend on it: if it cannot be stored now, the next use will be.
    const note = storeUse(db, key.caller.key_id, now)
      .catch(() => {})
      .finally(() => notes.delete(note));
    notes.add(note);
  }

  return {
    async findKey(token) {
      if (isMistyped(token))
        throw unauthorized('key_mistyped', 'The API key is not complete, or has a slip in it: its checksum is wrong.');
      const key = await find(token);
      if (key === undefined) return undefined;
      const now = new Date();
      // Who sends the whole key has had it, so it may be told.
      if (key.revoked_at !== null) throw unauthorized('key_revoked', 'The API key was revoked.');
      if (key.expires_at !== null && key.expires_at <= now)
        throw unauthorized('key_expired', `The API key expired at ${key.expires_at.toISOString()}.`);
      noteUse(key, now);
      return key.caller;
    },
    knowsKey: (token) => kept.has(hashOf(token)),
    forget: () => kept.clear(),
    async settled() {
      await Promise.all(notes);
    },
  };
}

async function load(db: Database, token: string, hash: string): Promise<Found | undefined> {
  const [key] = await db.read((client) =>
    client.orm
      .select()
      .from(apiKeys)
      .where(eq(apiKeys.prefix, prefixOf(token))),
  );
  if (key === undefined || !sameHash(key.hash, hash)) return undefined;
  // Only scopes that routes and ensureFirstKey checked are stored.
  const caller = callerOf({ key_id: key.id, name: key.name, scopes: key.scopes as Scope[], units: key.units });
  return { caller, expires_at: key.expires_at, revoked_at: key.revoked_at, last_used_at: key.last_used_at };
}

async function storeUse(db: Database, id: string, now: Date): Promise<void> {
  const earlier = new Date(now.getTime() - usedWithinMs);
  await db.write((client) =>
    client.orm
      .update(apiKeys)
      .set({ last_used_at: now })
      .where(and(eq(apiKeys.id, id), or(isNull(apiKeys.last_used_at), lte(apiKeys.last_used_at, earlier)))),
  );
}
