import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { lstat, lutimes, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// A socket's path may have 107 bytes on Linux and 103 on macOS (Node cuts longer ones off without a word), and the
// longest name below the folder has 33.
const longestFolder = 70;
const tries = 5;

/**
 * A path of `folder` by which its sockets can be reached: itself, or where it is too long a link to it in the temporary
 * folder. The link is no secret and holds nothing: the sockets are in `folder`, and its modes guard them. Calling it
 * again mends the link and keeps it young, for temporary folders are swept.
 *
 * @param folder a real path
 */
export async function socketFolder(folder: string): Promise<string> {
  // postgres.js takes a comma as the end of a host.
  if (Buffer.byteLength(folder) <= longestFolder && !folder.includes(',')) return folder;
  const root = Buffer.byteLength(tmpdir()) <= longestFolder / 2 ? tmpdir() : '/tmp';
  const link = join(root, `milemarker-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`);
  const found = await lstat(link).catch(() => undefined);
  // Somebody else's link could be turned elsewhere later.
  if (found?.isSymbolicLink() && found.uid === process.getuid?.() && (await readlink(link)) === folder) {
    await lutimes(link, new Date(), new Date());
  } else {
    await rm(link, { force: true });
    await symlink(folder, link);
  }
  return link;
}

/**
 * Holds `folder` for this process alone, until the returned function is called or the process ends, in whatever way.
 *
 * Node has no file locks, and the number in a pid file may belong to another process by now. A listening socket dies
 * with its process: who can connect knows that the holder lives, and one that refuses is dead for good, because a
 * socket gets its name only after it listens. Everybody shows their own socket first and looks for others then, so of
 * two that start together at least one sees the other. Who sees another gives way and tries again after a random time.
 *
 * @param folder as `socketFolder` gives it
 * @throws Error that names the process which holds the folder
 */
export async function holdFolder(folder: string): Promise<() => Promise<void>> {
  const name = `service.${process.pid}.${randomBytes(3).toString('hex')}.sock`;
  for (let attempt = 1; ; attempt++) {
    const server = createServer((socket) => socket.destroy()).listen(join(folder, `.${name}`));
    await once(server, 'listening');
    server.unref();
    const release = async () => {
      await rm(join(folder, name), { force: true });
      server.close();
    };
    try {
      await rename(join(folder, `.${name}`), join(folder, name));
      const holder = await otherHolder(folder, name);
      if (holder === undefined) return release;
      if (attempt === tries) throw new Error(`it is already in use by process ${holder}`);
    } catch (error) {
      await release();
      throw error;
    }
    await release();
    await sleep(30 + Math.random() * 150);
  }
}

async function otherHolder(folder: string, own: string): Promise<number | undefined> {
  for (const name of await readdir(folder)) {
    const pid = /^service\.(\d+)\.\w+\.sock$/.exec(name)?.[1];
    if (pid === undefined || name === own) continue;
    if (await listens(join(folder, name))) return Number(pid);
    await rm(join(folder, name), { force: true });
  }
  return undefined;
}

async function listens(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    // Any other failure, such as a full queue or another user's socket, comes from one that lives.
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code !== 'ECONNREFUSED' && code !== 'ENOENT';
  } finally {
    socket.destroy();
  }
}
