import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { BiSet, SetColumn } from '../../src/bi/set.ts';
import { biSets } from '../../src/bi/sets.ts';
import { viewName, viewsOf } from '../../src/bi/views/definitions.ts';
import { makeReader, scramVerifier } from '../../src/bi/views/reader-role.ts';
import { migrate } from '../../src/db/migrate.ts';
import { type Connection, type Database, openDatabase, sqlState } from '../../src/db/pool.ts';
import { testApi } from '../support/api.ts';
import { testDatabase, withDatabase } from '../support/database.ts';

const at = (day: string) => `${day}T12:00:00Z`;
const rows = (db: Database, text: string) => db.read((client) => client.rows<Record<string, unknown>>(text));
const names = async (db: Database) =>
  (await rows(db, "select relname as name from pg_class where relnamespace = 'bi'::regnamespace order by 1")).map(
    ({ name }) => String(name),
  );

/** The same server as somebody else; a server that asks for passwords is given this one. */
function as(connection: Connection, user: string, password: string | null): Connection {
  if (!('url' in connection)) return { ...connection, user };
  const url = new URL(connection.url);
  url.username = user;
  url.password = password ?? '';
  return { url: url.href };
}

/** Opens a pool for one test. */
function opened(t: TestContext, connection: Connection): Database {
  const db = openDatabase(connection, { max: 1 });
  t.after(() => db.close());
  return db;
}

