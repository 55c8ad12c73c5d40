import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { Type } from 'typebox';
import { requireMatch, versioned } from '../../src/http/etag.ts';
import { closed, nullable } from '../../src/http/schemas.ts';
import { described, trialServer } from './trial.ts';

const Noun = closed({ version: Type.Integer(), note: nullable(Type.String()) });

const server = (t: TestContext) =>
  trialServer(t, (app) => {
    const config = { scope: 'public' } as const;
    const response = { 200: Noun };
    const noun = { version: 3, note: null };
    app.get('/noun', { config, schema: { ...described(), response } }, async (request, reply) =>
      versioned(request, reply, noun),
    );
    app.patch('/noun', { config, schema: { ...described(), body: closed({}), response } }, async (request, reply) => {
      requireMatch(request, 3);
      return versioned(request, reply, { ...noun, version: 4 });
    });
  });

it('a noun is read with its ETag', async (t) => {
  const answer = await (await server(t)).inject('/noun');
  assert.deepEqual([answer.statusCode, answer.headers.etag], [200, '"v3"']);
  assert.equal(answer.headers['cache-control'], 'private, no-cache');
});

it('If-None-Match with the version at hand gives 304, compared weakly', async (t) => {
  const app = await server(t);
  const ask = async (tags: string, method: 'GET' | 'HEAD' = 'GET') => {
    const answer = await app.inject({ method, url: '/noun', headers: { 'if-none-match': tags } });
    assert.equal(answer.headers.etag, '"v3"');
    if (answer.statusCode === 304) assert.equal(answer.body, '');
    return answer.statusCode;
  };
  for (const tags of ['"v3"', 'W/"v3"', '*', '"v1", "v3"', '"v1",W/"v3"']) assert.equal(await ask(tags), 304, tags);
  assert.equal(await ask('"v3"', 'HEAD'), 304);
  for (const tags of ['"v2"', 'v3', '"v33"', '', '"V3"']) assert.equal(await ask(tags), 200, tags);
});

it('a change needs the ETag of the version at hand, compared strongly', async (t) => {
  const app = await server(t);
  const change = async (tags?: string) => {
    const headers = tags === undefined ? {} : { 'if-match': tags };
    const answer = await app.inject({ method: 'PATCH', url: '/noun', headers, payload: {} });
    return [answer.statusCode, answer.json().code ?? answer.headers.etag];
  };
  assert.deepEqual(await change(), [428, 'if_match_missing']);
  for (const tags of ['"v2"', 'W/"v2"']) assert.deepEqual(await change(tags), [412, 'version_moved_on'], tags);
  assert.deepEqual(await change('W/"v3"'), [412, 'weak_etag']);
  for (const tags of ['v3', '']) assert.deepEqual(await change(tags), [400, 'bad_if_match'], tags);
  for (const tags of ['"v3"', '*', '"v2", "v3"']) assert.deepEqual(await change(tags), [200, '"v4"'], tags);
});

it('a refused change tells the version that there is', async (t) => {
  const answer = await (await server(t)).inject({
    method: 'PATCH',
    url: '/noun',
    headers: { 'if-match': '"v2"' },
    payload: {},
  });
  assert.equal(answer.headers.etag, '"v3"');
  assert.match(answer.json().detail, /"v3"/);
});
