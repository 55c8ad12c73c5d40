import assert from 'node:assert/strict';
import { test } from 'node:test';
import { biSets } from '../../src/bi/sets.ts';
import { openapiOf } from '../../src/http/openapi.ts';
import { matchBatch } from '../../src/matching/match.ts';
import { refresh } from '../../src/outcomes/refresh.ts';
import { type Reply, testApi } from '../support/api.ts';
import { keyFor, twoHalves } from './world.ts';

interface Operation {
  operationId: string;
  parameters?: { in: string; name: string; required?: boolean }[];
  'x-scope': string;
  'x-limited-keys'?: 'own' | 'everybody' | 'refused';
}

/** What operations ask for that cannot do without it, and what makes them tell as much as they can. */
const given: Record<string, string> = {
  survey: 'nps',
  predictors: 'csat',
  by: 'segment',
  fixed_at: '2025-04-15',
  min_n: '1',
};
/** Paths that name a thing: of the half that is asked for. */
const idOf: Record<string, (half: string) => string> = {
  'units/{key}': (half) => `${half}-1`,
  'surveys/{key}': () => 'nps',
  'surveys/{key}/follow-up-rule': () => 'csat',
  'exchange-rates/{id}': () => 'USD-EUR-2025-02-11',
  'customers/{id}': (half) => `${half}-C1`,
  'customers/{id}/journey': (half) => `${half}-C1`,
  'invitations/{id}': (half) => `${half}-I1`,
  'responses/{id}': (half) => `${half}-nps1`,
  'revenue-events/{id}': (half) => `${half}-P1-40`,
  'referrals/{id}': (half) => `${half}-R1`,
  'retention-events/{id}': (half) => `${half}-E2`,
  'problems/{key}': () => 'late',
  'analytics/problems/{key}/effect': () => 'late',
  'moments/{key}': () => 'visit',
  'behaviours/{key}': () => 'keep-your-word',
  'mile-markers/{key}': () => 'calls',
  'mile-markers/{key}/series': () => 'calls',
  'readings/{id}': (half) => `calls:2025-03-01:${half}-1`,
};

/** An answer without the moment at which it was asked. */
const withoutNow = ({ body }: Reply) => ({ ...body, parameters: { ...body.parameters, now: null } });
const secretsOf = ({ text, headers }: Reply) => `${JSON.stringify(headers)}\n${text}`;

