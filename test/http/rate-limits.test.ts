import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Type } from 'typebox';
import { unauthorized } from '../../src/errors.ts';
import { addHealth } from '../../src/http/health.ts';
import { closed } from '../../src/http/schemas.ts';
import { callerOf } from '../../src/http/scopes.ts';
import type { ServerOptions } from '../../src/http/server.ts';
import { as, described, trialServer } from './trial.ts';

const response = { 200: closed({ ok: Type.Boolean() }) };

/** A server with a limit; the tokens that begin with `good` are keys, and every other one costs a look-up. */
async function trial(t: TestContext, rate_limit_per_minute: number, options: Partial<ServerOptions> = {}) {
  const looked: string[] = [];
  const known = new Set<string>();
  const app = await trialServer(
    t,
    (app) => {
      addHealth(app, async () => {});
      app.get('/a', { config: { scope: 'read' }, schema: { ...described(), response } }, async () => ({ ok: true }));
    },
    {
      rate_limit_per_minute,
      knowsKey: (token) => known.has(token),
      findKey: async (token) => {
        looked.push(token);
        if (token === 'late') throw unauthorized('key_expired', 'The API key expired.');
        if (!token.startsWith('good')) return undefined;
        known.add(token);
        return callerOf({ key_id: token, name: token, scopes: token.endsWith('none') ? [] : ['read'] });
      },
      ...options,
    },
  );
  const ask = async (key: string | undefined, remoteAddress = '192.0.2.1', more: Record<string, string> = {}) => {
    const headers = { ...(key === undefined ? {} : as(key)), ...more };
    const { statusCode: status, headers: told, body } = await app.inject({ url: '/a', headers, remoteAddress });
    return { status, told, body: JSON.parse(body) };
  };
  return { app, ask, looked };
}

/** Which statuses came how often. */
async function statuses(times: number, ask: () => Promise<{ status: number }>) {
  const found: Record<number, number> = {};
  for (let n = 0; n < times; n++) {
    const { status } = await ask();
    found[status] = (found[status] ?? 0) + 1;
  }
  return found;
}

describe('a key', () => {
  it('is told what remains to it, and gets 429 with Retry-After when nothing does', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 1) });
    const { ask } = await trial(t, 2);
    const first = await ask('good-1');
    assert.deepEqual(
      [first.status, first.told['ratelimit-policy'], first.told.ratelimit],
      [200, '"key";q=2;w=60', '"key";r=1;t=60'],
    );
    t.mock.timers.tick(17_500);
    const second = await ask('good-1');
    assert.deepEqual([second.status, second.told.ratelimit], [200, '"key";r=0;t=43']);
    const third = await ask('good-1');
    assert.deepEqual(
      [third.status, third.told['content-type'], third.told.ratelimit, third.told['retry-after'], third.body.code],
      [429, 'application/problem+json', '"key";r=0;t=43', '43', 'too_many_requests'],
    );
    assert.match(third.body.detail, /its 2 requests of this minute\. Go on in 43 seconds/);
    t.mock.timers.tick(42_500);
    assert.equal((await ask('good-1')).status, 200, 'after the minute');
  });

  it('is limited by itself, wherever it comes from, and also where it lacks the scope', async (t) => {
    const { ask } = await trial(t, 3);
    const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'];
    assert.deepEqual(await statuses(4, () => ask('good-1', addresses.shift())), { 200: 3, 429: 1 });
    assert.deepEqual(await statuses(4, () => ask('good-2')), { 200: 3, 429: 1 });
    assert.deepEqual(await statuses(5, () => ask('good-none')), { 403: 3, 429: 2 });
  });

  it('has no limit at 0, and is then told of none', async (t) => {
    const { ask } = await trial(t, 0);
    assert.deepEqual(await statuses(500, () => ask('good-1')), { 200: 500 });
    assert.deepEqual(await statuses(500, () => ask('bad')), { 401: 500 });
    const { told } = await ask('good-1');
    assert.deepEqual([told.ratelimit, told['ratelimit-policy']], [undefined, undefined]);
  });
});

describe('an address that sends bad keys', () => {
  it('gets 429 after 300 of them a minute, before anything is looked up; others do not', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 1) });
    const { ask, looked } = await trial(t, 1_000);
    const bad = [undefined, 'bad', 'late'];
    let n = 0;
    assert.deepEqual(await statuses(300, () => ask(bad[n++ % 3])), { 401: 300 });
    assert.equal(looked.length, 200);
    for (const key of bad) {
      const refused = await ask(key);
      assert.deepEqual(
        [refused.status, refused.body.code, refused.told['retry-after'], refused.told['www-authenticate']],
        [429, 'too_many_requests', '60', undefined],
      );
    }
    assert.equal(looked.length, 200, 'a key was looked up');
    assert.equal((await ask('bad', '192.0.2.2')).status, 401, 'from another address');
    t.mock.timers.tick(60_000);
    assert.equal((await ask('bad')).status, 401, 'after the minute');
  });

  it('does not lock out a key that was good lately and comes from the same address', async (t) => {
    const { ask } = await trial(t, 1_000);
    assert.equal((await ask('good-1')).status, 200);
    await statuses(300, () => ask('bad'));
    assert.equal((await ask('good-2')).status, 429, 'one that was never seen');
    assert.equal((await ask('good-1')).status, 200);
  });

  it('is the one that a trusted proxy names, and no other', async (t) => {
    const { ask } = await trial(t, 1_000, { trust_proxy: ['10.0.0.0/8'] });
    const by = (proxy: string, client: string) => ask('bad', proxy, { 'x-forwarded-for': client });
    await statuses(300, () => by('10.1.2.3', '192.0.2.1'));
    assert.equal((await by('10.1.2.3', '192.0.2.1')).status, 429);
    assert.equal((await by('10.1.2.3', '192.0.2.2')).status, 401);
    await statuses(300, () => by('192.0.2.9', '192.0.2.3'));
    assert.equal((await by('192.0.2.9', '192.0.2.4')).status, 429, 'a name that anybody can claim');
  });

  it('may ask what needs no key', async (t) => {
    const { app, ask } = await trial(t, 1);
    await statuses(301, () => ask('bad'));
    assert.deepEqual(await statuses(3, () => ask('bad')), { 429: 3 });
    for (const url of ['/health/live', '/health/ready', '/openapi.json', '/docs/'])
      for (let n = 0; n < 3; n++)
        assert.equal((await app.inject({ url, remoteAddress: '192.0.2.1' })).statusCode, 200, url);
  });
});
