import assert from 'node:assert/strict';
import { type Row, response, worlds } from '../support/world.ts';
import { assertCounts, counts, fill } from './company.ts';

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
});
