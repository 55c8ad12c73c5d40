import assert from 'node:assert/strict';
import { at, payment, type Row, response, retention, type World, worlds } from '../support/world.ts';

/** Events of one customer each: its type and when, in order of their ids. The customer answers at day 100, W is 90. */
async function tell(world: World, histories: Record<string, [type: string, when: string][]>): Promise<void> {
  await world.facts(
    'responses',
    Object.keys(histories).map((name) => response({ id: name, customer_id: name })),
  );
  const events = Object.entries(histories).flatMap(([customer_id, history]) =>
    history.map(
      ([type, occurred_at], place): Row => ({ id: `${customer_id}-${place}`, customer_id, type, occurred_at }),
    ),
  );
  if (events.length > 0) await world.facts('retention-events', events);
  await world.complete(at(400));
}

const answered = at(100);
const end = at(190);

worlds('Retention', {
  async 'a customer with a contract is judged by its last event up to the end of the window'(world) {
    await tell(world, {
      stays: [['started', at(10)]],
      'leaves at the end': [
        ['started', at(10)],
        ['churned', end],
      ],
      'leaves a millisecond later': [
        ['started', at(10)],
        ['churned', at(190, 1)],
      ],
      'leaves a millisecond after answering': [
        ['renewed', at(10)],
        ['churned', at(100, 1)],
      ],
      'comes back in time': [
        ['started', at(10)],
        ['churned', at(120)],
        ['reactivated', end],
      ],
      'comes back too late': [
        ['started', at(10)],
        ['churned', at(120)],
        ['reactivated', at(190, 1)],
      ],
      'leaves twice': [
        ['started', at(10)],
        ['churned', at(120)],
        ['reactivated', at(130)],
        ['churned', at(140)],
      ],
    });
    assert.deepEqual(await world.outcomes('retention'), {
      stays: ['counted', 'contract', true],
      'leaves at the end': ['counted', 'contract', false],
      'leaves a millisecond later': ['counted', 'contract', true],
      'leaves a millisecond after answering': ['counted', 'contract', false],
      'comes back in time': ['counted', 'contract', true],
      'comes back too late': ['counted', 'contract', false],
      'leaves twice': ['counted', 'contract', false],
    });
    assert.deepEqual(
      await world.figures('outcomes/retention', [
        'band',
        'responses',
        'retained',
        'judged_by_contract',
        'retention_rate',
      ]),
      [['promoter', 7, 3, 7, 0.428571]],
    );
    // The curve counts calendar days to the first churn after the answer; a churn on the same day is day 1.
    assert.deepEqual(await world.outcomes('curve'), {
      stays: ['counted', null],
      'leaves at the end': ['counted', 90],
      'leaves a millisecond later': ['counted', 90],
      'leaves a millisecond after answering': ['counted', 1],
      'comes back in time': ['counted', 20],
      'comes back too late': ['counted', 20],
      'leaves twice': ['counted', 20],
    });
    // 7 at risk; 1 leaves on day 1, 3 on day 20, 2 on day 90.
    assert.deepEqual(await world.figures('outcomes/retention/curve', ['day', 'at_risk', 'churned', 'survival']), [
      [0, 7, 0, 1],
      [1, 7, 1, 0.857143],
      [20, 6, 3, 0.428571],
      [90, 3, 2, 0.142857],
    ]);
  },

  async 'who had left by the answer is not counted, also where it leaves in the same moment'(world) {
    await tell(world, {
      'left before': [
        ['started', at(10)],
        ['churned', at(50)],
      ],
      'leaves while answering': [
        ['started', at(10)],
        ['churned', answered],
      ],
      'left and comes back later': [
        ['churned', at(50)],
        ['reactivated', at(150)],
      ],
      'came back before': [
        ['churned', at(50)],
        ['reactivated', answered],
      ],
    });
    assert.deepEqual(await world.outcomes('retention'), {
      'left before': ['not_active', null, null],
      'leaves while answering': ['not_active', null, null],
      'left and comes back later': ['not_active', null, null],
      'came back before': ['counted', 'contract', true],
    });
    assert.deepEqual(await world.leftOut('outcomes/retention'), { not_active_when_answered: 3 });
    assert.deepEqual(await world.leftOut('outcomes/retention/curve'), { not_active_when_answered: 3 });
    // Their revenue counts all the same.
    assert.deepEqual(await world.figures('outcomes/revenue', ['responses']), [[4]]);
  },

  async 'before its first event a customer was one if that event is a renewal or a churn'(world) {
    await tell(world, {
      'renewed later': [['renewed', at(250)]],
      'churned within': [['churned', at(150)]],
      'churned later': [['churned', at(250)]],
      'started within': [['started', at(150)]],
      'started later': [['started', at(250)]],
      'reactivated within': [['reactivated', at(150)]],
      'renewed then churned': [
        ['renewed', at(150)],
        ['churned', at(160)],
      ],
    });
    assert.deepEqual(await world.outcomes('retention'), {
      'renewed later': ['counted', 'contract', true],
      'churned within': ['counted', 'contract', false],
      'churned later': ['counted', 'contract', true],
      'started within': ['not_active', null, null],
      'started later': ['not_active', null, null],
      'reactivated within': ['not_active', null, null],
      'renewed then churned': ['counted', 'contract', false],
    });
  },

  async 'of two events in the same moment the one with the greater id holds'(world) {
    await tell(world, {
      'churn last': [
        ['renewed', at(150)],
        ['churned', at(150)],
      ],
      'churn first': [
        ['churned', at(150)],
        ['reactivated', at(150)],
      ],
      'at the answer, churn last': [
        ['renewed', answered],
        ['churned', answered],
      ],
      'at the answer, churn first': [
        ['churned', answered],
        ['reactivated', answered],
      ],
      // The first event after the answer decides, of two at once the one with the smaller id.
      'first ones, started first': [
        ['started', at(150)],
        ['churned', at(150)],
      ],
      'first ones, renewed first': [
        ['renewed', at(150)],
        ['started', at(150)],
      ],
    });
    assert.deepEqual(await world.outcomes('retention'), {
      'churn last': ['counted', 'contract', false],
      'churn first': ['counted', 'contract', true],
      'at the answer, churn last': ['not_active', null, null],
      'at the answer, churn first': ['counted', 'contract', true],
      'first ones, started first': ['not_active', null, null],
      'first ones, renewed first': ['counted', 'contract', true],
    });
  },

  async 'a customer without a contract is retained when it buys again, whatever it bought before'(world) {
    await tell(world, {
      again: [],
      before: [],
      'at the answer': [],
      'at the end': [],
      late: [],
      refunded: [],
      'gets a contract': [],
    });
    await world.facts('revenue-events', [
      payment({ customer_id: 'again', occurred_at: at(100, 1) }),
      payment({ customer_id: 'before', occurred_at: at(99) }),
      payment({ customer_id: 'at the answer', occurred_at: answered }),
      payment({ customer_id: 'at the end', occurred_at: end }),
      payment({ customer_id: 'late', occurred_at: at(190, 1) }),
      payment({ customer_id: 'refunded', type: 'refund', amount: '-1' }),
      payment({ customer_id: 'gets a contract' }),
    ]);
    const expected: Record<string, unknown[]> = {
      again: ['counted', 'activity', true],
      before: ['counted', 'activity', false],
      'at the answer': ['counted', 'activity', false],
      'at the end': ['counted', 'activity', true],
      late: ['counted', 'activity', false],
      refunded: ['counted', 'activity', false],
      'gets a contract': ['counted', 'activity', true],
    };
    assert.deepEqual(await world.outcomes('retention'), expected);
    assert.deepEqual(await world.leftOut('outcomes/retention/curve'), { no_contract: 7 });
    // Any event makes it a customer with a contract, also one long after the window.
    await world.facts('retention-events', [
      retention({ customer_id: 'gets a contract', type: 'churned', occurred_at: at(399) }),
    ]);
    expected['gets a contract'] = ['counted', 'contract', true];
    assert.deepEqual(await world.figures('outcomes/retention', ['responses', 'retained', 'judged_by_contract']), [
      [7, 3, 1],
    ]);
    assert.deepEqual(await world.outcomes('retention'), expected);
    assert.deepEqual(await world.figures('outcomes/retention/curve', ['day', 'at_risk', 'churned', 'survival']), [
      [0, 1, 0, 1],
      [90, 1, 0, 1],
    ]);
  },

  async 'a churn shows in the curve at once, and in the share only when the window has elapsed'(world) {
    await tell(world, { R1: [['started', at(10)]], R2: [['started', at(10)]] });
    await world.complete(at(150));
    await world.facts('retention-events', [retention({ customer_id: 'R1', type: 'churned', occurred_at: at(130) })]);
    assert.deepEqual(await world.figures('outcomes/retention/curve', ['day', 'at_risk', 'churned', 'survival']), [
      [0, 2, 0, 1],
      [30, 2, 1, 0.5],
    ]);
    assert.deepEqual(await world.leftOut('outcomes/retention'), { window_open: 2 });
    assert.deepEqual(await world.outcomes('curve'), { R1: ['counted', 30], R2: ['counted', null] });
    // What happens after the data is complete is not on the curve yet.
    await world.facts('retention-events', [retention({ customer_id: 'R2', type: 'churned', occurred_at: at(180) })]);
    assert.deepEqual(await world.figures('outcomes/retention/curve', ['day', 'at_risk', 'churned', 'survival']), [
      [0, 2, 0, 1],
      [30, 2, 1, 0.5],
    ]);
    await world.complete(at(190));
    assert.deepEqual(await world.figures('outcomes/retention', ['responses', 'retained']), [[2, 0]]);
  },
});
