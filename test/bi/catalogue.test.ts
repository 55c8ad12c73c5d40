import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowsOf } from '../../src/bi/catalogue/rows.ts';
import type { BiSet } from '../../src/bi/set.ts';
import { biSets } from '../../src/bi/sets.ts';
import { testApi } from '../support/api.ts';

const row = (id: string) => ({ id, referrer_id: 'C-1', made_at: '2024-02-01T10:00:00Z' });
const text = { type: 'text', odata_type: 'Edm.String', sql_type: 'text' };
const instant = { type: 'instant', odata_type: 'Edm.DateTimeOffset', sql_type: 'timestamp with time zone' };
const plain = { nullable: false, personal: false, refers_to: null, most_values: null, too_many_values: null };

/** Columns as the catalogue lists them: name, then what differs from a text that is always there. */
const column = (name: string, more: object) => ({ name, ...text, sql_name: name, ...plain, ...more });

test('the catalogue says what there is, where, and how fresh it is', async (t) => {
  const api = await testApi(t);
  await api.facts('surveys', [{ key: 'nps', name: 'NPS', kind: 'nps' }]);
  await api.facts('customers', [{ id: 'C-1' }, { id: 'C-2' }]);
  await api.facts('referrals', [row('R-1'), row('R-2'), row('R-3')]);
  await api.facts('responses', [
    { id: 'A-1', customer_id: 'C-1', survey: 'nps', score: 9, answered_at: '2024-02-03T10:00:00Z' },
  ]);
  const through = { complete_through: '2024-03-01T00:00:00.000Z' };
  await api.send('PUT', '/v1/datasets/referrals/complete-through', through);
  const entry = async (name: string) => (await api.get(`/v1/datasets/${name}`)).body;

  await t.test('of one dataset, in full', async () => {
    // Through `latest_at`, the refresh has seen the referrals.
    await api.get('/v1/outcomes/revenue?survey=nps');
    const found = await entry('referrals');
    const { body: stored } = await api.get('/v1/referrals');
    const changes = stored.data.map((one: { changed_at: string }) => one.changed_at).sort();
    assert.deepEqual(found, {
      name: 'referrals',
      one: 'referral',
      role: 'fact',
      description: 'A customer recommended the company to somebody, who may have become a customer since.',
      key: ['id'],
      time: 'made_at',
      columns: [
        column('id', { sql_name: 'referral_id', description: 'The id of the referral.' }),
        column('referrer_id', { description: 'Who recommended.', refers_to: 'customers' }),
        column('referred_id', {
          description: 'Who was recommended to, where it is known.',
          refers_to: 'customers',
          nullable: true,
        }),
        column('made_at', { ...instant, description: 'When the recommendation was made.' }),
        column('converted_at', {
          ...instant,
          description: 'When the person recommended to became a customer.',
          nullable: true,
        }),
        column('made_on', {
          type: 'date',
          odata_type: 'Edm.Date',
          sql_type: 'date',
          description: 'The day of made_at in the reporting time zone.',
          refers_to: 'dim_date',
        }),
        column('source', { description: 'The name of the API key that last wrote the row.' }),
        column('recorded_at', { ...instant, description: 'When the row was first stored.' }),
        column('changed_at', { ...instant, description: 'When the row last changed.' }),
      ],
      relations: [
        {
          column: 'referrer_id',
          dataset: 'customers',
          key: 'id',
          sql: 'fact_referrals.referrer_id = dim_customers.customer_id',
        },
        {
          column: 'referred_id',
          dataset: 'customers',
          key: 'id',
          sql: 'fact_referrals.referred_id = dim_customers.customer_id',
        },
        { column: 'made_on', dataset: 'dim_date', key: 'date_on', sql: 'fact_referrals.made_on = dim_date.date_on' },
      ],
      list: '/v1/referrals',
      changes: '/v1/changes/referrals',
      odata: '/odata/v1/referrals',
      csv: '/v1/exports/referrals.csv',
      ndjson: '/v1/exports/referrals.ndjson',
      parquet: '/v1/exports/referrals.parquet',
      sql_view: 'bi.fact_referrals',
      rows: 3,
      rows_exact: true,
      changed_at: changes.at(-1),
      complete_through: '2024-03-01T00:00:00.000Z',
      declared_through: '2024-03-01T00:00:00.000Z',
      latest_at: '2024-02-01T10:00:00.000Z',
    });
  });

  await t.test('a removal is a change', async () => {
    const before = await entry('referrals');
    await api.send('DELETE', '/v1/referrals/R-3');
    const after = await entry('referrals');
    assert.equal(after.rows, 2);
    assert.ok(after.changed_at > before.changed_at);
    const { body } = await api.get('/v1/changes/referrals');
    const removed = body.data.find((one: { removed_at?: string }) => one.removed_at !== undefined);
    assert.equal(after.changed_at, removed.removed_at);
  });

  await t.test('of what is kept: when it was refreshed, and which dimensions have grown too long', async () => {
    await api.db.write((client) => client.rows(`update refresh_state set dropped_cuboids = '{segment,theme}'`));
    const [state] = await api.db.read((client) =>
      client.rows<{ refreshed_at: Date }>('select refreshed_at from refresh_state'),
    );
    for (const name of ['response_outcomes', 'response-outcomes']) {
      const found = await entry(name);
      assert.equal(found.role, 'kept');
      assert.deepEqual(found.key, ['response_id', 'window_days']);
      assert.deepEqual([found.list, found.changes, found.complete_through], [null, null, null]);
      assert.equal(found.changed_at, state?.refreshed_at.toISOString());
      // One response, three windows.
      assert.deepEqual([found.rows, found.rows_exact], [3, true]);
      const limited = found.columns.filter(({ most_values }: { most_values: number | null }) => most_values !== null);
      assert.deepEqual(
        limited.map((one: Record<string, unknown>) => [one.name, one.most_values, one.too_many_values]),
        [
          ['unit', 5_000, false],
          ['segment', 5_000, true],
          ['region', 5_000, false],
          ['moment', 5_000, false],
          ['channel', 5_000, false],
          ['themes', 5_000, true],
        ],
      );
    }
    // 2024, 2025 ... to the end of next year.
    const calendar = await entry('dim_date');
    const years = new Date().getUTCFullYear() + 1 - 2024 + 1;
    assert.ok(Math.abs(calendar.rows - years * 365.25) < 1, `${calendar.rows} days`);
    assert.deepEqual([calendar.role, calendar.sql_view, calendar.changed_at], ['dimension', 'bi.dim_date', null]);
  });

  await t.test('every relation leads to a key, and personal columns are in the list without being shown', async () => {
    const made = await api.send('POST', '/v1/keys', { name: 'bi', scopes: ['read'] });
    const basic = `Basic ${Buffer.from(`any:${made.body.secret}`).toString('base64')}`;
    const { status, body } = await api.send('GET', '/v1/datasets', undefined, { authorization: basic });
    assert.equal(status, 200);
    assert.deepEqual(
      body.data.map(({ name }: { name: string }) => name),
      biSets.map(({ name }) => name),
    );
    for (const { name, columns, relations } of body.data) {
      const referring = columns.filter((one: { refers_to: string | null }) => one.refers_to !== null);
      assert.equal(relations.length, referring.length, `${name} refers to what is not there`);
      for (const { dataset, key } of relations)
        assert.deepEqual(biSets.find((one) => one.name === dataset)?.key, [key], `${name} to ${dataset}`);
    }
    const customers = body.data.find(({ name }: { name: string }) => name === 'customers');
    const personal = customers.columns.filter((one: { personal: boolean }) => one.personal);
    assert.deepEqual(
      personal.map((one: Record<string, unknown>) => [one.name, one.sql_name]),
      [
        ['name', null],
        ['email', null],
      ],
    );
  });

  await t.test('a key of a unit counts the rows of that unit', async () => {
    await api.facts('units', [{ key: 'north', name: 'North' }]);
    await api.facts('customers', [{ id: 'C-3', unit: 'north' }]);
    const made = await api.send('POST', '/v1/keys', { name: 'north', scopes: ['read'], units: ['north'] });
    const authorization = `Bearer ${made.body.secret}`;
    const counted = async (name: string) =>
      (await api.send('GET', `/v1/datasets/${name}`, undefined, { authorization })).body.rows;
    // Of three customers one is of the unit; surveys are everybody's; the referrals are of others.
    assert.deepEqual([await counted('customers'), await counted('surveys'), await counted('referrals')], [1, 1, 0]);
  });

  await t.test('the calendar holds the day of every fact, reading and goal', async () => {
    // In Auckland the contract began on the first day of 2020; the reading is of 2018, the goal ends in 2041.
    await api.send('PATCH', '/v1/settings', { time_zone: 'Pacific/Auckland' }, { 'if-match': '*' });
    await api.facts('retention-events', [
      { id: 'K-1', customer_id: 'C-1', type: 'started', occurred_at: '2019-12-31T12:00:00Z' },
    ]);
    await api.get('/v1/outcomes/revenue?survey=nps');
    const years = async () => {
      const days = (await api.get('/v1/exports/dim_date.csv?columns=date_on')).text.trim().split('\r\n');
      return [days[1], days.at(-1)];
    };
    const next = new Date().getUTCFullYear() + 1;
    assert.deepEqual(await years(), ['2020-01-01', `${next}-12-31`]);
    const marker = { key: 'calls', name: 'Calls', source: 'readings', unit_of_measure: 'calls', cadence: 'year' };
    await api.send('POST', '/v1/mile-markers', { ...marker, direction: 'higher_is_better' });
    await api.facts('readings', [{ mile_marker: 'calls', period_start_on: '2018-01-01', value: 12 }]);
    await api.send('POST', '/v1/goals', {
      ...{ name: 'More calls', mile_marker: 'calls', direction: 'increase_to', baseline: 12, target: 20 },
      ...{ starts_on: '2026-01-01', ends_on: '2041-06-30' },
    });
    assert.deepEqual(await years(), ['2018-01-01', '2041-12-31']);
  });

  await t.test('what happens is related to the calendar by its day', async () => {
    const days = ['follow_ups', 'obstacles', 'suggestions', 'empowerment_actions', 'behaviour_observations'];
    const told = await Promise.all(days.map(async (name) => [name, await entry(name)] as const));
    assert.deepEqual(
      told.map(([name, { time, columns }]) => [
        name,
        time,
        columns.flatMap((one: { name: string; refers_to: string }) => (one.refers_to === 'dim_date' ? one.name : [])),
      ]),
      [
        ['follow_ups', 'opened_at', ['opened_on', 'closed_on']],
        ['obstacles', 'raised_at', ['raised_on']],
        ['suggestions', 'made_at', ['made_on']],
        ['empowerment_actions', 'acted_at', ['acted_on']],
        ['behaviour_observations', 'observed_at', ['observed_on']],
      ],
    );
  });

  await t.test('what is not there is told with what is', async () => {
    const { status, body } = await api.get('/v1/datasets/reponses');
    assert.equal(status, 404);
    assert.match(body.detail, /no dataset 'reponses'\. There are: units, surveys, .*responses/);
  });

  await t.test('what would take long to count is estimated', async () => {
    const long: BiSet = {
      name: 'long',
      one: 'row',
      role: 'kept',
      description: '',
      relation: '(select n from generate_series(1, 2000000) n)',
      key: ['n'],
      columns: [],
    };
    assert.deepEqual(await api.db.read((client) => rowsOf(client, long, { units: null })), {
      rows: 2_000_000,
      rows_exact: false,
    });
  });
});
