import assert from 'node:assert/strict';
import { lookup } from 'node:dns';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { scheduleMs } from '../../src/webhooks/queue.ts';
import { type Resolve, targetsOf } from '../../src/webhooks/targets.ts';
import { loopback, until } from './receiver.ts';
import { webhookWorld } from './world.ts';

it('an event reaches every endpoint that listens, signed with its own secret, and no other', async (t) => {
  const { endpoint, happen, work, receiver, settled, deliveries } = await webhookWorld(t);
  await happen('before');
  const all = await endpoint('/ok-all');
  const family = await endpoint('/ok-family', ['follow_up.*']);
  const one = await endpoint('/ok-one', ['follow_up.opened', 'problem.rising']);
  const other = await endpoint('/ok-other', ['follow_up.closed', 'response.*']);
  await happen('F-1');
  work();
  for (const { id, secret, url } of [all, family, one]) {
    const [delivery] = await settled(id, 'delivered');
    const [{ headers, body } = { headers: {}, body: '' }] = receiver.on(new URL(url).pathname);
    const { type, data } = new Webhook(secret).verify(body, headers) as { type: string; data: object };
    assert.deepEqual([type, data], ['follow_up.opened', { id: 'F-1' }]);
    assert.equal(new Headers(headers).get('webhook-id'), delivery?.event_id);
    assert.deepEqual([delivery?.attempts, delivery?.last_status, delivery?.last_error], [1, 200, null]);
    // What happened before the endpoint was made is not for it.
    assert.equal(receiver.on(new URL(url).pathname).length, 1);
  }
  assert.deepEqual(await deliveries(other.id), []);
  assert.equal(receiver.received.length, 3);
});

it('an event is delivered if its transaction commits, and only then', async (t) => {
  const { db, endpoint, work, receiver, settled, happen } = await webhookWorld(t);
  const { id } = await endpoint('/ok');
  work();
  const failed = db.write(async (client) => {
    await client.rows(`insert into events (id, type, subject, data)
      values (gen_random_uuid(), 'follow_up.opened', 'never', '{}')`);
    throw new Error('as business transactions do');
  });
  await assert.rejects(failed, /business/);
  await happen('F-1');
  await settled(id, 'delivered');
  assert.deepEqual(
    receiver.received.map(({ body }) => JSON.parse(body).data),
    [{ id: 'F-1' }],
  );
});

it('a worker that has nothing to do writes nothing', async (t) => {
  const { db, endpoint, work } = await webhookWorld(t);
  await endpoint('/ok');
  // The transaction that last changed or locked each row.
  const lockers = () => db.read((client) => client.rows('select xmax::text from webhook_endpoints'));
  const before = await lockers();
  const stop = work({ pause_ms: 5 });
  await sleep(300);
  await stop();
  assert.deepEqual(await lockers(), before);
});

