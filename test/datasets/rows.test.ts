import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyRow, Dataset } from '../../src/datasets/declare.ts';
import { datasets } from '../../src/datasets/registry.ts';
import { purgeTombstones } from '../../src/feed/list-changes.ts';
import { verify } from '../../src/outcomes/verify.ts';
import { type Api, testApi } from '../support/api.ts';
import { heldOpen, sentExample, withMileMarker, withSurvey } from './samples.ts';

/** A key of its own for callers with these scopes. */
async function keyFor(api: Api, ...scopes: string[]): Promise<Record<string, string>> {
  const { status, body } = await api.send('POST', '/v1/keys', { name: scopes.join(' and '), scopes });
  assert.equal(status, 201);
  return { authorization: `Bearer ${body.secret}` };
}

/** A correction of the example that no rule is against. */
const corrections: Record<string, AnyRow> = {
  units: { name: 'Harbour Street 12' },
  surveys: { name: 'Would you?' },
  exchange_rates: { rate: '0.93' },
  customers: { segment: 'enterprise', email: null },
  invitations: { status: 'opened' },
  responses: { score: 2, comment: 'Late.' },
  revenue_events: { amount: '129.91' },
  referrals: { converted_at: null },
  retention_events: { type: 'churned', reason: null },
  readings: { note: 'Counted again.' },
};

interface Paths {
  path: string;
  one: string;
  key: string;
  changes: string;
}

/** A value as a CSV cell. */
function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = Array.isArray(value) ? value.join('|') : typeof value === 'object' ? JSON.stringify(value) : `${value}`;
  return `"${text.replaceAll('"', '""')}"`;
}

const withoutTimes = ({ source, recorded_at, changed_at, ...row }: AnyRow) => row;

/** The example as it reads after a correction; what is left out or null reads as null. */
const corrected = (dataset: Dataset): AnyRow => ({
  ...dataset.example,
  ...corrections[dataset.name],
  ...(dataset.name === 'responses' ? { band: 'detractor' } : {}),
});

const noCounts = { received: 1, created: 0, updated: 0, unchanged: 0, rejected: 0, errors: [] };

