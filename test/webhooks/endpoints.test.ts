import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { uuid7 } from '../../src/db/uuid7.ts';
import { openapiOf } from '../../src/http/openapi.ts';
import { testApi } from '../support/api.ts';
import { webhookWorld } from './world.ts';

const path = '/v1/webhook-endpoints';
const good = { url: 'https://crm.example/hooks', description: 'The CRM', event_types: ['follow_up.*'] };
const any = { 'if-match': '*' };

/** The service with one endpoint, without a worker. */
async function world(t: TestContext) {
  const api = await testApi(t);
  const made = await api.send('POST', path, good);
  assert.equal(made.status, 201, made.text);
  return { ...api, made, url: `${path}/${made.body.id}` };
}

it('an endpoint is made with a secret that is shown this once', async (t) => {
  const { made, get, db, url } = await world(t);
  assert.deepEqual([made.headers.location, made.headers.etag], [url, '"v1"']);
  const { secret, ...rest } = made.body;
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{32}$/);
  const { id, created_at, changed_at, ...said } = rest;
  const nothing = { disabled_reason: null, disabled_at: null, archived_at: null };
  assert.deepEqual(said, { ...good, status: 'enabled', version: 1, ...nothing });
  assert.deepEqual((await get(url)).body, rest);
  assert.deepEqual((await get(path)).body.data, [rest]);
  const audit = await db.read((client) => client.rows('select * from audit_log where noun = $1', ['webhook_endpoint']));
  assert.equal(audit.length, 1);
  assert.doesNotMatch(JSON.stringify(audit), /whsec_/);
});

it('what makes no good endpoint is refused, at its place', async (t) => {
  const { send } = await world(t);
  const refused = async (body: object, pointer: string, code?: string) => {
    const reply = await send('POST', path, body);
    assert.equal(reply.status, 422, reply.text);
    assert.equal(reply.body.errors[0].pointer, pointer, reply.text);
    if (code !== undefined) assert.equal(reply.body.errors[0].code, code);
  };
  for (const url of [
    'http://crm.example/',
    'https://127.0.0.1/',
    'https://[::ffff:10.0.0.1]/',
    'no url',
    'https://0x7f.1/',
  ])
    await refused({ ...good, url }, '/url', 'bad_target');
  await refused({ ...good, url: `https://crm.example/${'x'.repeat(2_048)}` }, '/url');
  await refused({ ...good, event_types: [] }, '/event_types');
  await refused({ ...good, event_types: ['follow_up.began'] }, '/event_types/0');
  await refused({ ...good, event_types: ['webhook.test'] }, '/event_types/0');
  await refused({ ...good, secret: 'whsec_of_mine' }, '/secret');
  await refused({ url: good.url }, '/event_types');
});

it('is changed with If-Match, and null clears its description', async (t) => {
  const { send, get, url, db } = await world(t);
  assert.equal((await send('PATCH', url, { description: 'x' })).status, 428);
  assert.equal((await send('PATCH', url, { description: 'x' }, { 'if-match': '"v2"' })).status, 412);
  const changed = await send('PATCH', url, { description: null, event_types: ['*'] }, { 'if-match': '"v1"' });
  assert.deepEqual([changed.status, changed.headers.etag, changed.body.description], [200, '"v2"', null]);
  assert.deepEqual(changed.body.event_types, ['*']);
  const same = await send('PATCH', url, { event_types: ['*'] }, { 'if-match': '"v2"' });
  assert.equal(same.headers.etag, '"v2"');
  assert.equal((await send('PATCH', url, { url: 'https://10.0.0.1/' }, any)).status, 422);
  assert.equal((await send('PATCH', url, { disabled_reason: 'gone' }, any)).status, 422);
  const disabled = await send('PATCH', url, { status: 'disabled', description: 'y' }, any);
  assert.deepEqual(
    [disabled.body.status, disabled.body.disabled_reason, disabled.body.description],
    ['disabled', 'by_hand', 'y'],
  );
  const unchanged = await get(url);
  assert.deepEqual(unchanged.body, disabled.body);
  assert.equal((await send('GET', url, undefined, { 'if-none-match': String(unchanged.headers.etag) })).status, 304);
  const actions = await db.read((client) =>
    client.rows<{ action: string }>(`select action from audit_log where noun = 'webhook_endpoint' order by id`),
  );
  assert.deepEqual(
    actions.map(({ action }) => action),
    ['created', 'changed', 'changed'],
  );
});

