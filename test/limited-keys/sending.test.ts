import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refresh } from '../../src/outcomes/refresh.ts';
import { heldOpen } from '../datasets/samples.ts';
import { type Reply, testApi } from '../support/api.ts';
import { keyFor, twoHalves } from './world.ts';

const at = '2025-05-05T00:00:00Z';
const answer = (id: string, more: object = {}) => ({
  id,
  customer_id: 'NORTH-C1',
  survey: 'nps',
  score: 9,
  answered_at: at,
  unit: 'NORTH-1',
  ...more,
});
const faults = ({ body }: Reply) =>
  body.errors.map(({ row, pointer, code }: { row?: number; pointer: string; code: string }) => [row, pointer, code]);

test('a key that is limited to units sends rows of theirs, and no others', async (t) => {
  const api = await testApi(t);
  await twoHalves(api);
  const { ask } = await keyFor(api, ['NORTH'], ['ingest']);
  const send = (path: string, rows: object[], query = '') => ask('POST', `/v1/${path}${query}`, rows);
  const counts = ({ body: { created, updated, unchanged, rejected } }: Reply) => [
    created,
    updated,
    unchanged,
    rejected,
  ];

  // Of its own unit, or of one below; of none, where its customer is theirs.
  const good = [answer('a'), answer('b', { unit: 'NORTH' }), answer('c', { unit: null })];
  assert.deepEqual(counts(await send('responses', good)), [3, 0, 0, 0]);
  assert.deepEqual(counts(await send('responses', good)), [0, 0, 3, 0]);
  // Whom they served may be another unit's customer.
  assert.deepEqual(counts(await send('responses', [answer('d', { customer_id: 'SOUTH-C1' })])), [1, 0, 0, 0]);

  const bad = [
    answer('e', { unit: 'SOUTH-1' }),
    answer('f', { unit: 'top' }),
    answer('g', { unit: null, customer_id: 'SOUTH-C1' }),
    answer('h', { unit: null, customer_id: 'unheard-of' }),
    answer('i', { unit: null, customer_id: null }),
    answer('j', { unit: 'unheard-of' }),
    answer('SOUTH-nps1'),
    answer('SOUTH-A-none'),
  ];
  const expected = [
    ...[1, 2, 3, 4, 5, 6].map((row) => [row, '/unit', 'outside_units']),
    ...[7, 8].map((row) => [row, '/id', 'outside_units']),
  ];
  const before = (await api.get('/v1/responses?limit=1000')).body;
  const refused = await send('responses', bad);
  assert.deepEqual([refused.status, faults(refused)], [422, expected]);
  assert.deepEqual((await api.get('/v1/responses?limit=1000')).body, before);
  // Which unit it is of is not told.
  assert.doesNotMatch(refused.text.replaceAll(/"SOUTH-(nps1|A-none|C1|1)"|'SOUTH-(nps1|A-none)'/g, ''), /SOUTH/);
  const skipped = await send('responses', [...bad, answer('k')], '?on_error=skip');
  assert.deepEqual([counts(skipped), faults(skipped)], [[1, 0, 0, 8], expected]);

  // A row of theirs cannot be given away; what is wrong otherwise is told beside it.
  assert.deepEqual(faults(await send('responses', [answer('a', { unit: 'SOUTH-1', score: 11 })])), [
    [1, '/score', 'off_scale'],
    [1, '/unit', 'outside_units'],
  ]);

  // The same for streams, whole ones included.
  const csv = (lines: string[]) => ['id,customer_id,survey,score,answered_at,unit', ...lines].join('\n');
  const [ours, theirs] = ['NORTH-1', 'SOUTH-1'].map((unit) => `${unit}-s,NORTH-C1,nps,9,${at},${unit}`);
  const text = { 'content-type': 'text/csv' };
  const stream = await ask('POST', '/v1/responses?on_error=skip', csv([ours ?? '', theirs ?? '']), text);
  assert.deepEqual([counts(stream), faults(stream)], [[1, 0, 0, 1], [[3, '/unit', 'outside_units']]]);
  const whole = await ask('POST', '/v1/responses?atomic=true', csv([`t${ours}`, theirs ?? '']), text);
  assert.deepEqual([whole.status, faults(whole)], [422, [[3, '/unit', 'outside_units']]]);
  assert.equal((await api.get('/v1/responses/tNORTH-1-s')).status, 404);

  // One row at a time.
  const { id: _, ...row } = answer('l');
  assert.equal((await ask('PUT', '/v1/responses/l', row)).status, 201);
  const put = await ask('PUT', '/v1/responses/SOUTH-nps1', row);
  assert.deepEqual([put.status, faults(put)], [422, [[undefined, '/id', 'outside_units']]]);
  const [removed, nothing] = [
    await ask('DELETE', '/v1/responses/SOUTH-nps1'),
    await ask('DELETE', '/v1/responses/nothing'),
  ];
  assert.deepEqual([removed.status, nothing.status], [404, 404]);
  assert.equal(removed.body.detail.replace('SOUTH-nps1', 'nothing'), nothing.body.detail);
  assert.equal((await api.get('/v1/responses/SOUTH-nps1')).status, 200);
  assert.equal((await ask('DELETE', '/v1/responses/l')).status, 204);

  // What has no unit at all goes by its customer.
  const referral = (id: string, referrer_id: string) => ({ id, referrer_id, made_at: at });
  const [mine, other, unknown] = [referral('r', 'NORTH-C1'), referral('s', 'SOUTH-C1'), referral('u', 'nobody')];
  assert.deepEqual(counts(await send('referrals', [mine])), [1, 0, 0, 0]);
  assert.deepEqual(faults(await send('referrals', [other, unknown, referral('SOUTH-R1', 'NORTH-C1')])), [
    [1, '/referrer_id', 'outside_units'],
    [2, '/referrer_id', 'outside_units'],
    [3, '/id', 'outside_units'],
  ]);
});

