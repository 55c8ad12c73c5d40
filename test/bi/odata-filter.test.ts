import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Expression } from '../../src/bi/odata/filter.ts';
import { parseFilter } from '../../src/bi/odata/filter.ts';
import { readQuery } from '../../src/bi/odata/query.ts';
import { countRows, readPage } from '../../src/bi/odata/read-set.ts';
import type { BiSet } from '../../src/bi/set.ts';
import { ApiError } from '../../src/errors.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

type Row = { id: string; k: number; n: number | null; s: string | null; b: boolean | null; at: string | null };
const ns = [null, -1, 0, 1, 2.5];
const ss = [null, '', 'a', "o'b", 'Ab', 'b%_'];
const bs = [null, true, false];
const ats = [null, '2024-02-29T23:30:00Z', '2024-03-01T00:00:00Z', '2025-12-31T12:00:00Z'];
const rows: Row[] = ns.flatMap((n, i) =>
  ss.flatMap((s, j) => bs.flatMap((b, k) => ats.map((at, l): Row => ({ id: `r${i}${j}${k}${l}`, k: j, n, s, b, at })))),
);

const column = (name: string, kind: BiSet['columns'][number]['kind'], nullable = true) => ({
  name,
  kind,
  nullable,
  personal: false,
  description: '',
  sql: `t.${name}`,
});
const set: BiSet = {
  name: 'trial',
  one: 'trial_row',
  role: 'fact',
  description: '',
  relation: 'trial',
  key: ['id'],
  columns: [
    column('id', 'text', false),
    column('k', 'integer', false),
    column('n', 'decimal'),
    column('s', 'text'),
    column('b', 'boolean'),
    column('at', 'instant'),
  ],
};

let database: TestDatabase;
before(async () => {
  database = await testDatabase(undefined, { empty: true });
  await database.db.write(async (client) => {
    await client.rows(
      'create table trial (id text primary key, k int not null, n numeric, s text, b boolean, at timestamptz)',
    );
    await client.rows(
      'insert into trial select * from json_to_recordset($1::json) as r(id text, k int, n numeric, s text, b boolean, at timestamptz)',
      [JSON.stringify(rows)],
    );
  });
});

const passing = async (filter: string): Promise<string[]> => {
  const query = readQuery({ $filter: filter, $select: 'id' }, set, set.columns);
  const { rows: found } = await database.db.read((client) =>
    readPage(client, set, query, { after: null, size: 10_000, writing: { exact: false } }),
  );
  return found.map((row) => (JSON.parse(row) as { id: string }).id);
};

/** OData's meaning of a filter, worked out over one row: comparisons are true or false, never null. */
type Value = string | number | boolean | null;
const millis = (value: Value) => (value === null ? null : Date.parse(String(value)));
function evaluate(one: Expression, row: Row): Value {
  const of = (arg: Expression | undefined): Value => (arg ? evaluate(arg, row) : null);
  switch (one.is) {
    case 'literal':
      if (one.type === 'number') return Number(one.value);
      return one.type === 'instant' || one.type === 'date' ? millis(one.value) : one.value;
    case 'property': {
      const value = row[one.name as keyof Row];
      return one.type === 'instant' ? millis(value) : value;
    }
    case 'and':
      return of(one.left) === true && of(one.right) === true;
    case 'or':
      return of(one.left) === true || of(one.right) === true;
    case 'not':
      return of(one.operand) !== true;
    case 'in':
      return one.list.some((item) => of(one.left) === of(item));
    case 'compare': {
      const [left, right] = [of(one.left), of(one.right)];
      if (one.operator === 'eq') return left === right;
      if (one.operator === 'ne') return left !== right;
      if (left === null || right === null) return false;
      const order = left < right ? -1 : left > right ? 1 : 0;
      return { gt: order > 0, ge: order >= 0, lt: order < 0, le: order <= 0 }[one.operator];
    }
    case 'call': {
      const [first, second] = one.args.map(of);
      if (first === null || first === undefined || (one.args.length > 1 && second === null))
        return one.type === 'boolean' ? false : null;
      const [text, part] = [String(first), String(second)];
      const date = new Date(Number(first));
      switch (one.name) {
        case 'contains':
          return text.includes(part);
        case 'startswith':
          return text.startsWith(part);
        case 'endswith':
          return text.endsWith(part);
        case 'tolower':
          return text.toLowerCase();
        case 'toupper':
          return text.toUpperCase();
        case 'trim':
          return text.trim();
        case 'length':
          return text.length;
        case 'year':
          return date.getUTCFullYear();
        case 'month':
          return date.getUTCMonth() + 1;
        case 'day':
          return date.getUTCDate();
        case 'hour':
          return date.getUTCHours();
        case 'date':
          return Math.floor(Number(first) / 86_400_000) * 86_400_000;
      }
    }
  }
}

