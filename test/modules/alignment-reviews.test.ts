import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testApi } from '../support/api.ts';

test('a review is of a day that has come, of a known unit, and before the next one', async (t) => {
  const api = await testApi(t);
  const path = '/v1/alignment-reviews';
  const review = { area: 'hiring', question: 'Do we ask?', answer: 'no', reviewed_on: '2026-03-04' };
  const refused = async (more: object, code: string, pointer: string) => {
    const reply = await api.send('POST', path, { ...review, ...more });
    assert.deepEqual([reply.status, reply.body.code, reply.body.errors[0]?.pointer], [422, code, pointer], reply.text);
  };
  await refused({ next_review_on: '2026-03-04' }, 'not_after_review', '/next_review_on');
  await refused({ reviewed_on: '2199-01-01' }, 'out_of_range', '/reviewed_on');
  await refused({ unit: 'north' }, 'invalid_body', '/unit');
  await refused({ answer: 'partly' }, 'invalid_body', '/answer');
  await refused({ area: 'Hiring people' }, 'invalid_body', '/area');

  const made = await api.send('POST', path, { ...review, area: 'rewards', next_review_on: '2026-03-05' });
  assert.deepEqual([made.status, made.body.unit, made.body.evidence], [201, null, null]);
  // What a patch leaves out is looked at with what it changes.
  const later = await api.send('PATCH', `${path}/${made.body.id}`, { reviewed_on: '2026-03-05' }, { 'if-match': '*' });
  assert.deepEqual([later.status, later.body.code], [422, 'not_after_review']);
  await api.send('POST', path, review);
  const areas = (await api.get(`${path}?area=rewards&answer=no`)).body.data;
  assert.deepEqual(
    areas.map(({ id }: { id: string }) => id),
    [made.body.id],
  );
});
