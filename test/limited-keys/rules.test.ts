import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refresh } from '../../src/outcomes/refresh.ts';
import { testApi } from '../support/api.ts';
import { keyFor, twoHalves } from './world.ts';

const match = { 'if-match': '*' };

test('a follow-up is seen and worked on within the units of a key', async (t) => {
  const api = await testApi(t);
  const { followUps } = await twoHalves(api);
  await refresh(api.db);
  const { ask } = await keyFor(api, ['NORTH']);
  const [mine, theirs] = [`/v1/follow-ups/${followUps.NORTH}`, `/v1/follow-ups/${followUps.SOUTH}`];
  const nothing = '/v1/follow-ups/019a0000-0000-7000-8000-000000000000';
  for (const [method, tail, body] of [
    ['GET', '', undefined],
    ['PATCH', '', { owner: 'Ines' }],
    ['POST', '/steps', { state: 'acknowledged' }],
    ['DELETE', '', undefined],
  ] as const) {
    const [one, other] = [
      await ask(method, theirs + tail, body, match),
      await ask(method, nothing + tail, body, match),
    ];
    assert.deepEqual([one.status, one.body.code], [404, 'not_found']);
    assert.equal(one.body.detail.replace(followUps.SOUTH, ''), other.body.detail.replace(nothing.slice(15), ''));
  }
  assert.equal((await ask('PATCH', mine, { owner: 'Ines' }, match)).body.owner, 'Ines');
  assert.equal((await ask('POST', `${mine}/steps`, { state: 'contacted' }, match)).body.state, 'contacted');
  for (const order of ['', '?order=priority']) {
    const { body } = await ask('GET', `/v1/follow-ups${order}`);
    assert.deepEqual(
      body.data.map(({ id }: { id: string }) => id),
      [followUps.NORTH],
    );
  }

  // Opened for a customer who is not theirs: as if nobody knew the customer.
  const open = (body: object) => ask('POST', '/v1/follow-ups', body);
  const [outside, unknown] = [await open({ customer_id: 'SOUTH-C2' }), await open({ customer_id: 'no-such' })];
  assert.deepEqual([outside.status, outside.body.errors[0].code], [422, 'unknown_customer']);
  assert.equal(outside.body.detail.replace('SOUTH-C2', 'no-such'), unknown.body.detail);
  const answered = await open({ customer_id: 'SOUTH-C2', response_id: 'SOUTH-nps2' });
  assert.deepEqual([answered.status, answered.body.errors[0].code], [422, 'unknown_customer']);
  assert.equal((await open({ customer_id: 'NORTH-C2', response_id: 'NORTH-nps2' })).status, 201);
  assert.equal(
    (await open({ customer_id: 'NORTH-C3', response_id: 'SOUTH-nps2' })).body.errors[0].code,
    'unknown_response',
  );

  // Who served the customer of another unit may call, and sees nothing of what the other unit knows.
  const at = '2025-05-05T00:00:00Z';
  await api.facts('responses', [
    {
      id: 'guest',
      customer_id: 'SOUTH-C3',
      survey: 'nps',
      score: 2,
      comment: 'here',
      answered_at: at,
      unit: 'NORTH-1',
    },
  ]);
  const guest = (await open({ customer_id: 'SOUTH-C3', response_id: 'guest' })).body;
  assert.deepEqual([guest.unit, guest.latest_comment], ['NORTH-1', 'here']);
  assert.deepEqual([guest.customer_name, guest.customer_email, guest.trailing_revenue], [null, null, null]);
  assert.match((await api.get(`/v1/follow-ups/${guest.id}`)).body.customer_name, /SOUTH/);
  await api.db.write((client) =>
    client.rows(`update follow_ups set response_ids = array['guest', 'SOUTH-nps6'] where id = $1`, [guest.id]),
  );
  assert.equal((await ask('GET', `/v1/follow-ups/${guest.id}`)).body.latest_response_id, 'guest');
  // Of an open one of another unit the id is not told.
  await api.facts('responses', [
    { id: 'visit', customer_id: 'SOUTH-C1', survey: 'nps', score: 2, answered_at: at, unit: 'NORTH-1' },
  ]);
  const second = await open({ customer_id: 'SOUTH-C1', response_id: 'visit' });
  assert.deepEqual([second.status, second.body.code], [409, 'follow_up_open']);
  assert.ok(!second.text.includes(followUps.SOUTH ?? ''));
  assert.ok((await open({ customer_id: 'NORTH-C1' })).text.includes(followUps.NORTH ?? ''));
});

