import assert from 'node:assert/strict';
import { at, type Row, referral, response, retention, worlds } from '../support/world.ts';
import { crowd, paid } from './crowd.ts';

worlds('The three outcomes in one', {
  async 'are those of the three questions, each with its own count, and q over all comparisons'(world) {
    await world.facts('responses', [
      ...crowd('P', 10),
      ...crowd('D', 8, { score: 2 }),
      response({ customer_id: null }),
    ]);
    await world.facts('revenue-events', [
      ...paid('P', [30, 35, 32, 31, 30, 36, 38, 30, 33, 35]),
      ...paid('D', [5, 10, 0, 7, 8, 9, 0, 6]),
    ]);
    await world.facts('referrals', [referral({ referrer_id: 'P1' }), referral({ referrer_id: 'D1' })]);
    await world.facts('retention-events', [
      ...['P1', 'P2', 'D1', 'D2'].map((customer_id) => retention({ customer_id, type: 'started', occurred_at: at(1) })),
      retention({ customer_id: 'D1', type: 'churned', occurred_at: at(120) }),
    ]);
    await world.complete(at(300));
    await world.complete(at(250), 'referrals');

    const summary = await world.ask('outcomes/summary');
    const parts = await Promise.all(
      ['revenue', 'referrals', 'retention'].map(async (name) => [name, await world.ask(`outcomes/${name}`)] as const),
    );
    for (const [name, { data }] of parts)
      for (const [place, row] of data.entries()) {
        const whole = summary.data[place];
        assert.deepEqual([whole.band, whole[`${name}_n`], whole[`${name}_withheld`]], [row.band, row.responses, null]);
        for (const [column, value] of Object.entries(row))
          if (column in whole) assert.equal(whole[column], value, `${name}, ${column}`);
      }
    assert.deepEqual(
      summary.data.map((row: Row) => [row.band, row.revenue_after, row.referrals_after, row.retention_rate]),
      [
        ['detractor', 5.625, 0.125, 0.625], // 45 / 8, 1 / 8; D2 by contract and four of the six others bought again
        ['promoter', 33, 0.1, 1],
      ],
    );
    // The same comparisons, but seven tests were made at once instead of three, three and one.
    const alone = parts.flatMap(([, { comparisons }]) => comparisons);
    assert.deepEqual(
      summary.comparisons.map(({ q: _, ...rest }: Row) => rest),
      alone.map(({ q: _, ...rest }: Row) => rest),
    );
    const tested = summary.comparisons.filter(({ p }: Row) => p !== null);
    assert.equal(tested.length, 6); // no referral was converted, so nothing varies there
    assert.match(summary.method, /over 6 comparisons$/);
    const smallest = Math.min(...tested.map(({ p }: Row) => Number(p)));
    const first = tested.find(({ p }: Row) => p === smallest);
    assert.ok(first.q > alone.find(({ p }: Row) => p === smallest).q, 'more tests, larger q');

    assert.equal(
      summary.reads_as,
      [
        'In the 90 days after answering, promoters spent 27.38 EUR more on average than detractors (95% interval 23.86 to 30.89 EUR more; 10 and 8 responses).',
        'Compared with the 90 days before, promoters gained 27.38 EUR on detractors.',
        'In the 90 days after answering, no difference in referrals between promoters and detractors was found (95% interval 36.8 fewer to 31.8 more; 10 and 8 responses).',
        '100.0% of promoters and 62.5% of detractors were still customers, or had bought again, 90 days after answering: 37.5 points more of the promoters (95% interval 0.9 to 69.4 points more; 10 and 8 responses).',
        'Associations, not causes.',
      ].join(' '),
    );
    assert.deepEqual(summary.left_out, [
      { reason: 'revenue: anonymous', responses: 1 },
      { reason: 'referrals: anonymous', responses: 1 },
      { reason: 'retention: anonymous', responses: 1 },
    ]);
    assert.deepEqual(summary.parameters.complete_through, {
      revenue: at(300),
      referrals: at(250),
      retention: at(300),
    });
    // The whole is as complete as its least complete part.
    assert.equal(summary.fresh.complete_through, at(250));
  },

  async 'one that was never sent has no data, and the others are told'(world) {
    await world.facts('responses', [...crowd('P', 3), ...crowd('D', 3, { score: 2 })]);
    await world.facts('referrals', [referral({ referrer_id: 'P1', made_at: at(200) })]);
    const { data, reads_as, left_out, fresh } = await world.ask('outcomes/summary');
    assert.deepEqual(
      data.map((row: Row) => [row.band, row.revenue_n, row.revenue_after, row.referrals_n, row.retention_n]),
      [
        ['detractor', null, null, 3, null],
        ['promoter', null, null, 3, null],
      ],
    );
    assert.equal(
      reads_as,
      'Nothing can be told of revenue: no revenue events were sent yet. That is not the same as zero. In the 90 days after answering, neither promoters nor detractors made a referral (3 and 3 responses, which give no interval). Nothing can be told of retention: no retention events or revenue events were sent yet. That is not the same as zero.',
    );
    assert.deepEqual(left_out, [
      { reason: 'revenue: no_data', responses: 6 },
      { reason: 'retention: no_data', responses: 6 },
    ]);
    assert.equal(fresh.complete_through, at(200));
  },

  async 'what cannot be compared is said once, and withheld figures have their reason'(world) {
    await world.facts('responses', crowd('P', 12));
    await world.complete(at(300));
    const few = await world.ask('outcomes/summary', { min_n: 20 });
    assert.equal(
      few.reads_as,
      'Too few responses with an elapsed window of 90 days to compare promoters with detractors.',
    );
    assert.deepEqual(
      [few.data[0].revenue_n, few.data[0].revenue_withheld, few.data[0].retention_withheld],
      [12, 'fewer than 20 responses', 'fewer than 20 responses'],
    );
    assert.deepEqual(few.warnings, ['1 of 1 rows has too few responses or people to tell a figure.']);
    assert.equal(
      (await world.ask('outcomes/summary', { segment: 'x' })).reads_as,
      'Only segment x: No responses were found for this question.',
    );
  },
});