test('through no address does a key that is limited to units come by anything of others', async (t) => {
  const api = await testApi(t);
  const { followUps, goals, made } = await twoHalves(api);
  await refresh(api.db);
  await matchBatch(api.db);
  idOf['goals/{id}'] = (half) => goals[half] ?? '';
  idOf['follow-ups/{id}'] = (half) => followUps[half] ?? '';
  for (const [path, ids] of Object.entries(made)) idOf[`${path}/{id}`] = (half) => ids[half] ?? '';
  const { ask, secret } = await keyFor(api, ['NORTH']);
  const limited = (url: string) => ask('GET', url);
  const document = openapiOf(api.app) as { paths: Record<string, { get?: Operation }> };

  const seen = { own: 0, refused: 0, everybody: 0, answered: 0 };
  for (const [path, { get: operation }] of Object.entries(document.paths)) {
    if (!operation || path.startsWith('/odata/v1/{resource}')) continue;
    const kind = operation['x-limited-keys'];
    const scope = operation['x-scope'];
    const takes = new Set((operation.parameters ?? []).filter((one) => one.in === 'query').map(({ name }) => name));
    const required = new Set((operation.parameters ?? []).filter((one) => one.required).map(({ name }) => name));
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(given)) {
      const wanted = ['min_n', 'fixed_at'].includes(name) || required.has(name);
      if (takes.has(name) && wanted) query.set(name, value);
    }
    if (operation.operationId === 'getMix') {
      query.set('from', '2025-04-14');
      query.set('to', '2025-05-01');
    }
    const named = /\{(\w+)\}/.exec(path)?.[0];
    const id = idOf[path.replace('/v1/', '')];
    // What is not in the world is asked for all the same: it must not be found, or be refused.
    const at = (half: string) =>
      encodeURIComponent(id?.(half) ?? (named === '{key}' ? 'none' : '019a0000-0000-7000-8000-000000000000'));
    const url = (half: string, more: Record<string, string> = {}) => {
      const all = new URLSearchParams([...query, ...Object.entries(more)]);
      return `${path.replace(/\{\w+\}/g, at(half))}${all.size > 0 ? `?${all}` : ''}`;
    };
    const reply = await limited(url('NORTH'));
    const told = `${url('NORTH')}: ${reply.status} ${reply.text}`;
    assert.doesNotMatch(secretsOf(reply), /SOUTH/, told);
    if (kind !== undefined) seen[kind]++;
    if (scope === 'admin') assert.deepEqual([reply.status, reply.body.code], [403, 'scope_missing'], told);
    else if (kind === 'refused') assert.deepEqual([reply.status, reply.body.code], [403, 'limited_to_units'], told);
    else if (!named || id) assert.equal(reply.status, 200, told);
    if (kind !== 'own') continue;

    if (named) {
      // The same as of what is not there.
      const [theirs, nothing] = [await limited(url('SOUTH')), await limited(url('SOUTH').replace('SOUTH', 'OTHER'))];
      if (id && id('SOUTH') !== id('NORTH')) {
        assert.equal(theirs.status, 404, theirs.text);
        assert.match(secretsOf(await api.get(url('SOUTH'))), /SOUTH/, `the other half has no ${path}`);
        const without = ({ body }: Reply) => ({ ...body, request_id: '', detail: '' });
        if (url('SOUTH').includes('SOUTH')) assert.deepEqual(without(theirs), without(nothing));
      }
      continue;
    }
    // What it is about is there in both halves, or nothing would be shown by its being hidden.
    const all = await api.get(url('NORTH'));
    assert.equal(all.status, 200, all.text);
    // A page of rows, or the answer to a question.
    const isList = 'page' in reply.body;
    if (takes.has('unit')) {
      const asked = await api.get(url('NORTH', { unit: 'NORTH' }));
      if (!isList) {
        assert.deepEqual(withoutNow(reply), withoutNow(asked), `${path} differs from what it is with unit=NORTH`);
        if ((reply.body.data ?? reply.body.goals).length > 0) seen.answered++;
      } else {
        // Beside them those that are of a unit by their customer, and mile markers of the whole company.
        const idsOf = ({ body }: Reply): string[] =>
          body.data.map((row: Record<string, string>) => row.id ?? row.key ?? '');
        assert.deepEqual(
          idsOf(reply).filter((one) => !one.endsWith('-none') && one !== 'calls'),
          idsOf(asked),
        );
      }
    }
    if (takes.has('group_by') && takes.has('unit')) {
      const grouped = await limited(url('NORTH', { group_by: 'unit' }));
      assert.ok(grouped.status === 200 || grouped.body.code === 'unknown_grouping', grouped.text);
      assert.doesNotMatch(secretsOf(grouped), /SOUTH/);
      if (grouped.status === 200 && reply.body.data.length > 0)
        assert.match(grouped.text, /NORTH-1/, `${path} tells nothing by unit`);
      const table = await limited(url('NORTH', { format: 'csv' }));
      assert.doesNotMatch(secretsOf(table), /SOUTH/);
    }
    if (takes.has('unit'))
      for (const unit of ['SOUTH-1', 'top', 'nowhere']) {
        const outside = await limited(url('NORTH', { unit }));
        if (!isList) {
          assert.deepEqual([outside.status, outside.body.code], [400, 'unknown_unit'], path);
          const expected = `There is no unit '${unit}' for this key. There are: NORTH, and those below.`;
          assert.equal(outside.body.detail, expected);
        } else if (unit !== 'top') assert.deepEqual(outside.body.data, [], path);
      }
  }
  assert.ok(seen.own > 40 && seen.everybody > 10 && seen.refused > 2 && seen.answered >= 20, JSON.stringify(seen));

  // Every set, through OData: pages, counts, single rows, filters, and the links and addresses in them.
  for (const { name, key } of biSets) {
    const url = `/odata/v1/${name}`;
    const [mine, all] = [await limited(`${url}?$count=true`), await api.get(`${url}?$count=true`)];
    assert.equal(mine.status, 200, mine.text);
    assert.doesNotMatch(secretsOf(mine), /SOUTH/, url);
    assert.equal(mine.body['@odata.count'], mine.body.value.length);
    assert.equal(Number((await limited(`${url}/$count`)).text), mine.body.value.length);
    const file = await limited(`/v1/exports/${name}.csv`);
    assert.equal(file.status, 200, file.text);
    assert.doesNotMatch(secretsOf(file), /SOUTH/, name);
    assert.equal(file.text.trim().split('\n').length - 1, mine.body.value.length, name);
    const told = await limited(`/v1/datasets/${name}`);
    assert.deepEqual([told.status, /SOUTH/.test(secretsOf(told))], [200, false], told.text);
    // A page of one row each comes to the same.
    if (name !== 'dim_date') {
      const walked: unknown[] = [];
      for (let next = `${url}?$top=1000`; next; ) {
        const page = await ask('GET', next, undefined, { prefer: 'odata.maxpagesize=3' });
        assert.doesNotMatch(secretsOf(page), /SOUTH/);
        walked.push(...page.body.value);
        const link = page.body['@odata.nextLink'];
        next = link ? new URL(link).pathname + new URL(link).search : '';
      }
      assert.deepEqual(walked, mine.body.value, name);
    }
    const rows: Record<string, unknown>[] = all.body.value;
    const theirs = rows.filter((row) => JSON.stringify(row).includes('SOUTH'));
    assert.equal(mine.body.value.length, rows.length - theirs.length - hiddenBeside(name, rows), name);
    for (const row of theirs.slice(0, 3)) {
      const value = (column: string) =>
        typeof row[column] === 'string' && !/_on$/.test(column)
          ? `'${String(row[column]).replaceAll("'", "''")}'`
          : String(row[column]);
      const predicate = key.length === 1 ? value(key[0] ?? '') : key.map((one) => `${one}=${value(one)}`).join(',');
      const at = `${url}(${encodeURIComponent(predicate)})`;
      assert.equal((await api.get(at)).status, 200, at);
      const one = await limited(at);
      assert.equal(one.status, 404, at);
      const filter = encodeURIComponent(key.map((column) => `${column} eq ${value(column)}`).join(' and '));
      assert.deepEqual((await limited(`${url}?$filter=${filter}`)).body.value, []);
      assert.equal((await limited(`${url}/$count?$filter=${filter}`)).text, '0');
    }
  }
  for (const set of ['customers', 'responses', 'response_outcomes', 'daily_scores', 'daily_outcomes', 'referrals'])
    assert.match((await limited(`/odata/v1/${set}`)).text, /NORTH/, set);
  // The key is a Basic password there, limited all the same, and stands in no address.
  const basic = await api.send('GET', '/odata/v1/customers?$top=2', undefined, {
    authorization: `Basic ${Buffer.from(`anybody:${secret}`).toString('base64')}`,
    prefer: 'odata.maxpagesize=1',
  });
  assert.match(basic.body['@odata.nextLink'], /skiptoken/);
  assert.ok(!basic.text.includes(secret) && !/SOUTH/.test(basic.text));
  assert.doesNotMatch(`${basic.body['@odata.context']}${basic.body['@odata.nextLink'].split('?')[0]}`, /NORTH/);
});

/** Rows of no unit that do not bear the name of the other half: the unit above both, and outcomes of unit-less answers. */
function hiddenBeside(name: string, rows: readonly Record<string, unknown>[]): number {
  if (name === 'units') return rows.filter(({ key }) => key === 'top').length;
  const isFigure = ['response_outcomes', 'daily_scores', 'daily_outcomes'].includes(name);
  return isFigure ? rows.filter((row) => row.unit === '' && !JSON.stringify(row).includes('SOUTH')).length : 0;
}
