import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchBatch } from '../../src/matching/match.ts';
import { type Api, type Reply, testApi } from '../support/api.ts';
import { response, survey } from '../support/world.ts';

const late = { key: 'late', name: 'Late delivery', phrases: ['came late'], themes: ['delivery'] };
const any = { 'if-match': '*' };

const make = (api: Api, body: object) => api.send('POST', '/v1/problems', body);
const patch = (api: Api, body: object, headers: Record<string, string> = any, key = 'late') =>
  api.send('PATCH', `/v1/problems/${key}`, body, headers);
const told = ({ status, body }: Reply) => [status, body.code, body.errors[0]?.pointer];

test('The noun problems', async (t) => {
  const api = await testApi(t);
  const secrets: Record<string, string> = {};
  for (const scope of ['read', 'manage', 'ingest'])
    secrets[scope] = (await api.send('POST', '/v1/keys', { name: scope, scopes: [scope] })).body.secret;
  const as = (scope: string) => ({ authorization: `Bearer ${secrets[scope]}` });

  await t.test('201 with everything filled in, its address and its version', async () => {
    const { status, headers, body } = await make(api, late);
    assert.deepEqual([status, headers.location, headers.etag], [201, '/v1/problems/late', '"v1"']);
    const { created_at, changed_at, ...rest } = body;
    assert.ok(Math.abs(Date.parse(created_at) - Date.now()) < 60_000 && changed_at === created_at);
    assert.deepEqual(rest, {
      ...late,
      language: null,
      status: 'open',
      resolved_at: null,
      owner: null,
      matching: { state: 'waiting', done: 0, of: null },
      version: 1,
      archived_at: null,
    });
    assert.deepEqual((await api.get('/v1/problems/late')).body, body);
  });

  await t.test('409 where the key is taken', async () => {
    assert.deepEqual(told(await make(api, { ...late, name: 'Another' })), [409, 'exists_already', undefined]);
    assert.equal((await api.get('/v1/problems/late')).body.name, 'Late delivery');
  });

  await t.test('422 for what cannot be a problem, with the place', async () => {
    for (const [body, pointer] of [
      [{ key: 'Late!', name: 'x' }, '/key'],
      [{ key: 'x' }, '/name'],
      [{ key: 'x', name: 'x', phrases: [''] }, '/phrases/0'],
      [{ key: 'x', name: 'x', phrases: ['a', 'a'] }, '/phrases'],
      [{ key: 'x', name: 'x', language: 'klingon' }, '/language'],
      [{ key: 'x', name: 'x', status: 'done' }, '/status'],
      [{ key: 'x', name: 'x', colour: 'red' }, '/colour'],
    ] as const)
      assert.deepEqual(told(await make(api, body)), [422, 'invalid_body', pointer]);
  });

  await t.test('422 for a phrase that holds no word to look for, which its language decides', async () => {
    const phrases = ['slow reply', 'not at all', '?!'];
    const { status, body } = await make(api, { key: 'slow', name: 'Slow', phrases, language: 'english' });
    assert.equal(status, 422);
    assert.deepEqual(
      body.errors.map(({ pointer, code }: { pointer: string; code: string }) => [pointer, code]),
      [
        ['/phrases/1', 'no_words'],
        ['/phrases/2', 'no_words'],
      ],
    );
    assert.match(body.detail, /'not at all' holds no word to look for in english.*set the language to 'simple'/);
    const made = await make(api, { key: 'slow', name: 'Slow', phrases: phrases.slice(0, 2), language: 'simple' });
    assert.equal(made.status, 201);
    assert.deepEqual(told(await patch(api, { language: 'english' }, any, 'slow')), [422, 'no_words', '/phrases/1']);
    assert.deepEqual(told(await patch(api, { phrases: ['…'] }, any, 'slow')), [422, 'no_words', '/phrases/0']);
  });

  await t.test('without a language a phrase must have a word in one of those of the surveys', async () => {
    await api.facts('surveys', [survey({ language: 'english' })]);
    const body = { key: 'words', name: 'Words', phrases: ['not at all'] };
    assert.match((await make(api, body)).body.detail, /no word to look for in english:/);
    await api.facts('surveys', [survey({ key: 'umfrage', language: 'german' })]);
    assert.equal((await make(api, body)).status, 201);
  });

  await t.test('428 without If-Match and 412 with an old one, for changes and for the archive', async () => {
    assert.deepEqual(told(await patch(api, { owner: 'Eve' }, {})), [428, 'if_match_missing', undefined]);
    assert.equal((await patch(api, { owner: 'Eve' }, { 'if-match': '"v1"' })).headers.etag, '"v2"');
    assert.deepEqual(told(await patch(api, { owner: 'Ann' }, { 'if-match': '"v1"' })), [
      412,
      'version_moved_on',
      undefined,
    ]);
    assert.equal((await api.send('DELETE', '/v1/problems/late')).status, 428);
    assert.equal((await api.send('DELETE', '/v1/problems/late', undefined, { 'if-match': '"v1"' })).status, 412);
  });

  await t.test(
    'a change says nothing of what it leaves out, null clears, and the same again changes nothing',
    async () => {
      const { body } = await patch(api, { owner: null });
      assert.deepEqual([body.owner, body.themes, body.version], [null, ['delivery'], 3]);
      assert.equal((await patch(api, { owner: null, name: 'Late delivery' })).body.version, 3);
      assert.deepEqual(told(await patch(api, { name: null })), [422, 'invalid_body', '/name']);
      assert.deepEqual(told(await patch(api, { key: 'other' })), [422, 'invalid_body', '/key']);
    },
  );

  await t.test('resolved_at goes with the status', async () => {
    const fixing = await patch(api, { status: 'fixing' });
    assert.deepEqual([fixing.body.status, fixing.body.resolved_at], ['fixing', null]);
    assert.deepEqual(told(await patch(api, { resolved_at: '2025-05-01T00:00:00Z' })), [
      422,
      'not_resolved',
      '/resolved_at',
    ]);
    const now = (await patch(api, { status: 'resolved' })).body;
    assert.ok(Math.abs(Date.parse(now.resolved_at) - Date.now()) < 60_000);
    const stays = (await patch(api, { name: 'Late parcels', status: 'resolved' })).body;
    assert.equal(stays.resolved_at, now.resolved_at);
    const given = (await patch(api, { resolved_at: '2025-05-01T02:00:00+02:00' })).body;
    assert.equal(given.resolved_at, '2025-05-01T00:00:00.000Z');
    assert.deepEqual(told(await patch(api, { resolved_at: null })), [422, 'resolved_at_needed', '/resolved_at']);
    for (const resolved_at of ['1899-12-31T00:00:00Z', '2999-01-01T00:00:00Z'])
      assert.deepEqual(told(await patch(api, { resolved_at })), [422, 'out_of_range', '/resolved_at']);
    assert.equal((await patch(api, { status: 'open' })).body.resolved_at, null);
  });

  await t.test('only phrases, themes and language have it looked for again', async () => {
    await api.facts('responses', [response({ id: 'r' })]);
    while (await matchBatch(api.db));
    const complete = { state: 'complete', done: 1, of: 1 };
    assert.deepEqual((await patch(api, { name: 'Late', owner: 'Eve', status: 'fixing' })).body.matching, complete);
    for (const change of [{ phrases: ['too late'] }, { themes: [] }, { language: 'english' }]) {
      assert.deepEqual((await patch(api, change)).body.matching, { state: 'waiting', done: 0, of: null });
      while (await matchBatch(api.db));
      assert.deepEqual((await api.get('/v1/problems/late')).body.matching, complete);
    }
  });

  await t.test('pages in the order of the keys, filtered', async () => {
    await patch(api, { status: 'resolved', owner: 'Eve' }, any, 'slow');
    const first = (await api.get('/v1/problems?limit=2')).body;
    const keys = ({ data }: { data: { key: string }[] }) => data.map(({ key }) => key);
    assert.deepEqual(keys(first), ['late', 'slow']);
    const next = new URL(first.page.next);
    const second = (await api.get(next.pathname + next.search)).body;
    assert.deepEqual([keys(second), second.page.next], [['words'], null]);
    assert.deepEqual(keys((await api.get('/v1/problems?status=resolved')).body), ['slow']);
    assert.deepEqual(keys((await api.get('/v1/problems?owner=Eve')).body), ['late', 'slow']);
    assert.equal((await api.get('/v1/problems?status=closed')).status, 400);
    assert.equal((await api.get(`/v1/problems?limit=1&cursor=${first.page.cursor}`)).status, 200);
    assert.equal((await api.get(`/v1/problems?status=open&cursor=${first.page.cursor}`)).status, 400);
  });

  await t.test('an archived one leaves the list, can be read, and stays as it is', async () => {
    assert.deepEqual((await api.send('DELETE', '/v1/problems/slow', undefined, any)).status, 204);
    assert.deepEqual((await api.send('DELETE', '/v1/problems/slow', undefined, any)).status, 204);
    const read = await api.get('/v1/problems/slow');
    assert.deepEqual([read.status, read.body.archived_at === null], [200, false]);
    const keys = async (query: string) =>
      (await api.get(`/v1/problems${query}`)).body.data.map(({ key }: { key: string }) => key);
    assert.deepEqual(await keys(''), ['late', 'words']);
    assert.deepEqual(await keys('?archived=true'), ['late', 'slow', 'words']);
    assert.deepEqual(told(await patch(api, { name: 'x' }, any, 'slow')), [409, 'archived', undefined]);
    assert.deepEqual(told(await make(api, { ...late, key: 'slow' })), [409, 'exists_already', undefined]);
    assert.equal((await api.get('/v1/analytics/problems/slow/effect')).status, 404);
  });

  await t.test('404 for what is not there, 400 for what cannot be a key', async () => {
    for (const reply of [
      await api.get('/v1/problems/none'),
      await patch(api, {}, any, 'none'),
      await api.send('DELETE', '/v1/problems/none', undefined, any),
    ])
      assert.deepEqual([reply.status, reply.body.code], [404, 'not_found']);
    assert.equal((await api.get('/v1/problems/No%20Key')).status, 400);
  });

  await t.test('401 and 403: reading asks for read, changes for manage', async () => {
    assert.equal((await api.app.inject('/v1/problems')).statusCode, 401);
    assert.equal((await api.send('GET', '/v1/problems', undefined, as('ingest'))).status, 403);
    assert.equal((await api.send('GET', '/v1/problems/late', undefined, as('read'))).status, 200);
    assert.equal((await api.send('POST', '/v1/problems', late, as('read'))).status, 403);
    assert.equal((await patch(api, { owner: 'x' }, { ...any, ...as('read') })).status, 403);
    assert.equal((await api.send('DELETE', '/v1/problems/late', undefined, { ...any, ...as('read') })).status, 403);
    assert.equal((await patch(api, { owner: 'Max' }, { ...any, ...as('manage') })).status, 200);
  });

  await t.test('each change is in the audit log, with who made it', async () => {
    const entries = await api.db.read((client) =>
      client.rows<{ actor: string; action: string; after: object }>(
        `select actor, action, after from audit_log where noun = 'problem' and key = 'late' order by id`,
      ),
    );
    assert.equal(entries[0]?.action, 'created');
    assert.deepEqual(entries.at(-1), { actor: 'manage', action: 'changed', after: { owner: 'Max' } });
  });
});
