import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildApp } from './app.ts';
import { viewsOf } from './bi/views/definitions.ts';
import type { Config } from './config.ts';
import { findEmbedded, startEmbedded } from './db/embedded.ts';
import { migrate } from './db/migrate.ts';
import { type Connection, type Database, openDatabase } from './db/pool.ts';
import { requireServer } from './db/require-server.ts';
import { mendRestored } from './db/restored.ts';
import { newLog } from './http/logging.ts';
import type { Server } from './http/server.ts';
import { ensureFirstKey } from './keys/ensure-first-key.ts';
import { keysIn } from './keys/find-key.ts';
import { startWorker } from './worker.ts';

const workerEndsMs = 10_000;

/**
 * Within this time `stop` is over, or something is wrong: requests (http/server.ts) and the worker have ten seconds,
 * connections to the database ten more (db/pool.ts), and the embedded PostgreSQL ends in one or two. Docker Compose
 * kills after thirty.
 */
export const stopsWithinMs = 25_000;

/** A running service. */
export interface Service {
  /** Where it listens; null for a worker. */
  address: string | null;
  app: Server | undefined;
  db: Database;
  /** The first admin key, when this start made it. */
  first_key: string | undefined;
  key_file: string;
  /** Takes no more work, finishes what runs, and closes everything that was started, in the reverse order. */
  stop(): Promise<void>;
}

/** A database that is up to date, and how to leave it. */
interface OpenedDatabase {
  db: Database;
  connection: Connection;
  /** Where the first admin key and an embedded database are. */
  data_dir: string;
  close(): Promise<void>;
}

/**
 * Opens the database of the settings for a command beside the service. A service that runs keeps the embedded one for
 * itself, but lets others ask it.
 * @throws Error where there is no database yet: to make an empty one would be of no use.
 */
export async function openExisting(config: Config, say: (message: string) => void): Promise<OpenedDatabase> {
  const { database_url, data_dir } = config;
  if (database_url !== undefined) return openConfigured(config, say);
  const connection = await findEmbedded(data_dir);
  if (connection) {
    const db = openDatabase(connection, { max: 2 });
    return { db, connection, data_dir, close: () => db.close() };
  }
  const isThere = await lstat(join(data_dir, 'postgres')).catch(() => undefined);
  if (!isThere) throw new Error(`There is no database in ${data_dir}. DATA_DIR or DATABASE_URL says where it is.`);
  return openConfigured(config, say);
}

/** The database that the settings name, else an embedded one, and how to leave it. */
export async function openConfigured(config: Config, say: (message: string) => void): Promise<OpenedDatabase> {
  let connection: Connection;
  let stopServer = async () => {};
  let data_dir = config.data_dir;
  if (config.database_url !== undefined) connection = { url: config.database_url };
  else {
    const server = await startEmbedded({ data_dir: config.data_dir, log: say });
    ({ connection, data_dir } = server);
    stopServer = () => server.stop();
  }
  const db = openDatabase(connection);
  const close = async () => {
    await db.close();
    await stopServer();
  };
  try {
    if (config.database_url !== undefined) await requireServer(db, config.database_url, say);
    await migrate(db, { views: viewsOf() });
    const mended = await mendRestored(db);
    if (mended !== undefined)
      say(
        `The database was restored from another server: ${mended} rows were stamped anew, and everything is looked at.`,
      );
  } catch (error) {
    await close();
    throw error;
  }
  return { db, connection, data_dir, close };
}

/**
 * Starts the service in the role of the settings: opens the database, brings its tables up to date, makes the first
 * admin key, answers HTTP and keeps the outcomes fresh.
 * @throws what keeps it from starting; everything that was started by then is stopped again.
 */
export async function startService(config: Config, say: (message: string) => void): Promise<Service> {
  const { db, close } = await openConfigured(config, say);
  const undo: (() => Promise<unknown>)[] = [close];
  // What runs is ended at once and not one after the other, so that it fits into the time that there is; see
  // `stopsWithinMs`.
  const running: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    await Promise.allSettled(running.splice(0).map((end) => end()));
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const key_file = join(config.data_dir, 'admin-key');
    const first_key = await ensureFirstKey(db, { admin_key: config.admin_key, file: key_file });
    let app: Server | undefined;
    let address: string | null = null;
    if (config.role !== 'worker') {
      const keys = keysIn(db);
      undo.push(() => keys.settled());
      app = await buildApp({ db, keys, config, cursor_secret: await cursorSecret(db) });
      running.push(() => app?.close() ?? Promise.resolve());
      address = await listen(app, config);
    }
    if (config.role !== 'api') {
      const stopWorker = startWorker(db, app?.log ?? newLog(config), config);
      // A round may take minutes; its transaction is rolled back when the connection goes, and begun again next time.
      running.push(() => Promise.race([stopWorker(), sleep(workerEndsMs, undefined, { ref: false })]));
    }
    return { address, app, db, first_key, key_file, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const noAddress = (host: string) =>
  `HOST is '${host}', which is no address of this machine. 127.0.0.1 is for this machine alone, 0.0.0.0 for every network it is in.`;

const listenFaults: Record<string, (host: string, port: number) => string> = {
  EADDRINUSE: (host, port) =>
    `The port is in use: something listens at ${host}:${port} already, perhaps a service that you started before. Stop that one, or choose another port: PORT=${port < 65_535 ? port + 1 : 4_000}`,
  EACCES: (_host, port) => `This user may not listen on port ${port}. Choose one of 1024 or above: PORT=4000`,
  EADDRNOTAVAIL: noAddress,
  ENOTFOUND: noAddress,
};

async function listen(app: Server, { host, port }: Config): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why = listenFaults[code]?.(host, port);
    throw why === undefined ? error : new Error(why, { cause: error });
  }
}

async function cursorSecret(db: Database): Promise<string> {
  const [row] = await db.read((client) =>
    client.rows<{ cursor_secret: string }>('select cursor_secret from installation'),
  );
  if (!row) throw new Error('installation has no row; the migrations make it.');
  return row.cursor_secret;
}
