import { execFile } from 'node:child_process';
import { chown, mkdir, mkdtemp, open, readdir, readFile, realpath, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPlace, type Place, type Programs, packagedPrograms, runnablePrograms } from './embedded-place.ts';
import { holdFolder, socketFolder } from './folder-lock.ts';
import {
  answers,
  type Cluster,
  endPostmaster,
  failure,
  findPostmaster,
  launchPostmaster,
  limitLog,
  postgresEnv,
  socketPort,
} from './postmaster.ts';

/** A running PostgreSQL that belongs to this service. */
export interface EmbeddedServer {
  /** What `openDatabase` connects to; `host` is the folder of the socket. */
  connection: { host: string; port: number; user: string; database: string };
  /** Where the data really is: elsewhere than asked, where the user that PostgreSQL runs as may not enter that folder. */
  data_dir: string;
  /** Whether an earlier service, which was killed, had left it running. */
  adopted: boolean;
  /** Ends the server, which rolls open transactions back, and waits until it has ended. */
  stop(): Promise<void>;
}

/** What `startEmbedded` is told. */
interface EmbeddedOptions {
  data_dir: string;
  /** Gets one line at a time for the operator. */
  log?: (message: string) => void;
  /** `false` is for tests only: faster, and a failure of the machine may destroy the data. */
  durable?: boolean;
}

const minuteMs = 60_000;

const settings = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: 60,
  shared_buffers: '256MB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  effective_cache_size: '1GB',
  random_page_cost: 1.1, // For disks without heads.
  jit: 'off', // Costs more than it saves in short queries.
  // Bulk ingest: fewer checkpoints, and so fewer whole pages in the log. Nothing replicates from this server.
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  wal_level: 'minimal',
  max_wal_senders: 0,
  // What a killed service asked for ends soon, with its locks.
  client_connection_check_interval: '2s',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Statements and their details hold personal data.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
};

const unsafe = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

const initdbArguments = [
  '--username=postgres',
  // Only who may enter the socket's folder (mode 0700) gets this far: the server's own user, and root.
  '--auth=trust',
  '--encoding=UTF8',
  // Sorts by code point, so that an index does not depend on the machine's libraries, and knows the case of all letters.
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--locale=C',
  // The parser of full-text search asks the C library what a letter is: with C, '…' and '„' would be letters.
  `--lc-ctype=${process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8'}`,
  '--no-instructions',
];

/** How the server of a folder is reached: by the socket in PostgreSQL's own folder. `asked` is a real path. */
const connectionTo = async (asked: string): Promise<EmbeddedServer['connection']> => ({
  host: join(await socketFolder(asked), 'postgres'),
  port: socketPort,
  user: 'postgres',
  database: 'postgres',
});

/**
 * Starts the PostgreSQL of the optional package for this platform with its data in `data_dir`, or takes over the one
 * that a killed service left running there. It is reached through a Unix socket only. It has a process group of its
 * own, so that a Ctrl-C ends the service first and the service ends it.
 *
 * @throws Error of one line that says what is wrong
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const releases: (() => Promise<void>)[] = [];
  const letGo = async () => {
    for (const release of releases) await release();
  };
  const hold = async (folder: string) => releases.push(await holdFolder(await socketFolder(folder)));
  try {
    return await startHeld(options, hold, letGo);
  } catch (error) {
    await letGo();
    const cause = (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ');
    throw new Error(
      `The embedded PostgreSQL did not start on ${options.data_dir}: ${cause}. To use a PostgreSQL of your own, set DATABASE_URL.`,
      { cause: error },
    );
  }
}

/**
 * The server that runs on `data_dir`, for a second process that asks it something: it is neither started nor ended here,
 * and goes away when the service that keeps it does. Undefined where none runs.
 */
