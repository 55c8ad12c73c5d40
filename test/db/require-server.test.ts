import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { type Client, type Connection, type Database, openDatabase } from '../../src/db/pool.ts';
import { requireServer } from '../../src/db/require-server.ts';
import { testDatabase, withDatabase } from '../support/database.ts';

const url = 'postgres://owner:secret@db.example:5433/shop';
const where = /^The PostgreSQL of DATABASE_URL \(db\.example:5433\/shop\) cannot be used: /;

/** What is said of a server: the reason why it cannot be used, or the warnings. */
async function saidOf(t: TestContext, connection: Connection): Promise<string> {
  const db = openDatabase(connection, { max: 1 });
  t.after(() => db.close());
  const warnings: string[] = [];
  try {
    await requireServer(db, url, (message) => warnings.push(message));
    return warnings.join('\n');
  } catch (error) {
    assert.ok(error instanceof Error && where.test(error.message), String(error));
    assert.doesNotMatch(error.message, /secret/);
    return error.message.replace(where, '');
  }
}

test('a server that cannot be used is refused before anything is stored, with the reason', async (t) => {
  const { db, connection } = await testDatabase(t, { empty: true });
  const run = (statement: string) => db.read((client) => client.rows(statement));
  const name = `milemarker_odd_${randomUUID().replaceAll('-', '')}`;
  const made = async (how: string) => {
    await run(`create database ${name} template template0 ${how}`);
    return withDatabase(connection, name);
  };
  const drop = () => run(`drop database if exists ${name} with (force)`);

  await t.test('a good one without a word', async () => assert.equal(await saidOf(t, connection), ''));
  for (const encoding of ['LATIN1', 'SQL_ASCII'])
    await t.test(`text in ${encoding}`, async (t) => {
      t.after(drop);
      const odd = await made(`encoding '${encoding}' locale_provider libc locale 'C'`);
      assert.match(await saidOf(t, odd), new RegExp(`^the database '${name}' keeps text in ${encoding}, .*UTF8`));
    });
  await t.test('the locale C is used, with a warning', async (t) => {
    t.after(drop);
    const odd = await made("encoding 'UTF8' locale_provider libc locale 'C'");
    assert.match(await saidOf(t, odd), /has the locale C: .* such as C\.UTF-8\.$/);
  });
  await t.test('a user who may not make tables', async (t) => {
    const role = `weak_${name}`.slice(0, 60);
    await run(`create role ${role} login`);
    t.after(() => run(`drop role ${role}`));
    assert.ok('user' in connection);
    const said = await saidOf(t, { ...connection, user: role });
    assert.match(said, new RegExp(`^the user '${role}' may not make tables .*let it own the database\\.$`));
  });
  await t.test('a database that is not there', async (t) => {
    assert.match(await saidOf(t, withDatabase(connection, 'nowhere')), /^database "nowhere" does not exist\.$/);
  });
  await t.test('a socket or a port where nothing listens', async (t) => {
    assert.ok('host' in connection);
    assert.equal(await saidOf(t, { ...connection, port: 1 }), 'there is no such socket.');
    assert.equal(await saidOf(t, { url: 'postgres://u:p@localhost:1/x' }), 'nothing listens there.');
  });
});

test('a server that is too old is refused', async () => {
  const old = { version: '14.12', version_number: 140_012, encoding: 'UTF8', plain_c: false, may_make_tables: true };
  const client = { rows: async () => [old] } as unknown as Client; // It is asked nothing else.
  const db = { read: async (work: (client: Client) => unknown) => work(client) } as unknown as Database;
  await assert.rejects(requireServer(db, url, assert.fail), {
    message:
      'The PostgreSQL of DATABASE_URL (db.example:5433/shop) cannot be used: it is version 14.12, and at least PostgreSQL 15 is needed.',
  });
});
