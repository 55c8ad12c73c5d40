import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Api, testApi } from '../support/api.ts';
import { followUpsOf, hoursAgo, withRule } from '../support/follow-ups.ts';

const hour = (hours: number) => hoursAgo(hours);

/** What happened to the customer Ada: twelve things, and what happened to others. */
async function tell(api: Api): Promise<Record<string, string>> {
  const { facts, send } = api;
  await withRule(api);
  const times = Object.fromEntries([4000, 3990, 3980, 3900, 3800, 3000, 30, 20, 10].map((one) => [one, hour(one)]));
  await facts('customers', [
    { id: 'Ada', name: 'Ada Park', email: 'ada@example.com', segment: 'smb', unit: 'store-1' },
  ]);
  await facts('referrals', [
    { id: 'by', referrer_id: 'Ben', referred_id: 'Ada', made_at: times[4000], converted_at: times[3990] },
    { id: 'of', referrer_id: 'Ada', referred_id: 'Cleo', made_at: times[3800] },
  ]);
  await facts('retention-events', [
    { id: 'start', customer_id: 'Ada', type: 'started', occurred_at: times[3990] },
    { id: 'end', customer_id: 'Ada', type: 'churned', reason: 'price', occurred_at: times[30] },
  ]);
  await facts('invitations', [
    { id: 'i', customer_id: 'Ada', survey: 'nps', status: 'delivered', sent_at: times[3980] },
    { id: 'other', customer_id: 'Ben', survey: 'nps', status: 'delivered', sent_at: times[3980] },
  ]);
  await facts('revenue-events', [
    { id: 'p1', customer_id: 'Ada', type: 'one_time', amount: '19.90', currency: 'EUR', occurred_at: times[3990] },
    { id: 'p2', customer_id: 'Ada', type: 'one_time', amount: '5.10', currency: 'EUR', occurred_at: times[3800] },
    { id: 'p3', customer_id: 'Ben', type: 'one_time', amount: '99.00', currency: 'EUR', occurred_at: times[10] },
  ]);
  await facts('responses', [
    { id: 'r1', customer_id: 'Ada', survey: 'nps', score: 9, comment: 'Lovely', answered_at: times[3900] },
    { id: 'r2', customer_id: 'Ada', survey: 'nps', score: 1, comment: 'Awful', answered_at: times[20] },
    { id: 'r3', customer_id: null, survey: 'nps', score: 1, answered_at: times[20] },
  ]);
  const given = { by: 'Ines', given: 'Flowers', value: '12.50', currency: 'EUR', customer_id: 'Ada' };
  const action = await send('POST', '/v1/empowerment-actions', { ...given, acted_at: times[10] });
  await send('POST', '/v1/empowerment-actions', { ...given, customer_id: 'Ben', acted_at: times[10] });
  const [{ id }] = await followUpsOf(api, 'Ada');
  await send('POST', `/v1/follow-ups/${id}/steps`, { state: 'contacted' }, { 'if-match': '*' });
  return { ...times, followUp: id, action: action.body.id };
}

