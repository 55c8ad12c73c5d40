import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { callerOf } from '../../src/http/scopes.ts';
import { newServer } from '../../src/http/server.ts';
import { keysIn } from '../../src/keys/find-key.ts';
import { keyRoutes } from '../../src/keys/routes.ts';
import { testDatabase } from '../support/database.ts';

/** The routes of keys, with a master key beside those of the database. */
async function trial(t: TestContext) {
  const { db } = await testDatabase(t);
  const keys = keysIn(db);
  const app = await newServer({
    log_level: 'silent',
    public_url: undefined,
    check_responses: true,
    findKey: async (token) =>
      token === 'master' ? callerOf({ key_id: 'm', name: 'Master', scopes: ['admin'] }) : await keys.findKey(token),
  });
  keyRoutes(app, { db, keys });
  await app.ready();

  const ask = async (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object, key = 'master') => {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await app.inject({ method, url, headers, ...(payload && { payload }) });
    return { status: answer.statusCode, headers: answer.headers, body: answer.body === '' ? undefined : answer.json() };
  };
  const make = async (payload: object) => (await ask('POST', '/v1/keys', payload)).body;
  return { db, keys, app, ask, make };
}

const reader = { name: 'Reports', scopes: ['read'] };

describe('making a key', () => {
  it('shows the secret once, and keeps only its hash', async (t) => {
    const { db, ask } = await trial(t);
    const { status, headers, body } = await ask('POST', '/v1/keys', { name: 'CRM', scopes: ['ingest', 'read'] });
    assert.equal(status, 201);
    assert.equal(headers.location, `/v1/keys/${body.id}`);
    assert.match(body.secret, /^mm_[0-9A-Za-z]{46}$/);
    assert.ok(body.secret.startsWith(body.prefix));
    const { secret, ...rest } = body;
    const nothing = { expires_at: null, revoked_at: null, last_used_at: null, replaced_by: null };
    const { id, prefix, created_at, ...said } = rest;
    assert.deepEqual(said, { name: 'CRM', scopes: ['ingest', 'read'], units: null, status: 'live', ...nothing });
    assert.deepEqual((await ask('GET', `/v1/keys/${id}`)).body, rest);
    assert.ok(Math.abs(Date.parse(created_at) - Date.now()) < 10_000);
    const stored = await db.read((client) => client.rows('select * from api_keys'));
    assert.doesNotMatch(JSON.stringify(stored), new RegExp(secret.slice(prefix.length)));
  });

  it('opens what its scopes say', async (t) => {
    const { ask, make } = await trial(t);
    const { secret } = await make({ name: 'Second admin', scopes: ['admin'] });
    assert.equal((await ask('GET', '/v1/keys', undefined, secret)).status, 200);
    const { secret: narrow } = await make(reader);
    assert.deepEqual((await ask('GET', '/v1/keys', undefined, narrow)).body.code, 'scope_missing');
  });

  it('refuses what makes no good key', async (t) => {
    const { db, ask } = await trial(t);
    const wrong: [object, string][] = [
      [{ ...reader, scopes: [] }, '/scopes'],
      [{ ...reader, scopes: ['read', 'read'] }, '/scopes'],
      [{ ...reader, scopes: ['write'] }, '/scopes/0'],
      [{ ...reader, name: '' }, '/name'],
      [{ ...reader, name: null }, '/name'],
      [{ scopes: ['read'] }, '/name'],
      [{ ...reader, expires_at: '2020-01-01T00:00:00Z' }, '/expires_at'],
      [{ ...reader, expires_at: '2030-02-30T00:00:00Z' }, '/expires_at'],
      [{ ...reader, secret: 'mine' }, '/secret'],
    ];
    for (const [payload, pointer] of wrong) {
      const { status, body } = await ask('POST', '/v1/keys', payload);
      assert.deepEqual([status, body.errors[0].pointer], [422, pointer]);
    }
    assert.deepEqual(await db.read((client) => client.rows('select 1 from api_keys')), []);
  });
});