/** The name of a role of this test, which goes away with it: roles belong to the whole server. */
function newRole(t: TestContext, connection: Connection): string {
  const role = `mm_test_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  t.after(async () => {
    const server = openDatabase(withDatabase(connection, 'postgres'), { max: 1 });
    await server.write((client) => client.script(`drop role if exists ${role}`));
    await server.close();
  });
  return role;
}

const refused = (state: string) => (error: unknown) => sqlState(error) === state;

test('the views hold what OData holds, under names that relations are found by', async (t) => {
  const api = await testApi(t);
  await api.send('PATCH', '/v1/settings', { time_zone: 'Asia/Tokyo' }, { 'if-match': '*' });
  await api.facts('units', [
    { key: 'north', name: 'North' },
    { key: 'store-12', name: 'Store 12', parent: 'north' },
  ]);
  await api.facts('surveys', [{ key: 'nps', name: 'NPS', kind: 'nps' }]);
  await api.facts('customers', [
    { id: 'C-1', name: 'Ada', email: 'a@example.com', unit: 'store-12', attributes: { plan: 'team' } },
  ]);
  await api.facts('responses', [
    // In Tokyo it is the next day already.
    { id: 'A-1', customer_id: 'C-1', survey: 'nps', score: 9, answered_at: '2024-01-31T20:00:00Z', themes: ['a', 'b'] },
    { id: 'A-2', survey: 'nps', score: 2, answered_at: at('2024-02-03'), unit: 'store-12', comment: 'private words' },
  ]);
  await api.facts('revenue-events', [
    { id: 'R-1', customer_id: 'C-1', type: 'one_time', amount: '0.10', currency: 'EUR', occurred_at: at('2024-02-10') },
    { id: 'R-2', customer_id: 'C-1', type: 'one_time', amount: '0.20', currency: 'EUR', occurred_at: at('2024-02-11') },
  ]);
  for (const path of ['revenue-events', 'referrals', 'retention-events'])
    await api.send('PUT', `/v1/datasets/${path}/complete-through`, { complete_through: at('2025-01-01') });
  await api.get('/v1/outcomes/revenue?survey=nps&window_days=90&min_n=1');

  const joined = await rows(
    api.db,
    `select r.response_id, r.answered_on, d.year_month, c.customer_id, u.name as unit, p.unit as above, r.themes
     from bi.fact_responses r join bi.dim_date d on d.date_on = r.answered_on
     left join bi.dim_customers c using (customer_id) left join bi.dim_units u on u.unit = coalesce(r.unit, c.unit)
     left join bi.dim_units p on p.unit = u.parent join bi.dim_surveys using (survey) order by 1`,
  );
  const place = { unit: 'Store 12', above: 'north' };
  assert.deepEqual(joined, [
    {
      response_id: 'A-1',
      answered_on: '2024-02-01',
      year_month: '2024-02',
      customer_id: 'C-1',
      ...place,
      themes: 'a|b',
    },
    { response_id: 'A-2', answered_on: '2024-02-03', year_month: '2024-02', customer_id: null, ...place, themes: '' },
  ]);

  // Exact: as doubles they would add up to 0.30000000000000004.
  assert.deepEqual(await rows(api.db, 'select sum(amount) as sum from bi.fact_revenue_events'), [{ sum: '0.30' }]);
  const kept = `select sum(revenue_n)::int as n, sum(revenue_after) as after from bi.fact_daily_outcomes where window_days = 90`;
  assert.deepEqual(await rows(api.db, kept), [{ n: 1, after: '0.30' }]);

  for (const set of biSets) {
    const odata = await api.get(`/odata/v1/${set.name}/$count`);
    const [found] = await rows(api.db, `select count(*)::int as n from bi.${viewName(set)}`);
    assert.equal(String(found?.n), odata.text, set.name);
  }
  const said = JSON.stringify(await rows(api.db, 'select * from bi.fact_responses, bi.dim_customers'));
  assert.doesNotMatch(said, /private words|example\.com|Ada/);
});

test('a reader reads the views, and nothing else', async (t) => {
  const { db, connection } = await testDatabase(t);
  const role = newRole(t, connection);
  const made = await makeReader(db, { role, password: 'first' });
  assert.equal(made.created, true);
  assert.match(made.password ?? '', /^[\w-]{32}$/);
  assert.deepEqual(made.also, []);

  const reader = opened(t, as(connection, role, made.password));
  for (const set of biSets) await rows(reader, `select * from ${viewName(set)} limit 1`);
  for (const table of [
    'public.responses',
    'public.customers',
    'public.api_keys',
    'public.settings',
    'drizzle.__drizzle_migrations',
  ])
    await assert.rejects(rows(reader, `select * from ${table}`), refused('42501'), table);
  const inTransaction = (text: string) => reader.write((client) => client.script(text));
  assert.deepEqual(await rows(reader, 'show default_transaction_read_only'), [{ default_transaction_read_only: 'on' }]);
  for (const text of [
    "insert into bi.dim_units (unit) values ('x')",
    'delete from bi.dim_units',
    'create table bi.mine (id int)',
    'create table public.mine (id int)',
    'drop view bi.dim_units',
    `alter role ${role} createdb`,
  ])
    await assert.rejects(inTransaction(`set transaction read write; ${text}`), refused('42501'), text);
  const held = await rows(
    reader,
    `select unnest(setconfig) as one from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
     where r.rolname = current_user order by 1`,
  );
  assert.deepEqual(
    held.map(({ one }) => one),
    [
      'TimeZone=UTC',
      'default_transaction_read_only=on',
      'idle_in_transaction_session_timeout=1min',
      'search_path=bi',
      'statement_timeout=5min',
    ],
  );
  assert.deepEqual(await rows(reader, 'select rolconnlimit from pg_roles where rolname = current_user'), [
    { rolconnlimit: 10 },
  ]);

  // Again: nothing changes, least of all the password.
  const again = await makeReader(db, { role, password: 'first' });
  assert.deepEqual(again, { created: false, password: null, limited: true, also: [] });
  const renewed = await makeReader(db, { role, password: 'new' });
  assert.ok(renewed.password !== null && renewed.password !== made.password);

  // What is granted to everybody is told.
  await db.write((client) => client.script('grant select on public.units to public'));
  assert.deepEqual((await makeReader(db, { role, password: 'first' })).also, ['public.units']);
});

test('names that are no role for a reader are refused', async (t) => {
  const { db } = await testDatabase(t);
  const [me] = await rows(db, 'select current_user::text as name');
  await assert.rejects(makeReader(db, { role: String(me?.name), password: 'first' }), /may do more than read/);
  for (const role of ['', 'Reader', '1st', 'pg_monitor', 'a"; drop table responses; --', 'x'.repeat(64)])
    await assert.rejects(makeReader(db, { role, password: 'first' }), /is no name of a role/);
});

test('a password reaches the server as PostgreSQL itself would keep it', async (t) => {
  const { db, connection } = await testDatabase(t);
  const role = newRole(t, connection);
  await db.write((client) =>
    client.script(`set local password_encryption = 'scram-sha-256'; create role ${role} password 'pencil'`),
  );
  const [kept] = await rows(db, `select rolpassword from pg_authid where rolname = '${role}'`);
  const [, iterations = '', salt = ''] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(String(kept?.rolpassword)) ?? [];
  assert.equal(scramVerifier('pencil', Buffer.from(salt, 'base64'), Number(iterations)), kept?.rolpassword);
});

test('an owner who may not make roles keeps the views, and is told what to hand to an administrator', async (t) => {
  const { connection } = await testDatabase(t, { empty: true });
  const owner = newRole(t, connection);
  const role = newRole(t, connection);
  const admin = opened(t, withDatabase(connection, 'postgres'));
  await admin.write((client) => client.script(`create role ${owner} login password 'owner-of-a-test'`));
  const database = `mm_owned_${owner.slice(-12)}`;
  await rows(admin, `create database ${database} owner ${owner} template template0`);
  const owned = withDatabase(connection, database);
  const db = openDatabase(as(owned, owner, 'owner-of-a-test'), { max: 1 });
  const asAdmin = openDatabase(owned, { max: 1 });
  try {
    await migrate(db, { views: viewsOf() });
    assert.equal((await names(db)).length, biSets.length);
    const told = await makeReader(db, { role, password: 'first' }).then(
      () => '',
      (error: Error) => error.message,
    );
    assert.match(told, /may not create roles.*administrator/s);
    const sql = told.slice(told.indexOf('create role "')).replace("'...'", "'by-an-administrator'");
    await asAdmin.write((client) => client.script(sql));
    // Their role is taken as it is.
    const made = await makeReader(db, { role, password: 'first' });
    assert.deepEqual(made, { created: false, password: null, limited: false, also: [] });
    await assert.rejects(makeReader(db, { role, password: 'new' }), /set by who made the role/);
    const reader = openDatabase(as(owned, role, 'by-an-administrator'), { max: 1 });
    assert.deepEqual(await rows(reader, 'select count(*)::int as n from fact_responses'), [{ n: 0 }]);
    await reader.close();
  } finally {
    await db.close();
    await asAdmin.close();
    await rows(admin, `drop database ${database} with (force)`);
  }
});

test('views follow the declarations at the next start, and readers keep reading', async (t) => {
  const { db, connection } = await testDatabase(t);
  const role = newRole(t, connection);
  const { password } = await makeReader(db, { role, password: 'first' });
  const reader = opened(t, as(connection, role, password));
  const oids = () => rows(db, "select oid from pg_class where relnamespace = 'bi'::regnamespace order by 1");

  const before = await oids();
  await migrate(db, { views: viewsOf() });
  assert.deepEqual(await oids(), before, 'nothing was different, so nothing was made anew');

  const twice: SetColumn = {
    name: 'twice',
    kind: 'text',
    nullable: false,
    personal: false,
    description: 'The key, twice.',
    sql: 't.key || t.key',
  };
  const changed = biSets
    .filter(({ name }) => name !== 'daily_scores')
    .map((set): BiSet => {
      if (set.name !== 'units') return set;
      const columns = set.columns.map((one) =>
        one.name === 'name' ? { ...one, name: 'title', description: "The unit's title." } : one,
      );
      return { ...set, columns: [...columns, twice] };
    });
  await migrate(db, { views: viewsOf(changed) });
  await db.write((client) => client.rows("insert into units (key, name, source) values ('n', 'North', 'test')"));
  assert.deepEqual(await rows(reader, 'select unit, title, twice from dim_units'), [
    { unit: 'n', title: 'North', twice: 'nn' },
  ]);
  assert.equal((await names(db)).includes('fact_daily_scores'), false);
  const [comment] = await rows(
    db,
    `select col_description(attrelid, attnum) as text from pg_attribute where attrelid = 'bi.dim_units'::regclass and attname = 'title'`,
  );
  assert.equal(comment?.text, "The unit's title.");

  await migrate(db, { views: viewsOf() });
  assert.deepEqual(await rows(reader, 'select unit, name from dim_units'), [{ unit: 'n', name: 'North' }]);

  // One that somebody dropped is there again.
  await db.write((client) => client.script('drop view bi.dim_units'));
  await migrate(db, { views: viewsOf() });
  assert.deepEqual(await rows(reader, 'select unit from dim_units'), [{ unit: 'n' }]);
});

test('what others built upon the views is not lost without a word', async (t) => {
  const { db } = await testDatabase(t);
  const build = 'create view bi.of_our_own as select unit from bi.dim_units';
  await db.write((client) => client.script(build));
  await migrate(db, { views: viewsOf() });
  assert.ok((await names(db)).includes('of_our_own'));
  await assert.rejects(
    migrate(db, { views: viewsOf(biSets.slice(0, 3)) }),
    /built upon them: view bi\.of_our_own depends on view bi\.dim_units.*start again/,
  );
  assert.equal((await names(db)).length, biSets.length + 1, 'nothing is changed by what failed');
});