it('that was removed stays readable, and takes nothing more', async (t) => {
  const { send, get, url, db, made } = await world(t);
  assert.equal((await send('DELETE', url)).status, 428);
  assert.equal((await send('DELETE', url, undefined, { 'if-match': '"v9"' })).status, 412);
  const waiting = await send('POST', `${url}/test`);
  assert.equal(waiting.status, 202);
  for (let time = 0; time < 2; time++) assert.equal((await send('DELETE', url, undefined, any)).status, 204);
  assert.ok((await get(url)).body.archived_at);
  assert.deepEqual((await get(path)).body.data, []);
  assert.equal((await get(`${path}?archived=true`)).body.data[0].id, made.body.id);
  const delivery = await get(`${url}/deliveries/${waiting.body.id}`);
  assert.deepEqual([delivery.body.state, delivery.body.last_error], ['dead', 'The endpoint was removed.']);
  assert.deepEqual(await db.read((client) => client.rows('select from webhook_secrets')), []);
  const replay = { from: '2026-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z' };
  for (const [method, where, body] of [
    ['PATCH', url, { status: 'enabled' }],
    ['POST', `${url}/rotate`, {}],
    ['POST', `${url}/test`, undefined],
    ['POST', `${url}/replay`, replay],
    ['POST', `${url}/deliveries/${waiting.body.id}/replay`, undefined],
  ] as const) {
    const reply = await send(method, where, body, any);
    assert.deepEqual([reply.status, reply.body.code], [409, 'archived'], where);
  }
});

it('that nobody made is not found', async (t) => {
  const { send, get, url } = await world(t);
  const id = uuid7();
  for (const where of [`${path}/${id}`, `${path}/${id}/deliveries`, `${url}/deliveries/${id}`])
    assert.equal((await get(where)).status, 404, where);
  assert.equal((await send('PATCH', `${path}/${id}`, {}, any)).status, 404);
  assert.equal((await send('DELETE', `${path}/${id}`, undefined, any)).status, 404);
  assert.equal((await send('POST', `${path}/${id}/rotate`, {})).status, 404);
  assert.equal((await send('POST', `${path}/${id}/test`)).status, 404);
  assert.equal((await send('POST', `${url}/deliveries/${id}/replay`)).status, 404);
  assert.equal((await get(`${path}/1`)).status, 400);
});

it('admins make and change endpoints, managers look after them, nobody else sees them', async (t) => {
  const { send, url, made } = await world(t);
  const keyFor = async (scope: string) =>
    (await send('POST', '/v1/keys', { name: scope, scopes: [scope] })).body.secret as string;
  const deliveries = `${url}/deliveries`;
  const [replay, period] = [`${url}/replay`, { from: '2026-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z' }];
  for (const [scope, looks, changes] of [
    ['read', 403, 403],
    ['personal', 403, 403],
    ['ingest', 403, 403],
    ['manage', 200, 403],
  ] as const) {
    const as = { authorization: `Bearer ${await keyFor(scope)}`, ...any };
    for (const where of [path, url, deliveries])
      assert.equal((await send('GET', where, undefined, as)).status, looks, `${scope} ${where}`);
    assert.equal((await send('POST', `${url}/test`, undefined, as)).status, looks === 200 ? 202 : 403);
    assert.equal((await send('POST', replay, period, as)).status, looks === 200 ? 202 : 403);
    assert.equal((await send('POST', path, good, as)).status, changes);
    assert.equal((await send('PATCH', url, {}, as)).status, changes);
    assert.equal((await send('DELETE', url, undefined, as)).status, changes);
    assert.equal((await send('POST', `${url}/rotate`, {}, as)).status, changes);
  }
  const seen = await send('GET', url, undefined, { authorization: `Bearer ${await keyFor('manage')}` });
  assert.doesNotMatch(seen.text, /whsec_|secret/);
  assert.equal(seen.body.id, made.body.id);
});

it('there are at most fifty, and their list has pages', async (t) => {
  const { send, get, db } = await world(t);
  for (let at = 1; at < 50; at++) assert.equal((await send('POST', path, good)).status, 201);
  const refused = await send('POST', path, good);
  assert.deepEqual([refused.status, refused.body.code], [409, 'too_many_endpoints']);
  const first = await get(`${path}?limit=30`);
  const second = await get(`${path}?limit=30&cursor=${encodeURIComponent(first.body.page.cursor)}`);
  const ids = [...first.body.data, ...second.body.data].map(({ id }: { id: string }) => id);
  const stored = await db.read((client) => client.rows<{ id: string }>('select id from webhook_endpoints order by id'));
  assert.deepEqual(
    ids,
    stored.map(({ id }) => id),
  );
  assert.equal(second.body.page.next, null);
});

