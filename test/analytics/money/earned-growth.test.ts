import assert from 'node:assert/strict';
import fc from 'fast-check';
import { near } from '../../stats/near.ts';
import { customer, empty, type Row, type World, worlds } from '../../support/world.ts';
import { jackknife, paysIn, vector } from './customers.ts';

const path = 'analytics/earned-growth';
const ways = ['referral', 'word_of_mouth', 'advertising', 'promotion', 'sales', 'partner', 'unknown', null] as const;

worlds('How much of the growth was earned', {
  async 'the bounds and the sources are those of the vector'(world) {
    await world.facts('customers', [
      customer({ id: 'e', acquisition: 'word_of_mouth' }),
      customer({ id: 'f', acquisition: 'advertising' }),
      // Whoever was a customer before is not new, however they came.
      customer({ id: 'a', acquisition: 'referral' }),
    ]);
    await world.facts('revenue-events', vector);
    await world.complete('2024-01-01T00:00:00Z');
    const { data, reads_as, left_out, definition } = await world.ask(path);
    const [row] = data;
    assert.deepEqual([row.base_customers, row.base_revenue, row.kept_revenue, row.revenue], [4, 1000, 670, 900]);
    // 0.67 + 80/1000 - 1, and 100/1000 more were those of unknown origin earned.
    assert.deepEqual([row.earned_growth_least, row.earned_growth_most, row.total_growth], [-0.25, -0.15, -0.1]);
    assert.deepEqual(
      [row.from_existing, row.from_earned, row.from_bought, row.from_unknown, row.from_reactivated],
      [-0.33, 0.08, 0.05, 0.1, 0],
    );
    assert.deepEqual(
      ['earned', 'bought', 'unknown', 'reactivated'].map((part) => [row[`${part}_customers`], row[`${part}_revenue`]]),
      [
        [1, 80],
        [1, 50],
        [1, 100],
        [0, 0],
      ],
    );
    // What each adds to base and to what was kept or earned; the new ones have no base.
    const interval = jackknife([
      { customer: 'a', numerator: 120, denominator: 100 },
      { customer: 'b', numerator: 150, denominator: 200 },
      { customer: 'c', numerator: 0, denominator: 300 },
      { customer: 'd', numerator: 400, denominator: 400 },
      { customer: 'e', numerator: 80, denominator: 0 },
    ]);
    near(row.earned_growth_least_low, interval.low - 1);
    near(row.earned_growth_least_high, interval.high - 1);
    assert.deepEqual([left_out, definition.id], [[], 'earned_growth']);
    assert.equal(
      reads_as,
      'In the 12 months from 2023-01 to 2023-12, earned growth was between -25.0% and -15.0%, as nothing says how 1 of the new customers came. Revenue changed by -10.0% of that in the 12 months before: -33.0% from those who had paid before, +8.0% from new customers who came by referral or word of mouth, +5.0% from those won by advertising, promotion, sales or partners and +10.0% from those of unknown origin.',
    );
  },

  async 'where every origin is known the bounds meet, and every way of coming has its place'(world) {
    const origins = ways.filter((way) => way !== null && way !== 'unknown');
    await world.facts(
      'customers',
      origins.map((acquisition) => customer({ id: `new by ${acquisition}`, acquisition })),
    );
    await world.facts('revenue-events', [
      ...paysIn('old', { '2022-05': 100, '2023-05': 100 }),
      ...origins.flatMap((acquisition, place) => paysIn(`new by ${acquisition}`, { '2023-05': 10 ** (place - 2) })),
    ]);
    await world.complete('2024-01-01T00:00:00Z');
    const { data, reads_as } = await world.ask(path);
    const [row] = data;
    // 0.01 and 0.10 by referral and word of mouth; 1, 10, 100 and 1,000 by the four that are paid for.
    assert.deepEqual([row.earned_revenue, row.bought_revenue, row.unknown_revenue], [0.11, 1111, 0]);
    assert.deepEqual([row.earned_growth_least, row.earned_growth_most], [0.0011, 0.0011]);
    assert.match(
      reads_as,
      /earned growth was \+0\.1% \(.*; 1 customer before\)\. Revenue changed by \+1,111\.1% of that in the 12 months before: 0\.0% from/,
    );
  },

  async 'a refund to a customer of unknown origin lowers the smaller bound, not the larger one'(world) {
    await world.facts('revenue-events', [
      ...paysIn('old', { '2022-05': 100, '2023-05': 100 }),
      // Nothing is known of what was bought.
      ...paysIn('odd', { '2023-05': -20 }),
    ]);
    await world.complete('2024-01-01T00:00:00Z');
    const [row] = (await world.ask(path)).data;
    assert.deepEqual(
      [row.earned_growth_least, row.earned_growth_most, row.total_growth, row.unknown_revenue],
      [-0.2, 0, -0.2, -20],
    );
  },

  async 'groups are told apart, the best and the worst in words'(world) {
    await world.facts('customers', [
      customer({ id: 'a', segment: 'x' }),
      customer({ id: 'b', segment: 'y' }),
      customer({ id: 'e', segment: 'y', acquisition: 'referral' }),
    ]);
    await world.facts(
      'revenue-events',
      vector.filter(({ customer_id }) => ['a', 'b', 'e'].includes(String(customer_id))),
    );
    await world.complete('2024-01-01T00:00:00Z');
    const { data, reads_as, comparisons } = await world.ask(path, { group_by: 'segment' });
    assert.deepEqual(
      data.map((row: Row) => [row.segment, row.earned_growth_least]),
      [
        ['x', 0.2],
        // 150/200 + 80/200 - 1
        ['y', 0.15],
      ],
    );
    near(comparisons[0].difference, 0.05);
    assert.equal(
      reads_as,
      'In the 12 months from 2023-01 to 2023-12, earned growth, counting no customer of unknown origin, is highest in segment x, +20.0% (1 customer before), and lowest in segment y, +15.0% (1 customer before).',
    );
  },

  async 'refunds to some customers of unknown origin are set against payments of others'(world) {
    await tell(world, [
      { segment: null, acquisition: null, paid: [[12, 100]] },
      { segment: null, acquisition: 'unknown', paid: [[12, -100]] },
      { segment: null, acquisition: 'referral', paid: [[0, 100]] },
    ]);
    const { data } = await world.ask(path, { by: 'quarter', from: '2023-01', to: '2023-04' });
    // Base 1.00, now 1.00 - 1.00 of unknown origin: nothing is left of it, whoever they are.
    assert.deepEqual([data[0].earned_growth_least, data[0].earned_growth_most, data[0].total_growth], [-1, -1, -1]);
  },

  async 'for random customers every figure is what their payments say, and the sources add up to the cent'(world) {
    let told = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(payer, { minLength: 1, maxLength: 12 }), asked, async (payers, query) => {
        told += await compare(world, await tell(world, payers), query);
      }),
      { numRuns: 12 },
    );
    assert.ok(told > 12, `only ${told} rows were compared`);
  },
});