/** What holds for every dataset alike, each on a service that has no row of it before and none after. */
const everyDataset: Record<string, (api: Api, dataset: Dataset, paths: Paths) => Promise<void>> = {
  async 'takes its example, shows it everywhere, and tells when it is the same, corrected or gone'(
    api,
    dataset,
    { path, one, key, changes },
  ) {
    const example = sentExample(dataset);
    const { body: start } = await api.get(changes);
    const sent = await api.send('POST', path, example);
    assert.deepEqual([sent.status, sent.body], [200, { ...noCounts, created: 1 }]);

    const { body: row } = await api.get(one);
    assert.deepEqual(withoutTimes(row), dataset.example);
    assert.equal(row.source, 'ADMIN_KEY');
    assert.equal(row.recorded_at, row.changed_at);
    const { body: list } = await api.get(path);
    assert.deepEqual(list, { page: { next: null, cursor: null }, data: [row] });
    const { body: news } = await api.get(`${changes}?cursor=${start.page.cursor}`);
    assert.deepEqual([news.data, news.page.next], [[row], null]);

    assert.deepEqual((await api.send('POST', path, [example])).body, { ...noCounts, unchanged: 1 });
    assert.equal((await api.send('PUT', one, example)).status, 200);
    assert.deepEqual((await api.get(one)).body, row, 'nothing of it changed');
    const { body: nothing } = await api.get(`${changes}?cursor=${news.page.cursor}`);
    assert.deepEqual(nothing.data, []);

    const correction = { ...example, ...corrections[dataset.name] };
    assert.deepEqual((await api.send('POST', path, correction)).body, { ...noCounts, updated: 1 });
    const { body: after } = await api.get(one);
    assert.deepEqual(withoutTimes(after), corrected(dataset));
    assert.ok(after.changed_at > row.changed_at && after.recorded_at === row.recorded_at);
    const { body: changed } = await api.get(`${changes}?cursor=${nothing.page.cursor}`);
    assert.deepEqual(changed.data, [after]);

    const gone = await api.send('DELETE', one);
    assert.deepEqual([gone.status, gone.text], [204, '']);
    assert.equal((await api.get(one)).status, 404);
    assert.equal((await api.send('DELETE', one)).status, 404);
    assert.deepEqual((await api.get(path)).body.data, []);
    const { body: removed } = await api.get(`${changes}?cursor=${changed.page.cursor}`);
    assert.deepEqual(
      removed.data.map(({ removed_at: _, ...rest }: AnyRow) => rest),
      [{ [dataset.key]: key }],
    );

    assert.deepEqual((await api.send('POST', path, example)).body, { ...noCounts, created: 1 });
    const { body: all } = await api.get(`${changes}?cursor=${start.page.cursor}`);
    assert.deepEqual(all.data.map(withoutTimes), [dataset.example], 'it is told as it is now, and not as removed too');
  },

  async 'is made by PUT, with its key in the path or in both'(api, dataset, { path, one, key }) {
    const { [dataset.key]: _, ...rest } = sentExample(dataset);
    const made = await api.send('PUT', one, rest);
    assert.deepEqual([made.status, withoutTimes(made.body)], [201, dataset.example]);
    assert.equal((await api.send('PUT', one, sentExample(dataset))).status, 200);
    const wrong = await api.send('PUT', `${path}/another`, sentExample(dataset));
    assert.deepEqual([wrong.status, wrong.body.errors[0].code], [422, 'other_key']);
    assert.match(wrong.body.detail, new RegExp(`'another'.*'${key}'`));
    assert.equal((await api.get(`${path}/another`)).status, 404);
    const none = await api.send('PUT', one);
    assert.deepEqual([none.status, none.body.code], [400, 'empty_body']);
    const empty = await api.send('PUT', `${path}/another`, { nonsense: 1 });
    assert.equal(empty.status, 422);
    assert.ok(empty.body.errors.some(({ code }: AnyRow) => code === 'unknown_field'));
    assert.equal((await api.get(path)).body.data.length, 1);
  },

  async 'holds null, or an empty list or map, for what is left out or null'(api, dataset, { path, one }) {
    const example = sentExample(dataset);
    // What a reading needs depends on its mile marker; and without its unit it is another one.
    if (dataset.name === 'readings') return void (await api.facts(dataset.path, [example]));
    const least = Object.fromEntries(Object.entries(example).filter(([name]) => dataset.columns[name]?.required));
    const nulls = Object.fromEntries(Object.keys(example).map((name) => [name, null]));
    assert.equal((await api.send('POST', path, least)).body.created, 1);
    assert.equal((await api.send('POST', path, { ...nulls, ...least })).body.unchanged, 1);
    const { body } = await api.get(one);
    for (const [name, { kind, required, derived }] of Object.entries(dataset.columns)) {
      // A survey takes its limits from its kind.
      if (required || derived || dataset.name === 'surveys') continue;
      assert.deepEqual(body[name], kind === 'list' ? [] : kind === 'map' ? {} : null, name);
    }
  },

  async 'goes in as NDJSON and as CSV, and reads the same'(api, dataset, { path, one }) {
    const example = sentExample(dataset);
    const type = { 'content-type': 'application/x-ndjson' };
    const ndjson = await api.send('POST', path, `${JSON.stringify(example)}\n`, type);
    assert.deepEqual(ndjson.body, { ...noCounts, created: 1 });
    const names = Object.keys(example).reverse();
    const csv = `${names.join(',')}\r\n${names.map((name) => cellOf(example[name])).join(',')}\r\n`;
    assert.deepEqual((await api.send('POST', path, csv)).body, { ...noCounts, unchanged: 1 });
    await api.send('DELETE', one);
    assert.deepEqual((await api.send('POST', path, csv)).body, { ...noCounts, created: 1 });
    assert.deepEqual(withoutTimes((await api.get(one)).body), dataset.example);
  },

  async 'shows personal columns only to a key with that scope'(api, dataset, { path, one, changes }) {
    const { body: start } = await api.get(changes);
    await api.facts(dataset.path, [sentExample(dataset)]);
    const all = Object.keys(dataset.columns);
    for (const scope of ['read', 'personal']) {
      const headers = await keyFor(api, scope);
      const read = async (url: string) => (await api.send('GET', url, undefined, headers)).body;
      const rows: AnyRow[] = [
        await read(one),
        ...(await read(path)).data,
        ...(await read(`${changes}?cursor=${start.page.cursor}`)).data,
      ];
      assert.equal(rows.length, 3);
      const shown = all.filter((name) => scope === 'personal' || !dataset.columns[name]?.personal);
      for (const row of rows) assert.deepEqual(Object.keys(withoutTimes(row)).sort(), shown.sort(), scope);
    }
  },

  async 'lists only what its filters ask for'(api, dataset, { path }) {
    await api.facts(dataset.path, [sentExample(dataset)]);
    const found = async (query: Record<string, string>) => {
      const { status, body } = await api.get(`${path}?${new URLSearchParams(query)}`);
      assert.equal(status, 200, JSON.stringify(body));
      return body.data.length;
    };
    for (const [name, { filter, kind, sent }] of Object.entries(dataset.columns)) {
      if (!filter) continue;
      const value = [dataset.example[name]].flat().map(String)[0] ?? '';
      assert.equal(await found({ [name]: value }), 1, name);
      // A schema made by Type.Enum.
      const values = (sent as unknown as { enum?: string[] }).enum ?? [];
      const choices = kind === 'choice' ? values : kind === 'day' ? ['1999-12-01'] : ['XXX'];
      assert.equal(await found({ [name]: choices.find((one) => one !== value) ?? '' }), 0, name);
    }
    if (dataset.time === undefined) return;
    const at = String(dataset.example[dataset.time]);
    const after = new Date(Date.parse(at) + 1).toISOString();
    assert.equal(await found({ from: at, to: after }), 1);
    assert.equal(await found({ from: after }), 0);
    assert.equal(await found({ to: at }), 0);
    assert.equal(await found({ from: at.slice(0, 10), to: after }), 1);
    const backwards = await api.get(`${path}?${new URLSearchParams({ from: after, to: at })}`);
    assert.deepEqual([backwards.status, backwards.body.code], [400, 'empty_period']);
  },
};