test('a journey tells what happened in the units of a key, and where their customers stand', async (t) => {
  const api = await testApi(t);
  await twoHalves(api);
  const at = '2025-06-05T00:00:00Z';
  await api.facts('responses', [
    { id: 'guest', customer_id: 'SOUTH-C3', survey: 'nps', score: 2, answered_at: at, unit: 'NORTH-1' },
    { id: 'away', customer_id: 'NORTH-C3', survey: 'csat', score: 5, answered_at: at, unit: 'SOUTH-1' },
  ]);
  await refresh(api.db);
  const { ask } = await keyFor(api, ['NORTH']);
  const journey = async (id: string) => (await ask('GET', `/v1/customers/${id}/journey`)).body;
  const ids = ({ data }: { data: { id: string }[] }) => data.map(({ id }) => id);

  const ours = await journey('NORTH-C3');
  assert.equal(ours.customer.name, 'NORTH Ada');
  // What it answered elsewhere is not the unit's; who recommended to it is the other one's fact.
  assert.deepEqual(ids(ours), ['NORTH-P3-40', 'NORTH-I3', 'NORTH-csat3', 'NORTH-nps3', 'NORTH-P3-113', 'NORTH-P3-423']);
  assert.match(ours.reads_as, /answered the survey '\w+' last on 2025-04-14/);
  assert.match((await api.get('/v1/customers/NORTH-C3/journey')).body.reads_as, /survey 'csat' last on 2025-06-05/);

  const theirs = await journey('SOUTH-C3');
  assert.deepEqual(ids(theirs), ['guest']);
  assert.deepEqual([theirs.customer.name, theirs.customer.segment, theirs.standing], [undefined, null, null]);
  assert.match(theirs.reads_as, /you see what happened in your units alone/);
  assert.equal((await journey('SOUTH-C1')).code, 'not_found');
});

test('a key of several units names one in each question, and sees the rows of all', async (t) => {
  const api = await testApi(t);
  await twoHalves(api);
  await api.facts('units', [
    { key: 'EAST', name: 'East', parent: 'top' },
    { key: 'EAST-1', name: 'A store', parent: 'EAST' },
  ]);
  const { ask } = await keyFor(api, ['NORTH', 'EAST']);
  const { status, body } = await ask('GET', '/v1/analytics/scores');
  assert.deepEqual([status, body.code, body.errors[0].pointer], [400, 'unit_missing', 'unit']);
  assert.match(body.detail, /NORTH, EAST/);
  for (const unit of ['NORTH', 'NORTH-1', 'EAST', 'EAST-1'])
    assert.equal(
      (await ask('GET', `/v1/analytics/scores?unit=${unit}&group_by=unit&min_n=1`)).body.parameters.unit,
      unit,
    );
  const units = (await ask('GET', '/v1/units')).body.data.map(({ key }: { key: string }) => key);
  assert.deepEqual(units, ['EAST', 'EAST-1', 'NORTH', 'NORTH-1']);
});

test('no unit of a key stands in the log', async (t) => {
  const lines: string[] = [];
  const api = await testApi(t, {
    log_to: { write: (line: string) => void lines.push(line) },
    config: { log_level: 'trace', public_url: undefined },
  });
  await twoHalves(api);
  const { ask } = await keyFor(api, ['NORTH']);
  for (const url of [
    '/v1/responses',
    '/v1/changes/responses',
    '/odata/v1/responses',
    '/v1/analytics/scores',
    '/metrics',
  ])
    await ask('GET', url);
  await ask('GET', '/v1/analytics/scores?unit=SOUTH');
  await ask('POST', '/v1/responses', [{ id: 'x', survey: 'nps', score: 1, answered_at: '2025-01-01T00:00:00Z' }]);
  assert.ok(lines.length > 10);
  assert.doesNotMatch(lines.join(''), /NORTH|SOUTH/);
});
