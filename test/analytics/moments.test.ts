import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { sharesDifference } from '../real-data/figures.ts';
import { at, payment, type Row, type World, worlds } from '../support/world.ts';
import { crowd } from './crowd.ts';

const shown = (rows: Row[], ...columns: string[]) => rows.map((row) => columns.map((column) => row[column]));
const csat = { key: 'csat', name: 'Satisfied?', kind: 'csat' };
const about = (moment: string | null, name: string, count: number, score: number, row: Row = {}) =>
  crowd(name, count, { survey: 'csat', moment, score, ...row });

/** 10 EUR from the first so many of a crowd: who pays within the window has stayed. */
const paying = (name: string, count: number) =>
  Array.from({ length: count }, (_, place) => payment({ customer_id: `${name}${place + 1}` }));

/** Delivery: 16 of 20 satisfied customers stayed, and 6 of 20 others. Calls: everybody stayed, 9 of 12 are satisfied. */
async function fill(world: World): Promise<void> {
  await world.facts('surveys', [csat]);
  await world.facts('responses', [
    ...about('delivery', 'happy', 20, 5),
    ...about('delivery', 'sad', 20, 2),
    ...about('call', 'good', 9, 4),
    ...about('call', 'bad', 3, 3),
    ...about(null, 'nowhere', 2, 5),
  ]);
  await world.facts('revenue-events', [
    ...paying('happy', 16),
    ...paying('sad', 6),
    ...paying('good', 9),
    ...paying('bad', 3),
  ]);
  await world.complete(at(300));
}

