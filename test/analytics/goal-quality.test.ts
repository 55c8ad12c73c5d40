import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { ruleNames } from '../../src/analytics/goal-quality/rules.ts';
import { rules } from '../../src/modules/goals/three-tests.ts';
import { goodGoal, markersOf } from '../scorecard/world.ts';
import { type Api, testApi } from '../support/api.ts';
import type { Row } from '../support/world.ts';

async function ask(api: Api, query = '') {
  const reply = await api.get(`/v1/analytics/goal-quality?${query}`);
  assert.equal(reply.status, 200, reply.text);
  return reply.body;
}
const shown = (rows: Row[], ...columns: string[]) => rows.map((row) => columns.map((column) => row[column]));

/** A draft of a goal that is good but for what is given. */
async function draft(api: Api, name: string, but: object = {}): Promise<string> {
  const made = await api.send('POST', '/v1/goals', { ...goodGoal, name, ...but });
  assert.equal(made.status, 201, made.text);
  return made.body.id;
}

/** The same, published at a moment; by an exception where a test fails. */
async function published(api: Api, name: string, at: string, but: object = {}): Promise<string> {
  const id = await draft(api, name, but);
  const exception = 'Head office asks for it, until the autumn.';
  const reply = await api.send('POST', `/v1/goals/${id}/publish`, { exception }, { 'if-match': '"v1"' });
  assert.equal(reply.status, 200, reply.text);
  await api.db.write((client) => client.rows('update goals set published_at = $2 where id = $1', [id, at]));
  return id;
}

