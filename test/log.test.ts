import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { Type } from 'typebox';
import { newLog } from '../src/http/logging.ts';
import { closed } from '../src/http/schemas.ts';
import { described } from './http/trial.ts';
import { testApi } from './support/api.ts';

/** Stands for every secret and all personal data that follow. */
const hush = 'hush';
const customer = `${hush}@example.com`;
const apiKey = `mm_${hush}0123456789`;

test('secrets and personal data never reach the log, wherever they are sent', async (t) => {
  const lines: string[] = [];
  const log_to = { write: (line: string) => void lines.push(line) };
  const api = await testApi(t, { log_to, config: { log_level: 'trace', public_url: undefined } });
  const { app, db, send, key } = api;
  const response = { 200: closed({ ok: Type.Boolean() }) };
  const faults: Record<string, () => Promise<unknown>> = {
    '/statement': () => db.read((client) => client.rows('select $1::text::int', [hush])),
    '/constraint': () =>
      db.write((client) =>
        client.script(`create temporary table one (word text unique); insert into one values ('${hush}'), ('${hush}')`),
      ),
    '/drizzle': () => db.read((client) => client.orm.execute(`select '${hush}'::int`)),
    '/json': async () => JSON.parse(`{"email": ${hush}}`),
    '/many-lines': async () => {
      throw new SyntaxError(`${hush}\n    at ${hush} (one.ts:1:1)`);
    },
    '/nested': async () => {
      throw new Error('A fault', { cause: new SyntaxError(`Unexpected ${hush}`) });
    },
  };
  for (const [path, fault] of Object.entries(faults))
    app.get(path, { config: { scope: 'public' }, schema: { ...described(), response } }, async () => {
      await fault();
      return { ok: true };
    });

  await api.facts('surveys', [{ key: 'nps', name: 'Would you recommend us?', kind: 'nps' }]);
  const facts = { id: hush, customer_id: customer, survey: 'nps', score: 9, answered_at: '2026-01-01T00:00:00Z' };
  const everywhere = {
    'x-request-id': apiKey,
    cookie: `session=${hush}`,
    'user-agent': hush,
    referer: `https://example.com/${hush}`,
    'x-forwarded-for': hush,
    traceparent: hush,
    'if-match': `"${hush}"`,
  };
  const text = { ...everywhere, 'content-type': 'application/json' };
  const statusOf = async (...request: Parameters<typeof send>) => (await send(...request)).status;
  assert.deepEqual(
    [
      await statusOf('POST', '/v1/responses', [{ ...facts, comment: hush }], everywhere),
      await statusOf('PUT', `/v1/customers/${customer}`, { name: hush, email: customer }, everywhere),
      await statusOf('GET', `/v1/customers/${customer}`, undefined, everywhere),
      await statusOf('GET', `/v1/responses?customer_id=${customer}`, undefined, everywhere),
      await statusOf('GET', `/v1/responses?word=${hush}&api_key=${apiKey}`, undefined, everywhere),
      await statusOf('GET', `/v1/keys/${hush}`, undefined, everywhere),
      await statusOf('POST', '/v1/responses', `{"comment": "${hush}"`, text),
      await statusOf('POST', '/v1/responses', [{ ...facts, [hush]: hush }], everywhere),
      await statusOf('POST', '/v1/responses', `id,${hush}\n"${hush}`, { ...text, 'content-type': 'text/csv' }),
      await statusOf('POST', '/v1/responses', hush, { ...text, 'content-type': `text/${hush}` }),
      await statusOf('POST', `/v1/${hush}`, {}, everywhere),
      await statusOf('DELETE', `/openapi.json?${hush}`, undefined, everywhere),
      await statusOf('GET', `/%ff${hush}`, undefined, everywhere),
      await statusOf('GET', `/v1/customers/${hush.repeat(400)}`, undefined, everywhere),
      await statusOf('GET', `/v1/surveys`, undefined, { authorization: `Bearer ${apiKey}` }),
      await statusOf('GET', `/v1/surveys`, undefined, { authorization: `Bearer ${hush}` }),
      await statusOf('GET', `/v1/surveys`, undefined, { authorization: hush }),
      await statusOf('DELETE', `/v1/customers/${customer}`, undefined, everywhere),
    ],
    [200, 201, 200, 200, 400, 400, 400, 422, 422, 415, 404, 405, 400, 414, 401, 401, 401, 204],
  );
  for (const path of Object.keys(faults)) assert.equal(await statusOf('GET', `${path}?${hush}`), 400, path);
  for (const path of Object.keys(faults)) assert.equal(await statusOf('GET', path, undefined, everywhere), 500, path);

  const address = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const socket = net.connect(Number(address.port), address.hostname).resume();
  socket.write(`GET /${hush} ${hush}\r\n${hush}\r\n\r\n`);
  await once(socket, 'close');

  const log = lines.join('');
  assert.ok(
    !log.includes(hush),
    lines.find((line) => line.includes(hush)),
  );
  assert.ok(!log.includes(key), 'the key is logged');
  const logged = lines.map((line) => JSON.parse(line));
  const requests = logged.filter(({ msg }) => msg === 'request');
  // Fastify refuses an address that is none, or too long, before there is a request: two of the nineteen.
  assert.equal(requests.length, 19 - 2 + 2 * Object.keys(faults).length);
  const { request_id, method, route, status, duration_ms, key: name, key_id } = requests[3];
  assert.deepEqual([method, route, status, name], ['GET', '/v1/customers/:id', 200, 'ADMIN_KEY']);
  assert.match(request_id, /^[0-9a-f-]{36}$/);
  assert.match(key_id, /^[0-9a-f-]{36}$/);
  assert.ok(duration_ms > 0);
  const failures = logged.filter(({ msg }) => msg === 'request failed');
  assert.equal(failures.length, Object.keys(faults).length);
  // Enough to find a fault by: what it was, and where.
  assert.deepEqual([failures[0].err.type, failures[0].err.code], ['PostgresError', '22P02']);
  assert.match(failures[3].err.stack, /^\s+at .*log\.test\.ts/m);
  assert.deepEqual([failures[5].err.message, failures[5].err.cause.type], ['A fault', 'SyntaxError']);
});

test('a process that answers no HTTP logs in the same way', async () => {
  const lines: string[] = [];
  const log = newLog({ log_level: 'warn', log_to: { write: (line) => void lines.push(line) } });
  const error = Object.assign(new Error(`invalid: ${hush}`), { name: 'PostgresError', code: '22P02', detail: hush });
  log.error({ err: error }, 'not refreshed');
  log.info({}, 'left out');
  assert.equal(lines.length, 1);
  const { msg, err } = JSON.parse(lines[0] ?? '');
  assert.deepEqual([msg, err.code, err.message], ['not refreshed', '22P02', '(not logged, it may hold data)']);
  assert.ok(!lines.join('').includes(hush));
});
