import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Api, testApi } from '../support/api.ts';

type Row = Record<string, unknown>;
const shown = (rows: Row[], ...columns: string[]) => rows.map((row) => columns.map((column) => row[column]));

const [what, how] = ['What is our vision?', 'How do you contribute?'];
const good = [what, how].map((question) => ({ question, clear: true, consistent: true }));
/** The first question is always answered well. */
const unclear = [good[0], { question: how, clear: false, consistent: true }];
const inconsistent = [good[0], { question: how, clear: true, consistent: false }];

async function ask(api: Api, query = '', headers = {}) {
  const reply = await api.send('GET', `/v1/analytics/vision-consistency?${query}`, undefined, headers);
  assert.equal(reply.status, 200, reply.text);
  return reply.body;
}

async function check(api: Api, count: number, body: object): Promise<string> {
  let id = '';
  for (let at = 0; at < count; at++) {
    const reply = await api.send('POST', '/v1/vision-checks', body);
    assert.equal(reply.status, 201, reply.text);
    id = reply.body.id;
  }
  return id;
}

/**
 * North: in January 9 of 12 consistent, in February 3 of 12. South: in January 8 of 10. Without a unit: in February 1
 * of 3. Those in February that were not consistent in the north were clear; the other ones were not clear.
 */
async function fill(api: Api): Promise<void> {
  await api.facts('units', [
    { key: 'all', name: 'All' },
    { key: 'north', name: 'North', parent: 'all' },
    { key: 'south', name: 'South', parent: 'all' },
  ]);
  const [january, february] = [{ asked_on: '2026-01-31' }, { asked_on: '2026-02-01' }];
  await check(api, 9, { ...january, unit: 'north', answers: good });
  await check(api, 3, { ...january, unit: 'north', answers: unclear });
  await check(api, 3, { ...february, unit: 'north', answers: good });
  await check(api, 9, { ...february, unit: 'north', answers: inconsistent });
  await check(api, 8, { ...january, unit: 'south', answers: good });
  await check(api, 2, { ...january, unit: 'south', answers: unclear });
  await check(api, 1, { ...february, answers: good });
  const id = await check(api, 3, { ...february, answers: unclear });
  const gone = await api.send('DELETE', `/v1/vision-checks/${id}`, undefined, { 'if-match': '*' });
  assert.equal(gone.status, 204);
}

test('without a check nothing is told', async (t) => {
  const api = await testApi(t);
  for (const group_by of ['', '&group_by=unit', '&group_by=question,month']) {
    const answer = await ask(api, `min_n=1${group_by}`);
    assert.deepEqual([answer.data, answer.comparisons, answer.left_out, answer.warnings], [[], [], [], []]);
    assert.equal(answer.reads_as, 'No vision check was found for this question.');
  }
});

