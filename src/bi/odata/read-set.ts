import { instantSql } from '../../db/json-text.ts';
import type { Client, Param } from '../../db/pool.ts';
import { columnTypes } from '../column-types.ts';
import type { BiSet, SetColumn } from '../set.ts';
import { filterSql } from './filter-sql.ts';
import type { Order, SetQuery } from './query.ts';

/** How values are written. */
export interface Writing {
  /** Edm.Decimal and Edm.Int64 as strings: a client asked with `IEEE754Compatible=true`. */
  exact: boolean;
}

function shown({ name, kind, sql }: SetColumn, { exact }: Writing): string {
  if (kind === 'instant') return `${instantSql(sql)} as ${name}`;
  const value = kind === 'decimal' ? `trim_scale(${sql})` : sql;
  return `${exact && (kind === 'decimal' || kind === 'integer') ? `(${value})::text` : value} as ${name}`;
}

const rowSql = (columns: readonly SetColumn[], writing: Writing) =>
  `row_to_json((select shown from (select ${columns.map((one) => shown(one, writing)).join(', ')}) shown))::text`;

/** Null comes before every value, as OData has it. On a column that holds none, to say so would cost the index. */
const orderSql = ({ column: { sql, nullable }, descending }: Order) =>
  `${sql}${descending ? ' desc' : ''}${nullable ? (descending ? ' nulls last' : ' nulls first') : ''}`;

/** The condition of the rows after one whose values these are, in an order. */
function afterSql(
  order: readonly Order[],
  values: readonly (string | null)[],
  param: (value: Param) => string,
): string {
  const descending = order[0]?.descending;
  const isPlain = order.every((one) => one.descending === descending && !one.column.nullable);
  if (!isPlain) return afterEachSql(order, values, param);
  // One comparison of all: an index can begin there, and PostgreSQL knows how many rows follow. Where it does not, it
  // groups all days that follow for a page of a daily set.
  const given = order.map(({ column }, at) => `${param(values[at] ?? null)}::${columnTypes[column.kind].sql}`);
  return `(${order.map(({ column }) => column.sql).join(', ')}) ${descending ? '<' : '>'} (${given.join(', ')})`;
}

/** The same column by column, where some may be null or the directions differ. */
function afterEachSql(
  order: readonly Order[],
  values: readonly (string | null)[],
  param: (value: Param) => string,
): string {
  const [first, ...others] = order;
  if (!first) return 'false';
  const { column, descending } = first;
  const [value = null, ...rest] = values;
  const given = () => `${param(value)}::${columnTypes[column.kind].sql}`;
  const behind = others.length === 0 ? 'false' : afterEachSql(others, rest, param);
  if (value === null) {
    const same = `(${column.sql} is null and ${behind})`;
    return descending ? same : `(${column.sql} is not null or ${same})`;
  }
  const sign = descending ? '<' : '>';
  const beyond = `${column.sql} ${sign} ${given()}${column.nullable && descending ? ` or ${column.sql} is null` : ''}`;
  if (others.length === 0) return `(${beyond})`;
  const after = `(${beyond} or (${column.sql} = ${given()} and ${behind}))`;
  // Says again what follows from it, in a form that an index or the query below can use.
  return column.nullable && descending ? after : `(${column.sql} ${sign}= ${given()} and ${after})`;
}

/** Statements about one set, with what is asked of it. */
function statement(set: BiSet, { filter }: Pick<SetQuery, 'filter'>) {
  const parameters: Param[] = [];
  const param = (value: Param) => `$${parameters.push(value)}`;
  const sqlOf = (name: string) => set.columns.find((one) => one.name === name)?.sql ?? 'null';
  const conditions = filter ? [filterSql(filter, sqlOf, param)] : [];
  if (set.visible) conditions.push(set.visible(param));
  return { parameters, param, conditions };
}

const where = (conditions: readonly string[]) => (conditions.length > 0 ? `where ${conditions.join(' and ')}` : '');

/** How many rows of a set pass the filter. */
export async function countRows(client: Client, set: BiSet, query: Pick<SetQuery, 'filter'>): Promise<number> {
  const { parameters, conditions } = statement(set, query);
  const [found] = await client.rows<{ n: number }>(
    `select count(*) as n from ${set.relation} t ${where(conditions)}`,
    parameters,
  );
  return found?.n ?? 0;
}

/** A page: rows as JSON texts, and where the next one begins; null on the last. */
interface PageOfSet {
  rows: string[];
  last: (string | null)[] | null;
}

/**
 * Reads a page of a set.
 * @param after the order's values of the last row before it; null at the first page, where `skip` counts
 */
export async function readPage(
  client: Client,
  set: BiSet,
  query: SetQuery,
  { after, size, writing }: { after: (string | null)[] | null; size: number; writing: Writing },
): Promise<PageOfSet> {
  const { parameters, param, conditions } = statement(set, query);
  if (after) conditions.push(afterSql(query.order, after, param));
  // As one text, since only the last row's is read: as an array it would be taken apart for every row.
  const found = await client.rows<{ row: string; place: string }>(
    `select ${rowSql(query.select, writing)} as row,
       to_json(array[${query.order.map(({ column }) => `(${column.sql})::text`).join(', ')}])::text as place
     from ${set.relation} t ${where(conditions)}
     order by ${query.order.map(orderSql).join(', ')}
     limit ${param(size + 1)} ${after ? '' : `offset ${param(query.skip)}`}`,
    parameters,
  );
  const rows = found.slice(0, size).map(({ row }) => row);
  const end = found.length > size ? found[size - 1] : undefined;
  // What the query made: the texts of columns, or nulls.
  return { rows, last: end ? (JSON.parse(end.place) as (string | null)[]) : null };
}

/** The row with a key; undefined when there is none. */
export async function readOne(
  client: Client,
  set: BiSet,
  columns: readonly SetColumn[],
  key: readonly string[],
  writing: Writing,
): Promise<string | undefined> {
  const { parameters, param, conditions } = statement(set, { filter: undefined });
  for (const [at, name] of set.key.entries()) {
    const column = set.columns.find((one) => one.name === name);
    conditions.push(`${column?.sql} = ${param(key[at] ?? null)}::${columnTypes[column?.kind ?? 'text'].sql}`);
  }
  const [found] = await client.rows<{ row: string }>(
    `select ${rowSql(columns, writing)} as row from ${set.relation} t ${where(conditions)}`,
    parameters,
  );
  return found?.row;
}
