import assert from 'node:assert/strict';
import { logRank, survivalCurve } from '../real-data/figures.ts';
import { near } from '../stats/near.ts';
import { at, payment, type Row, response, retention, worlds } from '../support/world.ts';
import { crowd } from './crowd.ts';

const noon = 43_200_000;
/** Everything is known through the end of day 999. */
const asOf = 1000;

/**
 * Customers with contracts who were followed for so many days after answering: then they churned, or day 999 was over
 * (or, after 365 days, the window).
 */
const followed = (name: string, score: number, days: readonly number[], left: readonly number[]) => ({
  responses: days.map((day, place) => {
    const answered = left[place] === 1 ? 300 : day === 365 ? 400 : asOf - 1 - day;
    return response({ id: `${name}${place}`, customer_id: `${name}${place}`, score, answered_at: at(answered, noon) });
  }),
  events: days.flatMap((day, place) => [
    retention({ customer_id: `${name}${place}`, type: 'started', occurred_at: at(1) }),
    ...(left[place] === 1
      ? [retention({ customer_id: `${name}${place}`, type: 'churned', occurred_at: at(300 + day, noon) })]
      : []),
  ]),
  observed: days.map((day, place) => ({ days: day, left: left[place] === 1 })),
});
const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
const vectors = [
  followed('P', 10, [90, 180, 200, 365, 365, 365, 365, 365], [0, 1, 0, 0, 0, 0, 0, 0]),
  followed('A', 8, [60, 120, 150, 240, 365, 365, 365, 300], [1, 0, 1, 1, 0, 0, 0, 0]),
  followed('D', 2, [30, 45, 60, 90, 120, 200, 365, 365], [1, 1, 1, 0, 1, 1, 0, 0]),
];

