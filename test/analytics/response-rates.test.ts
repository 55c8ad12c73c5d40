import assert from 'node:assert/strict';
import { at, payment, type Row, response, type World, worlds } from '../support/world.ts';

const invitation = (customer_id: string, day: number, row: Row = {}): Row => ({
  id: `${customer_id} ${day}`,
  customer_id,
  survey: 'nps',
  sent_at: at(day),
  status: 'delivered',
  ...row,
});
const answer = (customer_id: string, day: number, row: Row = {}): Row =>
  response({ id: `r ${customer_id} ${day}`, customer_id, answered_at: at(day), ...row });

const columns = ['invitations', 'bounced', 'declined', 'reached', 'answered', 'response_rate'];
const shown = (rows: Row[], ...groups: string[]) =>
  rows.map((row) => [...groups, ...columns].map((column) => row[column]));

/** Everything is known through day 200. */
const known = (world: World) => world.complete(at(200), 'responses');

worlds('GET /v1/analytics/response-rates', {
  async 'each customer counts once, by what became of the invitations'(world) {
    await world.facts('invitations', [
      invitation('A', 10),
      invitation('A', 60),
      invitation('B', 10, { status: 'opened' }),
      invitation('C', 10, { status: 'declined' }),
      invitation('D', 10, { status: 'bounced' }),
      invitation('E', 10, { status: 'bounced' }),
      invitation('E', 20),
      invitation('F', 180),
    ]);
    await world.facts('responses', [
      answer('A', 11),
      answer('A', 61),
      answer('B', 12, { survey: 'nps' }),
      // Nobody asked, or nobody knows who it is.
      answer('X', 12),
      answer('Y', 12, { customer_id: null }),
      // Before it was asked.
      answer('C', 9),
    ]);
    await known(world);
    const found = await world.ask('analytics/response-rates');
    // Reached: A, B, C, E. Answered: A, B. D was reached by none; F can still answer.
    assert.deepEqual(shown(found.data, 'survey'), [['nps', 7, 2, 1, 4, 2, 0.5]]);
    // Wilson of 2 / 4.
    assert.deepEqual([found.data[0].response_rate_low, found.data[0].response_rate_high], [0.150039, 0.849961]);
    assert.deepEqual(found.left_out, [
      { reason: 'bounced', customers: 1 },
      { reason: 'window_open', customers: 1 },
    ]);
    assert.equal(
      found.reads_as,
      "Of 4 customers whom an invitation to 'nps' reached, 2 answered within 30 days: a response rate of 50.0% (95% interval 15.0% to 85.0%).",
    );
    assert.deepEqual([found.parameters.within_days, found.parameters.revenue_as_of], [30, null]);
    assert.equal(found.data[0].revenue_coverage, null);
  },

  async 'an answer belongs to the invitation before it, for within_days and until the next one'(world) {
    const answered = async (query: Record<string, string | number> = {}) =>
      shown((await world.ask('analytics/response-rates', { group_by: 'month', ...query })).data, 'month').map(
        ([month, , , , reached, count]) => [month, reached, count],
      );
    // Days 0 and 40 lie in January and February.
    await world.facts('invitations', [invitation('A', 0), invitation('A', 40)]);
    await world.facts('responses', [answer('A', 40)]);
    await known(world);
    assert.deepEqual(await answered(), [
      ['2022-01', 1, 0],
      ['2022-02', 1, 1],
    ]);
    // However long the first could be answered, the second was there.
    assert.deepEqual(await answered({ within_days: 100 }), [
      ['2022-01', 1, 0],
      ['2022-02', 1, 1],
    ]);
    await world.facts('invitations', [invitation('A', 40, { status: 'bounced' })]);
    assert.deepEqual(await answered({ within_days: 100 }), [
      ['2022-01', 1, 1],
      ['2022-02', 0, 0],
    ]);
    // 40 days: the last moment is not in them.
    assert.deepEqual((await answered({ within_days: 40 }))[0], ['2022-01', 1, 0]);
    assert.deepEqual((await answered({ within_days: 41 }))[0], ['2022-01', 1, 1]);
    // On the moment itself; and to another survey.
    await world.facts('surveys', [{ key: 'csat', name: 'Satisfied?', kind: 'csat' }]);
    await world.facts('invitations', [invitation('B', 0), invitation('C', 0)]);
    await world.facts('responses', [answer('B', 0), answer('C', 1, { survey: 'csat', score: 4 })]);
    assert.deepEqual((await answered())[0], ['2022-01', 3, 1]);
  },

  async 'groups are those of the invitation and of the customer, and a unit holds what is below it'(world) {
    await world.facts('units', [
      { key: 'north', name: 'North' },
      { key: 'store', name: 'Store', parent: 'north' },
    ]);
    await world.facts('customers', [
      { id: 'A', segment: 'smb', region: 'west' },
      { id: 'B', segment: 'smb' },
    ]);
    await world.facts('invitations', [
      invitation('A', 10, { unit: 'store', moment: 'delivery' }),
      invitation('B', 20, { unit: 'north', moment: 'delivery' }),
      invitation('C', 40),
    ]);
    await world.facts('responses', [answer('A', 11), answer('C', 41)]);
    await known(world);
    const by = async (query: Record<string, string>) => {
      const { data } = await world.ask('analytics/response-rates', query);
      const names = (query.group_by ?? '').split(',').filter((name) => name !== '');
      return data.map((row: Row) => [...names.map((name) => row[name]), row.answered, row.reached].join(' '));
    };
    assert.deepEqual(await by({ group_by: 'segment' }), ['smb 1 2', ' 1 1']);
    assert.deepEqual(await by({ group_by: 'unit' }), ['north 0 1', 'store 1 1', ' 1 1']);
    assert.deepEqual(await by({ group_by: 'moment,quarter' }), ['delivery 2022-Q1 1 2', ' 2022-Q1 1 1']);
    assert.deepEqual(await by({ unit: 'north' }), ['1 2']);
    assert.deepEqual(await by({ region: 'west' }), ['1 1']);
    assert.deepEqual(await by({ moment: 'delivery', segment: 'smb' }), ['1 2']);
    assert.deepEqual(await by({ from: at(20), to: at(40) }), ['0 1']);
    const { reads_as, warnings } = await world.ask('analytics/response-rates', {
      group_by: 'segment',
      from: '2022-01-01',
    });
    assert.equal(
      reads_as,
      "Invited from 2022-01-01: The response rate of 'nps' is highest without a segment, 100.0% (95% interval 20.7% to 100.0%; 1 customer), and lowest in segment smb, 50.0% (95% interval 9.5% to 90.5%; 2 customers).",
    );
    assert.match(warnings[0], /counts in each of them/);
  },

  async 'coverage is the revenue of who answered, of all customers and of those who were reached'(world) {
    await world.facts('customers', [
      { id: 'A', segment: 'smb' },
      { id: 'B', segment: 'smb' },
      { id: 'C', segment: 'smb' },
      { id: 'D', segment: 'big' },
    ]);
    const paid = (customer_id: string, amount: string, day = 100) =>
      payment({ customer_id, amount, occurred_at: at(day) });
    await world.facts('revenue-events', [
      paid('A', '100.00'),
      paid('B', '300.00'),
      paid('C', '400.00'),
      paid('D', '200.00'),
    ]);
    await world.complete(at(200));
    await world.facts('invitations', [invitation('A', 10), invitation('B', 10), invitation('D', 10)]);
    await world.facts('responses', [answer('A', 11), answer('D', 11)]);
    await known(world);
    const coverage = async (query: Record<string, string> = {}) =>
      (await world.ask('analytics/response-rates', query)).data.map((row: Row) => [
        row.revenue_coverage,
        row.reached_revenue_coverage,
      ]);
    // A and D paid 300 of 1,000, and of 600 that those who were reached paid.
    assert.deepEqual(await coverage(), [[0.3, 0.5]]);
    // Within smb 100 of 800, and of 400; within big 200 of 200.
    assert.deepEqual(await coverage({ group_by: 'segment' }), [
      [1, 1],
      [0.125, 0.25],
    ]);
    assert.deepEqual(await coverage({ segment: 'smb' }), [[0.125, 0.25]]);
    const { reads_as, parameters } = await world.ask('analytics/response-rates');
    assert.match(reads_as, /Those who answered stand for 30\.0% of the revenue of the last 365 days\.$/);
    assert.equal(parameters.revenue_as_of, at(200));
    // A year later nobody paid anything in the last 365 days.
    await world.complete(at(600));
    assert.deepEqual(await coverage(), [[null, null]]);
  },

  async 'too few, none at all, and answers that nobody sent'(world) {
    const nothing = await world.ask('analytics/response-rates');
    assert.deepEqual([nothing.data, nothing.left_out], [[], []]);
    assert.equal(nothing.reads_as, 'No invitation was found for this question whose time to be answered is over.');
    await world.facts('invitations', [invitation('A', 10), invitation('B', 10, { status: 'bounced', moment: 'm' })]);
    const unsent = await world.ask('analytics/response-rates');
    assert.deepEqual([unsent.data, unsent.left_out], [[], [{ reason: 'no_data', customers: 2 }]]);
    await known(world);
    const few = await world.ask('analytics/response-rates', { min_n: 2, group_by: 'moment' });
    assert.deepEqual(
      few.data.map((row: Row) => [row.moment, row.reached, row.response_rate, row.withheld]),
      [
        ['m', 0, null, 'no invitation reached anybody'],
        [null, 1, null, 'fewer than 2 customers were reached'],
      ],
    );
    assert.equal(few.reads_as, 'Too few customers were reached to tell a response rate.');
  },

  async 'as_of an earlier day what was sent later is not there, and what was open then is open'(world) {
    await world.facts('invitations', [invitation('A', 10), invitation('B', 50), invitation('C', 90)]);
    await world.facts('responses', [answer('A', 11), answer('B', 51), answer('C', 91)]);
    await known(world);
    const { data, left_out } = await world.ask('analytics/response-rates', { as_of: at(60) });
    assert.deepEqual(shown(data), [[1, 0, 0, 1, 1, 1]]);
    assert.deepEqual(left_out, [{ reason: 'window_open', customers: 1 }]);
  },

  async 'readers without the scope personal see neither few people nor the revenue of few who answered'(world) {
    const many = (name: string, count: number, row: Row) =>
      Array.from({ length: count }, (_, place) => invitation(`${name}${place}`, 10, row));
    await world.facts('invitations', [
      ...many('a', 3, { moment: 'a' }),
      ...many('b', 9, { moment: 'b' }),
      ...many('c', 30, { moment: 'c' }),
    ]);
    await world.facts('responses', [answer('c0', 11), answer('c1', 11), answer('b0', 11)]);
    await world.facts('revenue-events', [payment({ customer_id: 'c0' }), payment({ customer_id: 'c9' })]);
    await world.complete(at(200));
    await known(world);
    const { body } = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
    const path = '/v1/analytics/response-rates?min_n=1&group_by=moment';
    const { data } = (await world.send('GET', path, undefined, { authorization: `Bearer ${body.secret}` })).body;
    assert.deepEqual(
      data.map((row: Row) => [
        row.moment,
        row.reached,
        row.answered,
        row.revenue_coverage,
        row.reached_revenue_coverage,
      ]),
      [
        ['a', null, null, null, null],
        ['b', null, null, null, null],
        ['c', 30, 2, null, null],
      ],
    );
    const all = (await world.send('GET', path)).body.data;
    assert.deepEqual([all[0].reached, all[2].reached_revenue_coverage], [3, 0.5]);
  },

  async 'what invitations do not have cannot be asked'(world) {
    const { status, body } = await world.send('GET', '/v1/analytics/response-rates?group_by=theme');
    assert.deepEqual([status, body.code, body.errors[0].pointer], [400, 'unknown_grouping', 'group_by']);
    assert.match(
      body.detail,
      /^Invitations have no theme: group_by is one or two of unit, moment, segment, region, month/,
    );
    for (const query of ['channel=web', 'theme=price', 'within_days=0'])
      assert.equal((await world.send('GET', `/v1/analytics/response-rates?${query}`)).status, 400, query);
    const { text } = await world.send('GET', '/v1/analytics/response-rates?group_by=month&format=csv');
    assert.match(text, /^survey,month,invitations,bounced,declined,reached,answered,response_rate,/);
  },
});
