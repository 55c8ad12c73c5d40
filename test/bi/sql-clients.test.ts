import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { makeReader } from '../../src/bi/views/reader-role.ts';
import type { Connection } from '../../src/db/pool.ts';
import { testApi } from '../support/api.ts';
import { findPython } from '../support/python.ts';

const modules = ['pandas', 'sqlalchemy', 'psycopg2'];
const python = findPython(modules);

/**
 * Reads views as a data scientist does. The types are those of a plain read; the values come from a read that keeps
 * decimals exact, written as JSON has them.
 */
const program = `
import json, sys
from datetime import date, datetime, timezone
from decimal import Decimal
import pandas as pd
from sqlalchemy import create_engine, inspect, text

asked = json.load(sys.stdin)
engine = create_engine(asked["url"])

def value(one):
    if one is None or one is pd.NaT or (isinstance(one, float) and one != one):
        return None
    if isinstance(one, datetime):
        return one.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (one.microsecond // 1000)
    if isinstance(one, date):
        return one.isoformat()
    if isinstance(one, Decimal):
        return format(one, "f")
    return one.item() if hasattr(one, "item") else one

told = {}
with engine.connect() as connection:
    seen = inspect(connection)
    for view, order in asked["views"].items():
        query = text(f"select * from {view} order by {order}")
        columns = seen.get_columns(view, schema="bi")
        plain = pd.read_sql(query, connection)
        exact = pd.read_sql(query, connection, coerce_float=False)
        told[view] = {
            "reflected": {c["name"]: [str(c["type"]), c["comment"]] for c in columns},
            "dtypes": {name: str(kind) for name, kind in plain.dtypes.items()},
            "rows": [{name: value(row[name]) for name in exact.columns} for _, row in exact.astype(object).iterrows()],
        }
    told["views"] = sorted(seen.get_view_names(schema="bi"))
json.dump(told, sys.stdout)
`;

/** As SQLAlchemy takes it; the folder of a socket is a parameter. */
function sqlalchemyUrl(connection: Connection, user: string, password: string): string {
  if ('url' in connection) {
    const url = new URL(connection.url);
    url.protocol = 'postgresql+psycopg2:';
    return Object.assign(url, { username: user, password }).href;
  }
  const { host, port, database } = connection;
  return `postgresql+psycopg2://${user}:${password}@/${database}?host=${encodeURIComponent(host)}&port=${port}`;
}

/** What pandas makes of a column: in version 3 texts have a type of their own, and moments are in microseconds. */
const dtypes: Record<string, RegExp> = {
  text: /^(object|str)$/,
  'timestamp with time zone': /^datetime64\[(ns|us), (UTC|.*UTC.*)\]$/,
  date: /^object$/,
  numeric: /^float64$/,
  'double precision': /^float64$/,
  bigint: /^int64$/,
  boolean: /^bool$/,
};
const reflected: Record<string, RegExp> = {
  text: /^TEXT$/,
  'timestamp with time zone': /^TIMESTAMP/,
  date: /^DATE$/,
  numeric: /^NUMERIC/,
  'double precision': /^DOUBLE/,
  bigint: /^BIGINT$/,
  boolean: /^BOOLEAN$/,
};

