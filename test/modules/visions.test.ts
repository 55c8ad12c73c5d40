import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Api, testApi } from '../support/api.ts';

const path = '/v1/visions';
const any = { 'if-match': '*' };

const make = async (api: Api, statement: string, more: object = {}) =>
  (await api.send('POST', path, { statement, ...more })).body;
const publish = (api: Api, id: string, headers: Record<string, string> = any) =>
  api.send('POST', `${path}/${id}/publish`, undefined, headers);

async function refused(api: Api, request: Parameters<Api['send']>, status: number, code: string) {
  const reply = await api.send(...request);
  assert.deepEqual([reply.status, reply.body?.code], [status, code], reply.text);
  return reply.body.detail as string;
}

test('one vision is current: publishing the next one ends it', async (t) => {
  const api = await testApi(t);
  const cure = await refused(api, ['GET', `${path}/current`], 404, 'no_current_vision');
  assert.match(cure, /POST \/v1\/visions\/\{id\}\/publish/);

  const [first, second] = [await make(api, 'Nobody waits.'), await make(api, 'Nobody waits, and nobody asks twice.')];
  assert.deepEqual(
    [first.state, first.published_at, first.superseded_at, first.stories, first.statement_words],
    ['draft', null, null, [], 2],
  );
  await refused(api, ['GET', `${path}/current`], 404, 'no_current_vision');

  const published = await publish(api, first.id, { 'if-match': '"v1"' });
  assert.deepEqual([published.status, published.headers.etag, published.body.state], [200, '"v2"', 'current']);
  assert.deepEqual((await api.get(`${path}/current`)).body, published.body);
  // Once more is no new version, and no second entry in the log.
  const again = await publish(api, first.id, { 'if-match': '"v2"' });
  assert.deepEqual([again.status, again.text], [200, published.text]);
  // There is nothing to say of it; an empty object says no more.
  const post = (body: object) => api.send('POST', `${path}/${first.id}/publish`, body, any);
  assert.equal((await post({})).status, 200);
  assert.equal((await post({ exception: 'Nobody asked.' })).body.errors[0].code, 'unknown_field');

  const next = await publish(api, second.id);
  assert.equal(next.body.state, 'current');
  const before = (await api.get(`${path}/${first.id}`)).body;
  assert.deepEqual([before.state, before.superseded_at], ['superseded', next.body.published_at]);
  assert.equal((await api.get(`${path}/current`)).body.id, second.id);

  const detail = await refused(api, ['POST', `${path}/${first.id}/publish`, undefined, any], 409, 'superseded');
  assert.match(detail, /Make a new vision/);
  const log = (await api.get(`/v1/audit?noun=vision&key=${first.id}`)).body.data;
  assert.deepEqual(
    log.map(({ action }: { action: string }) => action),
    ['superseded', 'published', 'created'],
  );
  assert.deepEqual(log[0].after, { superseded_at: next.body.published_at });
});

test('what was published keeps its words; verdicts and stories may change', async (t) => {
  const api = await testApi(t);
  const { id } = await make(api, 'Nobody waits.', { future_state: 'Doors open by themselves.' });
  await publish(api, id);
  const change = (body: object) => ['PATCH', `${path}/${id}`, body, any] as const;
  for (const words of [{ statement: 'Somebody waits.' }, { present_state: 'Queues.' }, { future_state: null }]) {
    const detail = await refused(api, [...change(words)], 409, 'published');
    assert.ok(detail.includes(`keeps its ${Object.keys(words)[0]}. Make a new vision`), detail);
  }
  const stories = [{ text: 'The night desk opened at five.', behaviour: 'keep-your-word' }, { text: 'Tea for all.' }];
  const told = await api.send(...change({ statement: 'Nobody waits.', is_simple: true, stories }));
  assert.deepEqual([told.status, told.body.is_simple, told.body.stories], [200, true, stories]);
  const unknown = await api.send(...change({ stories: [stories[1], { text: 'No.', behaviour: 'no-such' }] }));
  assert.deepEqual(
    [unknown.status, unknown.body.errors[0].pointer, unknown.body.errors[0].code],
    [422, '/stories/1/behaviour', 'unknown_behaviour'],
  );
  const none = await api.send(...change({ stories: [] }));
  assert.deepEqual([none.status, none.body.stories], [200, []]);

  // A draft may say something else every day.
  const draft = await make(api, 'Every guest counts.');
  const changed = await api.send('PATCH', `${path}/${draft.id}`, { statement: 'Every guest matters.' }, any);
  assert.deepEqual([changed.status, changed.body.statement], [200, 'Every guest matters.']);
});

