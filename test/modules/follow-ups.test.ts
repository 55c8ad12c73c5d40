import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { markDeadlines } from '../../src/modules/follow-ups/deadlines.ts';
import { closings, followUpStates } from '../../src/outcomes/follow-ups.ts';
import { startWorker } from '../../src/worker.ts';
import { type Api, testApi } from '../support/api.ts';
import { complaint, eventsOf, followUpsOf, hoursAgo, withRule } from '../support/follow-ups.ts';

const any = { 'if-match': '*' };

/** Follow-ups of these customers, opened by a response each: their addresses. */
async function opened(api: Api, ...names: string[]): Promise<string[]> {
  await api.facts(
    'responses',
    names.map((name) => complaint(name)),
  );
  const rows = await Promise.all(names.map((name) => followUpsOf(api, name)));
  return rows.map(([row]) => `/v1/follow-ups/${row.id}`);
}

test('a follow-up opened by hand', async (t) => {
  const api = await testApi(t);
  const { send, get, facts } = api;
  await withRule(api);
  await facts('customers', [{ id: 'A', name: 'Ada Park', email: 'ada@example.com', unit: 'store-1' }]);
  await facts('responses', [complaint('praise', { customer_id: 'A', score: 10, comment: 'Fine', unit: 'store-2' })]);
  for (const [body, pointer] of [
    [{ customer_id: 'nobody' }, '/customer_id'],
    [{ customer_id: 'A', response_id: 'none' }, '/response_id'],
    [{ customer_id: 'A', problem: 'nobody named it' }, '/problem'],
    [{ customer_id: 'A', due_at: hoursAgo(1) }, '/due_at'],
    [{ customer_id: 'A', due_at: '9999-12-31T23:59:59.999999999Z' }, '/due_at'],
    [{ customer_id: 'A', state: 'closed' }, '/state'],
    [{}, '/customer_id'],
  ] as const) {
    const { status, body: problem } = await send('POST', '/v1/follow-ups', body);
    assert.deepEqual([status, problem.errors[0].pointer], [422, pointer]);
  }
  const made = await send('POST', '/v1/follow-ups', {
    customer_id: 'A',
    response_id: 'praise',
    owner: 'E-7',
    note: 'x',
  });
  assert.equal(made.status, 201);
  assert.equal(made.headers.location, `/v1/follow-ups/${made.body.id}`);
  assert.match(made.body.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  const { customer_name, survey, unit, origin, state, owner, latest_comment, overdue, trailing_revenue } = made.body;
  assert.deepEqual(
    { customer_name, survey, unit, origin, state, owner, latest_comment, overdue },
    {
      customer_name: 'Ada Park',
      survey: 'nps',
      unit: 'store-2',
      origin: 'person',
      state: 'open',
      owner: 'E-7',
      latest_comment: 'Fine',
      overdue: false,
    },
  );
  assert.equal(trailing_revenue, null);
  assert.deepEqual(await eventsOf(api, made.body.id), ['follow_up.opened']);

  const second = await send('POST', '/v1/follow-ups', { customer_id: 'A' });
  assert.equal(second.status, 409);
  assert.ok(second.body.detail.includes(made.body.id), second.body.detail);
  // A complaint is noted on it, and a correction does not withdraw what a person opened.
  await facts('responses', [complaint('bad', { customer_id: 'A' })]);
  await facts('responses', [complaint('bad', { customer_id: 'A', score: 10 })]);
  assert.deepEqual([(await followUpsOf(api, 'A')).length, (await followUpsOf(api, 'A'))[0].responses], [1, 2]);

  assert.equal((await get('/v1/follow-ups/0198b7a0-5e6c-7d2f-9b1a-3c4d5e6f7a8b')).status, 404);
  assert.equal((await get('/v1/follow-ups/x')).status, 400);
  assert.equal((await get('/v1/follow-ups?colour=red')).status, 400);
});

test('who may see and do what', async (t) => {
  const api = await testApi(t);
  const { send, facts } = api;
  await withRule(api);
  await facts('customers', [{ id: 'A', name: 'Ada Park', email: 'ada@example.com' }]);
  await facts('responses', [complaint('a', { customer_id: 'A', comment: 'Awful' })]);
  const [{ id }] = await followUpsOf(api, 'A');
  const url = `/v1/follow-ups/${id}`;
  await send('PATCH', url, { note: 'Ada is in Rome' }, any);
  const key = async (scopes: string[]) => {
    const { secret } = (await send('POST', '/v1/keys', { name: scopes.join(), scopes })).body;
    return { authorization: `Bearer ${secret}`, ...any };
  };
  const [reader, manager, personal] = [await key(['read']), await key(['manage']), await key(['personal'])];
  const private_ = ['customer_name', 'customer_email', 'latest_comment', 'note', 'closing_note'];
  for (const who of [reader, manager]) {
    const one = (await send('GET', url, undefined, who)).body;
    const [listed] = (await send('GET', '/v1/follow-ups', undefined, who)).body.data;
    for (const name of private_) assert.ok(!(name in one) && !(name in listed), name);
    assert.doesNotMatch(JSON.stringify([one, listed]), /Ada|Awful|Rome/);
  }
  const seen = (await send('GET', url, undefined, personal)).body;
  assert.deepEqual(
    private_.map((name) => seen[name]),
    ['Ada Park', 'ada@example.com', 'Awful', 'Ada is in Rome', null],
  );
  for (const who of [reader, personal]) {
    assert.equal((await send('POST', '/v1/follow-ups', { customer_id: 'A' }, who)).status, 403);
    assert.equal((await send('PATCH', url, { owner: 'me' }, who)).status, 403);
    assert.equal((await send('POST', `${url}/steps`, { state: 'contacted' }, who)).status, 403);
    assert.equal((await send('DELETE', url, undefined, who)).status, 403);
  }
  assert.equal((await send('PATCH', url, { owner: 'E-9' }, manager)).status, 200);
  assert.doesNotMatch(JSON.stringify(await eventsData(api)), /Ada|Awful|Rome/);
});

const eventsData = ({ db }: Api) => db.read((client) => client.rows('select data from events'));

test('changes: a merge-patch of the version that was seen', async (t) => {
  const api = await testApi(t);
  const { send } = api;
  await withRule(api, { due_hours: 10 });
  for (const key of ['late', 'price'])
    assert.equal((await send('POST', '/v1/problems', { key, name: key, themes: [key] })).status, 201);
  const [url = ''] = await opened(api, 'A');
  assert.equal((await send('PATCH', url, { owner: 'E-7' })).status, 428);
  assert.equal((await send('PATCH', url, { owner: 'E-7' }, { 'if-match': '"v2"' })).status, 412);
  const owned = await send('PATCH', url, { owner: 'E-7', problem: 'late' }, { 'if-match': '"v1"' });
  assert.deepEqual(
    [owned.status, owned.headers.etag, owned.body.owner, owned.body.problem],
    [200, '"v2"', 'E-7', 'late'],
  );
  const cleared = await send('PATCH', url, { owner: null }, { 'if-match': '"v2"' });
  assert.deepEqual([cleared.body.owner, cleared.body.problem, cleared.body.version], [null, 'late', 3]);
  const same = await send('PATCH', url, { owner: null }, any);
  assert.equal(same.body.version, 3);

  for (const [body, pointer] of [
    [{ promise_kept: true }, '/promise'],
    [{ promised_for: hoursAgo(-1) }, '/promise'],
    [{ problem: 'nobody named it' }, '/problem'],
    [{ promise: 'Soon', promised_for: hoursAgo(5) }, '/promised_for'],
    [{ due_at: null }, '/due_at'],
    [{ due_at: hoursAgo(5) }, '/due_at'],
    [{ state: 'closed' }, '/state'],
  ] as const) {
    const { status, body: problem } = await send('PATCH', url, body, any);
    assert.deepEqual([status, problem.errors[0].pointer], [422, pointer]);
  }
  const promised_for = hoursAgo(-24);
  const promised = await send('PATCH', url, { promise: 'Tomorrow', promised_for, promise_kept: true }, any);
  assert.deepEqual([promised.body.promised_for, promised.body.promise_kept], [promised_for, true]);
  const taken = await send('PATCH', url, { promise: null }, any);
  assert.deepEqual([taken.body.promise, taken.body.promised_for, taken.body.promise_kept], [null, null, null]);

  const due_at = hoursAgo(-20);
  const moved = await send('PATCH', url, { due_at }, any);
  assert.equal(moved.body.due_at, due_at);
  assert.equal(Date.parse(moved.body.first_due_at) - Date.parse(moved.body.opened_at), 10 * 3_600_000);

  await send('POST', `${url}/steps`, { state: 'closed', closed_as: 'lost' }, any);
  for (const body of [{ owner: 'E-8' }, { due_at: hoursAgo(-30) }])
    assert.equal((await send('PATCH', url, body, any)).body.code, 'follow_up_closed');
  assert.equal((await send('PATCH', url, { problem: 'price' }, any)).body.problem, 'price');
});

test('every step from every state: forward only, and closed by what happened', async (t) => {
  const api = await testApi(t);
  const { send } = api;
  await withRule(api);
  const order: readonly string[] = ['open', 'acknowledged', 'contacted', 'solution_offered', 'closed'];
  assert.deepEqual(followUpStates, order);
  const withoutContact = ['unreachable', 'lost'];
  const targets: { state: string; closed_as?: string }[] = [
    ...order.slice(0, 4).map((state) => ({ state })),
    ...closings.map((closed_as) => ({ state: 'closed', closed_as })),
  ];
  let customers = 0;
  for (const [from, state] of order.entries())
    for (const target of targets) {
      const [url = ''] = await opened(api, `customer ${++customers}`);
      if (state === 'closed') await send('POST', `${url}/steps`, { state, closed_as: 'lost' }, any);
      else if (state !== 'open') await send('POST', `${url}/steps`, { state }, any);
      const reply = await send('POST', `${url}/steps`, target, any);
      const to = order.indexOf(target.state);
      const needsContact = 'closed_as' in target && !withoutContact.includes(String(target.closed_as));
      const isAllowed = to > from && (!needsContact || from >= 2);
      assert.equal(reply.status, isAllowed ? 200 : 409, `${state} to ${JSON.stringify(target)}: ${reply.text}`);
      if (!isAllowed) {
        assert.equal(reply.body.code, 'step_not_allowed');
        // It names each state that is allowed, and no other after "allowed are".
        const [, named = ''] = reply.body.detail.split('allowed are: ');
        for (const one of order) assert.equal(named.includes(one), order.indexOf(one) > from, reply.body.detail);
        for (const one of closings)
          assert.equal(named.includes(one), from < 4 && (from >= 2 || withoutContact.includes(one)), reply.body.detail);
        continue;
      }
      // What was left out on the way to a contact or an offer happened with it; a closing implies nothing.
      const moments = [reply.body.acknowledged_at, reply.body.contacted_at, reply.body.solution_offered_at];
      const reached = target.state === 'closed' ? from : to;
      assert.deepEqual(
        moments.map((one) => one !== null),
        [1, 2, 3].map((place) => place <= reached),
      );
      assert.equal(reply.body.closed_at !== null, target.state === 'closed');
    }
});

test('a step says what it needs to, and when it was taken', async (t) => {
  const api = await testApi(t);
  const { send, db } = api;
  await withRule(api);
  const [url = ''] = await opened(api, 'A');
  const id = url.split('/').at(-1) ?? '';
  await db.write((client) => client.rows('update follow_ups set opened_at = $1 where id = $2', [hoursAgo(10), id]));
  const step = (body: object, headers: Record<string, string> = any) => send('POST', `${url}/steps`, body, headers);
  for (const [body, pointer] of [
    [{ state: 'closed' }, '/closed_as'],
    [{ state: 'contacted', closed_as: 'lost' }, '/closed_as'],
    [{ state: 'contacted', closing_note: 'x' }, '/closing_note'],
    [{ state: 'closed', closed_as: 'withdrawn' }, '/closed_as'],
    [{ state: 'gone' }, '/state'],
    [{ state: 'contacted', at: hoursAgo(11) }, '/at'],
    [{ state: 'contacted', at: hoursAgo(-1) }, '/at'],
  ] as const) {
    const { status, body: problem } = await step(body);
    assert.deepEqual([status, problem.errors[0].pointer], [422, pointer], JSON.stringify(body));
  }
  assert.equal((await step({ state: 'contacted' }, {})).status, 428);
  const at = hoursAgo(5);
  const contacted = await step({ state: 'contacted', at });
  assert.deepEqual([contacted.body.acknowledged_at, contacted.body.contacted_at], [at, at]);
  assert.equal((await step({ state: 'solution_offered', at: hoursAgo(6) })).status, 422);
  const closed = await step({ state: 'closed', closed_as: 'won_back', closing_note: 'Ordered again' });
  assert.deepEqual([closed.body.closed_as, closed.body.closing_note], ['won_back', 'Ordered again']);
  assert.deepEqual(await eventsOf(api, id), ['follow_up.opened', 'follow_up.closed']);
  const told = await db.read((client) =>
    client.rows<{ action: string }>(`select action from audit_log where noun = 'follow_up' and key = $1 order by id`, [
      id,
    ]),
  );
  assert.deepEqual(
    told.map(({ action }) => action),
    ['created', 'contacted', 'closed'],
  );
});

test('of two who move the same follow-up at once one wins', async (t) => {
  const api = await testApi(t);
  await withRule(api);
  for (const headers of [{ 'if-match': '"v1"' }, any]) {
    const [url = ''] = await opened(api, `seen as ${headers['if-match']}`);
    const step = { state: 'closed', closed_as: 'unreachable' };
    const replies = await Promise.all([1, 2, 3, 4].map(() => api.send('POST', `${url}/steps`, step, headers)));
    const statuses = replies.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [200, ...Array(3).fill(headers === any ? 409 : 412)]);
  }
});