test('every dataset', async (t) => {
  const api = await testApi(t);
  for (const dataset of datasets)
    await t.test(dataset.name, async (t) => {
      const path = `/v1/${dataset.path}`;
      const key = String(dataset.example[dataset.key]);
      const paths = { path, key, one: `${path}/${encodeURIComponent(key)}`, changes: `/v1/changes/${dataset.path}` };
      if (dataset.name === 'responses') await withSurvey(api);
      if (dataset.name === 'readings') await withMileMarker(api);
      for (const [name, holds] of Object.entries(everyDataset))
        await t.test(name, async () => {
          await holds(api, dataset, paths);
          assert.equal((await api.send('DELETE', paths.one)).status, 204);
        });
    });
  assert.ok((await verify(api.db)).every(({ differences }) => differences === 0));
});

test('a list is walked in pages that lose and repeat nothing, with a cursor that fits no other list', async (t) => {
  const api = await testApi(t);
  const ids = Array.from({ length: 25 }, (_, at) => `u${String(at).padStart(2, '0')}`);
  await api.facts(
    'units',
    ids.map((key) => ({ key, name: key, kind: 'store' })),
  );
  const seen: string[] = [];
  let url: string | null = '/v1/units?limit=10&kind=store';
  let cursor: string | undefined;
  for (let pages = 0; url !== null; pages++) {
    assert.ok(pages < 3);
    const { body, headers } = await api.get(url);
    seen.push(...body.data.map((row: AnyRow) => row.key));
    assert.equal(headers.link, body.page.next === null ? undefined : `<${body.page.next}>; rel="next"`);
    url = body.page.next?.replace('http://milemarker.test', '') ?? null;
    cursor ??= body.page.cursor;
    assert.equal(body.page.next === null, body.page.cursor === null);
  }
  assert.deepEqual(seen, ids);
  for (const other of ['/v1/units?kind=region', '/v1/units?', '/v1/surveys?kind=nps', '/v1/changes/units?']) {
    const refused = await api.get(`${other}&cursor=${cursor}`);
    assert.deepEqual([refused.status, refused.body.code], [400, 'bad_cursor'], other);
  }
  assert.equal((await api.get(`/v1/units?kind=store&limit=3&cursor=${cursor}`)).body.data[0].key, 'u10');
});

