import assert from 'node:assert/strict';
import { recordRising } from '../../src/analytics/problems/record-rising.ts';
import { risingProblems } from '../../src/analytics/problems/trend.ts';
import { matchBatch } from '../../src/matching/match.ts';
import { refresh } from '../../src/outcomes/refresh.ts';
import { benjaminiHochberg } from '../../src/stats/tests.ts';
import { newcombe, wilson } from '../real-data/figures.ts';
import { near } from '../stats/near.ts';
import { at, payment, type Row, response, retention, survey, type World, worlds } from '../support/world.ts';
import { crowd, paid } from './crowd.ts';

async function problem(world: World, row: Row): Promise<void> {
  const { status, text } = await world.send('POST', '/v1/problems', { name: `Name of ${row.key}`, ...row });
  assert.equal(status, 201, text);
}

/** The rows of the ranking by key. */
async function ranking(world: World, query: Record<string, string | number> = {}) {
  const answer = await world.ask('analytics/problems', { window_days: 90, ...query });
  const rows: Record<string, Row> = Object.fromEntries(answer.data.map((row: Row) => [row.key, row]));
  return { answer, rows, keys: answer.data.map(({ key }: Row) => key) };
}

const contracts = (name: string, count: number, row: Row): Row[] =>
  Array.from({ length: count }, (_, place) => retention({ customer_id: `${name}${place + 1}`, ...row }));
const started = { type: 'started', occurred_at: at(1) };
const churned = { type: 'churned', occurred_at: at(150) };

/**
 * 20 detractors who name the theme `delivery`, of whom 10 leave, each paying 100 EUR; 10 promoters who write of the staff,
 * none of whom leaves, each paying 50; 70 promoters more, of whom 8 leave.
 */
async function company(world: World): Promise<void> {
  await world.facts('surveys', [survey({ language: 'english' })]);
  await problem(world, { key: 'late', name: 'Late delivery', themes: ['delivery'] });
  await problem(world, { key: 'rude', name: 'Rude staff', phrases: ['rude staff'] });
  await problem(world, { key: 'unicorn', phrases: ['unicorn'] });
  await world.facts('responses', [
    ...crowd('L', 20, { score: 3, themes: ['delivery', 'price'] }),
    ...crowd('R', 10, { comment: 'Rude staff!' }),
    ...crowd('N', 70),
  ]);
  await world.facts('retention-events', [
    ...['L', 'R', 'N'].flatMap((name, place) => contracts(name, [20, 10, 70][place] ?? 0, started)),
    ...contracts('L', 10, churned),
    ...contracts('N', 8, churned),
  ]);
  await world.facts('revenue-events', [...paid('L', Array(20).fill(100)), ...paid('R', Array(10).fill(50))]);
  await world.complete(at(300));
  await refresh(world.db);
}