test('a limited key describes the customers of its units, and those whom only they know', async (t) => {
  const api = await testApi(t);
  await twoHalves(api);
  const { ask } = await keyFor(api, ['NORTH'], ['ingest', 'personal']);
  const send = (...rows: object[]) => ask('POST', '/v1/customers', rows);
  const one = (id: string, unit: string | null = 'NORTH-1') => ({ id, name: 'Somebody', unit });
  assert.equal((await send(one('new'), one('NORTH-C2', 'NORTH'))).body.created, 1);
  assert.deepEqual(faults(await send(one('x', null), one('y', 'SOUTH-1'), one('NORTH-C1', null), one('SOUTH-C1'))), [
    [1, '/unit', 'outside_units'],
    [2, '/unit', 'outside_units'],
    [3, '/unit', 'outside_units'],
    [4, '/id', 'outside_units'],
  ]);
  // It has a record that names no unit: somebody else wrote it.
  assert.deepEqual(faults(await send(one('SOUTH-nobody'))), [[1, '/id', 'outside_units']]);

  // Facts may come before their customers, whose records the service then makes.
  await ask('POST', '/v1/responses', [answer('a', { customer_id: 'ours' }), answer('b', { customer_id: 'shared' })]);
  await api.facts('responses', [answer('c', { customer_id: 'shared', unit: 'SOUTH-1' })]);
  await api.facts('referrals', [{ id: 'd', referrer_id: 'theirs', made_at: at }]);
  for (const refreshed of [false, true]) {
    if (refreshed) await refresh(api.db);
    assert.equal((await api.get('/v1/customers/shared')).status, refreshed ? 200 : 404);
    assert.deepEqual(faults(await send(one('shared'), one('theirs'))), [
      [1, '/id', 'outside_units'],
      [2, '/id', 'outside_units'],
    ]);
  }
  assert.equal((await ask('GET', '/v1/customers/ours')).status, 404);
  assert.equal((await send(one('ours'))).body.updated, 1);
  assert.equal((await ask('GET', '/v1/customers/ours')).body.name, 'Somebody');
});

