import assert from 'node:assert/strict';
import { customer, type Row, type World, worlds } from '../../support/world.ts';
import { paysIn } from './customers.ts';

const hidden = 'fewer than 5 people, or a group that would give one away';

/** Customers who paid 10 each in these months. */
const many = (name: string, count: number, months: readonly string[]): Row[] =>
  Array.from({ length: count }, (_, place) =>
    paysIn(`${name}${place}`, Object.fromEntries(months.map((m) => [m, 10]))),
  ).flat();

async function asReader(world: World, path: string): Promise<Row[]> {
  const made = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
  const headers = { authorization: `Bearer ${made.body.secret}` };
  const { status, body } = await world.send('GET', `/v1/analytics/${path}`, undefined, headers);
  assert.equal(status, 200);
  return body.data;
}

worlds('What customers paid, for readers without the scope personal', {
  async 'parts of few people are not told, nor the next smallest, which would give them away'(world) {
    await world.facts('revenue-events', [
      ...many('stays', 20, ['2022-05', '2023-05']),
      ...many('back', 2, ['2021-05', '2023-05']),
      ...many('new', 9, ['2023-05']),
    ]);
    await world.complete('2024-01-01T00:00:00Z');
    const [row] = await asReader(world, 'revenue-retention');
    // 310 less the 200 of those who stayed is that of 11 people.
    assert.deepEqual([row?.revenue, row?.kept_revenue, row?.nrr], [310, 200, 1]);
    assert.deepEqual(
      [row?.reactivated_customers, row?.reactivated_revenue, row?.new_customers, row?.new_revenue, row?.withheld],
      [null, null, null, null, null],
    );
    const [growth] = await asReader(world, 'earned-growth');
    assert.deepEqual(
      [growth?.reactivated_revenue, growth?.from_reactivated, growth?.unknown_revenue, growth?.earned_growth_least],
      [null, null, null, null],
    );
    assert.deepEqual([growth?.total_growth, growth?.from_existing, growth?.earned_revenue], [0.55, 0, 0]);
    // Who may see people sees them.
    const { data } = await world.ask('analytics/revenue-retention');
    assert.deepEqual([data[0].reactivated_revenue, data[0].new_revenue], [20, 90]);
  },

  async 'groups of few people are not told, nor the group that would give one away'(world) {
    await world.facts('customers', [
      ...[0, 1, 2].map((place) => customer({ id: `a${place}`, segment: 'a' })),
      ...Array.from({ length: 12 }, (_, place) => customer({ id: `b${place}`, segment: 'b' })),
      ...Array.from({ length: 15 }, (_, place) => customer({ id: `c${place}`, segment: 'c' })),
    ]);
    const months = ['2022-05', '2023-05'];
    await world.facts('revenue-events', [...many('a', 3, months), ...many('b', 12, months), ...many('c', 15, months)]);
    await world.complete('2024-01-01T00:00:00Z');
    for (const path of ['revenue-retention', 'earned-growth']) {
      const rows = await asReader(world, `${path}?group_by=segment`);
      assert.deepEqual(
        rows.map((row) => [
          row.segment,
          row.base_customers,
          row.base_revenue,
          row.revenue,
          row.not_in_base,
          row.withheld,
        ]),
        [
          ['a', null, null, null, null, hidden],
          ['b', null, null, null, null, hidden],
          ['c', 15, 150, 150, 0, null],
        ],
      );
    }
    const { body } = await world.send('GET', '/v1/analytics/revenue-retention?group_by=segment&min_n=1');
    assert.deepEqual(
      body.data.map(({ revenue }: Row) => revenue),
      [30, 120, 150],
    );
  },

  async 'of a company of three nothing is told at all'(world) {
    await world.facts('revenue-events', many('a', 3, ['2022-05', '2023-05']));
    await world.complete('2024-01-01T00:00:00Z');
    const [row] = await asReader(world, 'revenue-retention?min_n=1');
    assert.deepEqual([row?.revenue, row?.base_revenue, row?.nrr, row?.withheld], [null, null, null, hidden]);
  },
});