test('the call list: overdue ones first, then by trailing revenue, page by page', async (t) => {
  const api = await testApi(t);
  const { facts, get, db, send } = api;
  await withRule(api);
  await facts('units', [
    { key: 'north', name: 'North' },
    { key: 'store-1', name: 'Store 1', parent: 'north' },
  ]);
  const amounts: Record<string, string> = { a: '10.00', b: '9.99', c: '500.00', d: '500.00', e: '20.00', f: '0' };
  await facts(
    'revenue-events',
    Object.entries(amounts).map(([name, amount]) => ({
      id: name,
      customer_id: name,
      type: 'one_time',
      amount,
      currency: 'EUR',
      occurred_at: hoursAgo(5),
    })),
  );
  for (const name of ['d', 'a', 'b', 'c', 'e', 'f', 'closed', 'unpaid']) await opened(api, name);
  await facts('responses', [complaint('in a store', { unit: 'store-1' })]);
  await db.write((client) =>
    client.rows(`update follow_ups set due_at = now() - interval '1 minute' where customer_id in ('b', 'e', 'closed')`),
  );
  const [{ id }] = await followUpsOf(api, 'closed');
  await send('POST', `/v1/follow-ups/${id}/steps`, { state: 'closed', closed_as: 'lost' }, any);
  const walk = async (query: string) => {
    const names: string[] = [];
    for (let url: string | null = `/v1/follow-ups?${query}`; url !== null; ) {
      const { status, body, text } = await get(url.replace('http://milemarker.test', ''));
      assert.equal(status, 200, text);
      names.push(...body.data.map(({ customer_id }: { customer_id: string }) => customer_id));
      url = body.page.next;
    }
    return names;
  };
  // d was opened before c, so it comes first at the same revenue; who never paid is as who paid nothing.
  const expected = ['e', 'b', 'd', 'c', 'a', 'f', 'unpaid', 'in a store'];
  for (const limit of [1, 2, 3, 100]) assert.deepEqual(await walk(`order=priority&limit=${limit}`), expected);
  assert.deepEqual(await walk('limit=2'), ['d', 'a', 'b', 'c', 'e', 'f', 'closed', 'unpaid', 'in a store']);
  assert.deepEqual(await walk('state=closed'), ['closed']);
  assert.deepEqual(await walk('state=not_closed&overdue=true'), ['b', 'e']);
  assert.deepEqual(await walk('order=priority&overdue=true&limit=1'), ['e', 'b']);
  assert.deepEqual((await walk('overdue=false')).length, 7);
  assert.deepEqual(await walk('unit=north'), ['in a store']);
  assert.deepEqual(await walk('survey=csat'), []);
  assert.deepEqual(await walk('customer_id=a&survey=nps&state=open'), ['a']);
  const { body } = await get('/v1/follow-ups?order=priority&limit=3');
  assert.deepEqual(
    body.data.map(({ trailing_revenue, overdue }: Record<string, unknown>) => [trailing_revenue, overdue]),
    [
      ['20', true],
      ['9.99', true],
      ['500', false],
    ],
  );
  const stolen = new URL(body.page.next).searchParams.get('cursor');
  assert.equal((await get(`/v1/follow-ups?order=opened&cursor=${stolen}`)).status, 400);
});

