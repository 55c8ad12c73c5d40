import assert from 'node:assert/strict';
import { wilson } from '../../real-data/figures.ts';
import { near } from '../../stats/near.ts';
import { customer, payment, type Row, rate, worlds } from '../../support/world.ts';
import { amountShare, jackknife, paysIn, vector } from './customers.ts';

const path = 'analytics/revenue-retention';

worlds('How much of their revenue customers keep bringing', {
  async 'NRR, GRR and logo retention are those of the vector'(world) {
    await world.facts('revenue-events', vector);
    await world.complete('2024-01-01T00:00:00Z');
    const { data, reads_as, left_out, parameters, warnings, comparisons, definition } = await world.ask(path);
    assert.equal(data.length, 1);
    const [row] = data;
    assert.deepEqual(
      [row.period, row.period_from, row.period_to, row.base_from, row.base_to],
      ['2023-01 to 2023-12', '2023-01-01', '2024-01-01', '2022-01-01', '2023-01-01'],
    );
    assert.deepEqual([row.base_customers, row.base_revenue, row.revenue], [4, 1000, 900]);
    // Kept: 120 + 150 + 0 + 400; capped: 100 + 150 + 0 + 400; a, b and d are still there.
    assert.deepEqual([row.kept_revenue, row.capped_revenue, row.active_customers], [670, 650, 3]);
    assert.deepEqual([row.nrr, row.grr, row.logo_retention], [0.67, 0.65, 0.75]);
    assert.deepEqual(
      [row.reactivated_customers, row.reactivated_revenue, row.new_customers, row.new_revenue, row.not_in_base],
      [0, 0, 3, 230, 0],
    );
    const interval = jackknife([
      { customer: 'a', numerator: 120, denominator: 100 },
      { customer: 'b', numerator: 150, denominator: 200 },
      { customer: 'c', numerator: 0, denominator: 300 },
      { customer: 'd', numerator: 400, denominator: 400 },
    ]);
    near(row.nrr_low, interval.low);
    near(row.nrr_high, interval.high);
    const gross = amountShare([
      { customer: 'a', numerator: 100, denominator: 100 },
      { customer: 'b', numerator: 150, denominator: 200 },
      { customer: 'c', numerator: 0, denominator: 300 },
      { customer: 'd', numerator: 400, denominator: 400 },
    ]);
    near(row.grr_low, gross.low);
    near(row.grr_high, gross.high);
    near(row.logo_retention_low, wilson(3, 4).low);
    near(row.logo_retention_high, wilson(3, 4).high);
    assert.equal(row.withheld, null);
    assert.deepEqual([left_out, comparisons, warnings], [[], [], []]);
    assert.deepEqual(parameters, {
      by: 'trailing_year',
      against: 'year_before',
      group_by: [],
      from: '2023-01-01',
      to: '2024-01-01',
      currency: 'EUR',
      min_n: 1,
      time_zone: 'UTC',
    });
    assert.equal(definition.id, 'revenue_retention');
    const share = (value: number) => `${(100 * value).toFixed(1)}%`;
    assert.match(
      reads_as,
      new RegExp(
        `^In the 12 months from 2023-01 to 2023-12, customers who had paid in the 12 months before paid 67\\.0% of what they had paid then \\(net revenue retention; 95% interval ${share(interval.low)} to ${share(interval.high)}; 4 customers, 1,000\\.00 EUR\\)\\. Without those who paid more, it is 65\\.0% \\(gross; .*, and 75\\.0% of them still paid \\(95% interval 30\\.1% to 95\\.4%\\)\\. Beside it, 230\\.00 EUR came from 3 new customers\\.$`,
      ),
    );
  },

  async 'who stayed away for a year is reactivated; who is not above zero in the base is not in it'(world) {
    await world.facts('revenue-events', [
      ...paysIn('stays', { '2022-02': 100, '2023-02': 90 }),
      ...paysIn('back', { '2021-07': 500, '2023-02': 60 }),
      // Bought and gave back in the base: nothing to retain, but no new customer either.
      ...paysIn('undone', { '2022-03': 40, '2022-04': -40, '2023-02': 25 }),
      // Only a refund in the base, for what was bought before it.
      ...paysIn('refunded', { '2021-12': 70, '2022-01': -30 }),
      ...paysIn('new', { '2023-11': 10 }),
    ]);
    await world.complete('2024-01-01T00:00:00Z');
    const { data, left_out } = await world.ask(path);
    const [row] = data;
    assert.deepEqual(
      [row.base_customers, row.base_revenue, row.kept_revenue, row.revenue, row.nrr],
      [1, 100, 90, 185, 0.9],
    );
    assert.deepEqual([row.reactivated_customers, row.reactivated_revenue], [2, 85]);
    assert.deepEqual([row.new_customers, row.new_revenue, row.not_in_base], [1, 10, 2]);
    // One customer gives no spread.
    assert.deepEqual([row.nrr_low, row.nrr_high], [null, null]);
    assert.deepEqual(left_out, [{ reason: 'base_revenue_not_above_zero', customers: 2 }]);
  },

  async 'a refund counts in the month in which it is given, and may bring a period below zero'(world) {
    await world.facts('revenue-events', [
      ...paysIn('a', { '2022-11': 100, '2022-12': 80, '2023-01': -20 }),
      ...paysIn('b', { '2022-11': 50, '2022-12': 50, '2023-01': 50 }),
    ]);
    await world.complete('2023-02-01T00:00:00Z');
    const { data, comparisons, reads_as } = await world.ask(path, { by: 'month', against: 'previous' });
    assert.deepEqual(
      data.map((row: Row) => [
        row.period,
        row.base_revenue,
        row.kept_revenue,
        row.capped_revenue,
        row.active_customers,
      ]),
      [
        ['2022-12', 150, 130, 130, 2],
        ['2023-01', 130, 30, 30, 1],
      ],
    );
    near(data[1].nrr, 30 / 130);
    assert.deepEqual([data[0].withheld, data[1].logo_retention], [null, 0.5]);
    // The same customers are in both periods, so each is left out of both at once.
    assert.equal(comparisons.length, 1);
    const [change] = comparisons;
    assert.deepEqual([change.period, change.measure, change.against], ['2023-01', 'nrr', '2022-12']);
    near(change.difference, 30 / 130 - 130 / 150);
    // Two groups: without a 50/50 - 50/50 = 0, without b -20/80 - 80/100 = -1.05. v = 1/2 ((0 - d)^2 + (-1.05 - d)^2).
    const d = 30 / 130 - 130 / 150;
    const half = 12.706204736432095 * Math.sqrt((d ** 2 + (-1.05 - d) ** 2) / 2);
    near(change.difference_low, d - half, 1e-5);
    near(change.difference_high, d + half, 1e-5);
    assert.match(reads_as, /^In 2023-01, customers who had paid in the month before paid 23\.1% of what they had paid/);
    assert.match(reads_as, /No difference of net retention from 2022-12 was found/);
  },

  async 'without revenue in the base nothing is divided, and only complete periods are told'(world) {
    await world.facts('revenue-events', paysIn('a', { '2022-06': 10, '2022-07': 20, '2022-08': 5 }));
    await world.complete('2022-08-20T00:00:00Z');
    const first = await world.ask(path, { by: 'month', against: 'previous', from: '2022-06', to: '2022-09-01' });
    assert.deepEqual(
      first.data.map((row: Row) => [row.period, row.base_customers, row.revenue, row.nrr, row.withheld]),
      [
        ['2022-06', 0, 10, null, 'no revenue in the period that it is held against'],
        ['2022-07', 1, 20, 2, null],
      ],
    );
    assert.match(
      first.warnings[0],
      /^Only whole periods are told: from 2022-08-01 on none is complete, since revenue is known through 2022-08-20/,
    );
    assert.equal(first.data[1].grr, 1);
    // By default no period is told that has no base at all.
    const second = await world.ask(path, { by: 'month', against: 'previous' });
    assert.deepEqual(
      second.data.map(({ period }: Row) => period),
      ['2022-07'],
    );
    const none = await world.ask(path);
    assert.deepEqual(none.data, []);
    assert.match(
      none.reads_as,
      /^No complete period was found: revenue is known through 2022-08-20T00:00:00\.000Z only/,
    );
    const few = await world.ask(path, { by: 'month', against: 'previous', min_n: 2 });
    assert.deepEqual(
      [few.data[0].nrr, few.data[0].base_customers, few.data[0].withheld],
      [null, 1, 'fewer than 2 customers in the period that it is held against'],
    );
    assert.equal(few.reads_as, 'Too few customers paid in the period before to tell how much of their revenue stayed.');
  },

  async 'a base that begins before the data is told as not whole'(world) {
    await world.facts('revenue-events', paysIn('a', { '2022-03': 10, '2023-03': 10 }));
    await world.complete('2024-01-01T00:00:00Z');
    const { warnings } = await world.ask(path);
    assert.deepEqual(warnings, [
      'Revenue begins in 2022-03, within the period that 2023-01 to 2023-12 is held against: that base is not whole.',
    ]);
  },

  async 'of no revenue events nothing is said'(world) {
    const { data, reads_as } = await world.ask(path);
    assert.deepEqual(data, []);
    assert.equal(
      reads_as,
      'Nothing can be told of revenue: no revenue events were sent yet. That is not the same as zero.',
    );
  },

  async 'payments without an exchange rate are left out and counted; others are converted'(world) {
    await world.facts('exchange-rates', [rate({ valid_on: '2022-04-01', rate: '0.9' })]);
    await world.facts('revenue-events', [
      payment({ customer_id: 'a', amount: '100.00', occurred_at: '2022-02-10T00:00:00Z' }),
      // Within a week of the rate, and long after it.
      payment({ customer_id: 'a', amount: '10.00', currency: 'USD', occurred_at: '2022-04-03T00:00:00Z' }),
      payment({ customer_id: 'a', amount: '10.00', currency: 'USD', occurred_at: '2023-04-03T00:00:00Z' }),
      payment({ customer_id: 'a', amount: '54.50', occurred_at: '2023-04-03T00:00:00Z' }),
    ]);
    await world.complete('2024-01-01T00:00:00Z');
    const { data, left_out, warnings } = await world.ask(path);
    assert.deepEqual([data[0].base_revenue, data[0].kept_revenue, data[0].nrr], [109, 54.5, 0.5]);
    assert.deepEqual(left_out, [{ reason: 'no_exchange_rate', revenue_events: 1 }]);
    assert.ok(
      warnings.includes(
        '1 revenue events are left out because no exchange rate to EUR is known: send it to /v1/exchange-rates.',
      ),
    );
  },

  async 'months are those of the reporting time zone'(world) {
    await world.settings({ time_zone: 'Pacific/Auckland' });
    await world.facts('revenue-events', [
      payment({ customer_id: 'a', amount: '10.00', occurred_at: '2022-12-31T10:59:59Z' }),
      // 2023 has begun in Auckland.
      payment({ customer_id: 'a', amount: '7.00', occurred_at: '2022-12-31T11:00:00Z' }),
    ]);
    await world.complete('2023-12-31T11:00:00Z');
    const { data } = await world.ask(path, { by: 'year' });
    assert.deepEqual([data[0].period, data[0].base_revenue, data[0].nrr], ['2023', 10, 0.7]);
    await world.complete('2023-12-31T10:59:59Z');
    assert.deepEqual((await world.ask(path, { by: 'year' })).data, []);
  },

  async 'customers are grouped and filtered by what they are now'(world) {
    await world.facts('units', [
      { key: 'city', name: 'City' },
      { key: 'store', name: 'Store', parent: 'city' },
    ]);
    await world.facts('customers', [
      customer({ id: 'a', segment: 'smb', region: 'north', unit: 'store' }),
      customer({ id: 'b', segment: 'smb', region: 'south', unit: 'city', acquisition: 'referral' }),
      customer({ id: 'c', segment: 'big', region: 'north', acquisition: 'unknown' }),
    ]);
    await world.facts('revenue-events', vector);
    await world.complete('2024-01-01T00:00:00Z');
    const figures = async (query: Record<string, string>, columns: string[]) => world.figures(path, columns, query);
    assert.deepEqual(await figures({ group_by: 'segment' }, ['segment', 'base_revenue', 'nrr', 'new_revenue']), [
      ['big', 300, 0, 0],
      ['smb', 300, 0.9, 0],
      [null, 400, 1, 230],
    ]);
    assert.deepEqual(await figures({ group_by: 'segment,region', segment: 'smb' }, ['segment', 'region', 'nrr']), [
      ['smb', 'north', 1.2],
      ['smb', 'south', 0.75],
    ]);
    assert.deepEqual(await figures({ group_by: 'acquisition' }, ['acquisition', 'base_revenue']), [
      ['referral', 200],
      ['unknown', 800],
    ]);
    assert.deepEqual(await figures({ acquisition: 'unknown' }, ['base_customers']), [[3]]);
    assert.deepEqual(await figures({ unit: 'city' }, ['base_revenue']), [[300]]);
    assert.deepEqual(await figures({ unit: 'store' }, ['base_revenue']), [[100]]);
    // Nobody is there: a row without a figure, as the period was asked for.
    assert.deepEqual(await figures({ region: 'west' }, ['base_customers', 'nrr']), [[0, null]]);

    const { comparisons, reads_as } = await world.ask(path, { group_by: 'segment', region: 'north' });
    assert.deepEqual(
      comparisons.map((one: Row) => [one.segment, one.against, one.difference]),
      [
        ['big', 'all other groups', -1.2],
        ['smb', 'all other groups', 1.2],
      ],
    );
    assert.match(
      reads_as,
      /^Only region north: In the 12 months from 2023-01 to 2023-12, net revenue retention against what customers had paid in the 12 months before is highest in segment smb, 120\.0% \(no interval can be told; 1 customer\), and lowest in segment big, 0\.0% /,
    );
  },

  async 'a customer who changed segment counts in the one of today, in both periods'(world) {
    await world.facts('customers', [customer({ id: 'a', segment: 'smb' })]);
    await world.facts('revenue-events', vector);
    await world.facts('customers', [customer({ id: 'a', segment: 'big' })]);
    await world.complete('2024-01-01T00:00:00Z');
    assert.deepEqual(await world.figures(path, ['segment', 'base_revenue', 'kept_revenue'], { group_by: 'segment' }), [
      ['big', 100, 120],
      [null, 900, 550],
    ]);
  },

  async 'CSV has the columns of the groups that were asked for'(world) {
    await world.facts('revenue-events', vector);
    await world.complete('2024-01-01T00:00:00Z');
    const columns = async (query: string) =>
      (await world.send('GET', `/v1/${path}?format=csv&min_n=1${query}`)).text.split('\r\n')[0]?.split(',').slice(4, 8);
    assert.deepEqual(await columns(''), ['base_to', 'base_customers', 'base_revenue', 'revenue']);
    assert.deepEqual(await columns('&group_by=acquisition'), [
      'base_to',
      'acquisition',
      'base_customers',
      'base_revenue',
    ]);
  },

  async 'what cannot be asked is refused with the reason'(world) {
    const refused = async (query: string, code: string, detail: RegExp) => {
      const { status, body } = await world.send('GET', `/v1/${path}?${query}`);
      assert.deepEqual([status, body.code, body.errors[0].pointer], [400, code, query.split('=')[0]], query);
      assert.match(body.detail, detail);
    };
    await world.facts('revenue-events', vector);
    await world.complete('2024-01-01T00:00:00Z');
    await refused('from=2023-01-02', 'invalid_query', /a month from 1900 to 2099, such as '2026-03' or '2026-03-01'/);
    await refused('to=2023-01-01T00:00:00Z', 'invalid_query', /a month from 1900 to 2099/);
    await refused('to=2022-01-01&from=2022-01-01', 'empty_period', /^The period is empty/);
    await refused('to=2023-12&from=2023-12', 'empty_period', /^The period is empty/);
    await refused('from=1950-01-01&by=month', 'too_many_periods', /36 periods at most/);
    await refused(
      'group_by=theme',
      'unknown_grouping',
      /^group_by is one or two of unit, segment, region, acquisition; 'theme' is none of them\.$/,
    );
    for (const names of ['segment,segment', 'unit,segment,region'])
      await refused(`group_by=${names}`, 'bad_grouping', /^group_by names one or two different ones/);
    for (const query of ['by=week', 'against=base', 'acquisition=luck', 'window_days=90'])
      assert.equal((await world.send('GET', `/v1/${path}?${query}`)).status, 400, query);
  },
});
