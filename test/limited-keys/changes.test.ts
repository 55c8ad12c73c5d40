import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { heldOpen } from '../datasets/samples.ts';
import { type Api, testApi } from '../support/api.ts';
import { type Ask, keyFor, twoHalves } from './world.ts';

/** Somebody who keeps a copy of a dataset by its changes, a page at a time. */
function follower(ask: Ask, path: string) {
  const copy = new Map<string, Record<string, unknown>>();
  let cursor: string | undefined;
  const told: { removed: string[]; begunAnew: number } = { removed: [], begunAnew: 0 };
  /** Reads a page. @returns whether there is more now */
  const read = async (limit = 1000): Promise<boolean> => {
    const query = new URLSearchParams({ limit: String(limit), ...(cursor !== undefined && { cursor }) });
    const { status, body, text } = await ask('GET', `/v1/changes/${path}?${query}`);
    if (status === 410) {
      assert.equal(body.code, 'cursor_expired');
      told.begunAnew++;
      copy.clear();
      cursor = undefined;
      return true;
    }
    assert.equal(status, 200, text);
    for (const row of body.data) {
      const key = String(row.id ?? row.key);
      if ('removed_at' in row) told.removed.push(key);
      if ('removed_at' in row) copy.delete(key);
      else copy.set(key, row);
    }
    cursor = body.page.cursor;
    return body.page.next !== null;
  };
  const readAll = async (limit?: number) => {
    while (await read(limit));
    return [...copy.keys()].sort();
  };
  return { copy, told, read, readAll };
}

async function listed(ask: Ask, path: string): Promise<Record<string, unknown>[]> {
  const { body, text, status } = await ask('GET', `/v1/${path}?limit=1000`);
  assert.equal(status, 200, text);
  return body.data;
}

const stored = async (api: Api, path: string, id: string) => {
  const { source: _, recorded_at: __, changed_at: ___, band: ____, ...row } = (await api.get(`/v1/${path}/${id}`)).body;
  return row;
};

