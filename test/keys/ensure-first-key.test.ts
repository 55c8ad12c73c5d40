import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { ensureFirstKey } from '../../src/keys/ensure-first-key.ts';
import { keysIn } from '../../src/keys/find-key.ts';
import { newToken } from '../../src/keys/token.ts';
import { testDatabase } from '../support/database.ts';

async function trial(t: TestContext) {
  const { db } = await testDatabase(t);
  const folder = await mkdtemp(join(tmpdir(), 'mm-key-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'data', 'admin-key');
  const ensure = (admin_key?: string) => ensureFirstKey(db, { admin_key, file });
  const may = async (token: string) => {
    const caller = await keysIn(db)
      .findKey(token)
      .catch(() => undefined);
    return caller?.may('admin') ?? false;
  };
  const run = (text: string) => db.write((client) => client.rows<{ n: number }>(text));
  return { db, folder, file, ensure, may, run };
}

it('the first start makes an admin key and keeps it for its owner alone', async (t) => {
  const { folder, file, ensure, may } = await trial(t);
  const token = await ensure();
  assert.ok(token !== undefined && (await may(token)));
  assert.equal(await readFile(file, 'utf8'), `${token}\n`);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(join(folder, 'data')), ['admin-key']);
  assert.equal(await ensure(), undefined);
  assert.equal(await readFile(file, 'utf8'), `${token}\n`);
});

it('processes that start together make one key', async (t) => {
  const { file, ensure, may, run } = await trial(t);
  const made = (await Promise.all([ensure(), ensure(), ensure(), ensure()])).filter((token) => token !== undefined);
  assert.equal(made.length, 1);
  assert.ok(await may((await readFile(file, 'utf8')).trim()));
  assert.deepEqual(await run('select count(*) as n from api_keys'), [{ n: 1 }]);
});

it('another key is made when no admin key works any more', async (t) => {
  const { ensure, may, run } = await trial(t);
  for (const end of [
    'update api_keys set revoked_at = now()',
    `update api_keys set expires_at = now() - interval '1 second'`,
    `update api_keys set scopes = '{read,manage}'`,
  ]) {
    await ensure();
    await run(end);
    const token = await ensure();
    assert.ok(token !== undefined && (await may(token)), end);
  }
});

it('a file that others could read is replaced, not written into', async (t) => {
  const { file, folder, ensure } = await trial(t);
  await mkdir(join(folder, 'data'));
  await writeFile(file, 'old');
  await chmod(file, 0o666);
  const token = await ensure();
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal(await readFile(file, 'utf8'), `${token}\n`);
});

it('a file that cannot be written leaves no key that nobody knows', async (t) => {
  const { db, file, folder, run } = await trial(t);
  await mkdir(join(folder, 'data'));
  const underFile = join(file, 'below-a-file');
  await writeFile(file, 'a file');
  await assert.rejects(ensureFirstKey(db, { file: underFile }), /ENOTDIR|EEXIST/);
  assert.deepEqual(await run('select count(*) as n from api_keys'), [{ n: 0 }]);
});

it('ADMIN_KEY is an admin key, whatever its form, and nothing is printed or kept', async (t) => {
  const { folder, ensure, may } = await trial(t);
  for (const secret of ['a-plain-secret-of-24-chars', newToken()]) {
    assert.equal(await ensure(secret), undefined);
    assert.equal(await ensure(secret), undefined);
    assert.ok(await may(secret));
  }
  assert.deepEqual(await readdir(folder), []);
});

it('a changed ADMIN_KEY replaces the earlier one, also back and forth, and touches no other key', async (t) => {
  const { ensure, may, run } = await trial(t);
  const other = await ensure();
  const [first, second] = ['the-first-secret-of-the-operator', 'the-second-secret-of-the-operator'];
  await ensure(first);
  await ensure(second);
  assert.deepEqual([await may(first), await may(second)], [false, true]);
  await ensure(first);
  assert.deepEqual([await may(first), await may(second), await may(other ?? '')], [true, false, true]);
  assert.deepEqual(await run('select count(*) as n from api_keys where preset'), [{ n: 1 }]);
});

it('ADMIN_KEY works again after it was revoked, since the setting wins', async (t) => {
  const { ensure, may, run } = await trial(t);
  const secret = 'the-only-secret-of-the-operator';
  await ensure(secret);
  await run('update api_keys set revoked_at = now()');
  assert.equal(await may(secret), false);
  await ensure(secret);
  assert.equal(await may(secret), true);
});

it('an ADMIN_KEY that is no good key stops the start with the reason', async (t) => {
  const { ensure, run } = await trial(t);
  await assert.rejects(ensure('short'), /24 to 256 characters/);
  await assert.rejects(ensure('with a blank in the middle of it'), /without spaces/);
  await assert.rejects(ensure('ä'.repeat(30)), /ASCII/);
  await assert.rejects(ensure(newToken().slice(0, -1)), /checksum is wrong/);
  assert.deepEqual(await run('select count(*) as n from api_keys'), [{ n: 0 }]);
});
