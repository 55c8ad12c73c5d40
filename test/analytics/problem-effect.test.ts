import assert from 'node:assert/strict';
import { newcombe, wilson } from '../real-data/figures.ts';
import { near } from '../stats/near.ts';
import { at, type Row, response, type World, worlds } from '../support/world.ts';
import { crowd } from './crowd.ts';

async function problem(world: World, row: Row): Promise<void> {
  const { status, text } = await world.send('POST', '/v1/problems', { name: `Name of ${row.key}`, ...row });
  assert.equal(status, 201, text);
}

const resolved = (days: number) => ({ status: 'resolved', resolved_at: at(days) });
const effect = (world: World, query: Record<string, string | number> = {}, key = 'p') =>
  world.ask(`analytics/problems/${key}/effect`, query);

/** Before the fix on day 200: 40 responses, 20 with p, 10 with q. After: 40, 5 with p, 8 with q, 2 with r. */
async function company(world: World): Promise<void> {
  await problem(world, { key: 'p', name: 'Late delivery', themes: ['p'], ...resolved(200) });
  await problem(world, { key: 'q', themes: ['q'] });
  await problem(world, { key: 'r', themes: ['r'] });
  const before = { answered_at: at(170) };
  const after = { answered_at: at(220) };
  await world.facts('responses', [
    ...crowd('a', 20, { ...before, themes: ['p'] }),
    ...crowd('b', 10, { ...before, themes: ['q'] }),
    ...crowd('c', 10, before),
    ...crowd('d', 5, { ...after, themes: ['p'] }),
    ...crowd('e', 8, { ...after, themes: ['q'] }),
    ...crowd('f', 2, { ...after, themes: ['r'] }),
    ...crowd('g', 25, after),
    // Beyond the periods of 50 days, whose ends are not part of them.
    ...crowd('h', 3, { answered_at: at(149), themes: ['p'] }),
    response({ customer_id: 'last', answered_at: at(250), themes: ['p'] }),
  ]);
}