describe('a key that is limited to units', () => {
  it('says which, also when it is listed and rotated, and its caller is limited to them', async (t) => {
    const { db, ask, make } = await trial(t);
    await db.write((client) =>
      client.rows(`insert into units (key, name, source) values ('north', 'North', 'x'), ('south', 'South', 'x')`),
    );
    const { id, units, secret } = await make({ ...reader, units: ['north', 'south'] });
    assert.deepEqual(units, ['north', 'south']);
    assert.deepEqual((await keysIn(db).findKey(secret))?.units, ['north', 'south']);
    assert.deepEqual((await ask('GET', `/v1/keys/${id}`)).body.units, ['north', 'south']);
    const rotated = (await ask('POST', `/v1/keys/${id}/rotate`, {})).body;
    assert.deepEqual(rotated.units, ['north', 'south']);
    assert.deepEqual((await keysIn(db).findKey(rotated.secret))?.units, ['north', 'south']);
    const { body } = await ask('GET', '/v1/keys');
    assert.deepEqual(
      body.data.map((key: { units: unknown }) => key.units),
      [
        ['north', 'south'],
        ['north', 'south'],
      ],
    );
    assert.equal((await make({ ...reader, units: null })).units, null);
  });

  it('is refused for units that are not there, for none, and for an admin', async (t) => {
    const { db, ask } = await trial(t);
    await db.write((client) => client.rows(`insert into units (key, name, source) values ('north', 'North', 'x')`));
    const wrong: [object, string, string][] = [
      [{ ...reader, units: ['north', 'nowhere'] }, '/units/1', 'unknown_unit'],
      [{ ...reader, units: [] }, '/units', 'too_few'],
      [{ ...reader, units: ['north', 'north'] }, '/units', 'duplicate'],
      [{ ...reader, units: 'north' }, '/units', 'wrong_type'],
      [{ ...reader, scopes: ['read', 'admin'], units: ['north'] }, '/units', 'admin_is_unlimited'],
    ];
    for (const [payload, pointer, code] of wrong) {
      const { status, body } = await ask('POST', '/v1/keys', payload);
      assert.deepEqual([status, body.errors[0].pointer, body.errors[0].code], [422, pointer, code]);
    }
    assert.deepEqual(await db.read((client) => client.rows('select 1 from api_keys')), []);
  });
});

describe('listing keys', () => {
  it('goes through all of them in pages, in the order in which they were made', async (t) => {
    const { ask, make } = await trial(t);
    const made = [];
    for (let i = 0; i < 5; i++) made.push((await make({ ...reader, name: `Key ${i}` })).name);
    const seen: string[] = [];
    for (let url = '/v1/keys?limit=2'; url; ) {
      const { body } = await ask('GET', url);
      seen.push(...body.data.map(({ name }: { name: string }) => name));
      assert.doesNotMatch(JSON.stringify(body), /secret|hash/);
      url = body.page.next && new URL(body.page.next).pathname + new URL(body.page.next).search;
    }
    assert.deepEqual(seen.toSorted(), made);
    assert.equal((await ask('GET', '/v1/keys?limit=5')).body.page.next, null);
  });

  it('knows nothing of keys that are not there', async (t) => {
    const { ask } = await trial(t);
    const unknown = '0197a3c8-5b1e-7cc4-9d3a-2f1b6f0d8e11';
    assert.equal((await ask('GET', `/v1/keys/${unknown}`)).status, 404);
    assert.equal((await ask('DELETE', `/v1/keys/${unknown}`)).status, 404);
    assert.equal((await ask('POST', `/v1/keys/${unknown}/rotate`, {})).status, 404);
    assert.equal((await ask('GET', '/v1/keys/seven')).body.code, 'invalid_path');
  });
});

