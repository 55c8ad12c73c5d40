import { buildApp } from '../../src/app.ts';
import type { Database } from '../../src/db/pool.ts';
import { openapiOf } from '../../src/http/openapi.ts';

export const contractFile = new URL('../../openapi/openapi.json', import.meta.url);

/** The contract as the routes make it; no database is asked for that. */
export async function contract(): Promise<object> {
  const none = () => Promise.reject(new Error('There is no database here.'));
  const db: Database = {
    read: none,
    write: none,
    close: async () => {},
    stats: () => ({ size: 0, busy: 0, waiting: 0 }),
  };
  const app = await buildApp({
    db,
    keys: { findKey: async () => undefined, knowsKey: () => false, forget() {}, settled: async () => {} },
    config: { log_level: 'silent', public_url: undefined },
  });
  await app.ready();
  const document = openapiOf(app);
  await app.close();
  return document;
}
