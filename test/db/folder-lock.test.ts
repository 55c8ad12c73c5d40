import assert from 'node:assert/strict';
import { lchown, lstat, mkdir, mkdtemp, readdir, readlink, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { holdFolder, socketFolder } from '../../src/db/folder-lock.ts';

async function temporary(t: TestContext, name = ''): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'mm-lock-')));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, name), { recursive: true });
  return join(folder, name);
}

test('of many that want a folder one gets it, and the next when it is given back', async (t) => {
  const folder = await temporary(t);
  for (const round of [1, 2]) {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => holdFolder(folder)));
    const held = results.filter((result) => result.status === 'fulfilled');
    assert.equal(held.length, 1, `round ${round}`);
    await assert.rejects(holdFolder(folder), { message: `it is already in use by process ${process.pid}` });
    await held[0]?.value();
    assert.deepEqual(await readdir(folder), []);
  }
});

test('a short path is its own socket folder', async (t) => {
  const folder = await temporary(t);
  assert.equal(await socketFolder(folder), folder);
});

test('a long path gets a short link, always the same one', async (t) => {
  const folder = await temporary(t, 'ü'.repeat(100));
  const link = await socketFolder(folder);
  t.after(() => rm(link, { force: true }));
  assert.ok(Buffer.byteLength(link) <= 70);
  assert.equal(await readlink(link), folder);
  const { ino } = await lstat(link);
  assert.equal(await socketFolder(folder), link);
  assert.equal((await lstat(link)).ino, ino);
  await (await holdFolder(link))();

  // One that leads elsewhere, or that another user could turn elsewhere, is replaced.
  await rm(link);
  await symlink('/', link);
  await socketFolder(folder);
  assert.equal(await readlink(link), folder);
  if (process.getuid?.() === 0) {
    await lchown(link, 65_534, 65_534);
    await socketFolder(folder);
    assert.equal((await lstat(link)).uid, 0);
  }

  await rm(link);
  await mkdir(link);
  await assert.rejects(socketFolder(folder));
  await rm(link, { recursive: true });
});
