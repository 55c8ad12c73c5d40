import assert from 'node:assert/strict';
import { at, payment, rate, response, worlds } from '../support/world.ts';
import { crowd, longAgo, paid } from './crowd.ts';

// The two samples of Welch's vector, as what promoters and detractors spent in the 90 days after answering.
const promoters = [1200, 950, 1800, 2200, 700, 1500, 1300];
const detractors = [600, 800, 400, 1000, 300, 900];
const sameFor = (count: number, amount: number) => Array.from({ length: count }, () => amount);

worlds('What promoters and detractors spend', {
  async 'where every customer counts once, figures have t and Wilson intervals, differences those of Welch and Newcombe'(
    world,
  ) {
    await world.facts('responses', [...crowd('P', 7), ...crowd('D', 6, { score: 3 })]);
    await world.facts('revenue-events', [
      ...paid('P', promoters),
      ...paid('P', sameFor(7, 500), { occurred_at: at(90) }),
      ...paid('D', detractors),
      ...paid('D', sameFor(6, 600), { occurred_at: at(90) }),
      longAgo,
    ]);
    await world.complete(at(300));
    const answer = await world.ask('outcomes/revenue', { survey: 'nps' });

    // Intervals from scipy: 1378.57 = 9650 / 7, 666.67 = 4000 / 6; before, all of a band spent the same, so nothing
    // tells how far that mean may be off. Everybody paid: Wilson's interval of 7/7 is [7 / (7 + z^2), 1].
    const noMedian = { revenue_after_median: null, revenue_after_median_low: null, revenue_after_median_high: null };
    const detractor = {
      survey: 'nps',
      band: 'detractor',
      responses: 6,
      customers: 6,
      revenue_after: 666.666667,
      revenue_after_low: 372.32538,
      revenue_after_high: 961.007953,
      revenue_before: 600,
      revenue_before_low: null,
      revenue_before_high: null,
      change: 66.666667,
      change_low: -227.67462,
      change_high: 361.007953,
      repeat_rate: 1,
      repeat_rate_low: 0.609666,
      repeat_rate_high: 1,
      ...noMedian,
      revenue_total: 4000,
      orders: 6,
      withheld: null,
    };
    const promoter = {
      survey: 'nps',
      band: 'promoter',
      responses: 7,
      customers: 7,
      revenue_after: 1378.571429,
      revenue_after_low: 908.613006,
      revenue_after_high: 1848.529851,
      revenue_before: 500,
      revenue_before_low: null,
      revenue_before_high: null,
      change: 878.571429,
      change_low: 408.613006,
      change_high: 1348.529851,
      repeat_rate: 1,
      repeat_rate_low: 0.64567,
      repeat_rate_high: 1,
      ...noMedian,
      revenue_total: 9650,
      orders: 7,
      withheld: null,
    };
    assert.deepEqual(answer.data, [detractor, promoter]);

    // p from scipy.stats.ttest_ind, q from its false_discovery_control over 0.010295, 0.004947 and 1.
    const pair = { survey: 'nps', band: 'promoter', against: 'detractor' };
    assert.deepEqual(answer.comparisons, [
      {
        ...pair,
        measure: 'revenue_after',
        difference: 711.904762,
        difference_low: 210.64771,
        difference_high: 1213.161814,
        p: 0.01029,
        q: 0.01544,
      },
      {
        ...pair,
        measure: 'change',
        difference: 811.904762,
        difference_low: 310.64771,
        difference_high: 1313.161814,
        p: 0.004947,
        q: 0.01484,
      },
      {
        ...pair,
        measure: 'repeat_rate',
        difference: 0,
        difference_low: -0.35433,
        difference_high: 0.390334,
        p: 1,
        q: 1,
      },
    ]);
    assert.equal(
      answer.reads_as,
      'In the 90 days after answering, promoters spent 711.90 EUR more on average than detractors (95% interval 210.65 to 1,213.16 EUR more; 7 and 6 responses). Compared with the 90 days before, promoters gained 811.90 EUR on detractors. An association, not a cause.',
    );
    assert.equal(answer.question, 'outcomes/revenue');
    assert.deepEqual([answer.definition.id, answer.definition.version], ['revenue_after', 1]);
    assert.deepEqual(answer.parameters, {
      survey: 'nps',
      group_by: [],
      from: null,
      to: null,
      window_days: 90,
      as_of: at(300),
      currency: 'EUR',
      statistics: 'mean',
      min_n: 1,
      time_zone: 'UTC',
    });
    assert.deepEqual(answer.left_out, []);
    assert.deepEqual([answer.fresh.complete_through, answer.fresh.pending], [at(300), 0]);
    assert.ok(Date.parse(answer.fresh.refreshed_at) > Date.now() - 60_000);
    assert.equal(
      answer.method,
      'every customer counts once: t and Wilson intervals, differences by Welch and Newcombe; where a few customers pay far more than the others, the mean of fewer than 200 responses lies above its interval more often than 2.5% of the time: see statistics=median; q by Benjamini and Hochberg over 3 comparisons',
    );
    assert.deepEqual(answer.warnings, []);
  },

  async 'windows that reach back to before any revenue is known are warned of'(world) {
    // Revenue from 20 March on, so 90 days are known from 30 June on, 90 days after the end of that month.
    await world.facts('responses', [
      ...crowd('P', 7, { segment: 's' }),
      ...crowd('D', 6, { score: 3, segment: 's', answered_at: at(185) }),
    ]);
    await world.facts('revenue-events', [...paid('P', promoters), ...paid('D', detractors, { occurred_at: at(78) })]);
    await world.complete(at(300));
    const warned = async (query: Record<string, string>) =>
      (await world.ask('outcomes/revenue', query)).warnings.filter((text: string) => text.includes('revenue_before'));
    const warning = (count: string) =>
      `Revenue events begin in 2022-03: for up to ${count} responses the 90 days before the answer are not all known, so revenue_before may be too low for them, and change too high. from=2022-06-30 leaves them out.`;
    assert.deepEqual(await warned({}), [warning('7 of 13')]);
    // From single outcomes, and by years within a dimension, which say less.
    assert.deepEqual(await warned({ as_of: at(299) }), [warning('7 of 13')]);
    assert.deepEqual(await warned({ segment: 's' }), [warning('13 of 13')]);
    assert.deepEqual(await warned({ from: '2022-06-30' }), []);
    const { warnings } = await world.ask('outcomes/summary');
    assert.ok(warnings.includes(warning('7 of 13')));
  },

  async 'q is over all comparisons of the answer, passives and every measure included'(world) {
    await world.facts('responses', [...crowd('P', 7), ...crowd('A', 5, { score: 8 }), ...crowd('D', 6, { score: 3 })]);
    await world.facts('revenue-events', [
      ...paid('P', promoters),
      ...paid('A', [700, 0, 900, 650, 0]),
      ...paid('D', detractors),
    ]);
    await world.complete(at(300));
    const { comparisons, method } = await world.ask('outcomes/revenue');
    // In order of p, q is the smallest of p m / rank from there on, with m = 6.
    const ps: number[] = comparisons.map(({ p }: { p: number }) => p);
    const ranked = ps.toSorted((one, other) => one - other);
    for (const { p, q } of comparisons) {
      const rank = ranked.indexOf(p);
      const expected = Math.min(...ranked.slice(rank).map((one) => (one * 6) / (ranked.lastIndexOf(one) + 1)));
      assert.ok(Math.abs(q - expected) <= 1e-3 * expected, `${q} is not ${expected}`);
    }
    assert.equal(comparisons.length, 6);
    assert.match(method, /over 6 comparisons$/);
  },

  async 'every response counts or is left out for one reason'(world) {
    await world.facts('surveys', [
      { key: 'leaving', name: 'Why do you leave?', kind: 'nps', triggered_by_leaving: true },
    ]);
    await world.facts('exchange-rates', [rate({ valid_on: '2022-04-20' })]);
    await world.facts('responses', [
      ...crowd('P', 2),
      response({ customer_id: 'P1', answered_at: at(150) }), // within 90 days of the index response of P1
      response({ customer_id: 'P1', answered_at: at(190) }), // 90 days after it: an index response again
      response({ customer_id: null }),
      response({ customer_id: null, score: 2 }),
      response({ customer_id: 'L', survey: 'leaving' }),
      response({ customer_id: 'O', answered_at: at(211) }), // its window ends on day 301
      response({ customer_id: 'X' }), // paid in a currency that has no rate
      response({ customer_id: 'Y' }), // has one
    ]);
    await world.facts('revenue-events', [
      payment({ customer_id: 'X', currency: 'CHF' }),
      payment({ customer_id: 'Y', currency: 'USD', amount: '10.00' }),
    ]);
    await world.complete(at(300));
    const answer = await world.ask('outcomes/revenue');
    assert.deepEqual(answer.left_out, [
      { reason: 'anonymous', responses: 2 },
      { reason: 'survey_triggered_by_leaving', responses: 1 },
      { reason: 'not_an_index_response', responses: 1 },
      { reason: 'window_open', responses: 1 },
      { reason: 'no_exchange_rate', responses: 1 },
    ]);
    // P1 twice, P2 and Y: 4 and 6 of 10. Y paid 10 USD at 0.9.
    const [, promoter] = answer.data.filter(({ survey }: { survey: string }) => survey === 'nps');
    assert.deepEqual([promoter.responses, promoter.customers, promoter.revenue_total], [4, 3, 9]);
    assert.ok(
      answer.warnings.includes(
        '1 response is left out because a payment has no exchange rate to EUR: send it to /v1/exchange-rates.',
      ),
    );
  },

  async 'refunds and credits lower revenue and are no orders'(world) {
    await world.facts('responses', [response({ customer_id: 'A' })]);
    await world.facts('revenue-events', [
      payment({ amount: '100.00' }),
      payment({ amount: '-130.00', type: 'refund' }),
      payment({ amount: '-5.50', type: 'credit', occurred_at: at(95) }),
    ]);
    await world.complete(at(300));
    const [row] = (await world.ask('outcomes/revenue')).data;
    assert.deepEqual(
      [row.revenue_after, row.revenue_before, row.change, row.orders, row.repeat_rate],
      [-30, -5.5, -24.5, 1, 1],
    );
  },

  async 'money is told with the decimals of its currency'(world) {
    await world.settings({ currency: 'JPY' });
    await world.facts('responses', [...crowd('P', 3), ...crowd('D', 3, { score: 0 })]);
    const yen = { currency: 'JPY' };
    const amounts = (name: string, list: number[]) =>
      paid(name, list).map((row, place) => ({ ...row, ...yen, amount: String(list[place]) }));
    await world.facts('revenue-events', [...amounts('P', [9000, 10_000, 11_000]), ...amounts('D', [900, 1000, 1100])]);
    await world.complete(at(300));
    const { reads_as, parameters } = await world.ask('outcomes/revenue');
    assert.equal(parameters.currency, 'JPY');
    // Welch: 9,000 -+ t(2.04) 580.2.
    assert.match(
      reads_as,
      /promoters spent 9,000 JPY more on average than detractors \(95% interval 6,\d{3} to 11,\d{3} JPY more;/,
    );
  },
});
