import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hiddenRows, linesOf } from '../../src/analytics/small-groups.ts';
import { refresh } from '../../src/outcomes/refresh.ts';
import { at, type Row, response, retention, type World, worlds } from '../support/world.ts';
import { crowd } from './crowd.ts';

const inSurvey = (...groups: (string | null)[]) => ({ survey: 'nps', groups });

/** The rows that are hidden of a table with these numbers of people in each group. */
function hidden(people: Record<string, number>, fewest = 5): string[] {
  const rows = Object.entries(people).map(([row, count]) => ({
    row,
    people: count,
    lines: linesOf(inSurvey(...row.split(' '))),
  }));
  return [...hiddenRows(rows, fewest)].sort();
}

test('a small group is hidden with the next smallest, so that the whole less the others does not tell it', () => {
  assert.deepEqual(hidden({ a: 4, b: 30, c: 9 }), ['a', 'c']);
  assert.deepEqual(hidden({ a: 4, b: 4, c: 9 }), ['a', 'b']);
  assert.deepEqual(hidden({ a: 5, b: 30 }), []);
  assert.deepEqual(hidden({ a: 4, b: 0, c: 0 }), ['a']);
});

test('two small groups that are fewer people together than one may be hide a third', () => {
  assert.deepEqual(hidden({ a: 1, b: 3, c: 9, d: 20 }), ['a', 'b', 'c']);
});

test('of two groupings every line has its own, since the answer by one of them tells its sum', () => {
  // Within n the next smallest is `n y`, within x it is `m x`; then m and y each have a single one, so `m y` goes too.
  assert.deepEqual(
    hidden({ 'n x': 2, 'n y': 9, 'n z': 30, 'm x': 12, 'm y': 40, 'm z': 50, 'o x': 60, 'o y': 70, 'o z': 80 }),
    ['m x', 'm y', 'n x', 'n y'],
  );
});

test('surveys and bands have tables of their own, and readers who see people see all', () => {
  assert.notDeepEqual(linesOf(inSurvey('a'), 'promoter'), linesOf(inSurvey('a'), 'detractor'));
  assert.notDeepEqual(linesOf(inSurvey('a')), linesOf({ survey: 'csat', groups: ['a'] }));
  assert.deepEqual(linesOf(inSurvey()), []);
  assert.deepEqual(hidden({ a: 1, b: 30 }, 0), []);
});

