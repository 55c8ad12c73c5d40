import assert from 'node:assert/strict';
import { at, payment, type Row, response, retention, type World, worlds } from '../support/world.ts';

const path = 'outcomes/retention';

let sent = 0;
/** An invitation of customer A to the survey `nps`, delivered on day 100: the landmark is day 114. */
const invitation = (row: Row = {}): Row => ({
  id: `i${++sent}`,
  customer_id: 'A',
  survey: 'nps',
  sent_at: at(100),
  status: 'delivered',
  ...row,
});
const started = (customer_id: string) => retention({ customer_id, type: 'started', occurred_at: at(1) });
const churned = (customer_id: string, day: number) => retention({ customer_id, type: 'churned', occurred_at: at(day) });
const columns = ['band', 'responses', 'customers', 'retained', 'retention_rate', 'withheld'];
const ask = (world: World, query: Record<string, string | number> = {}) =>
  world.figures(path, columns, { nonrespondents: 'true', ...query });
const leftOut = async (world: World, query = {}) =>
  Object.fromEntries(
    (await world.ask(path, { nonrespondents: 'true', ...query })).left_out.map(({ reason, invitations }: Row) => [
      reason,
      invitations,
    ]),
  );

worlds('Those who were invited and did not answer', {
  async 'are followed from the landmark that those who answered are followed from'(world) {
    const all = ['P1', 'P2', 'P3', 'D1', 'D2', 'N1', 'N2', 'N3', 'N4'];
    await world.facts(
      'invitations',
      all.map((customer_id) => invitation({ customer_id })),
    );
    await world.facts('responses', [
      ...['P1', 'P2', 'P3'].map((customer_id) => response({ customer_id, answered_at: at(103) })),
      ...['D1', 'D2'].map((customer_id) => response({ customer_id, score: 2, answered_at: at(114) })),
      // A day after the landmark: at the landmark N4 has not answered.
      response({ customer_id: 'N4', answered_at: at(115) }),
    ]);
    // Windows run from day 114 to 204. P3 left before the landmark though after the answer: not alive at it, as little
    // as N3, who left before it too. D2 leaves within the window, N2 on its last day, N1 the day after.
    await world.facts('retention-events', [
      ...all.map(started),
      churned('P3', 110),
      churned('D2', 150),
      churned('N1', 205),
      churned('N2', 204),
      churned('N3', 104),
    ]);
    await world.complete(at(300));
    assert.deepEqual(await ask(world), [
      ['detractor', 2, 2, 1, 0.5, null],
      ['promoter', 2, 2, 2, 1, null],
      ['non_respondent', 3, 3, 2, 0.666667, null],
    ]);
    assert.deepEqual(await leftOut(world), { not_active_at_landmark: 2 });
    const answer = await world.ask(path, { nonrespondents: 'true' });
    // Newcombe of 2/2 against 2/3: Wilson [0.342380, 1] and [0.207660, 0.938508], so
    // 1/3 - sqrt((1 - 0.342380)^2 + (0.938508 - 0.666667)^2) = -0.378251 and
    // 1/3 + sqrt(0 + (0.666667 - 0.207660)^2) = 0.792340. Of 1/2: [0.094531, 0.905469], so
    // -1/6 - sqrt((0.5 - 0.094531)^2 + 0.271841^2) = -0.654826 and -1/6 + sqrt(0.405469^2 + 0.459007^2) = 0.445781.
    assert.deepEqual(
      answer.comparisons.map(({ band, against, measure, difference, difference_low, difference_high }: Row) => [
        band,
        against,
        measure,
        difference,
        Number(difference_low).toFixed(4),
        Number(difference_high).toFixed(4),
      ]),
      [
        ['promoter', 'non_respondent', 'retention_rate', 0.333333, '-0.3783', '0.7923'],
        ['detractor', 'non_respondent', 'retention_rate', -0.166667, '-0.6548', '0.4458'],
      ],
    );
    assert.equal(
      answer.reads_as,
      'Of customers who were invited and were still customers 14 days later, 50.0% of detractors (2), 100.0% of promoters (2) and 66.7% of those who did not answer (3) were still customers 90 days after that. No difference between those who answered and those who did not was found.',
    );
    assert.equal(answer.definition.id, 'retention_of_invited');
    assert.deepEqual([answer.parameters.nonrespondents, answer.parameters.landmark_days], [true, 14]);
    // Without the parameter it is the question that it always was: from the answer, of everybody who answered.
    const plain = await world.figures(path, ['band', 'responses']);
    assert.deepEqual(plain, [
      ['detractor', 2],
      ['promoter', 4],
    ]);
  },

  async 'every invitation counts or is left out for one reason'(world) {
    await world.facts('surveys', [
      { key: 'leaving', name: 'Why do you leave?', kind: 'nps', triggered_by_leaving: true },
    ]);
    await world.facts('invitations', [
      invitation({ customer_id: 'B', status: 'bounced' }),
      invitation({ customer_id: 'L', survey: 'leaving' }),
      invitation({ customer_id: 'O', status: 'opened' }),
      invitation({ customer_id: 'X', status: 'declined' }),
      invitation({ customer_id: 'O', sent_at: at(103) }), // a reminder
      invitation({ customer_id: 'O', sent_at: at(189) }), // within 90 days of the index invitation
      invitation({ customer_id: 'O', sent_at: at(190) }), // an index invitation again, to day 294
      invitation({ customer_id: 'W', sent_at: at(197) }), // its window ends on day 301
    ]);
    // O answers the reminder, 9 days after the index invitation, and pays in the window of the second one only.
    await world.facts('responses', [response({ customer_id: 'O', score: 8, answered_at: at(109) })]);
    await world.facts('revenue-events', [
      payment({ customer_id: 'O', occurred_at: at(204) }), // the landmark of the second, the end of the first
      payment({ customer_id: 'O', occurred_at: at(205), amount: '-5.00', type: 'refund' }),
      payment({ customer_id: 'X', occurred_at: at(115) }),
    ]);
    await world.complete(at(300), 'revenue-events');
    assert.deepEqual(await ask(world), [
      ['passive', 1, 1, 1, 1, null],
      ['non_respondent', 2, 2, 1, 0.5, null],
    ]);
    assert.deepEqual(await leftOut(world), {
      bounced: 1,
      survey_triggered_by_leaving: 1,
      not_an_index_invitation: 2,
      window_open: 1,
    });
    const { reads_as, method } = await world.ask(path, { nonrespondents: 'true' });
    assert.match(
      reads_as,
      /^Of customers who were invited, 100\.0% of passives \(1\) and 50\.0% of those who did not answer \(2\) bought again in the 90 days that began 14 days later\./,
    );
    // O counts twice.
    assert.match(method, /jackknife/);
    // As of day 210 only the first windows, which end on day 204, are closed; the survey's other invitations are there.
    assert.deepEqual(await ask(world, { as_of: at(210) }), [
      ['passive', 1, 1, 1, 1, null],
      ['non_respondent', 1, 1, 1, 1, null],
    ]);
    assert.deepEqual(await ask(world, { from: at(101) }), [['non_respondent', 1, 1, 0, 0, null]]);
  },

  async 'of customers without a contract nothing is known until revenue was sent'(world) {
    await world.facts('invitations', [invitation({ customer_id: 'A' }), invitation({ customer_id: 'B' })]);
    await world.facts('retention-events', [started('A')]);
    await world.complete(at(300), 'retention-events');
    for (const query of [{}, { as_of: at(290) }]) {
      assert.deepEqual(await ask(world, query), [['non_respondent', 1, 1, 1, 1, null]]);
      assert.deepEqual(await leftOut(world, query), { window_open: 1 });
    }
  },

  async 'by what is known of invitations and customers, and by nothing that only answers have'(world) {
    await world.facts('units', [
      { key: 'north', name: 'North' },
      { key: 'shop', name: 'Shop', parent: 'north' },
    ]);
    await world.facts('customers', [
      { id: 'A', segment: 'smb' },
      { id: 'B', segment: 'big' },
    ]);
    await world.facts('invitations', [
      invitation({ customer_id: 'A', unit: 'shop' }),
      invitation({ customer_id: 'B', unit: 'other', sent_at: at(120) }),
    ]);
    await world.facts('retention-events', [started('A'), started('B'), churned('B', 140)]);
    await world.complete(at(300));
    const by = (group_by: string) =>
      world.figures(path, [group_by, 'band', 'retained'], { nonrespondents: 'true', group_by });
    assert.deepEqual(await by('segment'), [
      ['big', 'non_respondent', 0],
      ['smb', 'non_respondent', 1],
    ]);
    // Days 100 and 120 are 11 April and 1 May.
    assert.deepEqual(await by('month'), [
      ['2022-04', 'non_respondent', 1],
      ['2022-05', 'non_respondent', 0],
    ]);
    assert.deepEqual(await ask(world, { unit: 'north' }), [['non_respondent', 1, 1, 1, 1, null]]);
    for (const query of ['group_by=channel', 'theme=price']) {
      const { status, body } = await world.send('GET', `/v1/${path}?nonrespondents=true&${query}`);
      assert.deepEqual([status, body.errors[0].code], [400, 'not_of_invitations'], query);
    }
  },

  async 'anonymous answers are told of, small groups are hidden, and nothing sent is no data'(world) {
    const people = Array.from({ length: 12 }, (_, place) => `C${place}`);
    await world.facts('invitations', [
      ...people.map((customer_id) => invitation({ customer_id })),
      ...['T1', 'T2', 'T3'].map((customer_id) => invitation({ customer_id })),
    ]);
    await world.facts('responses', [
      ...['T1', 'T2', 'T3'].map((customer_id) => response({ customer_id, answered_at: at(101) })),
      response({ customer_id: null, answered_at: at(101) }),
    ]);
    const none = await world.ask(path, { nonrespondents: 'true' });
    assert.deepEqual([none.data, none.comparisons], [[], []]);
    assert.match(none.reads_as, /^Nothing can be told of retention/);
    await world.facts('retention-events', [...people, 'T1', 'T2', 'T3'].map(started));
    await world.complete(at(300));
    const answer = await world.ask(path, { nonrespondents: 'true' });
    assert.deepEqual(answer.warnings, ['1 answer is anonymous: who gave it counts as not having answered.']);
    const made = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
    const { body } = await world.send('GET', `/v1/${path}?nonrespondents=true&window_days=90&min_n=1`, undefined, {
      authorization: `Bearer ${made.body.secret}`,
    });
    assert.deepEqual(
      body.data.map(({ band, responses, retained }: Row) => [band, responses, retained]),
      [
        ['promoter', null, null],
        ['non_respondent', 12, 12],
      ],
    );
    assert.deepEqual(body.comparisons, []);
  },
});
