import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { copyFile, open, readFile, readlink, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Account } from './embedded-place.ts';

/** PostgreSQL on one folder. */
export interface Cluster {
  /** PostgreSQL's own folder, a real path. */
  files: string;
  /** A path of the same folder that is short enough for a socket. */
  host: string;
  /** What the server says. */
  server_log: string;
  account: Account;
  log: (message: string) => void;
}

/** Only a part of the socket's name: nothing listens on a network. */
export const socketPort = 5432;

const logLimitBytes = 10_000_000;
const patienceMs = 5_000;
const orphansPatienceMs = 30_000;

/** The environment of PostgreSQL's programs: the service's own holds secrets. */
export const postgresEnv = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };

/** The line of a program's output that says why it failed. */
export function failure(output: string): string {
  const lines = output.trim().split('\n');
  const told = lines.find((line) => /(FATAL|PANIC|error): /.test(line)) ?? lines.at(-1) ?? '';
  return told.replace(/^.*(FATAL|PANIC|error): +/, '');
}

/** The last thing that a server said went wrong. */
const lastFault = (output: string): string =>
  output
    .split('\n')
    .findLast((line) => /(FATAL|PANIC): /.test(line))
    ?.replace(/^.*(FATAL|PANIC): +/, '') ?? '';

/**
 * The process id of a server that already runs on the cluster and answers, or undefined where none runs. One that is
 * starting or stopping is waited for. A pid file that outlived its server is made harmless when another process has
 * its number by now, since PostgreSQL would not start beside it.
 * @throws Error where one runs and does not answer
 */
export async function findPostmaster(cluster: Cluster): Promise<number | undefined> {
  const pid_file = join(cluster.files, 'postmaster.pid');
  const begun = Date.now();
  for (let told = false; ; await sleep(50)) {
    const text = await readFile(pid_file, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const lines = text.split('\n');
    const pid = Number(lines[0]);
    const waited_ms = Date.now() - begun;
    if (!(pid > 0)) {
      // A server writes its number at once; an empty file is left over from a crash of the machine.
      if (waited_ms > 1_000) await rm(pid_file, { force: true });
      continue;
    }
    if (!(await runsOn(pid, cluster.files))) {
      if (signal(pid, 0)) await disarm(cluster, pid_file, lines);
      return undefined;
    }
    const status = lines[7]?.trim();
    if (status === 'ready') {
      if (await answers(cluster)) return pid;
      throw new Error(`the process ${pid}, which an earlier start left behind, does not answer; end it first`);
    }
    // Makes a patient shutdown a fast one. Nobody else uses it.
    if (status === 'stopping') signal(pid, 'SIGINT');
    if (!told && waited_ms > patienceMs) {
      told = true;
      cluster.log(`Waiting for an earlier PostgreSQL (process ${pid}), which is ${status || 'starting'}.`);
    }
  }
}

/**
 * Starts a server and waits until it is ready, however long its recovery takes.
 * @throws Error with what the server said when it ended
 */
export async function launchPostmaster(cluster: Cluster, program: string, settings: string[]): Promise<number> {
  const until = Date.now() + orphansPatienceMs;
  for (;;) {
    try {
      return await launch(cluster, program, settings);
    } catch (error) {
      // The last server was killed alone: its sessions end when they next look up from their work.
      const orphans = error instanceof Error && error.message.includes('shared memory block');
      if (!orphans || Date.now() > until) throw error;
      await sleep(500);
    }
  }
}

async function launch(cluster: Cluster, program: string, settings: string[]): Promise<number> {
  const { files, server_log, account, log } = cluster;
  await limitLog(server_log);
  const output = await open(server_log, 'a', 0o600);
  try {
    const said_before = (await output.stat()).size;
    // Its folder is its working directory, so a dot names the socket's folder whatever its length.
    const args = ['-D', files, '-p', `${socketPort}`, '-c', 'unix_socket_directories=.', ...settings];
    const stdio: ('ignore' | number)[] = ['ignore', output.fd, output.fd];
    const child = spawn(program, args, { ...account, cwd: '/', env: postgresEnv, stdio, detached: true });
    await once(child, 'spawn');
    child.unref();
    const begun = Date.now();
    for (let told = false; child.exitCode === null && child.signalCode === null; await sleep(20)) {
      const lines = (await readFile(join(files, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
      if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') {
        child.once('exit', async (code, by) => {
          if (code === 0) return;
          const why = lastFault(await readFile(server_log, 'utf8').catch(() => ''));
          log(
            `PostgreSQL ended by itself (${by ?? code})${why === '' ? '' : `: ${why}`}. Nothing is answered until the service is started again; ${server_log} says more.`,
          );
        });
        return child.pid;
      }
      if (!told && Date.now() - begun > patienceMs) {
        told = true;
        log(`PostgreSQL is still starting; ${server_log} says more.`);
      }
    }
    const said = (await readFile(server_log)).subarray(said_before).toString();
    throw new Error(failure(said) || `it ended (${child.signalCode ?? child.exitCode})`);
  } finally {
    await output.close();
  }
}

/** Ends a server, without waiting for its clients, and returns when it has ended. */
export async function endPostmaster(pid: number, files: string): Promise<void> {
  if (await runsOn(pid, files)) signal(pid, 'SIGINT');
  while (await runsOn(pid, files)) await sleep(20);
}

/** Keeps the server's log and one before it, both of about `logLimitBytes`. */
export async function limitLog(server_log: string): Promise<void> {
  const size = await stat(server_log).then(
    (found) => found.size,
    () => 0,
  );
  if (size < logLimitBytes) return;
  await copyFile(server_log, `${server_log}.1`);
  await truncate(server_log);
}

// The number alone proves nothing: it may belong to another process since.
async function runsOn(pid: number, files: string): Promise<boolean> {
  if (process.platform === 'linux') return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === files;
  const ps = promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', `${pid}`]);
  return ps.then(
    ({ stdout }) => stdout.includes(`-D ${files} `),
    () => false,
  );
}

/** Whether there is such a process. */
function signal(pid: number, name: 'SIGINT' | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

// PostgreSQL takes a pid file that names its own parent, this process, as left over. To remove the file would be
// shorter, but it also names the shared memory by which PostgreSQL finds orphaned backends that still write.
async function disarm({ files }: Cluster, pid_file: string, lines: string[]): Promise<void> {
  // Whom PostgreSQL runs as owns the folder, and must not lead root elsewhere by a link.
  const flag = constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW;
  await writeFile(pid_file, [process.pid, ...lines.slice(1)].join('\n'), { flag });
  await rm(join(files, `.s.PGSQL.${socketPort}.lock`), { force: true });
}

/** Whether the server answers to the shortest question that its protocol has: whether it would speak TLS. */
export async function answers({ host }: Pick<Cluster, 'host'>): Promise<boolean> {
  const socket = connect(join(host, `.s.PGSQL.${socketPort}`));
  try {
    const patience = AbortSignal.timeout(patienceMs);
    await once(socket, 'connect', { signal: patience });
    socket.write(Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47));
    await once(socket, 'data', { signal: patience });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