test('whatever the table, no line less what it shows leaves one row alone or too few people, unless nothing is shown', () => {
  const table = fc.array(fc.array(fc.nat(12), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(table, (people) => {
      const rows = people.flatMap((line, y) =>
        line.map((count, x) => ({ row: `${x} ${y}`, people: count, lines: linesOf(inSurvey(`${x}`, `${y}`)) })),
      );
      const gone = hiddenRows(rows, 5);
      for (const line of new Set(rows.flatMap(({ lines }) => lines))) {
        const filled = rows.filter((one) => one.lines.includes(line) && one.people > 0);
        const away = filled.filter(({ row }) => gone.has(row));
        const sum = away.reduce((all, one) => all + one.people, 0);
        assert.ok(away.length === 0 || away.length === filled.length || (away.length > 1 && sum >= 5));
      }
      for (const { row, people: count } of rows) assert.ok(count === 0 || count >= 5 || gone.has(row));
    }),
  );
});

async function askWithout(world: World, path: string): Promise<{ data: Row[]; comparisons: Row[]; reads_as: string }> {
  const made = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
  assert.equal(made.status, 201);
  const headers = { authorization: `Bearer ${made.body.secret}` };
  const { status, body } = await world.send('GET', path, undefined, headers);
  assert.equal(status, 200);
  return body;
}

const reason = 'fewer than 5 people, or a group that would give one away';

worlds('Readers without the scope personal', {
  async 'do not see outcomes of fewer than five people, nor of the group that would give them away'(world) {
    await world.facts('responses', [
      ...crowd('a', 4, { segment: 'a' }),
      ...crowd('b', 9, { segment: 'b' }),
      ...crowd('c', 12, { segment: 'c' }),
      ...crowd('d', 8, { segment: 'c', score: 1 }),
    ]);
    await world.complete(at(300));
    const path = '/v1/outcomes/revenue?window_days=90&min_n=1&group_by=segment';
    const { data, comparisons } = await askWithout(world, path);
    assert.deepEqual(
      data.map(({ segment, band, responses, customers, revenue_after, orders, withheld }) => [
        segment,
        band,
        responses,
        customers,
        revenue_after,
        orders,
        withheld,
      ]),
      [
        ['a', 'promoter', null, null, null, null, reason],
        ['b', 'promoter', null, null, null, null, reason],
        ['c', 'detractor', 8, 8, 0, 0, null],
        ['c', 'promoter', 12, 12, 0, 0, null],
      ],
    );
    assert.deepEqual(new Set(comparisons.map(({ segment }) => segment)), new Set(['c']));
    // With the scope, all are shown.
    const { body } = await world.send('GET', path);
    assert.deepEqual(
      body.data.map(({ withheld }: Row) => withheld),
      [null, null, null, null],
    );
    // The sum of a and b is that of no fewer than five.
    const whole = await askWithout(world, '/v1/outcomes/revenue?window_days=90&min_n=1');
    assert.deepEqual(
      whole.data.map(({ responses }) => responses),
      [8, 25],
    );
  },

  async 'do not see scores of few people, however often these answered; an anonymous response is somebody'(world) {
    await world.facts('responses', [
      ...[1, 2, 3]
        .flatMap((turn) => crowd('a', 3, { segment: 'a', answered_at: at(100 * turn) }))
        .map((row, place) => ({ ...row, id: `a${place}` })),
      ...[1, 2, 3, 4, 5, 6].map(() => response({ customer_id: null, segment: 'b', score: 2 })),
      ...crowd('c', 40, { segment: 'c', score: 8 }),
    ]);
    for (const query of [
      'group_by=segment',
      'group_by=segment,channel',
      'group_by=segment,month',
      'group_by=segment,month&from=2022-01-02',
    ]) {
      const { data } = await askWithout(world, `/v1/analytics/scores?min_n=1&${query}`);
      const of = (name: string) => data.filter(({ segment }) => segment === name);
      for (const row of of('a'))
        assert.deepEqual([row.responses, row.promoters, row.nps, row.withheld], [null, null, null, reason], query);
      assert.equal(of('c')[0]?.withheld, null, query);
      // The anonymous ones are next: they go so that those of a cannot be told.
      assert.equal(of('b')[0]?.withheld, reason, query);
    }
    const { data, reads_as } = await askWithout(world, '/v1/analytics/scores?min_n=1&group_by=segment');
    assert.equal(data.length, 3);
    assert.match(reads_as, /^In segment c, the NPS of 'nps' is 0\.0 /);
    const alone = await askWithout(world, '/v1/analytics/scores?min_n=1&segment=b');
    assert.deepEqual(
      alone.data.map(({ responses, nps }) => [responses, nps]),
      [[6, -100]],
    );
  },

  async 'do not see a group that has become small since'(world) {
    const twice = [100, 200].flatMap((day) => crowd('a', 4, { segment: 'a', answered_at: at(day) }));
    await world.facts('responses', [
      ...twice.map((row, place) => ({ ...row, id: `a ${place}` })),
      ...[5, 6, 7].map((place) => response({ id: `a${place}`, customer_id: `a${place}`, segment: 'a' })),
      ...crowd('b', 40, { segment: 'b' }),
      ...crowd('c', 50, { segment: 'c' }),
    ]);
    const withheld = async () =>
      (await askWithout(world, '/v1/analytics/scores?min_n=1&group_by=segment')).data.map((row) => row.withheld);
    assert.deepEqual(await withheld(), [null, null, null]);
    for (const id of ['a5', 'a6', 'a7']) await world.remove(`responses/${id}`);
    assert.deepEqual(await withheld(), [reason, reason, null]);
  },

  async 'do not see the curve of few people'(world) {
    const started = (name: string, count: number) =>
      crowd(name, count).map(({ customer_id }) => retention({ customer_id, type: 'started', occurred_at: at(1) }));
    await world.facts('responses', [
      ...crowd('a', 4, { segment: 'a' }),
      ...crowd('b', 20, { segment: 'b' }),
      ...crowd('c', 30, { segment: 'c' }),
    ]);
    await world.facts('retention-events', [...started('a', 4), ...started('b', 20), ...started('c', 30)]);
    await world.complete(at(300));
    await refresh(world.db);
    const path = '/v1/outcomes/retention/curve?window_days=90&min_n=1&group_by=segment';
    const { data } = await askWithout(world, path);
    assert.deepEqual(
      data.map(({ segment, day, at_risk, withheld }) => [segment, day, at_risk, withheld]),
      [
        ['a', null, null, reason],
        ['b', null, null, reason],
        ['c', 0, 30, null],
        ['c', 90, 30, null],
      ],
    );
    assert.equal((await world.send('GET', path)).body.data.length, 6);
  },
});
