import assert from 'node:assert/strict';
import { refresh } from '../../src/outcomes/refresh.ts';
import { type Row, type World, worlds } from '../support/world.ts';
import { answers, crowd } from './crowd.ts';

const columns = [
  'segment',
  'responses_before',
  'responses',
  'share_before',
  'share',
  'score_before',
  'score',
  'score_change',
  'mix_effect',
  'score_effect',
];
const shown = (rows: Row[]) => rows.map((row) => columns.map((column) => row[column]));
const effects = (rows: Row[]) =>
  rows.map(({ effect, before, after, difference }) => [effect, before, after, difference]);

/** Responses of a segment in a year. */
const inYear = (year: number, segment: string | null, counts: [number, number, number], row: Row = {}) =>
  answers(...counts, { segment, answered_at: `${year}-06-01T12:00:00Z`, ...row });

/** Year 1: 900 at 40 and 100 at -20. Year 2: 500 at 45 and 500 at -10. */
async function fill(world: World): Promise<void> {
  await world.facts('responses', [
    ...inYear(2022, 'large', [540, 180, 180]),
    ...inYear(2022, 'small', [20, 40, 40]),
    ...inYear(2023, 'large', [275, 175, 50]),
    ...inYear(2023, 'small', [150, 150, 200]),
  ]);
  // More than a question works out itself.
  await refresh(world.db);
}

const asked = { survey: 'nps', by: 'segment', from: '2023-01-01', to: '2024-01-01' };

