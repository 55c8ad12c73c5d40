import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, open, rm, utimes, writeFile } from 'node:fs/promises';
import { type ClientRequest, get as httpGet, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSpool } from '../../src/bi/exports/spool.ts';
import type { BiSet } from '../../src/bi/set.ts';
import { type Api, testApi } from '../support/api.ts';
import { download, linesOf } from './exporting.ts';

const meta = `'test', now(), now(), pg_current_xact_id()`;

/** The service with 4,000 responses, of 6 MB of text that does not compress, and where its files are. */
async function started(t: TestContext, config = {}) {
  const data_dir = await mkdtemp(join(tmpdir(), 'mm-exports-'));
  t.after(() => rm(data_dir, { recursive: true, force: true }));
  const api = await testApi(t, { config: { data_dir, ...config } });
  await api.db.write((client) =>
    client.rows(
      `insert into responses (id, customer_id, survey, score, band, comment, themes, answered_at, source, recorded_at, changed_at, changed_xid)
       select 'A' || n, 'C' || n, 'nps', n % 11, 'passive',
         (select string_agg(md5(n || '-' || m), '') from generate_series(1, 48) m), '{}', case when n % 4 = 0 then timestamptz '2020-06-01' else now() end, ${meta}
       from generate_series(1, 4000) n`,
    ),
  );
  const folder = join(data_dir, 'exports');
  return { api, folder, files: () => (existsSync(folder) ? readdirSync(folder) : []) };
}

/** Runs while nobody can read responses, so that every export of them waits. */
async function whileLocked(api: Api, work: () => Promise<void>): Promise<void> {
  await api.db.write(async (client) => {
    await client.rows('lock table responses in access exclusive mode');
    await work();
  });
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await isSo()); waited += 20) {
    if (waited > 10_000) assert.fail(`not within ten seconds: ${what}`);
    await sleep(20);
  }
}

const codeOf = ({ text }: { text: string }) => JSON.parse(text).code;

test('rows are of one moment, however long the file takes', async (t) => {
  const api = await testApi(t);
  await api.db.write((client) =>
    client.rows(
      `insert into revenue_events (id, customer_id, type, amount, currency, occurred_at, source, recorded_at, changed_at, changed_xid)
       select 'R' || lpad(n::text, 6, '0'), 'C', 'one_time', 100, 'EUR', now(), ${meta} from generate_series(1, 30000) n`,
    ),
  );
  let writes = 0;
  let isOver = false;
  // Takes from the first row what it gives to the last one, and never changes how many there are.
  const writer = (async () => {
    while (!isOver) {
      writes++;
      await api.db.write(async (client) => {
        await client.rows(
          `update revenue_events set amount = amount - 1, changed_xid = pg_current_xact_id() where id = 'R000001'`,
        );
        await client.rows(`update revenue_events set amount = amount + 1 where id = 'R030000'`);
        await client.rows(`update revenue_events set id = 'R1' where id = 'R000002'`);
        await client.rows(`update revenue_events set id = 'R000002' where id = 'R1' and ${writes} % 2 = 0`);
      });
    }
  })();
  const totals = new Set<string>();
  for (let round = 0; round < 3; round++) {
    const { status, text } = await download(api, `revenue_events.ndjson?columns=id,amount`);
    assert.equal(status, 200);
    const rows = linesOf(text);
    assert.equal(rows.length, 30_000);
    const ids = rows.map(({ id }) => String(id));
    assert.equal(new Set(ids).size, 30_000);
    assert.equal(
      rows.reduce((sum, { amount }) => sum + Number(amount), 0),
      3_000_000,
    );
    totals.add(String(rows[0]?.amount));
  }
  isOver = true;
  await writer;
  assert.ok(writes > 3 && totals.size > 1, 'the writer did not write');
});

