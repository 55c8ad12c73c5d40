// Clients that others wrote, as they are, against a service that listens: what they make of it is what a user gets.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { o } from 'odata';
import { nouns } from '../../src/bi/noun-sets.ts';
import { datasets } from '../../src/datasets/registry.ts';
import { refresh } from '../../src/outcomes/refresh.ts';
import { sentExample } from '../datasets/samples.ts';
import { testApi } from '../support/api.ts';

const run = promisify(execFile);
const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** A row of every set but the managed nouns, and 120 responses of the survey `nps` at noon of 120 days, with scores from 0 to 10 in turn. */
async function service(t: TestContext) {
  const api = await testApi(t, { config: { public_url: undefined } });
  const marker = { key: 'answered_calls', name: 'Answered calls', source: 'readings', cadence: 'month' };
  assert.equal((await api.send('POST', '/v1/mile-markers', marker)).status, 201);
  for (const dataset of datasets) await api.facts(dataset.path, [sentExample(dataset)]);
  await api.facts('customers', [{ id: 'C-1', name: "O'Brien & Söhne", segment: 'smb' }]);
  await api.facts(
    'responses',
    Array.from({ length: 120 }, (_, n) => ({
      id: `N-${String(n).padStart(3, '0')}`,
      customer_id: n === 5 ? null : 'C-1',
      survey: 'nps',
      score: n % 11,
      answered_at: new Date(Date.UTC(2024, 0, 1 + n, 12)).toISOString(),
    })),
  );
  assert.equal((await api.send('POST', '/v1/follow-ups', { customer_id: 'C-1' })).status, 201);
  await refresh(api.db);
  const base = `${await api.app.listen({ port: 0, host: '127.0.0.1' })}/odata/v1/`;
  return { api, base, password: `Basic ${Buffer.from(`anybody:${api.key}`).toString('base64')}` };
}

test('The client `odata` pulls, filters and goes on, with the key as a password', async (t) => {
  const { base, password } = await service(t);
  const headers = new Headers({ authorization: password });
  const client = o(base, { headers });

  const some = await client.get('responses').query({
    $filter: "score ge 9 and startswith(id,'N-')",
    $select: 'id,score',
    $orderby: 'answered_at desc',
    $top: 3,
  });
  // 120 is 10 times 11 and 10: the last scores are 0 to 9, and the 10 before them is of N-109.
  assert.deepEqual(some, [
    { id: 'N-119', score: 9 },
    { id: 'N-109', score: 10 },
    { id: 'N-108', score: 9 },
  ]);
  const one = await client.get("customers('C-1')").query();
  assert.deepEqual([one.name, one.segment, one.region], ["O'Brien & Söhne", 'smb', null]);
  const named = await client.get('customers').query({ $filter: "name eq 'O''Brien & Söhne'" });
  assert.deepEqual(
    named.map(({ id }: { id: string }) => id),
    ['C-1'],
  );

  headers.set('prefer', 'odata.maxpagesize=50');
  const ids: string[] = [];
  const sizes: number[] = [];
  for (let next: string | undefined = `${base}responses?$filter=startswith(id,'N-')`; next !== undefined; ) {
    const reply = await o(next, { headers }).get().fetch();
    assert.ok(reply instanceof Response && reply.ok);
    // As OData says; what is wrong with it shows below.
    const body = (await reply.json()) as { value: { id: string }[]; '@odata.nextLink'?: string };
    sizes.push(body.value.length);
    ids.push(...body.value.map(({ id }) => id));
    next = body['@odata.nextLink'];
  }
  assert.deepEqual(sizes, [50, 50, 20]);
  assert.equal(new Set(ids).size, 120);

  await assert.rejects(client.get('responses').query({ $filter: 'score gt' }), (reply) => {
    assert.ok(reply instanceof Response);
    assert.equal(reply.status, 400);
    return true;
  });
  await assert.rejects(o(base).get('responses').query(), (reply) => reply instanceof Response && reply.status === 401);
});

