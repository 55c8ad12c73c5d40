import assert from 'node:assert/strict';
import { it } from 'node:test';
import { removeOldEvents } from '../../src/webhooks/clean-up.ts';
import { survey } from '../support/world.ts';
import { until } from './receiver.ts';
import { webhookWorld } from './world.ts';

const answer = (id: string, more: object = {}) => ({
  id,
  customer_id: 'C-1',
  survey: 'nps',
  score: 2,
  comment: 'It came late. Call me: +49 30 1234',
  answered_at: '2026-02-02T19:20:00+01:00',
  ...more,
});

it('a new response is told once, without its comment, where somebody listens', async (t) => {
  const { db, endpoint, work, receiver, settled, facts } = await webhookWorld(t);
  const recorded = async () => (await db.read((client) => client.rows('select from events'))).length;
  await facts('surveys', [survey()]);
  await endpoint('/ok-other', ['follow_up.*']);
  await facts('responses', [answer('A-1')]);
  assert.equal(await recorded(), 0, 'nobody listens');
  const { id } = await endpoint('/ok', ['response.received']);
  await facts('responses', [answer('A-1'), answer('A-2', { themes: ['delivery'], unit: 'store-12' })]);
  assert.equal(await recorded(), 1, 'A-1 is not new');
  await facts('responses', [answer('A-2', { score: 9 })]);
  assert.equal(await recorded(), 1, 'a correction is not told');
  work();
  await settled(id, 'delivered');
  const [{ body } = { body: '{}' }] = receiver.received;
  assert.deepEqual(JSON.parse(body).data, {
    id: 'A-2',
    customer_id: 'C-1',
    survey: 'nps',
    score: 2,
    band: 'detractor',
    themes: ['delivery'],
    moment: null,
    unit: 'store-12',
    employee: null,
    channel: null,
    segment: null,
    region: null,
    answered_at: '2026-02-02T18:20:00.000Z',
  });
});

it('a response of a batch that is refused is not told', async (t) => {
  const { db, endpoint, send, facts } = await webhookWorld(t);
  await facts('surveys', [survey()]);
  await endpoint('/ok', ['response.*']);
  assert.equal((await send('POST', '/v1/responses', [answer('A-1'), answer('A-2', { score: 11 })])).status, 422);
  assert.equal((await db.read((client) => client.rows('select from events'))).length, 0);
});

it('a disabled or removed endpoint does not make responses be recorded', async (t) => {
  const { db, endpoint, facts, must } = await webhookWorld(t);
  await facts('surveys', [survey()]);
  const one = await endpoint('/ok', ['*']);
  const other = await endpoint('/ok', ['*']);
  const any = { 'if-match': '*' };
  await must(200, 'PATCH', `/v1/webhook-endpoints/${one.id}`, { status: 'disabled' }, any);
  await must(204, 'DELETE', `/v1/webhook-endpoints/${other.id}`, undefined, any);
  await facts('responses', [answer('A-1')]);
  assert.equal((await db.read((client) => client.rows('select from events'))).length, 0);
});

it('erasing a customer removes what was to be told of its responses, and leaves the rest', async (t) => {
  const { db, endpoint, facts, happen, must, work, deliveries } = await webhookWorld(t);
  await facts('surveys', [survey()]);
  const { id } = await endpoint('/500');
  await facts('responses', [answer('A-1'), answer('A-2', { customer_id: 'C-2' })]);
  await happen('A-1');
  const stop = work({ schedule_ms: [3_600_000] });
  await until('all were tried', async () => (await deliveries(id, '?state=failed')).length === 3);
  await stop();
  await must(204, 'DELETE', '/v1/customers/C-1');
  const left = await db.read((client) =>
    client.rows<{ type: string; subject: string }>('select type, subject from events order by type'),
  );
  assert.deepEqual(left, [
    { type: 'follow_up.opened', subject: 'A-1' },
    { type: 'response.received', subject: 'A-2' },
  ]);
  assert.equal((await deliveries(id)).length, 2);
});

it('events are kept for thirty days, and longer while they wait', async (t) => {
  const { db, endpoint, happen, work, settled } = await webhookWorld(t);
  const { id } = await endpoint('/ok');
  await happen('old', 'old, waits', 'young');
  const stop = work();
  await settled(id, 'delivered', 'delivered', 'delivered');
  await stop();
  await happen('old, not fanned out');
  // The id holds the time; 30 days and an hour ago.
  const aged = (subjects: string[]) =>
    db.write(async (client) => {
      await client.rows('alter table webhook_deliveries drop constraint webhook_deliveries_event_fkey');
      for (const subject of subjects) {
        const [row] = await client.rows<{ id: string }>('select id from events where subject = $1', [subject]);
        const ms = (Date.now() - 30 * 86_400_000 - 3_600_000).toString(16).padStart(12, '0');
        const old = `${ms.slice(0, 8)}-${ms.slice(8)}${row?.id.slice(13)}`;
        await client.rows('update webhook_deliveries set event_id = $2 where event_id = $1', [row?.id ?? '', old]);
        await client.rows('update events set id = $2 where id = $1', [row?.id ?? '', old]);
      }
      await client.rows(`alter table webhook_deliveries add constraint webhook_deliveries_event_fkey
        foreign key (event_id) references events on delete cascade`);
    });
  await aged(['old', 'old, waits', 'old, not fanned out']);
  await db.write((client) =>
    client.rows(`update webhook_deliveries d set state = 'failed', next_at = now() from events e
      where e.id = d.event_id and e.subject = 'old, waits'`),
  );
  assert.equal(await removeOldEvents(db), 1);
  const left = await db.read((client) => client.rows<{ subject: string }>('select subject from events'));
  assert.deepEqual(left.map(({ subject }) => subject).sort(), ['old, not fanned out', 'old, waits', 'young']);
  const counts = await db.read((client) =>
    client.rows(`select (select count(*) from webhook_deliveries) as deliveries,
      (select count(*) from webhook_attempts) as attempts`),
  );
  assert.deepEqual(counts, [{ deliveries: 2, attempts: 2 }]);
});
