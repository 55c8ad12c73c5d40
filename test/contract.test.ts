import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import * as schema from '../drizzle/schema.ts';
import { formats } from '../src/http/formats.ts';
import { contract, contractFile, operationsOf } from './support/contract.ts';

test('openapi/openapi.json is what the routes say (npm run openapi writes it)', async () => {
  const committed = JSON.parse(readFileSync(contractFile, 'utf8')) as unknown;
  assert.deepEqual(committed, JSON.parse(JSON.stringify(await contract())));
});

test('every operation names its scope, says what it does and what its parameters mean', async () => {
  for (const { method, path, operationId, summary = '', parameters = [], ...operation } of operationsOf(
    await contract(),
  )) {
    const name = `${method} ${path}`;
    assert.ok(operation['x-scope'], `${name} has no scope`);
    assert.match(operationId, /^[a-z][A-Za-z]+$/, name);
    assert.ok(summary.length > 3, name);
    if (method === 'delete') assert.ok(operation.description, `${name} does not say what is gone`);
    for (const { description = '', ...parameter } of parameters)
      assert.ok(description.length > 3, `${name} does not say what ${parameter.name} means`);
  }
});

test('every operation shows what it takes and answers, in examples that fit (test/write-examples.ts writes them)', async () => {
  const document = await contract();
  const ajv = new Ajv({ strict: false, inlineRefs: false, validateSchema: false });
  for (const [name, { validate }] of Object.entries(formats)) ajv.addFormat(name, validate);
  ajv.addSchema(document, 'contract');
  let fitting = 0;
  for (const { operationId, method, path, requestBody, responses } of operationsOf(document)) {
    const at = `#/paths/${path.replaceAll('~', '~0').replaceAll('/', '~1')}/${method}`;
    const bodies = [{ place: `${at}/requestBody`, content: requestBody?.content ?? {} }];
    for (const [status, { content = {} }] of Object.entries(responses))
      if (/^20[0-2]$/.test(status)) bodies.push({ place: `${at}/responses/${status}`, content });
    for (const { place, content } of bodies)
      for (const [type, { examples }] of Object.entries(content)) {
        if (type === 'application/vnd.apache.parquet') continue;
        const name = `${operationId}: ${type} of ${place}`;
        assert.ok(examples?.demo, `${name} has no example`);
        if (!type.endsWith('json')) continue;
        const schema = `contract${place}/content/${type.replaceAll('/', '~1')}/schema`;
        const fits = ajv.validate({ $ref: encodeURI(schema) }, examples.demo.value);
        assert.ok(fits, `${name}: ${ajv.errorsText()}`);
        fitting++;
      }
  }
  assert.ok(fitting > 200);
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
