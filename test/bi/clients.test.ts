import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { testApi } from '../support/api.ts';
import { findPython } from '../support/python.ts';
import { linesOf } from './exporting.ts';

const run = promisify(execFile);

/** 300 responses and payments with nulls, quotes, line breaks and amounts that no floating-point number holds. */
async function served(t: TestContext) {
  const api = await testApi(t);
  await api.facts('surveys', [{ key: 'nps', name: 'NPS', kind: 'nps' }]);
  const at = (n: number) => new Date(Date.UTC(2024, 0, 1, 0, 0, 0, n) + n * 7_777_777).toISOString();
  const numbers = Array.from({ length: 300 }, (_, n) => n);
  await api.facts(
    'responses',
    numbers.map((n) => ({
      id: `00${n}`,
      customer_id: n % 7 === 0 ? null : `C-${n % 40}`,
      survey: 'nps',
      score: n % 11,
      answered_at: at(n),
      comment: [null, 'said "no",\r\nand left', 'Grüße 😀', ' spaces ', 'NULL'][n % 5],
      themes: n % 2 === 0 ? ['delivery', 'price'] : [],
    })),
  );
  await api.facts(
    'revenue-events',
    numbers.map((n) => ({
      id: `R-${String(n).padStart(3, '0')}`,
      customer_id: `C-${n % 40}`,
      type: 'one_time',
      amount: `${100_000_000_000_000 + n}.${String(n % 100).padStart(2, '0')}`,
      currency: 'EUR',
      occurred_at: at(n),
    })),
  );
  await api.get('/v1/outcomes/revenue?survey=nps');
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = api.app.server.address() as AddressInfo;
  return { api, url: `http://127.0.0.1:${port}/v1/exports` };
}

/** Runs a program that reads `url` with the user and password of its arguments, and fails the test with what it says. */
async function python(executable: string, program: string, url: string, key: string): Promise<unknown> {
  const { stdout } = await run(executable, ['-c', `${shared}\n${program}`, url, 'anybody', key], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout);
}

const shared = `
import base64, io, json, sys, urllib.request
url, user, password = sys.argv[1:4]
authorization = 'Basic ' + base64.b64encode(f'{user}:{password}'.encode()).decode()

def fetch(path):
    request = urllib.request.Request(url + '/' + path, headers={'Authorization': authorization})
    with urllib.request.urlopen(request) as answer:
        return answer.read()
`;

const sets = ['responses', 'revenue_events', 'response_outcomes', 'daily_outcomes', 'dim_date'];

test('pandas reads the CSV and the NDJSON', async (t) => {
  const executable = findPython(['pandas']);
  if (executable === undefined) return t.skip('no Python with pandas; TEST_PYTHON names one');
  const { api, url } = await served(t);
  // Texts stay texts, also '007' and 'NULL'; a quoted empty text and an empty cell are both missing to pandas.
  const found = await python(
    executable,
    `
import pandas as pd
options = {'Authorization': authorization}
result = {}
for name in ${JSON.stringify(sets)}:
    lines = [json.loads(line) for line in fetch(name + '.ndjson').decode().splitlines()]
    texts = {column: str for column in lines[0] if any(isinstance(line[column], str) for line in lines)}
    frame = pd.read_csv(f'{url}/{name}.csv', storage_options=options, dtype=texts, keep_default_na=False, na_values={c: [''] for c in lines[0] if c not in texts})
    assert list(frame.columns) == list(lines[0]), frame.columns
    assert len(frame) == len(lines)
    for column in frame.columns:
        for cell, row in zip(frame[column], lines):
            wanted = row[column]
            if wanted is None:
                assert cell == '' or pd.isna(cell), (name, column, cell)
            else:
                assert cell == wanted, (name, column, cell, wanted)
    times = [column for column in frame.columns if column.endswith('_at')]
    parsed = pd.read_csv(f'{url}/{name}.csv', storage_options=options, parse_dates=times)
    table = pd.read_json(io.BytesIO(fetch(name + '.ndjson')), lines=True, dtype=False, convert_dates=False)
    assert list(table.columns) == list(frame.columns) and len(table) == len(frame)
    result[name] = {column: str(parsed[column].dtype) for column in parsed.columns}
excel = pd.read_csv(f'{url}/responses.csv?dialect=excel&columns=id,answered_at', storage_options=options, encoding='utf-8-sig', parse_dates=['answered_at'], date_format='ISO8601') if pd.__version__ >= '2' else None
if excel is not None:
    assert list(excel.columns) == ['id', 'answered_at'] and excel['answered_at'].dt.tz is None
print(json.dumps(result))
`,
    url,
    api.key,
  );
  const types = found as Record<string, Record<string, string>>;
  assert.match(types.responses?.answered_at ?? '', /^datetime64\[\w+, UTC\]$/);
  assert.match(types.responses?.score ?? '', /^(int|float)64$/);
  assert.equal(types.daily_outcomes?.responses, 'int64');
  assert.equal(types.dim_date?.year, 'int64');
});

