import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testApi } from '../support/api.ts';

test('the audit log', async (t) => {
  const api = await testApi(t);
  const survey = (more: object) => ({ key: 'nps', name: 'NPS', kind: 'nps', ...more });
  await api.facts('surveys', [survey({})]);
  const response = { id: 'A-1', customer_id: 'C-1', survey: 'nps', answered_at: '2026-01-02T00:00:00Z' };
  for (const score of [3, 9, 10]) await api.facts('responses', [{ ...response, score }]);
  await api.send('PATCH', '/v1/settings', { currency: 'USD' }, { 'if-match': '*' });
  await api.send('DELETE', '/v1/customers/C-1');
  const told = async (query: string) => {
    const { status, body } = await api.get(`/v1/audit${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body.data.map(({ action, noun, key }: Record<string, string>) => `${action} ${noun} ${key}`);
  };
  const all = ['erased customer C-1', 'changed settings settings', 'corrected response A-1', 'corrected response A-1'];

  await t.test('tells who changed what, the newest first', async () => {
    assert.deepEqual(await told(''), all);
    const { body } = await api.get('/v1/audit?noun=response');
    const [last, first] = body.data;
    assert.deepEqual([first.before, first.after], [{ score: 3 }, { score: 9 }]);
    assert.deepEqual([last.before, last.after], [{ score: 9 }, { score: 10 }]);
    assert.equal(typeof last.request_id, 'string');
    assert.equal(last.actor, 'ADMIN_KEY');
  });

  await t.test('is narrowed by what, who and when, and read page by page', async () => {
    assert.deepEqual(await told('?noun=response&key=A-1&action=corrected'), all.slice(2));
    assert.deepEqual(await told('?noun=response&key=A-2'), []);
    assert.deepEqual(await told('?actor=nobody'), []);
    assert.deepEqual(await told('?to=2020-01-01'), []);
    assert.deepEqual(await told('?from=2020-01-01'), all);
    const pages: string[] = [];
    for (let next: string | null = '/v1/audit?limit=3'; next !== null; ) {
      const { body } = await api.get(next.replace('http://milemarker.test', ''));
      pages.push(...body.data.map(({ action }: { action: string }) => action));
      next = body.page.next;
    }
    assert.deepEqual(pages, ['erased', 'changed', 'corrected', 'corrected']);
  });

  await t.test('is for admins, and nobody changes it', async () => {
    const made = await api.send('POST', '/v1/keys', { name: 'bi', scopes: ['read', 'manage'] });
    const headers = { authorization: `Bearer ${made.body.secret}` };
    assert.equal((await api.send('GET', '/v1/audit', undefined, headers)).status, 403);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      const { status } = await api.send(method, '/v1/audit');
      assert.equal(status, 405);
    }
  });
});
