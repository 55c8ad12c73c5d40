import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { newcombe, wilson } from '../real-data/figures.ts';
import { near } from '../stats/near.ts';
import { at, payment, type Row, response, type World, worlds } from '../support/world.ts';
import { answers, crowd } from './crowd.ts';

const csat = { key: 'csat', name: 'Satisfied?', kind: 'csat' };
const before = at(170);
const after = at(220);

/** Answers about a moment: so many of them satisfied (5), the others not (2). */
const about = (
  moment: string | null,
  name: string,
  answered_at: string,
  count: number,
  satisfied: number,
  row: Row = {},
) =>
  crowd(name, count, { survey: 'csat', moment, answered_at, ...row }).map(
    (one, place): Row => ({
      ...one,
      score: place < satisfied ? 5 : 2,
    }),
  );

/** 10 EUR on day 230 from the first so many of a crowd: within 90 days after both days of answers, so they stayed. */
const paying = (name: string, count: number) =>
  Array.from({ length: count }, (_, place) => payment({ customer_id: `${name}${place + 1}`, occurred_at: at(230) }));

async function make(world: World, path: string, row: Row): Promise<string> {
  const { status, body, text } = await world.send('POST', `/v1/${path}`, row);
  assert.equal(status, 201, text);
  return body.id;
}

const fixed = (days: number, row: Row = {}) => ({
  title: 'The printer jams',
  raised_at: at(0),
  status: 'fixed',
  fixed_at: at(days),
  ...row,
});

const effect = (world: World, id: string, query: Record<string, string | number> = {}) =>
  world.ask(`analytics/obstacles/${id}/effect`, { window_days: 90, days: 50, ...query });

const rows = (data: Row[], ...columns: string[]) => data.map((row) => columns.map((column) => row[column]));

/**
 * Fixed on day 200. At the desk 20 of 40 are satisfied before and 30 of 40 after; 20 of 40 stay before and 32 of 40
 * after. At the other moment it is 20 and 24 of 40 satisfied, and 20 and 20 of 40 who stay.
 */
async function company(world: World): Promise<string> {
  await world.facts('surveys', [csat]);
  for (const [key, name] of [
    ['desk', 'At the desk'],
    ['call', 'On the phone'],
    ['returns', 'Sending back'],
  ])
    await make(world, 'moments', { key, name });
  await world.facts('responses', [
    ...about('desk', 'a', before, 40, 20),
    ...about('desk', 'b', after, 40, 30),
    ...about('call', 'c', before, 40, 20),
    ...about('call', 'd', after, 40, 24),
    // An obstacle of this moment was fixed at the same time.
    ...about('returns', 'e', before, 3, 0),
    ...about('returns', 'f', after, 2, 2),
    ...about(null, 'g', after, 4, 4),
    // Beyond the periods of 50 days, whose ends are not part of them.
    ...about('desk', 'h', at(149), 6, 6),
    ...about('desk', 'i', at(250), 1, 0),
  ]);
  await world.facts('revenue-events', [...paying('a', 20), ...paying('b', 32), ...paying('c', 20), ...paying('d', 20)]);
  await world.complete(at(400));
  await make(world, 'obstacles', fixed(210, { moment: 'returns' }));
  return make(world, 'obstacles', fixed(200, { moment: 'desk' }));
}