it('what fails is tried ten times with the same id and body, then given up', async (t) => {
  const { endpoint, happen, work, receiver, settled, must } = await webhookWorld(t);
  const { id, secret } = await endpoint('/500');
  await happen('F-1');
  work();
  const [delivery] = await settled(id, 'dead');
  const seen = receiver.on('/500');
  assert.equal(seen.length, 10);
  assert.equal(new Set(seen.map(({ headers }) => headers['webhook-id'])).size, 1);
  assert.equal(new Set(seen.map(({ body }) => body)).size, 1);
  for (const { body, headers } of seen) new Webhook(secret).verify(body, headers);
  assert.deepEqual([delivery?.attempts, delivery?.next_at, delivery?.last_status], [10, null, 500]);
  const { tries } = await must(200, 'GET', `/v1/webhook-endpoints/${id}/deliveries/${delivery?.id}`);
  assert.deepEqual(
    tries.map((one: { number: number }) => one.number),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  const { attempted_at, took_ms, ...first } = tries[0];
  assert.deepEqual(first, {
    number: 1,
    status: 500,
    error: 'The receiver answered 500.',
    response_excerpt: 'out of order  ',
  });
  assert.ok(took_ms >= 0 && Math.abs(Date.parse(attempted_at) - Date.now()) < 10_000);
});

it('the waits between ten attempts make about three days, each within a tenth of the schedule', async (t) => {
  assert.equal(scheduleMs.length, 9);
  const days = scheduleMs.reduce((sum, ms) => sum + ms, 0) / 86_400_000;
  assert.ok(days > 3 && days < 3.3, String(days));
  const { db, endpoint, happen, work, settled } = await webhookWorld(t);
  const { id } = await endpoint('/500');
  await happen(...Array.from({ length: 20 }, (_, at) => `F-${at}`));
  const stop = work({ schedule_ms: scheduleMs });
  for (const wait of scheduleMs) {
    const found = await settled(id, ...Array<string>(20).fill('failed'));
    const waits = await db.read((client) =>
      client.rows<{ ms: number }>(
        `select extract(epoch from next_at - last_attempt_at)::float8 * 1000 as ms from webhook_deliveries`,
      ),
    );
    assert.equal(found.length, 20);
    // Half a second for what lies between the attempt and its record.
    for (const { ms } of waits) assert.ok(ms >= wait * 0.9 && ms <= wait * 1.1 + 500, `${ms} for ${wait}`);
    assert.ok(new Set(waits.map(({ ms }) => Math.round(ms / 10))).size > 5, 'all wait the same time');
    const attempts = found[0]?.attempts ?? 0;
    if (attempts === 3) break;
    await db.write((client) => client.rows('update webhook_deliveries set next_at = now()'));
    await until(
      'all were tried again',
      async () =>
        (await db.read((client) => client.rows('select from webhook_deliveries where attempts = $1', [attempts])))
          .length === 0,
    );
  }
  await stop();
});

it('a receiver that asks for time gets it, within a day, and no attempt comes sooner than the schedule has it', async (t) => {
  const { db, endpoint, happen, work, receiver, settled } = await webhookWorld(t);
  const { id } = await endpoint('/busy');
  const answers = ['120', '999999999', '1', undefined];
  receiver.answer('/busy', (response) => {
    const value = answers.shift();
    response.writeHead(429, value === undefined ? {} : { 'retry-after': value }).end();
  });
  const hour = 3_600_000;
  const stop = work({ schedule_ms: [1_000, 1_000, hour, hour] });
  await happen('F-1');
  for (const [at, [least, most]] of [
    [120_000, 132_000],
    [24 * hour, 26.4 * hour],
    [0.9 * hour, 1.1 * hour],
    [0.9 * hour, 1.1 * hour],
  ].entries()) {
    const attempts = at + 1;
    await until('it was tried', async () => (await settled(id, 'failed'))[0]?.attempts === attempts);
    const [row] = await db.read((client) =>
      client.rows<{ ms: number }>(
        'select extract(epoch from next_at - last_attempt_at)::float8 * 1000 as ms from webhook_deliveries',
      ),
    );
    // Half a second for what lies between the attempt and its record.
    const { ms } = row ?? { ms: 0 };
    assert.ok(ms >= (least ?? 0) && ms <= (most ?? 0) + 500, `${ms} after ${attempts}`);
    await db.write((client) => client.rows('update webhook_deliveries set next_at = now()'));
  }
  await stop();
});

it('a name whose servers are silent does not keep others from being looked up', async (t) => {
  const { db, endpoint, happen, work, settled, must } = await webhookWorld(t);
  // As in Node, which looks up two names at a time: what comes third waits.
  const waiting: (() => void)[] = [];
  let free = 2;
  const resolve: Resolve = (hostname, options, done) => {
    const begin = () => {
      free--;
      if (hostname === 'silent.example') return;
      lookup(hostname, options, (error, addresses) => {
        free++;
        waiting.shift()?.();
        done(error, addresses);
      });
    };
    if (free > 0) begin();
    else waiting.push(begin);
  };
  await must(201, 'POST', '/v1/webhook-endpoints', { url: 'http://silent.example/', event_types: ['*'] });
  const { id } = await endpoint('/ok');
  await happen(...Array.from({ length: 8 }, (_, at) => `F-${at}`));
  // The receiver by its name, so that it is looked up too.
  await db.write((client) =>
    client.rows(`update webhook_endpoints set url = replace(url, '127.0.0.1', 'localhost') where id = $1`, [id]),
  );
  work({ limit_ms: 1_000, at_once: 8 }, targetsOf(loopback, resolve));
  await settled(id, ...Array<string>(8).fill('delivered'));
});

it('410 disables an endpoint and gives up what waits for it', async (t) => {
  const { endpoint, happen, work, receiver, settled, must } = await webhookWorld(t);
  const { id } = await endpoint('/410');
  await happen('F-1', 'F-2', 'F-3');
  work({ at_once: 1 });
  await settled(id, 'dead', 'dead', 'dead');
  assert.equal(receiver.on('/410').length, 1);
  const row = await must(200, 'GET', `/v1/webhook-endpoints/${id}`);
  assert.deepEqual([row.status, row.disabled_reason, row.version], ['disabled', 'gone', 2]);
  await happen('F-4');
  await sleep(100);
  await settled(id, 'dead', 'dead', 'dead');
});

it('an endpoint to which nothing was delivered for two days is disabled when a delivery is given up', async (t) => {
  const { db, endpoint, happen, work, receiver, settled, must, send } = await webhookWorld(t);
  const { id } = await endpoint('/500-then-ok');
  const failingFor = (days: number) =>
    db.write((client) =>
      client.rows(`update webhook_endpoints set failing_since = now() - $1::int * interval '1 day'`, [days]),
    );
  const status = async () => {
    const { status, disabled_reason } = await must(200, 'GET', `/v1/webhook-endpoints/${id}`);
    return [status, disabled_reason];
  };
  work();
  await happen('F-1');
  await settled(id, 'dead');
  assert.deepEqual(await status(), ['enabled', null], 'it has failed for less than a second');
  await failingFor(1);
  await happen('F-2');
  await settled(id, 'dead', 'dead');
  assert.deepEqual(await status(), ['enabled', null]);
  // One that arrives shows that the endpoint works.
  await failingFor(3);
  receiver.answer('/500-then-ok', (response) => response.writeHead(204).end());
  await happen('F-3');
  await settled(id, 'dead', 'dead', 'delivered');
  receiver.answer('/500-then-ok', (response) => response.writeHead(503).end());
  await happen('F-4');
  await settled(id, 'dead', 'dead', 'delivered', 'dead');
  assert.deepEqual(await status(), ['enabled', null]);
  await failingFor(3);
  await happen('F-5');
  await settled(id, 'dead', 'dead', 'delivered', 'dead', 'dead');
  assert.deepEqual(await status(), ['disabled', 'failures']);
  // Enabled by hand it begins anew.
  const enabled = await send('PATCH', `/v1/webhook-endpoints/${id}`, { status: 'enabled' }, { 'if-match': '*' });
  assert.deepEqual([enabled.status, enabled.body.disabled_reason, enabled.body.disabled_at], [200, null, null]);
  await happen('F-6');
  await settled(id, 'dead', 'dead', 'delivered', 'dead', 'dead', 'dead');
  assert.deepEqual(await status(), ['enabled', null]);
});

it('a slow endpoint holds up nobody else, and gets a few deliveries at a time', async (t) => {
  const { endpoint, happen, work, receiver, settled } = await webhookWorld(t);
  await endpoint('/hangs');
  await endpoint('/trickles-head');
  const { id } = await endpoint('/ok');
  await happen(...Array.from({ length: 60 }, (_, at) => `F-${at}`));
  const began = Date.now();
  work({ limit_ms: 6_000 });
  await settled(id, ...Array<string>(60).fill('delivered'));
  assert.ok(Date.now() - began < 5_500, 'the others are not through their first attempt by then');
  assert.deepEqual([receiver.on('/hangs').length, receiver.on('/trickles-head').length], [4, 4]);
  assert.equal(receiver.most_at_once.get('/hangs'), 4);
  assert.ok((receiver.most_at_once.get('/ok') ?? 0) <= 4);
});

it('workers at the same time deliver each event once', async (t) => {
  const { db, endpoint, happen, work, receiver, settled } = await webhookWorld(t);
  const ids = [(await endpoint('/ok-1')).id, (await endpoint('/ok-2')).id];
  for (let worker = 0; worker < 3; worker++) work({ pause_ms: 2 });
  const rounds = 5;
  const size = 20;
  for (let round = 0; round < rounds; round++)
    await happen(...Array.from({ length: size }, (_, at) => `F-${round}-${at}`));
  for (const id of ids) await settled(id, ...Array<string>(rounds * size).fill('delivered'));
  await until('everything is there', () => receiver.received.length >= 2 * rounds * size);
  await sleep(200);
  assert.equal(receiver.received.length, 2 * rounds * size);
  assert.deepEqual(await db.read((client) => client.rows('select distinct attempts from webhook_deliveries')), [
    { attempts: 1 },
  ]);
  for (const path of ['/ok-1', '/ok-2'])
    assert.equal(new Set(receiver.on(path).map(({ headers }) => headers['webhook-id'])).size, rounds * size);
});

it('what a worker took and never told of is taken by another when its lease ends, with the same id', async (t) => {
  const { db, endpoint, happen, work, receiver, settled } = await webhookWorld(t);
  const { id } = await endpoint('/ok');
  await happen('F-1');
  // A worker that died after it had sent: its lease is all that is left.
  const stop = work();
  await settled(id, 'delivered');
  await stop();
  await db.write((client) =>
    client.rows(`update webhook_deliveries set state = 'pending', attempts = 0, next_at = now(), delivered_at = null,
      lease = gen_random_uuid(), leased_until = now() + interval '700 ms'`),
  );
  await db.write((client) => client.rows('delete from webhook_attempts'));
  work();
  await sleep(300);
  assert.equal(receiver.received.length, 1, 'the lease is respected');
  await settled(id, 'delivered');
  const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
  assert.equal(ids.length, 2);
  assert.equal(new Set(ids).size, 1);
});

it('a result that comes after the lease was lost changes nothing', async (t) => {
  const { db, endpoint, happen, work, receiver, settled, must } = await webhookWorld(t);
  const { id } = await endpoint('/slow');
  const answers: (() => void)[] = [];
  receiver.answer('/slow', (response) => answers.push(() => response.writeHead(500).end()));
  await happen('F-1');
  work();
  await until('it is under way', () => answers.length === 1);
  // A replay takes it over while the first attempt has no answer.
  const [{ id: delivery } = { id: '' }] = await settled(id, 'pending');
  await must(202, 'POST', `/v1/webhook-endpoints/${id}/deliveries/${delivery}/replay`);
  await until('it is sent again', () => answers.length === 2);
  receiver.answer('/slow', (response) => response.writeHead(200).end());
  answers[0]?.();
  await sleep(200);
  const [{ attempts, state } = { attempts: -1, state: '' }] = await settled(id, 'pending');
  assert.deepEqual([attempts, state], [0, 'pending']);
  answers[1]?.();
  await settled(id, 'delivered');
  const stored = await db.read((client) => client.rows('select from webhook_attempts'));
  assert.equal(stored.length, 2, 'the second attempt and the third, which was delivered');
});

it('stopping finishes and stores what is under way, and takes nothing more', async (t) => {
  const { endpoint, happen, work, receiver, deliveries } = await webhookWorld(t);
  const { id } = await endpoint('/slow');
  receiver.answer('/slow', (response) => void setTimeout(() => response.writeHead(200).end(), 300));
  await happen('F-1', 'F-2');
  const stop = work({ at_once: 1 });
  await until('one is under way', () => receiver.received.length === 1);
  await stop();
  assert.deepEqual((await deliveries(id)).map(({ state }) => state).sort(), ['delivered', 'pending']);
  await sleep(100);
  assert.equal(receiver.received.length, 1);
});

it('while a secret is changed both sign, and afterwards only the new one', async (t) => {
  const { db, endpoint, happen, work, receiver, settled, must } = await webhookWorld(t);
  const { id, secret } = await endpoint('/ok');
  const rotated = await must(201, 'POST', `/v1/webhook-endpoints/${id}/rotate`, { overlap_hours: 2 });
  assert.match(rotated.secret, /^whsec_[A-Za-z0-9+/]{32}$/);
  assert.ok(Math.abs(Date.parse(rotated.previous_ends_at) - Date.now() - 7_200_000) < 10_000);
  await happen('F-1');
  work();
  await settled(id, 'delivered');
  const [{ headers, body } = { headers: {}, body: '' }] = receiver.received;
  for (const one of [secret, rotated.secret]) new Webhook(one).verify(body, headers);
  await db.write((client) =>
    client.rows(`update webhook_secrets set ends_at = now() - interval '1 s' where ends_at is not null`),
  );
  await happen('F-2');
  await settled(id, 'delivered', 'delivered');
  const last = receiver.received[1] ?? { headers: {}, body: '' };
  new Webhook(rotated.secret).verify(last.body, last.headers);
  assert.throws(() => new Webhook(secret).verify(last.body, last.headers), /No matching signature/);
  // Without overlap the old one ends at once.
  const now = await must(201, 'POST', `/v1/webhook-endpoints/${id}/rotate`, { overlap_hours: 0 });
  await happen('F-3');
  await settled(id, 'delivered', 'delivered', 'delivered');
  const third = receiver.received[2] ?? { headers: {}, body: '' };
  new Webhook(now.secret).verify(third.body, third.headers);
  assert.throws(() => new Webhook(rotated.secret).verify(third.body, third.headers), /No matching signature/);
});
