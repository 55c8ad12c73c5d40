import assert from 'node:assert/strict';
import { at, payment, type Row, response, type World, worlds } from '../support/world.ts';

const day = 86_400_000;
const columns = ['driver', 'responses', 'importance', 'correlation', 'satisfied_rate', 'priority', 'r2', 'withheld'];
const shown = (rows: Row[]) => rows.map((row) => columns.map((column) => row[column]));

const csat = (key: string, row: Row = {}): Row => ({ key, name: `How is ${key}?`, kind: 'csat', ...row });

/**
 * 24 customers who rate `food` and `staff` 1 or 5, six of each pair, and answer `nps` with 5 +- 3 for food, +- 1 for
 * staff, and +- 1 for nothing: a variance of 9 + 1 + 1. Food and staff have nothing in common, so that their weights
 * are their squared correlations: 9 / 11 and 1 / 11.
 */
function balanced(): { food: number; staff: number; nps: number; customer_id: string }[] {
  return Array.from({ length: 24 }, (_, k) => {
    const [food, staff, luck] = [k % 2 ? 1 : -1, k % 4 < 2 ? 1 : -1, k < 12 ? 1 : -1];
    return { food: 3 + 2 * food, staff: 3 + 2 * staff, nps: 5 + 3 * food + staff + luck, customer_id: `C${k}` };
  });
}

const touch = (survey: string, customer_id: string, score: number, row: Row = {}) =>
  response({ id: `${survey} ${customer_id}`, survey, customer_id, score, ...row });

async function fill(world: World): Promise<void> {
  await world.facts('surveys', [csat('food'), csat('staff')]);
  await world.facts(
    'responses',
    balanced().flatMap(({ customer_id, nps, food, staff }) => [
      response({ id: `nps ${customer_id}`, customer_id, score: nps }),
      touch('food', customer_id, food, { answered_at: at(100, 3_600_000) }),
      touch('staff', customer_id, staff, { answered_at: at(99, 3_600_000) }),
    ]),
  );
}

const both = { survey: 'nps', predictors: 'staff,food' };

