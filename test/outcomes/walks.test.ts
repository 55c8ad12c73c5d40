import assert from 'node:assert/strict';
import fc from 'fast-check';
import { purgeTombstones } from '../../src/feed/list-changes.ts';
import { at, customer, empty, payment, type Row, response, survey, type World, worlds } from '../support/world.ts';
import { beginOpen, history, holds, insertRow, live } from './histories.ts';

async function page(
  world: World,
  path: string,
  query: Record<string, string | number>,
): Promise<{ page: Row; data: Row[] }> {
  const parameters = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const { status, body, text } = await world.send('GET', `/v1/${path}?${parameters}`);
  assert.equal(status, 200, text);
  return body;
}

/** A reader that keeps a copy of a dataset by its change feed. */
function follower(world: World, path: string, key = 'id') {
  const copy = new Map<unknown, Row>();
  let cursor: unknown;
  return {
    copy,
    async read(limit = 3): Promise<boolean> {
      const found = await page(
        world,
        `changes/${path}`,
        cursor === undefined ? { limit } : { limit, cursor: String(cursor) },
      );
      for (const row of found.data)
        if ('removed_at' in row) copy.delete(row[key]);
        else copy.set(row[key], row);
      cursor = found.page.cursor;
      return found.page.next !== null;
    },
    cursor: () => String(cursor),
  };
}

const feeds = [
  ['responses'],
  ['revenue-events'],
  ['referrals'],
  ['retention-events'],
  ['customers'],
  ['exchange-rates'],
  ['surveys', 'key'],
] as const;

