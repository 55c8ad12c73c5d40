import assert from 'node:assert/strict';
import { meanInterval, newcombe, wilson } from '../../real-data/figures.ts';
import { near } from '../../stats/near.ts';
import {
  at,
  payment,
  type Row,
  referral,
  response,
  retention,
  survey,
  type World,
  worlds,
} from '../../support/world.ts';
import { crowd, paid } from '../crowd.ts';
import { clustered } from './customers.ts';

const path = 'analytics/loyalty';
const ask = (world: World, query: Record<string, string | number> = {}) =>
  world.ask(path, { window_days: 90, ...query });
const named = (data: Row[]) => Object.fromEntries(data.map((row) => [row.name, row]));

/** Contracts of customers, which some end on day 150. */
const contracts = (name: string, count: number, ends: readonly number[] = []): Row[] =>
  Array.from({ length: count }, (_, place) => `${name}${place + 1}`).flatMap((customer_id, place) => [
    retention({ customer_id, type: 'started', occurred_at: at(1) }),
    ...(ends.includes(place + 1) ? [retention({ customer_id, type: 'churned', occurred_at: at(150) })] : []),
  ]);

worlds('What customers said against what they did', {
  async 'apostles, mercenaries, hostages and defectors, and how many of the satisfied left'(world) {
    await world.facts('surveys', [survey({ key: 'csat', name: 'Satisfied?', kind: 'csat' })]);
    const of = (name: string, count: number, score: number) => crowd(name, count, { survey: 'csat', score });
    // Five gave the best answer, four were satisfied, and three were not (one of them a 3, which is no 4).
    await world.facts('responses', [...of('T', 5, 5), ...of('S', 4, 4), ...of('N', 2, 2), ...of('M', 1, 3)]);
    await world.facts('retention-events', [
      ...contracts('T', 5, [4]),
      ...contracts('S', 4, [1, 2]),
      ...contracts('N', 2, [1]),
      ...contracts('M', 1),
    ]);
    await world.facts('revenue-events', [
      // T4 bought and left; T5 neither bought nor left; T3 only made a referral.
      ...paid('T', [30, 50, 0, 20], { type: 'one_time' }).filter(({ amount }) => amount !== '0.00'),
      ...paid('S', [8, 0, 6, 0]).filter(({ amount }) => amount !== '0.00'),
      payment({ customer_id: 'M1', amount: '12.00' }),
      // Long after the window.
      payment({ customer_id: 'N2', amount: '99.00', occurred_at: at(200) }),
    ]);
    await world.facts('referrals', [referral({ referrer_id: 'T3' })]);
    await world.complete(at(300));
    const { data, comparisons, reads_as, left_out, method, definition } = await ask(world, { survey: 'csat' });
    assert.deepEqual(
      data.map((row: Row) => [
        row.part,
        row.name,
        row.responses,
        row.customers,
        row.loyal,
        row.left,
        row.revenue_total,
      ]),
      [
        // T1 and T2 bought again, T3 referred.
        ['quadrant', 'apostle', 3, 3, 3, 0, 80],
        ['quadrant', 'mercenary', 2, 2, 0, 1, 20],
        // S3 and M1 bought again; S4 and N2 only stayed.
        ['quadrant', 'hostage', 2, 2, 2, 0, 18],
        ['quadrant', 'defector', 5, 5, 0, 3, 8],
        ['answer', 'top', 5, 5, 3, 1, 100],
        ['answer', 'satisfied', 4, 4, 1, 2, 14],
        ['answer', 'not_satisfied', 3, 3, 1, 1, 12],
      ],
    );
    const row = named(data);
    assert.deepEqual([row.apostle?.share, row.top?.left_rate, row.satisfied?.left_rate], [0.25, 0.2, 0.5]);
    near(row.apostle?.share_low as number, wilson(3, 12).low);
    near(row.satisfied?.left_rate_low as number, wilson(2, 4).low);
    near(row.satisfied?.left_rate_high as number, wilson(2, 4).high);
    near(row.top?.loyal_rate as number, 0.6);
    near(row.top?.revenue_after as number, 20);
    const spread = meanInterval([30, 50, 0, 20, 0]);
    near(row.top?.revenue_after_low as number, spread.low);
    near(row.top?.revenue_after_high as number, spread.high);
    assert.equal(comparisons.length, 2);
    const [satisfied] = comparisons;
    assert.deepEqual([satisfied.measure, satisfied.band, satisfied.against], ['left_rate', 'satisfied', 'top']);
    near(satisfied.difference, 0.3);
    near(satisfied.difference_low, newcombe(2, 4, 1, 5).low);
    near(satisfied.difference_high, newcombe(2, 4, 1, 5).high);
    assert.deepEqual([left_out, definition.id], [[], 'loyalty']);
    assert.match(method, /^where every customer counts once: Wilson/);
    assert.equal(
      reads_as,
      'Of 4 customers who said they were satisfied, short of the best answer, 2 (50.0%, 95% interval 15.0% to 85.0%) had left or stopped buying 90 days later. Of 5 who gave the best answers, 1 (20.0%, 95% interval 3.6% to 62.4%) had. In all, 25.0% apostles, 16.7% mercenaries, 16.7% hostages and 41.7% defectors.',
    );
  },

  async 'in an NPS the passives are the satisfied, and without contracts who buys again stays and is loyal'(world) {
    await world.facts('responses', [...crowd('P', 3), ...crowd('Q', 2, { score: 7 }), ...crowd('D', 1, { score: 0 })]);
    await world.facts('revenue-events', [...paid('P', [5, 5]), ...paid('Q', [5])]);
    await world.complete(at(300), 'revenue-events');
    const { data, reads_as, warnings } = await ask(world);
    assert.deepEqual(
      data.map((row: Row) => [row.name, row.responses, row.loyal, row.left]),
      [
        ['apostle', 2, 2, 0],
        ['mercenary', 1, 0, 1],
        ['hostage', 1, 1, 0],
        ['defector', 2, 0, 2],
        ['top', 3, 2, 1],
        ['satisfied', 2, 1, 1],
        ['not_satisfied', 1, 0, 1],
      ],
    );
    assert.match(reads_as, /^Of 2 customers who were passives, satisfied but not promoters, 1 \(50\.0%/);
    assert.deepEqual(warnings, ['No referrals were sent yet, so only customers who bought again are loyal.']);
  },

  async 'of a mirrored scale the good side counts'(world) {
    await world.facts('surveys', [
      survey({
        key: 'effort',
        name: 'How much effort?',
        kind: 'custom',
        scale_min: 1,
        scale_max: 5,
        higher_is_better: false,
        detractor_max: 2,
        promoter_min: 5,
        satisfied_min: 4,
      }),
    ]);
    await world.facts('responses', [
      response({ customer_id: 'a', survey: 'effort', score: 1 }),
      response({ customer_id: 'b', survey: 'effort', score: 2 }),
      response({ customer_id: 'c', survey: 'effort', score: 3 }),
    ]);
    await world.complete(at(300), 'revenue-events');
    assert.deepEqual(
      (await ask(world)).data.filter(({ part }: Row) => part === 'answer').map((row: Row) => [row.name, row.responses]),
      [
        ['top', 1],
        ['satisfied', 1],
        ['not_satisfied', 1],
      ],
    );
  },

  async 'what does not count is left out by the first reason'(world) {
    await world.facts('responses', [
      response({ id: 'counts', customer_id: 'a' }),
      response({ id: 'again', customer_id: 'a', answered_at: at(120) }),
      response({ id: 'nobody', customer_id: null }),
      response({ id: 'open', customer_id: 'b', answered_at: at(290) }),
      response({ id: 'gone', customer_id: 'c' }),
      response({ id: 'foreign', customer_id: 'd' }),
    ]);
    await world.facts('retention-events', [
      retention({ customer_id: 'c', type: 'churned', occurred_at: at(50) }),
      retention({ customer_id: 'd', type: 'started', occurred_at: at(50) }),
    ]);
    await world.facts('revenue-events', [payment({ customer_id: 'd', currency: 'USD' })]);
    await world.complete(at(300));
    const { data, left_out } = await ask(world);
    assert.equal(named(data).top?.responses, 1);
    assert.deepEqual(left_out, [
      { reason: 'anonymous', responses: 1 },
      { reason: 'no_exchange_rate', responses: 1 },
      { reason: 'not_active_when_answered', responses: 1 },
      { reason: 'not_an_index_response', responses: 1 },
      { reason: 'window_open', responses: 1 },
    ]);
  },

  async 'each dataset must have come so far: referrals that are not complete leave the window open'(world) {
    await world.facts('responses', crowd('P', 3));
    await world.complete(at(300));
    await world.complete(at(150), 'referrals');
    const { data, left_out, fresh, reads_as } = await ask(world);
    assert.deepEqual([data, left_out], [[], [{ reason: 'window_open', responses: 3 }]]);
    assert.equal(fresh.complete_through, at(150));
    assert.equal(reads_as, 'No response with an elapsed window of 90 days was found for this question.');
  },

  async 'without revenue and retention nothing is said'(world) {
    await world.facts('responses', crowd('P', 3));
    const { data, left_out, reads_as } = await ask(world);
    assert.deepEqual([data, left_out], [[], [{ reason: 'no_data', responses: 3 }]]);
    assert.match(reads_as, /^Nothing can be told of loyalty: no retention events or revenue events were sent yet\./);
  },

  async 'of customers who count more than once the intervals are wider, and responses are told'(world) {
    // Ten customers, each passive twice, 100 days apart; the first five buy in both windows.
    const twice = [100, 200].flatMap((day) =>
      crowd('Q', 10, { score: 8, answered_at: at(day) }).map((row) => ({ ...row, id: `${row.id} ${day}` })),
    );
    await world.facts('responses', twice);
    await world.facts('revenue-events', [
      ...paid('Q', [5, 5, 5, 5, 5]),
      ...paid('Q', [5, 5, 5, 5, 5], { occurred_at: at(210) }),
    ]);
    await world.complete(at(400), 'revenue-events');
    const { data, reads_as } = await ask(world);
    const satisfied = named(data).satisfied;
    assert.deepEqual([satisfied?.responses, satisfied?.customers, satisfied?.left], [20, 10, 10]);
    const customers = twice.map(({ id }) => id.split(' ')[0] ?? '');
    const expected = clustered(
      customers.map((customer) => ({ customer, numerator: Number(customer.slice(1)) > 5 ? 1 : 0, denominator: 1 })),
    );
    near(satisfied?.left_rate as number, 0.5);
    near(satisfied?.left_rate_low as number, expected.low);
    near(satisfied?.left_rate_high as number, expected.high);
    assert.ok(expected.low < wilson(10, 20).low);
    assert.match(reads_as, /^Of 20 answers of customers who were passives/);
    // Everybody: what nobody escapes tells no spread, so customers are counted.
    near(named(data).defector?.left_rate_low as number, wilson(5, 5).low);
    // Hostages are loyal by what the word means: of that nothing can be unsure.
    const { hostage } = named(data);
    assert.deepEqual([hostage?.loyal_rate, hostage?.loyal_rate_low, hostage?.left_rate_high], [1, null, null]);
  },

  async 'groups have rows of their own, and of those who left most and fewest it is said'(world) {
    await world.facts('responses', [
      ...crowd('A', 4, { score: 8, segment: 'a' }),
      ...crowd('B', 2, { score: 8, segment: 'b' }),
    ]);
    await world.facts('revenue-events', [...paid('A', [1]), ...paid('B', [1])]);
    await world.complete(at(300));
    const { data, reads_as } = await ask(world, { group_by: 'segment' });
    assert.equal(data.length, 14);
    assert.match(
      reads_as,
      /^Of 4 customers in segment a who were passives, satisfied but not promoters, 3 \(75\.0%, .*\) had left or stopped buying 90 days later\. Of 2 groups that is the most; the fewest were 50\.0%, 95% interval 9\.5% to 90\.5% in segment b\.$/,
    );
    const few = await ask(world, { segment: 'b', min_n: 3 });
    assert.equal(
      few.reads_as,
      'Only segment b: Too few customers who were satisfied, short of the best answers, to tell how many of them left.',
    );
    assert.equal(named(few.data).satisfied?.withheld, 'fewer than 3 responses');
  },

  async 'as of a moment before, later windows are open'(world) {
    await world.facts('responses', [
      ...crowd('A', 1, { score: 8 }),
      ...crowd('B', 1, { score: 8, answered_at: at(200) }),
    ]);
    await world.complete(at(300));
    const { data, left_out, parameters } = await ask(world, { as_of: at(250) });
    assert.deepEqual([named(data).satisfied?.responses, left_out], [1, [{ reason: 'window_open', responses: 1 }]]);
    assert.equal(parameters.as_of, at(250));
    const late = await world.send('GET', `/v1/${path}?as_of=${at(301)}`);
    assert.deepEqual([late.status, late.body.code], [400, 'not_complete']);
  },

  async 'readers without the scope personal do not see parts of few people'(world) {
    await world.facts('responses', [
      ...crowd('P', 20),
      ...crowd('Q', 12, { score: 8 }),
      ...crowd('D', 10, { score: 1 }),
    ]);
    // Three promoters buy again: three apostles and 17 mercenaries, whom the 20 tops would tell them from.
    await world.facts('revenue-events', [...paid('P', [1, 1, 1]), ...paid('Q', [1, 1, 1, 1, 1, 1])]);
    await world.complete(at(300));
    const made = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
    const { body } = await world.send('GET', `/v1/${path}?window_days=90&min_n=1`, undefined, {
      authorization: `Bearer ${made.body.secret}`,
    });
    assert.deepEqual(
      body.data.map(({ name, responses }: Row) => [name, responses]),
      [
        ['apostle', null],
        ['mercenary', null],
        ['hostage', 6],
        ['defector', 16],
        ['top', 20],
        ['satisfied', 12],
        ['not_satisfied', 10],
      ],
    );
  },
});