test('what goes wrong is a problem, and nothing is left of the file', async (t) => {
  const { api, files, folder } = await started(t, { max_export_mb: 2 });

  await t.test('a file above the limit is refused with the cure', async () => {
    for (const format of ['csv', 'ndjson', 'parquet']) {
      const reply = await download(api, `responses.${format}`);
      assert.deepEqual([reply.status, reply.headers['content-type']], [413, 'application/problem+json'], reply.text);
      const { code, detail } = JSON.parse(reply.text);
      assert.equal(code, 'export_too_large');
      assert.match(detail, /larger than 2 MiB.*columns=.*from=, to=.*MAX_EXPORT_MB/);
      assert.equal((await download(api, `responses.${format}?columns=id,score`)).status, 200);
    }
    assert.equal(files().length, 3);
  });

  await t.test('files that together take more than twice the limit give way to new ones', async () => {
    const size = () => files().reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    for (let n = 0; n < 8; n++) {
      // About a quarter of the responses: one and a half MB.
      const reply = await download(
        api,
        `responses.csv?from=2020-01-0${n + 1}T00:00:00Z&to=2021-01-0${n + 1}T00:00:00Z`,
      );
      assert.equal(reply.status, 200);
      assert.ok(reply.bytes.length > 1_000_000);
      await until('there is room', () => size() <= 4 * 1024 ** 2);
    }
    assert.ok(files().length < 6);
  });

  await t.test('a connection that breaks while rows are read', async () => {
    const before = files().length;
    for (const format of ['csv', 'parquet'])
      await whileLocked(api, async () => {
        const asked = download(api, `responses.${format}?columns=id`);
        await until('it waits', async () => {
          const killed = await api.db.read((client) =>
            client.rows(
              `select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and wait_event_type = 'Lock'`,
            ),
          );
          return killed.length > 0;
        });
        const reply = await asked;
        assert.deepEqual([reply.status, codeOf(reply)], [503, 'database_unavailable']);
        assert.equal(files().length, before);
      });
  });

  await t.test('a query that fails', async () => {
    await api.db.write((client) => client.rows('alter table units rename column name to label'));
    for (const format of ['csv', 'parquet']) {
      const reply = await download(api, `units.${format}`);
      assert.deepEqual([reply.status, codeOf(reply)], [500, 'internal_error']);
      assert.doesNotMatch(reply.text, /label|select/);
    }
    await api.db.write((client) => client.rows('alter table units rename column label to name'));
    assert.equal((await download(api, 'units.csv')).status, 200);
  });

  await t.test('a disk that is full', async (t) => {
    const some = await open(join(folder, 'some'), 'w');
    await some.close();
    const write = t.mock.method(Object.getPrototypeOf(some), 'write', async () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
    const before = files().length;
    const reply = await download(api, 'surveys.csv');
    assert.deepEqual([reply.status, codeOf(reply), reply.headers['retry-after']], [503, 'storage_full', '60']);
    assert.equal(files().length, before);
    write.mock.restore();
    assert.equal((await download(api, 'surveys.csv')).status, 200);
  });

  assert.equal(api.db.stats().busy, 0);
});

test('files are made by few at a time, and by nobody for nobody', async (t) => {
  const { api, files, folder } = await started(t);
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = api.app.server.address() as AddressInfo;
  const open = (path: string) =>
    httpGet({ port, path: `/v1/exports/${path}`, headers: { authorization: `Bearer ${api.key}` }, agent: false });
  /** Those of the spool's files that this process has open. */
  const openFiles = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
      } catch {
        return false;
      }
    }).length;
  const isQuiet = () => api.db.stats().busy === 0 && (process.platform !== 'linux' || openFiles() === 0);
  const building = () => files().length;

  await t.test('twenty clients that go while they wait', async () => {
    await whileLocked(api, async () => {
      const sent: ClientRequest[] = [];
      for (let n = 0; n < 20; n++) {
        const request = open(n % 2 === 0 ? 'responses.csv' : 'responses.parquet');
        request.on('error', () => {});
        sent.push(request);
        if (n === 5) await until('both are being made', () => building() === 2 && api.db.stats().busy >= 3);
      }
      await until('all have come', () => sent.every(({ socket }) => (socket?.bytesWritten ?? 0) > 0));
      await sleep(50);
      const [last, ...others] = sent.reverse();
      for (const request of others) request.destroy();
      await until('the one that nobody waits for is given up', () => building() === 1 && api.db.stats().busy === 2);
      last?.destroy();
      await until('the other one is given up', () => building() === 0 && api.db.stats().busy === 1);
    });
    await until('nothing is held', isQuiet);
  });

  await t.test('one who waits gets the file though others have gone', async () => {
    let kept: Promise<IncomingMessage> | undefined;
    await whileLocked(api, async () => {
      const first = open('responses.csv?columns=id,score');
      first.on('error', () => {});
      await until('it is being made', () => building() === 1);
      const second = open('responses.csv?columns=id,score');
      kept = once(second, 'response').then(([reply]) => reply as IncomingMessage);
      await until('it has come', () => (second.socket?.bytesWritten ?? 0) > 0);
      await sleep(300);
      first.destroy();
      await sleep(50);
      assert.equal(building(), 1);
    });
    const reply = await kept;
    assert.equal(reply?.statusCode, 200);
    reply?.resume();
    await until('nothing is held', isQuiet);
    assert.equal(files().length, 1, 'both waited for one file');
  });

  await t.test('twenty downloads that are broken off', async () => {
    for (let n = 0; n < 20; n++) {
      const request = open(n % 2 === 0 ? 'responses.csv' : 'responses.ndjson');
      request.on('error', () => {});
      const [reply] = (await once(request, 'response')) as [IncomingMessage];
      assert.equal(reply.statusCode, 200);
      reply.on('error', () => {});
      await once(reply, 'data');
      request.destroy();
    }
    await until('nothing is held', isQuiet);
    assert.equal(files().length, 3);
  });

  await t.test('a third file at a time is refused to a key, and others are not', async () => {
    const made = await api.send('POST', '/v1/keys', { name: 'bi', scopes: ['read'] });
    const other = { authorization: `Bearer ${made.body.secret}` };
    let all: Promise<{ status: number }[]> | undefined;
    await whileLocked(api, async () => {
      const first = [download(api, 'responses.csv?columns=id'), download(api, 'responses.ndjson?columns=id')];
      await until('both are being made', () => building() === 5);
      const third = await download(api, 'responses.csv?columns=score');
      assert.deepEqual([third.status, codeOf(third)], [429, 'too_many_requests']);
      assert.equal(third.headers['retry-after'], '5');
      assert.equal((await download(api, 'surveys.csv', other)).status, 200);
      // One that is being made already costs nothing.
      const same = download(api, 'responses.csv?columns=id');
      all = Promise.all([...first, same]);
    });
    for (const { status } of (await all) ?? []) assert.equal(status, 200);
    assert.equal((await download(api, 'responses.csv?columns=score')).status, 200);
  });

  await t.test('when the service stops, what is being made is given up and no file stays', async () => {
    let asked: Promise<unknown> | undefined;
    await whileLocked(api, async () => {
      asked = download(api, 'responses.parquet?columns=id').catch(() => undefined);
      const before = building();
      await until('it is being made', () => building() > before);
      const closing = api.app.close();
      await Promise.all([closing, asked]);
      assert.deepEqual(files(), []);
    });
    assert.equal(api.db.stats().busy, 0);
  });
});

