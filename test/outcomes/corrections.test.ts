import assert from 'node:assert/strict';
import { refresh } from '../../src/outcomes/refresh.ts';
import { at, customer, payment, referral, response, retention, survey, type World, worlds } from '../support/world.ts';

/** [band, responses, revenue_total] of the answer, without bands that nobody is in. */
const revenue = (world: World, query = {}) =>
  world.figures('outcomes/revenue', ['band', 'responses', 'revenue_total'], query);
const scores = (world: World, query = {}) => world.figures('analytics/scores', ['responses', 'nps'], query);

worlds('Corrections', {
  async 'a corrected score moves the answer to another band'(world) {
    await world.facts('responses', [response({ id: 'R', score: 10 })]);
    await world.facts('revenue-events', [payment()]);
    await world.complete(at(400));
    assert.deepEqual(await revenue(world), [['promoter', 1, 10]]);
    await world.facts('responses', [response({ id: 'R', score: 6 })]);
    assert.deepEqual(await revenue(world), [['detractor', 1, 10]]);
    assert.deepEqual(await scores(world), [[1, -100]]);
    await world.facts('responses', [response({ id: 'R', score: 7 })]);
    assert.deepEqual(await revenue(world), [['passive', 1, 10]]);
    assert.deepEqual(await world.outcomes('place'), { R: ['A', 'passive', '2022-04-11', '2022-04-01'] });
  },

  async 'a corrected time moves the window and, with it, which answers are index responses'(world) {
    await world.facts('responses', [
      response({ id: 'R1', answered_at: at(100) }),
      response({ id: 'R2', answered_at: at(150) }),
    ]);
    await world.facts('revenue-events', [payment({ occurred_at: at(120) })]);
    await world.complete(at(400));
    assert.deepEqual(await world.outcomes('revenue'), {
      R1: ['counted', 10, 0, 1],
      R2: ['not_index', null, null, null],
    });
    await world.facts('responses', [response({ id: 'R1', answered_at: at(155) })]);
    assert.deepEqual(await revenue(world), [['promoter', 1, 0]]);
    assert.deepEqual(await world.outcomes('revenue'), {
      R1: ['not_index', null, null, null],
      R2: ['counted', 0, 10, 0],
    });
    assert.deepEqual(await world.figures('outcomes/revenue', ['month', 'responses'], { group_by: 'month' }), [
      ['2022-05', 1],
      ['2022-06', 0],
    ]);
  },

  async 'an answer that was credited to the wrong customer moves, with the index responses of both'(world) {
    await world.facts('responses', [
      response({ id: 'R1', customer_id: 'A', answered_at: at(100) }),
      response({ id: 'R2', customer_id: 'A', answered_at: at(150) }),
      response({ id: 'R3', customer_id: 'B', answered_at: at(120) }),
    ]);
    await world.facts('revenue-events', [
      payment({ customer_id: 'A', amount: '1', occurred_at: at(160) }),
      payment({ customer_id: 'B', amount: '2', occurred_at: at(160) }),
    ]);
    await world.complete(at(400));
    assert.deepEqual(await world.outcomes('revenue'), {
      R1: ['counted', 1, 0, 1],
      R2: ['not_index', null, null, null],
      R3: ['counted', 2, 0, 1],
    });
    await world.facts('responses', [response({ id: 'R1', customer_id: 'B', answered_at: at(100) })]);
    assert.deepEqual(await revenue(world), [['promoter', 2, 3]]);
    assert.deepEqual(await world.outcomes('revenue'), {
      R1: ['counted', 2, 0, 1],
      R2: ['counted', 1, 0, 1],
      R3: ['not_index', null, null, null],
    });
    await world.facts('responses', [response({ id: 'R1', customer_id: null, answered_at: at(100) })]);
    assert.deepEqual(await world.leftOut('outcomes/revenue'), { anonymous: 1 });
    assert.deepEqual(await world.outcomes('revenue'), {
      R1: ['anonymous', null, null, null],
      R2: ['counted', 1, 0, 1],
      R3: ['counted', 2, 0, 1],
    });
    await world.facts('responses', [response({ id: 'R1', customer_id: 'A', answered_at: at(100) })]);
    assert.deepEqual(await revenue(world), [['promoter', 2, 3]]);
    assert.deepEqual(await world.outcomes('revenue'), {
      R1: ['counted', 1, 0, 1],
      R2: ['not_index', null, null, null],
      R3: ['counted', 2, 0, 1],
    });
  },

  async 'an answer that moved is not lost where its new customer is worked out long before the old one'(world) {
    await world.facts('responses', [response({ id: 'R' })]);
    await world.complete(at(400));
    assert.deepEqual(Object.keys(await world.outcomes('place')), ['R']);
    // Ingest marks both at once; with very many marked, they may fall into different transactions of the refresh.
    await world.db.write((client) => client.rows(`update responses set customer_id = 'B' where id = 'R'`));
    for (const customer_id of ['B', 'A']) {
      await world.db.write((client) =>
        client.rows('insert into dirty_respondents (respondent) values ($1)', [customer_id]),
      );
      await refresh(world.db);
    }
    assert.deepEqual(await world.outcomes('place'), { R: ['B', 'promoter', '2022-04-11', '2022-04-01'] });
  },

  async 'an anonymous answer and a customer whose id looks like it are kept apart'(world) {
    await world.facts('responses', [
      response({ id: 'R', customer_id: null }),
      response({ id: 'S', customer_id: '~R' }),
    ]);
    await world.facts('revenue-events', [payment({ customer_id: '~R' })]);
    await world.complete(at(400));
    const expected = { R: ['anonymous', null, null, null], S: ['counted', 10, 0, 1] };
    assert.deepEqual(await world.outcomes('revenue'), expected);
    await world.facts('responses', [response({ id: 'R', customer_id: null, score: 0 })]);
    assert.deepEqual(await world.outcomes('revenue'), expected);
    await world.remove('responses/R');
    assert.deepEqual(await world.outcomes('revenue'), { S: expected.S });
    await world.remove('responses/S');
    assert.deepEqual(await world.outcomes('revenue'), {});
  },

  async 'events that are late, corrected, moved to another customer or removed change what was counted'(world) {
    await world.facts('responses', [
      response({ id: 'R1', customer_id: 'A' }),
      response({ id: 'R2', customer_id: 'B' }),
    ]);
    await world.complete(at(400));
    assert.deepEqual(await revenue(world), [['promoter', 2, 0]]);
    const told = async () => Object.values(await world.outcomes('revenue')).map(([, after, before]) => [after, before]);

    await world.facts('revenue-events', [payment({ id: 'P' })]); // late: before the moment through which all is known
    assert.deepEqual(await revenue(world), [['promoter', 2, 10]]);
    await world.facts('revenue-events', [payment({ id: 'P', amount: '25' })]);
    assert.deepEqual(await told(), [
      [25, 0],
      [0, 0],
    ]);
    await world.facts('revenue-events', [payment({ id: 'P', amount: '25', occurred_at: at(90) })]);
    assert.deepEqual(await told(), [
      [0, 25],
      [0, 0],
    ]);
    await world.facts('revenue-events', [payment({ id: 'P', amount: '25', customer_id: 'B' })]);
    assert.deepEqual(await told(), [
      [0, 0],
      [25, 0],
    ]);
    // Out of the time that is known, and back.
    await world.facts('revenue-events', [payment({ id: 'P', amount: '25', customer_id: 'B', occurred_at: at(450) })]);
    assert.deepEqual(await told(), [
      [0, 0],
      [0, 0],
    ]);
    await world.facts('revenue-events', [payment({ id: 'P', amount: '25', customer_id: 'B' })]);
    assert.deepEqual(await told(), [
      [0, 0],
      [25, 0],
    ]);
    await world.remove('revenue-events/P');
    assert.deepEqual(await revenue(world), [['promoter', 2, 0]]);
    assert.deepEqual(await told(), [
      [0, 0],
      [0, 0],
    ]);

    await world.facts('referrals', [referral({ id: 'F', referrer_id: 'A' })]);
    assert.deepEqual(await world.outcomes('referrals'), { R1: ['counted', 1, 0], R2: ['counted', 0, 0] });
    await world.facts('referrals', [referral({ id: 'F', referrer_id: 'B', converted_at: at(120) })]);
    assert.deepEqual(await world.outcomes('referrals'), { R1: ['counted', 0, 0], R2: ['counted', 1, 1] });
    await world.remove('referrals/F');
    assert.deepEqual(await world.outcomes('referrals'), { R1: ['counted', 0, 0], R2: ['counted', 0, 0] });

    await world.facts('retention-events', [retention({ id: 'E', type: 'churned' })]);
    assert.deepEqual(await world.outcomes('retention'), {
      R1: ['counted', 'contract', false],
      R2: ['counted', 'activity', false],
    });
    await world.facts('retention-events', [retention({ id: 'E', type: 'churned', customer_id: 'B' })]);
    assert.deepEqual(await world.outcomes('retention'), {
      R1: ['counted', 'activity', false],
      R2: ['counted', 'contract', false],
    });
    await world.remove('retention-events/E');
    assert.deepEqual(await world.outcomes('curve'), { R1: ['no_contract', null], R2: ['no_contract', null] });
  },

  async 'an event at the very moment through which all is known is late as well'(world) {
    await world.facts('responses', [response({ id: 'R', answered_at: at(100) })]);
    await world.complete(at(190));
    assert.deepEqual(await world.outcomes('revenue'), { R: ['counted', 0, 0, 0] });
    await world.facts('revenue-events', [payment({ occurred_at: at(190) })]);
    assert.deepEqual(await world.outcomes('revenue'), { R: ['counted', 10, 0, 1] });
    await world.facts('referrals', [referral({ made_at: at(190) })]);
    assert.deepEqual(await world.outcomes('referrals'), { R: ['counted', 1, 0] });
    assert.deepEqual(await world.outcomes('retention'), { R: ['counted', 'activity', true] });
  },

  async 'other limits of a survey give its answers other bands, and no other survey'(world) {
    await world.facts('surveys', [survey({ key: 'other' })]);
    await world.facts('responses', [
      response({ id: 'R1', customer_id: 'A', score: 6 }),
      response({ id: 'R2', customer_id: 'B', score: 8 }),
      response({ id: 'R3', customer_id: 'C', score: 8, survey: 'other' }),
      response({ id: 'R4', customer_id: null, score: 8 }),
    ]);
    await world.facts('revenue-events', [payment()]);
    await world.complete(at(400));
    assert.deepEqual(await revenue(world, { survey: 'nps' }), [
      ['detractor', 1, 10],
      ['passive', 1, 0],
    ]);
    await world.facts('surveys', [survey({ detractor_max: 5, promoter_min: 8, satisfied_min: 8 })]);
    assert.deepEqual(await revenue(world, { survey: 'nps' }), [
      ['passive', 1, 10],
      ['promoter', 1, 0],
    ]);
    assert.deepEqual(await revenue(world, { survey: 'other' }), [['passive', 1, 0]]);
    assert.deepEqual(await scores(world, { survey: 'nps' }), [[3, 66.666667]]);
    assert.deepEqual(
      Object.values(await world.outcomes('place')).map(([, band]) => band),
      ['passive', 'promoter', 'passive', 'promoter'],
    );
  },

  async 'a survey that turns out to be triggered by leaving takes its answers out of the outcomes, and back'(world) {
    await world.facts('responses', [response({ id: 'R1' }), response({ id: 'R2', answered_at: at(110) })]);
    await world.facts('revenue-events', [payment()]);
    await world.complete(at(400));
    const expected = { R1: ['counted', 10, 0, 1], R2: ['not_index', null, null, null] };
    assert.deepEqual(await world.outcomes('revenue'), expected);
    await world.facts('surveys', [survey({ triggered_by_leaving: true })]);
    assert.deepEqual(await revenue(world), [['promoter', 0, null]]);
    assert.deepEqual(await world.leftOut('outcomes/revenue'), { survey_triggered_by_leaving: 2 });
    assert.deepEqual(await scores(world), [[2, 100]]);
    assert.deepEqual(await world.outcomes('revenue'), {
      R1: ['leaving', null, null, null],
      R2: ['leaving', null, null, null],
    });
    await world.facts('surveys', [survey()]);
    assert.deepEqual(await revenue(world), [['promoter', 1, 10]]);
    assert.deepEqual(await world.outcomes('revenue'), expected);
  },

  async "a customer's segment and region stand in for answers without their own, and change with the record"(world) {
    await world.facts('responses', [
      response({ id: 'R1', answered_at: at(0) }),
      response({ id: 'R2', answered_at: at(100), segment: 'own', region: 'own' }),
      response({ id: 'R3', answered_at: at(200), segment: 'own' }),
      response({ id: 'R4', customer_id: null, answered_at: at(0) }),
    ]);
    await world.complete(at(400));
    const groups = async () => ({
      segments: await world.figures('outcomes/revenue', ['segment', 'responses'], { group_by: 'segment' }),
      rows: Object.values(await world.outcomes('dimensions')).map(([, segment, region]) => [segment, region]),
      scores: await world.figures('analytics/scores', ['region', 'responses'], { group_by: 'region' }),
    });
    const own = ['own', 'own'];
    assert.deepEqual(await groups(), {
      segments: [
        ['own', 2],
        [null, 1],
      ],
      rows: [['', ''], own, ['own', ''], ['', '']],
      scores: [
        ['own', 1],
        [null, 3],
      ],
    });
    await world.facts('customers', [customer({ segment: 'smb', region: 'north' })]);
    assert.deepEqual(await groups(), {
      segments: [
        ['own', 2],
        ['smb', 1],
        [null, 0],
      ],
      rows: [['smb', 'north'], own, ['own', 'north'], ['', '']],
      scores: [
        ['north', 2],
        ['own', 1],
        [null, 1],
      ],
    });
    await world.facts('customers', [customer({ segment: 'smb', region: 'south' })]);
    assert.deepEqual((await groups()).rows, [['smb', 'south'], own, ['own', 'south'], ['', '']]);
    await world.facts('customers', [customer({ segment: 'enterprise' })]);
    assert.deepEqual((await groups()).rows, [['enterprise', ''], own, ['own', ''], ['', '']]);
    await world.facts('customers', [customer({ name: 'Ada' })]);
    assert.deepEqual((await groups()).rows, [['', ''], own, ['own', ''], ['', '']]);
  },

  async 'an erased customer leaves nothing but tombstones, and referrals by others without its id'(world) {
    await world.facts('customers', [customer({ name: 'Ada Park', segment: 'smb' })]);
    await world.facts('responses', [
      response({ id: 'R1', comment: 'Ada was here' }),
      response({ id: 'R2', answered_at: at(200) }),
      response({ id: 'R3', customer_id: 'B' }),
    ]);
    await world.facts('revenue-events', [payment({ id: 'P1' }), payment({ id: 'P2', customer_id: 'B' })]);
    await world.facts('referrals', [
      referral({ id: 'F1', referred_id: 'B' }),
      referral({ id: 'F2', referrer_id: 'B', referred_id: 'A', converted_at: at(120) }),
    ]);
    await world.facts('retention-events', [retention({ id: 'E1' })]);
    await world.facts('invitations', [
      { id: 'I1', customer_id: 'A', survey: 'nps', sent_at: at(90), status: 'delivered' },
    ]);
    await world.complete(at(400));
    assert.deepEqual(await revenue(world), [['promoter', 3, 20]]);

    await world.remove('customers/A');
    assert.deepEqual(await revenue(world), [['promoter', 1, 10]]);
    assert.deepEqual(await world.outcomes('revenue'), { R3: ['counted', 10, 0, 1] });
    assert.deepEqual(await world.outcomes('referrals'), { R3: ['counted', 1, 1] });
    const { body } = await world.send('GET', '/v1/referrals');
    assert.deepEqual(
      body.data.map((row: Record<string, unknown>) => [row.id, row.referrer_id, row.referred_id]),
      [['F2', 'B', null]],
    );
    const removed = async (path: string, key = 'id') =>
      (await world.send('GET', `/v1/changes/${path}`)).body.data
        .filter((row: Record<string, unknown>) => row.removed_at)
        .map((row: Record<string, unknown>) => row[key]);
    assert.deepEqual(await removed('customers'), ['A']);
    assert.deepEqual(await removed('responses'), ['R1', 'R2']);
    assert.deepEqual(await removed('revenue-events'), ['P1']);
    assert.deepEqual(await removed('referrals'), ['F1']);
    assert.deepEqual(await removed('retention-events'), ['E1']);
    assert.deepEqual(await removed('invitations'), ['I1']);
    // Nowhere in the database is anything left that tells of it, but the keys of what was removed.
    const left = await world.db.read((client) =>
      client.rows<{ n: number }>(
        `select (select count(*) from response_outcomes where respondent = 'A') + (select count(*) from customers where id = 'A')
           + (select count(*) from dirty_respondents) + (select count(*) from outcome_cells where value = 'smb' and responses <> 0)
           + (select count(*) from audit_log where audit_log::text like '%Ada%') as n`,
      ),
    );
    assert.deepEqual(left, [{ n: 0 }]);
    assert.equal((await world.send('DELETE', '/v1/customers/A')).status, 404);
  },

  async 'a customer that only others mention can be erased as well'(world) {
    await world.facts('referrals', [referral({ id: 'F', referrer_id: 'B', referred_id: 'C' })]);
    await world.remove('customers/C');
    const { body } = await world.send('GET', '/v1/referrals/F');
    assert.equal(body.referred_id, null);
    assert.equal((await world.send('DELETE', '/v1/customers/C')).status, 404);
  },

  async 'facts sent again change nothing, neither what is stored nor what is counted'(world) {
    const facts: [string, Record<string, unknown>[]][] = [
      ['customers', [customer({ segment: 'smb', attributes: { plan: 'team', seats: 3 } })]],
      ['responses', [response({ themes: ['a', 'b'], score: 9.5 }), response({ customer_id: null })]],
      ['revenue-events', [payment({ amount: '10.50' }), payment({ amount: 7.25 })]],
      ['referrals', [referral({ converted_at: at(120) })]],
      ['retention-events', [retention()]],
    ];
    await world.complete(at(400));
    const send = async () => {
      const reports = [];
      for (const [path, rows] of facts) reports.push((await world.send('POST', `/v1/${path}`, rows)).body);
      return reports;
    };
    const everything = () =>
      world.db.read(async (client) => {
        const tables = [
          'customers',
          'responses',
          'revenue_events',
          'referrals',
          'retention_events',
          'response_outcomes',
        ].concat(['outcome_cells', 'score_cells', 'survival_cells', 'dirty_respondents', 'audit_log']);
        const found: Record<string, unknown> = {};
        for (const table of tables)
          found[table] = await client.rows(`select to_jsonb(t) as row from ${table} t order by t::text`);
        return found;
      });
    await send();
    await world.outcomes('revenue');
    const before = await everything();
    for (const { created, updated, unchanged, received } of await send())
      assert.deepEqual([created, updated, unchanged], [0, 0, received]);
    await world.outcomes('revenue');
    assert.deepEqual(await everything(), before);
  },
});
