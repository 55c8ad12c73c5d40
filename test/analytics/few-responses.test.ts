import assert from 'node:assert/strict';
import { at, response, worlds } from '../support/world.ts';
import { crowd, paid } from './crowd.ts';

worlds('Little or nothing to tell', {
  async 'a dataset that was never sent gives no data and not zero'(world) {
    await world.facts('responses', [...crowd('P', 3), response({ customer_id: null })]);
    const answer = await world.ask('outcomes/revenue');
    assert.deepEqual([answer.data, answer.comparisons], [[], []]);
    assert.deepEqual(answer.left_out, [
      { reason: 'anonymous', responses: 1 },
      { reason: 'no_data', responses: 3 },
    ]);
    assert.equal(
      answer.reads_as,
      'Nothing can be told of revenue: no revenue events were sent yet. That is not the same as zero.',
    );
    assert.deepEqual([answer.fresh.complete_through, answer.parameters.as_of], [null, null]);
    // Its sender says that nothing happened: that is zero.
    await world.complete(at(300), 'revenue-events');
    const [row] = (await world.ask('outcomes/revenue')).data;
    assert.deepEqual([row.responses, row.revenue_after, row.repeat_rate], [3, 0, 0]);
  },

  async 'without a response there are no rows'(world) {
    await world.complete(at(300));
    const answer = await world.ask('outcomes/revenue');
    assert.deepEqual([answer.data, answer.comparisons, answer.left_out, answer.warnings], [[], [], [], []]);
    assert.equal(answer.reads_as, 'No responses were found for this question.');
  },

  async 'one response has a figure and no interval; where none counts yet the reasons are told'(world) {
    await world.facts('responses', [response({ id: 'one', customer_id: 'P1' })]);
    await world.facts('revenue-events', paid('P', [50]));
    await world.complete(at(120));
    const open = await world.ask('outcomes/revenue');
    assert.deepEqual(
      open.data.map((row: Record<string, unknown>) => [row.responses, row.revenue_after, row.withheld]),
      [[0, null, 'no response counts yet']],
    );
    assert.equal(open.reads_as, 'The only response does not count: 1 window open.');
    await world.complete(at(300));
    const { data, comparisons, reads_as } = await world.ask('outcomes/revenue');
    assert.deepEqual(comparisons, []);
    assert.deepEqual(
      [data[0].revenue_after, data[0].revenue_after_low, data[0].repeat_rate, data[0].repeat_rate_low],
      [50, null, 1, 0.206549], // Wilson of 1/1: 1 / (1 + z^2)
    );
    assert.equal(reads_as, 'Too few responses with an elapsed window of 90 days to compare promoters with detractors.');
  },

  async 'where all of a band spent alike the difference is told without an interval'(world) {
    await world.facts('responses', [...crowd('P', 5), ...crowd('D', 5, { score: 0 })]);
    await world.facts('revenue-events', [...paid('P', [40, 40, 40, 40, 40]), ...paid('D', [25, 25, 25, 25, 25])]);
    await world.complete(at(300));
    const { comparisons, reads_as } = await world.ask('outcomes/revenue');
    assert.deepEqual(
      [comparisons[0].difference, comparisons[0].difference_low, comparisons[0].p, comparisons[0].q],
      [15, null, null, null],
    );
    assert.equal(
      reads_as,
      'In the 90 days after answering, promoters spent 15.00 EUR more on average than detractors (5 and 5 responses, which give no interval).',
    );
  },

  async 'fewer responses than min_n have no figures, and one withheld band is compared with nothing'(world) {
    await world.facts('responses', [...crowd('P', 10), ...crowd('D', 9, { score: 0 })]);
    await world.complete(at(300));
    const { data, comparisons, warnings, parameters } = await world.ask('outcomes/revenue', { min_n: 10 });
    assert.deepEqual(
      data.map((row: Record<string, unknown>) => [
        row.band,
        row.responses,
        row.customers,
        row.revenue_after,
        row.withheld,
      ]),
      [
        ['detractor', 9, 9, null, 'fewer than 10 responses'],
        ['promoter', 10, 10, 0, null],
      ],
    );
    assert.deepEqual([data[0].revenue_total, data[0].orders, data[0].repeat_rate_low], [null, null, null]);
    assert.deepEqual([comparisons, parameters.min_n], [[], 10]);
    assert.deepEqual(warnings, ['1 of 2 rows has too few responses or people to tell a figure.']);
    // 10 unless given.
    const { body } = await world.send('GET', '/v1/outcomes/revenue?window_days=90');
    assert.deepEqual(body.data, data);
  },
});
