import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testApi } from '../support/api.ts';
import { complaint, eventsOf, followUpsOf, hoursAgo, withRule } from '../support/follow-ups.ts';

const path = '/v1/surveys/nps/follow-up-rule';

test('the rule of a survey: made, read, replaced by who has seen it, ended', async (t) => {
  const { get, send, facts, db } = await testApi(t);
  assert.equal((await get(path)).status, 404);
  assert.equal((await send('PUT', path, { bands: ['detractor'] })).status, 404);
  await facts('surveys', [{ key: 'nps', name: 'Would you recommend us?', kind: 'nps' }]);
  assert.equal((await get(path)).status, 404);

  for (const [body, pointer] of [
    [{}, '/bands'],
    [{ bands: [] }, '/bands'],
    [{ bands: ['angry'] }, '/bands/0'],
    [{ bands: ['detractor'], due_hours: 0 }, '/due_hours'],
    [{ bands: ['detractor'], minimum_revenue: '-1' }, '/minimum_revenue'],
    [{ bands: ['detractor'], color: 'red' }, '/color'],
  ] as const) {
    const { status, body: problem } = await send('PUT', path, body);
    assert.deepEqual([status, problem.errors[0].pointer], [422, pointer]);
  }

  const made = await send('PUT', path, { bands: ['detractor'] });
  assert.equal(made.status, 201);
  const { survey, bands, minimum_revenue, due_hours, max_age_days, active, version } = made.body;
  assert.deepEqual(
    { survey, bands, minimum_revenue, due_hours, max_age_days, active, version },
    {
      survey: 'nps',
      bands: ['detractor'],
      minimum_revenue: null,
      due_hours: 48,
      max_age_days: 30,
      active: true,
      version: 1,
    },
  );
  assert.equal((await get(path)).headers.etag, '"v1"');
  assert.equal((await send('GET', path, undefined, { 'if-none-match': '"v1"' })).status, 304);

  const other = {
    bands: ['passive', 'detractor'],
    minimum_revenue: '99.50',
    due_hours: 4,
    max_age_days: 7,
    active: false,
  };
  assert.equal((await send('PUT', path, other)).status, 428);
  assert.equal((await send('PUT', path, other, { 'if-match': '"v7"' })).status, 412);
  const replaced = await send('PUT', path, other, { 'if-match': '"v1"' });
  assert.equal(replaced.status, 200);
  assert.deepEqual(
    [replaced.body.minimum_revenue, replaced.body.active, replaced.headers.etag],
    ['99.50', false, '"v2"'],
  );

  assert.equal((await send('DELETE', path)).status, 428);
  assert.equal((await send('DELETE', path, undefined, { 'if-match': '"v2"' })).status, 204);
  assert.equal((await get(path)).status, 404);
  assert.equal((await send('DELETE', path, undefined, { 'if-match': '"v3"' })).status, 404);
  const again = await send('PUT', path, { bands: ['detractor'] });
  assert.deepEqual([again.status, again.body.version, again.body.archived_at], [201, 4, null]);

  const told = await db.read((client) =>
    client.rows<{ action: string }>(`select action from audit_log where noun = 'follow_up_rule' order by id`),
  );
  assert.deepEqual(
    told.map(({ action }) => action),
    ['created', 'changed', 'archived', 'changed'],
  );

  const { secret } = (await send('POST', '/v1/keys', { name: 'Reader', scopes: ['read'] })).body;
  const reader = { authorization: `Bearer ${secret}` };
  assert.equal((await send('GET', path, undefined, reader)).status, 200);
  assert.equal((await send('PUT', path, { bands: ['detractor'] }, { ...reader, 'if-match': '*' })).status, 403);
});

