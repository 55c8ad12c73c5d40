import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Api, testApi } from '../support/api.ts';

type Row = Record<string, unknown>;
const shown = (rows: Row[], ...columns: string[]) => rows.map((row) => columns.map((column) => row[column]));

/** The day so many days from today, in UTC. */
const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

async function ask(api: Api, query = '', path = 'alignment') {
  const reply = await api.get(`/v1/analytics/${path}?${query}`);
  assert.equal(reply.status, 200, reply.text);
  return reply.body;
}

async function review(
  api: Api,
  area: string,
  question: string,
  answer: 'yes' | 'no',
  reviewed_on: string,
  more: object = {},
): Promise<string> {
  const reply = await api.send('POST', '/v1/alignment-reviews', { area, question, answer, reviewed_on, ...more });
  assert.equal(reply.status, 201, reply.text);
  return reply.body.id;
}

test('without a review, the usual areas are told as never reviewed', async (t) => {
  const api = await testApi(t);
  const answer = await ask(api);
  assert.deepEqual(shown(answer.data, 'area', 'questions', 'yes_share', 'withheld'), [
    ['hiring', 0, null, 'never reviewed'],
    ['training', 0, null, 'never reviewed'],
    ['policies', 0, null, 'never reviewed'],
    ['discussion', 0, null, 'never reviewed'],
  ]);
  assert.equal(
    answer.reads_as,
    'No alignment review was found for this question. Never reviewed: hiring, training, policies and discussion.',
  );
  assert.deepEqual((await ask(api, 'group_by=month')).data, []);
  const due = await ask(api, '', 'alignment/due');
  assert.deepEqual(due.data, []);
  assert.match(due.reads_as, /^No review is due\. Never reviewed: hiring, /);
  assert.equal(
    (await ask(api, 'area=training', 'alignment/due')).reads_as,
    'Only area training: No review is due. Never reviewed: training.',
  );
});

test('how much fits the vision now, and what is to be asked again', async (t) => {
  const api = await testApi(t);
  await api.facts('units', [
    { key: 'all', name: 'All' },
    { key: 'north', name: 'North', parent: 'all' },
  ]);
  const overdue = await review(api, 'hiring', 'Do we ask for examples?', 'yes', day(-100), {
    next_review_on: day(-10),
    owner: 'Ines',
  });
  // Asked again, so the long gone date is not overdue, and the first answer does not count.
  await review(api, 'hiring', 'Do teams meet applicants?', 'no', day(-400), { next_review_on: day(-200) });
  await review(api, 'hiring', 'Do teams meet applicants?', 'yes', day(-50), { next_review_on: day(20) });
  // The same question about a unit is another one.
  await review(api, 'hiring', 'Do we ask for examples?', 'no', day(-2), { unit: 'north', next_review_on: day(-1) });
  await review(api, 'training', 'Is the vision taught?', 'no', day(-30), { next_review_on: day(0) });
  await review(api, 'training', 'Is it practised?', 'yes', day(-30), { next_review_on: day(31) });
  await review(api, 'training', 'Is there time for it?', 'no', day(-5));
  await review(api, 'rewards', 'Do we praise service?', 'yes', day(-1));
  const id = await review(api, 'training', 'A slip?', 'yes', day(-1));
  await api.send('DELETE', `/v1/alignment-reviews/${id}`, undefined, { 'if-match': '*' });

  const answer = await ask(api);
  // Wilson of 2 / 3, 1 / 3 and 1 / 1.
  assert.deepEqual(shown(answer.data, 'area', 'questions', 'yes', 'yes_share', 'yes_share_low', 'yes_share_high'), [
    ['hiring', 3, 2, 0.666667, 0.20766, 0.938508],
    ['training', 3, 1, 0.333333, 0.061492, 0.79234],
    ['policies', 0, 0, null, null, null],
    ['discussion', 0, 0, null, null, null],
    ['rewards', 1, 1, 1, 0.206549, 1],
  ]);
  assert.deepEqual(shown(answer.data, 'area', 'overdue', 'due', 'last_reviewed_on', 'next_review_on').slice(0, 3), [
    ['hiring', 2, 1, day(-2), day(-10)],
    ['training', 0, 1, day(-5), day(0)],
    ['policies', 0, 0, null, null],
  ]);
  assert.deepEqual(answer.left_out, [
    { reason: 'reviewed_again', alignment_reviews: 1 },
    { reason: 'archived', alignment_reviews: 1 },
  ]);
  assert.deepEqual(answer.warnings, [
    "The area 'policies' was never reviewed.",
    "The area 'discussion' was never reviewed.",
  ]);
  // Wilson of 4 / 7.
  assert.equal(
    answer.reads_as,
    "Of 7 alignment questions 4 were last answered with yes: 57.1% (95% interval 25.0% to 84.2%), least often in training, 1 of 3. 2 questions are overdue for review, 'Do we ask for examples?' (hiring) for 10 days. 2 questions are due soon, 'Is the vision taught?' (training) today. Never reviewed: policies and discussion.",
  );

  const due = await ask(api, '', 'alignment/due');
  assert.deepEqual(shown(due.data, 'area', 'question', 'unit', 'status', 'days'), [
    ['hiring', 'Do we ask for examples?', null, 'overdue', -10],
    ['hiring', 'Do we ask for examples?', 'north', 'overdue', -1],
    ['training', 'Is the vision taught?', null, 'due', 0],
    ['hiring', 'Do teams meet applicants?', null, 'due', 20],
  ]);
  assert.deepEqual(due.data[0], {
    review: overdue,
    area: 'hiring',
    question: 'Do we ask for examples?',
    unit: null,
    answer: 'yes',
    owner: 'Ines',
    reviewed_on: day(-100),
    next_review_on: day(-10),
    status: 'overdue',
    days: -10,
  });
  const soon = async (query: string) => shown((await ask(api, query, 'alignment/due')).data, 'days').flat();
  assert.deepEqual(await soon('due_within_days=0'), [-10, -1, 0]);
  assert.deepEqual(await soon('due_within_days=31'), [-10, -1, 0, 20, 31]);
  assert.deepEqual(await soon('area=training'), [0]);
  assert.deepEqual(await soon('unit=all'), [-1]);
  const csv = await api.get('/v1/analytics/alignment/due?format=csv');
  assert.equal(csv.text.trim().split('\r\n').length, 5);

  // The unit has one question; where fewer are told than asked for, the share is withheld and the counts are not.
  const unit = await ask(api, 'unit=all&min_n=2');
  assert.deepEqual(shown(unit.data, 'area', 'questions', 'yes_share', 'withheld').slice(0, 1), [
    ['hiring', 1, null, 'fewer than 2 questions'],
  ]);
  assert.match(unit.reads_as, /^Only unit all: Too few .* Never reviewed: training, policies and discussion\.$/);
  const byUnit = await ask(api, 'group_by=unit&area=hiring');
  assert.deepEqual(shown(byUnit.data, 'area', 'unit', 'questions', 'yes'), [
    ['hiring', 'north', 1, 0],
    ['hiring', null, 2, 2],
  ]);
});

