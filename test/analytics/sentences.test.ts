import assert from 'node:assert/strict';
import { welch } from '../real-data/figures.ts';
import { at, type Row, referral, type World, worlds } from '../support/world.ts';
import { crowd, longAgo, paid } from './crowd.ts';

/** Ten amounts around a middle, from 2 below it to 2 above it. */
const around = (middle: number) => [-2, -1, 0, 1, 2, -2, -1, 0, 1, 2].map((away) => middle + away);
const promoters = (row: Row = {}) => crowd(`P${row.segment ?? ''}`, 10, row);
const detractors = (row: Row = {}) => crowd(`D${row.segment ?? ''}`, 10, { score: 0, ...row });

/** What ten promoters and ten detractors spent on average, before and after answering; `[after, before]` of each. */
async function spent(world: World, promoter: [number, number], detractor: [number, number]): Promise<string> {
  await world.facts('responses', [...promoters(), ...detractors()]);
  const earlier = { occurred_at: at(50) };
  await world.facts('revenue-events', [
    ...paid('P', around(promoter[0])),
    ...paid('P', around(promoter[1]).reverse(), earlier),
    ...paid('D', around(detractor[0])),
    ...paid('D', around(detractor[1]).reverse(), earlier),
  ]);
  await world.complete(at(300));
  return (await world.ask('outcomes/revenue')).reads_as;
}
// Ten around 100 against ten around 100 - d: Welch's interval is d -+ t(18) sqrt(2 x (20 / 9) / 10) = d -+ 1.40. What was paid
// before varies against it, so a change varies twice as much: -+ 2.80.

