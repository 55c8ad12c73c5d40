import assert from 'node:assert/strict';
import { meanInterval, netPromoters, newcombe, normalP, wilson } from '../real-data/figures.ts';
import { near } from '../stats/near.ts';
import { at, type Row, response, worlds } from '../support/world.ts';
import { crowd } from './crowd.ts';

/** So many promoters, passives and detractors. */
const answers = (promoters: number, passives: number, detractors: number, row: Row = {}): Row[] =>
  [
    [promoters, 9],
    [passives, 7],
    [detractors, 6],
  ].flatMap(([count = 0, score]) =>
    Array.from({ length: count }, () => response({ customer_id: null, score, ...row })),
  );

worlds('Scores', {
  async 'the NPS has the adjusted Wald interval, and its difference the z test'(world) {
    await world.facts('responses', [
      ...answers(62, 15, 23, { segment: 'a' }),
      ...answers(70, 20, 30, { segment: 'b' }),
      ...answers(8, 0, 0, { segment: 'c' }),
    ]);
    const answer = await world.ask('analytics/scores', { group_by: 'segment' });
    const columns = ['segment', 'responses', 'promoters', 'passives', 'detractors', 'nps', 'nps_low', 'nps_high'];
    assert.deepEqual(
      answer.data.map((row: Row) => columns.map((name) => row[name])),
      [
        ['a', 100, 62, 15, 23, 39, 21.74759, 53.980565],
        ['b', 120, 70, 20, 30, 33.333333, 17.530566, 47.510085],
        ['c', 8, 8, 0, 0, 100, 38.538259, 100],
      ],
    );
    // Each segment against the two others together: 62, 15, 23 against 78, 20, 30.
    const [a] = answer.comparisons;
    const [one, other] = [netPromoters(62, 15, 23), netPromoters(78, 20, 30)];
    near(a.difference, one.nps - other.nps, 1e-6);
    near(a.p, normalP((one.nps - other.nps) / Math.hypot(one.se, other.se)), 1e-4);
    assert.deepEqual([a.segment, a.measure, a.against], ['a', 'nps', 'all other groups']);
    assert.equal(answer.comparisons.length, 3);
    assert.equal(
      answer.reads_as,
      "The NPS of 'nps' is highest in segment c, 100.0 (95% interval 38.5 to 100.0; 8 responses), and lowest in segment b, 33.3 (95% interval 17.5 to 47.5; 120 responses). In 1 of 3 segments it differs clearly from that of all others together, allowing for 3 comparisons at once.",
    );
    assert.deepEqual([answer.left_out, answer.warnings], [[], []]);
    assert.equal(
      answer.method,
      'NPS: adjusted Wald interval, differences by the z test; shares: Wilson, differences by Newcombe; means: t; responses are taken as independent, also those of one customer; q by Benjamini and Hochberg over 3 comparisons',
    );
  },

  async 'a period is compared with the one before it that can be told'(world) {
    await world.facts('responses', [
      ...answers(70, 20, 30, { answered_at: '2022-01-31T23:59:59.999Z' }),
      ...answers(1, 0, 0, { answered_at: '2022-02-10T00:00:00.000Z' }),
      ...answers(62, 15, 23, { answered_at: '2022-03-01T00:00:00.000Z' }),
    ]);
    const { comparisons, reads_as, data } = await world.ask('analytics/scores', { group_by: 'month', min_n: 10 });
    assert.deepEqual(
      data.map(({ month, nps, withheld }: Row) => [month, nps, withheld]),
      [
        ['2022-01', 33.333333, null],
        ['2022-02', null, 'fewer than 10 responses'],
        ['2022-03', 39, null],
      ],
    );
    // The vector: 39.0 against 33.3, difference 5.666667, p 0.619156; half the interval is 5.666667 x 1.96 / 0.497047.
    const [{ difference, difference_low, difference_high, p, q, against, month }] = comparisons;
    assert.deepEqual(
      [comparisons.length, month, against, difference, p, q],
      [1, '2022-03', '2022-01', 5.666667, 0.6192, 0.6192],
    );
    near(difference_high - difference_low, (2 * 1.959964 * 5.666667) / 0.497047, 1e-4);
    assert.equal(
      reads_as,
      "In 2022-03, the NPS of 'nps' is 39.0 (95% interval 21.7 to 54.0; 100 responses); no difference from 2022-01 was found (95% interval 16.7 points less to 28.0 points more).",
    );
    const quarters = await world.ask('analytics/scores', { group_by: 'quarter' });
    assert.deepEqual(
      quarters.data.map(({ quarter, responses }: Row) => [quarter, responses]),
      [['2022-Q1', 221]],
    );
    assert.equal(quarters.comparisons.length, 0);
    assert.match(quarters.reads_as, /^In 2022-Q1, the NPS of 'nps' is 36\.\d \(95% interval .*; 221 responses\)\.$/);
  },

  async 'a change that is clear is called one, with its direction'(world) {
    await world.facts('responses', [
      ...answers(10, 10, 80, { answered_at: at(10) }),
      ...answers(80, 10, 10, { answered_at: at(40) }),
    ]);
    // NPS -70 and 70: each has the standard error sqrt(0.9 - 0.49) x 10 = 6.403, so 140 -+ 1.96 x 9.055.
    const up = await world.ask('analytics/scores', { group_by: 'month' });
    assert.match(
      up.reads_as,
      /^In 2022-02, the NPS of 'nps' is 70\.0 \(.*\), 140\.0 points more than in 2022-01 \(95% interval 122\.3 to 157\.7 points more\)\.$/,
    );
    await world.facts('responses', answers(10, 10, 80, { answered_at: at(70) }));
    const down = await world.ask('analytics/scores', { group_by: 'month' });
    assert.match(
      down.reads_as,
      /^In 2022-03, the NPS of 'nps' is -70\.0 \(.*\), 140\.0 points less than in 2022-02 \(95% interval 122\.3 to 157\.7 points less\)\.$/,
    );
    const segmented = answers(10, 10, 80, { answered_at: at(40), segment: 'x' }).concat(
      answers(80, 10, 10, { answered_at: at(10), segment: 'x' }),
    );
    await world.facts('responses', segmented);
    const within = await world.ask('analytics/scores', { group_by: 'segment,month' });
    assert.equal(
      within.reads_as,
      "From one month to the next within each group, the NPS of 'nps' rose in 1 and fell in 2 of 3 comparisons; in the others no change was found.",
    );
    assert.deepEqual(
      within.comparisons.map(({ segment, month, against }: Row) => [segment, month, against]),
      [
        ['x', '2022-02', '2022-01'],
        [null, '2022-02', '2022-01'],
        [null, '2022-03', '2022-02'],
      ],
    );
  },

  async 'CSAT and CES are told by the share of satisfied, Wilson and Newcombe, and by the mean score'(world) {
    await world.facts('surveys', [
      { key: 'csat', name: 'Satisfied?', kind: 'csat' },
      { key: 'effort', name: 'How much effort?', kind: 'ces', higher_is_better: false },
    ]);
    const scores = [5, 5, 5, 4, 4, 3, 2, 1, 5, 4];
    // Low effort is good: on the mirrored scale 8 - score, 5 and more is easy, so the scores 1 to 3.
    const efforts = [1, 2, 3, 4, 7, 6, 1, 2];
    await world.facts('responses', [
      ...scores.map((score, place) =>
        response({ customer_id: `C${place}`, survey: 'csat', score, segment: place < 5 ? 'a' : 'b' }),
      ),
      ...efforts.map((score, place) => response({ customer_id: `C${place}`, survey: 'effort', score })),
    ]);
    const { data, reads_as } = await world.ask('analytics/scores');
    const [csat, effort] = data;
    assert.deepEqual(
      [csat.survey, csat.kind, csat.nps, csat.satisfied, csat.satisfied_rate],
      ['csat', 'csat', null, 7, 0.7],
    );
    near(csat.satisfied_rate_low, wilson(7, 10).low, 1e-6);
    near(csat.satisfied_rate_high, wilson(7, 10).high, 1e-6);
    near(csat.mean_score, 3.8);
    near(csat.mean_score_low, meanInterval(scores).low, 1e-6);
    assert.deepEqual([csat.promoters, csat.passives, csat.detractors], [4, 4, 2]);
    assert.deepEqual([effort.survey, effort.satisfied, effort.responses, effort.mean_score], ['effort', 5, 8, 3.25]);
    assert.equal(
      reads_as,
      "The share of satisfied responses to 'csat' is 70.0% (95% interval 39.7% to 89.2%; 10 responses). The share of responses that found it easy, of 'effort' is 62.5% (95% interval 30.6% to 86.3%; 8 responses).",
    );
    const { comparisons } = await world.ask('analytics/scores', { survey: 'csat', group_by: 'segment' });
    const expected = newcombe(5, 5, 2, 5);
    assert.deepEqual(
      [comparisons[0].measure, comparisons[0].segment, comparisons[0].difference],
      ['satisfied_rate', 'a', 0.6],
    );
    near(comparisons[0].difference_low, expected.low, 1e-6);
    assert.equal(comparisons[0].p < 0.05, expected.low > 0);
  },

  async 'all responses count: repeated, anonymous, open and those of people who leave'(world) {
    await world.facts('surveys', [{ key: 'leaving', name: 'Why?', kind: 'nps', triggered_by_leaving: true }]);
    await world.facts('responses', [
      response({ customer_id: 'A' }),
      response({ customer_id: 'A', answered_at: at(101), score: 0 }),
      response({ customer_id: null, score: 8 }),
      response({ customer_id: 'B', survey: 'leaving', score: 1 }),
    ]);
    const { data, left_out, fresh } = await world.ask('analytics/scores');
    assert.deepEqual(
      data.map(({ survey, responses, nps }: Row) => [survey, responses, nps]),
      [
        ['leaving', 1, -100],
        ['nps', 3, 0],
      ],
    );
    assert.deepEqual([left_out, fresh.complete_through], [[], at(101)]);
  },

  async 'one response, and all alike: a mean has no interval, the other figures have'(world) {
    await world.facts('responses', [response({ customer_id: 'A' })]);
    const [one] = (await world.ask('analytics/scores')).data;
    const expected = netPromoters(1, 0, 0);
    assert.deepEqual([one.nps, one.mean_score, one.mean_score_low], [100, 10, null]);
    near(one.nps_low, expected.low, 1e-6);
    near(one.satisfied_rate_low, wilson(1, 1).low, 1e-6);
    await world.facts('responses', crowd('B', 4, { answered_at: at(140) }));
    const { data, comparisons, reads_as } = await world.ask('analytics/scores', { group_by: 'month' });
    assert.deepEqual([data[1].nps, data[1].mean_score_low], [100, null]);
    // Nothing varies in either month, so no test tells.
    assert.deepEqual(
      comparisons.map(({ difference, difference_low, p, q }: Row) => [difference, difference_low, p, q]),
      [[0, null, null, null]],
    );
    assert.match(reads_as, /^In 2022-05, the NPS of 'nps' is 100\.0 \(95% interval .* to 100\.0; 4 responses\)\.$/);
  },

  async 'groups that are alike are not ranked'(world) {
    await world.facts('responses', [
      ...crowd('a', 3, { segment: 'a' }),
      ...crowd('b', 4, { segment: 'b' }),
      response({ customer_id: 'c', segment: 'c', score: 0 }),
    ]);
    const { reads_as } = await world.ask('analytics/scores', { group_by: 'segment', min_n: 2 });
    assert.equal(
      reads_as,
      "The NPS of 'nps' is 100.0 in each of 2 segments with enough responses. In none of 2 segments with enough responses does it differ clearly from that of all others together, allowing for 2 comparisons at once.",
    );
  },

  async 'the change of a share is told in points'(world) {
    await world.facts('surveys', [{ key: 'csat', name: 'Satisfied?', kind: 'csat' }]);
    const rated = (count: number, score: number, day: number) =>
      Array.from({ length: count }, () => response({ customer_id: null, survey: 'csat', score, answered_at: at(day) }));
    await world.facts('responses', [...rated(20, 5, 10), ...rated(20, 1, 10), ...rated(35, 4, 40), ...rated(5, 2, 40)]);
    const { low, high } = newcombe(35, 40, 20, 40);
    const { reads_as } = await world.ask('analytics/scores', { group_by: 'month' });
    assert.match(reads_as, /^In 2022-02, the share of satisfied responses to 'csat' is 87\.5% \(95% interval /);
    assert.ok(
      reads_as.endsWith(
        `, 37.5 points more than in 2022-01 (95% interval ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} points more).`,
      ),
      reads_as,
    );
  },

  async 'without responses, and with too few, that is what is said'(world) {
    const none = await world.ask('analytics/scores');
    assert.deepEqual([none.data, none.reads_as], [[], 'No responses were found for this question.']);
    assert.equal(none.fresh.complete_through, null);
    await world.facts('responses', answers(5, 0, 4));
    const few = await world.ask('analytics/scores', { min_n: 10 });
    assert.equal(few.reads_as, 'Too few responses to tell a score.');
    const [row] = few.data;
    assert.deepEqual(
      [
        row.responses,
        row.promoters,
        row.detractors,
        row.satisfied,
        row.nps,
        row.satisfied_rate,
        row.mean_score,
        row.withheld,
      ],
      [9, 5, 4, 5, null, null, null, 'fewer than 10 responses'],
    );
  },

  async 'with as_of later responses are not there, and it is complete no further than the responses are'(world) {
    await world.facts('responses', [...answers(3, 0, 0), ...answers(0, 0, 5, { answered_at: at(200) })]);
    const then = await world.ask('analytics/scores', { as_of: at(150) });
    assert.deepEqual([then.data[0].responses, then.fresh.complete_through], [3, at(150)]);
    const later = await world.ask('analytics/scores', { as_of: at(400) });
    assert.deepEqual([later.data[0].responses, later.fresh.complete_through], [8, at(200)]);
    assert.equal(later.parameters.as_of, at(400));
  },

  async 'a custom scale has a net score, and more than three surveys are counted'(world) {
    const scale = { scale_min: 0, scale_max: 4, detractor_max: 1, promoter_min: 3 };
    for (const key of ['s1', 's2', 's3', 's4'])
      await world.facts('surveys', [{ key, name: key, kind: 'custom', ...scale }]);
    await world.facts(
      'responses',
      ['s1', 's2', 's3', 's4'].flatMap((survey, place) =>
        crowd(survey, 4 - place, { survey, score: 4 }).concat(response({ customer_id: null, survey, score: 0 })),
      ),
    );
    const { data, reads_as } = await world.ask('analytics/scores');
    assert.deepEqual(
      data.map(({ survey, nps, satisfied }: Row) => [survey, nps, satisfied]),
      [
        ['s1', 60, 4],
        ['s2', 50, 3],
        ['s3', 33.333333, 2],
        ['s4', 0, 1],
      ],
    );
    assert.match(
      reads_as,
      /^The net score \(promoters less detractors\) of 's1' is 60\.0 \(.*\)\. .*'s3' is 33\.3 \(.*; 3 responses\)\. 1 more survey is in the rows\.$/,
    );
  },
});