test('over time a question counts in each period in which it was asked, and once in each', async (t) => {
  const api = await testApi(t);
  const first = 'Is the vision taught?';
  await review(api, 'training', first, 'no', '2024-02-01');
  await review(api, 'training', first, 'no', '2024-06-30');
  await review(api, 'training', first, 'yes', '2025-01-01', { next_review_on: '2025-12-31' });
  await review(api, 'training', 'Is it practised?', 'no', '2024-12-31', { next_review_on: '2025-06-30' });
  // Twice on one day: the one that was made last.
  await review(api, 'policies', 'May we refund?', 'no', '2025-05-05');
  await review(api, 'policies', 'May we refund?', 'yes', '2025-05-05');

  const years = await ask(api, 'group_by=year');
  assert.deepEqual(shown(years.data, 'area', 'year', 'questions', 'yes', 'overdue', 'next_review_on'), [
    ['training', '2024', 2, 0, 1, '2025-06-30'],
    ['training', '2025', 1, 1, 1, '2025-12-31'],
    ['policies', '2025', 1, 1, 0, null],
  ]);
  assert.deepEqual(years.left_out, [{ reason: 'reviewed_again', alignment_reviews: 2 }]);
  // Wilson of 2 / 2; which area is lower cannot be told where both are alike.
  assert.match(
    years.reads_as,
    /^In 2025, of 2 alignment questions 2 were last answered with yes: 100\.0% \(95% interval 34\.2% to 100\.0%\)\. 2 questions are overdue for review, 'Is it practised\?' \(training\) for \d/,
  );
  const quarters = await ask(api, 'group_by=quarter&area=training');
  assert.deepEqual(shown(quarters.data, 'quarter', 'questions', 'yes'), [
    ['2024-Q1', 1, 0],
    ['2024-Q2', 1, 0],
    ['2024-Q4', 1, 0],
    ['2025-Q1', 1, 1],
  ]);
  // What was asked again later is not overdue, whatever part of time is looked at.
  const early = await ask(api, 'from=2024-01-01&to=2024-07-01&area=training');
  assert.deepEqual(shown(early.data, 'questions', 'yes', 'overdue', 'next_review_on'), [[1, 0, 0, null]]);
  assert.match(
    early.reads_as,
    /^Only area training, reviewed from 2024-01-01, reviewed before 2024-07-01: Of 1 alignment question 0 were/,
  );

  const refused = await api.get('/v1/analytics/alignment?group_by=question');
  assert.deepEqual([refused.status, refused.body.code], [400, 'unknown_grouping']);
});

test('another reporting time zone holds at once', async (t) => {
  const api = await testApi(t);
  await review(api, 'hiring', 'Do we ask for examples?', 'yes', '2026-03-01');
  const changed = await api.send('PATCH', '/v1/settings', { time_zone: 'Asia/Tokyo' }, { 'if-match': '*' });
  assert.equal(changed.status, 200, changed.text);
  // Midnight in Tokyo, nine hours ahead; a day begins there, so the review of the first of March is in the period.
  const answer = await ask(api, 'from=2026-03-01&to=2026-03-02');
  assert.equal(answer.parameters.time_zone, 'Asia/Tokyo');
  assert.equal(answer.parameters.from, '2026-02-28T15:00:00.000Z');
  assert.deepEqual(shown(answer.data, 'area', 'questions')[0], ['hiring', 1]);
});
