import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { standardisedDifference } from '../../src/stats/standardised.ts';
import { near } from '../stats/near.ts';
import { at, type Row, type World, worlds } from '../support/world.ts';
import { crowd, longAgo, paid } from './crowd.ts';

// Big customers spend more and are happier; within a segment promoters spend 10 more than detractors.
const bands = {
  BP: { segment: 'big', score: 10, spent: [100, 104, 108, 112, 116, 120] }, // mean 110
  BD: { segment: 'big', score: 2, spent: [98, 102] }, // mean 100
  SP: { segment: 'small', score: 10, spent: [18, 22] }, // mean 20
  SD: { segment: 'small', score: 2, spent: [5, 7, 9, 11, 13, 15] }, // mean 10
};
type Name = keyof typeof bands;
const names = Object.keys(bands) as Name[];

async function send(world: World): Promise<void> {
  await world.facts(
    'responses',
    names.flatMap((name) => {
      const { segment, score, spent } = bands[name];
      return crowd(name, spent.length, { segment, score });
    }),
  );
  await world.facts(
    'revenue-events',
    names.flatMap((name) => paid(name, bands[name].spent)),
  );
  await world.complete(at(300));
}

/** The group of a customer in the jackknife: the first byte of the hash of its id, modulo 32. */
const groupOf = (customer: string) => (createHash('sha256').update(customer).digest()[0] ?? 0) & 31;

function ratiosOf(name: Name) {
  const groups = Array.from({ length: 32 }, () => ({ numerator: 0, denominator: 0 }));
  for (const [place, amount] of bands[name].spent.entries()) {
    const group = groups[groupOf(`${name}${place + 1}`)];
    if (!group) continue;
    group.numerator += amount;
    group.denominator += 1;
  }
  return groups;
}

const measure = 'revenue_after_standardised';
const of = (comparisons: Row[], name: string) => comparisons.find((row) => row.measure === name);

worlds('The difference with the same mix of segments', {
  async 'stands beside the raw one, with the jackknife over customers'(world) {
    await world.facts('revenue-events', [longAgo]);
    await send(world);
    const { comparisons, reads_as, method, warnings } = await world.ask('outcomes/revenue');
    // Raw: (6 x 110 + 2 x 20) / 8 - (2 x 100 + 6 x 10) / 8 = 87.5 - 32.5 = 55.
    assert.equal(of(comparisons, 'revenue_after')?.difference, 55);
    // Half of the 16 responses is in each segment: 1/2 (110 - 100) + 1/2 (20 - 10) = 10.
    const row = of(comparisons, measure);
    assert.deepEqual([row?.band, row?.against, row?.difference], ['promoter', 'detractor', 10]);
    const expected = standardisedDifference([
      { first: ratiosOf('BP'), second: ratiosOf('BD') },
      { first: ratiosOf('SP'), second: ratiosOf('SD') },
    ]);
    assert.ok(expected?.standard_error && expected.df);
    // The half width is t se; t of 4 to 7 degrees lies between 2.36 and 2.78.
    const half = (Number(row?.difference_high) - Number(row?.difference_low)) / 2;
    assert.ok(half / expected.standard_error > 2.3 && half / expected.standard_error < 2.8);
    near((Number(row?.difference_high) + Number(row?.difference_low)) / 2, 10, 1e-5);
    assert.match(reads_as, / With the same mix of segments it is 10\.00 EUR more \(95% interval /);
    assert.match(method, /revenue_after_standardised: both bands with the segments' shares .* over 4 comparisons$/);
    assert.deepEqual(warnings, []);
  },

  async 'leaves out segments in which a band is too small, and says of how many it is'(world) {
    await world.facts('revenue-events', [longAgo]);
    await send(world);
    // A third segment with one promoter and no detractor, and two who have no segment: 16 of 19 compared are left.
    await world.facts('responses', [...crowd('X', 1, { segment: 'tiny' }), ...crowd('Y', 2, { score: 1 })]);
    const { comparisons, warnings } = await world.ask('outcomes/revenue');
    assert.equal(of(comparisons, measure)?.difference, 10);
    assert.deepEqual(warnings, [
      'revenue_after_standardised is of 84.2% of the responses compared: the others have no segment, or one in which a band has fewer than 1 responses.',
    ]);
    // With three at least, no segment has enough of both.
    const few = await world.ask('outcomes/revenue', { min_n: 3 });
    assert.equal(of(few.comparisons, measure), undefined);
    assert.equal(of(few.comparisons, 'revenue_after')?.band, 'promoter');
  },

  async 'is the same from kept sums and from single outcomes, and needs segments to differ'(world) {
    await send(world);
    const kept = await world.ask('outcomes/revenue');
    const single = await world.ask('outcomes/revenue', { as_of: at(299) });
    assert.deepEqual(of(single.comparisons, measure), of(kept.comparisons, measure));
    const month = await world.ask('outcomes/revenue', { group_by: 'month,unit' });
    assert.equal(of(month.comparisons, measure)?.difference, 10);
    for (const query of [{ group_by: 'segment' }, { segment: 'big' }]) {
      const { comparisons } = await world.ask('outcomes/revenue', query);
      assert.equal(of(comparisons, measure), undefined);
    }
  },
});
