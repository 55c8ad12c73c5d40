/** A receiver of webhooks on loopback that answers as its path says, well or badly. */
import { once } from 'node:events';
import http from 'node:http';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cidr } from '../../src/config.ts';

export interface Received {
  path: string;
  headers: Record<string, string>;
  body: string;
  at: number;
}

export interface Receiver {
  /** The address of a path of it. */
  at(path: string): string;
  received: Received[];
  /** What was received on a path. */
  on(path: string): Received[];
  /** Answers a path from now on. */
  answer(path: string, how: Answer): void;
  /** How many requests had no answer yet at the same time, at most, by path. */
  most_at_once: Map<string, number>;
}

type Answer = (response: http.ServerResponse, request: http.IncomingMessage) => void;

/** Writes a text to the connection byte by byte, as slowly as it can be borne. */
const trickle = (response: http.ServerResponse, text: string, every_ms: number) => {
  const { socket } = response;
  let at = 0;
  const timer = setInterval(() => {
    if (socket === null || socket.destroyed || at >= text.length) clearInterval(timer);
    else socket.write(text[at++] ?? '');
  }, every_ms);
};

/** What the receiver does on paths that begin so. */
const usual: Record<string, Answer> = {
  '/ok': (response) => response.writeHead(200).end('thank you'),
  '/500': (response) => response.writeHead(500).end('out of order\u0000\u0007'),
  '/410': (response) => response.writeHead(410).end(),
  '/301': (response) => response.writeHead(301, { location: '/ok' }).end(),
  '/hangs': () => {},
  '/trickles-head': (response) => trickle(response, `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(1_000)}\r\n\r\n`, 20),
  '/trickles-body': (response) => {
    response.writeHead(200, { 'content-length': 100_000 }).write('slowly');
    trickle(response, 'x'.repeat(1_000), 20);
  },
  '/floods': (response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
      response.once('drain', more);
    };
    more();
  },
  '/bombs-head': (response) => response.writeHead(200, { x: 'x'.repeat(20_000) }).end(),
  '/goes-on': (response) => {
    const more = () => {
      while (!response.destroyed && response.socket?.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)));
      response.socket?.once('drain', more);
    };
    more();
  },
  '/switches': (response) => response.writeHead(101, { connection: 'upgrade', upgrade: 'x' }).end(),
  '/no-http': (response) => response.socket?.end('SSH-2.0-OpenSSH\r\n'),
  '/resets': (response) => response.socket?.resetAndDestroy(),
  '/closes': (response) => response.socket?.end(),
  '/cut-short': (response) => {
    response.writeHead(200, { 'content-length': 100 }).write('begun');
    setTimeout(() => response.destroy(), 20);
  },
};

export const loopback: Cidr[] = [{ address: '127.0.0.0', prefix: 8, family: 'ipv4' }];

/** Starts a receiver for one test. */
export async function startReceiver(t: TestContext): Promise<Receiver> {
  const received: Received[] = [];
  const answers = new Map<string, Answer>(Object.entries(usual));
  const open = new Map<string, number>();
  const most_at_once = new Map<string, number>();
  const server = http.createServer(async (request, response) => {
    const path = request.url ?? '';
    const count = (change: number) => {
      open.set(path, (open.get(path) ?? 0) + change);
      most_at_once.set(path, Math.max(most_at_once.get(path) ?? 0, open.get(path) ?? 0));
    };
    count(1);
    response.on('close', () => count(-1));
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    received.push({ path, headers: request.headers as Record<string, string>, body, at: Date.now() });
    const how = answers.get(path) ?? [...answers].find(([begin]) => path.startsWith(begin))?.[1];
    if (how) how(response, request);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The receiver has no port.');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    at: (path) => `http://127.0.0.1:${address.port}${path}`,
    received,
    on: (path) => received.filter((one) => one.path === path),
    answer: (path, how) => answers.set(path, how),
    most_at_once,
  };
}

/** Waits until something holds; thirty seconds at most. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await holds()); await sleep(10))
    if (Date.now() > end) throw new Error(`It took too long until ${what}.`);
}
