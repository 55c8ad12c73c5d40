import assert from 'node:assert/strict';
import { payment, type Row, response, type World, worlds } from '../support/world.ts';

const path = 'analytics/behaviours';
const units = (...keys: string[]) => keys.map((key) => ({ key, name: key.toUpperCase() }));

/** An observation of keeping one's word in unit a, rated 3. */
async function observe(world: World, ...rows: Row[]): Promise<Row[]> {
  const made: Row[] = [];
  for (const row of rows) {
    const body = { behaviour: 'keep-your-word', unit: 'a', rating: 3, observed_at: '2022-01-10T12:00:00Z', ...row };
    const reply = await world.send('POST', '/v1/behaviour-observations', body);
    assert.equal(reply.status, 201, reply.text);
    made.push(reply.body);
  }
  return made;
}

const on = { january: '2022-01-12T12:00:00Z', february: '2022-02-12T12:00:00Z' };
type Month = keyof typeof on;

/** What the six unit-months of a world hold: ratings; scores, each with whether the customer bought again. */
const sixMonths: [unit: string, month: Month, ratings: number[], answers: [score: number, stays: boolean][]][] = [
  ['a', 'january', [1], [[0, false]]],
  ['a', 'february', [1, 3], [[7, false]]],
  [
    'b',
    'january',
    [3],
    [
      [0, true],
      [8, false],
    ],
  ],
  [
    'b',
    'february',
    [2, 4],
    [
      [10, true],
      [7, false],
    ],
  ],
  ['c', 'january', [4], [[8, true]]],
  ['c', 'february', [5, 5], [[10, true]]],
];

async function sixMonthsOf(world: World, row: Row = {}): Promise<void> {
  await world.facts('units', units('a', 'b', 'c'));
  const [responses, payments]: [Row[], Row[]] = [[], []];
  for (const [unit, month, ratings, answers] of sixMonths) {
    await observe(world, ...ratings.map((rating) => ({ unit, rating, observed_at: on[month] })));
    for (const [score, stays] of answers) {
      const customer_id = `C${responses.length}`;
      responses.push(response({ customer_id, unit, score, answered_at: on[month], ...row }));
      if (stays) payments.push(payment({ customer_id, occurred_at: '2022-03-01T12:00:00Z' }));
    }
  }
  await world.facts('responses', responses);
  await world.facts('revenue-events', payments);
  await world.complete('2022-12-01T00:00:00Z');
}

const associations = ({ comparisons }: { comparisons: Row[] }, ...columns: string[]) =>
  comparisons.map((row) => ['measure', ...columns].map((column) => row[column]));