describe('revoking a key', () => {
  it('ends it at once, for good, and may be repeated', async (t) => {
    const { ask, make } = await trial(t);
    await make({ name: 'Stays', scopes: ['admin'] });
    const { id, secret } = await make({ name: 'Goes', scopes: ['admin'] });
    assert.equal((await ask('GET', '/v1/keys', undefined, secret)).status, 200);
    assert.deepEqual([(await ask('DELETE', `/v1/keys/${id}`)).status], [204]);
    const refused = await ask('GET', '/v1/keys', undefined, secret);
    assert.deepEqual([refused.status, refused.body.code], [401, 'key_revoked']);
    const { body } = await ask('GET', `/v1/keys/${id}`);
    assert.equal(body.status, 'revoked');
    assert.equal((await ask('DELETE', `/v1/keys/${id}`)).status, 204);
    assert.equal((await ask('GET', `/v1/keys/${id}`)).body.revoked_at, body.revoked_at);
    assert.equal((await ask('POST', `/v1/keys/${id}/rotate`, {})).body.code, 'not_live');
  });

  it('is refused for the last admin key that works, also when two are revoked at once', async (t) => {
    const { ask, make } = await trial(t);
    const admins = [await make({ name: 'A', scopes: ['admin'] }), await make({ name: 'B', scopes: ['admin'] })];
    await make(reader);
    await make({ name: 'Expires', scopes: ['read'], expires_at: '2099-01-01T00:00:00Z' });
    const answers = await Promise.all(admins.map(({ id }) => ask('DELETE', `/v1/keys/${id}`)));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [204, 409]);
    assert.equal(answers.find(({ status }) => status === 409)?.body.code, 'last_admin_key');
  });
});

describe('rotating a key', () => {
  it('makes one like it, and lets the old one work for the time of grace', async (t) => {
    const { ask, make } = await trial(t);
    const old = await make({ name: 'Admin', scopes: ['admin'] });
    const { status, body } = await ask('POST', `/v1/keys/${old.id}/rotate`, { grace_hours: 2 });
    assert.deepEqual([status, body.name, body.scopes, body.expires_at], [201, 'Admin', ['admin'], null]);
    for (const key of [old.secret, body.secret])
      assert.equal((await ask('GET', '/v1/keys', undefined, key)).status, 200);
    const replaced = (await ask('GET', `/v1/keys/${old.id}`)).body;
    assert.deepEqual([replaced.replaced_by, replaced.status], [body.id, 'live']);
    const hours = (Date.parse(replaced.expires_at) - Date.now()) / 3_600_000;
    assert.ok(hours > 1.9 && hours <= 2);
    assert.equal((await ask('POST', `/v1/keys/${old.id}/rotate`, {})).body.code, 'rotated_before');
  });

  it('without grace ends the old one at once', async (t) => {
    const { ask, make } = await trial(t);
    const old = await make({ name: 'Admin', scopes: ['admin'] });
    assert.equal((await ask('POST', `/v1/keys/${old.id}/rotate`, { grace_hours: 0 })).status, 201);
    assert.equal((await ask('GET', '/v1/keys', undefined, old.secret)).body.code, 'key_expired');
    assert.equal((await ask('GET', `/v1/keys/${old.id}`)).body.status, 'expired');
  });

  it('keeps the lifetime of a key that expires, and never makes the old one last longer', async (t) => {
    const { db, ask, make } = await trial(t);
    const soon = new Date(Date.now() + 3_600_000);
    const old = await make({ ...reader, expires_at: soon.toISOString() });
    await db.write((client) => client.rows(`update api_keys set created_at = created_at - interval '9 hours'`));
    const { body } = await ask('POST', `/v1/keys/${old.id}/rotate`, {});
    const hours = (Date.parse(body.expires_at) - Date.now()) / 3_600_000;
    assert.ok(hours > 9.9 && hours <= 10, String(hours));
    assert.equal((await ask('GET', `/v1/keys/${old.id}`)).body.expires_at, soon.toISOString());
  });

  it('refuses bad hours', async (t) => {
    const { ask, make } = await trial(t);
    const { id } = await make(reader);
    for (const grace_hours of [-1, 721, 1.5, '1', null])
      assert.equal((await ask('POST', `/v1/keys/${id}/rotate`, { grace_hours })).status, 422);
  });
});