test('which responses open a follow-up', async (t) => {
  const api = await testApi(t);
  const { facts, send } = api;
  await withRule(api, { minimum_revenue: '100.00', max_age_days: 30, due_hours: 8 });
  const paid = (customer_id: string, amount: string, hours: number, currency = 'EUR') => ({
    id: `${customer_id}-${hours}`,
    customer_id,
    type: 'one_time',
    amount,
    currency,
    occurred_at: hoursAgo(hours),
  });
  const year = 365 * 24;
  await facts('exchange-rates', [
    { from_currency: 'USD', to_currency: 'EUR', valid_on: hoursAgo(50).slice(0, 10), rate: '0.5' },
  ]);
  await facts('revenue-events', [
    paid('exactly', '99.99', 20),
    paid('exactly', '0.01', 30),
    paid('too little', '99.99', 20),
    paid('too long ago', '500.00', year + 2),
    paid('just in time', '100.00', year),
    paid('after the answer', '500.00', 0.5),
    paid('in dollars', '199.99', 50, 'USD'),
    paid('in more dollars', '200.00', 50, 'USD'),
    ...['anonymous', 'passive', 'promoter', 'old', 'not so old', 'csat'].map((name) => paid(name, '100.00', year / 2)),
  ]);
  await facts('responses', [
    complaint('exactly'),
    complaint('too little'),
    complaint('too long ago'),
    complaint('just in time'),
    complaint('after the answer'),
    complaint('in dollars'),
    complaint('in more dollars'),
    complaint('nothing paid'),
    complaint('anonymous', { customer_id: null }),
    complaint('passive', { score: 7 }),
    complaint('promoter', { score: 9 }),
    complaint('old', { answered_at: hoursAgo(30 * 24 + 1) }),
    complaint('not so old', { answered_at: hoursAgo(30 * 24 - 1) }),
    complaint('csat', { survey: 'csat', score: 1 }),
  ]);
  const { body } = await api.get('/v1/follow-ups');
  const names = body.data.map(({ customer_id }: { customer_id: string }) => customer_id);
  assert.deepEqual(names.sort(), ['exactly', 'in more dollars', 'just in time', 'not so old']);
  const [followUp] = await followUpsOf(api, 'exactly');
  assert.deepEqual(
    [followUp.origin, followUp.state, followUp.survey, followUp.response_id, followUp.responses, followUp.latest_score],
    ['rule', 'open', 'nps', 'exactly', 1, 2],
  );
  assert.equal(Date.parse(followUp.due_at) - Date.parse(followUp.opened_at), 8 * 3_600_000);
  assert.deepEqual(await eventsOf(api, followUp.id), ['follow_up.opened']);

  // A rule that is switched off, or was ended, opens none.
  await send('PUT', path, { bands: ['detractor'], active: false }, { 'if-match': '*' });
  await facts('responses', [complaint('switched off')]);
  await send('DELETE', path, undefined, { 'if-match': '*' });
  await facts('responses', [complaint('ended')]);
  assert.deepEqual([...(await followUpsOf(api, 'switched off')), ...(await followUpsOf(api, 'ended'))], []);

  // Nor does a rule that came later, when such a response is sent again with another comment; only one that turns bad.
  await send('PUT', path, { bands: ['detractor'] });
  await facts('responses', [complaint('ended', { comment: 'Really' }), complaint('switched off', { score: 8 })]);
  await facts('responses', [complaint('ended', { score: 1 }), complaint('switched off', { score: 1 })]);
  assert.equal((await followUpsOf(api, 'ended')).length, 0);
  assert.equal((await followUpsOf(api, 'switched off')).length, 1);
});

test('a customer has one follow-up at a time, and a response asks once', async (t) => {
  const api = await testApi(t);
  const { facts, send } = api;
  await withRule(api);
  // In one batch: the earliest answer opens, the others are noted.
  await facts('responses', [
    complaint('a2', { customer_id: 'A', answered_at: hoursAgo(2), unit: 'two' }),
    complaint('a1', { customer_id: 'A', answered_at: hoursAgo(3), unit: 'one' }),
  ]);
  let [followUp, ...others] = await followUpsOf(api, 'A');
  assert.deepEqual(others, []);
  assert.deepEqual(
    [followUp.response_id, followUp.latest_response_id, followUp.responses, followUp.unit, followUp.version],
    ['a1', 'a2', 2, 'one', 1],
  );
  // Another one is noted and raises the version; the same again, and a corrected comment, change nothing.
  await facts('responses', [complaint('a3', { customer_id: 'A' })]);
  await facts('responses', [complaint('a3', { customer_id: 'A', answered_at: hoursAgo(0.5) })]);
  await facts('responses', [complaint('a1', { customer_id: 'A', score: 1, answered_at: hoursAgo(3), unit: 'one' })]);
  [followUp, ...others] = await followUpsOf(api, 'A');
  assert.deepEqual([others.length, followUp.responses, followUp.latest_response_id, followUp.version], [0, 3, 'a3', 2]);
  assert.deepEqual(await eventsOf(api, followUp.id), ['follow_up.opened']);

  // Once it is closed, a response that asked for it does not ask again, whatever becomes of it; a new one does.
  const url = `/v1/follow-ups/${followUp.id}`;
  const step = { state: 'closed', closed_as: 'lost' };
  assert.equal((await send('POST', `${url}/steps`, step, { 'if-match': '"v2"' })).status, 200);
  await facts('responses', [complaint('a3', { customer_id: 'A', score: 9 })]);
  await facts('responses', [complaint('a3', { customer_id: 'A', score: 0 })]);
  await send('DELETE', '/v1/responses/a1');
  await facts('responses', [complaint('a1', { customer_id: 'A' })]);
  assert.equal((await followUpsOf(api, 'A')).length, 1);
  await facts('responses', [complaint('a4', { customer_id: 'A' })]);
  const both = await followUpsOf(api, 'A');
  assert.deepEqual(
    both.map(({ state, response_id }) => [state, response_id]),
    [
      ['closed', 'a1'],
      ['open', 'a4'],
    ],
  );
});