worlds('GET /v1/outcomes/drivers', {
  async 'two drivers without anything in common share what they explain by their squared correlations'(world) {
    await fill(world);
    const answer = await world.ask('outcomes/drivers', both);
    // sqrt(9 / 11) and sqrt(1 / 11); half of each driver's scores are 5, the others 1: priority is half the importance.
    assert.deepEqual(shown(answer.data), [
      ['food', 24, 0.818182, 0.904534, 0.5, 0.409091, 0.909091, null],
      ['staff', 24, 0.090909, 0.301511, 0.5, 0.045455, 0.909091, null],
    ]);
    const [food] = answer.data;
    assert.deepEqual(
      [
        food.survey,
        food.target,
        food.rank,
        food.driver_survey,
        food.driver_moment,
        food.name,
        food.customers,
        food.paired,
      ],
      ['nps', 'score', 1, 'food', null, 'How is food?', 24, 24],
    );
    assert.equal(food.condition_number, 1);
    assert.equal(food.importance_share, 0.9);
    assert.ok(food.importance_low > 0.6 && food.importance_high < 1 && food.r2_high <= 1);
    // scipy.stats.chi2.sf(24 x 10 / 11, 2)
    assert.equal(food.r2_p, 0.00001829);
    const [row] = answer.comparisons;
    assert.deepEqual([row.measure, row.driver, row.against, row.difference], ['importance', 'food', 'staff', 0.727273]);
    assert.ok(row.difference_low > 0 && row.p < 0.001 && row.q === row.p);
    assert.deepEqual(answer.left_out, []);
    assert.match(
      answer.reads_as,
      /^Of 2 drivers, 'food' weighs most on the score of 'nps': 90\.0% of what they explain together \(importance 0\.818, 95% interval 0\.\d+ to 0\.\d+\), before 'staff' \(0\.091\)\. Together they explain 90\.9% of its variance \(24 responses with all scores\)\. By importance and room to improve, 'food' comes first: 50\.0% are satisfied\. An association, not a cause\.$/,
    );
    assert.deepEqual(answer.parameters.predictors, ['staff', 'food']);
    assert.deepEqual([answer.parameters.target, answer.parameters.within_days], ['score', 1]);
  },

  async 'the nearest score of the same customer within within_days counts'(world) {
    await fill(world);
    // Farther away, of somebody else, or of nobody; and two that are equally near, of which the earlier counts.
    await world.facts('responses', [
      touch('food', 'C0', 4, { id: 'far', answered_at: at(100, 7_200_000) }),
      touch('food', 'somebody', 5, { answered_at: at(100) }),
      touch('food', 'x', 5, { id: 'anonymous', customer_id: null }),
      touch('staff', 'C1', 5, { id: 'same distance', answered_at: at(101, -3_600_000) }),
      response({ id: 'nobody', customer_id: null, score: 0 }),
      response({ id: 'without', customer_id: 'Z', score: 0 }),
    ]);
    const answer = await world.ask('outcomes/drivers', both);
    assert.deepEqual(
      shown(answer.data).map((row) => row.slice(0, 4)),
      [
        ['food', 24, 0.818182, 0.904534],
        ['staff', 24, 0.090909, 0.301511],
      ],
    );
    assert.deepEqual(answer.left_out, [
      { reason: 'anonymous', responses: 1 },
      { reason: 'score_missing', responses: 1 },
    ]);
    // Staff was asked 23 hours before, food one hour after: on the moment itself there is neither.
    const exact = await world.ask('outcomes/drivers', { ...both, within_days: 0 });
    assert.deepEqual(exact.left_out, [
      { reason: 'anonymous', responses: 1 },
      { reason: 'score_missing', responses: 25 },
    ]);
    assert.equal(exact.data[0].withheld, 'no response counts yet');
    // A nearer one takes its place: all but C1 keep theirs, so that the weights move.
    await world.facts('responses', [touch('food', 'C1', 1, { id: 'nearer', answered_at: at(100, 1) })]);
    const moved = await world.ask('outcomes/drivers', both);
    assert.ok(moved.data[0].importance < 0.8);
  },

  async 'one survey at several moments is as many drivers, and a moment that people named has its name'(world) {
    await world.facts('surveys', [csat('csat'), csat('mail@home')]);
    assert.equal((await world.send('POST', '/v1/moments', { key: 'food', name: 'At the table' })).status, 201);
    await world.facts(
      'responses',
      balanced().flatMap(({ customer_id, nps, food, staff }) => [
        response({ id: `nps ${customer_id}`, customer_id, score: nps }),
        touch('csat', customer_id, food, { id: `f ${customer_id}`, moment: 'food' }),
        touch('csat', customer_id, staff, { id: `s ${customer_id}`, moment: 'staff' }),
      ]),
    );
    const { data } = await world.ask('outcomes/drivers', { survey: 'nps', predictors: 'csat@food,csat@staff' });
    assert.deepEqual(
      data.map((row: Row) => [row.driver, row.driver_survey, row.driver_moment, row.name, row.importance]),
      [
        ['csat@food', 'csat', 'food', 'At the table', 0.818182],
        ['csat@staff', 'csat', 'staff', 'staff', 0.090909],
      ],
    );
    const whole = await world.ask('outcomes/drivers', { survey: 'nps', predictors: 'mail@home' });
    assert.deepEqual([whole.data[0].driver_survey, whole.data[0].driver_moment], ['mail@home', null]);
  },

  async 'scores are turned so that high is good, on both sides'(world) {
    await world.facts('surveys', [
      csat('food', { higher_is_better: false }),
      csat('staff'),
      {
        key: 'effort',
        name: 'How hard was it?',
        kind: 'custom',
        scale_min: 0,
        scale_max: 10,
        detractor_max: 3,
        promoter_min: 8,
        higher_is_better: false,
      },
    ]);
    await world.facts(
      'responses',
      balanced().flatMap(({ customer_id, nps, food, staff }) => [
        touch('effort', customer_id, 10 - nps),
        touch('food', customer_id, 6 - food),
        touch('staff', customer_id, staff),
      ]),
    );
    const { data } = await world.ask('outcomes/drivers', { survey: 'effort', predictors: 'food,staff' });
    assert.deepEqual(
      shown(data).map((row) => row.slice(0, 5)),
      [
        ['food', 24, 0.818182, 0.904534, 0.5],
        ['staff', 24, 0.090909, 0.301511, 0.5],
      ],
    );
  },

  async 'what cannot be told is not told'(world) {
    await fill(world);
    await world.facts('surveys', [csat('copy'), csat('always'), csat('sum')]);
    await world.facts(
      'responses',
      balanced().flatMap(({ customer_id, food, staff }) => [
        touch('copy', customer_id, food),
        touch('always', customer_id, 3),
        touch('sum', customer_id, (food + staff) / 2),
      ]),
    );
    const withheld = async (predictors: string) => {
      const { data, reads_as, comparisons } = await world.ask('outcomes/drivers', { survey: 'nps', predictors });
      assert.deepEqual(comparisons, []);
      for (const row of data)
        for (const column of [
          'rank',
          'importance',
          'importance_low',
          'r2',
          'priority',
          'condition_number',
          'correlation',
        ])
          assert.equal(row[column], null, column);
      assert.match(reads_as, /^What drives the score of 'nps' is not told: /);
      return data[0].withheld;
    };
    const singular =
      'cannot be told: some drivers say exactly what others say together (their correlations are singular)';
    assert.equal(await withheld('food,copy'), singular);
    // 24 responses are too few for three drivers, before anything else.
    assert.equal(await withheld('food,staff,sum'), 'fewer than 30 responses have all scores (10 a driver, and min_n)');
    assert.equal(await withheld('food,always'), "cannot be told: 'always' has the same value in all responses");
    const least = await world.ask('outcomes/drivers', { ...both, min_n: 25 });
    assert.equal(least.data[0].withheld, 'fewer than 25 responses have all scores (10 a driver, and min_n)');
    assert.equal(least.data[0].satisfied_rate, null);

    // Three more drivers with 8 more customers: sum is (food + staff) / 2, so that the three are singular and no two are.
    await world.facts(
      'responses',
      balanced()
        .slice(0, 8)
        .flatMap(({ nps, food, staff }, k) => [
          response({ id: `nps D${k}`, customer_id: `D${k}`, score: nps }),
          touch('food', `D${k}`, food),
          touch('staff', `D${k}`, staff),
          touch('sum', `D${k}`, (food + staff) / 2),
        ]),
    );
    assert.equal(await withheld('food,staff,sum'), singular);
    // All the same target.
    await world.facts(
      'responses',
      balanced().map(({ customer_id }) => response({ id: `nps ${customer_id}`, customer_id, score: 7 })),
    );
    for (let k = 0; k < 8; k++) await world.remove(`responses/nps%20D${k}`);
    assert.equal(await withheld('food,staff'), 'cannot be told: the target has the same value in all responses');
  },

  async 'no association is an answer'(world) {
    await world.facts('surveys', [csat('food')]);
    await world.facts(
      'responses',
      balanced().flatMap(({ customer_id, food }, k) => [
        response({ id: `nps ${customer_id}`, customer_id, score: k % 4 < 2 ? 4 : 8 }),
        touch('food', customer_id, food),
      ]),
    );
    const { data, reads_as } = await world.ask('outcomes/drivers', { survey: 'nps', predictors: 'food' });
    assert.deepEqual([data[0].importance, data[0].correlation, data[0].r2_p], [0, 0, 1]);
    assert.match(
      reads_as,
      /^No association of the driver with the score of 'nps' was found \(24 responses with all scores; together they explain 0\.0% of its variance, as chance does too\)\.$/,
    );
  },

  async 'the target may be what customers did: spending that food alone explains'(world) {
    await fill(world);
    const unsent = await world.ask('outcomes/drivers', { ...both, target: 'referrals_after' });
    assert.deepEqual(unsent.left_out, [{ reason: 'no_data', responses: 24 }]);
    assert.equal(unsent.data[0].withheld, 'no response counts yet');
    await world.facts(
      'revenue-events',
      balanced().map(({ customer_id, food }) => payment({ customer_id, amount: food === 5 ? '100.00' : '20.00' })),
    );
    await world.complete(at(150));
    const query = { ...both, target: 'revenue_after' };
    const open = await world.ask('outcomes/drivers', query);
    assert.deepEqual(open.left_out, [{ reason: 'window_open', responses: 24 }]);
    await world.complete(at(190));
    const answer = await world.ask('outcomes/drivers', query);
    assert.deepEqual(
      shown(answer.data).map((row) => row.slice(0, 4)),
      [
        ['food', 24, 1, 1],
        ['staff', 24, 0, 0],
      ],
    );
    assert.deepEqual([answer.parameters.window_days, answer.parameters.currency], [90, 'EUR']);
    assert.equal(answer.fresh.complete_through, at(190));
    assert.match(answer.reads_as, /^Of 2 drivers, 'food' weighs most on what customers spend after answering 'nps'/);
    // Everybody bought, so everybody stayed; and nobody made a referral.
    for (const target of ['retained', 'referrals_after']) {
      const { data } = await world.ask('outcomes/drivers', { ...both, target });
      assert.equal(data[0].withheld, 'cannot be told: the target has the same value in all responses', target);
    }
  },

  async 'filters and the period narrow the responses that are explained, not the scores near them'(world) {
    await fill(world);
    await world.facts(
      'responses',
      balanced().map(({ customer_id }) =>
        response({ id: `later ${customer_id}`, customer_id, score: 3, answered_at: at(300), segment: 'smb' }),
      ),
    );
    const first = await world.ask('outcomes/drivers', { ...both, from: at(100), to: at(200) });
    assert.equal(first.data[0].importance, 0.818182);
    assert.match(first.reads_as, /^Only answered from 2022-04-11T00:00:00\.000Z, answered before/);
    const later = await world.ask('outcomes/drivers', { ...both, segment: 'smb' });
    assert.deepEqual(later.left_out, [{ reason: 'score_missing', responses: 24 }]);
    assert.equal((await world.ask('outcomes/drivers', { ...both, within_days: 201 })).data[0].responses, 48);
  },

  async 'readers without the scope personal see nothing of four people, however often these answered'(world) {
    await world.facts('surveys', [csat('food')]);
    await world.facts(
      'responses',
      balanced().flatMap(({ nps, food }, k) => {
        const row = { customer_id: `P${k % 4}`, answered_at: new Date(Date.parse(at(0)) + 30 * k * day).toISOString() };
        return [
          response({ id: `n${k}`, score: nps, ...row }),
          response({ id: `f${k}`, survey: 'food', score: food, ...row }),
        ];
      }),
    );
    const path = '/v1/outcomes/drivers?survey=nps&predictors=food&min_n=1';
    const { body } = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
    const { data } = (await world.send('GET', path, undefined, { authorization: `Bearer ${body.secret}` })).body;
    const reason = 'fewer than 5 people, or a group that would give one away';
    assert.deepEqual(
      [
        data[0].responses,
        data[0].customers,
        data[0].paired,
        data[0].importance,
        data[0].satisfied_rate,
        data[0].withheld,
      ],
      [null, null, null, null, null, reason],
    );
    const all = (await world.send('GET', path)).body.data[0];
    assert.deepEqual([all.responses, all.customers, all.withheld], [24, 4, null]);
  },

  async 'what cannot be asked is refused with the reason'(world) {
    await fill(world);
    await world.facts('surveys', [csat('goodbye', { triggered_by_leaving: true })]);
    const refused = async (query: string, code: string, pointer: string, detail: RegExp) => {
      const { status, body } = await world.send('GET', `/v1/outcomes/drivers?${query}`);
      assert.deepEqual([status, body.code, body.errors[0].pointer], [400, code, pointer], query);
      assert.match(body.detail, detail);
    };
    await refused(
      'survey=nps&predictors=food,colour',
      'unknown_survey',
      'predictors',
      /^'colour' is no survey, nor .* food, goodbye, nps, staff\.$/,
    );
    await refused('survey=nps&predictors=food@', 'unknown_survey', 'predictors', /^'food@' is no survey/);
    await refused('survey=nsp&predictors=food', 'unknown_survey', 'survey', /^There is no survey 'nsp'/);
    await refused(
      'survey=nps&predictors=food,food',
      'bad_predictors',
      'predictors',
      /^predictors names up to 20 different/,
    );
    await refused('survey=nps&predictors=nps', 'predictor_is_target', 'predictors', /it would explain itself/);
    await refused(
      'survey=nps&predictors=goodbye&target=retained',
      'triggered_by_leaving',
      'predictors',
      /Leave it out/,
    );
    for (const query of [
      'survey=nps',
      'predictors=food',
      'survey=nps&predictors=food&target=love',
      'survey=nps&predictors=food&group_by=month',
    ])
      assert.equal((await world.send('GET', `/v1/outcomes/drivers?${query}`)).status, 400, query);
  },

  async 'its rows are to be had as CSV'(world) {
    await fill(world);
    const { text } = await world.send('GET', '/v1/outcomes/drivers?survey=nps&predictors=food,staff&format=csv');
    const [header = '', first = ''] = text.split('\r\n');
    assert.match(header, /^survey,target,rank,driver,driver_survey,driver_moment,name,responses,customers,importance,/);
    assert.match(first, /^nps,score,1,food,food,,How is food\?,24,24,0\.818182,/);
  },
});
