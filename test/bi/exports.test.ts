import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { unscaled } from '../../src/bi/exports/parquet-columns.ts';
import { biSets, visibleColumns } from '../../src/bi/sets.ts';
import { type Api, testApi } from '../support/api.ts';
import { asFile, download, linesOf } from './exporting.ts';

/** A customer and two responses with every awkward text; amounts that no floating-point number holds. */
async function filled(api: Api) {
  await api.facts('surveys', [{ key: 'nps', name: 'NPS', kind: 'nps' }]);
  await api.facts('customers', [{ id: 'C-1', name: "O'Brien", email: 'a@example.com', attributes: { seats: 3 } }]);
  await api.facts('responses', [
    {
      id: 'A-1',
      customer_id: 'C-1',
      survey: 'nps',
      score: 9.5,
      answered_at: '2026-02-02T18:20:00.250Z',
      comment: 'He said "no",\r\nthen\nleft',
      themes: ['delivery', 'price'],
    },
    { id: 'A-2', survey: 'nps', score: 2, answered_at: '2026-02-03T18:20:00Z', comment: '=1+1', themes: [] },
    { id: 'A-3', survey: 'nps', score: 2, answered_at: '2026-03-01T00:00:00Z', comment: '-Grüße 😀', moment: '@home' },
  ]);
  await api.facts('revenue-events', [
    payment('R-1', '123456789012345.12'),
    payment('R-2', '0.10'),
    payment('R-3', '-0.01', { type: 'refund', occurred_at: '2026-03-05T00:00:00Z' }),
    payment('R-4', '12'),
  ]);
  await api.facts('exchange-rates', [
    { from_currency: 'USD', to_currency: 'EUR', valid_on: '2026-02-03', rate: '123456789012345.123456789012' },
    { from_currency: 'USD', to_currency: 'EUR', valid_on: '2026-02-04', rate: '0.000000000001' },
  ]);
}
const payment = (id: string, amount: string, more: object = {}) => ({
  ...{ id, customer_id: 'C-1', type: 'one_time', amount, currency: 'EUR', occurred_at: '2026-02-03T00:00:00Z' },
  ...more,
});