test('whether goals are good ones', async (t) => {
  const api = await testApi(t);

  await t.test('without a goal there is one row of nothing, and groups have none', async () => {
    const { data, reads_as, left_out, warnings } = await ask(api);
    assert.deepEqual(shown(data, 'goals', 'drafts', 'passed_all_share', 'focus_pass_share_low', 'bonus', 'withheld'), [
      [0, 0, null, null, 0, 'no goal is published'],
    ]);
    assert.equal(reads_as, 'No goal is published, so nothing can be told of their quality.');
    assert.deepEqual([left_out, warnings], [[], []]);
    assert.deepEqual((await ask(api, 'group_by=unit,year')).data, []);
  });

  await api.facts('units', [
    { key: 'country', name: 'Country' },
    { key: 'north', name: 'North', parent: 'country' },
    { key: 'south', name: 'South', parent: 'country' },
  ]);
  await api.send('PATCH', '/v1/settings', { time_zone: 'Europe/Berlin' }, { 'if-match': '*' });
  await markersOf(api);
  await published(api, 'Good', '2025-03-01T00:00:00Z');
  // In Berlin it is 2026 already.
  await published(api, 'Good too', '2025-12-31T23:30:00Z', { unit: 'north' });
  // Fails teamwork.
  await published(api, 'One person', '2026-02-01T00:00:00Z', { unit: 'north', accountable: 'individual' });
  // Two warnings in focus, which is no failure; so the exception that was sent is not kept.
  const thoughtless = { unit: 'south', gaming_risk: null, guard_mile_markers: [], outcome_mile_marker: null };
  await published(api, 'Thoughtless', '2026-03-01T00:00:00Z', thoughtless);
  // Fails all three, and is given up: it was published all the same.
  const worst = { behaviours: [], ranks_people: true, reward: 'bonus', outcome_mile_marker: 'answered_calls' };
  const worstId = await published(api, 'The worst', '2026-04-01T00:00:00Z', { unit: 'south', ...worst });
  await api.send('POST', `/v1/goals/${worstId}/drop`, { reason: 'It made things worse.' }, { 'if-match': '*' });
  await draft(api, 'A good draft');
  await draft(api, 'A draft that fails', { unit: 'north', reward: 'discipline' });
  await draft(api, 'A draft with a warning', { unit: 'north', reward: 'prize' });
  const gone = await published(api, 'Archived', '2026-04-01T00:00:00Z', { accountable: 'individual' });
  await api.send('DELETE', `/v1/goals/${gone}`, undefined, { 'if-match': '*' });

  await t.test('counts what each test and each rule finds, by hand', async () => {
    const { data, reads_as, left_out, parameters, comparisons } = await ask(api);
    const counts = ['goals', 'passed_all', 'exceptions', 'drafts', 'drafts_failing'];
    assert.deepEqual(shown(data, ...counts), [[5, 2, 2, 3, 1]]);
    // Focus: good, good too and one person pass, one is warned, one fails. And so on.
    for (const [name, expected] of Object.entries({ focus: [3, 1, 1], teamwork: [3, 0, 2], intrinsic: [4, 0, 1] }))
      assert.deepEqual(shown(data, `${name}_passed`, `${name}_warned`, `${name}_failed`), [expected], name);
    // Wilson of 2 / 5, 3 / 5 and 4 / 5.
    for (const [name, expected] of Object.entries({
      passed_all_share: [0.4, 0.117621, 0.769276],
      focus_pass_share: [0.6, 0.230724, 0.882379],
      intrinsic_pass_share: [0.8, 0.375535, 0.963775],
    }))
      for (const [at, column] of [name, `${name}_low`, `${name}_high`].entries())
        assert.ok(Math.abs(data[0][column] - (expected[at] ?? NaN)) < 5e-6, `${column} is ${data[0][column]}`);
    assert.deepEqual(Object.fromEntries(ruleNames.map((rule) => [rule, data[0][rule]])), {
      no_behaviour_linked: 1,
      gaming_not_considered: 1,
      gaming_not_guarded: 0,
      mile_marker_mistaken_for_destination: 2,
      individual_accountable: 1,
      people_ranked: 1,
      bonus: 1,
      discipline: 0,
      prize: 0,
    });
    assert.deepEqual(left_out, [{ reason: 'archived', goals: 1 }]);
    assert.deepEqual(comparisons, []);
    assert.deepEqual(parameters, { unit: null, group_by: [], min_n: 1, time_zone: 'Europe/Berlin' });
    assert.equal(
      reads_as,
      'Of 5 published goals 2 pass all three tests (40.0%, 95% interval 11.8% to 76.9%): focus 3, teamwork 3 and intrinsic motivation 4. 2 goals stand by an exception, though a test fails. What is found most often: no result is linked that it is for (2 goals). 1 of 3 drafts would fail a test as they are.',
    );
  });

  await t.test('by unit, by the year of publishing in the reporting time zone, and by both', async () => {
    const columns = ['goals', 'passed_all', 'exceptions', 'drafts', 'drafts_failing', 'withheld'];
    const units = await ask(api, 'group_by=unit');
    assert.deepEqual(shown(units.data, 'unit', ...columns), [
      ['north', 2, 1, 1, 2, 1, null],
      ['south', 2, 0, 1, 0, 0, null],
      [null, 1, 1, 0, 1, 0, null],
    ]);
    assert.match(units.reads_as, / The fewest pass in unit south, 0 of 2\. /);
    const years = await ask(api, 'group_by=year');
    assert.deepEqual(shown(years.data, 'year', ...columns), [
      ['2025', 1, 1, 0, 0, 0, null],
      ['2026', 4, 1, 2, 0, 0, null],
      [null, 0, 0, 0, 3, 1, 'no goal is published'],
    ]);
    assert.match(years.reads_as, / The fewest pass in 2026, 1 of 4\. /);
    const both = await ask(api, 'group_by=year,unit');
    assert.deepEqual(shown(both.data, 'year', 'unit', 'goals', 'drafts'), [
      ['2025', null, 1, 0],
      ['2026', 'north', 2, 0],
      ['2026', 'south', 2, 0],
      [null, 'north', 0, 2],
      [null, null, 0, 1],
    ]);
  });

  await t.test('of a unit, with those below it', async () => {
    const country = await ask(api, 'unit=country');
    assert.deepEqual(shown(country.data, 'goals', 'passed_all', 'drafts'), [[4, 1, 2]]);
    assert.deepEqual(country.left_out, []);
    assert.match(country.reads_as, /^Only unit country: Of 4 published goals 1 passes all three tests/);
    assert.match((await ask(api, 'unit=nowhere')).reads_as, /^Only unit nowhere: No goal is published/);
  });

  await t.test('too few are counted and not told', async () => {
    const { data, reads_as, warnings } = await ask(api, 'min_n=6');
    assert.deepEqual(shown(data, 'goals', 'passed_all_share', 'teamwork_pass_share', 'withheld'), [
      [5, null, null, 'fewer than 6 goals'],
    ]);
    assert.match(reads_as, /^Only 5 goals are published: too few to tell\. 1 of 3 drafts/);
    assert.deepEqual(warnings, ['1 of 1 rows have too few goals to tell a share.']);
  });

  await t.test('as CSV it has the same rows, and the groupings that were asked for', async () => {
    for (const query of ['', 'group_by=unit', 'group_by=year,unit']) {
      const { data } = await ask(api, query);
      const [header = [], ...rows] = parse((await api.get(`/v1/analytics/goal-quality?${query}&format=csv`)).text);
      assert.deepEqual(header.toSorted(), Object.keys(data[0]).toSorted());
      assert.deepEqual(
        rows,
        data.map((row: Row) => header.map((name: string) => String(row[name] ?? ''))),
      );
    }
  });

  await t.test('has a column for each rule that there is', () => {
    assert.deepEqual(
      ruleNames,
      rules.map(({ rule }) => rule),
    );
  });

  await t.test('an unknown grouping is refused with those that there are', async () => {
    const { status, body } = await api.get('/v1/analytics/goal-quality?group_by=owner');
    assert.deepEqual([status, body.code, body.errors[0].pointer], [400, 'unknown_grouping', 'group_by']);
    assert.match(body.detail, /unit, year/);
  });
});
