import assert from 'node:assert/strict';
import { newcombe } from '../real-data/figures.ts';
import { near } from '../stats/near.ts';
import { at, type Row, response, worlds } from '../support/world.ts';
import { answers, crowd } from './crowd.ts';

worlds('Scores against one another', {
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
});
