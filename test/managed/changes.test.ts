import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nouns } from '../../src/bi/noun-sets.ts';
import { purgeTombstones } from '../../src/feed/list-changes.ts';
import { heldOpen } from '../datasets/samples.ts';
import { type Ask, keyFor } from '../limited-keys/world.ts';
import { type Api, testApi } from '../support/api.ts';
import { samples } from './samples.ts';

type Row = Record<string, unknown>;
type Noun = (typeof nouns)[number];

const match = { 'if-match': '*' };

/** Makes rows of a noun, each another one, and knows where they are. */
async function maker(api: Api, noun: Noun) {
  const sample = samples[noun.table] ?? assert.fail(`test/managed/samples.ts has no sample of ${noun.table}`);
  await sample.before?.(api);
  const path = `/v1/${noun.path}`;
  let made = 0;
  const at = (key: string) => `${path}/${encodeURIComponent(key)}`;
  const done = async (...request: Parameters<Api['send']>): Promise<Row> => {
    const { status, text, body } = await api.send(...request);
    assert.ok(status < 300, text);
    return body;
  };
  return {
    sample,
    /** @returns its key */
    async make(more: Row = {}): Promise<string> {
      const key = noun.key === 'key' ? { key: `made-${made}` } : {};
      const body = { ...noun.example, ...key, ...(made > 0 && sample.other?.(made)), ...more };
      made++;
      return String((await done('POST', path, body))[noun.key]);
    },
    change: (key: string, changes: Row) => done('PATCH', at(key), changes, match),
    archive: (key: string) => done('DELETE', at(key), undefined, match),
    /** A row as it is kept: without what is worked out when it is shown. */
    async kept(key: string): Promise<Row> {
      const row = await done('GET', at(key));
      return Object.fromEntries(Object.entries(row).filter(([name]) => name in noun.stored));
    },
  };
}

/** Somebody who follows the changes of a noun. */
function follower(ask: Ask, { path, key }: Noun) {
  let cursor: string | undefined;
  return {
    cursor: () => cursor ?? assert.fail(),
    /** What is told until there is no more now, by its key. Nothing may be told twice. */
    async news(limit = 1000): Promise<Record<string, Row>> {
      const told: Record<string, Row> = {};
      for (let more = true; more; ) {
        const query = new URLSearchParams({ limit: String(limit), ...(cursor !== undefined && { cursor }) });
        const { status, body, text, headers } = await ask('GET', `/v1/changes/${path}?${query}`);
        assert.equal(status, 200, text);
        for (const row of body.data) {
          assert.ok(!(row[key] in told), `${row[key]} is told twice`);
          told[row[key]] = row;
        }
        cursor = body.page.cursor;
        more = body.page.next !== null;
        assert.equal(headers.link !== undefined, more);
      }
      return told;
    },
  };
}

for (const noun of nouns)
  test(`changes of ${noun.table}: each that was made, changed or archived once, as it is now`, async (t) => {
    const api = await testApi(t);
    const { sample, make, change, archive, kept } = await maker(api, noun);
    const { news } = follower(api.send, noun);
    // What is there from the beginning.
    const listed = (await api.get(`/v1/${noun.path}?limit=1000`)).body.data;
    assert.deepEqual(Object.keys(await news(10)).sort(), listed.map((row: Row) => row[noun.key]).sort());

    const [first, second, third] = [await make(), await make(), await make()];
    assert.deepEqual(await news(1), {
      [first]: await kept(first),
      [second]: await kept(second),
      [third]: await kept(third),
    });
    assert.deepEqual(await news(), {});

    // Changed twice and archived, it is told once, as it is. What a change leaves as it is, is not told.
    const { clears } = sample;
    await change(first, sample.changes);
    if (clears) await change(first, { [clears.field]: clears.from });
    await archive(first);
    await change(second, sample.changes);
    const told = await news(1);
    assert.deepEqual(told, { [first]: await kept(first), [second]: await kept(second) });
    assert.deepEqual([typeof told[first]?.archived_at, told[second]?.archived_at], ['string', null]);
    await change(second, sample.changes);
    await archive(first);
    assert.deepEqual(await news(), {});

    // What commits late is told late, and holds nobody up.
    const late = await heldOpen(api, (client) =>
      client.rows(
        `update ${noun.table} set version = version + 1, changed_xid = pg_current_xact_id() where ${noun.key} = $1`,
        [third],
      ),
    );
    const fourth = await make();
    assert.deepEqual(Object.keys(await news()), [fourth]);
    await late.release();
    assert.deepEqual(await news(), { [third]: await kept(third) });

    // A cursor is good for its own feed.
    const elsewhere = noun.path === 'moments' ? 'behaviours' : 'moments';
    const { page } = (await api.get(`/v1/changes/${elsewhere}`)).body;
    assert.equal((await api.get(`/v1/changes/${noun.path}?cursor=${page.cursor}`)).body.code, 'bad_cursor');
    const entry = (await api.get(`/v1/datasets/${noun.table}`)).body;
    assert.equal(entry.changes, `/v1/changes/${noun.path}`);
  });

