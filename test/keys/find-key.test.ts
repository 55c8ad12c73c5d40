import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import type { Database } from '../../src/db/pool.ts';
import { ApiError } from '../../src/errors.ts';
import { keysIn } from '../../src/keys/find-key.ts';
import { insertKey } from '../../src/keys/queries.ts';
import { newToken } from '../../src/keys/token.ts';
import { testDatabase } from '../support/database.ts';

/** A database that counts what is asked of it. */
function counting(db: Database) {
  const counts = { reads: 0, writes: 0 };
  const counted: Database = {
    ...db,
    read(work, options) {
      counts.reads += 1;
      return db.read(work, options);
    },
    write(work, options) {
      counts.writes += 1;
      return db.write(work, options);
    },
  };
  return { counted, counts };
}

async function trial(t: TestContext, expires_at: Date | null = null) {
  const { db } = await testDatabase(t);
  const { counted, counts } = counting(db);
  const keys = keysIn(counted);
  const made = await db.write((client) =>
    insertKey(client, { name: 'Reports', scopes: ['read'], units: null, expires_at, created_at: new Date() }),
  );
  const lastUsed = async () => {
    await keys.settled();
    const [row] = await db.read((client) =>
      client.rows<{ last_used_at: Date | null }>('select last_used_at from api_keys'),
    );
    return row?.last_used_at;
  };
  return { db, keys, counts, made, lastUsed };
}

const code = (work: Promise<unknown>) =>
  work.then(
    () => 'found',
    (error) => (error instanceof ApiError && error.status === 401 ? error.code : error),
  );

it('a key is found with what it may do', async (t) => {
  const { keys, made } = await trial(t);
  const caller = await keys.findKey(made.secret);
  assert.deepEqual(
    [caller?.key_id, caller?.name, caller?.may('read'), caller?.may('ingest')],
    [made.id, 'Reports', true, false],
  );
});

it('a busy key costs one query in five seconds, also when many requests come at once', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const { keys, counts, made } = await trial(t);
  await Promise.all(Array.from({ length: 20 }, () => keys.findKey(made.secret)));
  t.mock.timers.tick(4_900);
  await keys.findKey(made.secret);
  assert.equal(counts.reads, 1);
  t.mock.timers.tick(200);
  await keys.findKey(made.secret);
  assert.equal(counts.reads, 2);
});

it('a key that was revoked elsewhere is refused within five seconds, and here at once', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const { db, keys, made } = await trial(t);
  await keys.findKey(made.secret);
  await db.write((client) => client.rows('update api_keys set revoked_at = now()'));
  assert.equal(await code(keys.findKey(made.secret)), 'found');
  t.mock.timers.tick(5_000);
  assert.equal(await code(keys.findKey(made.secret)), 'key_revoked');
  await db.write((client) => client.rows('update api_keys set revoked_at = null'));
  keys.forget();
  assert.equal(await code(keys.findKey(made.secret)), 'found');
});

it('a key expires to the millisecond, although it is believed', async (t) => {
  const now = Date.now();
  t.mock.timers.enable({ apis: ['Date'], now });
  const { keys, counts, made } = await trial(t, new Date(now + 1_000));
  t.mock.timers.tick(999);
  assert.equal(await code(keys.findKey(made.secret)), 'found');
  t.mock.timers.tick(1);
  assert.equal(await code(keys.findKey(made.secret)), 'key_expired');
  assert.equal(counts.reads, 1);
});

it('an unknown key is not found, a mistyped one is told so without a query', async (t) => {
  const { keys, counts, made } = await trial(t);
  assert.equal(await keys.findKey(newToken()), undefined);
  assert.equal(await keys.findKey('any other secret'), undefined);
  assert.equal(counts.reads, 2);
  assert.equal(await code(keys.findKey(made.secret.slice(0, -1))), 'key_mistyped');
  assert.equal(await code(keys.findKey(`${made.secret}a`)), 'key_mistyped');
  assert.equal(counts.reads, 2);
});

it('a key with the prefix of another one is unknown', async (t) => {
  const { db, keys, made } = await trial(t);
  await db.write((client) => client.rows('update api_keys set hash = $1', ['0'.repeat(64)]));
  assert.equal(await keys.findKey(made.secret), undefined);
});

it('the last use is noted at most once a minute, beside the request', async (t) => {
  const now = Date.now();
  t.mock.timers.enable({ apis: ['Date'], now });
  const { keys, counts, made, lastUsed } = await trial(t);
  assert.equal(await lastUsed(), null);
  await keys.findKey(made.secret);
  assert.equal((await lastUsed())?.getTime(), now);
  for (let i = 0; i < 11; i++) {
    t.mock.timers.tick(5_000);
    await keys.findKey(made.secret);
  }
  assert.deepEqual([(await lastUsed())?.getTime(), counts.writes], [now, 1]);
  t.mock.timers.tick(5_000);
  await keys.findKey(made.secret);
  assert.deepEqual([(await lastUsed())?.getTime(), counts.writes], [now + 60_000, 2]);
});

it('a database that fails is not taken for an unknown key, and is asked again', async (t) => {
  const { db, made } = await trial(t);
  let down = true;
  const keys = keysIn({
    ...db,
    read: (work, options) => (down ? Promise.reject(new Error('down')) : db.read(work, options)),
    write: () => Promise.reject(new Error('down')),
  });
  await assert.rejects(keys.findKey(made.secret), /down/);
  down = false;
  assert.equal((await keys.findKey(made.secret))?.key_id, made.id);
  await keys.settled();
});
