import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Api, testApi } from '../support/api.ts';

const yes = { clear: true, consistent: true };
const path = '/v1/vision-checks';

async function refused(api: Api, body: object, code: string, pointer: string): Promise<void> {
  const reply = await api.send('POST', path, body);
  assert.deepEqual([reply.status, reply.body.code, reply.body.errors[0]?.pointer], [422, code, pointer], reply.text);
}

test('answers without a question are to the usual three, in their order', async (t) => {
  const api = await testApi(t);
  const { status, body } = await api.send('POST', path, { asked_on: '2026-03-04', answers: [yes, yes, yes] });
  assert.equal(status, 201);
  assert.deepEqual(
    body.answers.map(({ question }: { question: string }) => question),
    ['What is our vision?', 'What does it mean?', 'How do you contribute?'],
  );
  // Nothing was published, so it is about no vision.
  assert.deepEqual([body.consistent, body.vision, body.unit], [true, null, null]);

  const mixed = { asked_on: '2026-03-04', answers: [yes, { question: 'Whom do we serve?', ...yes }] };
  const questions = (await api.send('POST', path, mixed)).body.answers;
  assert.deepEqual(questions[1], { question: 'Whom do we serve?', ...yes });

  await refused(api, { asked_on: '2026-03-04', answers: [yes, yes, yes, yes] }, 'required', '/answers/3/question');
  await refused(
    api,
    { asked_on: '2026-03-04', answers: [{ question: 'What does it mean?', ...yes }, yes] },
    'asked_twice',
    '/answers/1/question',
  );
  await refused(api, { asked_on: '2026-03-04', answers: [] }, 'invalid_body', '/answers');
  await refused(api, { asked_on: '2026-03-04', answers: [{ clear: true }] }, 'invalid_body', '/answers/0/consistent');
});

test('a check is consistent when every answer is clear and consistent, also after it was corrected', async (t) => {
  const api = await testApi(t);
  const of = async (...answers: object[]) =>
    (await api.send('POST', path, { asked_on: '2026-03-04', answers })).body.consistent;
  assert.equal(await of(yes), true);
  assert.equal(await of(yes, { ...yes, clear: false }), false);
  assert.equal(await of(yes, { ...yes, consistent: false }), false);

  const { body } = await api.send('POST', path, { asked_on: '2026-03-04', answers: [{ ...yes, clear: false }] });
  const at = `${path}/${body.id}`;
  const mended = await api.send('PATCH', at, { answers: [yes] }, { 'if-match': '"v1"' });
  assert.deepEqual([mended.body.consistent, mended.headers.etag], [true, '"v2"']);
  // The same answers, and nothing at all, are no new version.
  for (const same of [{ answers: [yes] }, {}])
    assert.equal((await api.send('PATCH', at, same, { 'if-match': '"v2"' })).headers.etag, '"v2"');
});

test('units and visions that are not there and days that have not come are refused', async (t) => {
  const api = await testApi(t);
  const check = { asked_on: '2026-03-04', answers: [yes] };
  await refused(api, { ...check, unit: 'north' }, 'invalid_body', '/unit');
  await refused(api, { ...check, vision: '018f0000-0000-7000-8000-000000000000' }, 'invalid_body', '/vision');
  for (const asked_on of ['1899-12-31', '2199-01-01'])
    await refused(api, { ...check, asked_on }, 'out_of_range', '/asked_on');
  await refused(api, { ...check, asked_on: '2026-02-30' }, 'invalid_body', '/asked_on');

  await api.facts('units', [
    { key: 'all', name: 'All' },
    { key: 'north', name: 'North', parent: 'all' },
  ]);
  const made = await api.send('POST', path, { ...check, unit: 'north' });
  assert.deepEqual([made.status, made.body.unit], [201, 'north']);
  await api.send('POST', path, check);
  const { data } = (await api.get(`${path}?unit=all`)).body;
  assert.deepEqual(
    data.map(({ id }: { id: string }) => id),
    [made.body.id],
  );
});

test('BI tools find a check by its id, and its answers as JSON', async (t) => {
  const api = await testApi(t);
  const { body } = await api.send('POST', path, { asked_on: '2026-03-04', answers: [yes] });
  const set = '/odata/v1/vision_checks';
  const found = await api.get(`${set}?$filter=${encodeURIComponent(`id eq '${body.id}'`)}`);
  assert.equal(found.status, 200, found.text);
  const [row] = found.body.value;
  assert.deepEqual(
    [row.id, row.asked_on, row.vision, JSON.parse(row.answers)],
    [body.id, '2026-03-04', null, body.answers],
  );
  assert.equal((await api.get(`${set}('${body.id}')`)).body.id, body.id);
  for (const filter of [`id eq 'no id'`, `vision eq 'no id'`])
    assert.deepEqual((await api.get(`${set}?$filter=${encodeURIComponent(filter)}`)).body.value, []);
});