interface Payer {
  segment: string | null;
  acquisition: (typeof ways)[number];
  /** Months since January 2021, and cents. */
  paid: [number, number][];
}

// Amounts whose sums no double holds exactly.
const cents = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 99_999 }) },
  { weight: 2, arbitrary: fc.integer({ min: -99_999, max: -1 }) },
  { weight: 1, arbitrary: fc.constant(9_999_999_999_01) },
);
const payer: fc.Arbitrary<Payer> = fc.record({
  segment: fc.constantFrom(null, 's', 't'),
  acquisition: fc.constantFrom(...ways),
  paid: fc.array(fc.tuple(fc.integer({ min: 0, max: 35 }), cents), { minLength: 1, maxLength: 6 }),
});
const asked = fc.record({
  by: fc.constantFrom('month', 'quarter', 'year', 'trailing_year'),
  against: fc.constantFrom('previous', 'year_before'),
  group_by: fc.constantFrom('', 'segment'),
});

const monthName = (month: number) => `${2021 + Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}`;

async function tell(world: World, payers: Payer[]) {
  await empty(world.db);
  const customers = payers.map((one, place) => ({ ...one, id: `c${place}` }));
  await world.facts(
    'customers',
    customers.map(({ id, segment, acquisition }) => customer({ id, segment, acquisition })),
  );
  const rows = customers.flatMap(({ id, paid }) =>
    paid.flatMap(([month, sum]) => paysIn(id, { [monthName(month)]: sum / 100 })),
  );
  await world.facts('revenue-events', rows);
  await world.complete('2024-01-01T00:00:00Z');
  return customers;
}

