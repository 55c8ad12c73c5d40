import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { testDatabase } from '../support/database.ts';
import { freePort, startProcess } from '../support/service.ts';
import { type Held, heldCommits } from './held-commits.ts';

const ADMIN_KEY = 'admin-key-for-tests-only-0123456789';

/** A request that makes something, and how many of it there are: rows, entries in the audit log, events. */
interface Request {
  path: string;
  body: object;
  idempotency_key: string;
  countSql: string;
}

/** Requests for a name that nobody else uses: with a key of the caller's, with an id of ours, and with an event. */
const requestsFor = (name: string): Request[] => {
  const counted = (rows: string, noun: string, key: string, events: string) =>
    `select (select count(*) from ${rows})::int4 as rows, (${events})::int4 as events,
       (select count(*) from audit_log where noun = '${noun}' and action = 'created' and key in (${key}))::int4 as entries`;
  const none = 'select 0';
  return [
    {
      path: '/v1/moments',
      body: { key: name, name: 'A moment' },
      idempotency_key: `moment-${name}`,
      countSql: counted(`moments where key = '${name}'`, 'moment', `'${name}'`, none),
    },
    {
      path: '/v1/suggestions',
      body: { text: `Do ${name}.` },
      idempotency_key: `suggestion-${name}`,
      countSql: counted(
        `suggestions where text = 'Do ${name}.'`,
        'suggestion',
        `select id::text from suggestions where text = 'Do ${name}.'`,
        none,
      ),
    },
    {
      path: '/v1/follow-ups',
      body: { customer_id: name },
      idempotency_key: `follow-up-${name}`,
      countSql: counted(
        `follow_ups where customer_id = '${name}'`,
        'follow_up',
        `select id::text from follow_ups where customer_id = '${name}'`,
        `select count(*) from events where type = 'follow_up.opened' and data ->> 'customer_id' = '${name}'`,
      ),
    },
  ];
};

test('kill -9 around a commit: the request that is repeated is answered, and makes one', {
  timeout: 120_000,
}, async (t) => {
  const { db, connection } = await testDatabase(t);
  const way = await heldCommits(t, connection);
  const data_dir = await mkdtemp(join(tmpdir(), 'mm-kill-'));
  const env = { PORT: await freePort(), DATA_DIR: data_dir, ADMIN_KEY, DATABASE_URL: way.url };
  let service = await startProcess(env);
  t.after(async () => {
    await service.end('SIGTERM');
    await rm(data_dir, { recursive: true, force: true });
  });
  const send = async ({ path, body, idempotency_key }: Request) => {
    const reply = await fetch(`${service.url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${ADMIN_KEY}`,
        'content-type': 'application/json',
        'idempotency-key': idempotency_key,
      },
      body: JSON.stringify(body),
    });
    const { status, headers } = reply;
    const text = await reply.text();
    assert.equal(status, 201, text);
    return { location: headers.get('location'), replayed: headers.get('idempotent-replayed'), text };
  };
  const countsOf = async ({ countSql }: Request) => {
    const [found] = await db.read((client) => client.rows<Record<string, number>>(countSql));
    return { ...found };
  };
  const keptAnswers = async ({ idempotency_key }: Request) =>
    (
      await db.read((client) =>
        client.rows('select from idempotent_answers where idempotency_key = $1', [idempotency_key]),
      )
    ).length;
  const one = ({ path }: Request) => ({ rows: 1, events: path === '/v1/follow-ups' ? 1 : 0, entries: 1 });
  const nothing = { rows: 0, events: 0, entries: 0 };

  /** Sends requests, kills the service when each has come to its commit, and starts it again. Nobody has an answer. */
  const killAt = async (requests: Request[], held: Held) => {
    const reached = requests.map(({ idempotency_key }) => way.hold(idempotency_key, held));
    const answers = requests.map((request) =>
      send(request).then(
        () => 'answered',
        () => 'broken',
      ),
    );
    await Promise.all(reached);
    const meanwhile = await Promise.race([...answers, sleep(50, 'waiting')]);
    assert.equal(meanwhile, 'waiting');
    await service.end('SIGKILL');
    assert.deepEqual(
      await Promise.all(answers),
      requests.map(() => 'broken'),
    );
    // The server notices that its clients are gone.
    const open = () =>
      db.read((client) =>
        client.rows(
          `select from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
        ),
      );
    while ((await open()).length > 0) await sleep(10);
    service = await startProcess(env);
  };

  for (const name of ['before', 'after'])
    await db.write((client) =>
      client.rows(`insert into customers (id, attributes, source) values ($1, '{}', 'crm')`, [name]),
    );

  // Before the commit: nothing is there, and the request is done when it is repeated.
  const before = requestsFor('before');
  await killAt(before, 'commit');
  for (const request of before) {
    assert.deepEqual([await countsOf(request), await keptAnswers(request)], [nothing, 0], request.path);
    const made = await send(request);
    assert.equal(made.replayed, null);
    assert.deepEqual([await countsOf(request), await keptAnswers(request)], [one(request), 1], request.path);
    assert.deepEqual(await send(request), { ...made, replayed: 'true' });
  }

  // Between the commit and the answer: it is there, and told as it was made.
  const after = requestsFor('after');
  await killAt(after, 'answer');
  for (const request of after) {
    assert.deepEqual([await countsOf(request), await keptAnswers(request)], [one(request), 1], request.path);
    const told = await send(request);
    assert.equal(told.replayed, 'true');
    assert.deepEqual([await countsOf(request), await keptAnswers(request)], [one(request), 1], request.path);
    assert.deepEqual(await send(request), told);
    const read = await fetch(`${service.url}${told.location}`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    assert.deepEqual(await read.json(), JSON.parse(told.text));
  }
});