test('a customer’s whole story, in the order of time', async (t) => {
  const api = await testApi(t);
  const times = await tell(api);
  const { status, body } = await api.get('/v1/customers/Ada/journey?window_days=90');
  assert.equal(status, 200);
  const told = body.data.map(({ kind, id }: Record<string, string>) => `${kind} ${id}`);
  const followUp = `follow_up ${times.followUp}`;
  assert.deepEqual(told, [
    'referred by',
    'retention_event start',
    'revenue_event p1',
    'invitation i',
    'response r1',
    'referral of',
    'revenue_event p2',
    'retention_event end',
    'response r2',
    `empowerment_action ${times.action}`,
    followUp,
    followUp,
    followUp,
  ]);
  const entry = (kind: string, id: string) =>
    body.data.find((one: Record<string, unknown>) => one.kind === kind && one.id === id);
  const first = entry('response', 'r1');
  // 90 days after the answer end 1740 hours ago, and revenue is known through 10 hours ago: 5.10 came in them. The
  // payment of 90 hours before it counts before.
  assert.deepEqual(
    [first.at, first.score, first.band, first.comment, first.revenue_state, first.revenue_before, first.revenue_after],
    [times[3900], 9, 'promoter', 'Lovely', 'counted', '19.90', '5.10'],
  );
  assert.deepEqual([first.orders_after, first.retention_state, first.retained], [1, 'counted', true]);
  // More than 90 days after the first one, so followed as well; its window is open.
  const second = entry('response', 'r2');
  assert.deepEqual([second.revenue_state, second.revenue_after, second.retained], ['window_open', null, null]);
  assert.deepEqual(
    [entry('referred', 'by').other_customer_id, entry('referral', 'of').other_customer_id],
    ['Ben', 'Cleo'],
  );
  assert.equal(entry('referred', 'by').converted_at, times[3990]);
  assert.equal(entry('retention_event', 'end').reason, 'price');
  const action = entry('empowerment_action', times.action ?? '');
  assert.deepEqual(
    [action.at, action.employee, action.given, action.amount, action.currency],
    [times[10], 'Ines', 'Flowers', '12.50', 'EUR'],
  );
  assert.deepEqual(
    body.data.slice(-3).map(({ state }: Record<string, unknown>) => state),
    ['open', 'acknowledged', 'contacted'],
  );
  assert.deepEqual(
    [body.customer.name, body.customer.segment, body.standing.trailing_revenue, body.standing.contract, body.currency],
    ['Ada Park', 'smb', '25', 'ended', 'EUR'],
  );
  assert.equal(
    body.reads_as,
    `The customer 'Ada' answered the survey 'nps' last on ${times[20]?.slice(0, 10)}, as a detractor, paid 25.00 EUR net in the 365 days to ${times[10]?.slice(0, 10)}, left on ${times[30]?.slice(0, 10)} and has a follow-up in the state 'contacted'.`,
  );

  // Page by page, from either end, nothing is lost or told twice: also where moments are the same.
  for (const limit of [1, 2, 5, 12])
    for (const order of ['oldest', 'newest']) {
      const walked: string[] = [];
      for (let url: string | null = `/v1/customers/Ada/journey?limit=${limit}&order=${order}`; url !== null; ) {
        const page: { body: typeof body } = await api.get(url.replace('http://milemarker.test', ''));
        walked.push(...page.body.data.map(({ kind, id }: Record<string, string>) => `${kind} ${id}`));
        url = page.body.page.next;
      }
      assert.deepEqual(walked, order === 'oldest' ? told : told.toReversed());
    }
});

test('who may see whom, and what is not there', async (t) => {
  const api = await testApi(t);
  await tell(api);
  const { secret } = (await api.send('POST', '/v1/keys', { name: 'Reader', scopes: ['read'] })).body;
  const reader = { authorization: `Bearer ${secret}` };
  const { status, text } = await api.send('GET', '/v1/customers/Ada/journey', undefined, reader);
  assert.equal(status, 200);
  assert.doesNotMatch(text, /Ada Park|example\.com|Lovely|Awful|comment|"name"/);

  // Cleo is known by the referral alone.
  const cleo = (await api.get('/v1/customers/Cleo/journey')).body;
  assert.deepEqual([cleo.data.length, cleo.data[0].kind, cleo.customer.segment], [1, 'referred', null]);
  assert.equal((await api.get('/v1/customers/nobody/journey')).status, 404);
  assert.equal((await api.get('/v1/customers/Ada/journey?window_days=91')).body.code, 'unknown_window');
  assert.equal((await api.get('/v1/customers/Ada/journey?limit=0')).status, 400);
  const { cursor } = (await api.get('/v1/customers/Ada/journey?limit=1')).body.page;
  assert.equal((await api.get(`/v1/customers/Ben/journey?limit=1&cursor=${cursor}`)).status, 400);

  assert.equal((await api.send('DELETE', '/v1/customers/Ada')).status, 204);
  assert.equal((await api.get('/v1/customers/Ada/journey')).status, 404);
  const ben = (await api.get('/v1/customers/Ben/journey')).body;
  assert.deepEqual(
    ben.data.map(({ kind, other_customer_id }: Record<string, unknown>) => [kind, other_customer_id]),
    [
      ['referral', null],
      ['invitation', null],
      // Of the same moment as the payment.
      ['empowerment_action', null],
      ['revenue_event', null],
    ],
  );
});
