import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refresh } from '../../src/outcomes/refresh.ts';
import { testApi } from '../support/api.ts';
import { at, payment, response, retention, worlds } from '../support/world.ts';

worlds('The settings of the outcomes', {
  async 'days and months are those of the reporting time zone, and a change of it works everything out again'(world) {
    await world.facts('responses', [
      // 2022-04-01 begins in Berlin at 22:00 UTC (summer), 2022-11-01 at 23:00 (winter).
      response({ id: 'R1', customer_id: 'A', answered_at: '2022-03-31T21:59:59.999Z' }),
      response({ id: 'R2', customer_id: 'B', answered_at: '2022-03-31T22:00:00.000Z' }),
      response({ id: 'R3', customer_id: 'C', answered_at: '2022-10-31T22:59:59.999Z' }),
      response({ id: 'R4', customer_id: 'D', answered_at: '2022-10-31T23:00:00.000Z' }),
    ]);
    await world.complete(at(500));
    const months = (query = {}) =>
      world.figures('outcomes/revenue', ['month', 'responses'], { group_by: 'month', ...query });
    assert.deepEqual(await months(), [
      ['2022-03', 2],
      ['2022-10', 2],
    ]);
    await world.settings({ time_zone: 'Europe/Berlin' });
    const inBerlin = [
      ['2022-03', 1],
      ['2022-04', 1],
      ['2022-10', 1],
      ['2022-11', 1],
    ];
    assert.deepEqual(await months(), inBerlin);
    assert.deepEqual(await world.outcomes('place'), {
      R1: ['A', 'promoter', '2022-03-31', '2022-03-01'],
      R2: ['B', 'promoter', '2022-04-01', '2022-04-01'],
      R3: ['C', 'promoter', '2022-10-31', '2022-10-01'],
      R4: ['D', 'promoter', '2022-11-01', '2022-11-01'],
    });
    // A date is its midnight in Berlin, so these bounds are whole months and cells answer; moments read the rows.
    assert.deepEqual(await months({ from: '2022-04-01', to: '2022-11-01' }), [
      ['2022-04', 1],
      ['2022-10', 1],
    ]);
    assert.deepEqual(await months({ from: '2022-04-01T00:00:00Z', to: '2022-11-01T00:00:00Z' }), [
      ['2022-10', 1],
      ['2022-11', 1],
    ]);
    assert.deepEqual(await world.figures('analytics/scores', ['month', 'responses'], { group_by: 'month' }), inBerlin);
    await world.settings({ time_zone: 'UTC' });
    assert.deepEqual(await months(), [
      ['2022-03', 2],
      ['2022-10', 2],
    ]);
    assert.deepEqual(Object.keys(await world.outcomes('place')).length, 4);
  },

  async 'a window is so many times 24 hours, also where the clocks change within it'(world) {
    await world.settings({ time_zone: 'Europe/Berlin' });
    // Noon UTC on 2022-03-01; 90 days later by the calendar of Berlin would be an hour earlier.
    await world.facts('responses', [response({ id: 'R', answered_at: '2022-03-01T12:00:00.000Z' })]);
    await world.facts('revenue-events', [
      payment({ amount: '1', occurred_at: '2022-05-30T11:30:00.000Z' }),
      payment({ amount: '2', occurred_at: '2022-05-30T12:00:00.000Z' }),
      payment({ amount: '4', occurred_at: '2022-05-30T12:00:00.001Z' }),
    ]);
    await world.complete('2022-05-30T11:59:59.999Z');
    assert.deepEqual(await world.outcomes('revenue'), { R: ['window_open', null, null, null] });
    await world.complete('2022-05-30T12:00:00.000Z');
    assert.deepEqual(await world.outcomes('revenue'), { R: ['counted', 3, 0, 2] });
  },

  async 'the curve counts calendar days of the reporting time zone'(world) {
    await world.facts('responses', [response({ id: 'R', answered_at: '2022-03-26T22:30:00.000Z' })]);
    await world.facts('retention-events', [
      retention({ occurred_at: at(1) }),
      retention({ type: 'churned', occurred_at: '2022-03-27T22:00:00.000Z' }),
    ]);
    await world.complete(at(400));
    // In UTC the 26th and the 27th; in Berlin the 26th and, after the short night, the 28th.
    assert.deepEqual(await world.outcomes('curve'), { R: ['counted', 1] });
    await world.settings({ time_zone: 'Europe/Berlin' });
    assert.deepEqual(await world.figures('outcomes/retention/curve', ['day', 'at_risk', 'churned']), [
      [0, 1, 0],
      [2, 1, 1],
      [90, 0, 0],
    ]);
    assert.deepEqual(await world.outcomes('curve'), { R: ['counted', 2] });
  },

  async 'other windows work everything out again, and no answer is counted twice'(world) {
    await world.facts('responses', [
      response({ id: 'R1', answered_at: at(100), score: 0 }),
      response({ id: 'R2', answered_at: at(130), score: 10 }),
      response({ id: 'R3', customer_id: 'B', answered_at: at(100) }),
    ]);
    await world.facts('revenue-events', [payment({ occurred_at: at(140) })]);
    await world.complete(at(500));
    const told = async (window_days: number) => [
      await world.figures('outcomes/revenue', ['band', 'responses', 'revenue_total'], { window_days }),
      await world.figures('analytics/scores', ['responses', 'nps', 'mean_score']),
    ];
    const scores = [[3, 33.333333, 6.666667]];
    assert.deepEqual(await told(90), [
      [
        ['detractor', 1, 10],
        ['promoter', 1, 0],
      ],
      scores,
    ]);
    await world.settings({ windows_days: [90, 30] });
    assert.deepEqual(await told(30), [
      [
        ['detractor', 1, 0],
        ['promoter', 2, 10],
      ],
      scores,
    ]);
    assert.deepEqual(await told(90), [
      [
        ['detractor', 1, 10],
        ['promoter', 1, 0],
      ],
      scores,
    ]);
    assert.deepEqual(await world.outcomes('revenue', 180), {});
    await world.settings({ windows_days: [365] });
    assert.deepEqual(await told(365), [
      [
        ['detractor', 1, 10],
        ['promoter', 1, 0],
      ],
      scores,
    ]);
    await world.settings({ windows_days: [1, 365] });
    assert.deepEqual(await told(365), [
      [
        ['detractor', 1, 10],
        ['promoter', 1, 0],
      ],
      scores,
    ]);
    const { status, body } = await world.send('GET', '/v1/outcomes/revenue?window_days=90');
    assert.deepEqual([status, body.code], [400, 'unknown_window']);
    assert.deepEqual(await world.outcomes('revenue', 365), {
      R1: ['counted', 10, 0, 1],
      R2: ['not_index', null, null, null],
      R3: ['counted', 0, 0, 0],
    });
  },
});

test('a question does not work out everything again itself where much was paid, however few answered', async (t) => {
  const api = await testApi(t);
  await api.facts('surveys', [{ key: 'nps', name: 'NPS', kind: 'nps' }]);
  await api.facts('responses', [response({ id: 'R', answered_at: '2022-03-01T12:00:00.000Z' })]);
  await api.db.write((client) =>
    client.rows(
      `insert into revenue_events (id, customer_id, type, amount, currency, occurred_at, source, recorded_at, changed_at, changed_xid)
       select n, 'A', 'one_time', 1, 'EUR', '2022-03-02', 'test', now(), now(), pg_current_xact_id()
       from generate_series(1, 50001) n`,
    ),
  );
  await refresh(api.db);
  await api.send('PATCH', '/v1/settings', { currency: 'USD' }, { 'if-match': '*' });
  const { body } = await api.get('/v1/outcomes/revenue');
  assert.deepEqual(
    [body.parameters.currency, body.warnings[0]],
    ['EUR', 'The settings were changed, and this answer was worked out with the old ones; ask again shortly.'],
  );
});
