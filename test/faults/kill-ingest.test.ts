import assert from 'node:assert/strict';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbedded } from '../../src/db/embedded.ts';
import { type Database, openDatabase } from '../../src/db/pool.ts';
import { verify } from '../../src/outcomes/verify.ts';
import { bounded } from '../support/embedded.ts';
import { freePort, removeFolder, type ServiceProcess, startProcess } from '../support/service.ts';

const ADMIN_KEY = 'admin-key-for-tests-only-0123456789';
const kills = 4;
const day = (n: number) => new Date(Date.UTC(2024, 0, 1 + n)).toISOString();

/** One request that is repeated until it is acknowledged, and what is to be there afterwards. */
interface Batch {
  path: string;
  type: 'application/json' | 'application/x-ndjson';
  rows: { id: string }[];
}

const payment = (n: number, amount: number) => ({
  id: `p${n}`,
  customer_id: `c${n % 500}`,
  type: 'one_time',
  amount: `${amount}.25`,
  currency: 'EUR',
  occurred_at: day(n % 600),
});
const answer = (n: number, score: number) => ({
  id: `r${n}`,
  customer_id: `c${n % 500}`,
  survey: 'nps',
  score,
  answered_at: day(n % 300),
});

/** The batches of one client: new payments in streams, new answers in lists, and corrections of what it sent before. */
function* batchesOf(client: number): Generator<Batch> {
  const first = client * 1_000_000;
  for (let round = 0; ; round++) {
    const from = first + round * 6_000;
    const numbers = (length: number) => Array.from({ length }, (_, at) => from + at);
    yield {
      path: 'revenue-events',
      type: 'application/x-ndjson',
      rows: numbers(6_000).map((n) => payment(n, n % 100)),
    };
    yield { path: 'responses', type: 'application/json', rows: numbers(300).map((n) => answer(n, n % 11)) };
    yield { path: 'responses', type: 'application/json', rows: numbers(100).map((n) => answer(n, (n + round) % 11)) };
    yield { path: 'revenue-events', type: 'application/json', rows: numbers(500).map((n) => payment(n, 1_000)) };
  }
}

const body = ({ type, rows }: Batch) =>
  type === 'application/json' ? JSON.stringify(rows) : rows.map((row) => JSON.stringify(row)).join('\n');

test('kill -9 in the middle of ingest loses, halves and doubles nothing that was acknowledged', bounded, async (t) => {
  const data_dir = await mkdtemp(join(tmpdir(), 'mm-kill-'));
  const port = await freePort();
  const env = { PORT: port, DATA_DIR: data_dir, ADMIN_KEY };
  let service: ServiceProcess = await startProcess(env);
  let afterwards: { db: Database; stop(): Promise<void> } | undefined;
  t.after(async () => {
    await service.end('SIGTERM');
    await afterwards?.db.close();
    await afterwards?.stop();
    await removeFolder(data_dir);
  });
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const survey = await fetch(`${service.url}/v1/surveys/nps`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'NPS', kind: 'nps' }),
  });
  assert.equal(survey.status, 201);
  const postgresPid = async () =>
    Number((await readFile(join(data_dir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);
  const pid = await postgresPid();

  const expected = new Map<string, object>();
  const seen = { acknowledged: 0, broken: 0 };
  let sending = true;
  const client = async (number: number) => {
    for (const batch of batchesOf(number)) {
      if (!sending) return;
      for (let acknowledged = false; !acknowledged; ) {
        const reply = await fetch(`${service.url}/v1/${batch.path}`, {
          method: 'POST',
          headers: { ...headers, 'content-type': batch.type },
          body: body(batch),
        })
          .then(async (response) => ({ status: response.status, text: await response.text() }))
          .catch(() => undefined);
        if (reply === undefined || reply.status >= 500) {
          seen.broken++;
          await sleep(50);
          continue;
        }
        assert.equal(reply.status, 200, reply.text);
        const { received, created, updated, unchanged } = JSON.parse(reply.text);
        assert.deepEqual([received, created + updated + unchanged], [batch.rows.length, batch.rows.length]);
        acknowledged = true;
        seen.acknowledged++;
      }
      for (const row of batch.rows) expected.set(row.id, row);
    }
  };
  const clients = Promise.all([0, 1, 2].map(client));

  for (let kill = 0; kill < kills; kill++) {
    await sleep(200 + Math.random() * 1_500);
    await service.end('SIGKILL');
    service = await startProcess(env);
    assert.equal(await postgresPid(), pid, 'the server that was left behind is taken over');
  }
  await sleep(500);
  sending = false;
  await clients;
  assert.ok(seen.broken >= kills && seen.acknowledged > 10, JSON.stringify(seen));
  await service.end('SIGTERM');

  const server = await startEmbedded({ data_dir });
  const db = openDatabase(server.connection);
  afterwards = { db, stop: () => server.stop() };
  assert.notEqual(await postgresPid(), pid, 'the service ended the server that it took over');
  const stored = await db.read((client) =>
    client.rows<{ id: string; row: object }>(
      `select id, json_build_object('id', id, 'customer_id', customer_id, 'type', type, 'amount', amount::text,
         'currency', currency, 'occurred_at', to_char(occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as row from revenue_events
       union all
       select id, json_build_object('id', id, 'customer_id', customer_id, 'survey', survey, 'score', score,
         'answered_at', to_char(answered_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) from responses`,
    ),
  );
  assert.equal(stored.length, expected.size);
  for (const { id, row } of stored) assert.deepEqual(row, expected.get(id));
  const verified = await verify(db);
  assert.ok(verified.some(({ table, rows }) => table === 'response_outcomes' && rows > 0));
  assert.deepEqual(
    verified.filter(({ differences }) => differences > 0),
    [],
  );
});
