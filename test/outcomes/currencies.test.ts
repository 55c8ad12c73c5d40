import assert from 'node:assert/strict';
import { at, payment, rate, response, type World, worlds } from '../support/world.ts';

const noon = (day: string) => `${day}T12:00:00.000Z`;

/** A hundred dollars of customer A on a day, in the window of its answer of day 100, 2022-04-11. */
const dollars = (day: string, row = {}) => payment({ currency: 'USD', amount: '100', occurred_at: noon(day), ...row });

async function revenueOf(world: World, id = 'R') {
  return (await world.outcomes('revenue'))[id]?.slice(0, 2);
}

async function oneResponse(world: World): Promise<void> {
  await world.facts('responses', [response({ id: 'R' })]);
  await world.complete(at(400));
}

worlds('Currencies', {
  async 'amounts are converted at the rate of their own day, and each currency at its own'(world) {
    await oneResponse(world);
    await world.facts('exchange-rates', [
      rate({ valid_on: '2022-04-20', rate: '0.9' }),
      rate({ valid_on: '2022-04-21', rate: '0.8' }),
      rate({ from_currency: 'GBP', valid_on: '2022-04-21', rate: '1.2' }),
      rate({ from_currency: 'USD', to_currency: 'GBP', valid_on: '2022-04-21', rate: '7' }),
    ]);
    await world.facts('revenue-events', [
      payment({ amount: '1' }),
      dollars('2022-04-20'),
      dollars('2022-04-21'),
      payment({ currency: 'GBP', amount: '10', occurred_at: noon('2022-04-21') }),
      dollars('2022-04-21', { type: 'refund', amount: '-10' }),
    ]);
    // 1 + 90 + 80 + 12 - 8
    assert.deepEqual(await world.figures('outcomes/revenue', ['revenue_total', 'orders']), [[175, 4]]);
    assert.deepEqual(await world.outcomes('revenue'), { R: ['counted', 175, 0, 4] });
  },

  async 'the latest rate of the six days before serves, one that is older or from the future does not'(world) {
    await oneResponse(world);
    await world.facts('revenue-events', [dollars('2022-04-20')]);
    const with_rates = async (...days: string[]) => {
      await world.facts(
        'exchange-rates',
        days.map((valid_on, place) => rate({ valid_on, rate: `0.${place + 1}` })),
      );
      const revenue = await revenueOf(world);
      for (const day of days) await world.remove(`exchange-rates/USD-EUR-${day}`);
      return revenue;
    };
    assert.deepEqual(await with_rates('2022-04-20'), ['counted', 10]);
    assert.deepEqual(await with_rates('2022-04-14'), ['counted', 10]); // 6 days before
    assert.deepEqual(await with_rates('2022-04-13'), ['no_exchange_rate', null]); // 7 days before
    assert.deepEqual(await with_rates('2022-04-21'), ['no_exchange_rate', null]); // tomorrow's
    assert.deepEqual(await with_rates('2022-04-14', '2022-04-19', '2022-04-21'), ['counted', 20]);
    assert.deepEqual(await revenueOf(world), ['no_exchange_rate', null]);
  },

  async 'a payment without a rate leaves the answer out with a reason until the rate is sent, changed or removed'(
    world,
  ) {
    await oneResponse(world);
    await world.facts('responses', [response({ id: 'other', customer_id: 'B' })]);
    await world.facts('revenue-events', [
      payment({ amount: '5' }),
      dollars('2022-04-20'),
      payment({ customer_id: 'B' }),
    ]);
    const told = async () => [
      await world.figures('outcomes/revenue', ['responses', 'revenue_total']),
      await world.leftOut('outcomes/revenue'),
    ];
    assert.deepEqual(await told(), [[[1, 10]], { no_exchange_rate: 1 }]);
    assert.deepEqual(await world.outcomes('revenue'), {
      R: ['no_exchange_rate', null, null, null],
      other: ['counted', 10, 0, 1],
    });
    // Whether it bought again needs no rate.
    assert.deepEqual(await world.outcomes('retention'), {
      R: ['counted', 'activity', true],
      other: ['counted', 'activity', true],
    });

    await world.facts('exchange-rates', [rate({ valid_on: '2022-04-18', rate: '0.5' })]);
    assert.deepEqual(await told(), [[[2, 65]], {}]);
    assert.deepEqual(await revenueOf(world), ['counted', 55]);

    await world.facts('exchange-rates', [rate({ valid_on: '2022-04-18', rate: '0.6' })]);
    assert.deepEqual(await told(), [[[2, 75]], {}]);
    assert.deepEqual(await revenueOf(world), ['counted', 65]);

    await world.facts('exchange-rates', [rate({ valid_on: '2022-04-20', rate: '0.7' })]);
    assert.deepEqual(await revenueOf(world), ['counted', 75]);
    await world.remove('exchange-rates/USD-EUR-2022-04-20');
    assert.deepEqual(await told(), [[[2, 75]], {}]);
    assert.deepEqual(await revenueOf(world), ['counted', 65]);
    await world.remove('exchange-rates/USD-EUR-2022-04-18');
    assert.deepEqual(await told(), [[[1, 10]], { no_exchange_rate: 1 }]);
    assert.deepEqual(await revenueOf(world), ['no_exchange_rate', null]);
  },

  async 'a rate is missed before the answer as well, and not outside of the window'(world) {
    await oneResponse(world);
    await world.facts('revenue-events', [
      payment({ currency: 'USD', occurred_at: at(10) }),
      payment({ currency: 'USD', occurred_at: at(190, 1) }),
    ]);
    assert.deepEqual(await revenueOf(world), ['counted', 0]);
    await world.facts('revenue-events', [payment({ currency: 'USD', occurred_at: at(10, 1) })]);
    assert.deepEqual(await revenueOf(world), ['no_exchange_rate', null]);
  },

  async 'the day of a payment is the one of the reporting time zone'(world) {
    await world.settings({ time_zone: 'Pacific/Auckland' }); // UTC + 12 in May
    await oneResponse(world);
    await world.facts('exchange-rates', [
      rate({ valid_on: '2022-05-01', rate: '0.1' }),
      rate({ valid_on: '2022-05-02', rate: '0.2' }),
    ]);
    await world.facts('revenue-events', [dollars('2022-05-01', { occurred_at: '2022-05-01T11:59:59.999Z' })]);
    assert.deepEqual(await revenueOf(world), ['counted', 10]);
    await world.facts('revenue-events', [dollars('2022-05-01', { occurred_at: '2022-05-01T12:00:00.000Z' })]);
    assert.deepEqual(await revenueOf(world), ['counted', 30]);
    // A rate that comes later is applied from the first moment of its day there, which is the day before in UTC.
    await world.facts('exchange-rates', [rate({ valid_on: '2022-05-02', rate: '0.3' })]);
    assert.deepEqual(await revenueOf(world), ['counted', 40]);
    await world.settings({ time_zone: 'Pacific/Honolulu' }); // UTC - 10
    assert.deepEqual(await revenueOf(world), ['counted', 20]);
    await world.facts('exchange-rates', [rate({ valid_on: '2022-05-02', rate: '0.4' })]);
    assert.deepEqual(await revenueOf(world), ['counted', 20]);
  },

  async 'a rate that is sent late reaches the last moment of its week, wherever that is'(world) {
    await oneResponse(world);
    // The week of 2022-05-02 ends on 2022-05-08: in Honolulu at 2022-05-09T10:00Z, in Kiritimati at 2022-05-08T10:00Z.
    for (const [time_zone, first, last] of [
      ['Pacific/Honolulu', '2022-05-02T10:00:00.000Z', '2022-05-09T09:59:59.999Z'],
      ['Pacific/Kiritimati', '2022-05-01T10:00:00.000Z', '2022-05-08T09:59:59.999Z'],
    ]) {
      await world.settings({ time_zone });
      for (const occurred_at of [first, last]) {
        await world.facts('revenue-events', [dollars('', { id: 'P', occurred_at })]);
        assert.deepEqual(await revenueOf(world), ['no_exchange_rate', null]);
        await world.facts('exchange-rates', [rate({ valid_on: '2022-05-02', rate: '0.5' })]);
        assert.deepEqual(await revenueOf(world), ['counted', 50]);
        await world.remove('exchange-rates/USD-EUR-2022-05-02');
        assert.deepEqual(await revenueOf(world), ['no_exchange_rate', null]);
      }
      for (const occurred_at of [first, last].map((one, end) => Date.parse(one ?? '') + (end ? 1 : -1))) {
        await world.facts('revenue-events', [
          dollars('', { id: 'P', occurred_at: new Date(occurred_at).toISOString() }),
        ]);
        await world.facts('exchange-rates', [rate({ valid_on: '2022-05-02', rate: '0.5' })]);
        assert.deepEqual(await revenueOf(world), ['no_exchange_rate', null]);
        await world.remove('exchange-rates/USD-EUR-2022-05-02');
      }
    }
  },

  async 'another reporting currency works everything out again at the rates into it'(world) {
    await oneResponse(world);
    await world.facts('exchange-rates', [rate({ valid_on: '2022-04-20', rate: '0.5' })]);
    await world.facts('revenue-events', [
      payment({ amount: '30', occurred_at: noon('2022-04-20') }),
      dollars('2022-04-20'),
    ]);
    assert.deepEqual(await revenueOf(world), ['counted', 80]);
    await world.settings({ currency: 'USD' });
    const answer = await world.ask('outcomes/revenue');
    assert.equal(answer.parameters.currency, 'USD');
    assert.deepEqual(answer.left_out, [{ reason: 'no_exchange_rate', responses: 1 }]);
    await world.facts('exchange-rates', [
      rate({ from_currency: 'EUR', to_currency: 'USD', valid_on: '2022-04-20', rate: '2' }),
    ]);
    assert.deepEqual(await world.figures('outcomes/revenue', ['revenue_total']), [[160]]);
    assert.deepEqual(await revenueOf(world), ['counted', 160]);
    await world.settings({ currency: 'EUR' });
    assert.deepEqual(await world.figures('outcomes/revenue', ['revenue_total']), [[80]]);
    assert.deepEqual(await revenueOf(world), ['counted', 80]);
  },

  async 'a converted amount has four decimals, and what is added up stays exact'(world) {
    await oneResponse(world);
    await world.facts('exchange-rates', [rate({ valid_on: '2022-04-20', rate: '0.333333333333' })]);
    await world.facts(
      'revenue-events',
      Array.from({ length: 3 }, () => dollars('2022-04-20', { amount: '0.1' })),
    );
    // 0.1 x 0.333333333333 = 0.0333 each.
    assert.deepEqual(await revenueOf(world), ['counted', 0.0999]);
  },
});
