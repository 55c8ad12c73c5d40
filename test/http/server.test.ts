import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from 'typebox';
import { addHealth } from '../../src/http/health.ts';
import { closed } from '../../src/http/schemas.ts';
import type { ServerOptions } from '../../src/http/server.ts';
import { described, trialServer } from './trial.ts';

/** A promise that is resolved from outside. */
function signal() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve: () => resolve() };
}

const config = { scope: 'public' } as const;
const response = { 200: closed({ ok: Type.Boolean() }) };

describe('request ids', () => {
  const server = (t: TestContext, options: Partial<ServerOptions> = {}) =>
    trialServer(
      t,
      (app) =>
        app.get(
          '/log',
          { config, schema: { ...described(), response, querystring: closed({ word: Type.Optional(Type.String()) }) } },
          async (request) => {
            request.log.warn('from the handler');
            return { ok: true };
          },
        ),
      options,
    );

  it('of callers are echoed where they are sane, else new ones are made', async (t) => {
    const app = await server(t);
    const echoed = async (id?: string) =>
      String(
        (await app.inject({ url: '/log', headers: id === undefined ? {} : { 'x-request-id': id } })).headers[
          'x-request-id'
        ],
      );
    for (const id of ['abc-123', 'a'.repeat(128), 'req_1.2:3/4+5=6']) assert.equal(await echoed(id), id);
    const made = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    for (const id of [undefined, '', 'a'.repeat(129), 'a b', 'ä', '"><script>', 'mm_0123456789abcdef'])
      assert.match(await echoed(id), made);
    assert.notEqual(await echoed(), await echoed());
  });

  it('stand in every line of the log, with the ids of a traceparent', async (t) => {
    const lines: string[] = [];
    const app = await server(t, { log_level: 'info', log_to: { write: (line) => void lines.push(line) } });
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await app.inject({ url: '/log', headers: { 'x-request-id': 'one', traceparent } });
    await app.inject({ url: '/log', headers: { 'x-request-id': 'two', traceparent: 'nonsense' } });
    const logged = lines.map((line) => JSON.parse(line));
    assert.deepEqual(
      logged.map(({ request_id, trace_id, parent_id, msg }) => [request_id, trace_id, parent_id, msg]),
      [
        ['one', '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', 'from the handler'],
        ['one', '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', 'request'],
        ['two', undefined, undefined, 'from the handler'],
        ['two', undefined, undefined, 'request'],
      ],
    );
  });
});

describe('every answer', () => {
  it('forbids guessing and keeping', async (t) => {
    const app = await trialServer(t, (app) =>
      app.get('/a', { config, schema: { ...described(), response } }, async () => ({ ok: true })),
    );
    for (const url of ['/a', '/nothing', '/%ff']) {
      const { headers } = await app.inject(url);
      assert.deepEqual([headers['x-content-type-options'], headers['cache-control']], ['nosniff', 'no-store'], url);
    }
  });
});

describe('health', () => {
  it('is alive while the process answers, and ready while the database does', async (t) => {
    let reachable = true;
    const app = await trialServer(t, (app) =>
      addHealth(app, async () => {
        if (!reachable) throw new Error('no database');
      }),
    );
    assert.deepEqual((await app.inject('/health/ready')).json(), { status: 'ok' });
    reachable = false;
    const unready = await app.inject('/health/ready');
    assert.deepEqual([unready.statusCode, unready.json().code], [503, 'not_ready']);
    assert.equal((await app.inject('/health/live')).statusCode, 200);
  });
});

describe('time limits', () => {
  it('are set so that a header may not trickle in, and a stream may take its time', async (t) => {
    const { server } = await trialServer(t, () => {});
    assert.ok(server.headersTimeout > 0 && server.headersTimeout < server.requestTimeout);
    assert.ok(server.headersTimeout <= 30_000);
    assert.ok(server.requestTimeout >= 10 * 60_000);
  });
});

describe('closing', { timeout: 30_000 }, () => {
  it('finishes what runs, refuses new requests on open connections, and tells clients to go', async (t) => {
    const started = signal();
    const proceed = signal();
    const app = await trialServer(t, (app) => {
      app.get('/slow', { config, schema: { ...described(), response } }, async () => {
        started.resolve();
        await proceed.promise;
        return { ok: true };
      });
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const [address] = app.addresses();
    assert.ok(typeof address === 'object');
    const socket = net.connect(address.port, '127.0.0.1').setEncoding('utf8');
    let received = '';
    socket.on('data', (data) => (received += data));
    socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    await started.promise;
    const closed = app.close();
    await sleep(20);
    await assert.rejects(fetch(`http://127.0.0.1:${address.port}/slow`));
    proceed.resolve();
    await Promise.all([closed, once(socket, 'close')]);
    assert.match(received, /^HTTP\/1\.1 200 .*connection: close.*\{"ok":true\}$/is);
  });

  it('answers a request that was already on its way with a 503 problem', async (t) => {
    const begun = signal();
    const proceed = signal();
    const app = await trialServer(t, (app) => {
      app.get('/slow', { config, schema: { ...described(), response } }, async () => {
        begun.resolve();
        await proceed.promise;
        return { ok: true };
      });
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const [address] = app.addresses();
    assert.ok(typeof address === 'object');
    const port = address.port;
    const busy = fetch(`http://127.0.0.1:${port}/slow`);
    await begun.promise;
    const socket = net.connect(port, '127.0.0.1').setEncoding('utf8');
    let received = '';
    socket.on('data', (data) => (received += data));
    socket.write('GET /slow HTTP/1.1\r\nHo'); // Half a request, so the connection is not idle.
    await sleep(20);
    const closing = app.close();
    await sleep(20);
    socket.write('st: x\r\n\r\n');
    await once(socket, 'close');
    proceed.resolve();
    assert.match(received, /^HTTP\/1\.1 503 .*"code":"stopping"/s);
    for (const header of ['connection: close', 'retry-after: 1', 'content-type: application/problem+json'])
      assert.ok(received.toLowerCase().includes(`\r\n${header}\r\n`), header);
    assert.equal((await busy).status, 200);
    await closing;
  });

  it('does not wait for a connection that was opened and never used', async (t) => {
    const app = await trialServer(t, () => {});
    await app.listen({ host: '127.0.0.1', port: 0 });
    const [address] = app.addresses();
    assert.ok(typeof address === 'object');
    const socket = net.connect(address.port, '127.0.0.1');
    await once(socket, 'connect');
    const begun = Date.now();
    await Promise.all([app.close(), once(socket, 'close')]);
    assert.ok(Date.now() - begun < 5_000, `closing took ${Date.now() - begun} ms`);
  });

  it('cuts what is not finished after ten seconds: heads that trickle in, and long streams', async (t) => {
    const begun = signal();
    const app = await trialServer(t, (app) => {
      app.get('/slow', { config, schema: { ...described(), response } }, async () => {
        begun.resolve();
        await sleep(60_000, undefined, { ref: false });
        return { ok: true };
      });
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const [address] = app.addresses();
    assert.ok(typeof address === 'object');
    const sockets = ['GET /slow HTTP/1.1\r\nHo', 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n'].map((head) => {
      const socket = net.connect(address.port, '127.0.0.1').resume();
      socket.write(head);
      return socket;
    });
    await begun.promise;
    const start = Date.now();
    await Promise.all([app.close(), ...sockets.map((socket) => once(socket, 'close'))]);
    const took = Date.now() - start;
    assert.ok(took > 9_000 && took < 15_000, `closing took ${took} ms`);
  });
});
