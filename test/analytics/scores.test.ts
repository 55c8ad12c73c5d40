import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { readQuestion } from '../../src/analytics/question.ts';
import { weightOf, withAnswerers } from '../../src/analytics/scores/customers.ts';
import { readScores } from '../../src/analytics/scores/sums.ts';
import { refresh } from '../../src/outcomes/refresh.ts';
import { jackknife, mean, meanInterval, netPromoters, newcombe, normalP, wilson } from '../real-data/figures.ts';
import { near } from '../stats/near.ts';
import { at, type Row, response, worlds } from '../support/world.ts';
import { answers, crowd } from './crowd.ts';

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
      'NPS: adjusted Wald interval, differences by the z test; shares: Wilson, differences by Newcombe; means: t; every customer answered once; q by Benjamini and Hochberg over 3 comparisons',
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

  async 'customers who answered more than once do not make an NPS look surer than it is'(world) {
    // Forty customers: two of three answer in each of three months, and always alike; one score in ten differs.
    const given = Array.from({ length: 40 }, (_, place) =>
      Array.from({ length: place % 3 === 0 ? 1 : 3 }, (_month, turn) => ({
        customer: `C${place}`,
        turn,
        score: (place + 3 * turn) % 10 === 0 ? 7 : place % 5 < 3 ? 10 : 3,
      })),
    ).flat();
    await world.facts(
      'responses',
      given.map(({ customer, turn, score }) =>
        response({ customer_id: customer, score, answered_at: at(10 + 31 * turn) }),
      ),
    );
    const { data, method } = await world.ask('analytics/scores');
    const [row] = data;
    // Here once more: the variance of promoters less detractors by the jackknife, and that of n independent responses.
    const group = (name: string) => (createHash('sha256').update(name).digest()[0] ?? 0) & 31;
    const net = given.map(({ customer, score }) => ({
      group: group(customer),
      value: Math.sign(Number(score > 8) - Number(score < 7)),
    }));
    const n = net.length;
    const middle = mean(net.map(({ value }) => value));
    const design = jackknife(net).se ** 2 / ((mean(net.map(({ value }) => value ** 2)) - middle ** 2) / n);
    assert.ok(design > 1.5, 'a test of the design effect needs one');
    const groups = new Set(net.map((one) => one.group)).size;
    const weight = (1.959963985 / tQuantile(0.975, groups - 1)) ** 2 / design;
    const count = (value: number) => net.filter((one) => one.value === value).length * weight;
    const expected = netPromoters(count(1), count(0), count(-1));
    near(row.nps, 100 * middle, 1e-6);
    near(row.nps_low, expected.low, 1e-5);
    near(row.nps_high, expected.high, 1e-5);
    const satisfied = wilson(row.satisfied * weight, n * weight);
    near(row.satisfied_rate_low, satisfied.low, 1e-6);
    const scores = given.map(({ score }) => score);
    const se = Math.sqrt((mean(scores.map((score) => (score - mean(scores)) ** 2)) * design) / (n - 1));
    near(row.mean_score_high, mean(scores) + tQuantile(0.975, groups - 1) * se, 1e-5);
    assert.match(method, /; where customers answered more than once, n divided by the design effect of promoters less/);

    // By month everybody answers once, and the three months together are not so many people.
    const monthly = await world.ask('analytics/scores', { group_by: 'month' });
    const first = monthly.data[0];
    near(first.nps_low, netPromoters(first.promoters, first.passives, first.detractors).low, 1e-6);

    // Of a table too large to count customers in, the kept sums tell the same.
    await refresh(world.db);
    await world.db.read(async (client) => {
      const question = await readQuestion(client, { survey: 'nps' }, { personal: true });
      const known = await readScores(client, question);
      const [counted] = await withAnswerers(client, question, known);
      const [summed] = await withAnswerers(client, question, known, 0);
      assert.deepEqual([counted?.answerers?.people, summed?.answerers?.people], [40, null]);
      assert.ok(counted && summed);
      near(weightOf(summed), weightOf(counted), 1e-12);
    });
  },
});
