import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Reply, testApi } from '../support/api.ts';

const any = { 'if-match': '*' };
const told = ({ status, body }: Reply) => [status, body.code, body.errors?.[0]?.pointer];

test('The rules of obstacles', async (t) => {
  const api = await testApi(t);
  const make = (body: object = {}) => api.send('POST', '/v1/obstacles', { title: 'The printer jams', ...body });
  const patch = (id: string, body: object) => api.send('PATCH', `/v1/obstacles/${id}`, body, any);

  await t.test('what is left out is filled in: raised now, of medium severity', async () => {
    const { status, body } = await make();
    const { id, raised_at, created_at, changed_at, ...rest } = body;
    assert.equal(status, 201);
    assert.ok(Math.abs(Date.parse(raised_at) - Date.now()) < 60_000);
    assert.deepEqual(rest, {
      title: 'The printer jams',
      description: null,
      moment: null,
      unit: null,
      raised_by: null,
      severity: 'medium',
      status: 'raised',
      declined_reason: null,
      owner: null,
      fixed_at: null,
      version: 1,
      archived_at: null,
    });
    assert.deepEqual(told(await patch(id, { raised_at: null })), [422, 'invalid_body', '/raised_at']);
  });

  await t.test('its moment and unit must be there, and are not looked at again', async () => {
    const unknown = await make({ moment: 'check-in', unit: 'desk' });
    assert.deepEqual(told(unknown), [422, 'invalid_body', '/moment']);
    assert.deepEqual(
      unknown.body.errors.map(({ code, detail }: { code: string; detail: string }) => [code, detail]),
      [
        [
          'unknown_moment',
          "There is no moment of truth 'check-in'. Make it first: POST /v1/moments, or leave 'moment' out.",
        ],
        ['unknown_unit', "There is no unit 'desk'. Send it first: POST /v1/units, or leave 'unit' out."],
      ],
    );
    await api.facts('units', [{ key: 'desk', name: 'Desk' }]);
    await api.send('POST', '/v1/moments', { key: 'check-in', name: 'Check-in' });
    const { status, body } = await make({ moment: 'check-in', unit: 'desk' });
    assert.equal(status, 201);
    assert.equal((await api.send('DELETE', '/v1/units/desk')).status, 204);
    assert.equal((await patch(body.id, { owner: 'Ines' })).status, 200);
    assert.deepEqual(told(await patch(body.id, { unit: 'lobby' })), [422, 'invalid_body', '/unit']);
  });

  await t.test('each status allows some steps, and a 409 names them', async () => {
    const allowed = {
      raised: ['accepted', 'fixing', 'fixed', 'declined'],
      accepted: ['fixing', 'fixed', 'declined'],
      fixing: ['accepted', 'fixed', 'declined'],
      fixed: ['fixing'],
      declined: ['accepted'],
    };
    const body = (status: string) => ({ status, ...(status === 'declined' && { declined_reason: 'Too dear' }) });
    for (const [from, next] of Object.entries(allowed))
      for (const to of Object.keys(allowed)) {
        const { id } = (await make(body(from))).body;
        const reply = await patch(id, body(to));
        assert.equal(reply.status, to === from || next.includes(to) ? 200 : 409, `${from} to ${to}: ${reply.text}`);
      }
    const fixed = (await make({ status: 'fixed' })).body;
    const refused = await patch(fixed.id, { status: 'declined', declined_reason: 'x' });
    assert.deepEqual(
      [refused.body.code, refused.body.detail],
      ['step_not_allowed', "It cannot go to 'declined'. It is fixed; allowed is: fixing."],
    );
  });

  await t.test('fixed_at is there exactly while it is fixed', async () => {
    const { id } = (await make({ raised_at: '2026-01-10T00:00:00Z' })).body;
    const fixed_at = '2026-02-01T08:00:00.000Z';
    assert.deepEqual(told(await patch(id, { fixed_at })), [422, 'not_fixed', '/fixed_at']);
    const fixed = (await patch(id, { status: 'fixed', fixed_at })).body;
    assert.deepEqual([fixed.status, fixed.fixed_at], ['fixed', fixed_at]);
    assert.equal((await patch(id, { owner: 'Ines' })).body.fixed_at, fixed_at);
    assert.deepEqual(told(await patch(id, { fixed_at: null })), [422, 'fixed_at_needed', '/fixed_at']);
    for (const wrong of ['1899-12-31T00:00:00Z', '2999-01-01T00:00:00Z'])
      assert.deepEqual(told(await patch(id, { fixed_at: wrong })), [422, 'out_of_range', '/fixed_at']);
    const early = await patch(id, { fixed_at: '2026-01-09T23:59:59Z' });
    assert.deepEqual([early.status, early.body.errors[0].code], [422, 'before_raised']);
    const late = await patch(id, { raised_at: '2026-02-02T00:00:00Z' });
    assert.deepEqual([late.status, late.body.errors[0].code], [422, 'before_raised']);
    assert.equal((await patch(id, { status: 'fixing' })).body.fixed_at, null);
    const again = (await patch(id, { status: 'fixed' })).body.fixed_at;
    assert.ok(Math.abs(Date.parse(again) - Date.now()) < 60_000);
    const raised = await make({ raised_at: '1899-01-01T00:00:00Z' });
    assert.deepEqual([raised.status, raised.body.errors[0].code], [422, 'out_of_range']);
  });

  await t.test('who declines says why, and the reason goes with the status', async () => {
    const { id } = (await make()).body;
    assert.deepEqual(told(await patch(id, { status: 'declined' })), [422, 'invalid_body', '/declined_reason']);
    assert.deepEqual(told(await patch(id, { declined_reason: 'x' })), [422, 'invalid_body', '/declined_reason']);
    const declined = (await patch(id, { status: 'declined', declined_reason: 'Too dear' })).body;
    assert.deepEqual([declined.status, declined.declined_reason], ['declined', 'Too dear']);
    assert.deepEqual(told(await patch(id, { declined_reason: null })), [422, 'invalid_body', '/declined_reason']);
    const accepted = (await patch(id, { status: 'accepted' })).body;
    assert.deepEqual([accepted.status, accepted.declined_reason], ['accepted', null]);
  });

  await t.test('a list of a unit holds those of the units below it', async () => {
    await api.facts('units', [
      { key: 'north', name: 'North' },
      { key: 'store-1', name: 'Store 1', parent: 'north' },
    ]);
    const { id } = (await make({ unit: 'store-1', severity: 'critical' })).body;
    const ids = async (query: string) =>
      (await api.get(`/v1/obstacles?${query}`)).body.data.map((row: { id: string }) => row.id);
    assert.deepEqual(await ids('unit=north&severity=critical'), [id]);
    assert.deepEqual(await ids('unit=store-1&status=fixed'), []);
  });
});
