import assert from 'node:assert/strict';
import { at, payment, type Row, response, type World, worlds } from '../support/world.ts';

/** What an answer says of its responses: the group's columns and how many there are, over all bands. */
async function counts(world: World, path: string, query: Record<string, string>): Promise<string[]> {
  const { data } = await world.ask(path, query);
  const names = (query.group_by ?? '').split(',').filter((name) => name !== '');
  const found = new Map<string, number>();
  for (const row of data) {
    const name = [row.survey, ...names.map((one) => row[one] ?? '-')].join(' ');
    found.set(name, (found.get(name) ?? 0) + row.responses);
  }
  return [...found].map(([name, n]) => `${name}: ${n}`);
}

const paths = ['analytics/scores', 'outcomes/revenue', 'outcomes/referrals', 'outcomes/retention'];

/** Asserts the same counts of scores, which come from cells by month, and of all outcomes. */
async function assertCounts(world: World, query: Record<string, string>, expected: string[]): Promise<void> {
  for (const path of paths)
    assert.deepEqual(await counts(world, path, query), expected, `${path} ${JSON.stringify(query)}`);
}

const facts: Row[] = [
  response({
    id: '1',
    customer_id: 'A',
    unit: 'store-1',
    segment: 'smb',
    region: 'north',
    channel: 'email',
    moment: 'call',
    themes: ['price'],
    answered_at: '2022-01-10T12:00:00Z',
  }),
  response({
    id: '2',
    customer_id: 'B',
    unit: 'store-2',
    segment: 'smb',
    region: 'south',
    channel: 'web',
    moment: 'call',
    themes: ['price', 'staff'],
    answered_at: '2022-02-10T12:00:00Z',
  }),
  response({
    id: '3',
    customer_id: 'C',
    unit: 'city',
    segment: 'big',
    region: 'north',
    channel: 'email',
    score: 3,
    themes: ['staff'],
    answered_at: '2022-04-10T12:00:00Z',
  }),
  response({ id: '4', customer_id: 'D', segment: null, region: null, score: 2, answered_at: '2022-12-31T12:00:00Z' }),
  response({
    id: '5',
    customer_id: 'E',
    survey: 'csat',
    score: 5,
    unit: 'elsewhere',
    segment: 'smb',
    answered_at: '2023-01-01T00:00:00Z',
  }),
];

async function fill(world: World): Promise<void> {
  await world.facts('surveys', [{ key: 'csat', name: 'Satisfied?', kind: 'csat' }]);
  await world.facts('units', [
    { key: 'company', name: 'Company' },
    { key: 'city', name: 'City', parent: 'company' },
    { key: 'store-1', name: 'Store 1', parent: 'city' },
    { key: 'store-2', name: 'Store 2', parent: 'company' },
  ]);
  await world.facts('customers', [{ id: 'D', region: 'west' }]);
  await world.facts('responses', facts);
  await world.complete(at(800));
}