test('who is limited to a unit learns what it loses and gains, and no id of others', async (t) => {
  const api = await testApi(t);
  await twoHalves(api);
  const paths = ['customers', 'responses', 'revenue-events', 'referrals', 'retention-events', 'invitations'];
  const { ask } = await keyFor(api, ['NORTH']);
  const { ask: other } = await keyFor(api, ['SOUTH']);
  const everybody: Ask = (method, url, body) => api.send(method, url, body);
  const ofNorth = Object.fromEntries(paths.map((path) => [path, follower(ask, path)]));
  const ofSouth = Object.fromEntries(paths.map((path) => [path, follower(other, path)]));
  const ofAll = Object.fromEntries(paths.map((path) => [path, follower(everybody, path)]));
  const assertAlike = async (each: typeof ofNorth, how: Ask) => {
    for (const path of paths) {
      await each[path]?.readAll();
      const copy = [...(each[path]?.copy.values() ?? [])].sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
      assert.deepEqual(copy, await listed(how, path), `${path} is not what the list holds`);
    }
  };
  /** Reads on, and gives what the first one came to lose and to hold since. */
  const news = async () => {
    const found: Record<string, { gone: string[]; came: string[] }> = {};
    for (const path of paths) {
      const one = ofNorth[path] ?? assert.fail();
      const before = new Set(one.copy.keys());
      await one.readAll(2);
      const gone = [...before].filter((key) => !one.copy.has(key)).sort();
      const came = [...one.copy.keys()].filter((key) => !before.has(key)).sort();
      if (gone.length + came.length > 0) found[path] = { gone, came };
    }
    await assertAlike(ofNorth, ask);
    return found;
  };
  const put = async (path: string, id: string, changes: object) => {
    const reply = await api.send('PUT', `/v1/${path}/${id}`, { ...(await stored(api, path, id)), ...changes });
    assert.ok(reply.status < 300, reply.text);
  };
  await news();
  await assertAlike(ofSouth, other);
  await assertAlike(ofAll, everybody);
  assert.deepEqual([...(ofNorth.referrals?.copy.keys() ?? [])], ['NORTH-R1']);
  assert.ok(ofNorth.responses?.copy.has('NORTH-A-none') && ofNorth['revenue-events']?.copy.has('NORTH-P-none'));

  // A row names another unit, and comes back.
  await put('responses', 'NORTH-nps2', { unit: 'SOUTH-1' });
  assert.deepEqual(await news(), { responses: { gone: ['NORTH-nps2'], came: [] } });
  await put('responses', 'NORTH-nps2', { unit: 'NORTH-1' });
  assert.deepEqual(await news(), { responses: { gone: [], came: ['NORTH-nps2'] } });
  // One that has no unit is its customer's.
  await put('revenue-events', 'NORTH-P-none', { customer_id: 'SOUTH-C1' });
  assert.deepEqual(await news(), { 'revenue-events': { gone: ['NORTH-P-none'], came: [] } });
  await put('revenue-events', 'NORTH-P-none', { customer_id: 'NORTH-C1' });
  assert.deepEqual(await news(), { 'revenue-events': { gone: [], came: ['NORTH-P-none'] } });

  // With the customer go its rows without a unit: the other rows stay with theirs.
  const unitless = {
    customers: ['NORTH-C1'],
    responses: ['NORTH-A-none'],
    'revenue-events': ['NORTH-P-none'],
    referrals: ['NORTH-R1'],
    'retention-events': ['NORTH-E1', 'NORTH-E2'],
    invitations: ['NORTH-I-none'],
  };
  const allOf = (field: 'gone' | 'came') =>
    Object.fromEntries(Object.entries(unitless).map(([path, keys]) => [path, { gone: [], came: [], [field]: keys }]));
  await put('customers', 'NORTH-C1', { unit: 'SOUTH-1' });
  assert.deepEqual(await news(), allOf('gone'));
  // What happens there is none of the reader's business: a new row, and the end of one that was the reader's.
  await api.facts('referrals', [{ id: 'SOUTH-R9', referrer_id: 'NORTH-C1', made_at: '2025-05-05T00:00:00Z' }]);
  assert.equal((await api.send('DELETE', '/v1/retention-events/NORTH-E2')).status, 204);
  assert.deepEqual(await news(), {});
  await put('customers', 'NORTH-C1', { unit: 'NORTH' });
  assert.deepEqual(await news(), {
    ...allOf('came'),
    referrals: { gone: [], came: ['NORTH-R1', 'SOUTH-R9'] },
    'retention-events': { gone: [], came: ['NORTH-E1'] },
  });
  // Another change of the customer moves nothing.
  await put('customers', 'NORTH-C1', { segment: 'other' });
  assert.deepEqual(await news(), {});

  // Removed is removed, of its own units only.
  for (const half of ['NORTH', 'SOUTH'])
    assert.equal((await api.send('DELETE', `/v1/responses/${half}-nps3`)).status, 204);
  assert.deepEqual(await news(), { responses: { gone: ['NORTH-nps3'], came: [] } });
  for (const half of ['NORTH', 'SOUTH'])
    assert.equal((await api.send('DELETE', `/v1/customers/${half}-C4`)).status, 204);
  const erased = await news();
  assert.deepEqual(erased.customers, { gone: ['NORTH-C4'], came: [] });
  assert.deepEqual(erased.responses, { gone: ['NORTH-csat4', 'NORTH-nps4'], came: [] });
  assert.equal((await api.send('DELETE', '/v1/customers/NORTH-C1')).status, 204);
  assert.deepEqual((await news()).referrals, { gone: ['NORTH-R1', 'SOUTH-R9'], came: [] });

  for (const path of paths) {
    // SOUTH-R9 was of the reader's customer for a while, so it may know it.
    const names = ofNorth[path]?.told.removed.filter((key) => /SOUTH/.test(key) && key !== 'SOUTH-R9');
    assert.deepEqual(names, []);
    assert.equal(ofNorth[path]?.told.begunAnew, 0);
  }

  await assertAlike(ofSouth, other);
  await assertAlike(ofAll, everybody);
  // Other units lie inside: the reader begins anew, and others go on.
  await put('units', 'SOUTH-1', { parent: 'NORTH' });
  assert.ok((await news()).responses?.came.includes('SOUTH-nps1'));
  await assertAlike(ofSouth, other);
  await assertAlike(ofAll, everybody);
  assert.deepEqual(
    [ofNorth, ofSouth, ofAll].map((each) => each.responses?.told.begunAnew),
    [1, 1, 0],
  );
  await put('units', 'SOUTH-1', { name: 'A store' });
  await news();
  assert.equal(ofNorth.responses?.told.begunAnew, 1);
});