test('a walk under concurrent writes sees every row that is there all the time, once', async (t) => {
  const api = await testApi(t);
  const row = (at: number) => ({ key: `k${String(at).padStart(4, '0')}`, name: 'x' });
  const steady = Array.from({ length: 300 }, (_, at) => row(at * 10));
  await api.facts('units', steady);
  let walking = true;
  // Keys between the steady ones come and go, and steady ones are renamed.
  const write = async (digit: number) => {
    for (let at = 0; walking; at++) {
      const passing = row(((at * 37) % 300) * 10 + digit);
      await api.facts('units', [passing, { ...row(((at * 11) % 300) * 10), name: `renamed ${at}` }]);
      if (at % 3 !== 0) await api.send('DELETE', `/v1/units/${passing.key}`);
    }
  };
  const walk = async (list: string, mostPages: number) => {
    const seen: AnyRow[] = [];
    let url: string | null = list;
    for (let pages = 0; url !== null && pages < mostPages; pages++) {
      const { body } = await api.get(url);
      seen.push(...body.data);
      url = body.page.next?.replace('http://milemarker.test', '') ?? null;
    }
    return seen;
  };
  const writing = Promise.all([write(3), write(7)]);
  try {
    const listed = (await walk('/v1/units?limit=20', 1_000)).map(({ key }) => key);
    assert.equal(new Set(listed).size, listed.length, 'no row comes twice');
    assert.deepEqual(
      steady.filter(({ key }) => !listed.includes(key)),
      [],
    );
    // The feed has no end while others write: it is followed until they stop, and then to its end.
    const followed = await walk('/v1/changes/units?limit=20', 30);
    walking = false;
    await writing;
    followed.push(...(await walk('/v1/changes/units?limit=1000', 1_000)));
    const copy = new Map<unknown, AnyRow>();
    for (const change of followed)
      if ('removed_at' in change) copy.delete(change.key);
      else copy.set(change.key, change);
    const held = await walk('/v1/units?limit=1000', 10);
    assert.deepEqual(
      [...copy.values()].sort((a, b) => (String(a.key) < String(b.key) ? -1 : 1)),
      held,
    );
  } finally {
    walking = false;
    await writing;
  }
});

test('the change feed waits for nobody, and tells of a row that commits late when it is there', async (t) => {
  const api = await testApi(t);
  const late = await heldOpen(api, (client) =>
    client.rows(
      `insert into units (key, name, source, recorded_at, changed_at, changed_xid)
       values ('late', 'x', 'test', now(), now(), pg_current_xact_id())`,
    ),
  );
  await api.facts('units', [{ key: 'early', name: 'x' }]);
  const { body: before } = await api.get('/v1/changes/units');
  await late.release();
  const { body: after } = await api.get(`/v1/changes/units?cursor=${before.page.cursor}`);
  assert.deepEqual(
    [before, after].map(({ data }) => data.map(({ key }: AnyRow) => key)),
    [['early'], ['late']],
  );
});

test('the change feed refuses a cursor from before what it has forgotten', async (t) => {
  const api = await testApi(t);
  await api.facts('units', [{ key: 'a', name: 'x' }]);
  const { body: first } = await api.get('/v1/changes/units');
  await api.send('DELETE', '/v1/units/a');
  await api.facts('units', [{ key: 'b', name: 'x' }]);
  const { body: second } = await api.get('/v1/changes/units');
  await api.db.write((client) => client.rows(`update tombstones set removed_at = now() - interval '91 days'`));
  await api.db.write(purgeTombstones);
  const old = await api.get(`/v1/changes/units?cursor=${first.page.cursor}`);
  assert.deepEqual([old.status, old.body.code], [410, 'cursor_expired']);
  assert.equal((await api.get(`/v1/changes/units?cursor=${second.page.cursor}`)).status, 200);
  assert.equal((await api.get('/v1/changes/units')).body.data.length, 1);
});

test('moments have milliseconds and end in Z, and what people wrote that looks like one stays as it is', async (t) => {
  const api = await testApi(t);
  await withSurvey(api);
  const response = {
    id: 'odd',
    customer_id: 'odd',
    survey: 'nps',
    score: 3,
    comment: '"recorded_at":"2026-01-01T00:00:00.0001+00:00"',
    employee: '2026-01-01T00:00:00.0001+00:00',
    themes: ['answered_at', ':', '2026-01-01T00:00:00.0001+00:00'],
    answered_at: '2026-02-03T04:05:06.7+01:00',
  };
  const attributes = { recorded_at: '2026-01-01T00:00:00.0001+00:00' };
  await api.facts('responses', [response]);
  await api.facts('customers', [{ id: 'odd', attributes }]);
  for (const [path, written, moment] of [
    [`responses/${response.id}`, response, '2026-02-03T03:05:06.700Z'],
    ['customers/odd', { attributes }, undefined],
  ] as const) {
    const { body: one } = await api.get(`/v1/${path}`);
    const { body: list } = await api.get(`/v1/${path.replace(/\/.*/, '')}`);
    assert.deepEqual(
      list.data.find(({ id }: AnyRow) => id === one.id),
      one,
    );
    for (const [name, value] of Object.entries(written))
      if (name !== 'answered_at') assert.deepEqual(one[name], value, name);
    assert.equal(one.answered_at, moment);
    for (const name of ['recorded_at', 'changed_at'])
      assert.match(one[name], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  }
});
