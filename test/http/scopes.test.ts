import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { FastifyPluginAsync } from 'fastify';
import { Type } from 'typebox';
import { unauthorized } from '../../src/errors.ts';
import { closed } from '../../src/http/schemas.ts';
import { callerOf, scopes } from '../../src/http/scopes.ts';
import type { Server } from '../../src/http/server.ts';
import { as, described, findTrialKey, trialServer } from './trial.ts';

const response = { 200: closed({ key_id: Type.String(), may_ingest: Type.Boolean() }) };

const addRoutes = (app: Server) => {
  for (const scope of [...scopes, 'public'] as const)
    for (const basic of [false, true])
      app.get(
        `/${scope}${basic ? '/basic' : ''}`,
        { config: { scope, basic }, schema: { ...described(), response } },
        async ({ caller }) => ({
          key_id: caller.key_id,
          may_ingest: caller.may('ingest'),
        }),
      );
};
const server = (t: TestContext) => trialServer(t, addRoutes);
const basicWith = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

describe('scopes', () => {
  it('imply what their words say, and no more', () => {
    const may = (...granted: (typeof scopes)[number][]) =>
      scopes.filter((scope) => callerOf({ key_id: '', name: '', scopes: granted }).may(scope));
    assert.deepEqual(may('ingest'), ['ingest']);
    assert.deepEqual(may('read'), ['read', 'scorecard']);
    assert.deepEqual(may('personal'), ['read', 'personal', 'scorecard']);
    assert.deepEqual(may('manage'), ['read', 'manage', 'scorecard']);
    assert.deepEqual(may('ingest', 'manage'), ['ingest', 'read', 'manage', 'scorecard']);
    assert.deepEqual(may('scorecard'), ['scorecard']);
    assert.deepEqual(may('admin'), [...scopes]);
    assert.deepEqual(may(), []);
  });

  it('open the routes that they cover', async (t) => {
    const app = await server(t);
    for (const granted of scopes)
      for (const needed of scopes) {
        const answer = await app.inject({ url: `/${needed}`, headers: as(granted) });
        const may = callerOf({ key_id: '', name: '', scopes: [granted] }).may(needed);
        assert.equal(answer.statusCode, may ? 200 : 403, `${granted} at ${needed}`);
      }
  });

  it('name what is lacking', async (t) => {
    const answer = await (await server(t)).inject({ url: '/manage', headers: as('read+ingest') });
    assert.deepEqual([answer.statusCode, answer.json().code], [403, 'scope_missing']);
    assert.match(answer.json().detail, /the scope 'manage'; this key has read, scorecard, ingest/);
  });

  it('are not asked of public routes, whose caller may do nothing', async (t) => {
    const app = await server(t);
    for (const headers of [{}, as('unknown key'), as('admin')])
      assert.deepEqual((await app.inject({ url: '/public', headers })).json(), { key_id: '', may_ingest: false });
  });

  it('hold for HEAD too', async (t) => {
    const app = await server(t);
    assert.equal((await app.inject({ method: 'HEAD', url: '/read' })).statusCode, 401);
    assert.equal((await app.inject({ method: 'HEAD', url: '/read', headers: as('read') })).statusCode, 200);
  });
});

describe('keys', () => {
  it('come as Bearer, in any case and with blanks', async (t) => {
    const app = await server(t);
    for (const authorization of ['Bearer read', 'bearer read', 'BEARER   read ']) {
      const answer = await app.inject({ url: '/read', headers: { authorization } });
      assert.deepEqual(answer.json(), { key_id: 'read', may_ingest: false });
    }
  });

  it('that are missing, malformed or unknown get 401 with a challenge', async (t) => {
    const app = await server(t);
    const ask = async (headers: Record<string, string>, url = '/read') => {
      const answer = await app.inject({ url, headers });
      assert.equal(answer.statusCode, 401);
      return [answer.json().code, answer.headers['www-authenticate']];
    };
    const challenge = 'Bearer realm="milemarker"';
    assert.deepEqual(await ask({}), ['key_missing', challenge]);
    for (const authorization of ['', 'Bearer', 'Bearer ', 'Token read', 'read', 'Bearer a b'])
      assert.deepEqual(await ask({ authorization }), ['key_missing', challenge], authorization);
    assert.deepEqual(await ask({ authorization: 'Bearer UNKNOWN' }), ['key_unknown', challenge]);
    assert.deepEqual(await ask(basicWith(':read')), ['key_missing', challenge]);
  });

  it('come as the Basic password where a route takes it, and only there it is asked for', async (t) => {
    const app = await server(t);
    for (const text of [':read', 'anybody:read'])
      assert.equal((await app.inject({ url: '/read/basic', headers: basicWith(text) })).statusCode, 200);
    assert.equal((await app.inject({ url: '/read/basic', headers: as('read') })).statusCode, 200);
    for (const headers of [
      {},
      basicWith('read'),
      basicWith('read:'),
      basicWith('a:UNKNOWN'),
      { authorization: 'Basic §' },
    ]) {
      const answer = await app.inject({ url: '/read/basic', headers });
      assert.equal(answer.statusCode, 401);
      assert.match(String(answer.headers['www-authenticate']), /^Basic realm="milemarker", charset="UTF-8", Bearer /);
    }
  });

  it('that were good once may be told what they are now', async (t) => {
    const app = await trialServer(t, addRoutes, {
      findKey: async () => {
        throw unauthorized('key_expired', 'It expired.');
      },
    });
    const answer = await app.inject({ url: '/read', headers: as('any') });
    assert.deepEqual([answer.statusCode, answer.json().code], [401, 'key_expired']);
  });

  it('are asked for before the body is looked at', async (t) => {
    const app = await trialServer(t, (app) =>
      app.post(
        '/rows',
        { config: { scope: 'ingest' }, schema: { ...described(), body: closed({}), response } },
        async () => ({
          key_id: '',
          may_ingest: true,
        }),
      ),
    );
    const headers = { 'content-type': 'application/json' };
    assert.equal((await app.inject({ method: 'POST', url: '/rows', headers, payload: '{nonsense' })).statusCode, 401);
  });
});

describe('the boot', () => {
  it('stops at a route that names no scope, also within a plugin', async (t) => {
    const schema = { ...described(), response };
    const handler = async () => ({ key_id: '', may_ingest: false });
    await assert.rejects(
      trialServer(t, (app) => app.put('/open', { schema }, handler)),
      /PUT \/open names no scope/,
    );
    const config = { scope: 'everybody' as 'read' };
    const plugin: FastifyPluginAsync = async (app) => {
      app.get('/open', { config, schema }, handler);
    };
    await assert.rejects(
      trialServer(t, (app) => void app.register(plugin, { prefix: '/v1' })),
      /GET \/v1\/open names no scope/,
    );
  });

  it('does not ask for the scopes of the documentation, which is open', async (t) => {
    const app = await trialServer(t, () => {}, { findKey: findTrialKey });
    for (const url of ['/docs/', '/docs/json', '/docs/static/swagger-ui-bundle.js', '/openapi.json'])
      assert.equal((await app.inject(url)).statusCode, 200, url);
  });
});