worlds('What answers say in words', {
  async 'promoters spend more, and the gap grew'(world) {
    assert.equal(
      await spent(world, [100, 50], [60, 30]),
      'In the 90 days after answering, promoters spent 40.00 EUR more on average than detractors (95% interval 38.60 to 41.40 EUR more; 10 and 10 responses). Compared with the 90 days before, promoters gained 20.00 EUR on detractors. An association, not a cause.',
    );
  },

  async 'promoters spend more, as they did before'(world) {
    assert.equal(
      await spent(world, [100, 90], [60, 50]),
      'In the 90 days after answering, promoters spent 40.00 EUR more on average than detractors (95% interval 38.60 to 41.40 EUR more; 10 and 10 responses). The gap is not clearly different from that in the 90 days before: promoters may simply have been the bigger spenders. An association, not a cause.',
    );
  },

  async 'promoters spend less'(world) {
    assert.equal(
      await spent(world, [60, 60], [100, 60]),
      'In the 90 days after answering, promoters spent 40.00 EUR less on average than detractors (95% interval 38.60 to 41.40 EUR less; 10 and 10 responses). Compared with the 90 days before, promoters lost 40.00 EUR against detractors. An association, not a cause.',
    );
  },

  async 'promoters spend less, as they did before'(world) {
    assert.equal(
      await spent(world, [60, 20], [100, 60]),
      'In the 90 days after answering, promoters spent 40.00 EUR less on average than detractors (95% interval 38.60 to 41.40 EUR less; 10 and 10 responses). The gap is not clearly different from that in the 90 days before: detractors may simply have been the bigger spenders. An association, not a cause.',
    );
  },

  async 'no difference is an answer, and nothing is associated then'(world) {
    assert.equal(
      await spent(world, [100, 80], [99, 80]),
      'In the 90 days after answering, no difference in spending between promoters and detractors was found (95% interval 0.40 EUR less to 2.40 EUR more; 10 and 10 responses). Nor was one found in how spending changed from the 90 days before.',
    );
  },

  async 'no difference after, but a change from before'(world) {
    assert.equal(
      await spent(world, [100, 40], [99, 90]),
      'In the 90 days after answering, no difference in spending between promoters and detractors was found (95% interval 0.40 EUR less to 2.40 EUR more; 10 and 10 responses). Compared with the 90 days before, promoters gained 51.00 EUR on detractors. An association, not a cause.',
    );
  },

  async 'groups are counted by q: more here, less there, nothing found elsewhere'(world) {
    await world.facts('responses', [
      ...['a', 'b', 'c', 'd', 'e'].flatMap((segment) => [...promoters({ segment }), ...detractors({ segment })]),
      ...crowd('Pf', 3, { segment: 'f' }),
    ]);
    const middles = { a: [100, 60], b: [100, 30], c: [20, 50], d: [70, 70], e: [71, 70] };
    await world.facts(
      'revenue-events',
      Object.entries(middles).flatMap(([segment, [promoter = 0, detractor = 0]]) => [
        ...paid(`P${segment}`, around(promoter)),
        ...paid(`D${segment}`, around(detractor)),
      ]),
    );
    await world.facts('revenue-events', [longAgo]);
    await world.complete(at(300));
    const { low, high } = welch(around(20), around(50));
    assert.deepEqual([low.toFixed(2), high.toFixed(2)], ['-31.40', '-28.60']);
    const { reads_as, warnings } = await world.ask('outcomes/revenue', { group_by: 'segment', min_n: 10 });
    assert.equal(
      reads_as,
      'In the 90 days after answering, promoters spent more than detractors in 2 of 5 segments with enough responses (most in b: 70.00 EUR more on average, 95% interval 68.60 to 71.40 EUR more), less in 1 (c: 30.00 EUR less on average, 95% interval 28.60 to 31.40 EUR less), and no difference was found in 2, allowing for 15 comparisons at once. An association, not a cause.',
    );
    assert.deepEqual(warnings, [
      '1 of 11 rows has too few responses or people to tell a figure.',
      '15 comparisons were made at once: judge them by q, not by p.',
    ]);
    // One segment alone reads like the whole, and says which it is.
    const one = await world.ask('outcomes/revenue', { group_by: 'segment', segment: 'c', min_n: 10 });
    assert.match(
      one.reads_as,
      /^Only segment c: In the 90 days after answering, promoters in segment c spent 30\.00 EUR less /,
    );
    const two = await world.ask('outcomes/revenue', { group_by: 'segment,month', min_n: 10 });
    assert.match(two.reads_as, /in 2 of 5 groups with enough responses \(most in b, 2022-04: 70\.00 EUR more/);
  },

  async 'of two surveys both are told, and where nothing was found in any that is said'(world) {
    await world.facts('surveys', [{ key: 'csat', name: 'Satisfied?', kind: 'csat' }]);
    const other = (name: string, score: number) =>
      crowd(name, 10, { survey: 'csat', score }).map((row) => ({ ...row, id: `csat ${row.id}` }));
    await world.facts('responses', [...promoters(), ...detractors(), ...other('P', 5), ...other('D', 1)]);
    await world.facts(
      'referrals',
      promoters().flatMap(({ customer_id }, place) =>
        Array.from({ length: 1 + (place % 2) }, () => referral({ referrer_id: customer_id })),
      ),
    );
    await world.complete(at(300));
    // Ten with 1 or 2 referrals against ten with none: 1.5 -+ t(9) sqrt(0.2778 / 10).
    const { reads_as } = await world.ask('outcomes/referrals');
    assert.equal(
      reads_as,
      "In the 90 days after answering, promoters made more referrals than detractors in both surveys (most in 'csat': 150.0 more per 100 responses, 95% interval 112.3 to 187.7 more), allowing for 4 comparisons at once. An association, not a cause.",
    );
    // Nobody converted, so that measure could not be tested: referrals and referrers twice.
    const none = await world.ask('outcomes/retention');
    assert.equal(
      none.reads_as,
      'In the 90 days after answering, no difference in retention between promoters and detractors was found in any of 2 surveys, allowing for 2 comparisons at once.',
    );
  },

  async 'a group without a name is called one without'(world) {
    await world.facts('responses', [...promoters({ score: 9 }), ...detractors(), ...crowd('X', 2, { segment: 'x' })]);
    await world.complete(at(300));
    const { reads_as } = await world.ask('outcomes/retention', { group_by: 'segment', min_n: 5 });
    assert.equal(
      reads_as,
      '0.0% of promoters and 0.0% of detractors without a segment bought again in the 90 days after answering: no difference was found (95% interval 27.8 points fewer to 27.8 points more; 10 and 10 responses).',
    );
  },
});
