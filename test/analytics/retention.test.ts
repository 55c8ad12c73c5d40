import assert from 'node:assert/strict';
import { refresh } from '../../src/outcomes/refresh.ts';
import { newcombe } from '../real-data/figures.ts';
import { near } from '../stats/near.ts';
import { at, type Row, response, retention, worlds } from '../support/world.ts';
import { crowd, paid } from './crowd.ts';

const contracts = (name: string, count: number, row: Row): Row[] =>
  Array.from({ length: count }, (_, place) => retention({ customer_id: `${name}${place + 1}`, ...row }));
const started = { type: 'started', occurred_at: at(1) };
const churned = { type: 'churned', occurred_at: at(150) };

worlds('How many of them stay', {
  async "shares have Wilson's interval: 170 of 200, 7 of 50 and 0 of 10"(world) {
    await world.facts('responses', [
      ...crowd('P', 200),
      ...crowd('A', 10, { score: 7 }),
      ...crowd('D', 50, { score: 6 }),
    ]);
    // Promoters and passives have contracts, of which 30 and 10 end within the window; seven detractors buy again.
    await world.facts('retention-events', [
      ...contracts('P', 200, started),
      ...contracts('P', 30, churned),
      ...contracts('A', 10, started),
      ...contracts('A', 10, churned),
    ]);
    await world.facts('revenue-events', paid('D', Array(7).fill(20)));
    await world.complete(at(300));
    await refresh(world.db); // more than a question works out itself
    const { data, comparisons, reads_as, method } = await world.ask('outcomes/retention');
    const figures = ['band', 'responses', 'retained', 'judged_by_contract', 'retention_rate', 'retention_rate_low'];
    assert.deepEqual(
      data.map((row: Row) => [...figures, 'retention_rate_high'].map((name) => row[name])),
      [
        ['detractor', 50, 7, 0, 0.14, 0.069508, 0.261862],
        ['passive', 10, 0, 10, 0, 0, 0.277533],
        ['promoter', 200, 170, 200, 0.85, 0.793944, 0.892864],
      ],
    );
    const [promoter, passive] = comparisons;
    for (const [row, [hits, n]] of [
      [promoter, [170, 200]],
      [passive, [0, 10]],
    ] as const) {
      const expected = newcombe(hits, n, 7, 50);
      near(row.difference, expected.difference);
      near(row.difference_low, expected.low);
      near(row.difference_high, expected.high);
      assert.equal(row.p < 0.05, expected.low > 0 || expected.high < 0);
    }
    // 0.71, by hand from the two Wilson intervals: 0.71 - sqrt(0.056056^2 + 0.121862^2), + sqrt(0.042864^2 + 0.070492^2).
    assert.equal(
      reads_as,
      '85.0% of promoters and 14.0% of detractors were still customers, or had bought again, 90 days after answering: 71.0 points more of the promoters (95% interval 57.6 to 79.3 points more; 200 and 50 responses). An association, not a cause.',
    );
    assert.match(method, /^every customer counts once/);
  },

  async 'the sentence says what staying means: a running contract or another purchase'(world) {
    await world.facts('responses', [...crowd('P', 20), ...crowd('D', 20, { score: 6 })]);
    await world.facts('revenue-events', [...paid('P', Array(9).fill(20)), ...paid('D', Array(8).fill(20))]);
    await world.complete(at(300));
    const bought = await world.ask('outcomes/retention');
    assert.equal(
      bought.reads_as,
      '45.0% of promoters and 40.0% of detractors bought again in the 90 days after answering: no difference was found (95% interval 23.7 points fewer to 32.6 points more; 20 and 20 responses).',
    );
    const { low, high } = newcombe(9, 20, 8, 20);
    assert.deepEqual([(-100 * low).toFixed(1), (100 * high).toFixed(1)], ['23.7', '32.6']);

    await world.facts('retention-events', [
      ...contracts('P', 20, started),
      ...contracts('P', 15, churned),
      ...contracts('D', 20, started),
    ]);
    await world.complete(at(300));
    const under = await world.ask('outcomes/retention');
    assert.equal(
      under.reads_as,
      '25.0% of promoters and 100.0% of detractors were still customers 90 days after answering: 75.0 points fewer of the promoters (95% interval 47.8 to 88.8 points fewer; 20 and 20 responses). An association, not a cause.',
    );
  },

  async 'who had left before answering is left out, and so are open windows, each by its own dataset'(world) {
    await world.facts('responses', [
      response({ id: 'left', customer_id: 'A' }),
      response({ id: 'contract', customer_id: 'B' }),
      response({ id: 'buyer', customer_id: 'C' }),
      response({ id: 'anonymous', customer_id: null }),
      response({ id: 'later contract', customer_id: 'E', answered_at: at(170) }),
      response({ id: 'later buyer', customer_id: 'F', answered_at: at(170) }),
    ]);
    await world.facts('retention-events', [
      retention({ customer_id: 'A', type: 'churned', occurred_at: at(50) }),
      ...['B', 'E'].map((customer_id) => retention({ customer_id, type: 'started', occurred_at: at(10) })),
    ]);
    // Contracts are known through day 200, payments through day 260: the window of E (to day 260) is open, that of F not.
    await world.complete(at(200), 'retention-events');
    await world.complete(at(260), 'revenue-events');
    const { data, left_out, fresh, parameters } = await world.ask('outcomes/retention');
    assert.deepEqual(left_out, [
      { reason: 'anonymous', responses: 1 },
      { reason: 'window_open', responses: 1 },
      { reason: 'not_active_when_answered', responses: 1 },
    ]);
    // B stayed; C and F did not buy again.
    assert.deepEqual([data[0].responses, data[0].retained, data[0].judged_by_contract], [3, 1, 1]);
    assert.deepEqual([fresh.complete_through, parameters.as_of], [at(260), at(260)]);
  },

  async 'without any event there is no data'(world) {
    await world.facts('responses', crowd('P', 2));
    const { data, left_out, reads_as } = await world.ask('outcomes/retention');
    assert.deepEqual([data, left_out], [[], [{ reason: 'no_data', responses: 2 }]]);
    assert.equal(
      reads_as,
      'Nothing can be told of retention: no retention events or revenue events were sent yet. That is not the same as zero.',
    );
  },
});