worlds('What became of a moment after an obstacle was fixed', {
  async 'by hand: before and after, against the other moments'(world) {
    const answer = await effect(world, await company(world));
    const { data, comparisons } = answer;
    const columns = ['side', 'period', 'from', 'to', 'responses', 'satisfied_rate', 'nps', 'mean_score'];
    // Means of scores: (20 x 5 + 20 x 2) / 40 and so on.
    assert.deepEqual(rows(data, ...columns), [
      ['moment', 'before', at(150), at(200), 40, 0.5, null, 3.5],
      ['moment', 'after', at(200), at(250), 40, 0.75, null, 4.25],
      ['others', 'before', at(150), at(200), 40, 0.5, null, 3.5],
      ['others', 'after', at(200), at(250), 40, 0.6, null, 3.8],
    ]);
    assert.deepEqual(rows(data, 'retention_n', 'retention_rate', 'revenue_n', 'revenue_after', 'withheld'), [
      [40, 0.5, 40, 5, null],
      [40, 0.8, 40, 8, null],
      [40, 0.5, 40, 5, null],
      [40, 0.5, 40, 5, null],
    ]);
    near(data[1].satisfied_rate_low, wilson(30, 40).low);
    near(data[1].retention_rate_high, wilson(32, 40).high);
    // Scores after: 30 x 5 + 10 x 2, variance 9 x 0.25 x 0.75 x 40 / 39 = 1.730769.
    near(data[1].mean_score_low, 4.25 - tQuantile(0.975, 39) * Math.sqrt(1.730769 / 40), 1e-6);

    const one = (measure: string, contrast: string) =>
      comparisons.find((row: Row) => row.measure === measure && row.contrast === contrast);
    const change = one('satisfied_rate', 'change');
    const expected = newcombe(30, 40, 20, 40);
    near(change.difference, 0.25);
    near(change.difference_low, expected.low);
    near(change.difference_high, expected.high);
    near(one('satisfied_rate', 'others_change').difference, 0.1);
    // (0.75 - 0.5) - (0.6 - 0.5). Variances p (1 - p) 40 / 39 over 40: 0.1875, 0.25, 0.24 and 0.25 over 39, together
    // 0.9275 / 39 = 0.0237821; se 0.154214; df 0.0237821^2 x 39 / sum of (p (1 - p) / 39)^2 = 154.0713, quantile
    // 1.975497 (scipy).
    const net = one('satisfied_rate', 'difference_in_differences');
    near(net.difference, 0.15);
    near(net.difference_low, -0.154647);
    near(net.difference_high, 0.454647);
    near(net.p, 0.3322, 1e-4);
    // (0.8 - 0.5) - 0: variances 0.16 and three times 0.25 over 39; se 0.152753, df 151.552791 (scipy).
    const stayed = one('retention_rate', 'difference_in_differences');
    near(stayed.difference, 0.3);
    near(stayed.difference_low, -0.001799);
    near(stayed.p, 0.05136, 1e-5);
    // 10 EUR each: ten times the shares.
    near(one('revenue_after', 'difference_in_differences').difference_high, 6.017994);
    near(one('mean_score', 'difference_in_differences').difference, 0.45);
    // Four measures in three contrasts; the others' revenue and retention did not change at all, and have a p of 1.
    assert.deepEqual([comparisons.length, one('retention_rate', 'others_change').p], [12, 1]);
    assert.ok(comparisons.every(({ p, q }: { p: number; q: number }) => q >= p));

    assert.deepEqual(answer.parameters.others, ['call']);
    assert.deepEqual(answer.left_out, [
      { reason: 'no_moment', responses: 4 },
      { reason: 'another_fix', responses: 5 },
    ]);
    const [low, high] = [expected.low, expected.high].map((limit) => (100 * limit).toFixed(1));
    const kept = newcombe(32, 40, 20, 40);
    assert.equal(
      answer.reads_as,
      `At 'At the desk', 75.0% of the responses were satisfied in the 50 days after 'The printer jams' was fixed, and 50.0% in the 50 days before (40 responses and 40): it rose by 25.0 points (95% interval ${low} to ${high} points). Less the change of the other moments at the same time, no change was found (95% interval 15.5 points less to 45.5 points more). 80.0% of the customers who answered after it stayed for 90 days, and 50.0% of those before: it rose by 30.0 points (95% interval ${(100 * kept.low).toFixed(1)} to ${(100 * kept.high).toFixed(1)} points); less the change of the other moments, no change was found (95% interval 0.2 points less to 60.2 points more). An association, not a cause.`,
    );
  },

  async 'an NPS is told in points, with the interval that is used for it everywhere'(world) {
    // Before: 6 promoters, 2 passives, 2 detractors: 40. After: 8, 1, 1: 70.
    await make(world, 'moments', { key: 'desk', name: 'Desk' });
    const id = await make(world, 'obstacles', fixed(200, { moment: 'desk' }));
    await world.facts('responses', [
      ...answers(6, 2, 2, { moment: 'desk', answered_at: before }),
      ...answers(8, 1, 1, { moment: 'desk', answered_at: after }),
      response({ customer_id: 'last', answered_at: at(250), moment: 'desk' }),
    ]);
    const answer = await effect(world, id);
    assert.deepEqual(rows(answer.data, 'side', 'period', 'nps', 'retention_n'), [
      ['moment', 'before', 40, 0],
      ['moment', 'after', 70, 0],
      ['others', 'before', null, 0],
      ['others', 'after', null, 0],
    ]);
    // n + 3 = 13, p 8.75 / 13, d 1.75 / 13: 100 (0.538462 -+ 1.959964 sqrt((0.807692 - 0.289941) / 13)).
    near(answer.data[1].nps_low, 100 * (7 / 13 - 1.959964 * Math.sqrt((10.5 / 13 - (7 / 13) ** 2) / 13)), 1e-4);
    const change = answer.comparisons.find((row: Row) => row.measure === 'nps' && row.contrast === 'change');
    // Variances of +100, 0 and -100: 10^4 (0.8 - 0.16) 10 / 9 and 10^4 (0.9 - 0.49) 10 / 9; over 10 together 1166.67;
    // df 1166.67^2 x 9 / (711.11^2 + 455.56^2) = 17.175.
    const se = Math.sqrt((6400 + 4100) / 9);
    near(change.difference, 30);
    near(change.difference_low, 30 - tQuantile(0.975, 10500 ** 2 / ((6400 ** 2 + 4100 ** 2) / 9)) * se, 1e-4);
    assert.match(
      answer.reads_as,
      /^At 'Desk', the NPS was 70\.0 in the 50 days after 'The printer jams' was fixed, and 40\.0 in the 50 days before \(10 responses and 10\): no change was found/,
    );
    assert.match(answer.warnings.join(' '), /There is no other moment to compare with/);
  },

  async 'customers who answer twice are not taken for two'(world) {
    const id = await company(world);
    // Those of before answer once more after the fix: 30 of them are satisfied now.
    const again = about('desk', 'a', at(230), 40, 30).map((row) => ({ ...row, id: `again ${row.id}` }));
    await world.facts('responses', again);
    const answer = await effect(world, id);
    assert.match(answer.method, /else a delete-a-group jackknife/);
    const net = answer.comparisons.find(
      (row: Row) => row.measure === 'satisfied_rate' && row.contrast === 'difference_in_differences',
    );
    const group = (customer: string) => (createHash('sha256').update(customer).digest()[0] ?? 0) & 31;
    const side = (name: string, satisfied: number) =>
      Array.from({ length: 40 }, (_, place) => ({
        group: group(`${name}${place + 1}`),
        value: place < satisfied ? 1 : 0,
      }));
    const cells = [
      { weight: 1, of: [...side('b', 30), ...side('a', 30)] },
      { weight: -1, of: side('a', 20) },
      { weight: -1, of: side('d', 24) },
      { weight: 1, of: side('c', 20) },
    ];
    const estimate = (left_out: number | null) =>
      cells.reduce((sum, { weight, of }) => {
        const kept = of.filter((one) => one.group !== left_out);
        return sum + (weight * kept.reduce((total, { value }) => total + value, 0)) / kept.length;
      }, 0);
    const groups = [...new Set(cells.flatMap(({ of }) => of.map((one) => one.group)))];
    const squares = groups.reduce((sum, one) => sum + (estimate(one) - estimate(null)) ** 2, 0);
    const fewest = Math.min(...cells.map(({ of }) => new Set(of.map((one) => one.group)).size));
    const half = tQuantile(0.975, fewest - 1) * Math.sqrt((squares * (groups.length - 1)) / groups.length);
    near(net.difference, 0.15);
    near(net.difference_low, 0.15 - half, 1e-5);
    near(net.difference_high, 0.15 + half, 1e-5);
  },

  async 'too little around the fix cannot be told'(world) {
    const id = await company(world);
    const few = await effect(world, id, { min_n: 41 });
    assert.equal(
      few.reads_as,
      "Too few responses about 'At the desk' to tell of the fix of 'The printer jams': 40 responses in the 50 days before it, 40 in the 50 days after it.",
    );
    assert.ok(few.comparisons.every(({ difference, p }: Row) => difference === null && p === null));
    assert.ok(few.data.every(({ withheld }: Row) => withheld === 'fewer than 41 responses'));
    const late = await effect(world, id, { fixed_at: at(250) });
    assert.match(late.reads_as, /^Nothing can be told of the fix of 'The printer jams' yet: no whole day/);
    assert.deepEqual(late.data, []);
    const elsewhere = await effect(world, id, { moment: 'nowhere' });
    assert.match(elsewhere.reads_as, /no response is about 'nowhere' in the 50 days before or after it\.$/);
    const short = await effect(world, id, { days: 90 });
    assert.deepEqual([short.parameters.days, short.data[0].from], [50, at(150)]);
    assert.match(short.warnings.join(' '), /known for 50 of the 90 days after the fix/);
    // Windows of 180 days after day 220 are not over on day 300.
    await world.complete(at(300));
    const open = await effect(world, id, { window_days: 90 });
    assert.deepEqual(rows(open.data.slice(0, 2), 'retention_n', 'retention_rate', 'satisfied_rate'), [
      [40, 0.5, 0.5],
      [0, null, 0.75],
    ]);
    assert.doesNotMatch(open.reads_as, /stayed/);
  },

  async 'only the unit of the obstacle is looked at, and two fixes at once are told'(world) {
    await company(world);
    await world.facts('units', [{ key: 'store-1', name: 'Store 1' }]);
    await world.facts('responses', [
      ...about('desk', 'u', before, 10, 5, { unit: 'store-1' }),
      ...about('desk', 'v', after, 10, 9, { unit: 'store-1' }),
    ]);
    const id = await make(world, 'obstacles', fixed(205, { moment: 'desk', unit: 'store-1' }));
    const answer = await effect(world, id, { days: 45 });
    assert.deepEqual(rows(answer.data.slice(0, 2), 'responses', 'satisfied_rate'), [
      [10, 0.5],
      [10, 0.9],
    ]);
    assert.equal(answer.parameters.unit, 'store-1');
    assert.match(answer.reads_as, /^Only unit store-1: At 'At the desk'/);
    assert.match(answer.warnings.join(' '), /Another obstacle of the same moment was fixed in these periods/);
  },

  async 'of three people nobody without the scope personal is told'(world) {
    await make(world, 'moments', { key: 'desk', name: 'Desk' });
    const id = await make(world, 'obstacles', fixed(200, { moment: 'desk' }));
    await world.facts('responses', [
      ...crowd('a', 20, { moment: 'desk', answered_at: before }),
      ...crowd('d', 3, { moment: 'desk', answered_at: after }),
      ...crowd('g', 25, { moment: 'call', answered_at: at(260) }),
    ]);
    const { body } = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
    const headers = { authorization: `Bearer ${body.secret}` };
    const path = `/v1/analytics/obstacles/${id}/effect?days=60&min_n=1`;
    const reply = await world.send('GET', path, undefined, headers);
    assert.deepEqual(rows(reply.body.data.slice(0, 2), 'responses', 'nps', 'retention_n'), [
      [null, null, null],
      [null, null, null],
    ]);
    assert.ok(reply.body.comparisons.every(({ difference }: Row) => difference === null));
    assert.equal(reply.body.reads_as, "Too few people answered about 'Desk' around the fix to tell of it.");
    assert.deepEqual(rows((await world.send('GET', path)).body.data.slice(0, 2), 'responses'), [[20], [3]]);
  },

  async 'what is missing is named with the cure'(world) {
    await make(world, 'moments', { key: 'desk', name: 'Desk' });
    const open = await make(world, 'obstacles', { title: 'x', moment: 'desk' });
    const nowhere = await make(world, 'obstacles', fixed(200));
    const told = async (path: string) => {
      const { status, body } = await world.send('GET', `/v1/analytics/obstacles/${path}`);
      return [status, body.code, body.errors[0]?.pointer];
    };
    assert.deepEqual(await told(`${open}/effect`), [400, 'no_fix_date', 'fixed_at']);
    assert.deepEqual(await told(`${nowhere}/effect`), [400, 'no_moment', 'moment']);
    assert.deepEqual(await told(`${open}/effect?fixed_at=2999-01-01`), [400, 'out_of_range', 'fixed_at']);
    assert.deepEqual(await told('019a0000-0000-7000-8000-000000000000/effect'), [404, 'not_found', undefined]);
    assert.equal((await told('7/effect'))[0], 400);
    await world.send('DELETE', `/v1/obstacles/${open}`, undefined, { 'if-match': '*' });
    assert.equal((await told(`${open}/effect`))[0], 404);
    assert.match((await effect(world, nowhere, { moment: 'desk' })).reads_as, /^Nothing can be told/);
  },
});