worlds('GET /v1/analytics/behaviours', {
  async 'ratings by group: means with t, shares rated well with Wilson'(world) {
    await world.facts('units', units('a', 'b'));
    await observe(
      world,
      { rating: 2 },
      { rating: 4 },
      { rating: 5, unit: 'b' },
      { rating: 5, unit: 'b', observed_at: '2022-02-10T12:00:00Z' },
      { rating: 1, behaviour: 'apologise' },
    );
    const columns = [
      'observations',
      'mean_rating',
      'mean_rating_low',
      'mean_rating_high',
      'rated_well',
      'rated_well_rate',
    ];
    // keep-your-word 2, 4, 5, 5: mean 4, variance (4 + 0 + 1 + 1) / 3 = 2, se sqrt(2 / 4) = 0.707107,
    // t(0.975, 3) = 3.182446: 4 -+ 2.250329, cut to the scale. One observation
    // has no interval.
    assert.deepEqual(await world.figures(path, ['behaviour', 'name', ...columns], { group_by: 'behaviour' }), [
      ['apologise', 'Apologise', 1, 1, null, null, 0, 0],
      ['keep-your-word', 'Keep your word', 4, 4, 1.749671, 5, 3, 0.75],
    ]);
    // All: 17 / 5 = 3.4. Wilson of 3 / 5.
    const [whole] = (await world.ask(path)).data;
    assert.deepEqual(
      [
        whole.observations,
        whole.mean_rating,
        whole.rated_well_rate,
        whole.rated_well_rate_low,
        whole.rated_well_rate_high,
      ],
      [5, 3.4, 0.6, 0.230724, 0.882379],
    );
    assert.deepEqual(await world.figures(path, ['family', 'name', 'observations'], { group_by: 'family' }), [
      ['problem-resolution', null, 1],
      ['relationships', null, 4],
    ]);
    assert.deepEqual(await world.figures(path, ['unit', 'month', 'observations'], { group_by: 'unit,month' }), [
      ['a', '2022-01', 3],
      ['b', '2022-01', 1],
      ['b', '2022-02', 1],
    ]);
    assert.deepEqual(
      await world.figures(path, ['quarter', 'observations'], { group_by: 'quarter', family: 'relationships' }),
      [['2022-Q1', 4]],
    );
    assert.deepEqual(await world.figures(path, ['observations'], { behaviour: 'apologise' }), [[1]]);
    assert.deepEqual(await world.figures(path, ['observations'], { from: '2022-02-01' }), [[1]]);
    assert.deepEqual(await world.figures(path, ['observations'], { to: '2022-01-01' }), []);
    const { reads_as, warnings } = await world.ask(path, { group_by: 'behaviour' });
    assert.equal(
      reads_as,
      "The mean rating was highest for 'Keep your word', 4.00 of 5 (95% interval 1.75 to 5.00; 4 observations), and lowest for 'Apologise', 1.00 of 5 (1 observation). Whether ratings go with scores or with retention cannot be told yet.",
    );
    assert.match(warnings.join(), /^Nobody observed Admit errors and gaps in knowledge; .* and 20 more\.$/);
  },

  async 'ratings go with scores and with staying by unit and month, allowing for months of one unit'(world) {
    await sixMonthsOf(world);
    // Mean rating  a 1, 2  b 3, 3  c 4, 5: ranks 1, 2, 3.5, 3.5, 5, 6, from their mean -2.5, -1.5, 0, 0, 1.5, 2.5.
    // NPS          a -100, 0  b -50, 50  c 0, 100: ranks 1, 3.5, 2, 5, 3.5, 6: -2.5, 0, -1.5, 1.5, 0, 2.5.
    // rho = (6.25 + 6.25) / sqrt(17 x 17) = 12.5 / 17 = 0.735294, z = atanh(rho) = 0.940131.
    // Without a: 3 / sqrt(4.5 x 5), b: 4.5 / sqrt(5 x 4.5), c: 3 / sqrt(4.5 x 5): z 0.745512, 1.818446, 0.745512.
    // se^2 = 2/3 (0.194619^2 + 0.878315^2 + 0.194619^2) = 0.564793, t(0.975, 2) se = 4.302653 x 0.751527 = 3.233560:
    // tanh(-2.293429) to tanh(4.173691); t = 1.250961, and with two degrees p = 1 - t / sqrt(2 + t^2) = 0.337448.
    // Retention 0, 0, 0.5, 0.5, 1, 1: rho = 16 / sqrt(17 x 16); without a and c 4 / sqrt(4.5 x 4), without b
    // 4 / sqrt(5 x 4): z 2.094721; 1.762747, 1.443635: se 0.655401, t = 3.196091, p = 0.085524.
    // In ratings: 28 / 9 = 3.111, variance (106 - 28^2 / 9) / 8 = 2.361, se 0.5122, t(0.975, 8) = 2.306.
    const answer = await world.ask(path, { window_days: 90 });
    assert.deepEqual(
      associations(answer, 'family', 'behaviour', 'survey', 'unit_months', 'units', 'spearman', 'p', 'q'),
      [
        ['nps', null, null, 'nps', 6, 3, 0.735294, 0.3374, 0.3374],
        ['retention_rate', null, null, 'nps', 6, 3, 0.970143, 0.08552, 0.171],
      ],
    );
    const [score] = answer.comparisons;
    assert.deepEqual([score.spearman_low, score.spearman_high, score.withheld], [-0.979834, 0.999526, null]);
    assert.deepEqual(answer.left_out, []);
    assert.equal(
      answer.reads_as,
      'Behaviours were rated 3.11 of 5 (95% interval 1.93 to 4.29; 9 observations) on average. No association of ratings with scores or with retention was found by unit and month, allowing for 2 tests at once.',
    );
    assert.match(answer.method, /one unit at a time.*q by Benjamini and Hochberg over 2 comparisons$/);
  },

  async 'associations are of behaviours, of families, or of all observations together, and of each survey'(world) {
    await sixMonthsOf(world);
    await world.facts('surveys', [
      {
        key: 'effort',
        name: 'How hard was it?',
        kind: 'ces',
        scale_min: 1,
        scale_max: 5,
        higher_is_better: false,
        detractor_max: 2,
        promoter_min: 4,
        satisfied_min: 4,
      },
    ]);
    // The same order as the ratings, turned round: effort 5 is bad, and little effort goes with good ratings.
    const effort = [5, 4, 3, 3, 2, 1];
    await world.facts(
      'responses',
      sixMonths.map(([unit, month], at) =>
        response({ customer_id: `E${at}`, survey: 'effort', unit, score: effort[at], answered_at: on[month] }),
      ),
    );
    await observe(world, { unit: 'a', behaviour: 'apologise', observed_at: on.january });
    const shown = async (query: Record<string, string | number>) =>
      associations(
        await world.ask(path, { window_days: 90, ...query }),
        'survey',
        'family',
        'behaviour',
        'name',
        'unit_months',
        'spearman',
        'withheld',
      );
    // Perfect order: a correlation of 1 without an interval.
    const perfect = 'no interval: without one of the units the order is perfect, or one side all the same';
    assert.deepEqual(await shown({ survey: 'effort', behaviour: 'keep-your-word' }), [
      ['mean_score', 'effort', null, null, null, 6, 1, perfect],
      // Nobody bought after answering it: all retention rates are 0.
      ['retention_rate', 'effort', null, null, null, 6, null, 'cannot be told: all figures are the same'],
    ]);
    const [apology, , word] = await shown({ group_by: 'behaviour', survey: 'nps' });
    assert.deepEqual(apology, [
      'nps',
      'nps',
      'problem-resolution',
      'apologise',
      'Apologise',
      1,
      null,
      'cannot be told: fewer than 3 unit-months',
    ]);
    assert.deepEqual(word, ['nps', 'nps', 'relationships', 'keep-your-word', 'Keep your word', 6, 0.735294, null]);
    assert.deepEqual(
      (await shown({ group_by: 'family,month' })).map(([measure, asked, family, behaviour]) => [
        measure,
        asked,
        family,
        behaviour,
      ]),
      ['problem-resolution', 'relationships'].flatMap((family) => [
        ['mean_score', 'effort', family, null],
        ['retention_rate', 'effort', family, null],
        ['nps', 'nps', family, null],
        ['retention_rate', 'nps', family, null],
      ]),
    );
    // Fewer unit-months than min_n.
    assert.deepEqual(await shown({ survey: 'nps', behaviour: 'keep-your-word', min_n: 7 }), [
      ['nps', 'nps', null, null, null, 6, null, 'fewer than 7 unit-months have both'],
      ['retention_rate', 'nps', null, null, null, 6, null, 'fewer than 7 unit-months have both'],
    ]);
  },

  async 'the same rating everywhere tells neither an interval nor an association; two units tell no interval'(world) {
    await world.facts('units', units('a', 'b'));
    const places = ['a', 'b'].flatMap((unit) => [on.january, on.february].map((when) => ({ unit, when })));
    const observed = await observe(world, ...places.map(({ unit, when }) => ({ unit, observed_at: when })));
    await world.facts(
      'responses',
      places.map(({ unit, when }, at) =>
        response({ customer_id: `C${at}`, unit, answered_at: when, score: [0, 8, 10, 8][at] }),
      ),
    );
    const same = await world.ask(path);
    assert.deepEqual(
      [same.data[0].mean_rating, same.data[0].mean_rating_low, same.data[0].rated_well, same.data[0].withheld],
      [3, null, 0, null],
    );
    assert.deepEqual(associations(same, 'spearman', 'withheld'), [
      ['nps', null, 'cannot be told: all ratings are the same'],
    ]);
    assert.equal(
      same.reads_as,
      'Behaviours were rated 3.00 of 5 (4 observations) on average. Whether ratings go with scores or with retention cannot be told yet.',
    );
    // Ratings 1, 3, 3, 3 against -100, 0, 100, 0: ranks 1, 3, 3, 3 and 1, 2.5, 4, 2.5:
    // (2.25 + 0 + 0.75 + 0) / sqrt(3 x 4.5) = 0.816497.
    await world.send('PATCH', `/v1/behaviour-observations/${observed[0]?.id}`, { rating: 1 }, { 'if-match': '*' });
    assert.deepEqual(associations(await world.ask(path), 'unit_months', 'units', 'spearman', 'p', 'withheld'), [
      ['nps', 4, 2, 0.816497, null, 'no interval: fewer than 3 units'],
    ]);
    // What is archived no longer counts.
    await world.send('DELETE', `/v1/behaviour-observations/${observed[0]?.id}`, undefined, { 'if-match': '*' });
    assert.deepEqual(await world.figures(path, ['observations', 'mean_rating']), [[3, 3]]);
  },

  async 'a unit stands for those below it, a month begins in the reporting time zone'(world) {
    await world.settings({ time_zone: 'Asia/Tokyo' });
    await world.facts('units', [
      { key: 'north', name: 'North' },
      { key: 'a', name: 'A', parent: 'north' },
      { key: 'b', name: 'B' },
    ]);
    // 23:30 in UTC is the next morning in Tokyo.
    const late = '2022-01-31T23:30:00Z';
    await observe(world, { unit: 'a', observed_at: late }, { unit: 'north', rating: 5 }, { unit: 'b' });
    await world.facts('responses', [
      response({ customer_id: 'A', unit: 'a', answered_at: late }),
      response({ customer_id: 'B', unit: 'b', answered_at: late }),
      response({ customer_id: 'C', unit: null, answered_at: late }),
    ]);
    const north = await world.ask(path, { unit: 'north', group_by: 'unit,month' });
    assert.deepEqual(
      north.data.map(({ unit, month, observations }: Row) => [unit, month, observations]),
      [
        ['a', '2022-02', 1],
        ['north', '2022-01', 1],
      ],
    );
    // The response of b is not of this question; that of a is in February too. The observation of north meets none, and of
    // nobody is it known whether they stayed.
    assert.deepEqual(associations(north, 'unit_months', 'units'), [['nps', 1, 1]]);
    assert.deepEqual(north.left_out, [
      { reason: 'scores: no_response_in_unit_and_month', observations: 1 },
      { reason: 'retention: none_known_in_unit_and_month', observations: 2 },
    ]);
    assert.match(north.reads_as, /^Only unit north: The mean rating was highest for north, 2022-01, 5\.00 of 5 /);
  },

  async 'an association that holds is told, with the words that belong to it'(world) {
    const keys = Array.from({ length: 8 }, (_, at) => `u${at}`);
    await world.facts('units', units(...keys));
    const facts: Row[] = [];
    for (const [at, unit] of keys.entries())
      for (const when of [on.january, on.february]) {
        // Better units are rated higher and have better scores, but for one pair of neighbours.
        const rating = 1 + Math.floor(at / 2);
        await observe(world, { unit, rating, observed_at: when });
        const score = [0, 1, 3, 2, 4, 5, 6, 6][at] ?? 0;
        for (let one = 0; one < 8; one += 1)
          facts.push(
            response({ customer_id: `${unit}${when}${one}`, unit, answered_at: when, score: one < score ? 10 : 0 }),
          );
      }
    await world.facts('responses', facts);
    const { comparisons, reads_as } = await world.ask(path, { group_by: 'behaviour' });
    const [found] = comparisons;
    // scipy: spearmanr of [1,1,2,2,3,3,4,4] and [0,1,3,2,4,5,6,6] twice each, and the jackknife over the eight units.
    assert.deepEqual([found.unit_months, found.units, found.spearman], [16, 8, 0.981761]);
    assert.deepEqual([found.spearman_low, found.spearman_high], [0.937178, 0.99479]);
    assert.equal(
      reads_as,
      "'Keep your word' was rated 2.50 of 5 (95% interval 1.88 to 3.12; 16 observations) on average. In units and months in which 'Keep your word' was rated higher, the NPS of 'nps' was higher (rank correlation 0.98, 95% interval 0.94 to 0.99; 16 unit-months of 8 units). An association, not a cause.",
    );
  },

  async 'groups of few people are hidden from readers who may not see them'(world) {
    await world.facts('units', units('a', 'b', 'c'));
    const of = (unit: string, ...employees: (string | null)[]) => employees.map((employee) => ({ unit, employee }));
    await observe(
      world,
      // Six observations of two people; five of people unknown; six of six people.
      ...of('a', 'E1', 'E1', 'E1', 'E2', 'E2', 'E2'),
      ...of('b', null, null, null, null, null),
      ...of('c', 'E1', 'E2', 'E3', 'E4', 'E5', 'E6'),
    );
    const { body } = await world.send('POST', '/v1/keys', { name: 'reader', scopes: ['read'] });
    const reply = await world.send('GET', `/v1/${path}?group_by=unit&min_n=1`, undefined, {
      authorization: `Bearer ${body.secret}`,
    });
    // a is hidden; b too, so that the whole less c does not give a away.
    const reason = 'fewer than 5 people, or a group that would give one away';
    assert.deepEqual(
      reply.body.data.map(({ unit, observations, rated_well, mean_rating, withheld }: Row) => [
        unit,
        observations,
        rated_well,
        mean_rating,
        withheld,
      ]),
      [
        ['a', null, null, null, reason],
        ['b', null, null, null, reason],
        ['c', 6, 0, 3, null],
      ],
    );
    assert.match(reply.body.warnings.join(), /2 of 3 rows have too few observations or people/);
    assert.deepEqual(await world.figures(path, ['unit', 'observations'], { group_by: 'unit' }), [
      ['a', 6],
      ['b', 5],
      ['c', 6],
    ]);
    // Ten by default.
    const usual = await world.send('GET', `/v1/${path}?group_by=unit`);
    assert.deepEqual(
      usual.body.data.map((row: Row) => [row.observations, row.mean_rating, row.withheld]),
      [6, 5, 6].map((n) => [n, null, 'fewer than 10 observations']),
    );
    assert.match(usual.body.reads_as, /^Too few observations to tell a rating\./);
  },

  async 'what cannot be asked is refused, and nothing observed is an answer'(world) {
    const refused = async (query: string) => {
      const { status, body } = await world.send('GET', `/v1/${path}?${query}`);
      return [status, body.code];
    };
    assert.deepEqual(await refused('group_by=segment'), [400, 'unknown_grouping']);
    for (const group_by of ['month,year', 'unit,unit', 'unit,month,family'])
      assert.deepEqual(await refused(`group_by=${group_by}`), [400, 'bad_grouping']);
    assert.deepEqual(await refused('behaviour=dance'), [400, 'unknown_behaviour']);
    assert.deepEqual(await refused('survey=none'), [400, 'unknown_survey']);
    assert.deepEqual(await refused('segment=x'), [400, 'invalid_query']);
    assert.match((await world.ask(path, { unit: 'a' })).reads_as, /^Only unit a: No observation/);
    const empty = await world.ask(path);
    assert.deepEqual(
      [empty.data, empty.comparisons, empty.reads_as],
      [[], [], 'No observation of a behaviour was found for this question.'],
    );
    const csv = await world.send('GET', `/v1/${path}?format=csv&group_by=behaviour`);
    assert.equal(
      csv.text,
      'behaviour,name,observations,mean_rating,mean_rating_low,mean_rating_high,rated_well,rated_well_rate,rated_well_rate_low,rated_well_rate_high,withheld\r\n',
    );
  },

  async 'a mile marker follows the mean rating over time'(world) {
    await sixMonthsOf(world);
    await observe(world, { behaviour: 'apologise', rating: 1, observed_at: on.february });
    const marker = {
      key: 'word',
      name: 'We keep our word',
      source: 'computed',
      metric: 'behaviour_rating',
      cadence: 'month',
      filters: { behaviour: 'keep-your-word', min_n: 1 },
    };
    const unknown = await world.send('POST', '/v1/mile-markers', { ...marker, filters: { behaviour: 'dance' } });
    assert.deepEqual(
      [unknown.status, unknown.body.errors[0].pointer, unknown.body.errors[0].code],
      [422, '/filters/behaviour', 'unknown_behaviour'],
    );
    const made = await world.send('POST', '/v1/mile-markers', marker);
    assert.equal(made.status, 201, made.text);
    const series = async (query: string) => {
      const reply = await world.send('GET', `/v1/mile-markers/word/series?from=2021-12-01&to=2022-03-01${query}`);
      assert.equal(reply.status, 200, reply.text);
      return reply.body.data.map(({ period_start_on, value, n }: Row) => [period_start_on, value, n]);
    };
    // January 1, 3, 4; February 1, 3, 2, 4, 5, 5: 20 / 6. Unit c: 4; 5, 5.
    assert.deepEqual(await series(''), [
      ['2021-12-01', null, 0],
      ['2022-01-01', 2.666667, 3],
      ['2022-02-01', 3.333333, 6],
    ]);
    assert.deepEqual(await series('&unit=c'), [
      ['2021-12-01', null, 0],
      ['2022-01-01', 4, 1],
      ['2022-02-01', 5, 2],
    ]);
  },
});