export async function findEmbedded(data_dir: string): Promise<EmbeddedServer['connection'] | undefined> {
  const asked = await realpath(data_dir).catch(() => undefined);
  if (asked === undefined) return undefined;
  const connection = await connectionTo(asked);
  return (await answers(connection)) ? connection : undefined;
}

async function startHeld(
  { data_dir, log = () => {}, durable = true }: EmbeddedOptions,
  hold: (folder: string) => Promise<unknown>,
  letGo: () => Promise<void>,
): Promise<EmbeddedServer> {
  const packaged = await packagedPrograms();
  await mkdir(data_dir, { recursive: true });
  const asked = await realpath(data_dir);
  await hold(asked);
  const place = await findPlace(asked);
  const { home, account } = place;
  if (home !== asked) {
    log(`The user that PostgreSQL runs as may not enter ${asked}; its data is in ${home}.`);
    await hold(home); // A copy of the folder that was asked for leads to the same data.
  }
  const connection = await connectionTo(asked);
  const cluster: Cluster = {
    files: join(home, 'postgres'),
    host: connection.host,
    server_log: join(home, 'server.log'),
    account,
    log,
  };
  if (place.made) await checkVersion(cluster.files, packaged.version);
  const found = place.made ? await findPostmaster(cluster) : undefined;
  const start = async () => {
    const programs = await prepare(packaged, place, durable);
    const told = Object.entries(durable ? settings : { ...settings, ...unsafe });
    const args = told.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return launchPostmaster(cluster, join(programs.folder, 'bin', 'postgres'), args);
  };
  const pid = found ?? (await start());

  const upkeep = setInterval(() => {
    Promise.all([limitLog(cluster.server_log), socketFolder(asked)]).catch((error) => log(String(error)));
  }, minuteMs).unref();
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    clearInterval(upkeep);
    await endPostmaster(pid, cluster.files);
    await letGo();
  };
  return {
    connection,
    data_dir: home,
    adopted: found !== undefined,
    stop: () => (stopped ??= stop()),
  };
}

async function checkVersion(files: string, version: string): Promise<void> {
  const made_by = (await readFile(join(files, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (made_by === '') throw new Error(`${files} does not hold a database`);
  const [ours] = version.split('.');
  if (made_by !== ours) throw new Error(`PostgreSQL ${made_by} made the data in ${files}, and ${ours} cannot read it`);
}

/** Gives programs that run, and makes the database unless there is one. What it cannot complete it takes away. */
async function prepare(packaged: Programs, place: Place, durable: boolean): Promise<Programs> {
  const { asked, home, made } = place;
  try {
    const programs = await runnablePrograms(packaged, place);
    if (!made) await makeDatabase(programs, place, durable);
    return programs;
  } catch (error) {
    if (!made && home !== asked) await rm(home, { recursive: true, force: true });
    throw error;
  }
}

async function makeDatabase(programs: Programs, { asked, home, account }: Place, durable: boolean): Promise<void> {
  // One that was killed on the way left its beginnings, and may be writing yet.
  for (const name of await readdir(home))
    if (name.startsWith('postgres.new-')) await rm(join(home, name), { recursive: true }).catch(() => {});
  const unfinished = await mkdtemp(join(home, 'postgres.new-'));
  try {
    if ('uid' in account) await chown(unfinished, account.uid, account.gid);
    const args = ['-D', unfinished, ...initdbArguments, ...(durable ? [] : ['--no-sync'])];
    await promisify(execFile)(join(programs.folder, 'bin', 'initdb'), args, { ...account, cwd: '/', env: postgresEnv });
    await rename(unfinished, join(home, 'postgres'));
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    const said = error instanceof Error && 'stderr' in error ? failure(String(error.stderr)) : '';
    throw said ? new Error(said, { cause: error }) : error;
  }
  await sync(home);
  if (home === asked) return;
  await symlink(join(home, 'postgres'), join(asked, 'postgres'));
  await sync(asked);
}

// Without it a failure of the machine could lose the folder's new name, and the data with it.
async function sync(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}
