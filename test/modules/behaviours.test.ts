import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testApi } from '../support/api.ts';

const any = { 'if-match': '*' };

test('27 behaviours in five families are there from the start, each with a line of its own', async (t) => {
  const { get } = await testApi(t);
  const { data } = (await get('/v1/behaviours?limit=1000')).body;
  const sizes: Record<string, number> = {};
  for (const { family } of data) sizes[family] = (sizes[family] ?? 0) + 1;
  assert.deepEqual(sizes, {
    'customer-first': 7,
    attitude: 3,
    'customer-needs': 4,
    relationships: 6,
    'problem-resolution': 7,
  });
  assert.equal(data.length, 27);
  assert.ok(data.every(({ seeded, version }: { seeded: boolean; version: number }) => seeded && version === 1));
  for (const column of ['key', 'name', 'description'])
    assert.equal(new Set(data.map((row: Record<string, string>) => row[column])).size, 27, column);
  const { created_at, changed_at, ...kept } = (await get('/v1/behaviours/keep-your-word')).body;
  assert.deepEqual(kept, {
    key: 'keep-your-word',
    name: 'Keep your word',
    family: 'relationships',
    description: 'Promises what can be kept, and does it by when it was promised.',
    seeded: true,
    version: 1,
    archived_at: null,
  });
  assert.equal(created_at, changed_at);
});

test('a behaviour of the organisation stands beside them; one that came with the service can change and leave', async (t) => {
  const { get, send } = await testApi(t);
  const own = { key: 'carry-bags', name: 'Carry bags to the car', family: 'arrival' };
  const made = await send('POST', '/v1/behaviours', own);
  assert.deepEqual([made.status, made.body.seeded, made.body.description], [201, false, null]);
  assert.deepEqual(
    (await get('/v1/behaviours?family=arrival')).body.data.map(({ key }: { key: string }) => key),
    ['carry-bags'],
  );
  // Whether it came with the service is not the caller's to say.
  assert.equal((await send('POST', '/v1/behaviours', { ...own, key: 'x', seeded: true })).status, 422);

  const renamed = await send('PATCH', '/v1/behaviours/apologise', { name: 'Say sorry' }, { 'if-match': '"v1"' });
  assert.deepEqual([renamed.body.name, renamed.body.seeded, renamed.body.version], ['Say sorry', true, 2]);
  assert.equal((await send('DELETE', '/v1/behaviours/apologise', undefined, any)).status, 204);
  const left = (await get('/v1/behaviours?family=problem-resolution')).body.data;
  assert.equal(left.length, 6);
  assert.equal((await send('POST', '/v1/behaviours', { ...own, key: 'apologise' })).status, 409);
});

test('an observation names a behaviour in use, a known unit and a time that can be', async (t) => {
  const { facts, get, send } = await testApi(t);
  await facts('units', [
    { key: 'north', name: 'North' },
    { key: 'shop', name: 'Shop', parent: 'north' },
  ]);
  const seen = { behaviour: 'be-fair', unit: 'shop', rating: 4, observed_at: '2026-03-02T10:15:00Z' };
  const made = await send('POST', '/v1/behaviour-observations', seen);
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(
    [made.body.observed_at, made.body.note, made.body.observed_by, made.body.employee],
    ['2026-03-02T10:15:00.000Z', null, null, null],
  );

  const refused = async (changes: object) => {
    const { status, body } = await send('POST', '/v1/behaviour-observations', { ...seen, ...changes });
    return [status, ...body.errors.map(({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`)];
  };
  assert.deepEqual(await refused({ behaviour: 'dance' }), [422, '/behaviour unknown_behaviour']);
  assert.deepEqual(await refused({ unit: 'moon' }), [422, '/unit unknown_unit']);
  assert.deepEqual(await refused({ observed_at: '1899-12-31T00:00:00Z' }), [422, '/observed_at out_of_range']);
  const ahead = new Date(Date.now() + 2 * 86_400_000).toISOString();
  assert.deepEqual(await refused({ observed_at: ahead }), [422, '/observed_at out_of_range']);
  for (const rating of [0, 6, 3.5, '4', null]) assert.equal((await refused({ rating }))[0], 422, String(rating));
  assert.equal((await refused({ unit: null }))[0], 422);

  const { observed_at: _, ...undated } = seen;
  const now = (await send('POST', '/v1/behaviour-observations', undated)).body.observed_at;
  assert.ok(Math.abs(Date.now() - Date.parse(now)) < 60_000, now);

  // An archived behaviour takes no new observations; an old one can still be corrected, but not moved to it.
  const at = `/v1/behaviour-observations/${made.body.id}`;
  await send('DELETE', '/v1/behaviours/be-fair', undefined, any);
  assert.deepEqual(await refused({}), [422, '/behaviour archived_behaviour']);
  const corrected = await send('PATCH', at, { rating: 2, note: 'Only half' }, any);
  assert.deepEqual([corrected.status, corrected.body.rating, corrected.body.note], [200, 2, 'Only half']);
  assert.equal((await send('PATCH', at, { behaviour: 'apologise' }, any)).status, 200);
  const moved = await send('PATCH', at, { behaviour: 'be-fair' }, any);
  assert.deepEqual([moved.status, moved.body.errors[0].code], [422, 'archived_behaviour']);
  assert.equal((await send('PATCH', at, { unit: 'moon' }, any)).body.errors[0].code, 'unknown_unit');

  // A unit's list is that of everything below it.
  const keysOf = async (query: string) => (await get(`/v1/behaviour-observations?${query}`)).body.data.length;
  assert.deepEqual(
    [
      await keysOf('unit=north'),
      await keysOf('unit=shop'),
      await keysOf('behaviour=apologise'),
      await keysOf('behaviour=be-fair'),
    ],
    [2, 2, 1, 1],
  );
});