/** A filter's text, with more parentheses than it needs or as few as precedence allows. */
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
const operators = fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le');
const number = fc.constantFrom('n', '0', '1', '-1', '2.5', 'length(s)', 'year(at)', 'month(at)', 'null');
const text = fc.oneof(
  fc.constantFrom('s', 'tolower(s)', 'toupper(s)', 'id', 'null'),
  fc.constantFrom('', 'a', "o'b", 'AB', '%').map(quoted),
);
const instant = fc.constantFrom('at', '2024-03-01T01:00:00+01:00', '2024-02-29T23:30:00Z', '2024-03-01', 'null');
const pair = (side: fc.Arbitrary<string>) => fc.tuple(side, operators, side).map((parts) => parts.join(' '));
const condition = fc.oneof(
  pair(number),
  pair(text),
  pair(instant),
  fc.constantFrom('b', 'b eq true', 'b ne false', 'b eq null', 'true', 'false'),
  fc.tuple(fc.constantFrom('contains', 'startswith', 'endswith'), text, text).map(([f, a, b]) => `${f}(${a},${b})`),
  fc.array(number, { minLength: 1, maxLength: 3 }).map((list) => `n in (${list.join(', ')})`),
  fc.array(text, { minLength: 1, maxLength: 3 }).map((list) => `s in (${list.join(',')})`),
);
const filter = fc.letrec<{ or: string; and: string; not: string }>((tie) => ({
  or: fc.oneof(
    { maxDepth: 3 },
    tie('and'),
    fc.tuple(tie('or'), tie('and')).map(([a, b]) => `${a} or ${b}`),
  ),
  and: fc.oneof(
    { maxDepth: 3 },
    tie('not'),
    fc.tuple(tie('and'), tie('not')).map(([a, b]) => `${a} and ${b}`),
  ),
  not: fc.oneof(
    { maxDepth: 3 },
    condition,
    tie('or').map((inner) => `(${inner})`),
    tie('or').map((inner) => `not (${inner})`),
    tie('or').map((inner) => `(${inner}) eq (b eq true)`),
  ),
})).or;

const types = new Map(
  set.columns.map(({ name, kind }) => [name, kind === 'decimal' || kind === 'integer' ? 'number' : kind] as const),
) as never;