test('a cursor is good for keys of the same units only', async (t) => {
  const api = await testApi(t);
  await twoHalves(api);
  const keys = [await keyFor(api, ['NORTH']), await keyFor(api, ['NORTH']), await keyFor(api, ['NORTH', 'SOUTH'])];
  const [one, twin, wider] = keys.map(({ ask }) => ask);
  if (!one || !twin || !wider) assert.fail();
  const everybody: Ask = (method, url, body) => api.send(method, url, body);
  const cursorOf = async (ask: Ask, path: string) => {
    const { body } = await ask('GET', `/v1/changes/${path}?limit=1`);
    // What it holds is the same for everybody who can read it: neither the key nor its units.
    assert.doesNotMatch(Buffer.from(body.page.cursor.split('.')[0], 'base64url').toString(), /NORTH-\d|\["NORTH/);
    return `/v1/changes/${path}?cursor=${encodeURIComponent(body.page.cursor)}`;
  };
  const limited = await cursorOf(one, 'responses');
  assert.deepEqual(
    await Promise.all([one, twin, wider, everybody].map(async (ask) => (await ask('GET', limited)).status)),
    [200, 200, 410, 410],
  );
  const unlimited = await cursorOf(everybody, 'responses');
  assert.deepEqual(
    [
      (await everybody('GET', unlimited)).status,
      (await one('GET', unlimited)).status,
      (await one('GET', unlimited)).body.code,
    ],
    [200, 410, 'cursor_expired'],
  );
  // What is everybody's is the same for all.
  assert.equal((await one('GET', await cursorOf(everybody, 'surveys'))).status, 200);
});

const units = ['N1', 'S1', null] as const;
const maybeUnit = fc.constantFrom(...units);
const customer = fc.constantFrom('A', 'B');
const id = fc.constantFrom('x', 'y', 'z');
const rows = ['responses', 'referrals', 'revenue-events'] as const;
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant('put'), path: fc.constantFrom(...rows), id, customer, unit: maybeUnit }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('remove'), path: fc.constantFrom(...rows), id }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('customer'), customer, unit: maybeUnit }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('erase'), customer }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('tree'), parent: fc.constantFrom('N', 'S') }) },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('read'),
      reader: fc.nat({ max: 3 }),
      limit: fc.integer({ min: 1, max: 5 }),
    }),
  },
) as fc.Arbitrary<
  | { does: 'put'; path: (typeof rows)[number]; id: string; customer: string; unit: string | null }
  | { does: 'remove'; path: (typeof rows)[number]; id: string }
  | { does: 'customer'; customer: string; unit: string | null }
  | { does: 'erase'; customer: string }
  | { does: 'tree'; parent: string }
  | { does: 'read'; reader: number; limit: number }
>;