/** What the user of the generated client would write. Wrong uses must be found by the compiler. */
const program = `
import type { ODataHttpClient } from '@odata2ts/http-client-api';
import type { response, response_outcome } from './out/MilemarkerModel';
import { MilemarkerService } from './out/MilemarkerService';

const [base = '', authorization = ''] = process.argv.slice(2);
const readOnly = () => { throw new Error('Nothing is written.'); };
const client: ODataHttpClient = {
  async get(url) {
    const reply = await fetch(url, { headers: { authorization } });
    const data = await reply.json();
    if (!reply.ok) throw new Error(url + ': ' + JSON.stringify(data));
    return { status: reply.status, statusText: reply.statusText, headers: {}, data };
  },
  post: readOnly, put: readOnly, patch: readOnly, delete: readOnly,
};
const service = new MilemarkerService(client, base);

async function main() {
  const some = await service.responses().query((query, response) =>
    query
      .select('id', 'score')
      .filter(response.score.ge(9), response.id.startsWith('N-'), response.answered_at.lt('2024-02-01T00:00:00+01:00'))
      .orderBy(response.answered_at.desc())
      .top(2)
      .count(),
  );
  const one = await service.response_outcomes({ response_id: 'N-005', window_days: 90 }).query();
  const score: number = one.data.score;
  const customer: string | null = one.data.customer_id;
  console.log(JSON.stringify({ some: some.data, one: { score, customer } }));
}
void main();

// What may be null and what may not, as the declarations say.
type Holds<Row, Name extends keyof Row> = null extends Row[Name] ? 'null too' : 'always';
export const always: Holds<response, 'id' | 'score' | 'survey' | 'answered_at' | 'recorded_at'> = 'always';
export const perhaps: Holds<response, 'customer_id'> = 'null too';
export const amount: Holds<response_outcome, 'revenue_after'> = 'null too';
// @ts-expect-error
export const wrong: Holds<response, 'score'> = 'null too';
`;

/** odata2ts takes the names of three enumerations from TypeScript, whose version 7 has them no longer. */
const olderTypescript = `
const Module = require('node:module');
const load = Module._load;
Module._load = (name, ...rest) => (name === 'typescript' ? load('@ts-morph/common', ...rest).ts : load(name, ...rest));
`;

test('odata2ts makes a client of $metadata that compiles, fits every row, and gets right answers', async (t) => {
  const { api, base, password } = await service(t);
  const folder = await mkdtemp(join(tmpdir(), 'mm-odata2ts-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await symlink(modules, join(folder, 'node_modules'));
  const files = {
    'older-typescript.cjs': olderTypescript,
    'odata2ts.config.cjs': `module.exports = ${JSON.stringify({
      mode: 3,
      emitMode: 'ts',
      sourceUrlConfig: { username: 'anybody', password: api.key },
      services: { milemarker: { sourceUrl: base, source: 'metadata.xml', output: 'out' } },
    })};`,
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        strict: true,
        target: 'es2022',
        module: 'nodenext',
        moduleResolution: 'nodenext',
        types: ['node'],
        skipLibCheck: true,
        noEmit: true,
      },
    }),
    'program.ts': program,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const node = (...parameters: string[]) => run(process.execPath, parameters, { cwd: folder });

  const generated = await node(
    '--require',
    './older-typescript.cjs',
    join(modules, '@odata2ts/odata2ts/lib/run-cli.js'),
  );
  assert.match(generated.stdout, /Successfully finished!/, generated.stdout + generated.stderr);

  const isManaged = (name: string) => nouns.some(({ table }) => table === name);
  // A row of every set as it is sent: the compiler refuses what is missing, too much or of another type.
  const reply = await api.get('/odata/v1');
  const sets: { name: string }[] = reply.body.value;
  const rows: string[] = [`import type * as model from './out/MilemarkerModel';`];
  const metadata = await api.get('/odata/v1/$metadata');
  for (const { name } of sets) {
    const { body } = await api.get(`/odata/v1/${name}?$top=1`);
    assert.ok(body.value.length === 1 || isManaged(name), name);
    const [, type] = new RegExp(`<EntitySet Name="${name}" EntityType="milemarker.(\\w+)"`).exec(metadata.text) ?? [];
    rows.push(`export const ${name}: model.${type}[] = ${JSON.stringify(body.value)};`);
  }
  await writeFile(join(folder, 'rows.ts'), rows.join('\n'));
  const compiler = join(modules, 'typescript/bin/tsc');
  await node(compiler).catch((error) => assert.fail(error.stdout));
  const broken = rows.join('\n').replace('"score":', '"scores":');
  await writeFile(join(folder, 'rows.ts'), broken);
  await assert.rejects(node(compiler), ({ stdout }) => /^rows\.ts.* error TS.*scores/m.test(stdout));

  const { stdout } = await node('--import', 'tsx', 'program.ts', base.slice(0, -1), password);
  const found = JSON.parse(stdout);
  // Scores of 9 and 10 before 2024-01-31T23:00Z: of N-009, 010, 020 and 021; the last two, latest first.
  assert.deepEqual(found.some.value, [
    { id: 'N-021', score: 10 },
    { id: 'N-020', score: 9 },
  ]);
  assert.equal(found.some['@odata.count'], 4);
  assert.deepEqual(found.one, { score: 5, customer: null });
});
