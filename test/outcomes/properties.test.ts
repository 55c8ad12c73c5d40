import assert from 'node:assert/strict';
import fc from 'fast-check';
import { refresh } from '../../src/outcomes/refresh.ts';
import { assertVerified, at, empty, survey, type World, worlds } from '../support/world.ts';
import { assertByTheBook, storedOutcomes } from './by-the-book.ts';
import { type Deed, fact, history, holds, live } from './histories.ts';

async function begin(world: World): Promise<void> {
  await empty(world.db);
  await world.facts('surveys', [survey(), survey({ key: 'exit', triggered_by_leaving: true })]);
}

/** What the questions answer, without what says how fresh it is. */
async function answers(world: World, query: Record<string, string> = {}): Promise<unknown> {
  const found: Record<string, unknown> = {};
  for (const path of [
    'outcomes/revenue',
    'outcomes/referrals',
    'outcomes/retention',
    'outcomes/retention/curve',
    'analytics/scores',
  ]) {
    const { data, left_out, comparisons } = await world.ask(path, query);
    found[path] = { data, left_out, comparisons };
  }
  return found;
}

type Put = Extract<Deed, { deed: 'put' }>;
const keyOf = ({ path, rows: [row] }: Put) =>
  `${path} ${row?.id ?? `${row?.from_currency}${row?.to_currency}${row?.valid_on}`}`;
/** Facts that are each sent once. */
const facts = fc.uniqueArray(fact as fc.Arbitrary<Put>, { selector: keyOf, minLength: 20, maxLength: 50, size: 'max' });

worlds('Whatever happens', {
  async 'the outcomes are those of the definition, and the cells their sums'(world) {
    await holds(history, 60, async (deeds) => {
      await begin(world);
      await live(world, deeds);
      await assertByTheBook(world.db);
    });
  },

  async 'facts in any order, however often the outcomes are refreshed between them, give the same'(world) {
    const orders = facts.chain((sent) =>
      fc.tuple(
        fc.constant(sent),
        fc.shuffledSubarray(sent, { minLength: sent.length, maxLength: sent.length }),
        fc.infiniteStream(fc.integer({ min: 1, max: 8 })),
      ),
    );
    await holds(orders, 12, async ([sent, shuffled, pauses]) => {
      const tell = async (rows: readonly Put[], pause: () => number) => {
        await begin(world);
        await world.complete(at(200));
        for (let from = 0; from < rows.length; ) {
          const batch = rows.slice(from, from + pause());
          for (const one of batch) await world.facts(one.path, one.rows);
          from += batch.length;
          await refresh(world.db);
        }
        await assertVerified(world.db);
        return { rows: await world.db.read(storedOutcomes), answers: await answers(world, { group_by: 'segment' }) };
      };
      const once = await tell(sent, () => sent.length);
      const again = await tell(shuffled, () => pauses.next().value ?? 1);
      assert.deepEqual(again, once);
      // And all of them a second time.
      for (const { path, rows } of sent) {
        const { body } = await world.send('POST', `/v1/${path}`, rows);
        assert.equal(body.unchanged, 1);
      }
      await assertVerified(world.db);
      assert.deepEqual(await world.db.read(storedOutcomes), once.rows);
    });
  },

  async 'the parts add up to the whole, and cells and rows give the same answer'(world) {
    const questions = [
      '',
      'segment',
      'unit',
      'region',
      'moment',
      'channel',
      'theme',
      'month',
      'quarter',
      'year',
      'unit,year',
      'segment,month',
    ];
    await holds(facts, 6, async (sent) => {
      await begin(world);
      for (const { path, rows } of sent) await world.facts(path, rows);
      // After every answer, so that asking as of this moment leaves out nothing: but it is answered from the rows.
      const through = at(330);
      await world.complete(through);
      const sums: Record<string, string[]> = {
        'outcomes/revenue': ['responses', 'revenue_total', 'orders'],
        'outcomes/referrals': ['responses', 'referrals', 'conversions'],
        'outcomes/retention': ['responses', 'retained', 'judged_by_contract'],
        'analytics/scores': ['responses', 'promoters', 'passives', 'detractors', 'satisfied'],
      };
      const totals = async (path: string, group_by: string) => {
        const found = new Map<string, number>();
        for (const row of (await world.ask(path, group_by ? { group_by } : {})).data)
          for (const column of sums[path] ?? []) {
            const name = `${row.survey} ${row.band} ${column}`;
            found.set(name, Math.round(1e4 * (row[column] ?? 0)) + (found.get(name) ?? 0));
          }
        return [...found].filter(([, sum]) => sum !== 0).sort();
      };
      for (const group_by of questions) {
        const query: Record<string, string> = group_by ? { group_by } : {};
        assert.deepEqual(await answers(world, query), await answers(world, { ...query, as_of: through }), group_by);
        if (group_by.includes('theme')) continue;
        for (const path of Object.keys(sums))
          assert.deepEqual(await totals(path, group_by), await totals(path, ''), `${path} by ${group_by}`);
      }
      for (const filter of ['segment=s1', 'unit=u1', 'theme=t2', 'region=g2']) {
        const [name = '', value = ''] = filter.split('=');
        assert.deepEqual(
          await answers(world, { [name]: value }),
          await answers(world, { [name]: value, as_of: through }),
          filter,
        );
      }
      await assertVerified(world.db);
    });
  },
});