test('due and overdue are told once each, by whichever worker comes first', async (t) => {
  const api = await testApi(t);
  const { db, send } = api;
  await withRule(api, { due_hours: 8 });
  const names = ['early', 'soon', 'late', 'both', 'closed', 'moved'];
  const urls = await opened(api, ...names);
  const ids = Object.fromEntries(names.map((name, at) => [name, urls[at]?.split('/').at(-1) ?? '']));
  /** Makes it as if the follow-up had been opened so many hours earlier. */
  const age = (name: string, hours: number) =>
    db.write((client) =>
      client.rows(
        `update follow_ups set opened_at = opened_at - $2::float8 * interval '1 hour', due_at = due_at - $2 * interval '1 hour',
           first_due_at = first_due_at - $2 * interval '1 hour', remind_at = remind_at - $2 * interval '1 hour'
         where id = $1`,
        [ids[name] ?? '', hours],
      ),
    );
  // A quarter of eight hours is left from the sixth on.
  await age('early', 5.9);
  await age('soon', 6.1);
  await age('late', 8.1);
  await age('both', 6.1);
  await age('moved', 8.1);
  await age('closed', 9);
  await send('POST', `${urls[4]}/steps`, { state: 'closed', closed_as: 'lost' }, any);
  const marked = await Promise.all([1, 2, 3].map(() => markDeadlines(db)));
  assert.equal(
    marked.reduce((sum, one) => sum + one, 0),
    4,
  );
  assert.equal(await markDeadlines(db), 0);
  await age('both', 2);
  assert.equal(await markDeadlines(db), 1);
  // A new due time is reminded of anew.
  await send('PATCH', urls[5] ?? '', { due_at: hoursAgo(-1) }, any);
  assert.equal(await markDeadlines(db), 1);
  const told: Record<string, string[]> = {};
  for (const name of names) told[name] = (await eventsOf(api, ids[name] ?? '')).map((type) => type.split('.')[1] ?? '');
  assert.deepEqual(told, {
    early: ['opened'],
    soon: ['opened', 'due'],
    late: ['opened', 'overdue'],
    both: ['opened', 'due', 'overdue'],
    closed: ['opened', 'closed'],
    moved: ['opened', 'overdue', 'due'],
  });
  assert.equal((await followUpsOf(api, 'late'))[0].version, 1);
});

