import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Api, testApi } from '../../support/api.ts';

const checkIn = { key: 'check-in', name: 'Check-in', stage: 'arrival', channel: 'desk', owner: 'Ines' };

async function logOf({ db }: Api, key: string): Promise<unknown[]> {
  const rows = await db.read((client) =>
    client.rows<{ actor: string; action: string; before: unknown; after: unknown }>(
      `select actor, action, before, after from audit_log where noun = 'moment' and key = $1 order by id`,
      [key],
    ),
  );
  return rows.map(({ action, before, after }) => [action, before, after]);
}

test('a moment is made, read, changed, archived, and each of that is in the log', async (t) => {
  const api = await testApi(t);
  const made = await api.send('POST', '/v1/moments', checkIn);
  assert.equal(made.status, 201);
  assert.equal(made.headers.location, '/v1/moments/check-in');
  assert.equal(made.headers.etag, '"v1"');
  const { created_at, changed_at, ...rest } = made.body;
  assert.deepEqual(rest, {
    ...checkIn,
    description: null,
    policy_reviewed_on: null,
    policy_verdict: null,
    policy_finding: null,
    next_review_on: null,
    version: 1,
    archived_at: null,
  });
  assert.equal(created_at, changed_at);

  const path = '/v1/moments/check-in';
  const read = await api.get(path);
  assert.deepEqual([read.status, read.headers.etag], [200, '"v1"']);
  assert.deepEqual(read.body, made.body);
  const again = await api.send('GET', path, undefined, { 'if-none-match': '"v1"' });
  assert.deepEqual([again.status, again.text], [304, '']);

  const review = { policy_reviewed_on: '2026-03-01', policy_verdict: 'partly', next_review_on: '2026-09-01' };
  const changes = { ...review, owner: null, stage: 'arrival' };
  const changed = await api.send('PATCH', path, changes, { 'if-match': '"v1"' });
  assert.deepEqual([changed.status, changed.headers.etag], [200, '"v2"']);
  assert.deepEqual({ ...changed.body, changed_at }, { ...made.body, ...review, owner: null, version: 2 });
  // Nothing that differs, no new version.
  const same = await api.send('PATCH', path, { name: 'Check-in' }, { 'if-match': '"v2"' });
  assert.equal(same.headers.etag, '"v2"');

  assert.equal((await api.send('DELETE', path, undefined, { 'if-match': '"v2"' })).status, 204);
  const archived = await api.get(path);
  assert.equal(typeof archived.body.archived_at, 'string');
  assert.equal(archived.body.version, 3);
  assert.deepEqual((await api.get('/v1/moments')).body.data, []);
  assert.deepEqual((await api.get('/v1/moments?archived=true')).body.data, [archived.body]);

  assert.deepEqual(await logOf(api, 'check-in'), [
    ['created', null, checkIn],
    [
      'changed',
      { owner: 'Ines', next_review_on: null, policy_verdict: null, policy_reviewed_on: null },
      { ...review, owner: null },
    ],
    ['archived', { archived_at: null }, { archived_at: archived.body.archived_at }],
  ]);
});