it('a test goes to its endpoint only, whatever that listens to', async (t) => {
  const { endpoint, work, receiver, settled, deliveries, send, must } = await webhookWorld(t);
  const { id } = await endpoint('/ok', ['problem.*']);
  const other = await endpoint('/ok-other', ['*']);
  const reply = await send('POST', `${path}/${id}/test`);
  assert.deepEqual([reply.status, reply.body.state], [202, 'pending']);
  assert.equal(reply.headers.location, `${path}/${id}/deliveries/${reply.body.id}`);
  work();
  await settled(id, 'delivered');
  const { tries, ...delivery } = await must(200, 'GET', String(reply.headers.location));
  assert.deepEqual(
    [delivery.event_type, delivery.state, tries.length, tries[0].status],
    ['webhook.test', 'delivered', 1, 200],
  );
  assert.deepEqual(JSON.parse(receiver.received[0]?.body ?? '').data, { endpoint_id: id });
  await sleep(100);
  assert.deepEqual(await deliveries(other.id), []);
});

it('deliveries are listed the newest first, by state, type and period, in pages', async (t) => {
  const { endpoint, happen, work, settled, deliveries, db, get, send } = await webhookWorld(t);
  const { id } = await endpoint('/ok');
  await happen('F-1', 'F-2', 'F-3');
  const stop = work();
  await settled(id, 'delivered', 'delivered', 'delivered');
  await stop();
  await send('POST', `${path}/${id}/test`);
  await db.write((client) =>
    client.rows(`update webhook_deliveries d
      set created_at = timestamptz '2026-03-01T00:00:00Z' + substr(e.subject, 3)::int * interval '1 hour'
      from events e where e.id = d.event_id and e.subject like 'F-%'`),
  );
  const subjects = async (query: string) =>
    (await deliveries(id, query)).map((one) => (one as unknown as { subject: string }).subject);
  assert.deepEqual(await subjects('?state=delivered'), ['F-3', 'F-2', 'F-1']);
  assert.deepEqual(await subjects('?state=pending'), [id]);
  assert.deepEqual(await subjects('?state=dead'), []);
  assert.deepEqual(await subjects('?type=webhook.test'), [id]);
  assert.deepEqual(await subjects('?type=follow_up.opened&from=2026-03-01T02:00:00Z'), ['F-3', 'F-2']);
  assert.deepEqual(await subjects('?to=2026-03-01T03:00:00Z'), ['F-2', 'F-1']);
  assert.deepEqual(await subjects('?from=2026-03-01&to=2026-03-02'), ['F-3', 'F-2', 'F-1']);
  const walked: string[] = [];
  for (let url = `${path}/${id}/deliveries?limit=1`; url; ) {
    const { body } = await get(url);
    walked.push(...body.data.map((one: { subject: string }) => one.subject));
    url = body.page.next === null ? '' : body.page.next.replace('http://milemarker.test', '');
  }
  assert.deepEqual(walked, [id, 'F-3', 'F-2', 'F-1']);
  for (const query of ['state=lost', 'type=x', 'from=yesterday', 'limit=0', 'cursor=x', 'unknown=1'])
    assert.equal((await get(`${path}/${id}/deliveries?${query}`)).status, 400, query);
});

it('one delivery is sent again, whatever became of it', async (t) => {
  const { endpoint, happen, work, receiver, settled, must, send } = await webhookWorld(t);
  const { id } = await endpoint('/500-then-ok');
  await happen('F-1');
  work();
  const [{ id: delivery } = { id: '' }] = await settled(id, 'dead');
  const again = `${path}/${id}/deliveries/${delivery}/replay`;
  // Ten attempts more while it still fails, then one that arrives.
  assert.equal((await must(202, 'POST', again)).state, 'pending');
  const [twice] = await settled(id, 'dead');
  assert.equal(twice?.attempts, 20);
  receiver.answer('/500-then-ok', (response) => response.writeHead(200).end());
  for (const attempts of [21, 22]) {
    await must(202, 'POST', again);
    const [now] = await settled(id, 'delivered');
    assert.deepEqual([now?.attempts, now?.last_error], [attempts, null]);
  }
  assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1);
  assert.equal(receiver.received.length, 22);
  await must(200, 'PATCH', `${path}/${id}`, { status: 'disabled' }, any);
  const refused = await send('POST', again);
  assert.deepEqual([refused.status, refused.body.code], [409, 'endpoint_disabled']);
  assert.match(refused.body.detail, /by_hand.*PATCH/);
});

