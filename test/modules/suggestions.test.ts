import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Reply, testApi } from '../support/api.ts';

const any = { 'if-match': '*' };
const told = ({ status, body }: Reply) => [status, body.code, body.errors?.[0]?.pointer];

test('The rules of suggestions', async (t) => {
  const api = await testApi(t);
  const make = (body: object = {}) => api.send('POST', '/v1/suggestions', { text: 'Print them at night.', ...body });
  const patch = (id: string, body: object) => api.send('PATCH', `/v1/suggestions/${id}`, body, any);

  await t.test('leaving `new` takes an answer and is dated; the first answer keeps its date', async () => {
    const { id, status, votes } = (await make({ made_at: '2026-01-10T00:00:00Z' })).body;
    assert.deepEqual([status, votes], ['new', 0]);
    assert.deepEqual(told(await patch(id, { status: 'considering' })), [422, 'invalid_body', '/answer']);
    assert.deepEqual(told(await patch(id, { answer: 'Good idea' })), [422, 'invalid_body', '/answer']);
    const answered_at = '2026-01-12T00:00:00.000Z';
    assert.deepEqual(told(await patch(id, { answered_at })), [422, 'no_answered_at', '/answered_at']);
    const early = { status: 'considering', answer: 'Good idea', answered_at: '2026-01-09T00:00:00Z' };
    assert.deepEqual(told(await patch(id, early)), [422, 'invalid_body', '/answered_at']);
    const considering = (await patch(id, { ...early, answered_at })).body;
    assert.deepEqual([considering.status, considering.answered_at], ['considering', answered_at]);
    const done = (await patch(id, { status: 'incorporated', answer: 'Done since Monday' })).body;
    assert.deepEqual([done.status, done.answer, done.answered_at], ['incorporated', 'Done since Monday', answered_at]);
    assert.deepEqual(told(await patch(id, { answer: null })), [422, 'invalid_body', '/answer']);
    const now = (await make({ status: 'declined', answer: 'Too loud' })).body.answered_at;
    assert.ok(Math.abs(Date.parse(now) - Date.now()) < 60_000);
  });

  await t.test('none leads back to `new`', async () => {
    const allowed: Record<string, string[]> = {
      new: ['considering', 'incorporated', 'declined'],
      considering: ['incorporated', 'declined'],
      incorporated: ['considering'],
      declined: ['considering', 'incorporated'],
    };
    const body = (status: string) => ({ status, answer: status === 'new' ? null : 'Thank you' });
    for (const [from, next] of Object.entries(allowed))
      for (const to of Object.keys(allowed)) {
        const { id } = (await make(body(from))).body;
        const reply = await patch(id, body(to));
        assert.equal(reply.status, to === from || next.includes(to) ? 200 : 409, `${from} to ${to}: ${reply.text}`);
      }
  });

  await t.test('the obstacle that it became must be there', async () => {
    const { id } = (await make()).body;
    const obstacle = '019a0000-0000-7000-8000-000000000000';
    assert.deepEqual(told(await patch(id, { obstacle })), [422, 'invalid_body', '/obstacle']);
    const raised = (await api.send('POST', '/v1/obstacles', { title: 'The printer jams' })).body.id;
    assert.equal((await patch(id, { obstacle: raised })).body.obstacle, raised);
    const { data } = (await api.get(`/v1/suggestions?obstacle=${raised}`)).body;
    assert.deepEqual(
      data.map((row: { id: string }) => row.id),
      [id],
    );
  });

  await t.test('one vote a voter, however often and by how many at once it is sent', async () => {
    const { id } = (await make()).body;
    const vote = (voter: string, method: 'PUT' | 'DELETE' = 'PUT') =>
      api.send(method, `/v1/suggestions/${id}/votes/${encodeURIComponent(voter)}`);
    const voters = ['Ines', 'Ines', 'Ines', 'Olé & co/1', 'Tom'];
    const replies = await Promise.all(voters.map((voter) => vote(voter)));
    assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
    const read = await api.get(`/v1/suggestions/${id}`);
    assert.deepEqual([read.body.votes, read.headers.etag], [3, '"v1"']);
    const [listed] = (await api.get('/v1/suggestions?limit=1000')).body.data.filter(
      (row: { id: string }) => row.id === id,
    );
    assert.equal(listed.votes, 3);
    assert.equal((await vote('Tom', 'DELETE')).status, 204);
    assert.equal((await vote('Tom', 'DELETE')).status, 204);
    assert.equal((await vote('Ines')).body.votes, 2);
    // A vote is no change that others would overwrite, and each is in the log once.
    const { data } = (await api.get(`/v1/audit?noun=suggestion&key=${id}`)).body;
    const votes = data.flatMap(({ action, after }: { action: string; after: { voter: string } }) =>
      action === 'created' ? [] : [`${action} ${after.voter}`],
    );
    assert.deepEqual(votes.sort(), ['vote_withdrawn Tom', 'voted Ines', 'voted Olé & co/1', 'voted Tom']);
    // Whoever has read it before is told of the votes all the same.
    const known = await api.send('GET', `/v1/suggestions/${id}`, undefined, { 'if-none-match': '"v1"' });
    assert.deepEqual([known.status, known.body.votes], [200, 2]);
  });

  await t.test('votes of what is archived, is not there, or by who may not', async () => {
    const { id } = (await make()).body;
    await api.send('PUT', `/v1/suggestions/${id}/votes/Ines`);
    await api.send('DELETE', `/v1/suggestions/${id}`, undefined, any);
    assert.deepEqual(told(await api.send('PUT', `/v1/suggestions/${id}/votes/Tom`)), [409, 'archived', undefined]);
    assert.deepEqual(told(await api.send('DELETE', `/v1/suggestions/${id}/votes/Ines`)), [409, 'archived', undefined]);
    assert.equal((await api.get(`/v1/suggestions/${id}`)).body.votes, 1);
    const nowhere = '/v1/suggestions/019a0000-0000-7000-8000-000000000000/votes/Ines';
    assert.deepEqual(told(await api.send('PUT', nowhere)), [404, 'not_found', undefined]);
    assert.equal((await api.send('PUT', '/v1/suggestions/7/votes/Ines')).status, 400);
    const { secret } = (await api.send('POST', '/v1/keys', { name: 'reader', scopes: ['read'] })).body;
    const reply = await api.send('PUT', nowhere, undefined, { authorization: `Bearer ${secret}` });
    assert.deepEqual(told(reply), [403, 'scope_missing', undefined]);
  });
});