test('the current vision is not archived, others are, and what is archived is not published', async (t) => {
  const api = await testApi(t);
  const [first, second, third] = [await make(api, 'One.'), await make(api, 'Two.'), await make(api, 'Three.')];
  await publish(api, first.id);
  await refused(api, ['DELETE', `${path}/${first.id}`, undefined, any], 409, 'current_vision');
  assert.equal((await api.get(`${path}/${first.id}`)).body.archived_at, null);
  await publish(api, second.id);
  for (const { id } of [first, third])
    assert.equal((await api.send('DELETE', `${path}/${id}`, undefined, any)).status, 204);
  await refused(api, ['POST', `${path}/${third.id}/publish`, undefined, any], 409, 'archived');
  assert.equal((await api.get(`${path}/current`)).body.id, second.id);
});

test('publishing asks for the version that was seen, and for the scope manage', async (t) => {
  const api = await testApi(t);
  const { id } = await make(api, 'Nobody waits.');
  const at = `${path}/${id}/publish`;
  await refused(api, ['POST', at], 428, 'if_match_missing');
  await refused(api, ['POST', at, undefined, { 'if-match': '"v7"' }], 412, 'version_moved_on');
  await refused(
    api,
    ['POST', `${path}/018f0000-0000-7000-8000-000000000000/publish`, undefined, any],
    404,
    'not_found',
  );
  const { body } = await api.send('POST', '/v1/keys', { name: 'read', scopes: ['read'] });
  const reader = { authorization: `Bearer ${body.secret}` };
  await refused(api, ['POST', at, undefined, { ...any, ...reader }], 403, 'scope_missing');
  await publish(api, id);
  assert.equal((await api.send('GET', `${path}/current`, undefined, reader)).status, 200);
});

test('of visions that are published at once each has its time, and one is current', async (t) => {
  const api = await testApi(t);
  const made = [];
  for (let at = 0; at < 6; at++) made.push(await make(api, `Version ${at}.`));
  const replies = await Promise.all(made.map(({ id }) => publish(api, id)));
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
  const { data } = (await api.get(path)).body;
  const states = data.map(({ state }: { state: string }) => state);
  assert.deepEqual(states.filter((state: string) => state === 'current').length, 1);
  assert.deepEqual(states.filter((state: string) => state === 'superseded').length, 5);
  assert.equal(
    (await api.get(`${path}/current`)).body.id,
    data.find(({ state }: { state: string }) => state === 'current').id,
  );
});

test('words are counted in languages with and without spaces', async (t) => {
  const api = await testApi(t);
  // A dash and a full stop are no words.
  assert.equal((await make(api, "We don't let anybody wait - not once, not here, ever.")).statement_words, 10);
  // Nobody waits. What a word is there depends on the dictionary; it is not one.
  assert.ok((await make(api, '誰も待たない。')).statement_words > 1);
  assert.equal((await make(api, '...')).statement_words, 0);
});

test('a check is about the vision that was current on its day', async (t) => {
  const api = await testApi(t);
  const [old, now] = [await make(api, 'Old.'), await make(api, 'New.')];
  await publish(api, old.id);
  await publish(api, now.id);
  // As if the one had been current in 2020, and the other ever since.
  await api.db.write((client) =>
    client.rows(
      `update visions set published_at = case id when $1 then '2020-03-01T22:30Z' else '2020-06-30T22:30Z' end::timestamptz,
         superseded_at = case id when $1 then '2020-06-30T22:30Z'::timestamptz end`,
      [old.id],
    ),
  );
  const check = async (asked_on: string, more: object = {}) => {
    const reply = await api.send('POST', '/v1/vision-checks', {
      asked_on,
      answers: [{ clear: true, consistent: true }],
      ...more,
    });
    return reply.body.vision;
  };
  assert.deepEqual(await Promise.all(['2020-03-01', '2020-06-29', '2020-06-30', '2024-01-01'].map((on) => check(on))), [
    old.id,
    old.id,
    now.id,
    now.id,
  ]);
  // Before the first one: the one that is now.
  assert.equal(await check('2020-02-29'), now.id);
  // In Berlin the new one was published on the first of July.
  await api.send('PATCH', '/v1/settings', { time_zone: 'Europe/Berlin' }, any);
  assert.equal(await check('2020-06-30'), old.id);
  assert.equal(await check('2020-07-01'), now.id);
  assert.equal(await check('2024-01-01', { vision: old.id }), old.id);
  assert.equal(await check('2024-01-01', { vision: null }), null);
  const listed = (await api.get(`/v1/vision-checks?vision=${old.id}`)).body.data;
  assert.equal(listed.length, 4);
});
