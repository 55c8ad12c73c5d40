import type { TestContext } from 'node:test';
import { type AppOptions, buildApp } from '../../src/app.ts';
import type { Config } from '../../src/config.ts';
import type { Connection, Database } from '../../src/db/pool.ts';
import type { Server } from '../../src/http/server.ts';
import { ensureFirstKey } from '../../src/keys/ensure-first-key.ts';
import { keysIn } from '../../src/keys/find-key.ts';
import { testDatabase } from './database.ts';

/** An answer, read. */
export interface Reply {
  status: number;
  headers: Record<string, unknown>;
  text: string;
  // Tests read whatever the answer holds.
  // biome-ignore lint/suspicious/noExplicitAny: the schema check has seen it
  body: any;
}

/** The whole service on a database of its own, asked through inject; every answer is checked against its schema. */
export interface Api {
  app: Server;
  db: Database;
  /** Where the database is, for clients of their own. */
  connection: Connection;
  send(
    method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply>;
  get(url: string): Promise<Reply>;
  /** Sends rows to a dataset and fails the test unless all of them went in. */
  facts(path: string, rows: object[]): Promise<void>;
  key: string;
}

const key = 'admin-key-for-tests-only-0123456789';

/** Builds the service for one test, without limits unless they are given. */
export async function testApi(
  t: TestContext,
  { config, ...options }: Partial<Pick<AppOptions, 'log_to'>> & { config?: Partial<Config> } = {},
): Promise<Api> {
  const { db, connection } = await testDatabase(t);
  const keys = keysIn(db);
  await ensureFirstKey(db, { admin_key: key, file: '/nowhere' });
  const app = await buildApp({
    db,
    keys,
    ...options,
    config: { log_level: 'silent', public_url: 'http://milemarker.test', ...config },
    cursor_secret: 'for tests',
    check_responses: true,
  });
  t.after(async () => {
    await app.close();
    await keys.settled();
  });
  const send: Api['send'] = async (method, url, body, headers = {}) => {
    const isText = typeof body === 'string' || Buffer.isBuffer(body);
    const type = body === undefined ? {} : { 'content-type': isText ? 'text/csv' : 'application/json' };
    const reply = await app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${key}`, ...type, ...headers },
      ...(body === undefined ? {} : { payload: isText ? body : JSON.stringify(body) }),
    });
    const isJson = String(reply.headers['content-type'] ?? '').includes('json');
    return {
      status: reply.statusCode,
      headers: reply.headers,
      text: reply.body,
      body: isJson && reply.body !== '' ? JSON.parse(reply.body) : undefined,
    };
  };
  return {
    app,
    db,
    connection,
    send,
    get: (url) => send('GET', url),
    key,
    async facts(path, rows) {
      for (let at = 0; at < rows.length; at += 5_000) {
        const reply = await send('POST', `/v1/${path}`, rows.slice(at, at + 5_000));
        if (reply.status !== 200) throw new Error(`${path}: ${reply.text.slice(0, 1000)}`);
      }
    },
  };
}
