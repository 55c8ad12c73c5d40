/** Servers in front of the service, for tests of what it looks like from behind them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { TestContext } from 'node:test';
import type { Server } from '../../src/http/server.ts';

/** Starts a server on a free port of this machine, which ends with the test. */
export async function startFront(t: TestContext, handler: http.RequestListener): Promise<number> {
  const server = http.createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return portOf(server);
}

/** Makes the service listen on a free port. */
export async function listen(app: Server): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' });
  return portOf(app.server);
}

function portOf(server: http.Server): number {
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  return address.port;
}

/** Passes a request on, and tells the service nothing of the name that it was called by. */
export function forward(
  request: http.IncomingMessage,
  reply: http.ServerResponse,
  { port, path, headers = {} }: { port: number; path: string; headers?: Record<string, string> },
): void {
  const host = `127.0.0.1:${port}`;
  const passed = http.request(
    { port, path, host: '127.0.0.1', method: request.method, headers: { ...request.headers, host, ...headers } },
    (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(reply);
    },
  );
  passed.on('error', () => reply.destroy());
  request.pipe(passed);
}