test('a row that somebody else makes at the same time is not taken over', async (t) => {
  const api = await testApi(t);
  await twoHalves(api);
  const { ask } = await keyFor(api, ['NORTH'], ['ingest']);
  const other = await heldOpen(api, (client) =>
    client.rows(
      `insert into responses (id, survey, score, band, themes, answered_at, unit, source)
       values ('race', 'nps', 1, 'detractor', '{}', now(), 'SOUTH-1', 'other')`,
    ),
  );
  const sent = ask('POST', '/v1/responses', [answer('race')]);
  // It waits for the other one's key.
  const waits = async () => {
    const [found] = await api.db.read((client) =>
      client.rows<{ waits: boolean }>(
        `select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()) as waits`,
      ),
    );
    return found?.waits;
  };
  for (let tries = 0; !(await waits()); tries++) assert.ok(tries < 1000, 'nobody waits');
  await other.release();
  assert.deepEqual(faults(await sent), [[1, '/id', 'outside_units']]);
  assert.equal((await api.get('/v1/responses/race')).body.source, 'other');
});

test('what is of the whole organisation a limited key may read, and not change', async (t) => {
  const api = await testApi(t);
  await twoHalves(api);
  const { ask } = await keyFor(api, ['NORTH']);
  const match = { 'if-match': '*' };
  const changes: [Parameters<typeof ask>[0], string, unknown?][] = [
    ['POST', '/v1/units', [{ key: 'NORTH-2', name: 'Another', parent: 'NORTH' }]],
    ['PUT', '/v1/units/NORTH', { name: 'N', parent: 'SOUTH' }],
    ['DELETE', '/v1/units/NORTH-1'],
    ['POST', '/v1/surveys', { key: 'ces', name: 'Was it easy?', kind: 'ces' }],
    ['DELETE', '/v1/surveys/csat'],
    ['POST', '/v1/exchange-rates', { from_currency: 'USD', to_currency: 'EUR', valid_on: '2025-02-12', rate: '1' }],
    ['DELETE', '/v1/exchange-rates/USD-EUR-2025-02-11'],
    // Erasing takes what all units know.
    ['DELETE', '/v1/customers/NORTH-C1'],
    ['PUT', '/v1/datasets/responses/complete-through', { complete_through: null }],
    ['PUT', '/v1/surveys/nps/follow-up-rule', { bands: ['detractor'] }],
    ['DELETE', '/v1/surveys/csat/follow-up-rule'],
    ['POST', '/v1/problems', { key: 'other', name: 'Other' }],
    ['PATCH', '/v1/problems/late', { name: 'Later' }],
    ['DELETE', '/v1/problems/late'],
    ['POST', '/v1/moments', { key: 'other', name: 'Other' }],
    ['PATCH', '/v1/moments/visit', { name: 'Call' }],
    ['DELETE', '/v1/moments/visit'],
    ['GET', '/metrics'],
  ];
  for (const [method, url, body] of changes) {
    const reply = await ask(method, url, body, match);
    assert.deepEqual([reply.status, reply.body?.code], [403, 'limited_to_units'], `${method} ${url}`);
    assert.doesNotMatch(reply.body.detail, /NORTH|SOUTH/);
  }
  for (const url of ['/v1/settings', '/v1/problems/late', '/v1/moments/visit', '/v1/surveys/csat/follow-up-rule'])
    assert.equal((await ask('GET', url)).status, 200, url);
  for (const [method, url] of [
    ['GET', '/v1/keys'],
    ['GET', '/v1/audit'],
    ['PATCH', '/v1/settings'],
  ] as const)
    assert.equal((await ask(method, url, method === 'GET' ? undefined : {}, match)).body.code, 'scope_missing');
});
