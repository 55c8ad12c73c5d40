import assert from 'node:assert/strict';
import { at, payment, referral, response, retention, survey, worlds } from '../support/world.ts';

const revenueColumns = ['band', 'responses', 'customers', 'revenue_after', 'revenue_before', 'change', 'orders'];

worlds('The windows of an outcome', {
  async 'revenue counts after the answer through the last millisecond of the window, and before it back to its first'(
    world,
  ) {
    await world.facts('responses', [response({ id: 'R', answered_at: at(100) })]);
    // Powers of two tell which of them were added: before 2 + 4, after 8 + 16.
    await world.facts('revenue-events', [
      payment({ amount: '1', occurred_at: at(10) }), // t - W
      payment({ amount: '2', occurred_at: at(10, 1) }),
      payment({ amount: '4', occurred_at: at(100) }), // t
      payment({ amount: '8', occurred_at: at(100, 1) }),
      payment({ amount: '16', occurred_at: at(190) }), // t + W
      payment({ amount: '32', occurred_at: at(190, 1) }),
    ]);
    await world.complete(at(400));
    assert.deepEqual(await world.figures('outcomes/revenue', [...revenueColumns, 'repeat_rate']), [
      ['promoter', 1, 1, 24, 6, 18, 2, 1],
    ]);
    assert.deepEqual(await world.outcomes('revenue'), { R: ['counted', 24, 6, 2] });
    assert.deepEqual(await world.outcomes('revenue', 180), { R: ['counted', 56, 7, 3] });
  },

  async 'refunds take revenue back and, like payments of nothing, are no orders'(world) {
    await world.facts('responses', [
      response({ id: 'R1', customer_id: 'A' }),
      response({ id: 'R2', customer_id: 'B' }),
      response({ id: 'R3', customer_id: 'C' }),
    ]);
    await world.facts('revenue-events', [
      payment({ amount: '100.25' }),
      payment({ amount: '-30.5', type: 'refund', occurred_at: at(120) }),
      payment({ customer_id: 'B', amount: '-5', type: 'credit' }),
      payment({ customer_id: 'B', amount: '0', type: 'recurring' }),
    ]);
    await world.complete(at(400));
    assert.deepEqual(await world.outcomes('revenue'), {
      R1: ['counted', 69.75, 0, 1],
      R2: ['counted', -5, 0, 0],
      R3: ['counted', 0, 0, 0],
    });
    const [figures] = await world.figures('outcomes/revenue', ['responses', 'revenue_total', 'orders', 'repeat_rate']);
    assert.deepEqual(figures, [3, 64.75, 1, 0.333333]);
  },

  async 'referrals and conversions are counted each by their own moment'(world) {
    await world.facts('responses', [response({ id: 'R' })]);
    await world.facts('referrals', [
      referral({ made_at: at(100) }), // at t: not after it
      referral({ made_at: at(100, 1) }),
      referral({ made_at: at(190), converted_at: at(190) }), // both at t + W
      referral({ made_at: at(190), converted_at: at(190, 1) }),
      referral({ made_at: at(190, 1) }),
      referral({ made_at: at(50), converted_at: at(150) }), // made before, converted within
      referral({ made_at: at(50), converted_at: at(100) }),
      referral({ referrer_id: 'B', referred_id: 'A', made_at: at(150) }), // A was referred, and did not refer
    ]);
    await world.complete(at(400));
    assert.deepEqual(
      await world.figures('outcomes/referrals', ['responses', 'referrals', 'conversions', 'referrer_rate']),
      [[1, 3, 2, 1]],
    );
    assert.deepEqual(await world.outcomes('referrals'), { R: ['counted', 3, 2] });
  },

  async 'a window is closed when its dataset is complete through its end, to the millisecond, and opens again'(world) {
    await world.facts('responses', [response({ id: 'R', answered_at: at(100) })]);
    await world.facts('revenue-events', [payment({ occurred_at: at(110) }), payment({ occurred_at: at(300) })]);
    const state = async () => (await world.outcomes('revenue')).R;

    await world.complete(at(190, -1));
    assert.deepEqual(await world.figures('outcomes/revenue', ['band', 'responses', 'revenue_after', 'withheld']), [
      ['promoter', 0, null, 'no response counts yet'],
    ]);
    assert.deepEqual(await world.leftOut('outcomes/revenue'), { window_open: 1 });
    // What happened already does not decide it.
    assert.deepEqual(await state(), ['window_open', null, null, null]);

    await world.complete(at(190));
    assert.deepEqual(await world.figures('outcomes/revenue', revenueColumns), [['promoter', 1, 1, 10, 0, 10, 1]]);
    assert.deepEqual(await state(), ['counted', 10, 0, 1]);

    await world.complete(at(150));
    assert.deepEqual(await world.leftOut('outcomes/revenue'), { window_open: 1 });
    assert.deepEqual(await state(), ['window_open', null, null, null]);

    // Taken back: the latest event that was seen counts again.
    await world.complete(null);
    assert.deepEqual(await world.figures('outcomes/revenue', revenueColumns), [['promoter', 1, 1, 10, 0, 10, 1]]);
    assert.deepEqual(await state(), ['counted', 10, 0, 1]);
  },

  async 'without a declaration a dataset is complete through the latest event that was seen, whoever it is of'(world) {
    await world.facts('responses', [response({ id: 'R', answered_at: at(100) })]);
    await world.facts('revenue-events', [payment({ customer_id: 'B', occurred_at: at(190, -1) })]);
    assert.deepEqual(await world.outcomes('revenue'), { R: ['window_open', null, null, null] });
    await world.facts('revenue-events', [payment({ id: 'late', customer_id: 'C', occurred_at: at(190) })]);
    assert.deepEqual(await world.outcomes('revenue'), { R: ['counted', 0, 0, 0] });
    // It was seen, so its going changes nothing.
    await world.remove('revenue-events/late');
    assert.deepEqual(await world.outcomes('revenue'), { R: ['counted', 0, 0, 0] });
    const { body } = await world.send('GET', '/v1/datasets/revenue-events');
    const { complete_through, declared_through, latest_at } = body;
    assert.deepEqual([complete_through, declared_through, latest_at], [at(190), null, at(190)]);
  },

  async 'an event that is a little ahead of now does not close windows that end after now'(world) {
    const now = Date.now();
    const soon = new Date(now + 3_600_000).toISOString();
    const aWindowBefore = (ms: number) => new Date(now + ms - 90 * 86_400_000).toISOString();
    await world.facts('responses', [
      response({ id: 'closed', customer_id: 'A', answered_at: aWindowBefore(-60_000) }),
      response({ id: 'open', customer_id: 'B', answered_at: aWindowBefore(1_800_000) }),
    ]);
    await world.facts('revenue-events', [payment({ occurred_at: soon })]);
    assert.deepEqual(await world.outcomes('revenue'), {
      closed: ['counted', 0, 0, 0],
      open: ['window_open', null, null, null],
    });
  },

  async 'revenue, referrals and retention mature each by their own dataset'(world) {
    await world.facts('responses', [
      response({ id: 'R1', customer_id: 'A' }),
      response({ id: 'R2', customer_id: 'B' }),
    ]);
    await world.facts('retention-events', [retention({ customer_id: 'A', occurred_at: at(50) })]);
    await world.complete(at(190, -1));
    const states = async () => {
      const [revenue, referrals, kept] = [
        await world.outcomes('revenue'),
        await world.outcomes('referrals'),
        await world.outcomes('retention'),
      ];
      return ['R1', 'R2'].map((id) =>
        [revenue[id]?.[0], referrals[id]?.[0], kept[id]?.[0]].map((one) => one === 'counted'),
      );
    };
    // [revenue, referrals, retention] of A, who has a contract, and of B, who is judged by revenue.
    assert.deepEqual(await states(), [
      [false, false, false],
      [false, false, false],
    ]);
    await world.complete(at(190), 'retention-events');
    assert.deepEqual(await states(), [
      [false, false, true],
      [false, false, false],
    ]);
    await world.complete(at(190), 'referrals');
    assert.deepEqual(await states(), [
      [false, true, true],
      [false, true, false],
    ]);
    await world.complete(at(190), 'revenue-events');
    assert.deepEqual(await states(), [
      [true, true, true],
      [true, true, true],
    ]);
    await world.complete(at(190, -1), 'retention-events');
    assert.deepEqual(await states(), [
      [true, true, false],
      [true, true, true],
    ]);
  },

  async 'a dataset that was never sent gives no data instead of zero'(world) {
    await world.facts('responses', [response({ id: 'R' })]);
    for (const path of ['outcomes/revenue', 'outcomes/referrals', 'outcomes/retention']) {
      const answer = await world.ask(path);
      assert.deepEqual(answer.data, []);
      assert.deepEqual(answer.left_out, [{ reason: 'no_data', responses: 1 }]);
      assert.equal(answer.fresh.complete_through, null);
      assert.match(answer.reads_as, /not the same as zero/);
    }
    assert.deepEqual((await world.ask('outcomes/retention/curve')).data, []);
    await world.facts('revenue-events', [payment({ customer_id: 'B', occurred_at: at(400) })]);
    assert.deepEqual(await world.figures('outcomes/revenue', ['responses', 'revenue_after']), [[1, 0]]);
    assert.deepEqual(await world.leftOut('outcomes/referrals'), { no_data: 1 });
    assert.deepEqual(await world.outcomes('referrals'), { R: ['window_open', null, null] });
  },

  async 'index responses are the first, then each at least a window after the one before'(world) {
    const indexes = async (window: number) => {
      const states = await world.outcomes('revenue', window);
      return Object.keys(states).filter((id) => states[id]?.[0] !== 'not_index');
    };
    await world.facts('surveys', [survey({ key: 'csat', kind: 'csat' })]);
    await world.facts('responses', [
      response({ id: 'R1', answered_at: at(0), score: 0 }),
      response({ id: 'R2', answered_at: at(90, -1), score: 10 }),
      response({ id: 'R3', answered_at: at(90), score: 10 }), // exactly W after R1
      response({ id: 'R4', answered_at: at(179), score: 10 }), // more than W after R1 but not after R3
      response({ id: 'R5', answered_at: at(180), score: 7 }),
      response({ id: 'S1', answered_at: at(1), survey: 'csat', score: 5 }), // another survey counts for itself
      response({ id: 'S2', answered_at: at(90), survey: 'csat', score: 5 }),
      response({ id: 'T1', answered_at: at(1), customer_id: 'B' }), // as does another customer
    ]);
    await world.facts('revenue-events', [payment({ occurred_at: at(80) }), payment({ occurred_at: at(200) })]);
    await world.complete(at(500));
    assert.deepEqual(await indexes(90), ['R1', 'R3', 'R5', 'S1', 'T1']);
    assert.deepEqual(await indexes(180), ['R1', 'R5', 'S1', 'T1']);
    assert.deepEqual(await indexes(365), ['R1', 'S1', 'T1']);
    // The payments of days 80 and 200 count once each within a survey: after R1 and after R5.
    assert.deepEqual(
      await world.figures('outcomes/revenue', ['band', 'responses', 'revenue_total'], {
        survey: 'nps',
        window_days: 90,
      }),
      [
        ['detractor', 1, 10],
        ['passive', 1, 10],
        ['promoter', 2, 0],
      ],
    );
    assert.deepEqual(await world.leftOut('outcomes/revenue', { survey: 'nps' }), { not_an_index_response: 2 });

    // Without the first the second becomes the index response, and what it shadowed moves.
    await world.remove('responses/R1');
    assert.deepEqual(await indexes(90), ['R2', 'R5', 'S1', 'T1']);
  },

  async 'of two answers at the same moment the one with the smaller id is the index response'(world) {
    await world.facts('responses', [response({ id: 'b', score: 0 }), response({ id: 'a', score: 10 })]);
    await world.complete(at(400));
    assert.deepEqual(await world.outcomes('revenue'), {
      a: ['counted', 0, 0, 0],
      b: ['not_index', null, null, null],
    });
    await world.facts('responses', [response({ id: '0', score: 7 })]);
    assert.deepEqual(await world.figures('outcomes/revenue', ['band', 'responses']), [
      ['detractor', 0],
      ['passive', 1],
      ['promoter', 0],
    ]);
  },

  async 'anonymous answers and surveys that are sent because a customer leaves count in no outcome but in scores'(
    world,
  ) {
    await world.facts('surveys', [survey({ key: 'exit', kind: 'nps', triggered_by_leaving: true })]);
    await world.facts('responses', [
      response({ id: 'R1' }),
      response({ id: 'R2', customer_id: null }),
      response({ id: 'R3', customer_id: null, answered_at: at(300) }),
      response({ id: 'R4', survey: 'exit', score: 0 }),
    ]);
    await world.facts('retention-events', [retention({ type: 'churned', occurred_at: at(120) })]);
    await world.complete(at(400));
    for (const kind of ['revenue', 'referrals', 'retention', 'curve'] as const) {
      const states = await world.outcomes(kind);
      assert.deepEqual(
        Object.entries(states).map(([id, [state]]) => [id, state]),
        [
          ['R1', 'counted'],
          ['R2', 'anonymous'],
          ['R3', 'anonymous'],
          ['R4', 'leaving'],
        ],
      );
      const path = kind === 'curve' ? 'outcomes/retention/curve' : `outcomes/${kind}`;
      assert.deepEqual(await world.leftOut(path), { anonymous: 2, survey_triggered_by_leaving: 1 });
    }
    assert.deepEqual(await world.outcomes('place'), {
      R1: ['A', 'promoter', '2022-04-11', '2022-04-01'],
      R2: ['~R2', 'promoter', '2022-04-11', '2022-04-01'],
      R3: ['~R3', 'promoter', '2022-10-28', '2022-10-01'],
      R4: ['A', 'detractor', '2022-04-11', '2022-04-01'],
    });
    assert.deepEqual(await world.figures('analytics/scores', ['survey', 'responses', 'nps']), [
      ['exit', 1, -100],
      ['nps', 3, 100],
    ]);
  },

  async 'a past as_of opens the windows that were open then and forgets later answers'(world) {
    await world.facts('responses', [
      response({ id: 'R1', customer_id: 'A', answered_at: at(0) }),
      response({ id: 'R2', customer_id: 'B', answered_at: at(100) }),
      response({ id: 'R3', customer_id: 'C', answered_at: at(200) }),
    ]);
    await world.complete(at(400));
    const told = async (as_of: string) => [
      (await world.figures('outcomes/revenue', ['responses'], { as_of }))[0]?.[0],
      await world.leftOut('outcomes/revenue', { as_of }),
    ];
    assert.deepEqual(await told(at(400)), [3, {}]);
    assert.deepEqual(await told(at(290)), [3, {}]);
    assert.deepEqual(await told(at(290, -1)), [2, { window_open: 1 }]);
    assert.deepEqual(await told(at(200, -1)), [2, {}]);
    assert.deepEqual(await told(at(100)), [1, { window_open: 1 }]);
    const { status, body } = await world.send('GET', `/v1/outcomes/revenue?as_of=${at(400, 1)}`);
    assert.deepEqual([status, body.code], [400, 'not_complete']);
  },

  async 'the refresh makes the records of customers that facts mention and nobody sent'(world) {
    await world.facts('customers', [{ id: 'known', segment: 'smb' }]);
    await world.facts('responses', [response({ customer_id: 'C1' }), response({ customer_id: null })]);
    await world.facts('revenue-events', [payment({ customer_id: 'C2' }), payment({ customer_id: 'known' })]);
    await world.facts('referrals', [referral({ referrer_id: 'C3', referred_id: 'X' })]);
    await world.facts('retention-events', [retention({ customer_id: 'C4' }), retention({ customer_id: 'C1' })]);
    await world.facts('invitations', [
      { id: 'I', customer_id: 'C5', survey: 'nps', sent_at: at(1), status: 'delivered' },
    ]);
    await world.outcomes('revenue');
    const { body } = await world.send('GET', '/v1/customers');
    assert.deepEqual(
      body.data.map(({ id, segment }: { id: string; segment: string | null }) => [id, segment]),
      [
        ['C1', null],
        ['C2', null],
        ['C3', null],
        ['C4', null],
        ['C5', null],
        ['known', 'smb'],
      ],
    );
  },
});
