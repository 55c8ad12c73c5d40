import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kept } from '../../src/modules/follow-ups/feed.ts';
import { type Ask, keyFor } from '../limited-keys/world.ts';
import { testApi } from '../support/api.ts';
import { complaint, followUpsOf, withRule } from '../support/follow-ups.ts';

type Row = Record<string, unknown>;

/** What is told since the last time, by the customer or, of what is gone, by its id. */
function follower(ask: Ask) {
  let cursor = '';
  return async (): Promise<Record<string, Row>> => {
    const told: Record<string, Row> = {};
    for (let more = true; more; ) {
      const { status, body, text } = await ask('GET', `/v1/changes/follow-ups?limit=1${cursor}`);
      assert.equal(status, 200, text);
      for (const row of body.data) {
        const key = row.customer_id ?? row.id;
        assert.ok(!(key in told), `${key} is told twice`);
        told[key] = row;
      }
      cursor = `&cursor=${body.page.cursor}`;
      more = body.page.next !== null;
    }
    return told;
  };
}

test('changes of follow-ups: each once, as it is now, for whom it is', async (t) => {
  const api = await testApi(t);
  const { send, facts } = api;
  await withRule(api);
  await facts('units', [
    { key: 'NORTH', name: 'North' },
    { key: 'SOUTH', name: 'South' },
  ]);
  await facts('customers', [
    { id: 'A', unit: 'NORTH' },
    { id: 'B', unit: 'NORTH' },
    { id: 'C', unit: 'SOUTH' },
  ]);
  const all = follower((...request) => send(...request));
  const north = follower((await keyFor(api, ['NORTH'])).ask);
  const plain = follower((await keyFor(api, null, ['read'])).ask);
  const idOf = async (customer: string): Promise<string> => (await followUpsOf(api, customer))[0].id;
  const shown = async (customer: string): Promise<Row> => {
    const [row] = await followUpsOf(api, customer);
    return Object.fromEntries(kept.map((name) => [name, row[name]]));
  };

  await facts('responses', [complaint('R1', { customer_id: 'A', unit: 'NORTH' })]);
  for (const customer_id of ['B', 'C']) {
    const made = await send('POST', '/v1/follow-ups', { customer_id, note: `Call ${customer_id}.` });
    assert.equal(made.status, 201, made.text);
  }
  // B has none of its own: it is of the unit that looks after its customer.
  await api.db.write((client) => client.rows(`update follow_ups set unit = null where customer_id = 'B'`));
  assert.deepEqual(await all(), { A: await shown('A'), B: await shown('B'), C: await shown('C') });
  assert.deepEqual(await north(), { A: await shown('A'), B: await shown('B') });
  const told = await plain();
  assert.deepEqual(
    Object.keys(told.B ?? {}),
    kept.filter((name) => name !== 'note' && name !== 'closing_note'),
  );

  // Changed, a step on, and archived.
  const any = { 'if-match': '*' };
  const at = async (customer: string) => `/v1/follow-ups/${await idOf(customer)}`;
  await send('PATCH', await at('A'), { owner: 'E-7' }, any);
  await send('POST', `${await at('A')}/steps`, { state: 'contacted' }, any);
  await send('DELETE', await at('C'), undefined, any);
  assert.deepEqual(await all(), { A: await shown('A'), C: await shown('C') });
  assert.deepEqual(await north(), { A: await shown('A') });

  // With its customer a follow-up without a unit goes to another one, and comes back.
  const [a, b, c] = [await idOf('A'), await idOf('B'), await idOf('C')];
  await facts('customers', [{ id: 'B', unit: 'SOUTH' }]);
  const left = await north();
  assert.deepEqual([Object.keys(left), Object.keys(left[b] ?? {})], [[b], ['id', 'removed_at']]);
  assert.deepEqual(await all(), {});
  await facts('customers', [{ id: 'B', unit: 'NORTH' }]);
  assert.deepEqual(await north(), { B: await shown('B') });

  // Erased with their customers, they are gone for those who knew of them.
  for (const customer of ['A', 'B', 'C']) assert.equal((await send('DELETE', `/v1/customers/${customer}`)).status, 204);
  assert.deepEqual(Object.keys(await all()).sort(), [a, b, c].sort());
  assert.deepEqual(Object.keys(await north()).sort(), [a, b].sort());
  assert.deepEqual(Object.keys(await plain()).sort(), [a, b, c].sort());
  const { body } = await api.get('/v1/datasets/follow_ups');
  assert.equal(body.changes, '/v1/changes/follow-ups');
});