worlds('How long they stay', {
  async 'the curves are those of Kaplan and Meier, compared by the log-rank test'(world) {
    await world.facts(
      'responses',
      vectors.flatMap(({ responses }) => responses),
    );
    await world.facts(
      'retention-events',
      vectors.flatMap(({ events }) => events),
    );
    await world.complete(at(asOf));
    const answer = await world.ask('outcomes/retention/curve', { window_days: 365 });
    const curve = (band: string) =>
      answer.data
        .filter((row: Row) => row.band === band)
        .map(({ day, at_risk, churned, survival, survival_low, survival_high }: Row) => [
          day,
          at_risk,
          churned,
          survival,
          survival_low,
          survival_high,
        ]);
    assert.deepEqual(curve('promoter'), [
      [0, 8, 0, 1, null, null],
      [180, 7, 1, 0.857143, 0.334054, 0.978561],
      [365, 5, 0, 0.857143, 0.334054, 0.978561],
    ]);
    assert.deepEqual(
      curve('passive').map((row: unknown[]) => row.slice(0, 4)),
      [
        [0, 8, 0, 1],
        [60, 8, 1, 0.875],
        [150, 6, 1, 0.729167],
        [240, 5, 1, 0.583333],
        [365, 3, 0, 0.583333],
      ],
    );
    assert.deepEqual(curve('passive').at(-1).slice(4), [0.180189, 0.844069]);
    assert.deepEqual(
      curve('detractor').map(([day, , , survival]: number[]) => [day, survival]),
      [
        [0, 1],
        [30, 0.875],
        [45, 0.75],
        [60, 0.625],
        [120, 0.46875],
        [200, 0.3125],
        [365, 0.3125],
      ],
    );
    assert.deepEqual(curve('detractor').at(-1).slice(4), [0.047849, 0.64077]);
    const [passives, detractors] = vectors.slice(1).map(({ observed }) => observed);
    assert.ok(passives && detractors);
    const last = logRank(passives, detractors);
    assert.deepEqual(
      answer.comparisons.map(({ measure, band, against, chi2, df, p, q }: Row) => [
        measure,
        band,
        against,
        chi2,
        df,
        p,
        q,
      ]),
      [
        // m = 3: the p, times 3 and divided by its rank, and no more than the next.
        ['log_rank', 'detractor, passive', 'promoter', 5.68065, 2, 0.05841, 0.08761],
        ['log_rank', 'promoter', 'detractor', 4.831968, 1, 0.02794, 0.08381],
        [
          'log_rank',
          'passive',
          'detractor',
          rounded(last.chi2, 6),
          1,
          Number(last.p.toPrecision(4)),
          Number(last.p.toPrecision(4)),
        ],
      ],
    );
    assert.equal(
      answer.reads_as,
      '365 days after answering, an estimated 85.7% of promoters (8 followed), 58.3% of passives (8 followed) and 31.3% of detractors (8 followed) had not left. Promoters stayed longer than detractors (log-rank p = 0.028). An association, not a cause.',
    );
    assert.deepEqual([answer.left_out, answer.warnings], [[], []]);
    assert.deepEqual([answer.parameters.as_of, answer.fresh.complete_through], [at(asOf), at(asOf)]);
    assert.match(answer.method, /^Kaplan-Meier, .*; q by Benjamini and Hochberg over 3 comparisons$/);
  },

  async 'is followed no longer than the window, where the next index response takes over: nobody leaves twice'(world) {
    // Each answers on day 100 as a detractor and on day 200 as a promoter, and leaves on day 250 or not at all.
    const twice = ['A', 'B', 'C', 'D'].flatMap((customer_id) => [
      response({ customer_id, score: 1, answered_at: at(100, noon) }),
      response({ customer_id, score: 10, answered_at: at(200, noon) }),
    ]);
    await world.facts('responses', twice);
    await world.facts('retention-events', [
      ...['A', 'B', 'C', 'D'].map((customer_id) => retention({ customer_id, type: 'started', occurred_at: at(1) })),
      retention({ customer_id: 'A', type: 'churned', occurred_at: at(250, noon) }),
    ]);
    await world.complete(at(asOf));
    const { data, comparisons } = await world.ask('outcomes/retention/curve', { window_days: 90 });
    assert.deepEqual(
      data.map(({ band, day, at_risk, churned, survival }: Row) => [band, day, at_risk, churned, survival]),
      [
        ['detractor', 0, 4, 0, 1],
        ['detractor', 90, 4, 0, 1],
        ['promoter', 0, 4, 0, 1],
        ['promoter', 50, 4, 1, 0.75],
        ['promoter', 90, 3, 0, 0.75],
      ],
    );
    const four = { days: 90, left: false };
    const expected = logRank([{ days: 50, left: true }, four, four, four], [four, four, four, four]);
    near(comparisons[0].chi2, expected.chi2);
  },

  async 'every response is on the curve or left out for one reason'(world) {
    await world.facts('surveys', [{ key: 'leaving', name: 'Why?', kind: 'nps', triggered_by_leaving: true }]);
    await world.facts('responses', [
      response({ customer_id: 'A' }),
      response({ customer_id: 'A', answered_at: at(120) }), // not an index response
      response({ customer_id: null }),
      response({ customer_id: 'B', survey: 'leaving' }),
      response({ customer_id: 'C' }), // buys without a contract
      response({ customer_id: 'D' }), // had left on day 50
      response({ customer_id: 'E', answered_at: at(350) }), // after what is known
      response({ customer_id: 'A', answered_at: at(299, noon), themes: ['price', 'staff'] }), // on the last day
    ]);
    await world.facts('retention-events', [
      ...['A', 'B', 'E'].map((customer_id) => retention({ customer_id, type: 'started', occurred_at: at(1) })),
      retention({ customer_id: 'D', type: 'churned', occurred_at: at(50) }),
    ]);
    await world.facts('revenue-events', [payment({ customer_id: 'C' })]);
    await world.complete(at(300));
    const expected = [
      { reason: 'anonymous', responses: 1 },
      { reason: 'survey_triggered_by_leaving', responses: 1 },
      { reason: 'not_an_index_response', responses: 1 },
      { reason: 'no_contract', responses: 1 },
      { reason: 'not_active_when_answered', responses: 1 },
      { reason: 'not_followed_yet', responses: 1 },
    ];
    const { data, left_out, reads_as } = await world.ask('outcomes/retention/curve');
    assert.deepEqual(left_out, expected);
    assert.deepEqual(
      data.map(({ day, at_risk }: Row) => [day, at_risk]),
      [
        [0, 2],
        [90, 1],
      ],
    );
    assert.equal(reads_as, '90 days after answering, an estimated 100.0% of promoters (2 followed) had not left.');
    // In each of its themes once, but left out once.
    assert.deepEqual((await world.ask('outcomes/retention/curve', { group_by: 'theme' })).left_out, expected);
    // As things stood on day 150: the later responses are not there.
    const then = await world.ask('outcomes/retention/curve', { as_of: at(150) });
    assert.deepEqual(then.left_out, expected.slice(0, 5));
    assert.deepEqual(
      then.data.map(({ day, at_risk }: Row) => [day, at_risk]),
      [[0, 1]],
    );
    assert.equal(then.reads_as, 'As of 2022-05-31T00:00:00.000Z: Nobody was followed for 90 days after answering yet.');
  },

  async 'without a retention event nothing is told'(world) {
    await world.facts('responses', [response({ customer_id: 'A' })]);
    await world.facts('revenue-events', [payment()]);
    for (const query of [{}, { as_of: at(105) }] as Record<string, string>[]) {
      const { data, reads_as, fresh, left_out } = await world.ask('outcomes/retention/curve', query);
      assert.equal(
        reads_as.replace('As of 2022-04-16T00:00:00.000Z: ', ''),
        'Nothing can be told: no retention events were sent yet. That is not the same as nobody leaving.',
      );
      assert.deepEqual([data, fresh.complete_through], [[], null]);
      assert.deepEqual(left_out, [{ reason: 'no_contract', responses: 1 }]);
    }
  },

  async 'groups are counted by q, and those with too few responses are named'(world) {
    const inSegment = (segment: string, score: number, left: readonly number[]) => ({
      responses: crowd(`${segment}${score}`, left.length, { segment, score, answered_at: at(100, noon) }),
      events: left.flatMap((day, place) => [
        retention({ customer_id: `${segment}${score}${place + 1}`, type: 'started', occurred_at: at(1) }),
        ...(day > 0
          ? [
              retention({
                customer_id: `${segment}${score}${place + 1}`,
                type: 'churned',
                occurred_at: at(100 + day, noon),
              }),
            ]
          : []),
      ]),
    });
    const [none, all] = [Array(10).fill(0), Array.from({ length: 10 }, (_, place) => 10 + place)];
    const parts = [
      inSegment('a', 10, none),
      inSegment('a', 1, all),
      inSegment('b', 10, all),
      inSegment('b', 1, none),
      inSegment('c', 10, [...none.slice(1), 30]),
      inSegment('c', 1, [...none.slice(1), 40]),
      inSegment('d', 10, [0, 0]),
    ];
    await world.facts(
      'responses',
      parts.flatMap(({ responses }) => responses),
    );
    await world.facts(
      'retention-events',
      parts.flatMap(({ events }) => events),
    );
    await world.complete(at(asOf));
    const { reads_as, comparisons, data, warnings } = await world.ask('outcomes/retention/curve', {
      group_by: 'segment',
      min_n: 10,
    });
    assert.equal(comparisons.length, 3);
    assert.equal(
      reads_as,
      'In the 90 days after answering, promoters stayed longer than detractors in 1 of 3 segments with enough responses, less long in 1, and no difference was found in 1, allowing for 3 comparisons at once. An association, not a cause.',
    );
    const curve = survivalCurve(all.map((days) => ({ days, left: true })));
    const rows = data.filter(({ segment, band }: Row) => segment === 'a' && band === 'detractor');
    // The last one leaves: then nothing is left that could vary, and after it nobody is followed.
    assert.deepEqual(rows.at(-1).survival, 0);
    for (const [place, step] of curve.slice(0, -1).entries()) near(rows[place + 1].survival_low, step.low, 1e-6);
    assert.deepEqual(
      data.filter(({ segment }: Row) => segment === 'd').map(({ day, withheld }: Row) => [day, withheld]),
      [[null, 'fewer than 10 responses']],
    );
    assert.match(warnings[0], /^1 of \d+ rows has too few responses/);
  },
});