worlds('GET /v1/analytics/moments', {
  async 'what it pays most to improve comes first'(world) {
    await fill(world);
    for (const moment of [
      {
        key: 'delivery',
        name: 'At the door',
        stage: 'use',
        owner: 'Ines',
        policy_reviewed_on: '2022-01-01',
        policy_verdict: 'partly',
      },
      { key: 'returns', name: 'Sending back' },
    ])
      assert.equal((await world.send('POST', '/v1/moments', moment)).status, 201);
    const answer = await world.ask('analytics/moments', { window_days: 90 });
    // Delivery: 0.8 - 0.3, x 0.5 not satisfied; 8 EUR - 3 EUR, x 20 not satisfied.
    assert.deepEqual(
      shown(
        answer.data,
        'moment',
        'responses',
        'satisfied',
        'satisfied_rate',
        'retention_n',
        'retention_gain',
        'priority',
        'revenue_gain',
        'revenue_at_stake',
      ),
      [
        ['delivery', 40, 20, 0.5, 40, 0.5, 0.25, 5, 100],
        ['call', 12, 9, 0.75, 12, 0, 0, 0, 0],
      ],
    );
    assert.deepEqual(shown(answer.data, 'name', 'stage', 'owner', 'policy_verdict', 'nps', 'withheld'), [
      ['At the door', 'use', 'Ines', 'partly', null, null],
      [null, null, null, null, null, null],
    ]);
    // Wilson of 9 / 12.
    assert.deepEqual([answer.data[1].satisfied_rate_low, answer.data[1].satisfied_rate_high], [0.467695, 0.911058]);
    const group = (customer: string) => (createHash('sha256').update(customer).digest()[0] ?? 0) & 31;
    const side = (name: string, count: number) =>
      Array.from({ length: 20 }, (_, place) => ({
        group: group(`${name}${place + 1}`),
        value: place < count ? 1 : 0,
      }));
    const { low, high, p } = sharesDifference(side('happy', 16), side('sad', 6));
    const [delivery] = answer.data;
    assert.ok(
      Math.abs(delivery.retention_gain_low - low) < 2e-6 && Math.abs(delivery.retention_gain_high - high) < 2e-6,
    );
    const [first] = answer.comparisons;
    assert.deepEqual(
      [first.moment, first.measure, first.band, first.against, first.difference],
      ['call', 'retention_rate', 'satisfied', 'not satisfied', 0],
    );
    const stayed = answer.comparisons.find((row: Row) => row.moment === 'delivery' && row.measure === 'retention_rate');
    assert.ok(Math.abs(stayed.p - p) < 1e-3 * p && stayed.q >= stayed.p);
    assert.equal(answer.comparisons.length, 4);
    assert.deepEqual(answer.left_out, [{ reason: 'no_moment', responses: 2 }]);
    assert.ok(answer.warnings.includes('No response is about the moment returns.'));
    assert.match(
      answer.reads_as,
      /^In 'csat' it pays most to improve 'At the door': 50\.0% satisfied \(95% interval 35\.2% to 64\.8%; 40 responses\), and who was satisfied there stayed 50\.0 points more often over 90 days \(95% interval [\d.]+ to [\d.]+\)\. An association, not a cause\.$/,
    );
  },

  async 'with from and to each is compared with the period before'(world) {
    await fill(world);
    // March begins on day 59, April on day 90.
    await world.facts('responses', [
      ...about('delivery', 'once', 6, 4, { answered_at: at(80) }),
      ...about('delivery', 'then', 4, 1, { answered_at: at(70) }),
      ...about('delivery', 'long ago', 9, 1, { answered_at: at(58) }),
    ]);
    const answer = await world.ask('analytics/moments', { window_days: 90, from: '2022-04-01', to: '2022-05-01' });
    assert.deepEqual(shown(answer.data, 'moment', 'satisfied_rate', 'satisfied_rate_before', 'satisfied_change'), [
      ['delivery', 0.5, 0.6, -0.1],
      ['call', 0.75, null, null],
    ]);
    const row = answer.comparisons.find(({ measure }: Row) => measure === 'satisfied_rate');
    // Newcombe of 20 / 40 less 6 / 10.
    assert.deepEqual(
      [row.moment, row.against, row.difference, row.difference_low, row.difference_high],
      ['delivery', 'the period before', -0.1, -0.375038, 0.223205],
    );
    assert.equal(answer.parameters.before_from, at(59));
    // What was answered before says nothing of what followed in this period.
    assert.equal(answer.data[0].retention_n, 40);
    const whole = await world.ask('analytics/moments', { window_days: 90 });
    assert.deepEqual(shown(whole.data, 'responses', 'satisfied_rate_before', 'satisfied_change'), [
      [59, null, null],
      [12, null, null],
    ]);
    assert.equal(whole.parameters.before_from, null);
  },

  async 'of an NPS it is the satisfied share and the net score; surveys stay apart'(world) {
    await fill(world);
    await world.facts('responses', [
      ...crowd('p', 6, { moment: 'delivery', score: 10 }),
      ...crowd('d', 4, { moment: 'delivery', score: 3 }),
    ]);
    const { data } = await world.ask('analytics/moments', { window_days: 90 });
    assert.deepEqual(shown(data, 'survey', 'moment', 'satisfied_rate', 'nps'), [
      ['csat', 'delivery', 0.5, null],
      ['csat', 'call', 0.75, null],
      ['nps', 'delivery', 0.6, 20],
    ]);
    const only = await world.ask('analytics/moments', { window_days: 90, survey: 'nps', moment: 'delivery' });
    assert.equal(only.data.length, 1);
    assert.match(only.reads_as, /^Only moment delivery: In 'nps' 'delivery' has 60\.0% satisfied /);
  },

  async 'what is not known yet, too few and nothing at all are said to be so'(world) {
    const none = await world.ask('analytics/moments');
    assert.equal(none.reads_as, 'No response that names a moment was found for this question.');
    await fill(world);
    const few = await world.ask('analytics/moments', { window_days: 90, min_n: 10 });
    // Of the calls three are not satisfied: fewer than min_n on that side, so no gain is told.
    assert.deepEqual(
      shown(few.data, 'moment', 'satisfied_rate', 'retention_n', 'retention_gain', 'priority', 'withheld'),
      [
        ['delivery', 0.5, 40, 0.5, 0.25, null],
        ['call', 0.75, 12, null, null, null],
      ],
    );
    const more = await world.ask('analytics/moments', { window_days: 90, min_n: 41 });
    assert.deepEqual(shown(more.data, 'satisfied_rate', 'withheld'), [
      [null, 'fewer than 41 responses'],
      [null, 'fewer than 41 responses'],
    ]);
    assert.equal(more.reads_as, 'Too few responses to tell of any moment.');
    await world.complete(at(120));
    const open = await world.ask('analytics/moments', { window_days: 90 });
    assert.deepEqual(shown(open.data, 'retention_n', 'retention_gain', 'revenue_gain', 'priority'), [
      [0, null, null, null],
      [0, null, null, null],
    ]);
    assert.match(
      open.reads_as,
      /^In 'csat' of 2 moments 'delivery' has least: 50\.0% satisfied \(.*\)\. What satisfaction at a moment is worth is not known yet\.$/,
    );
  },

  async 'where staying tells nothing, spending does, and no association is an answer'(world) {
    await world.facts('surveys', [csat]);
    await world.facts('responses', [...about('delivery', 'happy', 20, 5), ...about('delivery', 'sad', 20, 2)]);
    const spent = (name: string, amount: number) =>
      Array.from({ length: 20 }, (_, place) =>
        payment({ customer_id: `${name}${place + 1}`, amount: (amount + place).toFixed(2) }),
      );
    await world.facts('revenue-events', [...spent('happy', 100), ...spent('sad', 50)]);
    await world.complete(at(300));
    const rich = await world.ask('analytics/moments', { window_days: 90 });
    assert.deepEqual(shown(rich.data, 'retention_gain', 'revenue_gain', 'revenue_at_stake'), [[0, 50, 1000]]);
    assert.match(rich.reads_as, /and who was satisfied there spent 50\.00 EUR more over 90 days \(95% interval /);
    await world.facts(
      'revenue-events',
      spent('sad', 50).map((row) => ({ ...row, id: `again ${row.customer_id}`, amount: '50.00' })),
    );
    const alike = await world.ask('analytics/moments', { window_days: 90 });
    assert.equal(alike.data[0].revenue_gain, 0);
    assert.match(
      alike.reads_as,
      /^In 'csat' 'delivery' has 50\.0% satisfied \(.*\)\. No association of satisfaction at a moment with staying or spending was found\.$/,
    );
  },

  async 'readers without the scope personal see no moment of few people, and no gain of few'(world) {
    await fill(world);
    await world.facts('responses', [
      ...about('desk', 'desk', 4, 5),
      ...about('web', 'web', 6, 5),
      ...about('web', 'other', 3, 1),
    ]);
    const { body } = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
    const path = '/v1/analytics/moments?min_n=1&window_days=90';
    const { data } = (await world.send('GET', path, undefined, { authorization: `Bearer ${body.secret}` })).body;
    const of = (moment: string) => data.find((row: Row) => row.moment === moment);
    // Desk has four people; the two without a moment are fewer, so that those two lines hide each other.
    assert.deepEqual(
      [of('desk').responses, of('desk').satisfied_rate, of('desk').retention_n, of('desk').withheld],
      [null, null, null, 'fewer than 5 people, or a group that would give one away'],
    );
    assert.deepEqual([of('web').responses, of('web').retention_gain], [9, null]);
    assert.deepEqual([of('call').retention_gain, of('delivery').retention_gain], [null, 0.5]);
  },

  async 'what cannot be asked is refused, and its rows are to be had as CSV'(world) {
    await fill(world);
    for (const query of ['group_by=unit', 'as_of=2022-01-01', 'window_days=91', 'survey=nsp'])
      assert.equal((await world.send('GET', `/v1/analytics/moments?${query}`)).status, 400, query);
    const { text } = await world.send('GET', '/v1/analytics/moments?window_days=90&format=csv');
    assert.match(text, /^survey,moment,name,stage,owner,policy_verdict,responses,.*\r\ncsat,delivery,,,,,40,20,0\.5,/);
  },
});
