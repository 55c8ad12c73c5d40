import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Ajv } from 'ajv';
import { Type } from 'typebox';
import { conflict, unavailable } from '../../src/errors.ts';
import { closed, namedIn, Problem, ref } from '../../src/http/schemas.ts';
import type { Server, ServerOptions } from '../../src/http/server.ts';
import { as, described, trialServer } from './trial.ts';

const config = { scope: 'public' } as const;
const response = { 200: closed({ ok: Type.Boolean() }) };
const ok = async () => ({ ok: true });

const ajv = new Ajv();
for (const [id, schema] of namedIn(ref(Problem))) ajv.addSchema(schema, id);
const isProblem = ajv.getSchema('Problem');

/** Checks that an answer is a problem in full, and returns it. */
function problemIn(answer: { statusCode: number; headers: Record<string, unknown>; body: string }) {
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  const problem = JSON.parse(answer.body);
  assert.ok(isProblem?.(problem), answer.body);
  assert.equal(problem.status, answer.statusCode);
  assert.equal(problem.type, `/problems/${problem.code}`);
  assert.equal(problem.request_id, answer.headers['x-request-id']);
  return problem;
}

const addRoutes = (app: Server) => {
  const fails = (url: string, error: () => unknown) =>
    app.get(url, { config, schema: { ...described(), response } }, async () => {
      throw error();
    });
  fails('/conflict', () => conflict('in_use', 'It is in use.'));
  fails('/unavailable', () => unavailable('busy', 'Busy.', 7));
  fails('/bug', () => new TypeError('secret plan of field x'));
  fails('/no-error', () => 'secret plan');
  fails('/with-status', () => Object.assign(new Error('secret plan'), { statusCode: 418 }));
  fails('/database', () =>
    Object.assign(new Error('Failed query: select secret_column from t\nparams: secret plan'), {
      query: 'select secret_column from t',
      params: ['secret plan'],
      cause: Object.assign(new Error('duplicate key (secret plan)'), {
        name: 'PostgresError',
        code: '23505',
        constraint_name: 'responses_pkey',
        detail: 'Key (id)=(secret plan) already exists.',
      }),
    }),
  );
  app.get('/things/:id', { config, schema: { ...described(), params: closed({ id: Type.String() }), response } }, ok);
  app.delete(
    '/things/:id',
    { config, schema: { ...described(), params: closed({ id: Type.String() }), response } },
    ok,
  );
  app.post('/things', { config, schema: { ...described(), body: closed({ a: Type.String() }), response } }, ok);
  app.post('/locked', { config: { scope: 'ingest' }, schema: { ...described(), body: closed({}), response } }, ok);
};

const server = (t: TestContext, options?: Partial<ServerOptions>) => trialServer(t, addRoutes, options);

describe('problems', () => {
  it('tell what an ApiError says, with its headers', async (t) => {
    const app = await server(t);
    const conflicting = problemIn(await app.inject('/conflict'));
    assert.deepEqual(
      [conflicting.status, conflicting.title, conflicting.code, conflicting.detail, conflicting.errors],
      [409, 'Conflict', 'in_use', 'It is in use.', []],
    );
    const busy = await app.inject('/unavailable');
    assert.equal(problemIn(busy).status, 503);
    assert.equal(busy.headers['retry-after'], '7');
    assert.equal(busy.headers['cache-control'], 'no-store');
  });

  it('tell nothing of an unknown error, and the log nothing of statements and values', async (t) => {
    const lines: string[] = [];
    const app = await server(t, { log_level: 'info', log_to: { write: (line) => void lines.push(line) } });
    for (const path of ['/bug', '/no-error', '/database']) {
      const answer = await app.inject(path);
      assert.deepEqual([problemIn(answer).status, problemIn(answer).code], [500, 'internal_error']);
      assert.doesNotMatch(answer.body, /secret|select|23505/);
    }
    const log = lines.join('');
    const of = (path: string) =>
      lines.filter((line) => line.includes('request failed'))[['/bug', '/no-error', '/database'].indexOf(path)];
    assert.match(of('/bug') ?? '', /TypeError.*secret plan of field x.*error-handler\.test/);
    assert.match(of('/database') ?? '', /23505.*responses_pkey/);
    assert.doesNotMatch(of('/database') ?? '', /secret|select/);
    for (const line of log.trim().split('\n')) assert.ok(JSON.parse(line).request_id, line);
  });

  it('answer an unknown error with a status of its own without its message', async (t) => {
    const answer = await (await server(t)).inject('/with-status');
    assert.equal(problemIn(answer).status, 418);
    assert.doesNotMatch(answer.body, /secret/);
  });
});

