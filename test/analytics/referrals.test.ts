import assert from 'node:assert/strict';
import { mean, meanInterval, newcombe, welch, wilson } from '../real-data/figures.ts';
import { near } from '../stats/near.ts';
import { at, type Row, referral, response, worlds } from '../support/world.ts';
import { crowd } from './crowd.ts';

const madeBy = (name: string, counts: readonly number[], row: Row = {}): Row[] =>
  counts.flatMap((count, place) =>
    Array.from({ length: count }, () => referral({ referrer_id: `${name}${place + 1}`, ...row })),
  );
const byPromoters = [2, 1, 1, 0, 0, 1, 0, 0, 3, 0];
const byDetractors = [0, 1, 0, 0, 0, 0, 0, 0, 0, 0];

worlds('How many customers they bring', {
  async 'referrals, conversions and referrers are counted in the window after the answer'(world) {
    await world.facts('responses', [...crowd('P', 10), ...crowd('D', 10, { score: 4 })]);
    await world.facts('referrals', [
      ...madeBy('P', byPromoters),
      ...madeBy('D', byDetractors),
      // Made before the answer, converted in the window: a conversion and no referral.
      ...madeBy('P', [1, 1], { made_at: at(95), converted_at: at(120) }),
      // Converted after the window: a referral only. With it P4 has one.
      referral({ referrer_id: 'P4', made_at: at(189), converted_at: at(191) }),
      // Somebody else's customer, and one moment too late: windows are (t, t + W].
      referral({ referrer_id: 'Z', made_at: at(120) }),
      referral({ referrer_id: 'P10', made_at: at(190, 1) }),
      referral({ referrer_id: 'P10', made_at: at(100) }),
    ]);
    await world.complete(at(300));
    const { data, comparisons, reads_as, left_out, definition } = await world.ask('outcomes/referrals');
    const promoters = byPromoters.map((count, place) => (place === 3 ? 1 : count));
    const [low, high] = [data[0], data[1]];
    assert.deepEqual(
      [high.responses, high.customers, high.referrals, high.conversions, low.referrals, low.conversions],
      [10, 10, 9, 2, 1, 0],
    );
    near(high.referrals_after, 0.9);
    near(high.referrals_after_low, meanInterval(promoters).low, 1e-6);
    near(high.referrals_after_high, meanInterval(promoters).high, 1e-6);
    near(high.conversions_after, 0.2);
    // P1, P2, P3, P4, P6 and P9.
    near(high.referrer_rate, 0.6);
    near(high.referrer_rate_low, wilson(6, 10).low, 1e-6);
    near(low.referrer_rate_high, wilson(1, 10).high, 1e-6);
    // No detractor's referral was converted, so that mean has no interval; Wilson's has.
    assert.deepEqual([low.conversions_after, low.conversions_after_low], [0, null]);

    const of = (name: string) => comparisons.find(({ measure }: Row) => measure === name);
    const made = welch(promoters, byDetractors);
    near(of('referrals_after').difference, 0.8);
    near(of('referrals_after').difference_low, made.low, 1e-6);
    near(of('referrals_after').p, made.p, 1e-4);
    near(of('referrer_rate').difference_low, newcombe(6, 10, 1, 10).low, 1e-6);
    assert.ok(of('referrer_rate').p < 0.05 && of('referrer_rate').difference_low > 0);
    assert.equal(mean(promoters) - mean(byDetractors), of('referrals_after').difference);
    assert.equal(
      reads_as,
      `In the 90 days after answering, promoters made 80.0 more referrals per 100 responses than detractors (95% interval ${(100 * made.low).toFixed(1)} to ${(100 * made.high).toFixed(1)} more; 10 and 10 responses). An association, not a cause.`,
    );
    assert.deepEqual([left_out, definition.id], [[], 'referrals_after']);
  },

  async 'a difference that may be chance is not called one, nor an association'(world) {
    await world.facts('responses', [...crowd('P', 10), ...crowd('D', 10, { score: 4 })]);
    await world.facts('referrals', [...madeBy('P', [1, 1]), ...madeBy('D', [1])]);
    await world.complete(at(300));
    const { reads_as } = await world.ask('outcomes/referrals');
    const { low, high } = welch([1, 1, 0, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert.equal(
      reads_as,
      `In the 90 days after answering, no difference in referrals between promoters and detractors was found (95% interval ${(-100 * low).toFixed(1)} fewer to ${(100 * high).toFixed(1)} more; 10 and 10 responses).`,
    );
  },

  async 'where nobody made any, that is said'(world) {
    await world.facts('responses', [...crowd('P', 3), ...crowd('D', 2, { score: 4 })]);
    await world.complete(at(300));
    const { reads_as, comparisons } = await world.ask('outcomes/referrals');
    assert.equal(
      reads_as,
      'In the 90 days after answering, neither promoters nor detractors made a referral (3 and 2 responses, which give no interval).',
    );
    // The share of referrers has an interval all the same.
    const rate = comparisons.find(({ measure }: Row) => measure === 'referrer_rate');
    near(rate.difference_low, newcombe(0, 3, 0, 2).low, 1e-6);
    assert.equal(rate.p, 1);
  },

  async 'windows close by the referrals, not by the revenue'(world) {
    await world.facts('responses', [
      response({ id: 'closed', customer_id: 'A' }),
      response({ id: 'open', customer_id: 'B', answered_at: at(111) }),
    ]);
    await world.complete(at(300), 'revenue-events');
    const unknown = await world.ask('outcomes/referrals');
    assert.deepEqual([unknown.data, unknown.left_out], [[], [{ reason: 'no_data', responses: 2 }]]);
    assert.equal(
      unknown.reads_as,
      'Nothing can be told of referrals: no referrals were sent yet. That is not the same as zero.',
    );
    await world.facts('referrals', [referral({ made_at: at(200) })]);
    const { data, left_out, fresh } = await world.ask('outcomes/referrals');
    assert.deepEqual([data[0].responses, data[0].referrals_after], [1, 0]);
    assert.deepEqual(left_out, [{ reason: 'window_open', responses: 1 }]);
    assert.equal(fresh.complete_through, at(200));
  },
});
