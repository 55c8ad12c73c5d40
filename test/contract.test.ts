import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import * as schema from '../drizzle/schema.ts';
import { contract, contractFile } from './support/contract.ts';

test('openapi/openapi.json is what the routes say (npm run openapi writes it)', async () => {
  const committed = JSON.parse(readFileSync(contractFile, 'utf8')) as unknown;
  assert.deepEqual(committed, JSON.parse(JSON.stringify(await contract())));
});

test('every operation names its scope, says what it does and shows what it answers', async () => {
  const { paths } = (await contract()) as { paths: Record<string, Record<string, Record<string, unknown>>> };
  for (const [path, operations] of Object.entries(paths))
    for (const [method, operation] of Object.entries(operations)) {
      const name = `${method} ${path}`;
      assert.ok(operation['x-scope'], `${name} has no scope`);
      assert.match(String(operation.operationId), /^[a-z][A-Za-z]+$/, name);
      assert.ok(String(operation.summary).length > 3, name);
    }
});

test('every parameter of an address, every header and every removal says what it does', async () => {
  interface Operation {
    description?: string;
    parameters?: { in: string; name: string; description?: string }[];
  }
  const { paths } = (await contract()) as { paths: Record<string, Record<string, Operation>> };
  const silent = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { description, parameters = [] }]) => [
      ...(method === 'delete' && !description ? [`${method} ${path}`] : []),
      ...parameters
        .filter((one) => one.in !== 'path' && !one.description)
        .map(({ name }) => `${method} ${path}: ${name}`),
    ]),
  );
  assert.deepEqual(silent, []);
});

test('the migrations make the tables that the code declares (npm run migration writes what is missing)', async () => {
  const folder = new URL('../drizzle/meta/', import.meta.url);
  const journal = JSON.parse(readFileSync(new URL('_journal.json', folder), 'utf8')) as {
    entries: { idx: number; when: number }[];
  };
  const last = String(journal.entries.length - 1).padStart(4, '0');
  const before = JSON.parse(readFileSync(fileURLToPath(new URL(`${last}_snapshot.json`, folder)), 'utf8'));
  const statements = await generateMigration(before, generateDrizzleJson(schema));
  assert.deepEqual(statements, []);
  const times = journal.entries.map(({ when }) => when);
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
    'the journal is out of order',
  );
});
