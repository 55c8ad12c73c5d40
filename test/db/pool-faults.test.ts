import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbedded } from '../../src/db/embedded.ts';
import { openDatabase } from '../../src/db/pool.ts';
import { ApiError } from '../../src/errors.ts';
import { stopWhenEnded } from '../support/server.ts';

// A server of its own, because it is killed: durable, so that what was acknowledged must be there afterwards.
let folder: string;
let server: Awaited<ReturnType<typeof startEmbedded>>;
const stop = async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
};
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mm-'));
  server = await startEmbedded({ data_dir: folder });
  stopWhenEnded(stop);
});
after(stop);

const uncaught: unknown[] = [];
process.on('uncaughtExceptionMonitor', (error) => uncaught.push(error));

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function postmasterPid(): Promise<number> {
  const db = openDatabase(server.connection, { max: 1 });
  const [row] = await db.read((client) =>
    client.rows<{ pid: number }>("select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int4 as pid"),
  );
  await db.close();
  return row?.pid ?? assert.fail('no pid');
}

/** Ends the server as a crash would, and starts it again on the same folder. */
async function restartAtOnce(pid: number): Promise<void> {
  process.kill(pid, 'SIGQUIT');
  while (isRunning(pid)) await sleep(10);
  const { connection } = server;
  await server.stop(); // Gives the folder free.
  server = await startEmbedded({ data_dir: folder });
  assert.deepEqual(server.connection, connection);
}

/** Fails when `work` hangs: everything here has a limit that is far shorter. */
async function bounded<T>(work: Promise<T>): Promise<T> {
  const limit = new AbortController();
  const late = sleep(10_000, undefined, { signal: limit.signal }).then(() => assert.fail('it hung for ten seconds'));
  late.catch(() => {});
  return await Promise.race([work, late]).finally(() => limit.abort());
}

test('killed backends and a crash of the server lose nothing, halve nothing and hang nothing', async (t) => {
  const db = openDatabase(server.connection, { max: 8 });
  const killer = openDatabase(server.connection, { max: 1 });
  t.after(() => Promise.all([db.close(), killer.close()]));
  await db.write((client) => client.script('create table pairs (id text, half int, primary key (id, half))'));

  const pid = await postmasterPid();
  const acknowledged = new Set<string>();
  const open = new Set<string>();
  const refused = new Set<string>();
  const end = performance.now() + 8_000;
  const worker = async () => {
    while (performance.now() < end) {
      const id = randomUUID();
      const work = db.write(async (client) => {
        await client.rows('insert into pairs values ($1, 1)', [id]);
        await client.rows('insert into pairs values ($1, 2)', [id]);
      });
      try {
        await bounded(work);
        acknowledged.add(id);
      } catch (error) {
        assert.ok(error instanceof ApiError && error.code === 'database_unavailable', String(error));
        (/may be stored or not/.test(error.message) ? open : refused).add(id);
        await sleep(5); // A caller that waits a little, as Retry-After asks.
      }
    }
  };
  let kills = 0;
  const killing = async () => {
    while (performance.now() < end) {
      await sleep(300);
      const killed = await killer
        .read((client) =>
          client.rows(`select pg_terminate_backend(pid) from pg_stat_activity
            where backend_type = 'client backend' and pid <> pg_backend_pid()`),
        )
        .catch(() => []);
      kills += killed.length;
    }
  };
  await Promise.all([...Array.from({ length: 8 }, worker), killing(), sleep(4_000).then(() => restartAtOnce(pid))]);

  await sleep(500); // Until the news of the last kill is here.
  const pairs = await db.read((client) =>
    client.rows<{ id: string; halves: number }>('select id, count(*) as halves from pairs group by id'),
  );
  const stored = new Set(pairs.map(({ id }) => id));
  t.diagnostic(
    `${acknowledged.size} acknowledged, ${kills} backends killed, ${refused.size} refused, ${open.size} left open`,
  );
  assert.deepEqual(uncaught, []);
  assert.deepEqual(
    pairs.filter(({ halves }) => halves !== 2),
    [],
    'half a transaction is stored',
  );
  assert.deepEqual(
    [...acknowledged].filter((id) => !stored.has(id)),
    [],
    'acknowledged and lost',
  );
  assert.deepEqual(
    [...refused].filter((id) => stored.has(id)),
    [],
    'refused and yet stored',
  );
  assert.ok(acknowledged.size > 50 && kills > 20 && refused.size > 10, 'too little happened to prove anything');
  assert.equal(db.stats().busy, 0);
  assert.ok(db.stats().size <= 8);
});

test('reads and writes work again after a restart, on a pool that was idle', async (t) => {
  const db = openDatabase(server.connection, { max: 4 });
  t.after(() => db.close());
  const pid = await postmasterPid();
  const one = () => db.read((client) => client.rows('select 1 as one'));
  await Promise.all([one(), one(), one(), one()]);
  await restartAtOnce(pid);
  assert.deepEqual(await bounded(one()), [{ one: 1 }]);
  await bounded(db.write((client) => client.rows('select 1')));
});

test('a backend that is frozen is given up at the time limit, and its connection is replaced', async (t) => {
  const db = openDatabase(server.connection, { max: 1, statement_timeout_ms: 500 });
  t.after(() => db.close());
  const frozen: number[] = [];
  t.after(() => {
    for (const pid of frozen) process.kill(pid, 'SIGCONT');
  });
  const freeze = async () => {
    const [row] = await db.read((client) => client.rows<{ pid: number }>('select pg_backend_pid() as pid'));
    assert.ok(row);
    process.kill(row.pid, 'SIGSTOP');
    frozen.push(row.pid);
  };
  for (const ask of [
    () => db.read((client) => client.rows('select 1')),
    () => db.write((client) => client.rows('select 1')),
    () => db.read((client) => client.rows('select 1'), { snapshot: true }),
  ]) {
    await freeze();
    await bounded(assert.rejects(ask(), (error) => error instanceof ApiError && error.code === 'database_unavailable'));
    await bounded(ask());
  }
  await freeze();
  await bounded(db.close());
});