test('what may not be done to a moment is refused with the reason', async (t) => {
  const api = await testApi(t);
  await api.send('POST', '/v1/moments', checkIn);
  const path = '/v1/moments/check-in';
  const refused = async (
    request: Parameters<Api['send']>,
    status: number,
    code: string,
    pointers: string[] = [],
  ): Promise<void> => {
    const { status: got, body } = await api.send(...request);
    assert.deepEqual([got, body.code], [status, code], JSON.stringify(request));
    assert.deepEqual(
      body.errors.map(({ pointer }: { pointer: string }) => pointer),
      pointers,
    );
  };
  const match = { 'if-match': '"v1"' };
  await refused(['POST', '/v1/moments', checkIn], 409, 'exists_already');
  await refused(['GET', '/v1/moments/nothing'], 404, 'not_found');
  await refused(['PATCH', '/v1/moments/nothing', { name: 'x' }, match], 404, 'not_found');
  await refused(['DELETE', '/v1/moments/nothing', undefined, match], 404, 'not_found');
  await refused(['PATCH', path, { name: 'x' }], 428, 'if_match_missing');
  await refused(['PATCH', path, { name: 'x' }, { 'if-match': '"v7"' }], 412, 'version_moved_on');
  await refused(['DELETE', path], 428, 'if_match_missing');
  await refused(['PATCH', path, { name: null }, match], 422, 'invalid_body', ['/name']);
  await refused(['PATCH', path, { key: 'other' }, match], 422, 'invalid_body', ['/key']);
  await refused(['PATCH', path, { policy_verdict: 'good' }, match], 422, 'invalid_body', ['/policy_verdict']);
  await refused(['PATCH', path, { policy_verdict: 'fits' }, match], 422, 'invalid_body', ['/policy_reviewed_on']);
  await refused(['PATCH', path, { policy_reviewed_on: '2026-03-01' }, match], 422, 'invalid_body', ['/policy_verdict']);
  await refused(
    ['POST', '/v1/moments', { key: 'a', name: 'A', policy_reviewed_on: '2026-02-30' }],
    422,
    'invalid_body',
    ['/policy_reviewed_on'],
  );
  const reviewed = { policy_reviewed_on: '2026-03-01', policy_verdict: 'fits' };
  await refused(
    ['POST', '/v1/moments', { key: 'a', name: 'A', ...reviewed, next_review_on: '2026-03-01' }],
    422,
    'invalid_body',
    ['/next_review_on'],
  );
  // A review is taken back as a whole: half of one is refused by what is stored already.
  assert.equal((await api.send('PATCH', path, reviewed, match)).status, 200);
  await refused(['PATCH', path, { policy_verdict: null }, { 'if-match': '"v2"' }], 422, 'invalid_body', [
    '/policy_verdict',
  ]);
  const cleared = { policy_reviewed_on: null, policy_verdict: null };
  assert.equal((await api.send('PATCH', path, cleared, { 'if-match': '"v2"' })).status, 200);

  assert.equal((await api.send('DELETE', path, undefined, { 'if-match': '*' })).status, 204);
  assert.equal((await api.send('DELETE', path, undefined, { 'if-match': '*' })).status, 204);
  await refused(['PATCH', path, { name: 'x' }, { 'if-match': '*' }], 409, 'archived');
  await refused(['POST', '/v1/moments', checkIn], 409, 'exists_already');
});

test('who may only read does not change, and who manages does', async (t) => {
  const api = await testApi(t);
  const bearer = async (scope: string) => {
    const { body } = await api.send('POST', '/v1/keys', { name: scope, scopes: [scope] });
    return { authorization: `Bearer ${body.secret}` };
  };
  const [reader, manager, sender] = [await bearer('read'), await bearer('manage'), await bearer('ingest')];
  assert.equal((await api.send('POST', '/v1/moments', checkIn, reader)).status, 403);
  assert.equal((await api.send('POST', '/v1/moments', checkIn, manager)).status, 201);
  assert.equal((await api.send('GET', '/v1/moments', undefined, reader)).body.data.length, 1);
  assert.equal((await api.send('GET', '/v1/moments', undefined, sender)).status, 403);
  assert.equal(
    (await api.send('DELETE', '/v1/moments/check-in', undefined, { ...reader, 'if-match': '*' })).status,
    403,
  );
});

test('the list is walked page by page and narrowed by stage, channel and owner', async (t) => {
  const api = await testApi(t);
  // Keys are what facts say, so they may hold anything that an id may.
  for (const [key, stage, owner] of [
    ['a/b c', 'arrival', 'Ines'],
    ['b', 'departure', 'Ines'],
    ['c', 'arrival', 'Otto'],
  ])
    assert.equal((await api.send('POST', '/v1/moments', { key, name: key, stage, owner })).status, 201);
  const keys = async (query: string) =>
    (await api.get(`/v1/moments?${query}`)).body.data.map(({ key }: { key: string }) => key);
  assert.deepEqual(await keys('stage=arrival'), ['a/b c', 'c']);
  assert.deepEqual(await keys('owner=Ines'), ['a/b c', 'b']);
  assert.deepEqual(await keys('owner=Ines&stage=arrival'), ['a/b c']);
  assert.deepEqual(await keys('channel=desk'), []);
  assert.equal((await api.get('/v1/moments/a%2Fb%20c')).body.key, 'a/b c');

  const first = await api.get('/v1/moments?limit=2');
  assert.deepEqual(
    first.body.data.map(({ key }: { key: string }) => key),
    ['a/b c', 'b'],
  );
  assert.ok(first.body.page.cursor);
  const rest = await keys(`limit=2&cursor=${encodeURIComponent(first.body.page.cursor)}`);
  assert.deepEqual(rest, ['c']);
});
