import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Database } from '../../src/db/pool.ts';
import { testApi } from '../support/api.ts';
import { complaint, eventsOf, followUpsOf, withRule } from '../support/follow-ups.ts';

/** Does something in a transaction, which commits once something else waits for a lock that it holds. */
const whileHeld = (db: Database, work: (client: Client) => Promise<unknown>) => {
  let began = () => {};
  const begun = new Promise<void>((resolve) => {
    began = resolve;
  });
  const done = db.write(async (client) => {
    await work(client);
    began();
    for (let waits = 0; waits === 0; await sleep(5)) {
      const [found] = await client.rows<{ n: number }>(
        `select count(*)::int as n from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      waits = found?.n ?? 0;
    }
  });
  return { begun, done };
};

test('a response is corrected while somebody moves its follow-up: whoever comes first wins', async (t) => {
  const api = await testApi(t);
  const { db, facts, send } = api;
  await withRule(api);
  await facts('responses', [complaint('taken'), complaint('seen'), complaint('unseen')]);
  const open = async (name: string) => (await followUpsOf(api, name))[0];

  // Somebody takes it on, and the correction waits for that: it is theirs now.
  const taken = await open('taken');
  const first = whileHeld(db, (client) =>
    client.rows(
      `update follow_ups set state = 'acknowledged', acknowledged_at = now(), version = version + 1 where id = $1`,
      [taken.id],
    ),
  );
  await first.begun;
  await facts('responses', [complaint('taken', { score: 10 })]);
  await first.done;
  const left = await open('taken');
  assert.deepEqual([left.state, left.closed_as, left.version], ['acknowledged', null, 2]);
  assert.deepEqual(await eventsOf(api, taken.id), ['follow_up.opened']);

  // The correction comes first, and the step waits for that: nobody needs it any more.
  const step = { state: 'contacted' };
  for (const [name, tag, status] of [
    ['seen', '"v1"', 412],
    ['unseen', '*', 409],
  ] as const) {
    const { id } = await open(name);
    const second = whileHeld(db, (client) =>
      client.rows(
        `update follow_ups set state = 'closed', closed_as = 'withdrawn', closed_at = now(), version = version + 1
         where id = $1`,
        [id],
      ),
    );
    await second.begun;
    const reply = await send('POST', `/v1/follow-ups/${id}/steps`, step, { 'if-match': tag });
    await second.done;
    assert.equal(reply.status, status, reply.text);
    const after = await open(name);
    assert.deepEqual([after.state, after.closed_as, after.contacted_at], ['closed', 'withdrawn', null]);
  }
});

test('a rule that changes leaves the follow-ups that are open as they are', async (t) => {
  const api = await testApi(t);
  const { facts, send } = api;
  await withRule(api, { due_hours: 8 });
  await facts('responses', [complaint('A'), complaint('B', { score: 8 })]);
  const [before] = await followUpsOf(api, 'A');
  const any = { 'if-match': '*' };
  const rule = { bands: ['detractor', 'passive'], due_hours: 1000 };
  assert.equal((await send('PUT', '/v1/surveys/nps/follow-up-rule', rule, any)).status, 200);
  assert.deepEqual(await followUpsOf(api, 'A'), [before]);
  // What came in before asks by no rule that came later, also when it is sent again.
  await facts('responses', [complaint('B', { score: 8, comment: 'Hm' })]);
  assert.deepEqual(await followUpsOf(api, 'B'), []);
  // Still asked for by the new rule.
  await facts('responses', [complaint('A', { score: 7 })]);
  assert.equal((await followUpsOf(api, 'A'))[0].state, 'open');
  // With no rule at all a correction withdraws it still.
  assert.equal((await send('DELETE', '/v1/surveys/nps/follow-up-rule', undefined, any)).status, 204);
  await facts('responses', [complaint('A', { score: 9 })]);
  const [after] = await followUpsOf(api, 'A');
  assert.deepEqual([after.closed_as, after.due_at], ['withdrawn', before.due_at]);
});
