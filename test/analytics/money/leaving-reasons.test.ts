import assert from 'node:assert/strict';
import { wilson } from '../../real-data/figures.ts';
import { near } from '../../stats/near.ts';
import { at, customer, payment, type Row, rate, retention, worlds } from '../../support/world.ts';
import { amountShare, paysIn } from './customers.ts';

const path = 'analytics/leaving-reasons';
const left = (customer_id: string, reason: string | null, day = 300, row: Row = {}): Row =>
  retention({ customer_id, type: 'churned', reason, occurred_at: at(day), ...row });

/** Five who left: two for the price, with 30 and 40 paid, two for quality, with 100 and 5, one without a word, with 20. */
const company = [left('a', 'price'), left('b', 'price'), left('c', 'quality'), left('d', 'quality'), left('e', null)];
const revenue = [
  ...paysIn('a', { '2022-01': 50, '2022-02': -20 }),
  ...paysIn('b', { '2022-01': 40 }),
  ...paysIn('c', { '2022-01': 100 }),
  ...paysIn('d', { '2022-01': 5 }),
  ...paysIn('e', { '2022-01': 20 }),
  ...paysIn('stays', { '2022-01': 1000 }),
];

worlds('Why customers left', {
  async 'reasons are ranked by what those had paid who left, or by how many they are'(world) {
    await world.facts('retention-events', [...company, left('f', 'price', 301)]);
    await world.facts('revenue-events', revenue);
    const { data, reads_as, left_out, comparisons, fresh, definition } = await world.ask(path);
    // f never paid, and left all the same.
    assert.deepEqual(
      data.map((row: Row) => [row.reason, row.customers, row.revenue, row.withheld]),
      [
        ['quality', 2, 105, null],
        ['price', 3, 70, null],
        [null, 1, 20, null],
      ],
    );
    const [quality, price] = data;
    near(quality.share, 2 / 6);
    near(quality.share_low, wilson(2, 6).low);
    near(quality.share_high, wilson(2, 6).high);
    near(quality.revenue_share, 105 / 195);
    const paid: [string, number, boolean][] = [
      ['a', 30, false],
      ['b', 40, false],
      ['c', 100, true],
      ['d', 5, true],
      ['e', 20, false],
    ];
    const interval = amountShare(
      paid.map(([one, sum, isIt]) => ({ customer: one, numerator: isIt ? sum : 0, denominator: sum })),
    );
    near(quality.revenue_share_low, interval.low);
    near(quality.revenue_share_high, interval.high);
    near(price.share, 0.5);
    assert.deepEqual([left_out, comparisons, definition.id], [[], [], 'leaving_reasons']);
    assert.equal(fresh.complete_through, at(301));
    assert.equal(
      reads_as,
      'The reason to leave that cost the most revenue is "quality": 2 of 6 customers who left (33.3%), who had paid 105.00 EUR in all. Of 1 no reason is known.',
    );

    const byCount = await world.ask(path, { order: 'customers' });
    assert.deepEqual(
      byCount.data.map(({ reason }: Row) => reason),
      ['price', 'quality', null],
    );
    assert.match(byCount.reads_as, /^The most frequent reason to leave is "price": 3 of 6 .* 70\.00 EUR in all\./);
  },

  async 'who gave no reason is told last, however many they are, and words are taken as they are'(world) {
    await world.facts('retention-events', [
      left('a', null),
      left('b', null),
      left('c', null),
      left('d', 'Price'),
      left('e', 'price'),
      left('f', 'price'),
    ]);
    assert.deepEqual(
      await world.figures(path, ['reason', 'customers', 'revenue', 'revenue_share'], { order: 'customers' }),
      [
        ['price', 2, 0, null],
        ['Price', 1, 0, null],
        [null, 3, 0, null],
      ],
    );
  },

  async 'a customer counts once, by the last time it left within the period, with what it had paid until then'(world) {
    await world.facts('retention-events', [
      left('a', 'price', 100),
      retention({ customer_id: 'a', type: 'reactivated', occurred_at: at(150) }),
      left('a', 'quality', 200),
      // Neither is one who left.
      retention({ customer_id: 'b', type: 'renewed', reason: 'price', occurred_at: at(150) }),
    ]);
    await world.facts('revenue-events', [
      payment({ amount: '1.00', customer_id: 'a', occurred_at: at(90) }),
      payment({ amount: '10.00', customer_id: 'a', occurred_at: at(100) }),
      payment({ amount: '100.00', customer_id: 'a', occurred_at: at(100, 1) }),
      payment({ amount: '1000.00', customer_id: 'a', occurred_at: at(200, 1) }),
    ]);
    const told = (query: Record<string, string>) => world.figures(path, ['reason', 'customers', 'revenue'], query);
    assert.deepEqual(await told({}), [['quality', 1, 111]]);
    assert.deepEqual(await told({ to: at(200) }), [['price', 1, 11]]);
    assert.deepEqual(await told({ from: at(100), to: at(100, 1) }), [['price', 1, 11]]);
    assert.deepEqual(await told({ from: at(100, 1) }), [['quality', 1, 111]]);
    const none = await world.ask(path, { from: '2022-09-01' });
    assert.deepEqual(none.data, []);
    assert.equal(none.reads_as, 'Only who left from 2022-09-01: No customer was found who left.');
  },

  async 'customers are grouped and filtered by what they are now; of several groups the largest is told'(world) {
    await world.facts('customers', [
      customer({ id: 'a', segment: 'x', region: 'north' }),
      customer({ id: 'b', segment: 'x', region: 'north' }),
      customer({ id: 'c', segment: 'x', region: 'south' }),
      customer({ id: 'd', segment: 'y', region: 'north' }),
    ]);
    await world.facts('retention-events', company);
    await world.facts('revenue-events', revenue);
    const told = (query: Record<string, string>) =>
      world.figures(path, ['segment', 'reason', 'customers', 'share', 'revenue'], query);
    assert.deepEqual(await told({ group_by: 'segment', region: 'north' }), [
      ['x', 'price', 2, 1, 70],
      ['y', 'quality', 1, 1, 5],
    ]);
    const { data, reads_as } = await world.ask(path, { group_by: 'segment' });
    assert.deepEqual(
      data.map((row: Row) => [row.segment, row.reason, row.revenue]),
      [
        ['x', 'quality', 100],
        ['x', 'price', 70],
        ['y', 'quality', 5],
        [null, null, 20],
      ],
    );
    assert.equal(
      reads_as,
      'The reason to leave that cost the most revenue in segment x is "quality": 1 of 3 customers who left (33.3%), who had paid 100.00 EUR in all. 1 more group is in the rows.',
    );
  },

  async 'rows beyond the limit, and payments without a rate, are counted as left out'(world) {
    await world.facts('exchange-rates', [rate({ valid_on: '2022-01-05', rate: '0.5' })]);
    await world.facts('retention-events', company);
    await world.facts('revenue-events', [
      ...revenue,
      payment({ customer_id: 'a', amount: '600.00', currency: 'USD', occurred_at: '2022-01-07T00:00:00Z' }),
      payment({ customer_id: 'a', amount: '600.00', currency: 'USD', occurred_at: '2022-03-07T00:00:00Z' }),
    ]);
    const { data, left_out, warnings } = await world.ask(path, { limit: 1 });
    assert.deepEqual(
      data.map((row: Row) => [row.reason, row.revenue, row.share]),
      [['price', 370, 0.4]],
    );
    assert.deepEqual(left_out, [
      { reason: 'beyond_limit', customers: 3 },
      { reason: 'no_exchange_rate', revenue_events: 1 },
    ]);
    assert.equal(warnings.length, 1);
  },

  async 'of few who left, and of no events at all, nothing is said'(world) {
    const nothing = await world.ask(path);
    assert.deepEqual(nothing.data, []);
    assert.match(nothing.reads_as, /^Nothing can be told of who left: no retention events were sent yet\./);
    await world.facts('retention-events', company);
    const { data, reads_as } = await world.ask(path, { min_n: 6 });
    assert.deepEqual(
      data.map((row: Row) => [row.reason, row.customers, row.share, row.withheld]),
      [
        ['price', 2, null, 'fewer than 6 customers left'],
        ['quality', 2, null, 'fewer than 6 customers left'],
        [null, 1, null, 'fewer than 6 customers left'],
      ],
    );
    assert.equal(reads_as, 'Too few customers left, or none with a reason, to say why.');
  },

  async 'readers without the scope personal do not see reasons of few people'(world) {
    const many = (name: string, count: number) =>
      Array.from({ length: count }, (_, place) => left(`${name}${place}`, name));
    await world.facts('retention-events', [...many('rare', 3), ...many('price', 9), ...many('quality', 20)]);
    const made = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
    const { body } = await world.send('GET', `/v1/${path}?order=customers`, undefined, {
      authorization: `Bearer ${made.body.secret}`,
    });
    const hidden = 'fewer than 5 people, or a group that would give one away';
    assert.deepEqual(
      body.data.map((row: Row) => [row.reason, row.customers, row.revenue, row.withheld]),
      [
        ['quality', 20, 0, null],
        ['price', null, null, hidden],
        ['rare', null, null, hidden],
      ],
    );
  },
});