it('a period is sent again: what listens now, also what was missed, and only what is asked for', async (t) => {
  const { db, endpoint, happen, work, receiver, settled, must, send } = await webhookWorld(t);
  const { id } = await endpoint('/ok', ['follow_up.*']);
  const url = `${path}/${id}`;
  await happen('F-1', 'F-2', 'F-3');
  work();
  await settled(id, 'delivered', 'delivered', 'delivered');
  await must(200, 'PATCH', url, { status: 'disabled' }, any);
  await happen('F-4');
  // Who listens is asked when the worker comes to it, so the endpoint stays disabled until then.
  const isWaiting = () => db.read((client) => client.rows('select from events where fanned_out_at is null'));
  while ((await isWaiting()).length > 0) await sleep(20);
  await must(202, 'POST', `${path}/${(await endpoint('/ok-other')).id}/test`);
  await must(200, 'PATCH', url, { status: 'enabled' }, any);
  await sleep(200);
  const subjects = () =>
    receiver
      .on('/ok')
      .map(({ body }) => JSON.parse(body).data.id)
      .sort();
  assert.deepEqual(subjects(), ['F-1', 'F-2', 'F-3']);
  await db.write((client) =>
    client.rows(`update events set occurred_at = timestamptz '2026-03-01T00:00:00Z' + substr(subject, 3)::int * interval '1 hour'
      where subject like 'F-%'`),
  );
  const replay = (body: object) => must(202, 'POST', `${url}/replay`, body);
  const day = { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' };
  assert.deepEqual(await replay({ ...day, types: ['problem.*', 'follow_up.closed'] }), { replayed: 0 });
  assert.deepEqual(await replay({ ...day, to: '2026-03-01T01:00:00Z' }), { replayed: 0 });
  // F-4 was missed: the endpoint was disabled.
  assert.deepEqual(await replay({ ...day, only_undelivered: true }), { replayed: 1 });
  await settled(id, 'delivered', 'delivered', 'delivered', 'delivered');
  assert.deepEqual(subjects(), ['F-1', 'F-2', 'F-3', 'F-4']);
  assert.deepEqual(await replay({ ...day, only_undelivered: true }), { replayed: 0 });
  assert.deepEqual(await replay({ from: '2026-03-01T02:00:00Z', to: '2026-03-01T04:00:00Z' }), { replayed: 2 });
  await settled(id, 'delivered', 'delivered', 'delivered', 'delivered');
  assert.deepEqual(subjects(), ['F-1', 'F-2', 'F-2', 'F-3', 'F-3', 'F-4']);
  for (const body of [{ ...day, to: day.from }, { from: day.to, to: day.from }, { from: day.from }, {}])
    assert.equal((await send('POST', `${url}/replay`, body)).status, 422);
});

it('what is given up when an endpoint is disabled is not sent when it is enabled again', async (t) => {
  const { endpoint, happen, work, receiver, settled, must } = await webhookWorld(t);
  const { id } = await endpoint('/500');
  await happen('F-1');
  // Long enough for a busy machine to disable it in between.
  work({ schedule_ms: [1_500, 1_500] });
  await settled(id, 'failed');
  await must(200, 'PATCH', `${path}/${id}`, { status: 'disabled' }, any);
  const [given] = await settled(id, 'dead');
  assert.equal(given?.last_error, 'The endpoint was disabled.');
  const seen = receiver.received.length;
  await must(200, 'PATCH', `${path}/${id}`, { status: 'enabled' }, any);
  await sleep(2_000);
  assert.equal(receiver.received.length, seen);
});

it('the contract tells what is sent', async (t) => {
  const { app } = await testApi(t);
  await app.ready();
  const { webhooks } = openapiOf(app) as unknown as { webhooks: Record<string, { post: { description: string } }> };
  assert.deepEqual(Object.keys(webhooks).sort(), [
    'follow_up.closed',
    'follow_up.due',
    'follow_up.opened',
    'follow_up.overdue',
    'goal.status_changed',
    'problem.rising',
    'response.received',
    'webhook.test',
  ]);
  for (const [name, { post }] of Object.entries(webhooks)) assert.ok(post.description.length > 10, name);
});
