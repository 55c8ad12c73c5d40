import assert from 'node:assert/strict';
import { at, type Row, referral, worlds } from '../support/world.ts';
import { crowd, paid } from './crowd.ts';

// The two samples of Welch's vector: 711.904762, [210.647710, 1213.161814], p 0.010295.
const passives = [1200, 950, 1800, 2200, 700, 1500, 1300];
const detractors = [600, 800, 400, 1000, 300, 900];
const path = 'outcomes/what-if';

worlds('What moving some of a band would go with', {
  async 'is the responses that move times the difference of the means, with its interval'(world) {
    await world.facts('responses', [...crowd('A', 7, { score: 8 }), ...crowd('D', 6, { score: 3 })]);
    await world.facts('revenue-events', [...paid('A', passives), ...paid('D', detractors)]);
    await world.facts(
      'referrals',
      [referral({ customer_id: 'A', referrer_id: 'A1' })].map(({ customer_id, ...row }) => row),
    );
    await world.complete(at(300));
    const answer = await world.ask(path, { share: 0.5 });
    // Half of 6 detractors: 3 x 711.904762, and three times its limits (to nine decimals).
    // Referrals: 1/7 - 0, times 3; Welch with variances 1/7 and 0: se = 1/7, t(6) = 2.446912, so 1/7 -+ 0.349559.
    // Everybody bought again: the difference of 7/7 and 6/6 is 0, and Newcombe's limits are Wilson's of the two,
    // -(1 - 0.64567) and 1 - 0.609666.
    const row = { survey: 'nps', from_band: 'detractor', to_band: 'passive', from_n: 6, to_n: 7, moved: 3 };
    assert.deepEqual(answer.data, [
      {
        ...row,
        measure: 'revenue_after',
        effect: 2135.714286,
        effect_low: 631.943129,
        effect_high: 3639.485442,
        withheld: null,
      },
      {
        ...row,
        measure: 'referrals_after',
        effect: 0.428571,
        effect_low: -0.620105,
        effect_high: 1.477248,
        withheld: null,
      },
      {
        ...row,
        measure: 'retention_rate',
        effect: 0,
        effect_low: -1.062991,
        effect_high: 1.171003,
        withheld: null,
      },
    ]);
    const said = answer.method.split('; ');
    assert.deepEqual(said, [...new Set(said)], 'nothing is said twice');
    assert.deepEqual(
      answer.comparisons.map(({ measure, band, against, difference, difference_low, p }: Row) => [
        measure,
        band,
        against,
        difference,
        difference_low,
        p,
      ]),
      [
        ['revenue_after', 'passive', 'detractor', 711.904762, 210.64771, 0.01029],
        ['referrals_after', 'passive', 'detractor', 0.142857, -0.206702, 0.3559],
        ['retention_rate', 'passive', 'detractor', 0, -0.35433, 1],
      ],
    );
    assert.equal(
      answer.reads_as,
      'If the association were causal, moving 50% of the detractors (3.0 of 6 responses) to passives would go with 2,135.71 EUR more revenue (95% interval 631.94 EUR to 3,639.49 EUR) in the 90 days after answering. No difference between detractors and passives was found in referrals and retention.',
    );
    const { share, from_band, to_band } = answer.parameters;
    assert.deepEqual([share, from_band, to_band], [0.5, 'detractor', 'passive']);
  },

  async 'the other way it is less, and where nothing differs nothing is promised'(world) {
    await world.facts('responses', [...crowd('A', 7, { score: 8 }), ...crowd('D', 6, { score: 3 })]);
    await world.facts('revenue-events', [...paid('A', passives), ...paid('D', detractors)]);
    await world.complete(at(300));
    const back = await world.ask(path, { share: 1, from_band: 'passive', to_band: 'detractor' });
    // 7 x -711.904762
    assert.equal(back.data[0].effect, -4983.333333);
    assert.match(
      back.reads_as,
      /moving 100% of the passives \(7\.0 of 7 responses\) to detractors would go with 4,983\.33 EUR less revenue \(95% interval 1,474\.53 EUR to 8,492\.13 EUR\)/,
    );
    const same = await world.ask(path, { from_band: 'passive', to_band: 'promoter' });
    assert.deepEqual(
      same.data.map(({ effect, withheld }: Row) => [effect, withheld]),
      [
        [null, 'no promoter answered'],
        [null, 'no promoter answered'],
        [null, 'no promoter answered'],
      ],
    );
    assert.equal(
      same.reads_as,
      'Too few responses with an elapsed window of 90 days to compare promoters with passives.',
    );
    assert.deepEqual(same.comparisons, []);
  },

  async 'groups are counted by q'(world) {
    await world.facts('responses', [
      ...crowd('A', 7, { score: 8, segment: 'smb' }),
      ...crowd('D', 6, { score: 3, segment: 'smb' }),
      ...crowd('B', 3, { score: 8, segment: 'big' }),
      ...crowd('E', 3, { score: 3, segment: 'big' }),
    ]);
    await world.facts('revenue-events', [
      ...paid('A', passives),
      ...paid('D', detractors),
      ...paid('B', [100, 200, 300]),
      ...paid('E', [300, 200, 100]),
    ]);
    await world.complete(at(300));
    const { reads_as, data } = await world.ask(path, { group_by: 'segment' });
    // 0.6 x 711.904762 = 427.14; q over 4 tests that could be made (referrals: none varies): 0.01029 x 4.
    assert.match(
      reads_as,
      /^If the association were causal and 10% of the detractors became passives, there would be more revenue in 1 of 2 segments \(most in smb: 427\.14 EUR\), and no difference was found in 1, allowing for 4 comparisons at once\./,
    );
    assert.equal(data.length, 6);
  },

  async 'open windows are not there, and a dataset that was never sent tells nothing'(world) {
    await world.facts('responses', [...crowd('A', 7, { score: 8 }), ...crowd('D', 6, { score: 3 })]);
    await world.facts('responses', [...crowd('O', 2, { score: 3, answered_at: at(250) })]);
    await world.facts('revenue-events', [...paid('A', passives), ...paid('D', detractors)]);
    await world.complete(at(300), 'revenue-events');
    const { data, left_out } = await world.ask(path);
    assert.deepEqual(
      data.map(({ measure, from_n }: Row) => [measure, from_n]),
      [
        ['revenue_after', 6],
        ['retention_rate', 6],
      ],
    );
    assert.deepEqual(left_out, [
      { reason: 'revenue: window_open', responses: 2 },
      { reason: 'referrals: no_data', responses: 15 },
      { reason: 'retention: window_open', responses: 2 },
    ]);
  },

  async 'a band is not moved to itself, and a share lies above 0 and up to 1'(world) {
    const same = await world.send('GET', `/v1/${path}?from_band=passive`);
    assert.deepEqual([same.status, same.body.errors[0].code], [400, 'same_band']);
    for (const share of ['0', '1.01', '-1', 'x'])
      assert.equal((await world.send('GET', `/v1/${path}?share=${share}`)).status, 400, share);
  },
});