const exactly = (amount: number) => Math.round(amount * 100);

/** Works every row out again from the payments, in whole cents. @returns how many rows there were. */
async function compare(
  world: World,
  customers: (Payer & { id: string })[],
  { by, against, group_by }: { by: string; against: string; group_by: string },
): Promise<number> {
  const query = { by, against, ...(group_by ? { group_by } : {}) };
  const { data } = await world.ask(path, query);
  const retention = await world.ask('analytics/revenue-retention', query);
  assert.equal(retention.data.length, data.length);
  for (const [place, row] of (data as Row[]).entries()) {
    const month = (column: string) => {
      const [year = 0, of = 0] = String(row[column]).split('-').map(Number);
      return (year - 2021) * 12 + of - 1;
    };
    const [from, to, baseFrom, baseTo] = ['period_from', 'period_to', 'base_from', 'base_to'].map(month) as [
      number,
      number,
      number,
      number,
    ];
    const sums = { base: 0, kept: 0, capped: 0, earned: 0, bought: 0, unknown: 0, reactivated: 0, all: 0 };
    const counts = { base: 0, active: 0 };
    for (const one of customers.filter(({ segment }) => group_by === '' || segment === row.segment)) {
      const within = (first: number, end: number) =>
        one.paid.reduce((sum, [at, amount]) => (at >= first && at < end ? sum + amount : sum), 0);
      const [base, now] = [within(baseFrom, baseTo), within(from, to)];
      sums.all += now;
      if (base > 0) {
        sums.base += base;
        sums.kept += now;
        sums.capped += Math.min(base, now);
        counts.base += 1;
        counts.active += now > 0 ? 1 : 0;
      } else if (one.paid.some(([at, amount]) => amount > 0 && at < baseTo)) sums.reactivated += now;
      else if (one.acquisition === 'referral' || one.acquisition === 'word_of_mouth') sums.earned += now;
      else if (one.acquisition === null || one.acquisition === 'unknown') sums.unknown += now;
      else sums.bought += now;
    }
    const kept = retention.data[place];
    assert.deepEqual(
      [row.base_customers, kept.base_customers, kept.active_customers],
      [counts.base, counts.base, counts.active],
    );
    const told = {
      base: exactly(Number(row.base_revenue)),
      kept: exactly(Number(row.kept_revenue)),
      capped: exactly(kept.capped_revenue),
      earned: exactly(Number(row.earned_revenue)),
      bought: exactly(Number(row.bought_revenue)),
      unknown: exactly(Number(row.unknown_revenue)),
      reactivated: exactly(Number(row.reactivated_revenue)),
      all: exactly(Number(row.revenue)),
    };
    assert.deepEqual(told, sums);
    assert.equal(told.all, told.kept + told.earned + told.bought + told.unknown + told.reactivated);
    assert.equal(exactly(kept.new_revenue), told.earned + told.bought + told.unknown);
    if (sums.base === 0) {
      assert.deepEqual([row.total_growth, kept.nrr, kept.grr, kept.logo_retention], [null, null, null, null]);
      continue;
    }
    const rate = (value: number) => value / sums.base;
    const close = (name: string, value: number, of: Row = row) =>
      near(Number(of[name]), value, 1e-6 + 1e-12 * Math.abs(value));
    close('nrr', rate(sums.kept), kept);
    close('grr', rate(sums.capped), kept);
    close('total_growth', rate(sums.all) - 1);
    close('from_existing', rate(sums.kept) - 1);
    for (const part of ['earned', 'bought', 'unknown', 'reactivated'] as const) close(`from_${part}`, rate(sums[part]));
    close('earned_growth_least', rate(sums.kept + sums.earned + Math.min(0, sums.unknown)) - 1);
    close('earned_growth_most', rate(sums.kept + sums.earned + Math.max(0, sums.unknown)) - 1);
  }
  return data.length;
}