test('the worker looks for them by itself', async (t) => {
  const api = await testApi(t);
  await withRule(api);
  const [url = ''] = await opened(api, 'A');
  const id = url.split('/').at(-1) ?? '';
  await api.db.write((client) => client.rows('update follow_ups set remind_at = now(), due_at = now()'));
  const stop = startWorker(api.db, { error: (details, message) => assert.fail(`${message}: ${inspect(details)}`) });
  const until = Date.now() + 20_000;
  while ((await eventsOf(api, id)).length < 2 && Date.now() < until) await sleep(50);
  await stop();
  assert.deepEqual(await eventsOf(api, id), ['follow_up.opened', 'follow_up.overdue']);
});

test('archiving withdraws what is not closed, and the customer can have another', async (t) => {
  const api = await testApi(t);
  const { send, get } = api;
  await withRule(api);
  const [url = ''] = await opened(api, 'A');
  assert.equal((await send('DELETE', url)).status, 428);
  assert.equal((await send('DELETE', url, undefined, { 'if-match': '"v3"' })).status, 412);
  assert.equal((await send('DELETE', url, undefined, { 'if-match': '"v1"' })).status, 204);
  assert.deepEqual((await get('/v1/follow-ups')).body.data, []);
  const { body } = await get(url);
  assert.deepEqual([body.state, body.closed_as, body.archived_at !== null], ['closed', 'withdrawn', true]);
  assert.deepEqual(await eventsOf(api, body.id), ['follow_up.opened', 'follow_up.closed']);
  assert.equal((await send('POST', '/v1/follow-ups', { customer_id: 'A' })).status, 201);
});

test('erasing a customer takes its follow-ups along', async (t) => {
  const api = await testApi(t);
  const { send, db } = api;
  await withRule(api);
  const [url = '', other = ''] = await opened(api, 'Erika', 'Other');
  for (const one of [url, other]) await send('PATCH', one, { note: 'Erika called' }, any);
  assert.equal((await send('DELETE', '/v1/customers/Erika')).status, 204);
  assert.equal((await send('GET', url)).status, 404);
  assert.equal((await send('GET', other)).status, 200);
  const id = url.split('/').at(-1) ?? '';
  assert.deepEqual(await eventsOf(api, id), []);
  const told = await db.read((client) =>
    client.rows<{ before: unknown; after: unknown }>('select before, after from audit_log where key = $1', [id]),
  );
  assert.deepEqual(new Set(told.map((one) => JSON.stringify(one))), new Set(['{"before":null,"after":null}']));
});