worlds('GET /v1/analytics/mix', {
  async 'the score fell from 34.0 to 17.5 though both segments rose'(world) {
    await fill(world);
    const answer = await world.ask('analytics/mix', asked);
    // The mean of the wholes is 25.75. Large: -0.4 x (42.5 - 25.75) = -6.7, and 0.7 x 5 = 3.5.
    // Small: 0.4 x (-15 - 25.75) = -16.3, and 0.3 x 10 = 3. Together -23 and 6.5, which is -16.5.
    assert.deepEqual(shown(answer.data), [
      ['large', 900, 500, 0.9, 0.5, 40, 45, 5, -6.7, 3.5],
      ['small', 100, 500, 0.1, 0.5, -20, -10, 10, -16.3, 3],
    ]);
    assert.deepEqual(effects(answer.comparisons), [
      ['change', 34, 17.5, -16.5],
      ['mix', null, null, -23],
      ['score', null, null, 6.5],
    ]);
    // Of the whole, by hand: p 0.56, d 0.22 of 1,000, then p 0.425, d 0.25 of 1,000: 6644 + 6443.75 thousandths.
    const [change] = answer.comparisons;
    const half = 1.959963985 * Math.sqrt((10_000 * (0.78 - 0.34 ** 2) + 10_000 * (0.675 - 0.175 ** 2)) / 1_000);
    assert.ok(Math.abs(change.difference_low - (-16.5 - half)) < 1e-5);
    assert.ok(Math.abs(change.difference_high - (-16.5 + half)) < 1e-5);
    assert.match(
      answer.reads_as,
      /^The NPS of 'nps' fell by 16\.5 points, from 34\.0 in the period from 2022-01-01 to 17\.5 \(95% interval 23\.6 points down to 9\.4 points down; 1,000 responses after 1,000 responses\)\. Scores inside the segments did nothing clear to it \(95% interval [\d.]+ points down to [\d.]+ points up\); the change of the mix of segments lowered it by 23\.0 points \(95% interval [\d.]+ points down to [\d.]+ points down\)\. It fell although it rose in both segments: the mix moved, not the scores\. Most of the mix is segment small: 10\.0% of responses before, 50\.0% now\.$/,
    );
    assert.deepEqual(
      [answer.parameters.by, answer.parameters.before_from, answer.parameters.before_to],
      ['segment', '2022-01-01T00:00:00.000Z', '2023-01-01T00:00:00.000Z'],
    );
  },

  async 'a group that is in one period only is all mix, and an unknown one is a group'(world) {
    await world.facts('responses', [
      ...inYear(2022, 'old', [30, 0, 20]),
      ...inYear(2022, null, [40, 0, 10]),
      ...inYear(2023, null, [40, 0, 10]),
      ...inYear(2023, 'new', [20, 0, 30]),
    ]);
    const answer = await world.ask('analytics/mix', asked);
    // From (20 + 60) / 2 = 40 to (60 - 20) / 2 = 20; the mean of both is 30.
    // Old: -0.5 x (20 - 30) = 5. New: 0.5 x (-20 - 30) = -25. Unknown: its share and score stay.
    assert.deepEqual(shown(answer.data), [
      ['new', 0, 50, 0, 0.5, null, -20, null, -25, 0],
      ['old', 50, 0, 0.5, 0, 20, null, null, 5, 0],
      [null, 50, 50, 0.5, 0.5, 60, 60, 0, 0, 0],
    ]);
    assert.deepEqual(effects(answer.comparisons), [
      ['change', 40, 20, -20],
      ['mix', null, null, -20],
      ['score', null, null, 0],
    ]);
    assert.match(
      answer.reads_as,
      /Scores inside the segments did nothing to it; the change of the mix of segments did nothing clear to it /,
    );
  },

  async 'the period before is the one just before, or the one that is named'(world) {
    await world.settings({ time_zone: 'Europe/Berlin' });
    const on = (answered_at: string, count: number) => answers(count, 0, count, { segment: 'a', answered_at });
    await world.facts('responses', [
      ...on('2022-11-30T22:59:00Z', 1),
      ...on('2022-11-30T23:00:00Z', 2),
      ...on('2023-02-28T22:59:00Z', 4),
      ...on('2023-02-28T23:00:00Z', 8),
      ...on('2023-03-11T00:00:00Z', 16),
    ]);
    const responses = async (query: Record<string, string>) => {
      const { data } = await world.ask('analytics/mix', { survey: 'nps', by: 'segment', ...query });
      return data.map((row: Row) => [row.responses_before, row.responses]);
    };
    // December to February are as many months as March to May, though not as many days; each begins in Berlin.
    assert.deepEqual(await responses({ from: '2023-03-01', to: '2023-06-01' }), [[12, 48]]);
    // Ten days, and the ten before.
    assert.deepEqual(await responses({ from: '2023-03-11', to: '2023-03-21' }), [[16, 32]]);
    assert.deepEqual(await responses({ from: '2023-03-11', to: '2023-03-21', before_from: '2022-11-01' }), [[30, 32]]);
    assert.deepEqual(
      await responses({ from: '2023-03-11', to: '2023-03-21', before_from: '2022-11-01', before_to: '2022-12-01' }),
      [[2, 32]],
    );
  },

  async 'of a CSAT it is the share of the satisfied'(world) {
    await world.facts('surveys', [{ key: 'csat', name: 'Satisfied?', kind: 'csat' }]);
    const of = (year: number, segment: string, score: number, count: number) =>
      crowd(`${year} ${segment} ${score} `, count, {
        survey: 'csat',
        segment,
        score,
        answered_at: `${year}-06-01T12:00:00Z`,
      });
    await world.facts('responses', [
      ...of(2022, 'a', 4, 10),
      ...of(2022, 'a', 3, 10),
      ...of(2023, 'a', 5, 15),
      ...of(2023, 'a', 3, 5),
    ]);
    const { data, comparisons, reads_as } = await world.ask('analytics/mix', { ...asked, survey: 'csat' });
    assert.deepEqual(shown(data), [['a', 20, 20, 1, 1, 0.5, 0.75, 0.25, 0, 0.25]]);
    assert.deepEqual(effects(comparisons), [
      ['change', 0.5, 0.75, 0.25],
      ['mix', null, null, 0],
      ['score', null, null, 0.25],
    ]);
    assert.match(
      reads_as,
      /^The share of satisfied responses to 'csat' rose by 25\.0 points, from 50\.0% .* to 75\.0% \(/,
    );
  },

  async 'nothing in a period, too few, and everything alike are said to be so'(world) {
    await world.facts('responses', [...inYear(2023, 'a', [12, 0, 0]), ...inYear(2023, 'b', [2, 0, 0])]);
    const none = await world.ask('analytics/mix', asked);
    assert.equal(
      none.reads_as,
      "No response was found in the period before, so nothing is told of how the NPS of 'nps' changed.",
    );
    assert.deepEqual(none.comparisons, []);
    await world.facts('responses', [...inYear(2022, 'a', [12, 0, 0]), ...inYear(2022, 'b', [12, 0, 0])]);
    const alike = await world.ask('analytics/mix', { ...asked, min_n: 10 });
    assert.deepEqual(shown(alike.data), [
      ['a', 12, 12, 0.5, 0.857143, 100, 100, 0, 0, 0],
      ['b', 12, 2, null, null, null, null, null, null, null],
    ]);
    assert.equal(alike.data[1].withheld, 'fewer than 10 responses');
    assert.match(
      alike.reads_as,
      /^The NPS of 'nps' stayed the same, .* \(all answered alike, which gives no interval; /,
    );
    assert.deepEqual(
      alike.comparisons.map(({ difference, difference_low, p }: Row) => [difference, difference_low, p]),
      [
        [0, null, null],
        [0, null, null],
        [0, null, null],
      ],
    );
    const few = await world.ask('analytics/mix', { ...asked, min_n: 20 });
    assert.equal(few.reads_as, "How the NPS of 'nps' changed is not told: fewer than 20 responses.");
    const nothing = await world.ask('analytics/mix', { ...asked, from: '2030-01-01', to: '2031-01-01' });
    assert.match(nothing.reads_as, /^No response was found in either period/);
  },

  async 'readers without the scope personal see no group that is small in either period, nor what would give it away'(
    world,
  ) {
    await world.facts('responses', [
      ...inYear(2022, 'a', [30, 0, 10]),
      ...inYear(2022, 'b', [2, 0, 1]),
      ...inYear(2022, 'c', [9, 0, 0]),
      ...inYear(2023, 'a', [30, 0, 10]),
      ...inYear(2023, 'b', [20, 0, 10]),
      ...inYear(2023, 'c', [50, 0, 10]),
    ]);
    const { body } = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
    const ask = async (query: string) =>
      (
        await world.send(
          'GET',
          `/v1/analytics/mix?min_n=1&survey=nps&by=segment&from=2023-01-01&to=2024-01-01${query}`,
          undefined,
          {
            authorization: `Bearer ${body.secret}`,
          },
        )
      ).body;
    const { data, comparisons } = await ask('');
    assert.deepEqual(
      shown(data).map((row) => row.slice(0, 3)),
      [
        ['a', 40, 40],
        ['b', null, null],
        ['c', null, null],
      ],
    );
    assert.equal(data[1].mix_effect, null);
    assert.equal(comparisons.length, 3);
    const alone = await ask('&segment=b');
    assert.deepEqual([alone.comparisons, alone.data[0].responses], [[], null]);
    assert.match(alone.reads_as, /is not told: fewer than 5 people/);
  },

  async 'what cannot be asked is refused with the reason'(world) {
    const refused = async (query: Record<string, string>, code: string, pointer: string) => {
      const { status, body } = await world.send(
        'GET',
        `/v1/analytics/mix?${new URLSearchParams({ ...asked, ...query })}`,
      );
      assert.deepEqual([status, body.code, body.errors[0]?.pointer], [400, code, pointer], JSON.stringify(query));
    };
    await refused({ survey: 'nsp' }, 'unknown_survey', 'survey');
    await refused({ to: '2023-01-01' }, 'empty_period', 'to');
    await refused({ before_from: '2022-05-01', before_to: '2022-05-01' }, 'empty_period', 'before_to');
    await refused({ before_from: '2022-05-01', before_to: '2023-01-02' }, 'periods_overlap', 'before_to');
    await refused({ before_to: '2022-05-01' }, 'period_without_start', 'before_from');
    for (const query of [
      '',
      'survey=nps&by=segment&from=2023-01-01',
      'survey=nps&by=theme&from=2023-01-01&to=2024-01-01',
    ])
      assert.equal((await world.send('GET', `/v1/analytics/mix?${query}`)).status, 400, query);
    // The ends of the calendar.
    assert.equal(
      (await world.send('GET', '/v1/analytics/mix?survey=nps&by=unit&from=0001-01-01&to=9999-12-31')).status,
      200,
    );
    // After the first thousand years there is nothing before.
    assert.equal(
      (await world.send('GET', '/v1/analytics/mix?survey=nps&by=unit&from=0001-01-01&to=1000-03-01')).status,
      200,
    );
  },

  async 'its rows are to be had as CSV'(world) {
    await fill(world);
    const { text } = await world.send('GET', `/v1/analytics/mix?format=csv&${new URLSearchParams(asked)}`);
    assert.match(
      text,
      /^survey,segment,measure,responses_before,responses,share_before,share,.*\r\nnps,large,nps,900,500,0\.9,0\.5,/,
    );
  },
});