worlds('What a question can be narrowed to and grouped by', {
  async 'surveys have rows of their own, and are never pooled'(world) {
    await fill(world);
    await assertCounts(world, {}, ['csat: 1', 'nps: 4']);
    await assertCounts(world, { survey: 'nps' }, ['nps: 4']);
    await assertCounts(world, { survey: 'csat', group_by: 'year' }, ['csat 2023: 1']);
  },

  async 'a unit stands for everything below it, in groups each unit for itself'(world) {
    await fill(world);
    await assertCounts(world, { unit: 'company' }, ['nps: 3']);
    await assertCounts(world, { unit: 'city' }, ['nps: 2']);
    await assertCounts(world, { unit: 'store-1' }, ['nps: 1']);
    // A unit that nobody declared is there when responses name it; one that nobody names is not.
    await assertCounts(world, { unit: 'elsewhere' }, ['csat: 1']);
    await assertCounts(world, { unit: 'nowhere' }, []);
    await assertCounts(world, { unit: 'company', group_by: 'unit' }, [
      'nps city: 1',
      'nps store-1: 1',
      'nps store-2: 1',
    ]);
    // With another dimension the rows answer.
    await assertCounts(world, { unit: 'company', segment: 'smb' }, ['nps: 2']);
  },

  async 'each dimension is a filter, alone and with others'(world) {
    await fill(world);
    await assertCounts(world, { segment: 'smb' }, ['csat: 1', 'nps: 2']);
    await assertCounts(world, { region: 'north' }, ['nps: 2']);
    // What the response does not say, the customer's record does.
    await assertCounts(world, { region: 'west' }, ['nps: 1']);
    await assertCounts(world, { moment: 'call' }, ['nps: 2']);
    await assertCounts(world, { channel: 'email' }, ['nps: 2']);
    await assertCounts(world, { theme: 'staff' }, ['nps: 2']);
    await assertCounts(world, { channel: 'email', segment: 'smb', theme: 'price' }, ['nps: 1']);
    await assertCounts(world, { segment: 'none' }, []);
    const { parameters } = await world.ask('outcomes/revenue', { segment: 'smb', unit: 'city' });
    assert.deepEqual([parameters.segment, parameters.unit, 'region' in parameters], ['smb', 'city', false]);
  },

  async 'groups are in order, those that are not known last'(world) {
    await fill(world);
    await assertCounts(world, { survey: 'nps', group_by: 'segment' }, ['nps big: 1', 'nps smb: 2', 'nps -: 1']);
    await assertCounts(world, { survey: 'nps', group_by: 'channel,region' }, [
      'nps email north: 2',
      'nps web south: 1',
      'nps - west: 1',
    ]);
    await assertCounts(world, { survey: 'nps', group_by: 'month' }, [
      'nps 2022-01: 1',
      'nps 2022-02: 1',
      'nps 2022-04: 1',
      'nps 2022-12: 1',
    ]);
    await assertCounts(world, { survey: 'nps', group_by: 'quarter' }, [
      'nps 2022-Q1: 2',
      'nps 2022-Q2: 1',
      'nps 2022-Q4: 1',
    ]);
    await assertCounts(world, { group_by: 'year' }, ['csat 2023: 1', 'nps 2022: 4']);
    await assertCounts(world, { group_by: 'year,segment', segment: 'smb' }, ['csat 2023 smb: 1', 'nps 2022 smb: 2']);
    await assertCounts(world, { survey: 'nps', group_by: 'segment,month' }, [
      'nps big 2022-04: 1',
      'nps smb 2022-01: 1',
      'nps smb 2022-02: 1',
      'nps - 2022-12: 1',
    ]);
  },

  async 'a response stands in each of its themes, and is left out once'(world) {
    await fill(world);
    await world.facts('responses', [
      response({ id: '6', customer_id: null, themes: ['price', 'staff'] }),
      response({ id: '7', customer_id: 'A', themes: ['price', 'staff'], answered_at: '2022-01-11T12:00:00Z' }),
    ]);
    const themes = { survey: 'nps', group_by: 'theme' };
    assert.deepEqual(await counts(world, 'outcomes/revenue', themes), ['nps price: 2', 'nps staff: 2', 'nps -: 1']);
    assert.deepEqual(await counts(world, 'analytics/scores', themes), ['nps price: 4', 'nps staff: 4', 'nps -: 1']);
    const answer = await world.ask('outcomes/revenue', themes);
    assert.deepEqual(answer.left_out, [
      { reason: 'anonymous', responses: 1 },
      { reason: 'not_an_index_response', responses: 1 },
    ]);
    assert.deepEqual(answer.warnings, [
      'A response with several themes counts in each of them, so groups do not add up to the whole.',
    ]);
    // A score of a theme is not compared with the others': the same response may be in both.
    const scores = await world.ask('analytics/scores', themes);
    assert.deepEqual([scores.comparisons, scores.warnings], [[], answer.warnings]);
    // Narrowed to a theme there is that theme alone, whether cells answer or the rows; and groups add up.
    for (const more of [{}, { from: '2022-01-02' }] as Record<string, string>[]) {
      assert.deepEqual(await counts(world, 'outcomes/revenue', { ...themes, ...more, theme: 'staff' }), [
        'nps staff: 2',
      ]);
      assert.deepEqual(await counts(world, 'analytics/scores', { ...themes, ...more, theme: 'staff' }), [
        'nps staff: 4',
      ]);
    }
    const narrowed = await world.ask('outcomes/revenue', { theme: 'staff', group_by: 'segment' });
    assert.ok(!narrowed.warnings.some((warning: string) => warning.includes('themes')));
  },

  async 'a group of which all responses are anonymous has scores and no outcomes'(world) {
    await fill(world);
    await world.facts(
      'responses',
      [1, 2].map(() => response({ customer_id: null, segment: 'unknown to us' })),
    );
    const isIt = ({ segment }: Row) => segment === 'unknown to us';
    const { data, left_out } = await world.ask('outcomes/revenue', { group_by: 'segment' });
    const [row] = data.filter(isIt);
    assert.deepEqual(
      [row.responses, row.customers, row.revenue_after, row.withheld],
      [0, 0, null, 'no response counts yet'],
    );
    assert.deepEqual(left_out, [{ reason: 'anonymous', responses: 2 }]);
    const scores = await world.ask('analytics/scores', { group_by: 'segment' });
    assert.deepEqual(
      scores.data.filter(isIt).map(({ responses, nps }: Row) => [responses, nps]),
      [[2, 100]],
    );
  },

  async 'from and to are dates in the reporting time zone or moments; the end is not in it'(world) {
    await world.settings({ time_zone: 'America/New_York' });
    await world.facts('responses', [
      // January begins in New York at 05:00 UTC; April, in summer time, at 04:00.
      response({ id: '1', customer_id: 'A', answered_at: '2022-01-01T04:59:59.999Z' }),
      response({ id: '2', customer_id: 'B', answered_at: '2022-01-01T05:00:00.000Z' }),
      response({ id: '3', customer_id: 'C', answered_at: '2022-04-01T03:59:59.999Z' }),
      response({ id: '4', customer_id: 'D', answered_at: '2022-04-01T04:00:00.000Z' }),
    ]);
    await world.complete(at(400));
    const inside = ['nps 2022-01: 1', 'nps 2022-03: 1'];
    for (const [from, to] of [
      ['2022-01-01', '2022-04-01'],
      ['2022-01-01T05:00:00Z', '2022-04-01T04:00:00Z'],
      ['2022-01-01T06:00:00+01:00', '2022-03-31T23:00:00.000-05:00'],
    ] as const)
      await assertCounts(world, { from, to, group_by: 'month' }, inside);
    // By the clocks of UTC it is another period.
    await assertCounts(world, { from: '2022-01-01T00:00:00Z', to: '2022-04-01T00:00:00Z', group_by: 'year' }, [
      'nps 2021: 1',
      'nps 2022: 1',
    ]);
    // A part of a month is read from the rows.
    await assertCounts(world, { from: '2022-01-01', to: '2022-01-02' }, ['nps: 1']);
    await assertCounts(world, { from: '2022-04-01T04:00:00.001Z' }, []);
    const { parameters } = await world.ask('outcomes/revenue', { from: '2022-01-01', to: '2022-04-01' });
    assert.deepEqual(
      [parameters.from, parameters.to, parameters.time_zone],
      ['2022-01-01T05:00:00.000Z', '2022-04-01T04:00:00.000Z', 'America/New_York'],
    );
  },

  async 'as_of tells what was known then: later responses are not there, and windows were open'(world) {
    await world.facts('responses', [
      response({ id: 'first', customer_id: 'A', answered_at: at(100) }),
      response({ id: 'second', customer_id: 'B', answered_at: at(150) }),
      response({ id: 'third', customer_id: 'C', answered_at: at(210) }),
    ]);
    await world.facts('revenue-events', [
      payment({ customer_id: 'A' }),
      payment({ customer_id: 'B', occurred_at: at(160) }),
    ]);
    await world.complete(at(400));
    const then = await world.ask('outcomes/revenue', { as_of: at(200) });
    assert.deepEqual([then.data[0].responses, then.data[0].revenue_total], [1, 10]);
    assert.deepEqual(then.left_out, [{ reason: 'window_open', responses: 1 }]);
    assert.deepEqual([then.parameters.as_of, then.fresh.complete_through], [at(200), at(200)]);
    // The last moment of a window closes it.
    assert.equal((await world.ask('outcomes/revenue', { as_of: at(190) })).data[0].responses, 1);
    assert.equal((await world.ask('outcomes/revenue', { as_of: at(190, -1) })).data[0].responses, 0);
    assert.deepEqual((await world.ask('outcomes/revenue', { as_of: '2022-01-01' })).data, []);
    const now = await world.ask('outcomes/revenue');
    assert.deepEqual([now.data[0].responses, now.parameters.as_of], [3, at(400)]);
    assert.deepEqual((await world.ask('outcomes/revenue', { as_of: at(400) })).data, now.data);
  },

  async 'what cannot be asked is refused with the reason'(world) {
    await fill(world);
    const refused = async (query: string, code: string, detail: RegExp, path = 'outcomes/revenue') => {
      const { status, body } = await world.send('GET', `/v1/${path}?${query}`);
      assert.deepEqual([status, body.code], [400, code], query);
      assert.match(body.detail, detail);
      assert.equal(body.errors[0].pointer, query.split('=')[0], query);
    };
    await refused('survey=nsp', 'unknown_survey', /^There is no survey 'nsp'\. There are: csat, nps\.$/);
    await refused('survey=nsp', 'unknown_survey', /There are: csat, nps/, 'analytics/scores');
    await refused(
      'window_days=100',
      'unknown_window',
      /^Outcomes are kept for windows of 90, 180, 365 days; 100 is none of them \(PATCH \/v1\/settings changes them\)\.$/,
    );
    await refused(
      'group_by=colour',
      'unknown_grouping',
      /^group_by is one or two of unit, segment, region, moment, channel, theme, month, quarter, year; 'colour' is none of them\.$/,
    );
    for (const names of ['unit,segment,region', 'unit,unit', 'month,year'])
      await refused(
        `group_by=${names}`,
        'bad_grouping',
        /^group_by names one or two different groupings, at most one of them a period/,
      );
    await refused('to=2022-03-01&from=2022-03-01', 'empty_period', /^The period is empty/);
    await refused('to=2022-03-01&from=2022-04-01', 'empty_period', /^The period is empty/);
    for (const path of [
      'outcomes/revenue',
      'outcomes/referrals',
      'outcomes/retention',
      'outcomes/retention/curve',
      'outcomes/summary',
    ])
      await refused(`as_of=${at(800, 1)}`, 'not_complete', /through 2024-03-11T00:00:00\.000Z only/, path);
    for (const query of [
      'from=yesterday',
      'from=2022-02-30',
      'min_n=0',
      'window_days=x',
      'format=xml',
      'group_by=',
      'colour=red',
    ])
      assert.equal((await world.send('GET', `/v1/outcomes/revenue?${query}`)).status, 400, query);
    // The scores have no window.
    assert.equal((await world.send('GET', '/v1/analytics/scores?window_days=90')).status, 400);
  },

  async 'the sentence says what the question was narrowed to'(world) {
    await fill(world);
    const reads = async (query: Record<string, string>) => (await world.ask('analytics/scores', query)).reads_as;
    const nps = "The NPS of 'nps' is 100.0 (95% interval -24.4 to 100.0; 2 responses).";
    assert.equal(
      await reads({ survey: 'nps', segment: 'smb', from: '2022-01-01', to: '2022-12-31T00:00:00Z' }),
      `Only segment smb, answered from 2022-01-01, answered before 2022-12-31T00:00:00.000Z: ${nps}`,
    );
    assert.equal(
      await reads({ survey: 'nps', unit: 'company', as_of: '2022-03-01' }),
      `As of 2022-03-01T00:00:00.000Z, only unit company: ${nps}`,
    );
  },

  async 'the window is 180 days unless given, or the middle one where that is not kept'(world) {
    await fill(world);
    const window = async () => (await world.send('GET', '/v1/outcomes/revenue')).body.parameters.window_days;
    assert.equal(await window(), 180);
    await world.settings({ windows_days: [30, 400, 60] });
    assert.equal(await window(), 60);
    assert.equal((await world.send('GET', '/v1/outcomes/summary')).body.parameters.window_days, 60);
  },
});