test('pandas and SQLAlchemy read the views as the API tells them', {
  skip: python === undefined && `needs a Python with ${modules.join(', ')}: TEST_PYTHON names one`,
}, async (t) => {
  const api = await testApi(t);
  await api.facts('units', [{ key: 'north', name: 'North "N" Ü' }]);
  await api.facts('surveys', [{ key: 'nps', name: 'NPS', kind: 'nps' }]);
  await api.facts('customers', [
    { id: 'C-1', unit: 'north', segment: 'smb', acquired_at: '2023-05-01T00:00:00.123Z', attributes: { a: 1 } },
    { id: 'C-2', name: 'Nobody' },
  ]);
  await api.facts('responses', [
    { id: 'A-1', customer_id: 'C-1', survey: 'nps', score: 9.5, answered_at: '2024-01-31T23:30:00.25+01:00' },
    { id: 'A-2', survey: 'nps', score: 2, answered_at: '2024-02-03T12:00:00Z', themes: ['x', 'y'] },
  ]);
  const paid = { customer_id: 'C-1', type: 'one_time', currency: 'EUR', occurred_at: '2024-02-10T12:00:00Z' };
  await api.facts('revenue-events', [
    { id: 'R-1', ...paid, amount: '123456789012345.67' },
    { id: 'R-2', ...paid, amount: '0.10' },
  ]);
  for (const path of ['revenue-events', 'referrals', 'retention-events'])
    await api.send('PUT', `/v1/datasets/${path}/complete-through`, { complete_through: '2025-06-01T00:00:00Z' });
  await api.get('/v1/outcomes/revenue?survey=nps&window_days=90&min_n=1');

  const role = `mm_python_${randomUUID().slice(0, 8)}`;
  const { password } = await makeReader(api.db, { role, password: 'first' });
  const catalogue = (await api.get('/v1/datasets')).body.data as {
    sql_view: string;
    odata: string;
    key: string[];
    columns: Record<string, string>[];
  }[];
  const sets = catalogue.map((entry) => {
    const columns = entry.columns.filter(({ sql_name }) => sql_name !== null);
    const key = entry.key.map((name) => columns.find((one) => one.name === name)?.sql_name ?? name);
    return { ...entry, view: entry.sql_view.replace('bi.', ''), columns, order: key.join(', ') };
  });
  const child = spawn(python ?? '', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    child.stdin.end(
      JSON.stringify({
        url: sqlalchemyUrl(api.connection, role, password ?? ''),
        views: Object.fromEntries(sets.map(({ view, order }) => [view, order])),
      }),
    );
    const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
    const told = JSON.parse(output);
    assert.deepEqual(told.views, sets.map(({ view }) => view).sort());
    for (const { view, odata, key, columns } of sets) {
      const { rows, ...types } = told[view];
      assert.deepEqual(
        Object.keys(types.dtypes),
        columns.map(({ sql_name }) => sql_name),
      );
      for (const { name = '', sql_name = '', sql_type = '', description } of columns) {
        const [type, comment] = types.reflected[sql_name];
        assert.match(type, reflected[sql_type] ?? /^$/, `${view}.${sql_name}`);
        assert.equal(comment, description, `${view}.${sql_name}`);
        // A column of pandas with nothing but nulls says nothing of its type; whole numbers and truths take no null.
        const values = rows.map((row: Record<string, unknown>) => row[sql_name]);
        if (values.length > 0 && !values.includes(null))
          assert.match(types.dtypes[sql_name], dtypes[sql_type] ?? /^$/, `${view}.${name}`);
      }
      const page = await api.send('GET', `${odata}?$orderby=${key.join(',')}`, undefined, {
        accept: 'application/json;IEEE754Compatible=true',
      });
      const expected = page.body.value.map((row: Record<string, unknown>) =>
        columns.map(({ name = '', type }) => same(row[name], type)),
      );
      const found = rows.map((row: Record<string, unknown>) =>
        columns.map(({ sql_name = '', type }) => same(row[sql_name], type)),
      );
      assert.deepEqual(found, expected, view);
    }
    assert.equal(told.fact_revenue_events.rows[0].amount, '123456789012345.67');
    assert.ok(told.fact_daily_outcomes.rows.length > 0 && told.dim_date.rows.length > 700);
  } finally {
    child.kill();
    const { db } = api;
    await db.write((client) => client.script(`drop owned by ${role}; drop role ${role}`));
  }
});

/** Exact numbers as one text: the database writes 0.10 where another wrote 0.1. */
function same(value: unknown, type: string | undefined): unknown {
  if (value === null || (type !== 'decimal' && type !== 'integer')) return value;
  const written = String(value);
  return written.includes('.') ? written.replace(/\.?0+$/, '') : written;
}