worlds('What became of a problem', {
  async 'by hand: before and after, against the other problems'(world) {
    await company(world);
    const answer = await effect(world, { days: 50 });
    const rows = (columns: string[]) => answer.data.map((row: Row) => columns.map((name) => row[name]));
    assert.deepEqual(rows(['period', 'from', 'to', 'responses', 'with_problem', 'share', 'others_share']), [
      ['before', at(150), at(200), 40, 20, 0.5, 0.125],
      ['after', at(200), at(250), 40, 5, 0.125, 0.125],
    ]);
    near(answer.data[1].share_low, wilson(5, 40).low);
    const [share, others, net] = answer.comparisons;
    // Newcombe: 0.375 -+ sqrt of squares of what lies between each share and the near and far end of its Wilson interval.
    const expected = newcombe(5, 40, 20, 40);
    near(share.difference, -0.375);
    near(share.difference_low, expected.low);
    near(share.difference_high, expected.high);
    assert.deepEqual([others.measure, others.difference], ['others_share', 0]);
    // Twice y is 2 for p, -1 for q or r, else 0. Before: mean (40 - 10) / 40 = 0.75, variance (90 - 40 x 0.5625) / 39 =
    // 1.730769. After: mean 0, variance 30 / 39 = 0.769231. Difference -0.75, se sqrt(2.5 / 40) = 0.25, t -3,
    // df 6.25 x 39 / (1.730769^2 + 0.769231^2) = 67.948, quantile 1.995484. Then halved.
    assert.deepEqual([net.measure, net.difference], ['difference_in_differences', -0.375]);
    near(net.difference_low, (-0.75 - 1.995484 * 0.25) / 2, 1e-5);
    near(net.difference_high, (-0.75 + 1.995484 * 0.25) / 2, 1e-5);
    near(net.p, 0.003765, 2e-5);
    assert.deepEqual(answer.parameters.others, ['q', 'r']);
    assert.equal(
      answer.reads_as,
      "'Late delivery' is in 12.5% of the responses of the 50 days after the fix and was in 50.0% of those of the 50 days before it (40 responses and 40): it fell by 37.5 points (95% interval 17.4 to 53.9 points). Less the change of the other problems at the same time, it fell by 37.5 points (95% interval 12.6 to 62.4 points). An association, not a cause.",
    );
    assert.deepEqual(answer.warnings, []);
  },

  async 'both periods are as long as what is known after the fix'(world) {
    await company(world);
    const answer = await effect(world);
    assert.deepEqual([answer.parameters.days, answer.data[0].from, answer.data[1].to], [50, at(150), at(250)]);
    assert.match(
      answer.warnings.join(' '),
      /known for 50 of the 90 days after the fix, so both periods are 50 days long/,
    );
    const early = await effect(world, { fixed_at: at(250) });
    assert.match(early.reads_as, /^Nothing can be told of the effect on 'Late delivery' yet: no whole day/);
    assert.deepEqual(
      early.data.map(({ responses, share }: Row) => [responses, share]),
      [
        [0, null],
        [0, null],
      ],
    );
  },

  async 'a problem that was fixed at the same time is nothing to compare with'(world) {
    await company(world);
    const patch = (key: string, body: object) => world.send('PATCH', `/v1/problems/${key}`, body, { 'if-match': '*' });
    assert.equal((await patch('q', resolved(210))).status, 200);
    const without = await effect(world, { days: 50 });
    assert.deepEqual(without.parameters.others, ['r']);
    // r: 0 of 40 and 2 of 40, so it rose by 5 points and p fell by 42.5 points against it.
    assert.deepEqual(
      without.comparisons.map(({ difference }: Row) => difference),
      [-0.375, 0.05, -0.425],
    );
    assert.equal((await patch('q', resolved(100))).status, 200);
    assert.deepEqual((await effect(world, { days: 50 })).parameters.others, ['q', 'r']);
    for (const key of ['q', 'r'])
      assert.equal((await world.send('DELETE', `/v1/problems/${key}`, undefined, { 'if-match': '*' })).status, 204);
    const alone = await effect(world, { days: 50 });
    assert.deepEqual(
      alone.comparisons.map(({ difference }: Row) => difference),
      [-0.375, null, null],
    );
    assert.match(alone.warnings.join(' '), /no other problem to compare with/);
    assert.match(
      alone.reads_as,
      /it fell by 37\.5 points \(95% interval 17\.4 to 53\.9 points\)\. An association, not a cause\.$/,
    );
  },

  async 'customers who answer twice are not taken for two'(world) {
    await company(world);
    // The 20 who had the problem before answer once more after it, without it.
    await world.facts(
      'responses',
      crowd('a', 20, { answered_at: at(230) }).map((row) => ({ ...row, id: `again ${row.id}` })),
    );
    const { method, comparisons, data } = await effect(world, { days: 50 });
    assert.match(method, /^delete-a-group jackknife/);
    assert.deepEqual([data[1].responses, data[1].with_problem], [60, 5]);
    near(comparisons[0].difference, 5 / 60 - 0.5);
    const { difference, difference_low, difference_high } = comparisons[2];
    near(difference, 0 / 120 - 0.375 + (5 / 60 - 10 / 120), 1e-6);
    assert.ok(difference_low < difference && difference < difference_high && difference_high < 0);
  },

  async 'of three people nobody without the scope personal is told, and neither is the other period'(world) {
    await problem(world, { key: 'p', name: 'Late', themes: ['p'], ...resolved(200) });
    await world.facts('responses', [
      ...crowd('a', 20, { answered_at: at(170), themes: ['p'] }),
      ...crowd('d', 3, { answered_at: at(220), themes: ['p'] }),
      ...crowd('g', 25, { answered_at: at(260) }),
    ]);
    const { body } = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
    const headers = { authorization: `Bearer ${body.secret}` };
    const reply = await world.send('GET', '/v1/analytics/problems/p/effect?days=60&min_n=1', undefined, headers);
    assert.deepEqual(
      reply.body.data.map(({ with_problem, share }: Row) => [with_problem, share]),
      [
        [null, null],
        [null, null],
      ],
    );
    assert.ok(reply.body.comparisons.every(({ difference }: Row) => difference === null));
    assert.equal(reply.body.reads_as, "Too few people named 'Late' around the fix to tell of it.");
    assert.equal((await effect(world, { days: 60 })).data[1].with_problem, 3);
  },

  async 'without a date of the fix it says how to give one'(world) {
    await problem(world, { key: 'p', themes: ['p'] });
    const told = async (path: string) => {
      const { status, body } = await world.send('GET', `/v1/analytics/problems/${path}`);
      return [status, body.code, body.errors[0]?.pointer];
    };
    assert.deepEqual(await told('p/effect'), [400, 'no_fix_date', 'fixed_at']);
    assert.deepEqual(await told('none/effect'), [404, 'not_found', undefined]);
    assert.deepEqual(await told('p/effect?fixed_at=2999-01-01'), [400, 'out_of_range', 'fixed_at']);
    assert.equal((await told('p/effect?fixed_at=soon'))[0], 400);
    assert.equal((await told('p/effect?days=0'))[0], 400);
    await world.settings({ time_zone: 'Europe/Berlin' });
    assert.equal((await effect(world, { fixed_at: '2022-07-01' })).parameters.fixed_at, '2022-06-30T22:00:00.000Z');
  },
});