test('exports', async (t) => {
  const api = await testApi(t);
  await filled(api);
  // Works out the outcomes, so that their sets have rows.
  await api.get('/v1/outcomes/revenue?survey=nps');
  const get = (path: string, headers?: Record<string, string>) => download(api, path, headers);

  await t.test('CSV is RFC 4180 with null and the empty text told apart', async () => {
    const { status, text, headers, bytes } = await get(
      'responses.csv?columns=id,customer_id,score,comment,themes,answered_at',
    );
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'text/csv; charset=utf-8; header=present');
    assert.equal(headers['content-disposition'], 'attachment; filename="responses.csv"');
    assert.equal(headers['content-length'], String(bytes.length));
    assert.equal(
      text,
      [
        'id,customer_id,score,comment,themes,answered_at',
        'A-1,C-1,9.5,"He said ""no"",\r\nthen\nleft",delivery|price,2026-02-02T18:20:00.250Z',
        'A-2,,2,=1+1,"",2026-02-03T18:20:00.000Z',
        'A-3,,2,-Grüße 😀,"",2026-03-01T00:00:00.000Z',
        '',
      ].join('\r\n'),
    );
  });

  await t.test('the dialect of spreadsheets disarms formulas in texts, and in nothing else', async () => {
    const { bytes, text } = await get('responses.csv?columns=id,score,comment,themes,moment,answered_at&dialect=excel');
    assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
    assert.equal(
      text.replace(/^\ufeff/, ''),
      [
        'id,score,comment,themes,moment,answered_at',
        'A-1,9.5,"He said ""no"",\r\nthen\nleft",delivery|price,,2026-02-02 18:20:00.250',
        `A-2,2,'=1+1,"",,2026-02-03 18:20:00`,
        `A-3,2,'-Grüße 😀,"",'@home,2026-03-01 00:00:00`,
        '',
      ].join('\r\n'),
    );
    const amounts = await get('revenue_events.csv?columns=id,amount&dialect=excel');
    assert.match(amounts.text, /^R-3,-0\.01\r$/m);
    await api.facts(
      'customers',
      ['+1', '\ttab', '\rreturn', '@a', '=a', 'a=b'].map((name, n) => ({ id: `X-${n}`, name })),
    );
    const names = linesOf((await get('customers.ndjson?columns=id,name')).text).map(({ name }) => name);
    const cells = (await get('customers.csv?columns=name&dialect=excel')).text.slice(1);
    for (const name of names) {
      const cell = /^[=+@\t\r-]/.test(String(name)) ? `'${name}` : String(name);
      assert.ok(cells.includes(/[\r\n",]/.test(cell) ? `\r\n"${cell}"\r\n` : `\r\n${cell}\r\n`), JSON.stringify(cell));
    }
  });

  await t.test('a line of NDJSON is the row that OData shows with exact decimals', async () => {
    for (const { name, columns } of biSets) {
      const { status, text, headers } = await get(`${name}.ndjson`);
      assert.deepEqual([status, headers['content-type']], [200, 'application/x-ndjson'], text);
      const odata = await api.send('GET', `/odata/v1/${name}?$top=10000`, undefined, {
        accept: 'application/json;IEEE754Compatible=true',
      });
      const lines = linesOf(text);
      const whole = columns.filter(({ kind }) => kind === 'integer').map((one) => one.name);
      // OData writes whole numbers of 64 bits as strings too, where decimals are exact.
      const asLines = JSON.parse(odata.text).value.map((row: Record<string, unknown>) =>
        Object.fromEntries(
          Object.entries(row).map(([column, value]) => [
            column,
            whole.includes(column) && value !== null ? Number(value) : value,
          ]),
        ),
      );
      assert.deepEqual(lines, asLines, name);
      for (const line of lines)
        assert.deepEqual(
          Object.keys(line),
          columns.map((one) => one.name),
          name,
        );
    }
    assert.equal(linesOf((await get('response_outcomes.ndjson')).text).length, 9, 'three responses, three windows');
  });

  await t.test('Parquet has the same rows, with the types of the set', async () => {
    for (const { name, columns } of biSets) {
      const { status, bytes, headers, text } = await get(`${name}.parquet`);
      assert.deepEqual([status, headers['content-type']], [200, 'application/vnd.apache.parquet'], text);
      const rows = await parquetReadObjects({ file: asFile(bytes) });
      const lines = linesOf((await get(`${name}.ndjson`)).text);
      assert.equal(rows.length, lines.length, name);
      for (const [at, row] of rows.entries()) {
        const shown = Object.fromEntries(
          columns.map((column) => [column.name, shownOf(column.kind, row[column.name])] as const),
        );
        const line = Object.fromEntries(
          columns.map(({ name: column, kind }) => {
            const value = lines[at]?.[column] ?? null;
            return [
              column,
              kind === 'decimal' && value !== null ? Number(Number(value).toPrecision(14)) : value,
            ] as const;
          }),
        );
        assert.deepEqual(shown, line, name);
      }
    }
  });

  await t.test('decimals of Parquet are exact to the last digit', async () => {
    const digitsOf = async (set: string, column: string) => {
      const { bytes } = await get(`${set}.parquet?columns=${column}`);
      const metadata = parquetMetadata(new Uint8Array(bytes).buffer);
      const element = metadata.schema.find(({ name }) => name === column);
      assert.ok(element);
      assert.deepEqual([element.precision, element.scale, element.repetition_type], [38, 12, 'REQUIRED']);
      // hyparquet makes a floating-point number of a decimal; of bytes that are only bytes it makes none.
      delete element.converted_type;
      delete element.logical_type;
      const rows = await parquetReadObjects({ file: asFile(bytes), metadata, utf8: false });
      return rows.map((row) => BigInt.asIntN(128, BigInt(`0x${Buffer.from(row[column]).toString('hex')}`)));
    };
    assert.deepEqual(await digitsOf('exchange_rates', 'rate'), [123456789012345123456789012n, 1n]);
    assert.deepEqual(await digitsOf('revenue_events', 'amount'), [
      123456789012345120000000000n,
      100000000000n,
      -10000000000n,
      12000000000000n,
    ]);
    assert.equal(unscaled('-1.5'), -1500000000000n);
    assert.equal(unscaled('-0.5'), -500000000000n);
    assert.equal(unscaled('7.0000000000000000'), 7000000000000n);
    assert.throws(() => unscaled('0.0000000000001'), RangeError);
    assert.throws(() => unscaled(`1${'0'.repeat(26)}`), RangeError);
  });

  await t.test('rows are of the period that is asked for, from its first moment to before its end', async () => {
    const ids = async (path: string) => {
      const { status, text } = await get(path);
      assert.equal(status, 200, text);
      return linesOf(text).map(({ id }) => id);
    };
    assert.deepEqual(await ids('responses.ndjson?from=2026-02-03T18:20:00Z&to=2026-03-01T00:00:00Z'), ['A-2']);
    assert.deepEqual(await ids('responses.ndjson?from=2026-02-03'), ['A-2', 'A-3']);
    assert.deepEqual(await ids('responses.ndjson?to=2026-02-03T19:20:00.001%2B01:00'), ['A-1', 'A-2']);
    await api.send('PATCH', '/v1/settings', { time_zone: 'America/New_York' }, { 'if-match': '*' });
    // Midnight of 1 March in New York is five hours after that in UTC.
    assert.deepEqual(await ids('responses.ndjson?from=2026-02-03&to=2026-03-01'), ['A-2', 'A-3']);
    await api.send('PATCH', '/v1/settings', { time_zone: 'UTC' }, { 'if-match': '*' });
    assert.deepEqual(await ids('responses.ndjson?from=2026-02-03&to=2026-03-01'), ['A-2']);
    const days = linesOf((await get('dim_date.ndjson?from=2026-01-31&to=2026-02-02')).text);
    assert.deepEqual(
      days.map(({ date_on }) => date_on),
      ['2026-01-31', '2026-02-01'],
    );
    const scores = linesOf((await get('daily_scores.ndjson?from=2026-02-03&to=2026-02-04')).text);
    assert.deepEqual(
      scores.map(({ answered_on, score, responses }) => [answered_on, score, responses]),
      [['2026-02-03', 2, 1]],
    );
  });

  await t.test('columns come in the order of the set, each once', async () => {
    const { text } = await get('responses.csv?columns=score, id,score');
    assert.equal(text.split('\r\n')[0], 'id,score');
  });

  await t.test('every set has its columns, also without a row', async () => {
    const empty = await testApi(t);
    for (const set of biSets) {
      const names = set.columns.map(({ name }) => name);
      const csv = await download(empty, `${set.name}.csv`);
      assert.equal(csv.text.split('\r\n')[0], names.join(','));
      const { status, bytes } = await download(empty, `${set.name}.parquet`);
      assert.equal(status, 200, set.name);
      const { schema } = parquetMetadata(new Uint8Array(bytes).buffer);
      const full = parquetMetadata(new Uint8Array((await get(`${set.name}.parquet`)).bytes).buffer);
      assert.deepEqual(schema, full.schema);
      assert.deepEqual(
        schema.slice(1).map(({ name, repetition_type }) => [name, repetition_type]),
        set.columns.map(({ name, nullable }) => [name, nullable ? 'OPTIONAL' : 'REQUIRED']),
      );
    }
    const none = await download(empty, 'responses.ndjson');
    assert.deepEqual([none.status, none.text, none.headers['content-length']], [200, '', '0']);
    assert.deepEqual((await download(empty, 'responses.csv')).text.split('\r\n').length, 2, 'the names, and nothing');
  });

  await t.test('personal columns are for those who may see people', async () => {
    const made = await api.send('POST', '/v1/keys', { name: 'bi', scopes: ['read'] });
    const password = Buffer.from(`anybody:${made.body.secret}`).toString('base64');
    const reader = { authorization: `Basic ${password}` };
    for (const set of biSets)
      for (const format of ['csv', 'ndjson', 'parquet']) {
        const { status, text } = await get(`${set.name}.${format}`, reader);
        assert.equal(status, 200);
        assert.doesNotMatch(text, /a@example\.com|He said|O'Brien/);
        if (format === 'csv')
          assert.equal(
            text.split('\r\n')[0],
            visibleColumns(set, false)
              .map(({ name }) => name)
              .join(','),
          );
      }
    const asked = await get('responses.csv?columns=id,comment', reader);
    assert.equal(asked.status, 400);
    assert.match(asked.text, /There is no column 'comment' in responses\. There are: id, customer_id/);
    // What one reader was given is never what another gets.
    assert.match((await get('responses.csv')).text, /He said/);
    assert.doesNotMatch((await get('responses.csv', reader)).text, /He said/);
    const nobody = await get('responses.csv', { authorization: 'Basic bm9ib2R5Om5vdGhpbmc=' });
    assert.equal(nobody.status, 401);
    assert.match(String(nobody.headers['www-authenticate']), /^Basic realm=/);
    const sender = await api.send('POST', '/v1/keys', { name: 'crm', scopes: ['ingest'] });
    assert.equal((await get('responses.csv', { authorization: `Bearer ${sender.body.secret}` })).status, 403);
  });

  await t.test('a key that is limited to units gets their rows, and what is seen changes with the units', async () => {
    await api.facts('units', [
      { key: 'north', name: 'North' },
      { key: 'south', name: 'South' },
      { key: 'shop', name: 'Shop', parent: 'north' },
    ]);
    await api.facts(
      'responses',
      ['north', 'shop', 'south'].map((unit) => ({
        id: `of-${unit}`,
        survey: 'nps',
        score: 5,
        unit,
        answered_at: '2026-04-01T00:00:00Z',
      })),
    );
    const made = await api.send('POST', '/v1/keys', { name: 'limited', scopes: ['read'], units: ['north'] });
    const limited = { authorization: `Bearer ${made.body.secret}` };
    for (const format of ['csv', 'ndjson', 'parquet']) {
      const { status, text } = await get(`responses.${format}?columns=id`, limited);
      assert.equal(status, 200, text);
      assert.doesNotMatch(text, /of-south|A-1/);
      assert.match(text, /of-north/);
      assert.match(text, /of-shop/);
    }
    assert.match((await get('responses.csv?columns=id')).text, /of-south/, 'another file than that of the limited key');
    await api.facts('units', [{ key: 'shop', name: 'Shop', parent: 'south' }]);
    const after = await get('responses.csv?columns=id', limited);
    assert.equal(after.text, 'id\r\nof-north\r\n');
    for (const { name } of biSets) assert.equal((await get(`${name}.ndjson`, limited)).status, 200, name);
  });

  await t.test('what cannot be exported is refused with what can', async () => {
    const refused: [string, number, string, RegExp][] = [
      ['nothing.csv', 400, 'set', /one of 'units', .*'dim_date'/],
      ['responses.xlsx', 400, 'format', /one of 'csv', 'ndjson', 'parquet'/],
      ['responses', 404, '', /./],
      ['responses.csv?columns=id,colour', 400, 'columns', /no column 'colour' in responses\. There are: id, /],
      ['responses.csv?columns=', 400, 'columns', /./],
      ['responses.parquet?dialect=excel', 400, 'dialect', /of CSV only/],
      ['responses.csv?dialect=word', 400, 'dialect', /excel/],
      ['customers.csv?from=2026-01-01', 400, 'from', /customers happen at no time/],
      ['customers.csv?to=2026-01-01', 400, 'to', /customers happen at no time/],
      ['daily_scores.csv?from=2026-01-01T00:00:00Z', 400, 'from', /answered_on is a day/],
      ['responses.csv?from=2026-02-01&to=2026-02-01', 400, 'to', /period is empty/],
      ['responses.csv?from=yesterday', 400, 'from', /a day such as/],
      ['responses.csv?since=2026', 400, 'since', /since/],
    ];
    for (const [path, status, pointer, says] of refused) {
      const reply = await get(path);
      assert.equal(reply.status, status, `${path}: ${reply.text}`);
      const problem = JSON.parse(reply.text);
      assert.match(problem.detail, says, path);
      if (pointer !== '') assert.equal(problem.errors[0].pointer, pointer);
    }
  });
});

/** A value of Parquet as JSON shows it. */
function shownOf(kind: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return kind === 'date' ? value.toISOString().slice(0, 10) : value.toISOString();
  // hyparquet makes floating-point numbers of decimals, which are off by a little.
  return kind === 'decimal' ? Number(Number(value).toPrecision(14)) : typeof value === 'bigint' ? Number(value) : value;
}
