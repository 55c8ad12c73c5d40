import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testApi } from '../support/api.ts';

test('Idempotency-Key', async (t) => {
  const api = await testApi(t);
  const post = (path: string, body: object, key: string, more: Record<string, string> = {}) =>
    api.send('POST', path, body, { 'idempotency-key': key, ...more });
  const count = async (table: string) => {
    const [row] = await api.db.read((client) => client.rows<{ n: number }>(`select count(*) as n from ${table}`));
    return row?.n;
  };
  const moment = { key: 'call', name: 'The call' };

  await t.test('the same request again is answered as it was, and makes nothing twice', async () => {
    const first = await post('/v1/moments', moment, 'one');
    assert.deepEqual([first.status, first.headers['idempotent-replayed']], [201, undefined]);
    // The order of fields is no difference; what was changed since does not show.
    await api.send('PATCH', '/v1/moments/call', { name: 'Other' }, { 'if-match': '"v1"' });
    const again = await post('/v1/moments', { name: 'The call', key: 'call' }, 'one');
    assert.deepEqual([again.status, again.headers['idempotent-replayed']], [201, 'true']);
    assert.deepEqual(again.body, first.body);
    assert.deepEqual([again.headers.location, again.headers.etag], [first.headers.location, first.headers.etag]);
    assert.equal(await count('moments'), 1);
    assert.equal(await count(`audit_log where action = 'created'`), 1);
  });

  await t.test('another request under the key is refused', async () => {
    const other = await post('/v1/moments', { ...moment, key: 'visit' }, 'one');
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused']);
    assert.equal(await count('moments'), 1);
  });

  await t.test('a key is of one API key and one operation', async () => {
    const elsewhere = await post('/v1/problems', { key: 'late', name: 'Late', themes: ['late'] }, 'one');
    assert.equal(elsewhere.status, 201);
    const made = await api.send('POST', '/v1/keys', { name: 'other', scopes: ['manage'] });
    const other = { authorization: `Bearer ${made.body.secret}` };
    assert.equal((await post('/v1/moments', { ...moment, key: 'visit' }, 'one', other)).status, 201);
  });

  await t.test('twenty at once make one', async () => {
    await api.facts('customers', [{ id: 'C-1' }]);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post('/v1/follow-ups', { customer_id: 'C-1' }, 'twenty')),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    assert.ok(
      [...statuses].every((status) => status === 201 || status === 409),
      [...statuses].join(),
    );
    const made = answers.filter(({ status }) => status === 201);
    assert.ok(made.length > 0);
    assert.equal(new Set(made.map(({ body }) => body.id)).size, 1);
    for (const { status, body } of answers) if (status === 409) assert.equal(body.code, 'request_under_way');
    assert.equal(await count('follow_ups'), 1);
    const later = await post('/v1/follow-ups', { customer_id: 'C-1' }, 'twenty');
    assert.deepEqual([later.status, later.body.id], [201, made[0]?.body.id]);
  });

  await t.test('a request that failed may be tried again under its key', async () => {
    const refused = await post('/v1/moments', moment, 'retry');
    assert.deepEqual([refused.status, refused.body.code], [409, 'exists_already']);
    assert.equal((await post('/v1/moments', { ...moment, key: 'new' }, 'retry')).status, 201);
  });

  await t.test('after a day the key is free', async () => {
    await api.db.write((client) =>
      client.rows(`update idempotent_answers set answered_at = now() - interval '25 hours'`),
    );
    assert.equal((await post('/v1/moments', { ...moment, key: 'next' }, 'one')).status, 201);
  });
});
