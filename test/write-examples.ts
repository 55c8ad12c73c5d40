// Writes openapi/examples.json: what the service of the demo company takes and answers, an operation after the other.
// To be run where a test says that an operation has no example, or one that fits no more:
//   node --import tsx test/write-examples.ts && npm run openapi
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { stringify } from 'csv-stringify/sync';
import { nouns } from '../src/bi/noun-sets.ts';
import type { AnyRow, Dataset } from '../src/datasets/declare.ts';
import { datasets } from '../src/datasets/registry.ts';
import { demoCompany } from '../src/demo/company.ts';
import { load } from '../src/demo/load.ts';
import type { OperationExample } from '../src/http/examples.ts';
import { startWorker } from '../src/worker.ts';
import { sentExample, withMileMarker } from './datasets/samples.ts';
import { samples } from './managed/samples.ts';
import { type Api, testApi } from './support/api.ts';
import { contract, operationsOf } from './support/contract.ts';

const match = { 'if-match': '*' };
const merge = { 'content-type': 'application/merge-patch+json' };
const secrets: Record<string, string> = { mm: 'mm_<46 letters and digits>', whsec: 'whsec_<Base64 of 24 bytes>' };

/** A shorter answer of the same form: lists of three at most, and secrets that are none. */
function shortened(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/^(mm|whsec)_\S{30,}$/, (_, kind: string) => secrets[kind] ?? '');
  if (Array.isArray(value)) return value.slice(0, 3).map(shortened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shortened(one)]));
}

/** The first lines of a file, without what would be too much of them. */
function beginning(text: string): string {
  const lines = text.split('\n').slice(0, 4).join('\n').trimEnd();
  return lines.length > 2_000 ? `${lines.slice(0, 1_000)}…` : `${lines}\n`;
}

