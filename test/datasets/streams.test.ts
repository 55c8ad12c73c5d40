import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Static } from 'typebox';
import type { Problem as ProblemSchema } from '../../src/http/schemas.ts';
import { type Api, testApi } from '../support/api.ts';
import { heldOpen } from './samples.ts';

const uncaught: unknown[] = [];
process.on('uncaughtExceptionMonitor', (error) => uncaught.push(error));

const event = (n: number) => ({
  id: `e${n}`,
  customer_id: `c${n % 100}`,
  type: 'renewed',
  reason: 'x'.repeat(120),
  occurred_at: '2026-01-01T00:00:00Z',
});
const line = (n: number) => `${JSON.stringify(event(n))}\n`;
const badLine = '{"id":"bad"}\n';
const path = '/v1/retention-events';

/** The service on a port of its own, and the sockets that it has. */
async function listening(t: TestContext) {
  const api = await testApi(t);
  const sockets: net.Socket[] = [];
  api.app.server.on('connection', (socket) => sockets.push(socket));
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  const [address] = api.app.addresses();
  assert.ok(typeof address === 'object');
  const headers = { authorization: `Bearer ${api.key}`, 'content-type': 'application/x-ndjson' };
  return { api, sockets, port: address.port, url: `http://127.0.0.1:${address.port}`, headers };
}

const countOf = async ({ db }: Api) => {
  const [row] = await db.read((client) => client.rows<{ n: number }>('select count(*) as n from retention_events'));
  return row?.n;
};

type Problem = Static<typeof ProblemSchema>;
const codeOf = async (answer: Response) => ((await answer.json()) as Problem).code;

/** Waits until the database is at rest: nothing is being written any more. */
async function untilIdle({ db }: Api) {
  for (let waited = 0; db.stats().busy > 0; waited += 20) {
    assert.ok(waited < 10_000, 'a connection is still in use');
    await sleep(20);
  }
}

/** Sends to the end before it looks at the answer, as many clients do; then asks again on the same connection. */
async function stubbornSender(port: number, head: string, body: Buffer) {
  const socket = net.connect(port, '127.0.0.1');
  let answers = '';
  socket.setEncoding('latin1').pause();
  const closed = once(socket, 'close');
  socket.on('error', () => undefined);
  socket.write(head);
  for (let at = 0; at < body.length; at += 65_536)
    if (!socket.write(body.subarray(at, at + 65_536)))
      await Promise.race([once(socket, 'drain'), closed, sleep(4_000)]);
  socket.on('data', (text) => {
    answers += text;
  });
  socket.resume();
  for (let waited = 0; !/\r\n\r\n.*}$/s.test(answers) && waited < 3_000; waited += 20) await sleep(20);
  const first = answers;
  answers = '';
  socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  await Promise.race([closed, sleep(3_000)]);
  socket.destroy();
  return { first, second: answers };
}