const ofUnits = nouns.filter(({ stored }) => 'unit' in stored);
const mayMove = ({ changes }: Noun) => 'unit' in ((changes as { properties?: Row }).properties ?? {});

for (const noun of ofUnits)
  test(`changes of ${noun.table}: a limited key is told of what comes to its units and what leaves them`, async (t) => {
    const api = await testApi(t);
    const { make, change, kept } = await maker(api, noun);
    await api.facts('units', [
      { key: 'NORTH', name: 'North' },
      { key: 'NORTH-1', name: 'A store', parent: 'NORTH' },
      { key: 'SOUTH', name: 'South' },
    ]);
    const [north, everybody] = [
      follower((await keyFor(api, ['NORTH'])).ask, noun),
      follower((...request) => api.send(...request), noun),
    ];
    const shared = typeof noun.owner === 'object' && noun.owner.shared === true;
    const mayLack = [(noun.stored.unit as { type?: unknown }).type].flat().includes('null');
    const mine = await make({ unit: 'NORTH-1' });
    const theirs = await make({ unit: 'SOUTH' });
    const whole = mayLack ? await make({ unit: null }) : undefined;
    const all = [mine, theirs, ...(whole ? [whole] : [])];
    assert.deepEqual(Object.keys(await everybody.news()).sort(), all.toSorted());
    const seen = [mine, ...(whole && shared ? [whole] : [])];
    assert.deepEqual(Object.keys(await north.news(1)).sort(), seen.toSorted());
    if (!mayMove(noun)) return;

    const old = north.cursor();
    const gone = (told: Row | undefined, key: string) => {
      assert.deepEqual(Object.keys(told ?? {}), [noun.key, 'removed_at']);
      assert.equal(told?.[noun.key], key);
    };
    // Another unit's now: gone for whom it was, as it is for everybody else.
    await change(mine, { unit: 'SOUTH' });
    const left = await north.news();
    assert.deepEqual(Object.keys(left), [mine]);
    gone(left[mine], mine);
    assert.deepEqual(await everybody.news(), { [mine]: await kept(mine) });
    // What happens there is none of the reader's business, until it comes back.
    await change(mine, { unit: mayLack && !shared ? null : 'SOUTH' });
    await change(theirs, { unit: mayLack && !shared ? null : 'SOUTH' });
    assert.deepEqual(await north.news(), {});
    await change(theirs, { unit: 'NORTH' });
    await change(mine, { unit: 'NORTH' });
    assert.deepEqual(await north.news(1), { [theirs]: await kept(theirs), [mine]: await kept(mine) });
    // Within its units it only moves.
    await change(mine, { unit: 'NORTH-1' });
    assert.deepEqual(await north.news(), { [mine]: await kept(mine) });
    if (whole) {
      // What was everybody's is lost where it is told so.
      await change(whole, { unit: 'SOUTH' });
      const told = await north.news();
      assert.deepEqual(Object.keys(told), shared ? [whole] : []);
      if (shared) gone(told[whole], whole);
      await change(whole, { unit: 'NORTH' });
      assert.deepEqual(await north.news(), { [whole]: await kept(whole) });
      await change(whole, { unit: null });
      const after = await north.news();
      if (shared) assert.deepEqual(after, { [whole]: await kept(whole) });
      else gone(after[whole], whole);
    }

    // Who comes after what left is forgotten begins anew.
    const current = north.cursor();
    await api.db.write(async (client) => {
      await client.rows(`update unit_departures set left_at = left_at - interval '91 days'`);
      await purgeTombstones(client);
    });
    const { ask } = await keyFor(api, ['NORTH']);
    const status = async (cursor: string) => {
      const reply = await ask('GET', `/v1/changes/${noun.path}?cursor=${cursor}`);
      return [reply.status, reply.body.code];
    };
    assert.deepEqual(
      [await status(old), await status(current)],
      [
        [410, 'cursor_expired'],
        [200, undefined],
      ],
    );
  });

test('changes of what has no unit are for limited keys what its rows are: everybody’s, or refused', async (t) => {
  const api = await testApi(t);
  await api.facts('units', [{ key: 'NORTH', name: 'North' }]);
  const { ask } = await keyFor(api, ['NORTH']);
  for (const { path, owner } of nouns.filter((noun) => !ofUnits.includes(noun))) {
    const { status, body } = await ask('GET', `/v1/changes/${path}`);
    assert.deepEqual([status, body.code], owner === 'everybody' ? [200, undefined] : [403, 'limited_to_units'], path);
  }
});
