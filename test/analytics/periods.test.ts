import assert from 'node:assert/strict';
import { at, payment, response, worlds } from '../support/world.ts';
import { assertCounts, fill } from './company.ts';

worlds('The time that a question is about', {
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
