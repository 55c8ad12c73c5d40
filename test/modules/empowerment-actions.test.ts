import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Reply, testApi } from '../support/api.ts';

const any = { 'if-match': '*' };

test('The rules of empowerment actions', async (t) => {
  const api = await testApi(t);
  const make = (body: object = {}) =>
    api.send('POST', '/v1/empowerment-actions', { by: 'Ines', given: 'A free night', ...body });
  const patch = (id: string, body: object) => api.send('PATCH', `/v1/empowerment-actions/${id}`, body, any);
  const wrong = ({ status, body }: Reply) => [
    status,
    ...body.errors.map(({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`),
  ];

  await t.test('the limit is compared exactly, and again when an amount changes', async () => {
    for (const [value, limit_amount, within] of [
      ['80.00', '100', true],
      ['100.00', '100', true],
      ['100.01', '100', false],
      ['9', '10', true],
      ['0', '0', true],
      ['999999999999999', '999999999999998.99', false],
      [null, '100', null],
      ['80', null, null],
    ] as const) {
      const { status, body, text } = await make({ value, limit_amount, currency: 'EUR' });
      assert.deepEqual([status, body.within_limit, body.value], [201, within, value], text);
    }
    const { id, within_limit } = (await make()).body;
    assert.equal(within_limit, null);
    const amounts = { value: '80', limit_amount: '100', currency: 'EUR' };
    assert.equal((await patch(id, amounts)).body.within_limit, true);
    assert.equal((await patch(id, { value: '120' })).body.within_limit, false);
    assert.equal((await patch(id, { limit_amount: null })).body.within_limit, null);
    const rows = (await api.get('/v1/empowerment-actions?within_limit=false&limit=1000')).body.data;
    assert.deepEqual(
      rows.map((row: { value: string }) => row.value),
      ['100.01', '999999999999999'],
    );
  });

  await t.test('amounts that there cannot be', async () => {
    assert.deepEqual(wrong(await make({ value: '80' })), [422, '/currency required']);
    assert.deepEqual(wrong(await make({ currency: 'EUR' })), [422, '/currency no_amount']);
    assert.deepEqual(wrong(await make({ value: '-1', currency: 'EUR' })), [422, '/value below_zero']);
    assert.deepEqual(wrong(await make({ limit_amount: '1.5', currency: 'JPY' })), [
      422,
      '/limit_amount too_many_decimals',
    ]);
    assert.deepEqual(wrong(await make({ value: '1', currency: 'XQQ' })), [422, '/currency unknown_currency']);
    assert.deepEqual(wrong(await make({ acted_at: '2999-01-01T00:00:00Z' })), [422, '/acted_at out_of_range']);
    const { id } = (await make({ value: '80', currency: 'EUR' })).body;
    assert.deepEqual(wrong(await patch(id, { value: null })), [422, '/currency no_amount']);
    assert.equal((await patch(id, { value: null, currency: null })).status, 200);
  });

  await t.test('a follow-up that it solved is there, of its customer, and was not avoided', async () => {
    await api.facts('customers', [{ id: 'C' }]);
    const follow_up = (await api.send('POST', '/v1/follow-ups', { customer_id: 'C' })).body.id;
    assert.deepEqual(wrong(await make({ follow_up: '019a0000-0000-7000-8000-000000000000' })), [
      422,
      '/follow_up unknown_follow_up',
    ]);
    assert.deepEqual(wrong(await make({ follow_up, customer_id: 'D' })), [422, '/follow_up other_customer']);
    assert.deepEqual(wrong(await make({ follow_up, customer_id: 'C', follow_up_avoided: true })), [
      422,
      '/follow_up_avoided has_follow_up',
    ]);
    const { status, body } = await make({ follow_up, customer_id: 'C', follow_up_avoided: false });
    assert.deepEqual([status, body.follow_up], [201, follow_up]);
  });

  await t.test('an erased customer leaves it and what the log quotes, and the action stays', async () => {
    await api.facts('customers', [{ id: 'Erika' }]);
    const { id } = (await make({ customer_id: 'Erika' })).body;
    const other = (await make({ customer_id: 'Erika' })).body.id;
    await patch(other, { customer_id: 'Otto' });
    assert.equal((await api.send('DELETE', '/v1/customers/Erika')).status, 204);
    const { customer_id, given, version } = (await api.get(`/v1/empowerment-actions/${id}`)).body;
    assert.deepEqual([customer_id, given, version], [null, 'A free night', 2]);
    const log = await api.get('/v1/audit?noun=empowerment_action&limit=1000');
    assert.doesNotMatch(log.text, /Erika/);
    assert.match(log.text, /Otto/);
  });

  await t.test('an answer that is kept for its Idempotency-Key forgets an erased customer too', async () => {
    const request = () =>
      api.send(
        'POST',
        '/v1/empowerment-actions',
        { by: 'Ines', given: 'A taxi', customer_id: 'Emil' },
        { 'idempotency-key': 'a taxi for Emil' },
      );
    await api.facts('customers', [{ id: 'Emil' }]);
    const made = await request();
    assert.deepEqual([made.status, made.body.customer_id], [201, 'Emil']);
    assert.equal((await api.send('DELETE', '/v1/customers/Emil')).status, 204);
    const again = await request();
    assert.deepEqual([again.status, again.body], [201, { ...made.body, customer_id: null }]);
    assert.equal(again.headers['idempotent-replayed'], 'true');
  });
});
