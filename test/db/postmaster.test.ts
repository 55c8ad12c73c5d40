import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, chown, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import {
  ask,
  bounded,
  children,
  finish,
  hasEnded,
  hasExited,
  isRoot,
  kill,
  postmasterPid,
  running,
  service,
  start,
  withDatabase,
} from '../support/embedded.ts';

test('a server that a killed service left behind is taken over', bounded, async (t) => {
  const folder = await withDatabase(t);
  const killed = await running(folder);
  await ask(killed, 'create table kept as select 42 as answer');
  const pid = await postmasterPid(killed);
  await kill(killed.child);
  const second = await start(folder);
  assert.equal(second.adopted, true);
  assert.equal(await postmasterPid(second), pid);
  assert.equal(await ask(second, 'select answer from kept'), 42);
  await second.stop();
  assert.ok(hasEnded(second));
});

test('a server that is still stopping is waited for, and one that is not ready too', bounded, async (t) => {
  const folder = await withDatabase(t);
  const killed = await running(folder);
  const pid = await postmasterPid(killed);
  await kill(killed.child);
  // With a client connected, this patient kind of shutdown would never end.
  const client = postgres({ ...killed.connection, max: 1 });
  await client`select 1`;
  process.kill(pid, 'SIGTERM');
  await sleep(100);
  const second = await start(folder);
  await client.end({ timeout: 0 }).catch(() => {});
  assert.equal(second.adopted, false);
  assert.notEqual(await postmasterPid(second), pid);
  await second.stop();

  const { child } = service(folder);
  while (!existsSync(join(folder, 'postgres', 'postmaster.pid'))) await sleep(1);
  await kill(child);
  assert.equal(await ask(await start(folder), 'select 1'), 1);
});

test('the sessions of a server that was killed alone end before another one starts', bounded, async (t) => {
  const folder = await withDatabase(t);
  const first = await start(folder);
  const client = postgres({ ...first.connection, max: 1 });
  const busy = client`do $$ begin for i in 1..2000000000 loop end loop; end $$`.execute().catch(() => 'broken');
  while (
    (await ask(first, `select count(*) from pg_stat_activity where query like 'do %' and state = 'active'`)) === '0'
  );
  process.kill(await postmasterPid(first), 'SIGKILL');
  await first.stop();
  const started = start(folder);
  await sleep(200);
  await client.end({ timeout: 0 });
  assert.equal(await ask(await started, 'select 1'), 1);
  assert.equal(await busy, 'broken');
});

test('a pid file whose number belongs to another process by now is no obstacle', bounded, async (t) => {
  const folder = await withDatabase(t);
  const first = await start(folder);
  const files = join(folder, 'postgres');
  const { uid, gid } = await stat(files);
  const text = await readFile(join(files, 'postmaster.pid'), 'utf8');
  await first.stop();

  // As the same user, since PostgreSQL takes no notice of other users' processes.
  const other = spawn('sleep', ['60'], { ...(isRoot ? { uid, gid } : {}), cwd: '/' });
  children.add(other);
  for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
    await writeFile(join(files, name), text.replace(/^\d+/, String(other.pid)), { mode: 0o600 });
    if (isRoot) await chown(join(files, name), uid, gid);
  }
  const second = await start(folder);
  assert.equal(second.adopted, false);
  assert.equal(await ask(second, 'select 1'), 1);
  await second.stop();
  assert.ok(!hasExited(other));
  await kill(other);

  await writeFile(join(files, 'postmaster.pid'), '');
  assert.equal(await ask(await start(folder), 'select 1'), 1);
});

test('Ctrl-C does not reach the server before its service ends it', bounded, async (t) => {
  const folder = await withDatabase(t);
  const { child, next, ...server } = await running(folder);
  process.kill(-(child.pid ?? 0), 'SIGINT');
  assert.deepEqual(await next(), { interrupted: true });
  assert.equal(await ask(server, 'select 1'), 1);
  await finish(child);
  assert.ok(hasEnded(server));
});

test('the log of the server is cut when it is long, and one before it is kept', bounded, async (t) => {
  const folder = await withDatabase(t);
  await appendFile(join(folder, 'server.log'), 'old\n');
  await truncate(join(folder, 'server.log'), 11_000_000);
  const server = await start(folder);
  await assert.rejects(ask(server, `select 'personal data' / 0`));
  const log = await readFile(join(folder, 'server.log'), 'utf8');
  assert.ok(log.length < 100_000);
  assert.match(log, /ready to accept connections.*ERROR/s);
  assert.doesNotMatch(log, /old|select/);
  assert.equal((await stat(join(folder, 'server.log.1'))).size, 11_000_000);
});