worlds('Which problems plague customers', {
  async 'by hand: shares, revenue at stake, churn with and without it, and the rank'(world) {
    await company(world);
    const { answer, rows, keys } = await ranking(world);
    // Late: 20 x 100 EUR x (10/20 - 8/80) = 2000 x 0.4 = 800. Rude: 10 x 50 x (0/10 - 18/90) = -100, which counts as 0, as
    // does what is not known of the unicorn; 10 responses are more than none. The theme: the same responses as late, so
    // the same cost and the same rank.
    assert.deepEqual(keys, ['late', 'price', 'rude', 'unicorn']);
    const { late = {}, price = {}, rude = {}, unicorn = {} } = rows;
    assert.deepEqual(
      [late, price, rude, unicorn].map(({ kind, name, status, rank }) => [kind, name, status, rank]),
      [
        ['problem', 'Late delivery', 'open', 1],
        ['theme', 'price', null, 1],
        ['problem', 'Rude staff', 'open', 3],
        ['problem', 'Name of unicorn', 'open', 4],
      ],
    );
    const whole = ['responses', 'customers', 'detractors', 'revenue_at_stake', 'churn_n', 'churned', 'cost'];
    assert.deepEqual(
      [late, rude, unicorn].map((row) => whole.map((name) => row[name])),
      [
        [20, 20, 20, 2000, 20, 10, 800],
        [10, 10, 0, 500, 10, 0, -100],
        [0, 0, 0, 0, 0, 0, null],
      ],
    );
    for (const [row, hits] of [
      [late, 20],
      [rude, 10],
      [unicorn, 0],
    ] as const) {
      const expected = wilson(hits, 100);
      near(row.share as number, hits / 100);
      near(row.share_low as number, expected.low);
      near(row.share_high as number, expected.high);
    }
    for (const [row, [hits, n, otherHits, others]] of [
      [late, [10, 20, 8, 80]],
      [rude, [0, 10, 18, 90]],
    ] as const) {
      const expected = newcombe(hits, n, otherHits, others);
      near(row.churn_rate as number, hits / n);
      near(row.churn_rate_low as number, wilson(hits, n).low);
      near(row.churn_rate_without as number, otherHits / others);
      near(row.churn_lift as number, expected.difference);
      near(row.churn_lift_low as number, expected.low);
      near(row.churn_lift_high as number, expected.high);
    }
    // Of nothing nothing is told; the three that occur were tested.
    assert.deepEqual([unicorn.churn_lift, unicorn.churn_withheld], [null, 'no response counts yet']);
    assert.equal(unicorn.withheld, null);
    const ps = [late, price, rude].map(({ churn_p }) => churn_p as number);
    for (const [place, q] of benjaminiHochberg(ps).entries())
      assert.ok(Math.abs((([late, price, rude][place]?.churn_q as number) ?? 2) / (q ?? 1) - 1) < 1e-3);
    assert.match(answer.method, /q by Benjamini and Hochberg over 3 comparisons/);
    assert.deepEqual(
      answer.comparisons.filter(({ measure }: Row) => measure === 'churn_rate').map(({ tests }: Row) => tests),
      [3, 3, 3],
    );
    // Newcombe for 10/20 against 8/80: 0.4 - sqrt((0.5 - 0.299298)^2 + (0.184958 - 0.1)^2) and
    // 0.4 + sqrt((0.700702 - 0.5)^2 + (0.1 - 0.051555)^2).
    assert.equal(
      answer.reads_as,
      "What costs most is 'Late delivery': 20 responses (20.0% of all), whose 20 customers paid 2,000.00 EUR in the last 365 days. In the 90 days after answering, 50.0% of those with it were lost, 10.0% of those without it (40.0 points more; 95% interval 18.2 to 60.6 points more, allowing for 3 comparisons at once). An association, not a cause.",
    );
    assert.deepEqual(answer.parameters.revenue_through, at(300));
  },

  async 'filters narrow everything, and responses that cannot tell of churn are counted by reason'(world) {
    await company(world);
    await world.facts('responses', [
      ...crowd('A', 3, { customer_id: null, themes: ['delivery'] }),
      response({ id: 'again', customer_id: 'L1', answered_at: at(120), themes: ['delivery'] }),
      response({ id: 'open', customer_id: 'new', answered_at: at(250) }),
    ]);
    await refresh(world.db);
    const { answer, rows } = await ranking(world, { unnamed_themes: 'false' });
    // 24 responses: the 20, three anonymous ones and the second of L1, whose revenue counts once.
    assert.deepEqual(
      ['responses', 'customers', 'revenue_at_stake', 'churn_n'].map((name) => rows.late?.[name]),
      [24, 20, 2000, 20],
    );
    assert.deepEqual(answer.left_out, [
      { reason: 'anonymous', responses: 3 },
      { reason: 'not_an_index_response', responses: 1 },
      { reason: 'window_open', responses: 1 },
    ]);
    const day = { from: at(115), to: at(125) };
    const narrowed = (await ranking(world, { ...day, unnamed_themes: 'false' })).rows;
    assert.deepEqual(
      [narrowed.late?.responses, narrowed.rude?.responses, narrowed.late?.revenue_at_stake],
      [1, 0, 100],
    );
    assert.equal(
      (await ranking(world, { ...day, segment: 'none' })).answer.reads_as.endsWith(
        'No responses were found for this question.',
      ),
      true,
    );
  },

  async 'before anybody named a problem there are the themes; named ones go'(world) {
    const none = await ranking(world);
    assert.deepEqual([none.answer.data, none.answer.reads_as], [[], 'No responses were found for this question.']);
    await world.facts('responses', [response({ themes: ['a', 'b'] }), response({ customer_id: 'B', themes: ['b'] })]);
    const themes = await ranking(world);
    assert.deepEqual(
      themes.answer.data.map(({ kind, key, rank, responses }: Row) => [kind, key, rank, responses]),
      [
        ['theme', 'b', 1, 2],
        ['theme', 'a', 2, 1],
      ],
    );
    assert.equal(
      themes.answer.reads_as,
      "Most frequent is the theme 'b': 2 responses (100.0% of all). Whether more customers leave after any of them cannot be told yet.",
    );
    const without = await ranking(world, { unnamed_themes: 'false' });
    assert.match(without.answer.reads_as, /^No problem was named yet, .*POST \/v1\/problems/);
    await problem(world, { key: 'b', themes: ['b'] });
    assert.deepEqual((await ranking(world)).keys, ['b', 'a']);
    assert.deepEqual((await ranking(world)).rows.b?.kind, 'problem');
  },

  async 'ties share a rank, and the next one counts them'(world) {
    for (const key of ['c', 'b', 'a', 'd']) await problem(world, { key, themes: [key] });
    await world.facts('responses', [
      response({ themes: ['a', 'b', 'd'] }),
      response({ customer_id: 'B', themes: ['d'] }),
      response({ customer_id: 'C' }),
    ]);
    const { answer } = await ranking(world);
    assert.deepEqual(
      answer.data.map(({ key, rank }: Row) => [key, rank]),
      [
        ['d', 1],
        ['a', 2],
        ['b', 2],
        ['c', 4],
      ],
    );
  },

  async 'what was never sent is not zero, and few responses tell no shares'(world) {
    await problem(world, { key: 'late', themes: ['late'] });
    await world.facts('responses', crowd('L', 9, { themes: ['late'] }));
    const { rows, answer } = await ranking(world, { min_n: 10 });
    const { revenue_at_stake, churn_lift, share, detractor_rate, withheld, responses } = rows.late ?? {};
    assert.deepEqual(
      [responses, revenue_at_stake, churn_lift, share, detractor_rate, withheld],
      [9, null, null, null, null, 'fewer than 10 responses'],
    );
    assert.deepEqual(answer.left_out, [{ reason: 'no_data', responses: 9 }]);
  },

  async 'customers who count more than once widen the intervals'(world) {
    await world.facts('surveys', [survey({ key: 'csat', kind: 'csat' })]);
    await problem(world, { key: 'late', themes: ['late'] });
    // Each of 40 customers answers two surveys alike, so there are 80 index responses of 40 people.
    const twice = (name: string, count: number, row: Row) => [
      ...crowd(name, count, row),
      ...crowd(name, count, { ...row, survey: 'csat', score: 5 }).map((one) => ({ ...one, id: `csat ${one.id}` })),
    ];
    await world.facts('responses', [...twice('L', 20, { themes: ['late'] }), ...twice('N', 20, {})]);
    await world.facts('revenue-events', [...paid('L', Array(8).fill(1)), ...paid('N', Array(14).fill(1))]);
    await world.complete(at(300));
    const { late = {} } = (await ranking(world)).rows;
    assert.deepEqual([late.responses, late.customers, late.churn_n, late.churned], [40, 20, 40, 24]);
    near(late.churn_lift as number, 24 / 40 - 12 / 40);
    const plain = newcombe(24, 40, 12, 40);
    const width = (late.churn_lift_high as number) - (late.churn_lift_low as number);
    // Pairs that are alike make the variance twice as large; the jackknife only estimates it.
    const ratio = width / (plain.high - plain.low);
    assert.ok(ratio > 1.15 && ratio < 1.8, String(ratio));
    const one = (await ranking(world, { survey: 'nps' })).rows.late ?? {};
    near(one.churn_lift_low as number, newcombe(12, 20, 6, 20).low);
  },

  async 'a rise is told where chance does not explain it'(world) {
    for (const key of ['late', 'steady', 'new']) await problem(world, { key, name: key, themes: [key] });
    await world.facts('responses', [
      ...crowd('b', 2, { themes: ['late'] }),
      ...crowd('c', 5, { themes: ['steady'] }),
      ...crowd('d', 43),
      ...crowd('e', 15, { themes: ['late'], answered_at: at(130) }),
      ...crowd('f', 5, { themes: ['steady'], answered_at: at(130) }),
      ...crowd('g', 30, { answered_at: at(130) }),
      ...crowd('h', 9, { themes: ['late'], answered_at: at(60) }),
    ]);
    const { rows, answer } = await ranking(world, { trend_days: 30 });
    // The last 30 days end with the last response, on day 130: so that of day 100 is a millisecond before them, and that
    // of day 60 before both periods.
    const { late = {}, steady = {} } = rows;
    assert.deepEqual([late.recent, late.share_recent, late.share_before], [15, 0.3, 0.04]);
    const expected = newcombe(15, 50, 2, 50);
    near(late.share_change as number, 0.26);
    near(late.share_change_low as number, expected.low);
    near(late.share_change_high as number, expected.high);
    assert.deepEqual([late.rising, steady.rising, steady.share_change, rows.new?.rising], [true, false, 0, false]);
    assert.match(
      answer.reads_as,
      /Rising in the last 30 days, against the 30 days before: 'late', from 4\.0% to 30\.0% of responses\.$/,
    );
    const told = await world.db.read((client) => risingProblems(client, 30));
    // Two people before are too few to be told of.
    assert.deepEqual(told, []);
    await world.facts('responses', crowd('i', 3, { themes: ['late'] }));
    await ranking(world);
    const [rising, ...others] = await world.db.read((client) => risingProblems(client, 30));
    assert.deepEqual([rising?.topic.key, others.length], ['late', 0]);
    near(rising?.difference, 15 / 50 - 5 / 53);
    const events = () =>
      world.db.read((client) =>
        client.rows<{ subject: string; data: Record<string, unknown> }>(
          `select subject, data from events where type = 'problem.rising'`,
        ),
      );
    for (let hour = 0; hour < 3; hour++) await recordRising(world.db, 30);
    const [recorded, ...more] = await events();
    assert.deepEqual([recorded?.subject, more.length], ['late', 0], 'it is told once');
    assert.deepEqual([recorded?.data.name, recorded?.data.days], ['late', 30]);
    near(recorded?.data.share_recent as number, 15 / 50);
    await world.db.write((client) => client.rows('delete from events'));
    await recordRising(world.db, 30);
    assert.equal((await events()).length, 1, 'and again when the first is no longer kept');
    const earlier = await ranking(world, { trend_days: 30, to: at(101) });
    assert.deepEqual([earlier.rows.late?.share_recent, earlier.rows.late?.rising], [0.09434, false]);
    assert.equal(earlier.answer.parameters.trend_to, at(101));
  },
});

