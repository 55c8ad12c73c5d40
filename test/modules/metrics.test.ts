import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchBatch } from '../../src/matching/match.ts';
import { queues } from '../../src/modules/metrics/queues.ts';
import { type Api, testApi } from '../support/api.ts';

/** The figures of `/metrics`, by their name with its labels in the order of the alphabet. */
async function figures({ send }: Api): Promise<Record<string, number>> {
  const { status, text, headers } = await send('GET', '/metrics');
  assert.equal(status, 200, text);
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  const found: Record<string, number> = {};
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', labels = '', value] =
      /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(`no figure: ${line}`);
    found[labels === '' ? name : `${name}{${labels.split(',').sort().join(',')}}`] = Number(value);
  }
  return found;
}

const row = (n: number) => ({
  id: `r${n}`,
  customer_id: `c${n}`,
  survey: 'nps',
  score: 9,
  answered_at: '2026-01-01T00:00:00Z',
});

test('requests are measured by route, method and status, never by address', async (t) => {
  const api = await testApi(t);
  for (const url of ['/v1/customers/one', '/v1/customers/two', '/v1/customers', '/v1/nothing/three'])
    await api.get(url);
  await api.send('DELETE', '/v1/settings');
  await api.send('GET', '/v1/surveys', undefined, { authorization: 'Bearer nonsense' });
  const found = await figures(api);
  const requests = (labels: string) => found[`milemarker_http_request_duration_seconds_count{${labels}}`];
  assert.equal(requests('method="GET",route="/v1/customers/:id",status="404"'), 2);
  assert.equal(requests('method="GET",route="/v1/customers",status="200"'), 1);
  assert.equal(requests('method="GET",route="none",status="404"'), 1);
  assert.equal(requests('method="DELETE",route="none",status="405"'), 1);
  assert.equal(requests('method="GET",route="/v1/surveys",status="401"'), 1);
  const bucket =
    'milemarker_http_request_duration_seconds_bucket{le="+Inf",method="GET",route="/v1/customers/:id",status="404"}';
  assert.equal(found[bucket], 2);
  assert.ok(!Object.keys(found).some((name) => /one|two|three/.test(name.replace('"none"', ''))));
});

test('rows are counted by dataset and what became of them', async (t) => {
  const api = await testApi(t);
  await api.facts('surveys', [{ key: 'nps', name: 'Would you recommend us?', kind: 'nps' }]);
  const ndjson = { 'content-type': 'application/x-ndjson' };
  const lines = (rows: object[]) => rows.map((one) => JSON.stringify(one)).join('\n');
  // 3 created; then 1 changed, 1 the same, 1 created, 2 bad ones skipped.
  await api.send('POST', '/v1/responses', [row(1), row(2), row(3)]);
  const mixed = [{ ...row(1), score: 3 }, row(2), row(4), { ...row(5), score: 11 }, {}];
  await api.send('POST', '/v1/responses?on_error=skip', lines(mixed), ndjson);
  // One bad row refuses all three of a JSON body, and counts as one.
  await api.send('POST', '/v1/responses', [row(6), row(7), { ...row(8), score: 11 }]);
  // One row by its path: created.
  await api.send('PUT', '/v1/responses/r9', row(9));
  const found = await figures(api);
  const rows = (result: string) => found[`milemarker_ingest_rows_total{dataset="responses",result="${result}"}`];
  assert.deepEqual(['created', 'updated', 'unchanged', 'rejected'].map(rows), [5, 1, 1, 3]);
  assert.equal(found['milemarker_ingest_rows_total{dataset="surveys",result="created"}'], 1);
});

