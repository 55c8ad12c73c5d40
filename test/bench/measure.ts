import { type ChildProcess, spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';

/** A line of the printed table. */
export interface Line {
  what: string;
  measured: string;
  against: string;
  ratio: number | null;
  aim: string;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Seconds that some work takes. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/**
 * Runs works in turn (A B C A B C ...), so that a machine whose speed drifts treats them alike.
 * @returns the median seconds of each, and of each the ratio of the first one's time to its own, pair by pair.
 */
export async function inTurn(rounds: number, works: Record<string, () => Promise<unknown>>) {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(works).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, work] of Object.entries(works)) times[name]?.push(await seconds(work));
  const [base = ''] = Object.keys(works);
  return Object.fromEntries(
    Object.entries(times).map(([name, own]) => [
      name,
      { seconds: median(own), share: median(own.map((one, at) => (times[base]?.[at] ?? Number.NaN) / one)) },
    ]),
  );
}

/** A program of ours in a process of its own, once it has printed where it listens. */
export async function startProcess(
  file: string,
  env: Record<string, string>,
): Promise<{ url: string; child: ChildProcess; stop(): Promise<void> }> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    const listen = (chunk: Buffer) => {
      said += chunk.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (found) resolve(found[0]);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', () => reject(new Error(`${file} ended: ${said}`)));
  });
  return {
    url,
    child,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Sends one request and reads the whole answer; throws unless it is a 2xx. */
export function ask(
  agent: Agent,
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: Buffer } = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options;
    const sent = request(
      url,
      { agent, method, headers: { ...headers, ...(body && { 'content-length': String(body.length) }) } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const text = Buffer.concat(chunks);
          if ((answer.statusCode ?? 500) < 300) resolve(text);
          else reject(new Error(`${method} ${url}: ${answer.statusCode} ${text.toString().slice(0, 500)}`));
        });
        answer.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Runs `work(0 .. count - 1)` with so many at once. */
export async function inParallel(count: number, atOnce: number, work: (at: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) await work(next++);
    }),
  );
}

export const keepAlive = (sockets: number) => new Agent({ keepAlive: true, maxSockets: sockets });

export const ratio = (value: number) => (Number.isFinite(value) ? Number(value.toFixed(2)) : null);
export const time = (value: number) => (value < 1 ? `${(1000 * value).toFixed(1)} ms` : `${value.toFixed(2)} s`);
export const rate = (count: number, seconds: number) => `${Math.round(count / seconds).toLocaleString('en-US')}/s`;