describe('A filter', () => {
  test('passes the rows that its tree passes, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(filter, async (asked) => {
        const tree = parseFilter(asked, types);
        const expected = rows.filter((row) => evaluate(tree, row) === true).map(({ id }) => id);
        assert.deepEqual(await passing(asked), expected, asked);
      }),
      { numRuns: 400 },
    );
  });

  test('is read with the precedence of OData', async () => {
    const same: [string, string][] = [
      ['n eq 1 or n eq 2.5 and b eq true', 'n eq 1 or (n eq 2.5 and b eq true)'],
      ['not (n eq 1) and b eq true', '(not (n eq 1)) and (b eq true)'],
      ['not b and n eq 0', '(not b) and (n eq 0)'],
      ["not contains(s,'a') or b", "(not contains(s,'a')) or b"],
    ];
    for (const [asked, meant] of same) assert.deepEqual(parseFilter(asked, types), parseFilter(meant, types), asked);
    const [some, all] = [await passing('not (n gt 0)'), await passing('n le 0 or n eq null')];
    assert.deepEqual(some, all, 'not of what is null holds');
  });

  test('takes quotes, offsets and days', async () => {
    assert.equal((await passing("s eq 'o''b'")).length, 5 * 3 * 4);
    assert.deepEqual(await passing('at ge 2024-03-01T01:00:00+01:00'), await passing('at ge 2024-03-01'));
    assert.deepEqual(await passing('at eq 2024-02-29T23:30Z'), await passing('at eq 2024-02-29T23:30:00.000Z'));
    assert.equal((await passing("contains(s,'%')")).length, 5 * 3 * 4, '% is a character like others');
  });

  test('is refused with the place where it is wrong', () => {
    const wrong: [string, number, RegExp][] = [
      ['', 1, /ends where a value/],
      ['n', 1, /condition is needed/],
      ['n eq', 5, /ends where a value/],
      ['n eq 1 and', 11, /ends where a value/],
      ["s eq 'abc", 6, /never ends/],
      ['n eq 1)', 7, /more than a filter/],
      ['(n eq 1', 8, /'\)' is missing/],
      ['x eq 1', 1, /no column 'x'. There are: id, k, n, s, b, at/],
      ["n eq '1'", 3, /number cannot be compared with text/],
      ['not n eq 1', 1, /in parentheses/],
      ['n + 1 eq 2', 3, /cannot be read/],
      ['at eq 2026-02-30', 7, /not in the calendar/],
      ['at eq 2026-02-28T24:00:00Z', 7, /not in the calendar/],
      ['foo(s)', 1, /'foo' is not supported. There are: contains/],
      ['round(n) eq 1', 1, /'round' is not supported. There are: contains/],
      ['contains(s)', 11, /',' is missing/],
      ['contains(n,s)', 10, /takes text here, not number/],
      ['n eq 1;drop table trial', 7, /cannot be read/],
      ['n eq 1e999', 6, /cannot be read/],
      ['n in ()', 7, /stands where a value/],
      ['n eq 1 AND b', 8, /more than a filter/],
    ];
    for (const [asked, place, says] of wrong)
      assert.throws(
        () => parseFilter(asked, types),
        (error) => {
          assert.ok(error instanceof ApiError, `${asked}: ${error}`);
          assert.equal(error.status, asked.startsWith('round') ? 501 : 400);
          assert.match(error.message, new RegExp(`character ${place}:`), asked);
          assert.match(error.message, says, asked);
          return true;
        },
      );
  });

  test('that is too large is refused at once', () => {
    const large: [string, RegExp][] = [
      [`s eq '${'x'.repeat(3_994)}'`, /4000 characters; this one has 4001/],
      [`${'('.repeat(33)}b${')'.repeat(33)}`, /32 levels/],
      [`${'not '.repeat(33)}b`, /32 levels/],
      [Array.from({ length: 101 }, () => 'b').join(' or '), /200 parts/],
      ['('.repeat(4_000), /32 levels/],
    ];
    for (const [asked, says] of large) {
      const begun = performance.now();
      assert.throws(() => parseFilter(asked, types), says);
      assert.ok(performance.now() - begun < 100);
    }
    parseFilter(`${'('.repeat(32)}b${')'.repeat(32)}`, types);
    parseFilter(Array.from({ length: 100 }, () => 'b').join(' or '), types);
  });
});

test('A walk in any order loses and repeats nothing', async () => {
  const order = fc
    .uniqueArray(fc.constantFrom('n', 's', 'b', 'at', 'k', 'id'), { maxLength: 3 })
    .chain((names) =>
      fc
        .tuple(...names.map((name) => fc.constantFrom(name, `${name} asc`, `${name} desc`)))
        .map((list) => list.join(',')),
    );
  await fc.assert(
    fc.asyncProperty(order, fc.integer({ min: 1, max: 97 }), async (orderby, size) => {
      const query = readQuery({ $select: 'id', ...(orderby && { $orderby: orderby }) }, set, set.columns);
      const walk = async (pageSize: number) => {
        const found: string[] = [];
        for (let after: (string | null)[] | null = null; ; ) {
          const page = await database.db.read((client) =>
            readPage(client, set, query, { after, size: pageSize, writing: { exact: false } }),
          );
          found.push(...page.rows);
          after = page.last;
          if (after === null) return found;
        }
      };
      assert.deepEqual(await walk(size), await walk(10_000), orderby);
    }),
    { numRuns: 40 },
  );
  assert.equal(await database.db.read((client) => countRows(client, set, { filter: undefined })), rows.length);
});
