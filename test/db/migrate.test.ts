import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { migrate } from '../../src/db/migrate.ts';
import { type Database, openDatabase, sqlState } from '../../src/db/pool.ts';
import { testDatabase } from '../support/database.ts';

/** A folder as drizzle-kit writes it, of migrations by their time and their SQL. */
async function folderOf(t: TestContext, migrations: [when: number, sql: string][]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mm-'));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'meta'));
  const entries = migrations.map(([when], idx) => ({
    idx,
    version: '7',
    when,
    tag: `000${idx}_name`,
    breakpoints: true,
  }));
  await writeFile(join(folder, 'meta/_journal.json'), JSON.stringify({ version: '7', dialect: 'postgresql', entries }));
  for (const [index, [, sql]] of migrations.entries()) await writeFile(join(folder, `000${index}_name.sql`), sql);
  return folder;
}

const one = [1_000, 'create table one (id text);\n--> statement-breakpoint\ncreate index on one (id);'] as const;
const two = [2_000, "insert into one values ('a;b'); insert into one values ('c');"] as const;
const late = [1_500, 'create table late (id text)'] as const;

async function tables(db: Database): Promise<string[]> {
  const rows = await db.read((client) =>
    client.rows<{ name: string }>("select tablename as name from pg_tables where schemaname = 'public' order by 1"),
  );
  return rows.map(({ name }) => name);
}

test('applies what is missing, in order, and nothing twice', async (t) => {
  const { db } = await testDatabase(t, { empty: true });
  assert.equal(await migrate(db, { folder: await folderOf(t, [[...one]]) }), 1);
  const folder = await folderOf(t, [[...one], [...two]]);
  assert.equal(await migrate(db, { folder }), 1);
  assert.equal(await migrate(db, { folder }), 0);
  assert.deepEqual(await db.read((client) => client.rows('select id from one')), [{ id: 'a;b' }, { id: 'c' }]);
  const kept = await db.read((client) =>
    client.rows('select id, length(hash) as length, created_at from drizzle.__drizzle_migrations order by id'),
  );
  assert.deepEqual(kept, [
    { id: 1, length: 64, created_at: 1_000 },
    { id: 2, length: 64, created_at: 2_000 },
  ]);
});

test('processes that start together apply each migration once', async (t) => {
  const { db, connection } = await testDatabase(t, { empty: true });
  const folder = await folderOf(t, [[1_000, 'create table one (id text); select pg_sleep(0.3)'], [...two]]);
  const others = Array.from({ length: 4 }, () => openDatabase(connection, { max: 1, statement_timeout_ms: 100 }));
  const applied = await Promise.all(others.map((other) => migrate(other, { folder })));
  await Promise.all(others.map((other) => other.close()));
  assert.deepEqual(applied.sort(), [0, 0, 0, 2]);
  assert.equal((await db.read((client) => client.rows('select id from one'))).length, 2);
});

test('one that fails leaves nothing of all, and says which it was', async (t) => {
  const { db } = await testDatabase(t, { empty: true });
  const folder = await folderOf(t, [[...one], [2_000, 'create table two (id text); select wrong']]);
  await assert.rejects(
    migrate(db, { folder }),
    (error) =>
      error instanceof Error && /^Migration 2 of 1970-01-01/.test(error.message) && sqlState(error) === '42703',
  );
  assert.deepEqual(await tables(db), []);
  assert.equal(await migrate(db, { folder: await folderOf(t, [[...one]]) }), 1);
});

test('refuses a journal that is out of order', async (t) => {
  const { db } = await testDatabase(t, { empty: true });
  await assert.rejects(migrate(db, { folder: await folderOf(t, [[...two], [...one]]) }), /Migration 2 .* not later/);
  assert.deepEqual(await tables(db), []);
});

test('refuses a migration that came in before one which is applied', async (t) => {
  const { db } = await testDatabase(t, { empty: true });
  await migrate(db, { folder: await folderOf(t, [[...one], [...two]]) });
  await assert.rejects(
    migrate(db, { folder: await folderOf(t, [[...one], [...late], [...two]]) }),
    /Migration 2 is of 1970-01-01T00:00:01.500Z here and of 1970-01-01T00:00:02.000Z in the database/,
  );
  assert.deepEqual(await tables(db), ['one']);
});

test('refuses a database that a newer version has migrated', async (t) => {
  const { db } = await testDatabase(t, { empty: true });
  await migrate(db, { folder: await folderOf(t, [[...one], [...two]]) });
  await assert.rejects(migrate(db, { folder: await folderOf(t, [[...one]]) }), /a newer one was here/);
});

test('views do not stand in the way of a migration, and are there again after it', async (t) => {
  const { db } = await testDatabase(t, { empty: true });
  const views = (column: string) => ({
    schema: 'shown',
    named: '^v_',
    description: 'What is shown.',
    statements: [`create view shown.v_one as select ${column} from one`, 'grant usage on schema shown to public'],
  });
  const made = await folderOf(t, [[...one]]);
  await migrate(db, { folder: made, views: views('id') });
  const altered = await folderOf(t, [
    [...one],
    [2_000, 'alter table one alter id type int using id::int; alter table one add name text'],
  ]);
  await migrate(db, { folder: altered, views: views('id, name') });
  const [found] = await db.read((client) =>
    client.rows(
      `select string_agg(attname || ' ' || atttypid::regtype, ', ' order by attnum) as columns,
         has_table_privilege('public', 'shown.v_one', 'select') as granted
       from pg_attribute where attrelid = 'shown.v_one'::regclass`,
    ),
  );
  assert.deepEqual(found, { columns: 'id integer, name text', granted: true });
});
