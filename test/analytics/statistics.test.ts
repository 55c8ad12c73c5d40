import assert from 'node:assert/strict';
import { at, payment, type Row, response, type World, worlds } from '../support/world.ts';
import { crowd, longAgo, paid } from './crowd.ts';

const path = 'outcomes/revenue';
const promoters = [1200, 950, 1800, 2200, 700, 1500, 1300];
const detractors = [600, 800, 400, 1000, 300];

async function send(world: World): Promise<void> {
  await world.facts('responses', [...crowd('P', 7), ...crowd('D', 5, { score: 3 })]);
  await world.facts('revenue-events', [...paid('P', promoters), ...paid('D', detractors)]);
  await world.complete(at(300));
}
const medians = ['band', 'revenue_after_median', 'revenue_after_median_low', 'revenue_after_median_high'];

worlds('Medians and the bootstrap', {
  async 'medians stand beside the means, with order statistics as limits'(world) {
    await send(world);
    // Sorted: 300 400 600 800 1000, too few for limits; 700 950 1200 1300 1500 1800 2200: the first and the last of seven,
    // since P(X = 0) = 1/128 and P(X <= 1) = 8/128 = 0.0625.
    assert.deepEqual(await world.figures(path, medians, { statistics: 'median' }), [
      ['detractor', 600, null, null],
      ['promoter', 1300, 700, 2200],
    ]);
    assert.deepEqual(await world.figures(path, medians), [
      ['detractor', null, null, null],
      ['promoter', null, null, null],
    ]);
    const few = await world.ask(path, { statistics: 'median', min_n: 6 });
    assert.deepEqual(
      few.data.map(({ revenue_after_median, withheld }: Row) => [revenue_after_median, withheld]),
      [
        [null, 'fewer than 6 responses'],
        [1300, null],
      ],
    );
    const usual = await world.ask(path);
    const { method, parameters, comparisons } = await world.ask(path, { statistics: 'median' });
    assert.match(method, /medians with the order statistics/);
    assert.equal(parameters.statistics, 'median');
    assert.deepEqual(comparisons, usual.comparisons);
  },

  async 'of groups and of customers who count twice, each by its own'(world) {
    await world.facts('responses', [
      ...crowd('P', 3, { segment: 'a' }),
      response({ customer_id: 'P1', answered_at: at(200), segment: 'a' }),
      ...crowd('Q', 2, { segment: null }),
    ]);
    await world.facts('revenue-events', [
      ...paid('P', [10, 20, 30]),
      payment({ customer_id: 'P1', amount: '25.00', occurred_at: at(210) }),
      ...paid('Q', [7, 8]),
    ]);
    await world.complete(at(300));
    // 10 20 25 30 and 7 8.
    assert.deepEqual(
      await world.figures(path, ['segment', 'revenue_after_median'], { statistics: 'median', group_by: 'segment' }),
      [
        ['a', 22.5],
        [null, 7.5],
      ],
    );
  },

  async 'a bootstrap puts its limits in the place of the others, the same for the same seed'(world) {
    await world.facts('revenue-events', [longAgo]);
    await send(world);
    const usual = await world.ask(path);
    const one = await world.ask(path, { statistics: 'bootstrap' });
    const again = await world.ask(path, { statistics: 'bootstrap', seed: 1 });
    const other = await world.ask(path, { statistics: 'bootstrap', seed: 2 });
    assert.deepEqual(one.comparisons, again.comparisons);
    assert.notDeepEqual(one.comparisons, other.comparisons);
    const differences = ({ comparisons }: { comparisons: Row[] }) =>
      comparisons.map(({ measure, band, difference }) => [measure, band, difference]);
    assert.deepEqual(differences(one), differences(usual));
    const [revenue, change, repeat] = one.comparisons;
    // No mean of seven is above 2200, none of five below 300; and 1378.57 - 620 lies within.
    assert.ok(revenue.difference_low > 0 && revenue.difference_high < 1900 && revenue.p < 0.05);
    assert.ok(revenue.difference_low < 758.57 && revenue.difference_high > 758.57);
    // Nobody paid before, so the change is the revenue; everybody paid after, so nothing varies.
    assert.deepEqual(
      [change.difference_low, change.difference_high],
      [revenue.difference_low, revenue.difference_high],
    );
    assert.deepEqual([repeat.difference_low, repeat.p], [null, null]);
    assert.deepEqual([one.parameters.seed, one.parameters.resamples], [1, 1999]);
    assert.match(one.method, /by 1,999 bootstrap resamples of customers, percentiles; q .* over 2 comparisons$/);
    assert.deepEqual(one.warnings, [
      'Fewer than 30 customers in a band: the percentiles of a bootstrap are then too narrow.',
    ]);
  },

  async 'other statistics are refused, and named ones only of revenue'(world) {
    for (const wrong of ['statistics=mode', 'statistics=bootstrap&seed=-1', 'statistics=bootstrap&seed=x'])
      assert.equal((await world.send('GET', `/v1/${path}?${wrong}`)).status, 400, wrong);
    assert.equal((await world.send('GET', '/v1/outcomes/retention?statistics=median')).status, 400);
  },
});
