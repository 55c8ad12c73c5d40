import assert from 'node:assert/strict';
import net from 'node:net';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eq, sql } from 'drizzle-orm';
import { bigint, date, jsonb, numeric, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { type Client, type Connection, openDatabase, redacted, sqlState } from '../../src/db/pool.ts';
import { ApiError } from '../../src/errors.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

let shared: TestDatabase;
before(async () => {
  shared = await testDatabase(undefined, { empty: true });
});

/** A promise that is settled from outside. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** Waits for what happens soon. */
async function until(condition: () => boolean): Promise<void> {
  for (const begun = performance.now(); !condition(); await sleep(5))
    assert.ok(performance.now() - begun < 5_000, 'it did not happen');
}

const problem = (code: string) => (error: unknown) => {
  assert.ok(error instanceof ApiError, `not an ApiError: ${error}`);
  assert.equal(error.status, 503);
  assert.equal(error.code, code);
  assert.ok(error.headers['retry-after']);
  return true;
};

const backendPid = async (client: Client) => {
  const [row] = await client.rows<{ pid: number }>('select pg_backend_pid() as pid');
  return row?.pid ?? assert.fail('no pid');
};

const terminate = (pid: number) => shared.db.read((other) => other.rows('select pg_terminate_backend($1)', [pid]));

async function elapsedMs(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

describe('values', () => {
  test('come back as the types that are promised', async () => {
    const [row] = await shared.db.read((client) =>
      client.rows(`select 1.50::numeric as amount, 42::int8 as big, 7::int4 as small, 0.5::float8 as share, true as yes,
        '{"a": [1, null]}'::jsonb as document, '"5"'::jsonb as quoted, '5'::json as number, 'null'::jsonb as json_null,
        timestamptz '2026-03-29 03:30:00.123+02' as at, date '2026-02-28' as day, null::timestamptz as nothing,
        array['a', 'b"c', null, 'NULL', '', 'x\\y', '{,}', E'two\\nlines'] as texts, array[]::text[] as none,
        array[1, null]::int8[] as numbers, array[1.10]::numeric[] as amounts`),
    );
    assert.deepEqual(row, {
      amount: '1.50',
      big: 42,
      small: 7,
      share: 0.5,
      yes: true,
      document: { a: [1, null] },
      quoted: '5',
      number: 5,
      json_null: null,
      at: new Date('2026-03-29T01:30:00.123Z'),
      day: '2026-02-28',
      nothing: null,
      texts: ['a', 'b"c', null, 'NULL', '', 'x\\y', '{,}', 'two\nlines'],
      none: [],
      numbers: [1, null],
      amounts: ['1.10'],
    });
  });

  test('arrive as they were given', async () => {
    const texts = ['a', 'b"c', null, 'NULL', '', 'x\\y', '{,}', 'two\nlines', 'é€😀'];
    const params = ['5', 5, 2n ** 60n, false, new Date(1), null, texts, [1, 2], [], '"5"', '{"a": "\\""}'];
    const rows = await shared.db.read((client) =>
      client.rows(
        `select $1 as a_text, $2::int4 as a_number, $3::int8::text as a_bigint, $4::boolean as a_boolean,
          $5::timestamptz as a_time, $6::text as a_null, $7::text[] as texts, $8::int4[] as numbers, $9::text[] as none,
          $10::jsonb as quoted, $11::jsonb as document`,
        params,
      ),
    );
    assert.deepEqual(rows, [
      {
        a_text: '5',
        a_number: 5,
        a_bigint: '1152921504606846976',
        a_boolean: false,
        a_time: new Date(1),
        a_null: null,
        texts,
        numbers: [1, 2],
        none: [],
        quoted: '5',
        document: { a: '"' },
      },
    ]);
  });

  test('that JavaScript cannot hold are errors, and the connection lives on', async (t) => {
    const { db } = await testDatabase(t, { empty: true, max: 1 });
    await db.read(async (client) => {
      const pid = await backendPid(client);
      await assert.rejects(client.rows('select 9007199254740992::int8 from generate_series(1, 3)'), /beyond 2\^53/);
      await assert.rejects(client.rows("select 'infinity'::timestamptz"), /no instant/);
      await assert.rejects(client.rows("select '{{a}}'::text[]"), /more than one dimension/);
      assert.deepEqual(await client.rows('select 9007199254740991::int8 as most'), [{ most: 9007199254740991 }]);
      assert.equal(await backendPid(client), pid);
    });
  });

  test('that are no parameters are refused before anything is sent', async () => {
    await shared.db.read(async (client) => {
      const pid = await backendPid(client);
      const slow = client.rows('select pg_sleep(0.1)::text as slept');
      const bad = undefined as unknown as string;
      await assert.rejects(client.rows('select $1', [bad]), TypeError);
      await assert.rejects(client.rows('select 1', Array(65_534).fill('1')), RangeError);
      assert.deepEqual(await slow, [{ slept: '' }]);
      assert.equal(await backendPid(client), pid);
    });
  });

  test('a boolean, a number and null share one prepared statement', async (t) => {
    const { db } = await testDatabase(t, { empty: true, max: 1 });
    const statements = await db.read(async (client) => {
      for (const value of [true, null, 't', false]) await client.rows('select $1::boolean as told', [value]);
      return await client.rows("select 1 from pg_prepared_statements where statement = 'select $1::boolean as told'");
    });
    assert.equal(statements.length, 1);
  });
});

describe('drizzle', () => {
  const things = pgTable('things', {
    id: text().primaryKey(),
    at: timestamp({ withTimezone: true, precision: 3 }),
    at_text: timestamp({ withTimezone: true, mode: 'string' }),
    local: timestamp(),
    day: date(),
    day_date: date({ mode: 'date' }),
    document: jsonb(),
    amount: numeric(),
    count: bigint({ mode: 'number' }),
    texts: text().array(),
  });
  const thing = {
    id: 'a',
    at: new Date('2026-01-02T03:04:05.678Z'),
    at_text: '2026-01-02 03:04:05.678901+00',
    local: new Date('2026-01-02T03:04:05.678Z'),
    day: '2026-01-02',
    day_date: new Date('2026-01-02T00:00:00Z'),
    document: '5',
    amount: '1.50',
    count: 9007199254740991,
    texts: ['a"b', '', 'c\\d'],
  };

  before(async () => {
    await shared.db.write((client) =>
      client.script(`create table things (id text primary key, at timestamptz(3), at_text timestamptz, local timestamp,
        day date, day_date date, document jsonb, amount numeric, count int8, texts text[])`),
    );
  });

  test('writes and reads every kind of column', async () => {
    await shared.db.write((client) => client.orm.insert(things).values(thing));
    const read = await shared.db.read((client) => client.orm.select().from(things));
    assert.deepEqual(read, [thing]);
    const [stored] = await shared.db.read((client) =>
      client.rows(
        `select at, at_text::text, day, day_date, document, jsonb_typeof(document) as kind, texts from things`,
      ),
    );
    assert.deepEqual(stored, {
      at: thing.at,
      at_text: '2026-01-02 03:04:05.678901+00',
      day: '2026-01-02',
      day_date: '2026-01-02',
      document: '5',
      kind: 'string',
      texts: thing.texts,
    });
  });

  test('keeps documents that are no strings, and nulls', async () => {
    const rows = await shared.db.write(async (client) => {
      const empty = { ...thing, id: 'c', at: null, at_text: null, day: null, document: null, texts: null };
      await client.orm.insert(things).values([{ ...thing, id: 'b', document: { a: ['1', 2] } }, empty]);
      return await client.orm.delete(things).where(sql`id in ('b', 'c')`).returning();
    });
    assert.deepEqual(
      rows.map(({ id, at, document, texts }) => ({ id, at, document, texts })),
      [
        { id: 'b', at: thing.at, document: { a: ['1', 2] }, texts: thing.texts },
        { id: 'c', at: null, document: null, texts: null },
      ],
    );
  });

  test('takes a bare Date and an array in its own sql', async () => {
    const [row] = await shared.db.read((client) =>
      client.orm.execute<{ n: number; same: boolean }>(
        sql`select count(*) as n, ${new Date(0)}::timestamptz = 'epoch' as same
          from unnest(${sql.param(['a', 'b'])}::text[])`,
      ),
    );
    assert.deepEqual({ ...row }, { n: 2, same: true });
  });

  test('builds a prepared query once for each connection', async (t) => {
    const { db } = await testDatabase(t, { empty: true, max: 1 });
    await db.write((client) => client.script('create table things (id text primary key)'));
    let built = 0;
    const find = (client: Client, id: string) =>
      client
        .prepared('things.find', (orm) => {
          built += 1;
          return orm
            .select({ id: things.id })
            .from(things)
            .where(eq(things.id, sql.placeholder('id')))
            .prepare('things.find');
        })
        .execute({ id });
    await db.write((client) => client.orm.execute(sql`insert into things values ('a')`));
    assert.deepEqual(await db.read((client) => find(client, 'a')), [{ id: 'a' }]);
    assert.deepEqual(await db.read((client) => find(client, 'b')), []);
    assert.equal(built, 1);
  });
});

describe('COPY', () => {
  const pairs = (name: string, count: number) =>
    Array.from({ length: count }, (_, n) => `${name}${n}\t${n}\n`).join('');
  const counted = (client: Client) => client.rows<{ n: number }>('select count(*) as n from copied');

  test('stores all lines or none, and the transaction goes on', async (t) => {
    const { db } = await testDatabase(t, { empty: true, max: 1 });
    await db.write((client) => client.script('create table copied (id text primary key, n int)'));
    const copy = (client: Client, lines: string) => client.copyIn('copied (id, n)', lines);
    const answers = await db.write(async (client) => [
      await copy(client, pairs('a', 20_000)),
      await copy(client, `b\t1\na0\t1\n`), // The second key is there.
      await copy(client, `c\tno number\n${pairs('c', 20_000)}`), // Refused while it is still being sent.
      await copy(client, `${pairs('d', 20_000)}d\tno number\n`),
      await copy(client, 'e\t\\N\n'),
      (await counted(client))[0]?.n,
    ]);
    assert.deepEqual(answers, [true, false, false, false, true, 20_001]);
    assert.deepEqual(await db.read(counted), [{ n: 20_001 }]);
    await assert.rejects(
      db.write((client) => client.copyIn('nowhere', 'x\n')),
      (error) => sqlState(error) === '42P01',
    );
    await assert.rejects(
      db.read((client) => copy(client, 'x\t1\n')),
      (error) => sqlState(error) === '25P01',
    );
    assert.deepEqual(await db.read(counted), [{ n: 20_001 }]);
  });

  test('ends with its connection, whenever that is killed', async (t) => {
    const { db } = await testDatabase(t, { empty: true, max: 1 });
    await db.write((client) => client.script('create table copied (id text primary key, n int)'));
    for (let ms = 0; ms < 20; ms += 2)
      await db
        .write(async (client) => {
          const pid = await backendPid(client);
          setTimeout(() => terminate(pid), ms);
          await client.copyIn('copied (id, n)', pairs(`${ms}-`, 50_000));
          await client.rows('select pg_sleep(5)');
        })
        .then(() => assert.fail('it was killed'), problem('database_unavailable'));
    assert.deepEqual(await db.read(counted), [{ n: 0 }]);
  });
});

test('every session has the same settings', async () => {
  const names = 'timezone datestyle jit statement_timeout lock_timeout idle_in_transaction_session_timeout'.split(' ');
  const rows = await shared.db.read((client) =>
    client.rows<{ name: string; setting: string }>(
      'select lower(name) as name, setting from pg_settings where lower(name) = any($1::text[])',
      [[...names, 'application_name']],
    ),
  );
  assert.deepEqual(Object.fromEntries(rows.map(({ name, setting }) => [name, setting])), {
    timezone: 'UTC',
    datestyle: 'ISO, MDY',
    jit: 'off',
    statement_timeout: '30000',
    lock_timeout: '10000',
    idle_in_transaction_session_timeout: '60000',
    application_name: 'milemarker',
  });
});

describe('transactions', () => {
  before(async () => {
    await shared.db.write((client) => client.script('create table notes (id text primary key, n int8 default 0)'));
  });
  const ids = async (like: string) => {
    const rows = await shared.db.read((client) =>
      client.rows<{ id: string }>('select id from notes where id like $1 order by id', [like]),
    );
    return rows.map(({ id }) => id);
  };
  const add = (client: Client, id: string) => client.rows('insert into notes (id) values ($1)', [id]);

  test('a write that returns is stored, with its result', async () => {
    assert.equal(await shared.db.write(async (client) => (await add(client, 'stored')).length), 0);
    assert.deepEqual(await ids('stored'), ['stored']);
  });

  test('an error rolls everything back and is passed on as it is', async () => {
    const mine = new Error('mine');
    await assert.rejects(
      shared.db.write(async (client) => {
        await add(client, 'rolled-back-1');
        throw mine;
      }),
      (error) => error === mine,
    );
    await assert.rejects(
      shared.db.write(async (client) => {
        await add(client, 'rolled-back-2');
        await add(client, 'rolled-back-2');
      }),
      (error) => sqlState(error) === '23505',
    );
    assert.deepEqual(await ids('rolled-back%'), []);
  });

  test('a write that hides the error of a statement fails at COMMIT', async () => {
    await assert.rejects(
      shared.db.write(async (client) => {
        await add(client, 'hidden');
        await add(client, 'hidden').catch(() => {});
      }),
      (error) =>
        error instanceof Error &&
        /COMMIT was answered with ROLLBACK/.test(error.message) &&
        sqlState(error) === '23505',
    );
    assert.deepEqual(await ids('hidden'), []);
  });

  test('an error of COMMIT itself is an error of the write', async () => {
    await shared.db.write((client) =>
      client.script('create table late (id text references notes deferrable initially deferred)'),
    );
    const write = shared.db.write((client) => client.rows("insert into late values ('nobody')"));
    await assert.rejects(write, (error) => sqlState(error) === '23503');
  });

  test('a snapshot sees one moment and cannot write', async () => {
    await shared.db.read(
      async (client) => {
        const before = await client.rows('select id from notes');
        await shared.db.write((other) => add(other, 'meanwhile'));
        assert.deepEqual(await client.rows('select id from notes'), before);
      },
      { snapshot: true },
    );
    const write = shared.db.read((client) => add(client, 'read-only'), { snapshot: true });
    await assert.rejects(write, (error) => sqlState(error) === '25006');
  });

  test('a serialization failure runs the whole work again', async () => {
    await shared.db.write((client) => add(client, 'counter'));
    let runs = 0;
    const increment = () =>
      shared.db.write(
        async (client) => {
          runs += 1;
          const [row] = await client.rows<{ n: number }>("select n from notes where id = 'counter'");
          await sleep(20);
          await client.rows("update notes set n = $1 where id = 'counter'", [(row?.n ?? 0) + 1]);
        },
        { isolation: 'repeatable read' },
      );
    await Promise.all([increment(), increment()]);
    const [row] = await shared.db.read((client) => client.rows("select n from notes where id = 'counter'"));
    assert.deepEqual(row, { n: 2 });
    assert.ok(runs > 2, 'nothing was run again');
  });

  test('a deadlock runs the whole work again', async () => {
    await shared.db.write((client) => client.rows("insert into notes (id) values ('left'), ('right')"));
    const both = (first: string, second: string) =>
      shared.db.write(async (client) => {
        await client.rows('update notes set n = n + 1 where id = $1', [first]);
        await sleep(50);
        await client.rows('update notes set n = n + 1 where id = $1', [second]);
      });
    await Promise.all([both('left', 'right'), both('right', 'left')]);
    const rows = await shared.db.read((client) => client.rows("select n from notes where id in ('left', 'right')"));
    assert.deepEqual(rows, [{ n: 2 }, { n: 2 }]);
  });

  test('running again has an end', async () => {
    let runs = 0;
    const write = shared.db.write(async (client) => {
      runs += 1;
      await client.script("do $$ begin raise exception using errcode = '40001'; end $$");
    });
    await assert.rejects(write, problem('write_conflict'));
    assert.equal(runs, 5);
  });
});

describe('limits', () => {
  test('work that gets no connection in time is refused, and the next is served', async (t) => {
    const { connection } = await testDatabase(t, { empty: true });
    const db = openDatabase(connection, { max: 2, acquire_timeout_ms: 200 });
    t.after(() => db.close());
    const { open, opened } = gate();
    const holders = [1, 2].map(() => db.read(() => opened));
    await until(() => db.stats().busy === 2);
    assert.deepEqual(db.stats(), { size: 2, busy: 2, waiting: 0 });
    const ms = await elapsedMs(() => assert.rejects(db.read(backendPid), problem('database_busy')));
    assert.ok(ms >= 190 && ms < 3_000, `${ms} ms`);
    const next = db.read(backendPid);
    assert.equal(db.stats().waiting, 1);
    open();
    await Promise.all([...holders, next]);
    assert.deepEqual(db.stats(), { size: 2, busy: 0, waiting: 0 });
  });

  const elsewhere: Connection = { host: '/nowhere', port: 5432, user: 'nobody', database: 'nothing' };
  for (const [name, connection] of [
    ['whose socket is not there', elsewhere],
    ['whose port is closed', { ...elsewhere, host: '127.0.0.1', port: 1 }],
    ['in a URL', { url: 'postgres://nobody@127.0.0.1:1/nothing' }],
  ] as const)
    test(`a server ${name} is said to be unavailable at once`, async (t) => {
      const db = openDatabase(connection, { max: 1 });
      t.after(() => db.close());
      const ask = () => assert.rejects(db.write(backendPid), problem('database_unavailable'));
      const ms = await elapsedMs(() => Promise.all([ask(), ask(), ask()]));
      assert.ok(ms < 3_000, `${ms} ms`);
      assert.deepEqual(db.stats(), { size: 0, busy: 0, waiting: 0 });
    });

  test('a database that is not there is said to be unavailable', async () => {
    const { connection } = shared;
    const wrong = 'url' in connection ? { url: `${connection.url}_not` } : { ...connection, database: 'not_there' };
    const db = openDatabase(wrong);
    await assert.rejects(db.read(backendPid), (error) => {
      assert.equal(sqlState(error), '3D000');
      return problem('database_unavailable')(error);
    });
    await db.close();
  });

  test('a server that accepts and says nothing is given up', async (t) => {
    const mute = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => mute.once('listening', resolve));
    const address = mute.address();
    assert.ok(address && typeof address === 'object');
    const db = openDatabase({ ...elsewhere, host: '127.0.0.1', port: address.port }, { acquire_timeout_ms: 300 });
    t.after(async () => {
      await db.close();
      mute.close();
    });
    const ms = await elapsedMs(() => assert.rejects(db.read(backendPid), problem('database_unavailable')));
    assert.ok(ms < 3_000, `${ms} ms`);
  });

  test('a statement that takes too long is stopped, and the connection lives on', async (t) => {
    const { connection } = await testDatabase(t, { empty: true });
    const db = openDatabase(connection, { max: 1, statement_timeout_ms: 100 });
    t.after(() => db.close());
    const pid = await db.read(backendPid);
    const slow = (client: Client) => client.rows('select pg_sleep(5)');
    await assert.rejects(db.read(slow), problem('statement_timeout'));
    await assert.rejects(db.write(slow), problem('statement_timeout'));
    assert.equal(await db.read(backendPid), pid);
    await db.write((client) => client.rows('select pg_sleep(0.3)'), { statement_timeout_ms: 5_000 });
    await db.read((client) => client.rows('select pg_sleep(0.3)'), { statement_timeout_ms: 0 });
    await assert.rejects(db.read(slow), problem('statement_timeout'));
  });

  test('a lock that others hold too long is an error of its own', async (t) => {
    const { db, connection } = await testDatabase(t, { empty: true });
    const hasty = openDatabase(connection, { statement_timeout_ms: 300 });
    t.after(() => hasty.close());
    await db.write(async (client) => {
      await client.rows('select pg_advisory_xact_lock(1)');
      const wait = hasty.write((other) => other.rows('select pg_advisory_xact_lock(1)'));
      await assert.rejects(wait, problem('lock_timeout'));
    });
  });

  test('a connection that was given too many texts is replaced', async (t) => {
    const { db } = await testDatabase(t, { empty: true, max: 1 });
    const pid = await db.read(async (client) => {
      for (let n = 0; n < 600; n += 1) await client.rows(`select ${n}`);
      return await backendPid(client);
    });
    assert.notEqual(await db.read(backendPid), pid);
    assert.equal(db.stats().size, 1);
  });
});

describe('a connection', () => {
  test('whose work was given up in the middle of a statement is thrown away, and its locks are free soon', async (t) => {
    const { db } = await testDatabase(t, { empty: true, max: 2 });
    await db.write((client) => client.script("create table held (id text); insert into held values ('a')"));
    let pid = 0;
    const work = db.write(async (client) => {
      pid = await backendPid(client);
      await client.rows("update held set id = 'b'");
      await Promise.race([client.rows('select pg_sleep(20)'), sleep(50).then(() => Promise.reject(new Error('gone')))]);
    });
    await assert.rejects(work, /gone/);
    const ms = await elapsedMs(() => db.write((client) => client.rows("update held set id = 'c' where id = 'a'")));
    assert.ok(ms < 5_000, `${ms} ms`);
    assert.deepEqual(await db.read((client) => client.rows('select id from held')), [{ id: 'c' }]);
    const reading = db.read((client) => {
      void client.rows('select pg_sleep(20)');
      return Promise.reject(new Error('gone'));
    });
    await assert.rejects(reading, /gone/);
    const pids = await Promise.all([db.read(backendPid), db.read(backendPid)]);
    assert.ok(!pids.includes(pid));
  });

  test('that was killed runs nothing more, neither what waits in line nor what comes later', async (t) => {
    const { db } = await testDatabase(t, { empty: true, max: 2 });
    await db.write((client) => client.script('create table half (id text)'));
    const insert = (client: Client, id: string) => client.rows('insert into half values ($1)', [id]);
    const work = db.write(async (client) => {
      await insert(client, 'before');
      const pid = await backendPid(client);
      const sleeping = client.rows('select pg_sleep(20), $1::text', ['']);
      // More than one socket buffer holds, so that postgres.js keeps some of them back for a connection that is free.
      const waiting = Array.from({ length: 200 }, (_, n) => insert(client, `waiting ${n} ${'x'.repeat(5_000)}`));
      await sleep(50);
      await terminate(pid);
      const answers = await Promise.allSettled([sleeping, ...waiting]);
      assert.ok(answers.every(({ status }) => status === 'rejected'));
      await assert.rejects(insert(client, 'after'));
      await sleep(100);
      await assert.rejects(insert(client, 'long after'));
      await assert.rejects(client.orm.execute(sql`insert into half values ('by drizzle')`));
    });
    await assert.rejects(work, (error) => {
      assert.doesNotMatch(String(error), /may be stored/); // It broke before COMMIT.
      return problem('database_unavailable')(error);
    });
    await sleep(100);
    assert.deepEqual(await db.read((client) => client.rows('select id from half')), []);
  });

  test('that breaks during COMMIT leaves it open whether the change is stored, and says so', async (t) => {
    const { db } = await testDatabase(t, { empty: true });
    await db.write((client) =>
      client.script(`create table fatal (id text);
        create function die() returns trigger language plpgsql as
          'begin perform pg_terminate_backend(pg_backend_pid()); return null; end';
        create constraint trigger die after insert on fatal deferrable initially deferred
          for each row execute function die()`),
    );
    const write = db.write((client) => client.rows("insert into fatal values ('a')"));
    await assert.rejects(write, (error) => {
      assert.match(String(error), /may be stored or not/);
      return problem('database_unavailable')(error);
    });
  });

  test('that is killed makes room for who waits', async (t) => {
    const { db } = await testDatabase(t, { empty: true, max: 1 });
    await db.read(async (client) => {
      const pid = await backendPid(client);
      const waiting = db.read(backendPid);
      assert.equal(db.stats().waiting, 1);
      await terminate(pid);
      assert.notEqual(await waiting, pid);
    });
  });

  test('that is killed while idle is replaced unnoticed', async (t) => {
    const { db } = await testDatabase(t, { empty: true, max: 1 });
    const pid = await db.read(backendPid);
    await terminate(pid);
    await until(() => db.stats().size === 0);
    assert.notEqual(await db.read(backendPid), pid);
  });

  test('takes no statement when its work is over', async () => {
    const kept = await shared.db.read(async (client) => client);
    await assert.rejects(kept.rows('select 1'), /outside of the work/);
    await assert.rejects(
      kept.orm.execute(sql`select 1`),
      (error) => error instanceof Error && /outside of the work/.test(String(error.cause)),
    );
  });

  test('fails once for statements that nobody awaits', async () => {
    const work = shared.db.read(async (client) => {
      const pid = await backendPid(client);
      void client.rows('select pg_sleep(20)');
      void client.rows('select pg_sleep(20)');
      await terminate(pid);
      await client.rows('select 1');
    });
    await assert.rejects(work, problem('database_unavailable'));
  });
});

test('close waits for what runs, refuses what comes, and leaves no connection', async (t) => {
  const { connection } = await testDatabase(t, { empty: true });
  const db = openDatabase(connection, { max: 1 });
  const { open, opened } = gate();
  let done = false;
  const running = db.write(async (client) => {
    await opened;
    await backendPid(client);
    done = true;
  });
  const waiting = assert.rejects(db.read(backendPid), problem('database_unavailable'));
  await until(() => db.stats().busy === 1);
  const closed = db.close();
  await waiting;
  await assert.rejects(db.read(backendPid), problem('database_unavailable'));
  assert.equal(done, false);
  open();
  await Promise.all([closed, db.close()]);
  await running;
  assert.deepEqual(db.stats(), { size: 0, busy: 0, waiting: 0 });
});

test('what is logged of an error holds neither statement nor values', async () => {
  const things = pgTable('logged', { id: text().primaryKey() });
  await shared.db.write((client) => client.script('create table logged (id text primary key)'));
  const insert = (client: Client) => client.orm.insert(things).values([{ id: 'secret' }, { id: 'secret' }]);
  const [byDrizzle, byHand, byServer] = await Promise.all(
    [
      shared.db.write(insert),
      shared.db.write((client) => client.rows('select $1::int4 + 1 as answer', ['secret'])),
      shared.db.write((client) => client.rows('select secret')),
    ].map((one: Promise<unknown>) => one.then(() => assert.fail('no error'), redacted)),
  );
  assert.match(byDrizzle ?? '', /^PostgreSQL 23505, table_name logged, constraint_name logged_pkey, routine \w+$/);
  assert.match(byHand ?? '', /^PostgreSQL 22P02, routine \w+$/);
  assert.match(byServer ?? '', /^PostgreSQL 42703, routine \w+$/);
  assert.equal(redacted(new TypeError('a fault of ours')), 'TypeError: a fault of ours');
  assert.equal(redacted('nothing'), 'An error of an unknown kind');
  assert.equal(sqlState(new Error('other')), undefined);
});
