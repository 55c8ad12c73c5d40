import assert from 'node:assert/strict';
import { at, worlds } from '../support/world.ts';
import { fill } from './company.ts';

worlds('Questions that are refused', {
  async 'a unit that nobody sent is told of, so that a slip does not read as a unit in which nothing happened'(world) {
    await fill(world);
    await world.facts('units', [{ key: 'coast', name: 'Coast' }]);
    for (const path of [
      'outcomes/revenue',
      'analytics/scores',
      'analytics/revenue-retention',
      'analytics/goal-quality',
    ]) {
      const warnings = async (unit: string) => (await world.ask(path, { unit })).warnings as string[];
      const [first] = await warnings('caost');
      const said = "There is no unit 'caost' (GET /v1/units lists them), so only what names it itself counts.";
      assert.equal(first, said, path);
      assert.ok(!(await warnings('coast')).some((one) => one.startsWith('There is no unit')), path);
    }
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
        /^group_by names one or two different ones of unit, .*, at most one of them a period\.$/,
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
      await refused(
        `as_of=${at(800, 1)}`,
        'not_complete',
        /through 2024-03-11T00:00:00\.000Z only\. Ask as of then, or say that the data goes further/,
        path,
      );
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
});