/** A recorder of requests and their answers, by the operation that they are of. */
function recorder(api: Api, operations: ReturnType<typeof operationsOf>) {
  const examples: Record<string, OperationExample> = {};
  const refused: string[] = [];
  const operationAt = (method: string, url: string) => {
    const path = url.split('?', 1)[0] ?? '';
    const at = operations
      .filter((one) => one.method === method)
      // A path that is named in full comes before one that names something.
      .sort((one, other) => one.path.split('{').length - other.path.split('{').length)
      .find((one) => new RegExp(`^${one.path.replaceAll(/[.$]/g, '\\$&').replaceAll(/{\w+}/g, '[^/]+')}$`).test(path));
    return at?.operationId ?? assert.fail(`${method} ${url} is no operation.`);
  };
  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const reply = await api.app.inject({
      method,
      url,
      headers: {
        authorization: `Bearer ${api.key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    if (reply.statusCode >= 300) refused.push(`${method} ${url}: ${reply.body.slice(0, 500)}`);
    const operationId = operationAt(method.toLowerCase(), url);
    const { sent = {}, answered = {} } = examples[operationId] ?? {};
    const type = String(reply.headers['content-type'] ?? '').split(';', 1)[0] ?? '';
    if (body !== undefined) sent[headers['content-type'] ?? 'application/json'] = body;
    const read = type === 'application/json' ? JSON.parse(reply.body) : undefined;
    if (reply.body !== '') answered[type] ??= shortened(read) ?? beginning(reply.body);
    examples[operationId] = { request: `${method} ${url}`, sent, answered };
    // Whoever asks knows what is answered.
    return (read ?? {}) as AnyRow & { data: AnyRow[] };
  };
  return { ask, examples, refused };
}

type Ask = ReturnType<typeof recorder>['ask'];

/** A row as a cell of a CSV holds it. */
const cell = (value: unknown) =>
  Array.isArray(value) ? value.join('|') : typeof value === 'string' ? value : JSON.stringify(value ?? undefined);

async function recordDataset(ask: Ask, dataset: Dataset) {
  const path = `/v1/${dataset.path}`;
  await ask('GET', `/v1/changes/${dataset.path}?limit=2`);
  const page = await ask('GET', `${path}?limit=2`);
  const row = sentExample(dataset);
  await ask('POST', path, [row]);
  await ask('POST', path, `${JSON.stringify(row)}\n`, { 'content-type': 'application/x-ndjson' });
  const cells = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cell(value)]));
  await ask('POST', path, stringify([cells], { header: true, record_delimiter: '\r\n' }), {
    'content-type': 'text/csv',
  });
  const [listed = row] = page.data;
  await ask('GET', `${path}/${encodeURIComponent(String(listed[dataset.key]))}`);
  await ask('PUT', `${path}/${encodeURIComponent(String(Object(dataset.example)[dataset.key]))}`, row);
}

async function recordNouns(ask: Ask, api: Api) {
  for (const { path, key, table, example } of nouns) {
    const at = `/v1/${path}`;
    await ask('GET', `/v1/changes/${path}?limit=2`);
    await samples[table]?.before?.(api);
    const own = key === 'key' ? { ...(example as AnyRow), key: `${Object(example).key}_2` } : example;
    const made = await ask('POST', at, own);
    await ask('GET', `${at}?limit=2`);
    await ask('GET', `${at}/${made[key]}`);
    await ask('PATCH', `${at}/${made[key]}`, samples[table]?.changes, { ...match, ...merge });
  }
  const { data: goals } = await ask('GET', '/v1/goals?limit=100');
  const goal = goals.find(({ published_at }) => published_at !== null);
  await ask('GET', `/v1/goals/${goal?.id}/check-ins?limit=2`);
  await ask('POST', `/v1/goals/${goal?.id}/check-ins`, {
    value: 27.5,
    confidence: 7,
    note: 'The call-back list works.',
  });
  const made = await api.send('POST', '/v1/goals', nouns.find(({ table }) => table === 'goals')?.example);
  const exception = 'It is tried whether it can be dropped.';
  await ask('POST', `/v1/goals/${made.body.id}/publish`, { exception }, match);
  await ask('POST', `/v1/goals/${made.body.id}/drop`, { reason: 'The store is closed.' }, match);
  await ask('GET', '/v1/visions/current');
  const vision = await api.send('POST', '/v1/visions', { statement: 'Every home is a place to come home to.' });
  await ask('POST', `/v1/visions/${vision.body.id}/publish`, {}, match);
  const { data: suggestions } = await ask('GET', '/v1/suggestions?limit=2');
  await ask('PUT', `/v1/suggestions/${suggestions[0]?.id}/votes/E-7`);
}

const questions = [
  '/v1/outcomes/revenue?survey=nps&group_by=segment',
  '/v1/outcomes/referrals?survey=nps',
  '/v1/outcomes/retention?survey=nps',
  '/v1/outcomes/summary?survey=nps&window_days=180',
  '/v1/outcomes/validity?survey=nps',
  '/v1/outcomes/what-if?survey=nps',
  '/v1/outcomes/retention/curve?survey=nps',
  '/v1/outcomes/drivers?survey=nps&predictors=csat',
  '/v1/analytics/moments',
  '/v1/analytics/scores?survey=nps&group_by=quarter',
  '/v1/analytics/mix?survey=nps&by=segment&from=2025-07-01&to=2026-07-01',
  '/v1/analytics/problems',
  '/v1/analytics/problems/late_delivery/effect?fixed_at=2025-11-01',
  '/v1/analytics/revenue-retention',
  '/v1/analytics/earned-growth',
  '/v1/analytics/loyalty',
  '/v1/analytics/leaving-reasons',
  '/v1/analytics/response-rates?survey=nps',
  '/v1/analytics/follow-ups?survey=nps',
  '/v1/analytics/revenue-at-risk?survey=nps',
  '/v1/analytics/employee-voice',
  '/v1/analytics/behaviours',
  '/v1/analytics/vision-consistency',
  '/v1/analytics/alignment',
  '/v1/analytics/alignment/due',
  '/v1/analytics/goal-quality',
  '/v1/mile-markers/nps-coast/series',
];

async function recordAnswers(ask: Ask) {
  const { data: obstacles } = await ask('GET', '/v1/obstacles?limit=100');
  const fixed = obstacles.find(({ status }) => status === 'fixed') ?? obstacles[0];
  const { data: markers } = await ask('GET', '/v1/mile-markers?limit=100');
  const computed = markers.find(({ source }) => source === 'computed');
  for (const question of [...questions, `/v1/analytics/obstacles/${fixed?.id}/effect`]) {
    const url = question.replace('nps-coast', String(computed?.key));
    await ask('GET', url, undefined, { accept: 'text/csv' });
    await ask('GET', url);
  }
  for (const url of [
    '/health/live',
    '/health/ready',
    '/metrics',
    '/v1/metrics',
    '/v1/scorecard',
    '/v1/datasets',
    '/v1/datasets/responses',
    '/v1/audit?limit=2',
    '/v1/exports/responses.csv',
    '/v1/exports/responses.ndjson',
    '/odata/v1',
    '/odata/v1/$metadata',
    '/odata/v1/milemarker.pbids',
    '/odata/v1/responses/$count?$filter=score%20ge%209',
    '/odata/v1/responses?$filter=score%20ge%209&$top=2',
  ])
    await ask('GET', url);
}

async function recordFollowUps(ask: Ask) {
  await ask('GET', '/v1/surveys/nps/follow-up-rule');
  const rule = { bands: ['detractor'], minimum_revenue: '100.00', due_hours: 48, max_age_days: 30 };
  await ask('PUT', '/v1/surveys/nps/follow-up-rule', rule, match);
  await ask('GET', '/v1/changes/follow-ups?limit=2');
  const { data } = await ask('GET', '/v1/follow-ups?order=priority&limit=2');
  const [first] = data;
  await ask('GET', `/v1/customers/${first?.customer_id}/journey?limit=3`);
  await ask('GET', `/v1/follow-ups/${first?.id}`);
  const promise = { owner: 'E-7', promise: 'Delivery on Saturday' };
  await ask('PATCH', `/v1/follow-ups/${first?.id}`, promise, { ...match, ...merge });
  await ask('POST', `/v1/follow-ups/${first?.id}/steps`, { state: 'contacted' }, match);
  await ask('POST', '/v1/follow-ups', { customer_id: 'C-1042', owner: 'E-7', note: 'Complained at the counter.' });
  await ask('PUT', '/v1/datasets/responses/complete-through', { complete_through: '2026-07-01T00:00:00Z' });
}

async function recordAdministration(ask: Ask) {
  const key = await ask('POST', '/v1/keys', { name: 'crm', scopes: ['ingest'], expires_at: '2030-01-01T00:00:00Z' });
  await ask('GET', '/v1/keys?limit=2');
  await ask('GET', `/v1/keys/${key.id}`);
  await ask('POST', `/v1/keys/${key.id}/rotate`, { grace_hours: 24 });
  await ask('GET', '/v1/settings');
  await ask('PATCH', '/v1/settings', { time_zone: 'Europe/Berlin' }, { ...match, ...merge });
  const hook = { url: 'https://desk.example.com/hooks', event_types: ['follow_up.*'] };
  const { id } = await ask('POST', '/v1/webhook-endpoints', hook);
  const at = `/v1/webhook-endpoints/${id}`;
  await ask('GET', '/v1/webhook-endpoints?limit=2');
  await ask('GET', at);
  await ask('PATCH', at, { description: 'The help desk' }, { ...match, ...merge });
  await ask('POST', `${at}/rotate`, { overlap_hours: 24 });
  const delivery = await ask('POST', `${at}/test`);
  await ask('GET', `${at}/deliveries?limit=2`);
  await ask('GET', `${at}/deliveries/${delivery.id}`);
  await ask('POST', `${at}/deliveries/${delivery.id}/replay`);
  await ask('POST', `${at}/replay`, { from: '2026-07-01T00:00:00Z', to: '2026-08-01T00:00:00Z' });
}

test('openapi/examples.json is written', async (t) => {
  const api = await testApi(t, { config: { public_url: 'https://milemarker.example.com' } });
  const address = await api.app.listen({ host: '127.0.0.1', port: 0 });
  const stopWorker = startWorker(api.db, { error: (details, message) => console.error(message, details) });
  const { signal } = new AbortController();
  await load({ address, key: api.key, signal }, demoCompany(), console.log).finally(stopWorker);
  const operations = operationsOf(await contract());
  const { ask, examples, refused } = recorder(api, operations);
  await recordAnswers(ask);
  await recordNouns(ask, api);
  await withMileMarker(api);
  for (const dataset of datasets) await recordDataset(ask, dataset);
  await recordFollowUps(ask);
  await recordAdministration(ask);
  const missing = operations.filter(({ method, operationId }) => method !== 'delete' && !(operationId in examples));
  assert.deepEqual([refused, missing.map(({ operationId }) => operationId)], [[], []]);
  const sorted = Object.fromEntries(
    operations.flatMap(({ operationId: id }) => (examples[id] ? [[id, examples[id]]] : [])),
  );
  writeFileSync(new URL('../openapi/examples.json', import.meta.url), `${JSON.stringify(sorted, null, 1)}\n`);
});