test('a sender that is refused early gets the answer, however it sends', async (t) => {
  const { port, url, headers, api } = await listening(t);
  const requestHead = (type: string, length: string) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.key}\r\ncontent-type: ${type}\r\n${length}\r\n\r\n`;
  const csvHead = 'id,customer_id,type,occurred_at\n';
  const csvRow = 'e1,c1,renewed,2026-01-01T00:00:00Z\n';
  const starts: [type: string, start: string, rest: string, code: string][] = [
    ['application/x-ndjson', badLine, line(1), 'rows_refused'],
    ['text/csv', `${csvHead}e0,c1,gone,2026-01-01T00:00:00Z\n`, csvRow, 'rows_refused'],
    ['text/csv', 'id,colour\n', csvRow, 'unknown_column'],
    ['text/csv', `${csvHead}e0,"c"1,renewed,2026-01-01T00:00:00Z\n`, csvRow, 'rows_refused'],
  ];
  for (const [type, start, rest, code] of starts)
    await t.test(`${type} ${code}`, async () => {
      const body = (bytes: number) => Buffer.from(start + rest.repeat(Math.ceil(bytes / rest.length)));

      const short = body(900_000);
      const kept = await stubbornSender(port, requestHead(type, `content-length: ${short.length}`), short);
      assert.match(kept.first, new RegExp(`^HTTP/1.1 422 .*"code":"${code}"`, 's'));
      assert.match(kept.second, /^HTTP\/1.1 200 /, 'the connection can be used again');

      const long = body(20_000_000);
      const counted = await stubbornSender(port, requestHead(type, `content-length: ${long.length}`), long);
      assert.match(counted.first, new RegExp(`^HTTP/1.1 422 .*"code":"${code}"`, 's'));

      const fetched = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': type },
        body: long,
      });
      assert.deepEqual([fetched.status, await codeOf(fetched)], [422, code]);

      // In pieces without a length, and never to the end.
      async function* endless() {
        yield new Uint8Array(Buffer.from(start));
        for (;;) {
          yield new Uint8Array(Buffer.from(rest.repeat(200)));
          await sleep(1);
        }
      }
      const streamed = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': type },
        body: endless(),
        duplex: 'half',
      } as unknown as RequestInit);
      assert.deepEqual([streamed.status, await codeOf(streamed)], [422, code]);
    });

  await t.test('curl', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'mm-curl-'));
    t.after(() => rm(folder, { recursive: true }));
    const file = join(folder, 'rows.ndjson');
    await writeFile(file, badLine + line(1).repeat(100_000));
    for (const how of [
      ['--data-binary', `@${file}`],
      ['-T', file, '-X', 'POST', '-H', 'transfer-encoding: chunked'],
    ]) {
      const args = [
        '-sS',
        '-w',
        '\n%{http_code}',
        `${url}${path}`,
        ...how,
        '-H',
        `authorization: Bearer ${api.key}`,
        '-H',
        'content-type: application/x-ndjson',
      ];
      const ran = await promisify(execFile)('curl', args).catch((error) => error);
      if (ran.code === 'ENOENT') return t.skip('curl is not installed');
      assert.equal(ran.stderr, '');
      assert.match(ran.stdout, /"code":"rows_refused".*\n422$/s);
    }
  });
  await untilIdle(api);
  assert.equal(await countOf(api), 0);
  assert.deepEqual(uncaught, []);
});

test('a JSON body of 100 MB is refused and kept nowhere', async (t) => {
  const { url, headers, api } = await listening(t);
  const body = Buffer.alloc(100_000_000, ' ');
  body.write('[');
  body.write(']', body.length - 1);
  const json = { ...headers, 'content-type': 'application/json' };
  async function* pieces() {
    for (let at = 0; at < body.length; at += 1_000_000) yield new Uint8Array(body.subarray(at, at + 1_000_000));
  }
  for (const init of [{ body }, { body: pieces(), duplex: 'half' }] as unknown as RequestInit[]) {
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers: json, ...init });
    const problem = (await answer.json()) as Problem;
    assert.deepEqual([answer.status, problem.code], [413, 'body_too_large']);
    assert.match(problem.detail, /10485760 bytes.*a stream where the route takes one/);
  }
  assert.equal(await countOf(api), 0);
});

test('of a stream whose connection breaks, whole batches are stored and nothing is left over', async (t) => {
  const { port, headers, api } = await listening(t);
  const cut = async (query: string, send: (request: http.ClientRequest) => Promise<void>) => {
    const request = http.request({ port, path: `${path}${query}`, method: 'POST', headers });
    request.on('error', () => undefined);
    await send(request);
    request.destroy();
    await sleep(200);
    await untilIdle(api);
  };
  const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => line(from + at)).join('');
  for (const [query, expected] of [
    ['?atomic=true', 0],
    ['', 10_000],
  ] as const) {
    await cut(query, async (request) => {
      request.write(rows(0, 10_000));
      request.write(rows(10_000, 11_000));
      request.write(line(11_000).slice(0, 20));
      await sleep(3_000);
    });
    assert.equal(await countOf(api), expected, query);
  }
  // Sent again it goes in whole, and what was there stays.
  const again = await api.send('POST', path, rows(0, 11_001), { 'content-type': 'application/x-ndjson' });
  assert.deepEqual([again.body.created, again.body.unchanged], [1_001, 10_000]);
  // Where the body is shorter than it says, the sender is told, if it still listens.
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: ${headers.authorization}\r\ncontent-type: application/x-ndjson\r\ncontent-length: 9999\r\n\r\n${line(20_000)}`,
  );
  socket.end();
  for await (const _ of socket);
  await untilIdle(api);
  assert.equal(await countOf(api), 11_001);
  assert.deepEqual(uncaught, []);
});

test('while the database is busy the sender is held back, and little is kept', async (t) => {
  const { port, headers, api, sockets } = await listening(t);
  const rows = 200_000;
  const lock = await heldOpen(api, (client) => client.rows('lock table retention_events in exclusive mode'));
  const request = http.request({ port, path, method: 'POST', headers });
  const answered = once(request, 'response') as Promise<[http.IncomingMessage]>;
  const offered = rows * line(0).length;
  const sending = (async () => {
    for (let n = 0; n < rows; n += 500) {
      const piece = Array.from({ length: 500 }, (_, at) => line(n + at)).join('');
      if (!request.write(piece)) await once(request, 'drain');
    }
    request.end();
  })();
  const taken = () => sockets.at(-1)?.bytesRead ?? 0;
  let before = -1;
  while (taken() === 0 || taken() !== before) {
    before = taken();
    await sleep(500);
  }
  // Two batches on their way, one being filled, and what the stream itself buffers.
  assert.ok(before > 10_000 * 150 && before < 16_000 * 250, `${before} of ${offered} bytes were taken`);
  assert.ok(offered > 8 * before);
  await lock.release();
  await sending;
  const [response] = await answered;
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  assert.equal(response.statusCode, 200, text);
  assert.equal(JSON.parse(text).created, rows);
  assert.equal(await countOf(api), rows);
});
