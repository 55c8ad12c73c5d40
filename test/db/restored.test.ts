import assert from 'node:assert/strict';
import type { Database } from '../../src/db/pool.ts';
import { mendRestored } from '../../src/db/restored.ts';
import { purgeTombstones } from '../../src/feed/list-changes.ts';
import { refresh } from '../../src/outcomes/refresh.ts';
import { assertVerified, at, payment, response, retention, type World, worlds } from '../support/world.ts';

const ahead = 1_000_000;

/** Makes the database look as if it came from a server that had counted a million transactions more. */
async function moveAhead(db: Database): Promise<void> {
  await db.write(async (client) => {
    const columns = await client.rows<{ table: string; column: string }>(
      `select c.relname as table, a.attname as column from pg_attribute a join pg_class c on c.oid = a.attrelid
       where a.atttypid = 'xid8'::regtype and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace`,
    );
    assert.ok(columns.length > 10);
    for (const { table, column } of columns)
      await client.rows(`update ${table} set ${column} = (${column}::text::int8 + ${ahead})::text::xid8`);
    await client.rows(
      `update refresh_state set snapshot = (x || ':' || x || ':')::pg_snapshot
       from (select pg_snapshot_xmax(snapshot)::text::int8 + ${ahead} as x from refresh_state) moved`,
    );
    await client.rows(
      `update matching_state set told = (x || ':' || x || ':')::pg_snapshot, telling = null
       from (select pg_snapshot_xmax(told)::text::int8 + ${ahead} as x from matching_state) moved`,
    );
  });
}

const secretOf = (db: Database) =>
  db
    .read((client) => client.rows<{ cursor_secret: string }>('select cursor_secret from installation'))
    .then(([row]) => row?.cursor_secret);

/** The ids that the change feed tells from the beginning. */
async function changed(world: World): Promise<string[]> {
  const { status, body } = await world.send('GET', '/v1/changes/revenue-events');
  assert.equal(status, 200);
  return body.data.map((row: { id: string }) => row.id).sort();
}

worlds('A database that was restored on another server', {
  async 'counts late facts again and tells of every row'(world) {
    await world.facts('responses', [response({ id: 'R' })]);
    await world.facts('revenue-events', [payment({ id: 'P1' }), payment({ id: 'P2' }), payment({ id: 'P3' })]);
    await world.facts('retention-events', [retention()]);
    await world.remove('revenue-events/P3');
    await world.complete(at(500));
    await refresh(world.db);
    const before = await secretOf(world.db);
    await moveAhead(world.db);
    // A horizon of the feed is ahead as well.
    await world.db.write((client) => client.rows(`update tombstones set removed_at = now() - interval '1 year'`));
    await world.db.write(purgeTombstones);

    // What is wrong without it: the late payment is not seen.
    await world.facts('revenue-events', [payment({ id: 'P4', amount: '5' })]);
    assert.deepEqual(await world.figures('outcomes/revenue', ['revenue_after']), [[20]]);

    const mended = await mendRestored(world.db);
    assert.ok(mended !== undefined && mended >= 4, `${mended}`);
    assert.notEqual(await secretOf(world.db), before);
    assert.deepEqual(await world.figures('outcomes/revenue', ['revenue_after']), [[25]]);
    assert.deepEqual(await changed(world), ['P1', 'P2', 'P4']);
    await assertVerified(world.db);
    await world.facts('revenue-events', [payment({ id: 'P5', amount: '7' })]);
    assert.deepEqual(await world.figures('outcomes/revenue', ['revenue_after']), [[32]]);
    assert.equal(await mendRestored(world.db), undefined);
  },

  async 'looks for problems in what comes in afterwards'(world) {
    const late = (id: string) => response({ id, themes: ['late'] });
    await world.send('POST', '/v1/problems', { key: 'late', name: 'Late', themes: ['late'] });
    await world.facts('responses', [late('R1')]);
    const found = async () => {
      const { body } = await world.send('GET', '/v1/analytics/problems?min_n=1');
      return body.data.find((row: { key: string }) => row.key === 'late')?.responses;
    };
    assert.equal(await found(), 1);
    await moveAhead(world.db);
    await mendRestored(world.db);
    await world.facts('responses', [late('R2')]);
    assert.equal(await found(), 2);
  },

  async 'is mended where only the refresh had seen more, and left alone where nothing is wrong'(world) {
    await world.facts('revenue-events', [payment({ id: 'P1' })]);
    await refresh(world.db);
    const before = await secretOf(world.db);
    assert.equal(await mendRestored(world.db), undefined);
    assert.equal(await secretOf(world.db), before);
    await world.db.write((client) =>
      client.rows(
        `update refresh_state set snapshot = (x || ':' || x || ':')::pg_snapshot
         from (select pg_snapshot_xmax(pg_current_snapshot())::text::int8 + 1000 as x) moved`,
      ),
    );
    assert.equal(await mendRestored(world.db), 0);
    await assertVerified(world.db);
    assert.equal(await mendRestored(world.db), undefined);
  },

  async 'is not taken for one while others store facts'(world) {
    const end = Date.now() + 1_000;
    let starting = true;
    const sender = async () => {
      for (let n = 0; starting; n++) await world.facts('revenue-events', [payment({ id: `S${n}` })]);
    };
    const starter = async () => {
      try {
        for (let rounds = 0; rounds < 4 || Date.now() < end; rounds++)
          assert.equal(await mendRestored(world.db), undefined);
      } finally {
        starting = false;
      }
    };
    await Promise.all([sender(), starter()]);
  },
});
