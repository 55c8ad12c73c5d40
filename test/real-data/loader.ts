import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { buildApp } from '../../src/app.ts';
import type { Database } from '../../src/db/pool.ts';
import { ensureFirstKey } from '../../src/keys/ensure-first-key.ts';
import { keysIn } from '../../src/keys/find-key.ts';
import { verify } from '../../src/outcomes/verify.ts';
import { startWorker } from '../../src/worker.ts';
import { testDatabase } from '../support/database.ts';

// Published data sets that are not ours to give away; whoever has them keeps them beside the checkout.
const dataFolder = fileURLToPath(new URL('../../../shared/data', import.meta.url));

/** For the option `skip` of a test: why it cannot run, or false where the data set is there. */
export const missing = (name: string): string | false =>
  existsSync(join(dataFolder, name)) ? false : `the data set ${name} is not in ../shared/data`;

export const readText = (name: string, file: string): string => readFileSync(join(dataFolder, name, file), 'utf8');

/** The rows of a CSV with a header; names and cells without the blanks around them. */
export const readCsv = (name: string, file: string): Record<string, string>[] =>
  parse(readText(name, file), {
    bom: true,
    columns: (names: string[]) => names.map((one, at) => one.trim() || `column_${at}`),
    trim: true,
    skip_empty_lines: true,
  });

export type Cells = Record<string, string | number | null>;

/** What became of rows that were sent. */
export interface Report {
  received: number;
  created: number;
  updated: number;
  unchanged: number;
  rejected: number;
  errors: { row: number; pointer: string; code: string; detail: string; value?: unknown }[];
}

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever an answer holds, and compare it with what they expect.
export type Row = Record<string, any>;

/** An answer to a question. */
export interface Answer {
  reads_as: string;
  parameters: Row;
  data: Row[];
  comparisons: Row[];
  left_out: { reason: string; responses: number }[];
  fresh: { complete_through: string | null; pending: number; refreshed_at: string | null };
  method: string;
  warnings: string[];
}

/** The service, listening, with its worker; reached over HTTP only. `db` is for plain SQL over the raw facts. */
export interface Service {
  db: Database;
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Sends rows as one stream of `as`. */
  post(path: string, rows: readonly Cells[], as?: 'csv' | 'ndjson'): Promise<Response>;
  /** The same. @returns the report; fails the test on any other status than 200. */
  send(path: string, rows: readonly Cells[], as?: 'csv' | 'ndjson', query?: string): Promise<Report>;
  put(path: string, body: object): Promise<void>;
  ask(path: string): Promise<Answer>;
  /** Waits until the worker has worked out everything that came in. */
  settle(): Promise<void>;
}

const key = 'admin-key-for-tests-only-0123456789';

// Left to itself the library quotes only the very line end that it writes.
const toCsv = (rows: readonly Cells[]) =>
  stringify([...rows], { header: true, record_delimiter: '\r\n', quoted_match: /[\r\n]/ });
const toNdjson = (rows: readonly Cells[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

function* inPieces(text: string): Generator<Buffer> {
  const bytes = Buffer.from(text);
  // An odd size, so that pieces end within characters, quotes and line breaks.
  for (let at = 0; at < bytes.length; at += 7_919) yield bytes.subarray(at, at + 7_919);
}

/** Starts a service on a database of its own, for one test. */
export async function startService(t: TestContext): Promise<Service> {
  const { db } = await testDatabase(t, { max: 6 });
  const keys = keysIn(db);
  await ensureFirstKey(db, { admin_key: key, file: '/nowhere' });
  const config = { log_level: 'silent' as const, public_url: 'http://milemarker.test' };
  const app = await buildApp({ db, keys, config, cursor_secret: 'for tests', check_responses: true });
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  const stopWorker = startWorker(db, app.log);
  t.after(async () => {
    await stopWorker();
    await app.close();
    await keys.settled();
  });

  const request: Service['request'] = (method, path, body, headers = {}) =>
    fetch(`${address}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : typeOf(body)), ...headers },
      ...(body === undefined ? {} : bodyOf(body)),
    });
  const post: Service['post'] = (path, rows, as = 'csv') => {
    const body = Readable.from(inPieces(as === 'csv' ? toCsv(rows) : toNdjson(rows)));
    return request('POST', `/v1/${path}`, body, { 'content-type': as === 'csv' ? 'text/csv' : 'application/x-ndjson' });
  };
  const ok = async (reply: Response, what: string): Promise<Response> => {
    if (reply.ok) return reply;
    throw new Error(`${what}: ${reply.status} ${(await reply.text()).slice(0, 2_000)}`);
  };
  const ask: Service['ask'] = async (path) =>
    // The service has checked the answer against its schema.
    (await (await ok(await request('GET', path), path)).json()) as Answer;
  return {
    db,
    request,
    ask,
    post,
    async send(path, rows, as, query = '') {
      return (await (await ok(await post(`${path}${query}`, rows, as), path)).json()) as Report;
    },
    async put(path, body) {
      await ok(await request('PUT', `/v1/${path}`, body), path);
    },
    async settle() {
      for (let tries = 0; tries < 1_200; tries++) {
        const { fresh } = await ask('/v1/analytics/scores');
        if (fresh.pending === 0) return;
        await sleep(50);
      }
      throw new Error('The outcomes are not worked out after a minute.');
    },
  };
}

const typeOf = (body: unknown) => (body instanceof Readable ? {} : { 'content-type': 'application/json' });

function bodyOf(body: unknown): RequestInit {
  // fetch takes a stream only where it is told not to wait for the answer while it sends.
  if (body instanceof Readable) return { body: Readable.toWeb(body) as ReadableStream, duplex: 'half' };
  return { body: JSON.stringify(body) };
}

/** The same rows in another order, the same each time. */
export function shuffled<T>(rows: readonly T[], seed = 20_260_101): T[] {
  const mixed = [...rows];
  let state = seed;
  for (let at = mixed.length - 1; at > 0; at--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (at + 1);
    const one = mixed[at] as T;
    mixed[at] = mixed[other] as T;
    mixed[other] = one;
  }
  return mixed;
}

/** The answers to questions, without the moment at which they were last worked out. */
export async function answersOf(service: Service, paths: readonly string[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const path of paths) {
    const answer = await service.ask(path);
    answers.push({ ...answer, fresh: { ...answer.fresh, refreshed_at: null } });
  }
  return answers;
}

/** Fails unless every stored outcome and cell is what the raw facts give. */
export async function verifyNoDifference(db: Database): Promise<void> {
  const tables = await verify(db);
  assert.ok(
    tables.some(({ rows }) => rows > 0),
    'there is something to compare',
  );
  for (const { table, differences } of tables) assert.equal(differences, 0, table);
}