test('files are removed by age: what was not asked for lately, and what a process left behind', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mm-spool-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const names = {
    left: '00000000-0000-4000-8000-000000000001.csv',
    others: '00000000-0000-4000-8000-000000000002.parquet',
    foreign: 'notes.txt',
  };
  const longAgo = new Date(Date.now() - 2 * 3_600_000);
  await mkdir(folder, { recursive: true });
  for (const name of Object.values(names)) await writeFile(join(folder, name), 'x');
  for (const name of [names.left, names.foreign]) await utimes(join(folder, name), longAgo, longAgo);
  const api = await testApi(t);
  const spool = openSpool(api.db, { folder, max_bytes: 1e9, kept_ms: 0 });
  t.after(() => spool.close());
  await until('what was left behind is gone', () => !existsSync(join(folder, names.left)));
  assert.deepEqual(readdirSync(folder).sort(), [names.others, names.foreign].sort());

  const set: BiSet = {
    name: 'surveys',
    one: 'survey',
    role: 'dimension',
    description: '',
    relation: 'surveys',
    key: ['key'],
    columns: [],
  };
  const key = { name: 'key', kind: 'text', nullable: false, personal: false, description: '', sql: 't.key' } as const;
  const { handle, file } = await spool.obtain(
    { set, format: 'csv', dialect: undefined, columns: [key], conditions: [], parameters: [], is_limited: false },
    { key_id: 'k', gone: new AbortController().signal, method: 'GET', range: undefined, if_range: undefined },
  );
  assert.equal(await handle.readFile('utf8'), 'key\r\n');
  await handle.close();
  assert.equal(statSync(file.path).mode & 0o777, 0o600, 'nobody else may read it');
  await spool.clean();
  assert.ok(!existsSync(file.path));
});