const reason = 'fewer than 5 people, or a group that would give one away';

worlds('Problems and readers without the scope personal', {
  async 'do not learn of three people, neither by their figures nor by those of all others'(world) {
    await problem(world, { key: 'few', themes: ['few'] });
    await problem(world, { key: 'many', themes: ['many'] });
    await problem(world, { key: 'most', themes: ['most'] });
    await world.facts('responses', [
      ...crowd('F', 3, { themes: ['few', 'most'], comment: 'My name is Ann' }),
      ...crowd('M', 30, { themes: ['many', 'most'] }),
      ...crowd('N', 4),
    ]);
    await world.facts('revenue-events', [payment({ customer_id: 'F1', amount: '123.45' }), ...paid('M', [10, 10])]);
    await world.complete(at(300));
    while (await matchBatch(world.db));
    const { body } = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
    const headers = { authorization: `Bearer ${body.secret}` };
    const reply = await world.send('GET', '/v1/analytics/problems?window_days=90&min_n=1', undefined, headers);
    assert.equal(reply.status, 200);
    const [many, most, few] = reply.body.data;
    // Without `most` there are four people, whose churn nobody is told.
    assert.deepEqual([most.key, most.responses, most.churn_withheld, most.churn_rate], ['most', 33, reason, null]);
    assert.deepEqual([many.key, many.responses, many.churn_withheld], ['many', 30, null]);
    const { kind, key, name, status, rising, withheld, churn_withheld, ...rest } = few;
    assert.deepEqual([kind, key, name, status, rising], ['problem', 'few', 'Name of few', 'open', false]);
    assert.deepEqual([withheld, churn_withheld], [reason, reason]);
    assert.deepEqual(new Set(Object.values(rest)), new Set([null]));
    assert.ok(reply.body.comparisons.every((row: Row) => row.key === 'many' || row.measure === 'share'));
    assert.doesNotMatch(reply.text, /Ann|123\.45|'few'/);
    // Who may see people sees all of it; comments nobody.
    const { answer, rows } = await ranking(world);
    assert.deepEqual([rows.few?.responses, rows.few?.revenue_at_stake], [3, 123.45]);
    assert.doesNotMatch(JSON.stringify(answer), /Ann/);
  },

  async 'get the same rows as CSV'(world) {
    await company(world);
    const csv = await world.send('GET', '/v1/analytics/problems?window_days=90&format=csv');
    const [head, first] = csv.text.split('\r\n');
    assert.match(head ?? '', /^kind,key,name,status,rank,responses,customers,share,share_low,share_high,detractors,/);
    assert.match(first ?? '', /^problem,late,Late delivery,open,1,20,20,0\.2,/);
  },
});