test('the process, the pool and what waits for the refresh are told', async (t) => {
  const api = await testApi(t);
  await api.facts('surveys', [{ key: 'nps', name: 'Would you recommend us?', kind: 'nps' }]);
  // The refresh runs before the answer.
  assert.equal((await api.get('/v1/analytics/scores')).status, 200);
  await api.facts('responses', [row(1), row(2)]);
  const found = await figures(api);
  assert.equal(found.milemarker_database_up, 1);
  assert.equal(found.milemarker_refresh_waiting_facts, 2);
  assert.equal(found.milemarker_refresh_waiting_respondents, 0);
  assert.equal(found.milemarker_refresh_waiting_customers, 0);
  assert.ok((found.milemarker_refresh_age_seconds ?? -1) >= 0);
  const connections = ['busy', 'idle'].map((state) => found[`milemarker_pool_connections{state="${state}"}`]);
  assert.ok(connections.every((n) => n !== undefined) && (connections[0] ?? 0) + (connections[1] ?? 0) > 0);
  assert.equal(found.milemarker_pool_waiting, 0);
  assert.ok((found.process_resident_memory_bytes ?? 0) > 1e6);
  assert.ok('nodejs_eventloop_lag_mean_seconds' in found);
});

test('what waits to be matched with problems is told', async (t) => {
  const api = await testApi(t);
  await api.facts('surveys', [{ key: 'nps', name: 'Would you recommend us?', kind: 'nps' }]);
  await api.facts('responses', [row(1), row(2)]);
  const waiting = async () => {
    const found = await figures(api);
    return [found.milemarker_matching_waiting_responses, found.milemarker_matching_waiting_problems];
  };
  assert.deepEqual(await waiting(), [0, 0], 'without problems nothing need be looked at');
  await api.send('POST', '/v1/problems', { key: 'late', name: 'Late', phrases: ['days late'] });
  assert.deepEqual(await waiting(), [2, 1]);
  while (await matchBatch(api.db));
  await api.facts('responses', [row(3)]);
  assert.deepEqual(await waiting(), [1, 0]);
});

test('each app has figures of its own', async (t) => {
  const [one, other] = [await testApi(t), await testApi(t)];
  await one.get('/v1/surveys');
  const name = 'milemarker_http_request_duration_seconds_count{method="GET",route="/v1/surveys",status="200"}';
  assert.deepEqual([(await figures(one))[name], (await figures(other))[name]], [1, undefined]);
});

test('without its database the service still tells the rest', async (t) => {
  const api = await testApi(t);
  await figures(api); // The key is believed from now on, so that asking for it costs no query.
  await api.db.close();
  const found = await figures(api);
  assert.equal(found.milemarker_database_up, 0);
  assert.equal(found.milemarker_refresh_waiting_facts, undefined);
  assert.ok('milemarker_pool_waiting' in found);
});

test('a key with the scope read may ask, and nobody without', async (t) => {
  const api = await testApi(t);
  const { body: reader } = await api.send('POST', '/v1/keys', { name: 'Prometheus', scopes: ['read'] });
  const { body: sender } = await api.send('POST', '/v1/keys', { name: 'Shop', scopes: ['ingest'] });
  const status = async (authorization: string) =>
    (await api.send('GET', '/metrics', undefined, { authorization })).status;
  assert.deepEqual(
    [await status(`Bearer ${reader.secret}`), await status(`Bearer ${sender.secret}`), await status('')],
    [200, 403, 401],
  );
});

test('every queue can be counted', async (t) => {
  const { db } = await testApi(t);
  for (const { name, sql } of queues) assert.deepEqual(await db.read((client) => client.rows(sql)), [], name);
});

test('events that wait for the webhooks are told by their type', async (t) => {
  const api = await testApi(t);
  await api.db.write((client) =>
    client.rows(
      `insert into events (id, type, subject, data, fanned_out_at)
       select gen_random_uuid(), type, 's', '{}', done from (values
         ('follow_up.opened', null), ('follow_up.opened', null), ('follow_up.closed', null), ('follow_up.closed', now())
       ) as given(type, done)`,
    ),
  );
  const found = await figures(api);
  assert.equal(found['milemarker_events_waiting{type="follow_up.opened"}'], 2);
  assert.equal(found['milemarker_events_waiting{type="follow_up.closed"}'], 1);
});