describe('paths and methods', () => {
  it('without any route are 404, whatever the body', async (t) => {
    const app = await server(t);
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS', 'PROPFIND'] as const) {
      const payload = method === 'POST' ? '{nonsense' : undefined;
      const headers = { 'content-type': 'application/x-nonsense' };
      const answer = await app.inject({
        method: method as 'GET',
        url: '/nothing?key=1',
        headers,
        ...(payload && { payload }),
      });
      assert.deepEqual([problemIn(answer).status, problemIn(answer).code], [404, 'no_such_path'], method);
    }
  });

  it('with routes for other methods are 405 with Allow', async (t) => {
    const app = await server(t);
    const allow = async (method: 'PUT' | 'PATCH' | 'TRACE', url: string) => {
      const answer = await app.inject({ method: method as 'PUT', url });
      assert.equal(problemIn(answer).status, 405);
      return answer.headers.allow;
    };
    assert.equal(await allow('PUT', '/things/7?x=1'), 'GET, HEAD, DELETE, OPTIONS');
    assert.equal(await allow('PATCH', '/things'), 'POST, OPTIONS');
    assert.equal(await allow('TRACE', '/things/a%2Fb'), 'GET, HEAD, DELETE, OPTIONS');
  });

  it('tell their methods to OPTIONS without a key', async (t) => {
    const answer = await (await server(t)).inject({ method: 'OPTIONS', url: '/locked' });
    assert.deepEqual([answer.statusCode, answer.headers.allow, answer.body], [204, 'POST, OPTIONS', '']);
  });

  it('answer HEAD as GET, without the body', async (t) => {
    const app = await server(t);
    const [get, head] = [await app.inject('/things/7'), await app.inject({ method: 'HEAD', url: '/things/7' })];
    assert.deepEqual([head.statusCode, head.body], [200, '']);
    assert.equal(head.headers['content-length'], get.headers['content-length']);
  });
});

describe('requests on a socket', { timeout: 60_000 }, () => {
  const listen = async (t: TestContext) => {
    const app = await server(t);
    await app.listen({ host: '127.0.0.1', port: 0 });
    const [address] = app.addresses();
    assert.ok(typeof address === 'object');
    return address.port;
  };

  /** Sends a text and reads until the server closes. */
  async function exchange(port: number, text: string) {
    const socket = net.connect(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (data) => (answer += data));
    socket.write(text);
    await once(socket, 'close');
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    const [first = '', ...lines] = head.split('\r\n');
    const headers: Record<string, string> = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
    );
    return { statusCode: Number(first.split(' ')[1]), headers, body };
  }

  it('whose headers are too large get 431', async (t) => {
    const port = await listen(t);
    const answer = await exchange(port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`);
    assert.deepEqual([problemIn(answer).status, problemIn(answer).code], [431, 'headers_too_large']);
    assert.equal(answer.headers.connection, 'close');
  });

  it('that are not HTTP get 400', async (t) => {
    const port = await listen(t);
    for (const text of ['NONSENSE\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'])
      assert.equal(problemIn(await exchange(port, text)).status, 400);
  });

  it('that Node would refuse without a word get a problem', async (t) => {
    const port = await listen(t);
    const expectation = 'POST /things HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\nConnection: close\r\n\r\n';
    for (const [text, status, code] of [
      ['GET /things/7 HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'host_missing'],
      [expectation, 417, 'expectation_unknown'],
      ['GET /things/\u00fc HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'bad_url'],
    ] as const)
      assert.deepEqual([problemIn(await exchange(port, text)).code, status], [code, status]);
    // HTTP/1.0 knows no Host.
    assert.equal((await exchange(port, 'GET /things/7 HTTP/1.0\r\n\r\n')).statusCode, 200);
  });

  it('that take too long to arrive get 408', async (t) => {
    const app = await server(t);
    await app.listen({ host: '127.0.0.1', port: 0 });
    const [address] = app.addresses();
    assert.ok(typeof address === 'object');
    // As Node tells it after twenty seconds of a header that trickles in.
    const late = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    app.server.once('connection', (socket) => socket.once('data', () => app.server.emit('clientError', late, socket)));
    const answer = await exchange(address.port, 'GET / HT');
    assert.deepEqual([problemIn(answer).status, problemIn(answer).code], [408, 'request_timeout']);
  });

  it('with a body that is too large get 413, also where the client sends to the end before it reads', async (t) => {
    const port = await listen(t);
    const chunk = 'x'.repeat(64 * 1024);
    for (const size of [20_000_000, 2_000_000_000])
      for (const coding of [`Content-Length: ${size}`, 'Transfer-Encoding: chunked']) {
        const socket = net.connect(port, '127.0.0.1');
        socket.on('error', () => {}); // The server hangs up on the large one.
        let answer = '';
        socket.setEncoding('utf8').pause();
        socket.write(`POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${coding}\r\n\r\n`);
        const piece = coding.startsWith('T') ? `10000\r\n${chunk}\r\n` : chunk;
        const sent = new Promise((resolve) => {
          const send = () => {
            while (socket.writable && socket.bytesWritten < size) if (!socket.write(piece)) return;
            resolve(undefined);
          };
          socket.on('drain', send).on('close', resolve);
          send();
        });
        // A client that sends without end reads beside it, or would never know.
        if (size === 20_000_000) await sent;
        socket.on('data', (data) => (answer += data)).resume();
        await sent;
        while (size === 20_000_000 && !answer.includes('}')) await once(socket, 'data');
        socket.destroy();
        assert.match(answer, /^HTTP\/1\.1 413 .*"code":"body_too_large"/s, coding);
        assert.match(answer, /10485760 bytes/);
        assert.ok(socket.bytesWritten < 200_000_000, `${socket.bytesWritten} bytes were taken`);
      }
  });

  it('that are refused for their key get the answer before their body was sent', async (t) => {
    const port = await listen(t);
    const answer = await exchange(
      port,
      'POST /locked HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90000000\r\n\r\n{"a":',
    );
    assert.equal(problemIn(answer).status, 401);
  });

  it('with a good key and a small body are served', async (t) => {
    const port = await listen(t);
    const answer = await fetch(`http://127.0.0.1:${port}/locked`, {
      method: 'POST',
      headers: { ...as('ingest'), 'content-type': 'application/json' },
      body: '{}',
    });
    assert.deepEqual([answer.status, await answer.json()], [200, { ok: true }]);
  });
});
