import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nouns } from '../../src/bi/noun-sets.ts';
import { type Api, testApi } from '../support/api.ts';
import { samples } from './samples.ts';

const bearer = async (api: Api, scope: string) => {
  const { body } = await api.send('POST', '/v1/keys', { name: scope, scopes: [scope] });
  return { authorization: `Bearer ${body.secret}` };
};

for (const noun of nouns)
  test(`${noun.table}, by status code`, async (t) => {
    const sample = samples[noun.table];
    assert.ok(sample, `test/managed/samples.ts has no sample of ${noun.table}`);
    const { changes, clears, before, other } = sample;
    const api = await testApi(t);
    await before?.(api);
    const path = `/v1/${noun.path}`;
    const example = (at = 0): Record<string, unknown> => ({
      ...noun.example,
      ...(noun.key === 'key' && at > 0 && { key: `other-${at}` }),
      ...other?.(at),
    });
    const refused = async (request: Parameters<Api['send']>, status: number, code: string) => {
      const { status: got, body } = await api.send(...request);
      assert.deepEqual([got, body?.code], [status, code], JSON.stringify(request));
      return body;
    };

    // 201: it is there as it was sent, with its address and version.
    const made = await api.send('POST', path, example());
    assert.equal(made.status, 201, made.text);
    const key = String(made.body[noun.key]);
    const at = `${path}/${encodeURIComponent(key)}`;
    assert.deepEqual([made.headers.location, made.headers.etag], [at, '"v1"']);
    for (const [name, value] of Object.entries(example()))
      if (!/_at$/.test(name)) assert.deepEqual(made.body[name], value, name);
    const read = await api.get(at);
    assert.deepEqual([read.status, read.headers.etag, read.body], [200, '"v1"', made.body]);

    // What is refused, and leaves nothing behind.
    const match = { 'if-match': '"v1"' };
    if (noun.key === 'key') await refused(['POST', path, example()], 409, 'exists_already');
    await refused(['POST', path, { ...example(1), no_such_field: 1 }], 422, 'invalid_body');
    await refused(['POST', path, {}], 422, 'invalid_body');
    await refused(['PATCH', at, { no_such_field: 1 }, match], 422, 'invalid_body');
    await refused(['GET', `${path}?no_such_parameter=1`], 400, 'invalid_query');
    await refused(['PATCH', at, changes], 428, 'if_match_missing');
    await refused(['DELETE', at], 428, 'if_match_missing');
    await refused(['PATCH', at, changes, { 'if-match': '"v7"' }], 412, 'version_moved_on');
    await refused(['DELETE', at, undefined, { 'if-match': '"v7"' }], 412, 'version_moved_on');
    const nowhere = `${path}/${noun.key === 'id' ? '019a0000-0000-7000-8000-000000000000' : 'nowhere'}`;
    await refused(['GET', nowhere], 404, 'not_found');
    await refused(['PATCH', nowhere, changes, match], 404, 'not_found');
    await refused(['DELETE', nowhere, undefined, match], 404, 'not_found');
    await refused(['GET', path, undefined, { authorization: '' }], 401, 'key_missing');
    const [reader, sender, manager] = [
      await bearer(api, 'read'),
      await bearer(api, 'ingest'),
      await bearer(api, 'manage'),
    ];
    await refused(['GET', at, undefined, sender], 403, 'scope_missing');
    await refused(['POST', path, example(1), reader], 403, 'scope_missing');
    await refused(['PATCH', at, changes, { ...match, ...reader }], 403, 'scope_missing');
    await refused(['DELETE', at, undefined, { ...match, ...reader }], 403, 'scope_missing');
    assert.equal((await api.get(at)).headers.etag, '"v1"');

    // A merge-patch says nothing of what it leaves out; the same again is no new version.
    const changed = await api.send('PATCH', at, changes, { ...match, ...manager });
    assert.deepEqual([changed.status, changed.headers.etag], [200, '"v2"'], changed.text);
    for (const [name, value] of Object.entries(changes)) assert.deepEqual(changed.body[name], value, name);
    assert.equal((await api.send('PATCH', at, changes, { 'if-match': '"v2"' })).headers.etag, '"v2"');
    let version = 2;
    if (clears) {
      const given = await api.send('PATCH', at, { [clears.field]: clears.from }, { 'if-match': '*' });
      assert.deepEqual([given.status, given.body[clears.field]], [200, clears.from], given.text);
      const cleared = await api.send(
        'PATCH',
        at,
        { [clears.field]: null },
        { 'if-match': given.headers.etag as string },
      );
      assert.deepEqual([cleared.status, cleared.body[clears.field]], [200, null], cleared.text);
      version = cleared.body.version;
    }

    // Two people change what both have seen: one of them is told.
    const target = { ...example(), ...changes };
    const field = Object.keys(changes)[0] ?? '';
    const back = { [field]: (noun.example as Record<string, unknown>)[field] ?? null };
    const both = await Promise.all(
      [back, back].map((body) => api.send('PATCH', at, body, { 'if-match': `"v${version}"` })),
    );
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 412], JSON.stringify(target));

    // Twenty equal requests under one Idempotency-Key make one; another body under it is refused.
    const once = { 'idempotency-key': 'once' };
    const counted = async () =>
      (await api.db.read((client) => client.rows<{ n: number }>(`select count(*)::int4 as n from ${noun.table}`)))[0]
        ?.n ?? 0;
    const before20 = await counted();
    const twenty = await Promise.all(Array.from({ length: 20 }, () => api.send('POST', path, example(2), once)));
    const won = twenty.filter(({ status }) => status === 201);
    assert.ok(won.length > 0, twenty[0]?.text);
    assert.deepEqual([...new Set(won.map(({ text }) => text))].length, 1);
    assert.ok(twenty.every(({ status, body }) => status === 201 || body.code === 'request_under_way'));
    assert.equal(await counted(), before20 + 1);
    const again = await api.send('POST', path, example(2), once);
    assert.deepEqual([again.status, again.headers['idempotent-replayed'], again.text], [201, 'true', won[0]?.text]);
    await refused(['POST', path, example(3), once], 422, 'idempotency_key_reused');

    // Pages in the order of the key.
    const third = await api.send('POST', path, example(4));
    assert.equal(third.status, 201, third.text);
    const first = await api.get(`${path}?limit=2`);
    const rest = await api.get(`${path}?limit=1000&cursor=${encodeURIComponent(first.body.page.cursor)}`);
    const keys = [...first.body.data, ...rest.body.data].map((row) => row[noun.key]);
    assert.ok([key, String(third.body[noun.key])].every((one) => keys.includes(one)));
    assert.equal(new Set(keys).size, keys.length);

    // Archived: it leaves the list, can be read, stays as it is, and its key stays taken.
    assert.equal((await api.send('DELETE', at, undefined, { 'if-match': '*' })).status, 204);
    assert.equal((await api.send('DELETE', at, undefined, { 'if-match': '*' })).status, 204);
    assert.equal(typeof (await api.get(at)).body.archived_at, 'string');
    await refused(['PATCH', at, changes, { 'if-match': '*' }], 409, 'archived');
    if (noun.key === 'key') await refused(['POST', path, example()], 409, 'exists_already');
    const listed = async (query: string) =>
      (await api.get(`${path}?limit=1000${query}`)).body.data.some(
        (row: Record<string, unknown>) => row[noun.key] === key,
      );
    assert.deepEqual([await listed(''), await listed('&archived=true')], [false, true]);

    // Every change is in the log with who made it and the request; nobody can change the log.
    const log = (await api.get(`/v1/audit?noun=${noun.one}&key=${encodeURIComponent(key)}`)).body.data;
    const actions = log.map(({ action }: { action: string }) => action);
    assert.ok(actions.includes('created') && actions.includes('archived'), JSON.stringify(actions));
    const change = log.find(
      ({ action, actor }: { action: string; actor: string }) => action === 'changed' && actor === 'manage',
    );
    assert.deepEqual(Object.keys(change.after).includes(field), true);
    assert.ok(log.every(({ request_id }: { request_id: string }) => request_id.length > 0));
  });

test('the table of every managed noun has the columns that it declares, null where they may be', async (t) => {
  const { db } = await testApi(t);
  for (const { table, stored } of nouns) {
    const columns = await db.read((client) =>
      client.rows<{ name: string; nullable: boolean }>(
        `select column_name as name, is_nullable = 'YES' as nullable from information_schema.columns
         where table_schema = 'public' and table_name = $1 and column_name <> 'changed_xid'`,
        [table],
      ),
    );
    const declared = Object.entries(stored).map(([name, schema]) => {
      const { type, enum: values } = schema as { type?: unknown; enum?: unknown[] };
      return [name, [type].flat().includes('null') || values?.includes(null) === true];
    });
    assert.deepEqual(
      Object.fromEntries(columns.map(({ name, nullable }) => [name, nullable])),
      Object.fromEntries(declared),
      table,
    );
  }
});