test('pyarrow reads Parquet with the types of the sets, equal to the NDJSON', async (t) => {
  const executable = findPython(['pyarrow']);
  if (executable === undefined) return t.skip('no Python with pyarrow; TEST_PYTHON names one');
  const { api, url } = await served(t);
  const found = await python(
    executable,
    `
import datetime, decimal
import pyarrow as pa, pyarrow.parquet as pq, pyarrow.csv as pc
result = {}
def plain(value):
    if isinstance(value, datetime.datetime):
        return value.strftime('%Y-%m-%dT%H:%M:%S.') + f'{value.microsecond // 1000:03d}Z'
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value
for name in ${JSON.stringify(sets)}:
    table = pq.read_table(io.BytesIO(fetch(name + '.parquet')))
    table.validate(full=True)
    lines = [json.loads(line) for line in fetch(name + '.ndjson').decode().splitlines()]
    rows = table.to_pylist()
    assert len(rows) == len(lines) > 0, name
    for row, line in zip(rows, lines):
        assert list(row) == list(line)
        for column, value in row.items():
            wanted = line[column]
            if isinstance(value, decimal.Decimal):
                wanted = decimal.Decimal(wanted)
            assert plain(value) == wanted, (name, column, value, wanted)
    arrow = pc.read_csv(io.BytesIO(fetch(name + '.csv')), parse_options=pc.ParseOptions(newlines_in_values=True))
    assert arrow.num_rows == len(lines) and arrow.column_names == list(lines[0])
    result[name] = {field.name: [str(field.type), field.nullable] for field in table.schema}
empty = pq.read_table(io.BytesIO(fetch('referrals.parquet')))
assert empty.num_rows == 0
print(json.dumps(result))
`,
    url,
    api.key,
  );
  const types = found as Record<string, Record<string, [string, boolean]>>;
  assert.deepEqual(types.responses?.id, ['string', false]);
  assert.deepEqual(types.responses?.comment, ['string', true]);
  assert.deepEqual(types.responses?.score, ['double', false]);
  assert.deepEqual(types.responses?.answered_at, ['timestamp[ms, tz=UTC]', false]);
  assert.deepEqual(types.revenue_events?.amount, ['decimal128(38, 12)', false]);
  assert.deepEqual(types.response_outcomes?.answered_on, ['date32[day]', false]);
  assert.deepEqual(types.response_outcomes?.retained, ['bool', true]);
  assert.deepEqual(types.response_outcomes?.window_days, ['int64', false]);
});

test('DuckDB reads every format and adds up exactly', async (t) => {
  const executable = findPython(['duckdb']);
  if (executable === undefined) return t.skip('no Python with duckdb; TEST_PYTHON names one');
  const { api, url } = await served(t);
  const found = await python(
    executable,
    `
import os, tempfile
import duckdb
result = {}
with tempfile.TemporaryDirectory() as folder:
    # Its own reader over HTTP is an extension that is downloaded, so files are fetched first.
    for name in ${JSON.stringify(sets)}:
        for format in ('csv', 'ndjson', 'parquet'):
            with open(os.path.join(folder, f'{name}.{format}'), 'wb') as file:
                file.write(fetch(f'{name}.{format}'))
        parquet, csv, lines = (os.path.join(folder, f'{name}.{format}') for format in ('parquet', 'csv', 'ndjson'))
        counts = [duckdb.sql(f'select count(*) from {read}').fetchone()[0] for read in (f"read_parquet('{parquet}')", f"read_csv('{csv}', header=true)", f"read_json('{lines}', format='newline_delimited')")]
        assert len(set(counts)) == 1, (name, counts)
    path = os.path.join(folder, 'revenue_events.parquet')
    result['types'] = {column: kind for column, kind, *_ in duckdb.sql(f"describe select * from '{path}'").fetchall()}
    result['total'] = str(duckdb.sql(f"select sum(amount) from '{path}'").fetchone()[0])
    csv = os.path.join(folder, 'responses.csv')
    parquet = os.path.join(folder, 'responses.parquet')
    difference = duckdb.sql(f"""select count(*) from (
      (select id, comment, score::double, answered_at from read_csv('{csv}', header=true, types={{'id': 'VARCHAR', 'answered_at': 'TIMESTAMPTZ'}}) except
      select id, comment, score, answered_at from '{parquet}'))""").fetchone()[0]
    assert difference == 0, difference
print(json.dumps(result))
`,
    url,
    api.key,
  );
  const { types, total } = found as { types: Record<string, string>; total: string };
  assert.equal(types.amount, 'DECIMAL(38,12)');
  assert.equal(types.occurred_at, 'TIMESTAMP WITH TIME ZONE');
  assert.equal(types.id, 'VARCHAR');
  const reply = await api.app.inject({
    url: '/v1/exports/revenue_events.ndjson',
    headers: { authorization: `Bearer ${api.key}` },
  });
  const cents = linesOf(reply.body).reduce((sum, { amount }) => {
    const [euros = '', fraction = ''] = String(amount).split('.');
    return sum + BigInt(euros) * 100n + BigInt(fraction.padEnd(2, '0'));
  }, 0n);
  assert.equal(total, `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}${'0'.repeat(10)}`);
});
