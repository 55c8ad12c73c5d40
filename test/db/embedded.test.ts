import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, chown, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbedded } from '../../src/db/embedded.ts';
import {
  ask,
  bounded,
  contents,
  hasEnded,
  isRoot,
  kill,
  needsRoot,
  postmasterPid,
  refusal,
  running,
  start,
  temporary,
  withDatabase,
} from '../support/embedded.ts';

const stranger = { uid: 65_534, gid: 65_534 };

test('the first start makes a safe database, and the next one finds its data', bounded, async (t) => {
  const folder = await temporary(t, 'data');
  const first = await start(folder, { durable: true });
  assert.equal(first.adopted, false);
  assert.equal(first.data_dir, folder);
  const settings = {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    data_checksums: 'on',
    autovacuum: 'on',
    listen_addresses: '',
    unix_socket_permissions: '0700',
    timezone: 'UTC',
    jit: 'off',
    server_encoding: 'UTF8',
  };
  for (const [name, value] of Object.entries(settings)) assert.equal(await ask(first, `show ${name}`), value, name);
  assert.equal((await stat(join(folder, 'postgres'))).mode & 0o777, 0o700);
  await ask(first, 'create table kept as select 42 as answer');
  await first.stop();
  assert.ok(hasEnded(first));
  assert.deepEqual(await contents(folder), ['postgres', 'server.log']);

  const second = await start(folder);
  assert.equal(second.adopted, false);
  assert.equal(await ask(second, 'select answer from kept'), 42);
  assert.equal(await ask(second, 'show fsync'), 'off');
});

test('text sorts by code point, has its case and falls into words by Unicode', bounded, async (t) => {
  const server = await start(await withDatabase(t));
  assert.equal(
    await ask(server, `select string_agg(x, '' order by x) from unnest(array['b','ä','Z','a','B']) x`),
    'BZabä',
  );
  assert.equal(await ask(server, `select upper('größe é')`), 'GRÖßE É');
  const words = await ask(server, `select to_tsvector('simple', 'gut—SCHLECHT … „ÄRGER“')::text`);
  assert.equal(words, `'gut':1 'schlecht':2 'ärger':3`);
});

const ordinary = "Jörgs Ordner/it's mine";
for (const [kind, name] of Object.entries({
  'blanks and umlauts': ordinary,
  'a comma': 'one, two',
  'more bytes than a socket may have': `${ordinary}/${'ü'.repeat(100)}`,
}))
  test(`a path with ${kind} is fine`, bounded, async (t) => {
    const folder = await temporary(t, name);
    const first = await running(folder);
    assert.equal(await ask(first, 'select 1'), 1);
    assert.match(await refusal(folder), new RegExp(`already in use by process ${first.child.pid}`));
    await kill(first.child);
    const second = await start(folder);
    assert.equal(second.adopted, true);
    assert.equal(await ask(second, 'select 1'), 1);
    await second.stop();
    assert.deepEqual(await contents(folder), ['postgres', 'server.log']);
    const link = dirname(second.connection.host);
    if (link !== folder) await rm(link);
  });

test('a second service on the folder is refused and learns whose it is', bounded, async (t) => {
  const folder = await withDatabase(t);
  const first = await start(folder);
  await assert.rejects(startEmbedded({ data_dir: folder }), {
    message: `The embedded PostgreSQL did not start on ${folder}: it is already in use by process ${process.pid}. To use a PostgreSQL of your own, set DATABASE_URL.`,
  });
  assert.match(await refusal(folder), new RegExp(`already in use by process ${process.pid}`));
  assert.equal(await ask(first, 'select 1'), 1);
  await first.stop();
  assert.equal((await start(folder)).adopted, false);
});

test('of several services that start at the same time one gets the folder', bounded, async (t) => {
  const folder = await withDatabase(t);
  // Sockets that killed services left behind are no obstacle.
  const { child } = await running(folder);
  await kill(child);
  assert.equal((await readdir(folder)).filter((name) => name.endsWith('.sock')).length, 1);
  const results = await Promise.allSettled(Array.from({ length: 6 }, () => start(folder)));
  const winners = results.filter((result) => result.status === 'fulfilled');
  assert.equal(winners.length, 1);
  for (const result of results) if (result.status === 'rejected') assert.match(String(result.reason), /already in use/);
  assert.equal(winners[0]?.value.adopted, true);
});

test('what is in the folder is never replaced', bounded, async (t) => {
  const folder = await temporary(t, 'data');
  await mkdir(join(folder, 'postgres'), { recursive: true });
  if (isRoot)
    await assert.rejects(startEmbedded({ data_dir: folder }), /postgres belongs to root, and PostgreSQL refuses/);
  if (isRoot) await chown(join(folder, 'postgres'), stranger.uid, stranger.gid);
  await assert.rejects(startEmbedded({ data_dir: folder }), /postgres does not hold a database/);
  await writeFile(join(folder, 'postgres', 'PG_VERSION'), '17\n');
  await assert.rejects(startEmbedded({ data_dir: folder }), /PostgreSQL 17 made the data in .*, and 18 cannot read it/);
  assert.deepEqual(await readdir(join(folder, 'postgres')), ['PG_VERSION']);
  await writeFile(join(folder, 'file'), '');
  await assert.rejects(startEmbedded({ data_dir: join(folder, 'file') }), /did not start on .*DATABASE_URL/);
});

test('a server that ends by itself is told, with the last that it said went wrong', bounded, async (t) => {
  const folder = await temporary(t, 'data');
  const lines: string[] = [];
  const server = await start(folder, { log: (line) => lines.push(line) });
  const said = 'PANIC:  could not write to file "pg_wal/xlogtemp.7": No space left on device';
  await appendFile(join(folder, 'server.log'), `2026-03-01 09:30:00 UTC [7] ${said}\n`);
  process.kill(await postmasterPid(server), 'SIGKILL');
  for (let waited = 0; lines.length === 0 && waited < 20_000; waited += 50) await sleep(50);
  assert.match(
    lines.join('\n'),
    /^PostgreSQL ended by itself \(SIGKILL\): could not write .*No space left on device\. /,
  );
  assert.match(lines.join('\n'), /until the service is started again; .*server\.log says more\.$/);
});

test('a full disk is named, leaves nothing half-made, and the next start works', {
  ...bounded,
  ...needsRoot,
}, async (t) => {
  const folder = await temporary(t);
  const disk = join(folder, 'disk');
  await mkdir(disk);
  const mount = (options: string) => execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', disk]);
  try {
    mount('size=20m');
  } catch {
    return t.skip('mounts are not allowed here');
  }
  try {
    const data_dir = join(disk, 'data');
    await assert.rejects(start(data_dir), (error: Error) => {
      assert.match(error.message, /^The embedded PostgreSQL did not start on .*no space left on device.*DATABASE_URL/i);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
    assert.deepEqual(await readdir(data_dir), []);
    mount('remount,size=300m');
    const server = await start(data_dir);
    await server.stop();

    execFileSync('sh', ['-c', 'cat /dev/zero > full 2>/dev/null || true'], { cwd: disk });
    await assert.rejects(start(data_dir), /no space left on device/i);
    await rm(join(disk, 'full'));
    const again = await start(data_dir);
    assert.equal(await ask(again, 'select 1'), 1);
    await again.stop();
  } finally {
    execFileSync('umount', ['-l', disk]);
  }
});
