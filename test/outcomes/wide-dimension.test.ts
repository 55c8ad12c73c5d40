import assert from 'node:assert/strict';
import { mostValues } from '../../src/outcomes/cells.ts';
import { readState } from '../../src/outcomes/collect.ts';
import { rebuild, refresh } from '../../src/outcomes/refresh.ts';
import { assertVerified, at, payment, type Row, response, type World, worlds } from '../support/world.ts';

const dropped = async (world: World) => (await world.db.read(readState)).dropped_cuboids;

/** How many values of a dimension the cells hold. */
async function valuesInCells(world: World, cuboid: string): Promise<number[]> {
  const count = (table: string) =>
    `(select count(distinct value) from ${table} where cuboid = '${cuboid}' and responses <> 0)::int8`;
  const [found] = await world.db.read((client) =>
    client.rows<{ n: number; m: number }>(`select ${count('outcome_cells')} as n, ${count('score_cells')} as m`),
  );
  return found ? [found.n, found.m] : [];
}

/** An answer of each of so many customers, some of whom paid. */
async function answersOf(world: World, many: number, segmentOf: (n: number) => string): Promise<void> {
  const numbers = Array.from({ length: many }, (_, n) => n);
  await world.facts(
    'responses',
    numbers.map(
      (n): Row =>
        response({ id: `R${n}`, customer_id: `C${n}`, segment: segmentOf(n), unit: `u${n % 3}`, score: n % 11 }),
    ),
  );
}

worlds('A dimension with very many values', {
  async 'leaves the cells, is answered from the outcomes, and comes back when it is narrow again'(world) {
    await world.settings({ windows_days: [90] });
    await answersOf(world, mostValues, (n) => `s${n}`);
    await world.facts(
      'revenue-events',
      [7, 18, 4_000].map((n) => payment({ customer_id: `C${n}`, amount: `${n}` })),
    );
    await world.complete(at(400));
    assert.equal(await refresh(world.db), true);
    assert.deepEqual(await dropped(world), []);
    assert.deepEqual(await valuesInCells(world, 'segment'), [mostValues, mostValues]);
    const asked = async () => [
      await world.figures('outcomes/revenue', ['band', 'responses', 'revenue_total'], { segment: 's18' }),
      await world.figures('outcomes/revenue', ['unit', 'band', 'responses', 'revenue_total'], { group_by: 'unit' }),
      await world.figures('analytics/scores', ['segment', 'responses', 'mean_score'], {
        segment: 's18',
        group_by: 'segment',
      }),
    ];
    const before = await asked();
    assert.deepEqual(before[0], [['passive', 1, 18]]);

    // One more.
    await world.facts('responses', [
      response({ id: 'X', customer_id: null, segment: 'one more', answered_at: at(400) }),
    ]);
    assert.equal(await refresh(world.db), true);
    assert.deepEqual(await dropped(world), ['segment']);
    assert.deepEqual(await valuesInCells(world, 'segment'), [0, 0]);
    await assertVerified(world.db);
    assert.deepEqual((await asked()).slice(0, 1), before.slice(0, 1));
    assert.deepEqual((await asked())[2], before[2]);
    assert.equal((await world.ask('outcomes/revenue', { group_by: 'segment' })).data.length, mostValues + 1);

    // What comes now keeps out of the cells of that dimension, and everything worked out again too.
    await world.facts('revenue-events', [payment({ id: 'P', customer_id: 'C18', amount: '2' })]);
    assert.deepEqual((await asked())[0], [['passive', 1, 20]]);
    assert.equal(await refresh(world.db), true);
    assert.equal(await rebuild(world.db), true);
    assert.deepEqual(await dropped(world), ['segment']);
    assert.deepEqual(await valuesInCells(world, 'segment'), [0, 0]);
    assert.deepEqual(await valuesInCells(world, 'unit'), [4, 4]);
    await assertVerified(world.db);
    assert.deepEqual((await asked())[0], [['passive', 1, 20]]);

    // Corrected: so many that everything is worked out again, which finds the dimension narrow.
    await world.remove('revenue-events/P');
    await world.remove('responses/X');
    await answersOf(world, mostValues, (n) => (n === 18 ? 's18' : `t${n % 4}`));
    assert.equal(await refresh(world.db), true);
    assert.equal(await rebuild(world.db), true);
    assert.deepEqual(await dropped(world), []);
    assert.deepEqual(await valuesInCells(world, 'segment'), [5, 5]);
    await assertVerified(world.db);
    assert.deepEqual(await asked(), before);
  },
});
