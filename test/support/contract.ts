import { buildApp } from '../../src/app.ts';
import type { Database } from '../../src/db/pool.ts';
import { openapiOf } from '../../src/http/openapi.ts';

export const contractFile = new URL('../../openapi/openapi.json', import.meta.url);

/** An operation of the contract. */
export interface Operation {
  operationId: string;
  method: string;
  path: string;
  summary?: string;
  description?: string;
  parameters?: { name: string; description?: string }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media> }>;
  'x-scope'?: string;
}

interface Media {
  schema: object;
  examples?: Record<string, { value: unknown }>;
}

/** All operations of a contract. */
export function operationsOf(document: object): Operation[] {
  const { paths } = document as { paths: Record<string, Record<string, Omit<Operation, 'method' | 'path'>>> };
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ ...operation, method, path })),
  );
}

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
