import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goodGoal, markersOf, publishGoal } from '../scorecard/world.ts';
import { testApi } from '../support/api.ts';

test('Goals', async (t) => {
  const api = await testApi(t);
  await markersOf(api);
  await api.facts('units', [{ key: 'north', name: 'North' }]);
  const make = async (changes: object) => api.send('POST', '/v1/goals', { ...goodGoal, ...changes });
  const rulesOf = async (changes: object) => {
    const { status, body, text } = await make(changes);
    assert.equal(status, 201, text);
    const { focus, teamwork, intrinsic, findings, rules_not_passed } = body;
    assert.deepEqual(
      findings.map(({ rule }: { rule: string }) => rule),
      rules_not_passed,
    );
    return { results: [focus, teamwork, intrinsic], rules: rules_not_passed };
  };
  const refusedAt = async (changes: object, ...pointers: string[]) => {
    const { status, body } = await make(changes);
    assert.equal(status, 422);
    assert.deepEqual(
      body.errors.map(({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`),
      pointers,
    );
  };

  await t.test('each rule of the three tests finds what it looks for, and nothing else', async () => {
    assert.deepEqual(await rulesOf({}), { results: ['pass', 'pass', 'pass'], rules: [] });
    for (const [changes, results, rules] of [
      [{ behaviours: [] }, ['fail', 'pass', 'pass'], ['no_behaviour_linked']],
      [{ gaming_risk: null }, ['warn', 'pass', 'pass'], ['gaming_not_considered']],
      [{ guard_mile_markers: [] }, ['warn', 'pass', 'pass'], ['gaming_not_guarded']],
      [{ outcome_mile_marker: null }, ['warn', 'pass', 'pass'], ['mile_marker_mistaken_for_destination']],
      // Nothing guards or leads to itself.
      [{ guard_mile_markers: ['answered_calls'] }, ['warn', 'pass', 'pass'], ['gaming_not_guarded']],
      [{ outcome_mile_marker: 'answered_calls' }, ['warn', 'pass', 'pass'], ['mile_marker_mistaken_for_destination']],
      [{ accountable: 'individual' }, ['pass', 'fail', 'pass'], ['individual_accountable']],
      [{ ranks_people: true }, ['pass', 'fail', 'pass'], ['people_ranked']],
      [{ reward: 'bonus' }, ['pass', 'pass', 'fail'], ['bonus']],
      [{ reward: 'discipline' }, ['pass', 'pass', 'fail'], ['discipline']],
      [{ reward: 'prize' }, ['pass', 'pass', 'warn'], ['prize']],
      [{ reward: 'recognition' }, ['pass', 'pass', 'pass'], []],
    ] as const)
      assert.deepEqual(await rulesOf(changes), { results, rules }, JSON.stringify(changes));
    // Failures come before warnings, whatever the test.
    assert.deepEqual((await rulesOf({ gaming_risk: null, reward: 'bonus' })).rules, ['bonus', 'gaming_not_considered']);
  });

  await t.test('a goal that fails a test is published only with an exception, which is kept', async () => {
    const { body: goal } = await make({ accountable: 'individual', reward: 'bonus' });
    const path = `/v1/goals/${goal.id}/publish`;
    const refused = await api.send('POST', path, {}, { 'if-match': '"v1"' });
    assert.deepEqual([refused.status, refused.body.code], [422, 'goal_tests_failed']);
    // Who has nothing to say of it may leave the body out.
    assert.deepEqual(
      await api.send('POST', path, undefined, { 'if-match': '"v1"' }).then(({ body }) => body.errors),
      refused.body.errors,
    );
    assert.deepEqual(
      refused.body.errors.map(({ pointer, code }: { pointer: string; code: string }) => [pointer, code]),
      [
        ['/accountable', 'individual_accountable'],
        ['/reward', 'bonus'],
      ],
    );
    const exception = 'The contract with the agency names it; it ends in June.';
    const published = await api.send('POST', path, { exception }, { 'if-match': '"v1"' });
    assert.deepEqual(
      [published.status, published.body.exception, published.body.published_by],
      [200, exception, 'ADMIN_KEY'],
    );
    assert.ok(published.body.published_at);
    const log = (await api.get(`/v1/audit?noun=goal&key=${goal.id}`)).body.data;
    assert.ok(
      log.some(
        ({ action, after }: { action: string; after: { exception: string } }) =>
          action === 'published' && after.exception === exception,
      ),
    );
    // A second time it stays as it is; a goal that passes keeps no exception.
    const again = await api.send('POST', path, { exception: 'Another reason.' }, { 'if-match': '*' });
    assert.deepEqual(
      [again.status, again.body.exception, again.headers.etag],
      [200, exception, published.headers.etag],
    );
    const { body: good } = await make({});
    const kept = await api.send('POST', `/v1/goals/${good.id}/publish`, { exception }, { 'if-match': '"v1"' });
    assert.equal(kept.body.exception, null);
  });

  await t.test('publishing and dropping ask for the version that was seen', async () => {
    const { body: goal } = await make({});
    const path = `/v1/goals/${goal.id}/publish`;
    assert.equal((await api.send('POST', path, {})).status, 428);
    assert.equal((await api.send('POST', path, {}, { 'if-match': '"v9"' })).status, 412);
    const nowhere = '/v1/goals/019a0000-0000-7000-8000-000000000000/publish';
    assert.equal((await api.send('POST', nowhere, {}, { 'if-match': '"v1"' })).status, 404);
    assert.equal((await api.send('POST', path, { because: 1 }, { 'if-match': '"v1"' })).status, 422);
    const { body } = await api.send('POST', '/v1/keys', { name: 'reader', scopes: ['read'] });
    const reader = { authorization: `Bearer ${body.secret}`, 'if-match': '"v1"' };
    assert.equal((await api.send('POST', path, {}, reader)).status, 403);
  });

  await t.test('once it is published, what it is measured by stays', async () => {
    const { id, etag } = await publishGoal(api, goodGoal);
    for (const [field, value] of [
      ['target', 0.7],
      ['baseline', 0.4],
      ['ends_on', '2027-12-31'],
      ['starts_on', '2025-01-01'],
      ['mile_marker', 'recalls'],
      ['direction', 'stay_above'],
      ['unit', 'north'],
    ]) {
      const { status, body } = await api.send(
        'PATCH',
        `/v1/goals/${id}`,
        { [String(field)]: value },
        { 'if-match': etag },
      );
      assert.deepEqual([status, body.code], [409, 'published'], String(field));
      assert.ok(body.detail.includes(field));
    }
    const declared = await api.send('PATCH', `/v1/goals/${id}`, { declared_status: 'behind' }, { 'if-match': etag });
    assert.deepEqual([declared.status, declared.body.declared_status], [200, 'behind']);
  });

  await t.test('a published goal is given up with a reason, a draft is archived', async () => {
    const { body: draft } = await make({});
    const reason = { reason: 'The store is closed.' };
    const refused = await api.send('POST', `/v1/goals/${draft.id}/drop`, reason, { 'if-match': '"v1"' });
    assert.deepEqual([refused.status, refused.body.code], [409, 'not_published']);
    const { id, etag } = await publishGoal(api, goodGoal);
    const dropped = await api.send('POST', `/v1/goals/${id}/drop`, reason, { 'if-match': etag });
    assert.deepEqual(
      [dropped.status, dropped.body.state, dropped.body.dropped_because],
      [200, 'dropped', 'The store is closed.'],
    );
    const change = await api.send('PATCH', `/v1/goals/${id}`, { owner: 'Otto' }, { 'if-match': '*' });
    assert.deepEqual([change.status, change.body.code], [409, 'dropped']);
    const publish = await api.send('POST', `/v1/goals/${id}/publish`, {}, { 'if-match': '*' });
    assert.equal(publish.status, 409);
  });

  await t.test('what does not fit together is refused at its place', async () => {
    await refusedAt({ ends_on: '2025-12-31' }, '/ends_on before_start');
    await refusedAt({ target: null }, '/target required');
    await refusedAt({ baseline: null }, '/baseline required');
    await refusedAt({ target: 0.4 }, '/target wrong_way');
    await refusedAt({ direction: 'decrease_to' }, '/target wrong_way');
    await refusedAt({ committed: 0.9 }, '/committed beyond_target');
    await refusedAt({ committed: 0.4 }, '/committed wrong_way');
    await refusedAt({ stretch: 0.7 }, '/stretch short_of_target');
    await refusedAt({ target_low: 1 }, '/target_low only_with_range');
    const range = { direction: 'within_range', target: null, baseline: null };
    await refusedAt(range, '/target_low required', '/target_high required');
    await refusedAt({ ...range, target_low: 2, target_high: 2 }, '/target_high not_above_low');
    await refusedAt({ ...range, target: 1, target_low: 1, target_high: 2 }, '/target not_with_range');
    await refusedAt({ ...range, committed: 1, target_low: 1, target_high: 2 }, '/committed not_with_range');
    await refusedAt({ ahead_below: 20 }, '/on_track_below not_in_order');
    await refusedAt(
      { mile_marker: 'nobody', guard_mile_markers: ['recalls', 'none'], behaviours: ['be-nice'], unit: 'south' },
      '/unit unknown_unit',
      '/mile_marker unknown_mile_marker',
      '/guard_mile_markers/1 unknown_mile_marker',
      '/behaviours/0 unknown_behaviour',
    );
    // Each direction is taken as it should be.
    for (const changes of [
      { direction: 'decrease_to', target: 0.2, committed: 0.3, stretch: 0.1 },
      { direction: 'stay_above', baseline: null, target: 0.9, committed: 0.8, stretch: 0.95 },
      { direction: 'stay_below', baseline: null, target: 0.1 },
      { ...range, target_low: 1, target_high: 2 },
      { baseline: 0.8 },
    ])
      assert.equal((await make(changes)).status, 201, JSON.stringify(changes));
  });

  await t.test('what was archived since may stay named, and not be named anew', async () => {
    await api.send('POST', '/v1/mile-markers', { key: 'old', name: 'Old', source: 'readings', cadence: 'month' });
    const { body: goal } = await make({ guard_mile_markers: ['old'] });
    await api.send('DELETE', '/v1/mile-markers/old', undefined, { 'if-match': '*' });
    const path = `/v1/goals/${goal.id}`;
    assert.equal((await api.send('PATCH', path, { owner: 'Otto' }, { 'if-match': '*' })).status, 200);
    assert.equal((await make({ guard_mile_markers: ['old'] })).status, 422);
  });

  await t.test('check-ins are added to a published goal and never changed', async () => {
    const { body: draft } = await make({});
    const said = { value: 0.6, confidence: 7, note: 'The new list works.', checked_in_by: 'Ines' };
    assert.equal((await api.send('POST', `/v1/goals/${draft.id}/check-ins`, said)).body.code, 'not_published');
    const { id } = await publishGoal(api, goodGoal);
    const path = `/v1/goals/${id}/check-ins`;
    const first = await api.send('POST', path, said, { 'idempotency-key': 'one' });
    assert.equal(first.status, 201, first.text);
    assert.equal(
      (await api.send('POST', path, said, { 'idempotency-key': 'one' })).headers['idempotent-replayed'],
      'true',
    );
    assert.equal((await api.send('POST', path, { confidence: 11 })).status, 422);
    assert.equal((await api.send('POST', path, {})).status, 422);
    const unknown = await api.send('POST', path, { obstacles: ['019a0000-0000-7000-8000-000000000000'] });
    assert.deepEqual([unknown.status, unknown.body.errors[0].pointer], [422, '/obstacles/0']);
    const second = await api.send('POST', path, { note: 'Slower.' });
    const list = (await api.get(path)).body.data;
    assert.deepEqual(list, [first.body, second.body]);
    const page = await api.get(`${path}?limit=1`);
    const rest = await api.get(`${path}?limit=1&cursor=${encodeURIComponent(page.body.page.cursor)}`);
    assert.deepEqual([...page.body.data, ...rest.body.data], list);
    for (const method of ['PATCH', 'PUT', 'DELETE'] as const)
      assert.ok([404, 405].includes((await api.send(method, path)).status));
    assert.equal((await api.get('/v1/goals/019a0000-0000-7000-8000-000000000000/check-ins')).status, 404);
  });

  await t.test('a discussion makes its goals fresh again, and lies behind', async () => {
    const { id } = await publishGoal(api, goodGoal);
    const said = { discussed_on: '2026-03-02', goals: [id], place: 'Monday stand-up' };
    assert.equal((await api.send('POST', '/v1/discussions', said)).status, 201);
    assert.equal((await api.send('POST', '/v1/discussions', { ...said, discussed_on: '2026-02-02' })).status, 201);
    assert.equal((await api.get(`/v1/goals/${id}`)).body.last_discussed_on, '2026-03-02');
    const refused = await api.send('POST', '/v1/discussions', {
      discussed_on: '2026-03-02',
      goals: [id, '019a0000-0000-7000-8000-000000000000'],
      unit: 'south',
    });
    assert.deepEqual(
      refused.body.errors.map(({ pointer }: { pointer: string }) => pointer),
      ['/goals/1', '/unit'],
    );
    const ahead = await api.send('POST', '/v1/discussions', { ...said, discussed_on: '2126-03-02' });
    assert.deepEqual([ahead.status, ahead.body.errors[0].pointer], [422, '/discussed_on']);
  });
});