test('the share of checks that were clear and consistent, and of what', async (t) => {
  const api = await testApi(t);
  await fill(api);
  const figures = [
    'checks',
    'clear',
    'consistent',
    'consistency_rate',
    'consistency_rate_low',
    'consistency_rate_high',
  ];

  await t.test('all of them', async () => {
    const answer = await ask(api);
    // 9 + 3 + 8 + 1 of 12 + 12 + 10 + 3; 3 + 2 + 2 were not clear. Wilson of 21 / 37.
    assert.deepEqual(shown(answer.data, ...figures, 'withheld'), [[37, 30, 21, 0.567568, 0.409142, 0.713283, null]]);
    assert.equal(
      answer.reads_as,
      'Every answer was clear and consistent in 56.8% (95% interval 40.9% to 71.3%; 37 checks).',
    );
    assert.deepEqual(answer.left_out, [{ reason: 'archived', vision_checks: 1 }]);
    assert.deepEqual(answer.comparisons, []);
    assert.deepEqual(answer.parameters, {
      unit: null,
      vision: null,
      group_by: [],
      from: null,
      to: null,
      min_n: 10,
      time_zone: 'UTC',
    });
  });

  await t.test('by question', async () => {
    const answer = await ask(api, 'group_by=question');
    assert.deepEqual(shown(answer.data, 'question', ...figures), [
      [how, 37, 30, 21, 0.567568, 0.409142, 0.713283],
      [what, 37, 37, 37, 1, 0.905942, 1],
    ]);
    // The same people answered both.
    assert.deepEqual(answer.comparisons, []);
    assert.equal(
      answer.reads_as,
      "Answers were clear and consistent most often to 'What is our vision?', 100.0% (95% interval 90.6% to 100.0%; 37 checks), and least often to 'How do you contribute?', 56.8% (95% interval 40.9% to 71.3%; 37 checks).",
    );
  });

  await t.test('by unit, each against all others', async () => {
    const answer = await ask(api, 'group_by=unit');
    assert.deepEqual(shown(answer.data, 'unit', ...figures, 'withheld'), [
      ['north', 24, 21, 12, 0.5, 0.314274, 0.685726, null],
      ['south', 10, 8, 8, 0.8, 0.490162, 0.943318, null],
      [null, 3, 1, 1, null, null, null, 'fewer than 10 vision checks'],
    ]);
    // Newcombe of 12 / 24 less 9 / 13, and of 8 / 10 less 13 / 27: the small group is among the others.
    assert.deepEqual(
      shown(answer.comparisons, 'unit', 'measure', 'against', 'difference', 'difference_low', 'difference_high'),
      [
        ['north', 'consistency_rate', 'all other groups', -0.192308, -0.451563, 0.134262],
        ['south', 'consistency_rate', 'all other groups', 0.318519, -0.03914, 0.543981],
      ],
    );
    // The level at which Newcombe's interval touches 0; Benjamini-Hochberg of two is twice the smaller one.
    assert.deepEqual(shown(answer.comparisons, 'p', 'q'), [
      [0.259, 0.259],
      [0.08158, 0.1632],
    ]);
    assert.deepEqual(answer.warnings, ['1 of 3 rows have too few checks or people to tell a figure.']);
    assert.equal(
      answer.reads_as,
      'Every answer was clear and consistent most often in unit south, 80.0% (95% interval 49.0% to 94.3%; 10 checks), and least often in unit north, 50.0% (95% interval 31.4% to 68.6%; 24 checks). No group differs clearly from all others together, allowing for 2 comparisons at once.',
    );
  });

  await t.test('by month, each against the one before', async () => {
    const answer = await ask(api, 'group_by=month');
    assert.deepEqual(shown(answer.data, 'month', ...figures), [
      ['2026-01', 22, 17, 17, 0.772727, 0.5656, 0.89877],
      ['2026-02', 15, 13, 4, 0.266667, 0.108975, 0.519504],
    ]);
    assert.deepEqual(shown(answer.comparisons, 'month', 'against', 'difference', 'difference_low', 'difference_high'), [
      ['2026-02', '2026-01', -0.506061, -0.707936, -0.179214],
    ]);
    assert.equal(
      answer.reads_as,
      'In 2026-02 every answer was clear and consistent in 26.7% (95% interval 10.9% to 52.0%; 15 checks), 50.6 points less than in 2026-01 (95% interval 17.9 to 70.8 points less).',
    );
    assert.deepEqual(shown((await ask(api, 'group_by=quarter')).data, 'quarter', 'checks'), [['2026-Q1', 37]]);
    assert.deepEqual(shown((await ask(api, 'group_by=year')).data, 'year', 'checks'), [['2026', 37]]);
  });

  await t.test('by two groupings: a unit month by month, a question unit by unit', async () => {
    const months = await ask(api, 'group_by=unit,month');
    assert.deepEqual(shown(months.data, 'unit', 'month', 'checks', 'consistent'), [
      ['north', '2026-01', 12, 9],
      ['north', '2026-02', 12, 3],
      ['south', '2026-01', 10, 8],
      [null, '2026-02', 3, 1],
    ]);
    assert.deepEqual(shown(months.comparisons, 'unit', 'month', 'against', 'difference', 'difference_low'), [
      ['north', '2026-02', '2026-01', -0.5, -0.727771],
    ]);
    assert.match(
      months.reads_as,
      / From one month to the next it rose clearly in 0 and fell clearly in 1 of 1 comparisons\.$/,
    );
    const questions = await ask(api, 'group_by=question,unit');
    assert.deepEqual(shown(questions.comparisons, 'question', 'unit', 'difference'), [
      [how, 'north', -0.192308],
      [how, 'south', 0.318519],
      [what, 'north', 0],
      [what, 'south', 0],
    ]);
    const csv = await api.send('GET', '/v1/analytics/vision-consistency?group_by=unit,month&format=csv');
    assert.equal(
      csv.text.split('\r\n')[0],
      'unit,month,checks,clear,consistent,consistency_rate,consistency_rate_low,consistency_rate_high,withheld',
    );
  });

  await t.test('only some: a unit with what is below it, days, a vision', async () => {
    const below = await ask(api, 'unit=all');
    assert.deepEqual(shown(below.data, 'checks', 'consistent'), [[34, 20]]);
    assert.match(below.reads_as, /^Only unit all: Every answer was/);
    assert.deepEqual(shown((await ask(api, 'from=2026-02-01')).data, 'checks'), [[15]]);
    assert.deepEqual(shown((await ask(api, 'to=2026-02-01')).data, 'checks'), [[22]]);
    // The first of February begins at midnight in UTC, so a moment after that is after it.
    assert.deepEqual((await ask(api, 'from=2026-02-01T00:00:00.001Z')).data, []);
    assert.deepEqual(shown((await ask(api, 'from=2026-02-01T00:00:00Z')).data, 'checks'), [[15]]);

    const { body: vision } = await api.send('POST', '/v1/visions', { statement: 'Nobody waits.' });
    assert.deepEqual((await ask(api, `vision=${vision.id}`)).data, []);
    const [first] = (await api.get('/v1/vision-checks?limit=1')).body.data;
    const moved = await api.send('PATCH', `/v1/vision-checks/${first.id}`, { vision: vision.id }, { 'if-match': '*' });
    assert.equal(moved.status, 200);
    const narrowed = await ask(api, `vision=${vision.id}&min_n=1`);
    assert.deepEqual(shown(narrowed.data, 'checks', 'consistent'), [[1, 1]]);
    assert.match(narrowed.reads_as, /^Only one vision: .*; 1 check\)\.$/);
    assert.deepEqual((await ask(api)).warnings, []);
    const { body: other } = await api.send('POST', '/v1/visions', { statement: 'Nobody asks twice.' });
    const [, second] = (await api.get('/v1/vision-checks?limit=2')).body.data;
    await api.send('PATCH', `/v1/vision-checks/${second.id}`, { vision: other.id }, { 'if-match': '*' });
    assert.match((await ask(api)).warnings[0], /^These checks are about 2 different visions/);
  });

  await t.test(
    'who may not see people sees no group of fewer than five, nor the one that would give it away',
    async () => {
      const { body } = await api.send('POST', '/v1/keys', { name: 'reader', scopes: ['read'] });
      const reader = { authorization: `Bearer ${body.secret}` };
      const answer = await ask(api, 'group_by=unit&min_n=1', reader);
      const hidden = 'fewer than 5 people, or a group that would give one away';
      assert.deepEqual(shown(answer.data, 'unit', 'checks', 'consistent', 'consistency_rate', 'withheld'), [
        ['north', 24, 12, 0.5, null],
        ['south', null, null, null, hidden],
        [null, null, null, null, hidden],
      ]);
      assert.deepEqual(answer.comparisons, []);
      // Everybody answered both questions, so one does not give the other away.
      const questions = await ask(api, 'group_by=question&min_n=1', reader);
      assert.deepEqual(shown(questions.data, 'checks'), [[37], [37]]);
      assert.deepEqual(shown((await ask(api, 'group_by=unit&min_n=1')).data, 'checks'), [[24], [10], [3]]);
    },
  );

  await t.test('a key that is limited to a unit is told of that unit alone', async () => {
    const { body } = await api.send('POST', '/v1/keys', { name: 'north', scopes: ['read'], units: ['north'] });
    const north = { authorization: `Bearer ${body.secret}` };
    const answer = await ask(api, '', north);
    assert.deepEqual(shown(answer.data, 'checks', 'consistent'), [[24, 12]]);
    assert.deepEqual(answer.left_out, []);
    const alignment = await api.send('GET', '/v1/analytics/alignment', undefined, north);
    assert.equal(alignment.body.parameters.unit, 'north');
    // The vision is everybody's.
    assert.equal((await api.send('GET', '/v1/visions/current', undefined, north)).body.code, 'no_current_vision');
  });

  await t.test('what cannot be asked is refused with the cure', async () => {
    const refused = async (query: string, code: string, pointer: string) => {
      const reply = await api.get(`/v1/analytics/vision-consistency?${query}`);
      assert.deepEqual(
        [reply.status, reply.body.code, reply.body.errors[0]?.pointer],
        [400, code, pointer],
        reply.text,
      );
    };
    await refused('group_by=segment', 'unknown_grouping', 'group_by');
    await refused('group_by=unit,unit', 'bad_grouping', 'group_by');
    await refused('group_by=month,year', 'bad_grouping', 'group_by');
    await refused('group_by=unit,question,month', 'bad_grouping', 'group_by');
    await refused('from=2026-02-01&to=2026-02-01', 'empty_period', 'to');
    await refused('vision=018f0000-0000-7000-8000-000000000000', 'unknown_vision', 'vision');
    await refused('vision=latest', 'invalid_query', 'vision');
    await refused('survey=nps', 'invalid_query', 'survey');
  });
});