worlds('Walks', {
  async 'a list that is walked while others write tells each row that stays once, and none twice'(world) {
    const id = fc.integer({ min: 0, max: 60 }).map((n) => `p${String(n).padStart(2, '0')}`);
    const walks = fc.record({
      ids: fc.uniqueArray(id, { minLength: 5, maxLength: 60, size: 'max' }),
      stays: fc.func(fc.boolean()),
      writes: fc.array(fc.record({ id, gone: fc.boolean() }), { maxLength: 40, size: 'max' }),
      limit: fc.integer({ min: 1, max: 10 }),
    });
    await holds(walks, 30, async ({ ids, stays, writes, limit }) => {
      await empty(world.db);
      await world.facts(
        'revenue-events',
        ids.map((one) => payment({ id: one })),
      );
      const staying = ids.filter((one) => stays(one)).sort();
      const told: string[] = [];
      const queue = writes.filter(({ id: one }) => !staying.includes(one));
      const write = async () => {
        const next = queue.shift();
        if (next?.gone) await world.send('DELETE', `/v1/revenue-events/${next.id}`);
        else if (next) await world.facts('revenue-events', [payment({ id: next.id, amount: '2' })]);
      };
      // Rows that stay are corrected too, which must not move them.
      const correct = () =>
        world.facts(
          'revenue-events',
          staying.slice(0, 3).map((one) => payment({ id: one, amount: `${told.length}` })),
        );
      let cursor: unknown;
      do {
        const query: Record<string, string | number> = { limit, customer_id: 'A' };
        if (typeof cursor === 'string') query.cursor = cursor;
        const [found] = await Promise.all([
          page(world, 'revenue-events', query),
          write(),
          staying.length > 0 ? correct() : write(),
        ]);
        told.push(...found.data.map((row) => String(row.id)));
        cursor = found.page.cursor;
      } while (cursor !== null);
      assert.deepEqual(told, [...new Set(told)].sort(), 'out of order or twice');
      assert.deepEqual(
        told.filter((one) => staying.includes(one)),
        staying,
      );
    });
  },

  async 'a copy that follows the changes is the dataset, whatever happens meanwhile'(world) {
    await holds(fc.tuple(history, fc.infiniteStream(fc.integer({ min: 1, max: 5 }))), 25, async ([deeds, limits]) => {
      await empty(world.db);
      await world.facts('surveys', [survey(), survey({ key: 'exit' })]);
      const followers = feeds.map(([path, key]) => ({ path, key: key ?? 'id', follow: follower(world, path, key) }));
      let turn = 0;
      await live(world, deeds, async () => {
        await followers[turn++ % followers.length]?.follow.read(limits.next().value ?? 1);
      });
      for (const { path, key, follow } of followers) {
        while (await follow.read(limits.next().value ?? 1));
        const { data } = await page(world, path, { limit: 1000 });
        assert.deepEqual(
          [...follow.copy].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
          data.map((row) => [row[key], row]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
          path,
        );
      }
    });
  },

  async 'a row that commits late is told late, and not passed over'(world) {
    const follow = follower(world, 'revenue-events');
    const late = await beginOpen(world.db, (client) => insertRow(client, 'revenue_events', payment({ id: 'late' })));
    await world.facts('revenue-events', [payment({ id: 'soon' })]);
    assert.equal(await follow.read(), false);
    // A transaction that still runs holds nobody up.
    assert.deepEqual([...follow.copy.keys()], ['soon']);
    await late.commit();
    await follow.read();
    assert.deepEqual([...follow.copy.keys()], ['soon', 'late']);
  },

  async 'a row that an older transaction makes again after it was removed is told as it is'(world) {
    const follow = follower(world, 'revenue-events');
    await world.facts('revenue-events', [payment({ id: 'again' }), payment({ id: 'gone' })]);
    const older = await beginOpen(world.db, async (client) => {
      await client.rows('select pg_current_xact_id()::text');
      for (const id of ['again', 'gone']) await world.remove(`revenue-events/${id}`);
      await insertRow(client, 'revenue_events', payment({ id: 'again', amount: '2' }));
    });
    await older.commit();
    while (await follow.read(1));
    assert.deepEqual([...follow.copy.keys()], ['again']);
    assert.equal(follow.copy.get('again')?.amount, '2');
  },

  async 'a row that is removed and sent again is told as it is'(world) {
    const follow = follower(world, 'revenue-events');
    await world.facts('revenue-events', [payment({ id: 'P1' }), payment({ id: 'P2' })]);
    await follow.read();
    await world.remove('revenue-events/P1');
    await world.remove('revenue-events/P2');
    await world.facts('revenue-events', [payment({ id: 'P2', amount: '3' })]);
    await follow.read();
    assert.deepEqual(
      [...follow.copy].map(([id, row]) => [id, row.amount]),
      [['P2', '3']],
    );
    await world.remove('revenue-events/P2');
    await follow.read();
    assert.equal(follow.copy.size, 0);
    // Who begins anew is told of what is gone, which is harmless.
    const { data } = await page(world, 'changes/revenue-events', {});
    assert.deepEqual(
      data.map(({ id }) => id),
      ['P1', 'P2'],
    );
  },

  async 'an erased customer is told as gone in every dataset'(world) {
    await world.facts('customers', [customer()]);
    await world.facts('responses', [response({ id: 'R1' }), response({ id: 'R2', customer_id: 'B' })]);
    await world.facts('revenue-events', [payment({ id: 'P1' })]);
    const followers = ['customers', 'responses', 'revenue-events'].map((path) => follower(world, path));
    for (const one of followers) await one.read(10);
    assert.deepEqual(
      followers.map(({ copy }) => [...copy.keys()]),
      [['A'], ['R1', 'R2'], ['P1']],
    );
    await world.remove('customers/A');
    for (const one of followers) await one.read(10);
    assert.deepEqual(
      followers.map(({ copy }) => [...copy.keys()]),
      [[], ['R2'], []],
    );
  },

  async 'a cursor from before what is forgotten has expired, and the one after reading everything again has not'(
    world,
  ) {
    await world.facts('revenue-events', [payment({ id: 'P1' }), payment({ id: 'P2' })]);
    const [old, current] = [follower(world, 'revenue-events'), follower(world, 'revenue-events')];
    await old.read(1);
    await world.remove('revenue-events/P1');
    while (await current.read());
    const forget = () =>
      world.db.write(async (client) => {
        await client.rows(`update tombstones set removed_at = removed_at - interval '91 days'`);
        await purgeTombstones(client);
      });
    await forget();
    const status = async (cursor: string) =>
      (await world.send('GET', `/v1/changes/revenue-events?cursor=${cursor}`)).body;
    assert.equal((await status(old.cursor())).code, 'cursor_expired');
    assert.equal((await status(old.cursor())).status, 410);
    // Who was told of the removal in time, and who begins anew, may go on.
    assert.equal(await current.read(), false);
    const anew = follower(world, 'revenue-events');
    assert.equal(await anew.read(), false);
    assert.deepEqual([...anew.copy.keys()], ['P2']);
    assert.equal(await anew.read(), false);
    await world.facts('revenue-events', [payment({ id: 'P3' })]);
    await anew.read();
    assert.deepEqual([...anew.copy.keys()], ['P2', 'P3']);
  },

  async 'a cursor is refused with another filter, another list, or when it was altered'(world) {
    await world.facts('revenue-events', [payment(), payment(), payment()]);
    await world.facts('responses', [response(), response({ answered_at: at(101) })]);
    const { page: found } = await page(world, 'revenue-events', { limit: 1, customer_id: 'A' });
    const cursor = String(found.cursor);
    const code = async (path: string) => {
      const { status, body } = await world.send('GET', `/v1/${path}`);
      return [status, body.code];
    };
    const refused = [400, 'bad_cursor'];
    assert.deepEqual(await code(`revenue-events?cursor=${cursor}`), refused);
    assert.deepEqual(await code(`revenue-events?customer_id=B&cursor=${cursor}`), refused);
    assert.deepEqual(await code(`revenue-events?customer_id=A&currency=EUR&cursor=${cursor}`), refused);
    assert.deepEqual(await code(`responses?customer_id=A&cursor=${cursor}`), refused);
    assert.deepEqual(await code(`changes/revenue-events?cursor=${cursor}`), refused);
    assert.deepEqual(await code(`revenue-events?customer_id=A&cursor=${cursor.slice(1)}`), refused);
    assert.deepEqual((await page(world, 'revenue-events', { limit: 2, customer_id: 'A', cursor })).data.length, 2);
    const { page: changes } = await page(world, 'changes/responses', { limit: 1 });
    assert.deepEqual(await code(`changes/revenue-events?cursor=${changes.cursor}`), refused);
  },
});