test('twenty responses of one customer at once open one follow-up', async (t) => {
  const api = await testApi(t);
  await withRule(api);
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, at) => api.send('POST', '/v1/responses', complaint(`r${at}`, { customer_id: 'A' }))),
  );
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
  const [followUp, ...others] = await followUpsOf(api, 'A');
  assert.deepEqual([others.length, followUp.responses, followUp.version], [0, 20, 20]);
  assert.deepEqual(await eventsOf(api, followUp.id), ['follow_up.opened']);
});

test('a response that asks no more withdraws a follow-up that nobody has touched', async (t) => {
  const api = await testApi(t);
  const { facts, send, db } = api;
  await withRule(api);
  const names = ['corrected', 'still bad', 'owned', 'begun', 'two', 'moved', 'removed', 'named'];
  await facts(
    'responses',
    names.map((name) => complaint(name)),
  );
  await facts('responses', [complaint('two-b', { customer_id: 'two' })]);
  const ids = new Map<string, string>();
  for (const name of names) ids.set(name, (await followUpsOf(api, name))[0].id);
  const any = { 'if-match': '*' };
  await send('PATCH', `/v1/follow-ups/${ids.get('owned')}`, { owner: 'E-7' }, any);
  await send('POST', `/v1/follow-ups/${ids.get('begun')}/steps`, { state: 'acknowledged' }, any);

  await facts('responses', [
    complaint('corrected', { score: 9 }),
    complaint('still bad', { score: 6 }),
    complaint('owned', { score: 9 }),
    complaint('begun', { score: 9 }),
    complaint('two', { score: 8 }),
    complaint('moved', { customer_id: 'somebody else' }),
    complaint('named', { customer_id: null }),
  ]);
  await send('DELETE', '/v1/responses/removed');
  const states: Record<string, unknown> = {};
  for (const name of names) {
    const [{ state, closed_as, closing_note, responses }] = await followUpsOf(api, name);
    states[name] = [state, closed_as, closing_note, responses];
  }
  assert.deepEqual(states, {
    corrected: ['closed', 'withdrawn', "The response 'corrected' was corrected from detractor to promoter.", 1],
    'still bad': ['open', null, null, 1],
    owned: ['open', null, null, 1],
    begun: ['acknowledged', null, null, 1],
    two: ['open', null, null, 1],
    moved: ['closed', 'withdrawn', "The response 'moved' was moved to another customer.", 1],
    removed: ['closed', 'withdrawn', "The response 'removed' was removed.", 1],
    named: ['closed', 'withdrawn', "The response 'named' was made anonymous.", 1],
  });
  assert.equal((await followUpsOf(api, 'two'))[0].response_id, 'two-b');
  assert.equal((await followUpsOf(api, 'somebody else'))[0].state, 'open');
  assert.deepEqual(await eventsOf(api, ids.get('corrected') ?? ''), ['follow_up.opened', 'follow_up.closed']);
  const told = await db.read((client) =>
    client.rows<{ action: string; actor: string }>(
      `select action, actor from audit_log where noun = 'follow_up' and key = $1 order by id`,
      [ids.get('corrected') ?? ''],
    ),
  );
  assert.deepEqual(told, [
    { action: 'created', actor: 'follow-up rule' },
    { action: 'withdrawn', actor: 'follow-up rule' },
  ]);

  // What is left of one that two surveys asked for is of the other survey.
  await send('PUT', '/v1/surveys/csat/follow-up-rule', { bands: ['detractor'] });
  await facts('responses', [
    complaint('both'),
    complaint('both-csat', { customer_id: 'both', survey: 'csat', score: 1 }),
  ]);
  await facts('responses', [complaint('both', { score: 9 })]);
  const [both] = await followUpsOf(api, 'both');
  assert.deepEqual([both.state, both.response_id, both.survey], ['open', 'both-csat', 'csat']);

  // Bad again: what was withdrawn was never worked on, so the response asks anew.
  await facts('responses', [complaint('corrected', { score: 3 })]);
  assert.deepEqual(
    (await followUpsOf(api, 'corrected')).map(({ state }) => state),
    ['closed', 'open'],
  );
});