test('whatever changes and whoever reads when, a copy ends as what its reader may see, and learns of nothing else', async (t) => {
  const api = await testApi(t);
  await api.facts('surveys', [{ key: 'nps', name: 'Would you recommend us?', kind: 'nps' }]);
  const tree = (parent: string) => [
    { key: 'N', name: 'N' },
    { key: 'S', name: 'S' },
    { key: 'N1', name: 'N1', parent },
    { key: 'S1', name: 'S1', parent: 'S' },
  ];
  await api.facts('units', tree('N'));
  const limits = [['N'], ['S'], ['N', 'S'], null];
  const asks = await Promise.all(limits.map(async (of) => (await keyFor(api, of)).ask));
  const at = '2025-05-05T00:00:00Z';

  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 30 }), async (steps) => {
      await api.db.write(async (client) => {
        for (const table of [...rows, 'customers', 'tombstones', 'unit_departures'])
          await client.rows(`delete from ${table.replace('-', '_')}`);
      });
      await api.facts('units', tree('N'));
      const held = {
        parent: 'N',
        customers: new Map<string, string | null>(),
        rows: new Map<string, { path: string; customer: string; unit: string | null }>(),
      };
      const readers = asks.map((ask) =>
        Object.fromEntries(['customers', ...rows].map((path) => [path, follower(ask, path)])),
      );
      const sees = (reader: number, unit: string | null, parents = [held.parent]) => {
        const limit = limits[reader];
        const tops = unit === 'N1' ? parents : unit === 'S1' ? ['S'] : [];
        return !limit || tops.some((top) => limit.includes(top));
      };
      const visible = (reader: number, path: string, parents?: string[]): string[] =>
        path === 'customers'
          ? [...held.customers].filter(([, unit]) => sees(reader, unit, parents)).map(([key]) => key)
          : [...held.rows]
              .filter(([, row]) => row.path === path)
              .filter(([, row]) => sees(reader, row.unit ?? held.customers.get(row.customer) ?? null, parents))
              .map(([key]) => key.split('/')[1] ?? '');
      const ever = readers.map(() =>
        Object.fromEntries(['customers', ...rows].map((path) => [path, new Set<string>()])),
      );
      // A store may have been theirs meanwhile: then what it had is too.
      const note = () => {
        for (const [reader, each] of ever.entries())
          for (const [path, seen] of Object.entries(each))
            for (const key of visible(reader, path, ['N', 'S'])) seen.add(key);
      };
      for (const one of steps) {
        if (one.does === 'put') {
          const unit = one.path === 'referrals' ? null : one.unit;
          const body = {
            responses: { customer_id: one.customer, survey: 'nps', score: 3, answered_at: at, unit },
            referrals: { referrer_id: one.customer, made_at: at },
            'revenue-events': {
              customer_id: one.customer,
              type: 'one_time',
              amount: '1.00',
              currency: 'EUR',
              occurred_at: at,
              unit,
            },
          }[one.path];
          assert.ok((await api.send('PUT', `/v1/${one.path}/${one.id}`, body)).status < 300);
          held.rows.set(`${one.path}/${one.id}`, { path: one.path, customer: one.customer, unit });
        } else if (one.does === 'remove') {
          await api.send('DELETE', `/v1/${one.path}/${one.id}`);
          held.rows.delete(`${one.path}/${one.id}`);
        } else if (one.does === 'customer') {
          assert.ok((await api.send('PUT', `/v1/customers/${one.customer}`, { unit: one.unit })).status < 300);
          held.customers.set(one.customer, one.unit);
        } else if (one.does === 'erase') {
          await api.send('DELETE', `/v1/customers/${one.customer}`);
          held.customers.delete(one.customer);
          for (const [key, row] of held.rows) if (row.customer === one.customer) held.rows.delete(key);
        } else if (one.does === 'tree') {
          await api.facts('units', tree(one.parent));
          held.parent = one.parent;
        } else for (const each of Object.values(readers[one.reader] ?? {})) await each.read(one.limit);
        note();
      }
      for (const [reader, each] of readers.entries())
        for (const [path, one] of Object.entries(each)) {
          assert.deepEqual(await one.readAll(2), visible(reader, path).sort(), `${limits[reader]} ${path}`);
          const strange = one.told.removed.filter((key) => !ever[reader]?.[path]?.has(key));
          assert.deepEqual(strange, [], `${limits[reader]} was told of ${path} that it never saw`);
        }
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 10) },
  );
});

test('a customer who comes late, by a transaction from before, brings its rows along', async (t) => {
  const api = await testApi(t);
  await twoHalves(api);
  const { ask } = await keyFor(api, ['NORTH']);
  const reader = follower(ask, 'referrals');
  const moved = await heldOpen(api, (client) =>
    client.rows(`update customers set unit = 'NORTH-1', changed_xid = pg_current_xact_id() where id = 'SOUTH-C5'`),
  );
  // It has a higher number than the move, and is there before it.
  await api.facts('referrals', [{ id: 'late', referrer_id: 'SOUTH-C5', made_at: '2025-05-05T00:00:00Z' }]);
  assert.deepEqual(await reader.readAll(), ['NORTH-R1']);
  await moved.release();
  assert.deepEqual(await reader.readAll(), ['NORTH-R1', 'late']);
});
