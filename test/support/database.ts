import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { viewsOf } from '../../src/bi/views/definitions.ts';
import { migrate } from '../../src/db/migrate.ts';
import { type Connection, type Database, openDatabase } from '../../src/db/pool.ts';
import { startTestServer, stopWhenEnded } from './server.ts';

const drizzleFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));

// Any number; the lock is held while the template is made.
const templateLock = 7_264_502;

/** The same server, another of its databases. */
export function withDatabase(connection: Connection, database: string): Connection {
  if (!('url' in connection)) return { ...connection, database };
  const url = new URL(connection.url);
  url.pathname = `/${database}`;
  return { url: url.href };
}

/** A name that changes with any file of the migrations, and with the views. */
function templateName(): string {
  const hash = createHash('sha256').update(JSON.stringify(viewsOf()));
  for (const file of readdirSync(drizzleFolder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(drizzleFolder, file);
    if (file.endsWith('.sql') || file.endsWith('_journal.json')) hash.update(file).update(readFileSync(path));
  }
  return `milemarker_template_${hash.digest('hex').slice(0, 12)}`;
}

/** Makes the migrated template unless it is there. Test files that run at the same time wait for the first. */
async function makeTemplate(server: Database, connection: Connection): Promise<string> {
  const name = templateName();
  await server.read(async (client) => {
    await client.rows('select pg_advisory_lock($1)', [templateLock]);
    try {
      const found = await client.rows('select 1 from pg_database where datname = $1', [name]);
      if (found.length > 0) return;
      // It gets its name when it is complete, so that one which broke off is never used.
      await client.rows(`drop database if exists ${name}_unfinished with (force)`);
      await client.rows(`create database ${name}_unfinished template template0`);
      const unfinished = openDatabase(withDatabase(connection, `${name}_unfinished`), { max: 1 });
      try {
        await migrate(unfinished, { views: viewsOf() });
      } finally {
        await unfinished.close();
      }
      await client.rows(`alter database ${name}_unfinished rename to ${name}`);
    } finally {
      await client.rows('select pg_advisory_unlock($1)', [templateLock]);
    }
  });
  return name;
}

interface Running {
  connection: Connection;
  server: Database;
  template: Promise<string> | undefined;
  stop(): Promise<void>;
}

let running: Promise<Running> | undefined;
const undropped = new Set<() => Promise<void>>();

async function run(): Promise<Running> {
  const { connection, stop } = await startTestServer();
  stopWhenEnded(stop);
  // Making the template may take long, and others wait for its lock.
  const server = openDatabase(connection, { max: 2, statement_timeout_ms: 300_000, acquire_timeout_ms: 300_000 });
  return { connection, server, template: undefined, stop };
}

// For the whole file; hooks of a root run in the order in which they were registered, so this one does it all.
after(async () => {
  for (const drop of undropped) await drop();
  const { server, stop } = (await running) ?? {};
  await server?.close();
  await stop?.();
});

/** A database that one test has for itself. */
export interface TestDatabase {
  db: Database;
  connection: Connection;
}

/**
 * A new database with all tables (`empty`: with none), and a small pool on it. It is dropped after the test `t`, or
 * without `t` after the file. To be called in a test or a `before` hook: where a filter leaves no test to run, the file
 * would end in the middle of a call at its top.
 */
export async function testDatabase(
  t?: TestContext,
  { empty = false, max = 4 }: { empty?: boolean; max?: number } = {},
): Promise<TestDatabase> {
  running ??= run();
  const current = await running;
  if (!empty) current.template ??= makeTemplate(current.server, current.connection);
  const template = empty ? 'template0' : await current.template;
  const name = `milemarker_test_${randomUUID().replaceAll('-', '')}`;
  await current.server.read((client) => client.rows(`create database ${name} template ${template}`));
  const connection = withDatabase(current.connection, name);
  const db = openDatabase(connection, { max });
  const drop = async () => {
    undropped.delete(drop);
    await db.close();
    await current.server.read((client) => client.rows(`drop database if exists ${name} with (force)`));
  };
  undropped.add(drop);
  t?.after(drop);
  return { db, connection };
}
