import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nouns } from '../../src/bi/noun-sets.ts';
import { samples } from '../managed/samples.ts';
import { testApi } from '../support/api.ts';
import { keyFor } from './world.ts';

const match = { 'if-match': '*' };
type Row = Record<string, unknown>;

for (const noun of nouns)
  test(`${noun.table}: a limited key reads and changes those of its units`, async (t) => {
    const api = await testApi(t);
    const sample = samples[noun.table] ?? assert.fail();
    await sample.before?.(api);
    await api.facts('units', [
      { key: 'NORTH', name: 'North' },
      { key: 'NORTH-1', name: 'A store', parent: 'NORTH' },
      { key: 'SOUTH', name: 'South' },
    ]);
    const { ask } = await keyFor(api, ['NORTH']);
    const path = `/v1/${noun.path}`;
    let made = 0;
    const example = (more: Row): Row => {
      made++;
      const key = noun.key === 'key' ? { key: `made-${made}` } : {};
      return { ...noun.example, ...key, ...sample.other?.(made), ...more };
    };
    const make = async (more: Row): Promise<string> => {
      const { status, body, text } = await api.send('POST', path, example(more));
      assert.equal(status, 201, text);
      return `${path}/${encodeURIComponent(body[noun.key])}`;
    };
    const statusOf = async (...request: Parameters<typeof ask>) => {
      const { status, body } = await ask(...request);
      return status < 400 ? status : [status, body.code];
    };
    const nothing = await ask(
      'GET',
      `${path}/${noun.key === 'id' ? '019a0000-0000-7000-8000-000000000000' : 'nothing'}`,
    );

    if (!('unit' in noun.stored)) {
      // Of the whole organisation: read, where its declaration says so, and changed by nobody who is limited.
      const at = await make({});
      const refused = [403, 'limited_to_units'];
      const reads = noun.owner === 'everybody' ? 200 : refused;
      assert.deepEqual([await statusOf('GET', path), await statusOf('GET', at)], [reads, reads]);
      assert.deepEqual(await statusOf('POST', path, example({})), refused);
      assert.deepEqual(await statusOf('PATCH', at, sample.changes, match), refused);
      assert.deepEqual(await statusOf('DELETE', at, undefined, match), refused);
      return;
    }

    const [mine, below, theirs] = [
      await make({ unit: 'NORTH' }),
      await make({ unit: 'NORTH-1' }),
      await make({ unit: 'SOUTH' }),
    ];
    const schema = noun.stored.unit as { type?: unknown };
    const mayLack = [schema.type].flat().includes('null');
    const whole = mayLack ? await make({ unit: null }) : undefined;
    const shared = noun.owner !== 'everybody' && noun.owner?.shared === true;

    const listed = (await ask('GET', path)).body.data.map((row: Row) => row.unit);
    assert.deepEqual(listed.toSorted(), [...(shared ? [null] : []), 'NORTH', 'NORTH-1'].toSorted());
    const set = (await ask('GET', `/odata/v1/${noun.table}`)).body.value.map((row: Row) => row.unit);
    assert.deepEqual(set.toSorted(), listed.toSorted());
    assert.deepEqual((await ask('GET', `${path}?unit=SOUTH`)).body.data, []);
    for (const at of [mine, below]) assert.equal(await statusOf('GET', at), 200);

    // Those of others are not there, whatever is done.
    const hidden = [404, 'not_found'];
    for (const at of [theirs, ...(whole && !shared ? [whole] : [])]) {
      const { status, body } = await ask('GET', at);
      const key = decodeURIComponent(at.slice(path.length + 1));
      assert.equal(body.detail.replace(key, ''), nothing.body.detail.replace(/'[^']*'/, "''"));
      assert.equal(status, 404);
      assert.deepEqual(await statusOf('PATCH', at, sample.changes, match), hidden);
      assert.deepEqual(await statusOf('DELETE', at, undefined, match), hidden);
    }
    if (whole && shared) {
      const refused = [403, 'limited_to_units'];
      assert.equal(await statusOf('GET', whole), 200);
      assert.deepEqual(await statusOf('PATCH', whole, { ...sample.changes, unit: 'NORTH' }, match), refused);
      assert.deepEqual(await statusOf('DELETE', whole, undefined, match), refused);
    }

    // What it makes and changes is of its units, and stays so.
    assert.equal(await statusOf('POST', path, example({ unit: 'NORTH-1' })), 201);
    for (const unit of ['SOUTH', ...(mayLack ? [null] : [])]) {
      const { status, body } = await ask('POST', path, example({ unit }));
      assert.deepEqual([status, body.errors?.[0]?.code, body.errors?.[0]?.pointer], [422, 'outside_units', '/unit']);
      if (!('unit' in ((noun.changes as { properties?: Row }).properties ?? {}))) continue;
      const given = await ask('PATCH', mine, { unit }, match);
      assert.deepEqual([given.status, given.body.errors?.[0]?.code], [422, 'outside_units'], given.text);
    }
    assert.equal(await statusOf('PATCH', mine, sample.changes, match), 200);
    assert.equal(await statusOf('DELETE', below, undefined, match), 204);
  });
