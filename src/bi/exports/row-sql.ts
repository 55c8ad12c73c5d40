import { instantSql } from '../../db/json-text.ts';
import type { SetColumn } from '../set.ts';
import type { Wanted } from './wanted.ts';

/** How rows become pieces of a file, in SQL: the database writes text faster than this process could. */
export interface RowSql {
  /** The select list that makes a row `x` of a row `t` of the set's relation. */
  cells: string;
  /** What of `x` goes into the file: one text for a whole line, or a value for each column of Parquet. */
  pieces: readonly string[];
  /** The aggregate that puts the pieces of many rows into one text. */
  gather: (piece: string) => string;
}

const lineEnd = `E'\\r\\n'`;
const joined = (piece: string) => `string_agg(${piece}, '')`;

/** RFC 4180: quoted where it holds a separator, a quote or a line break; the empty text is quoted, and null is empty. */
const csvText = (cell: string) =>
  `case when ${cell} = '' or ${cell} ~ '[",\\r\\n]' then '"' || replace(${cell}, '"', '""') || '"' else ${cell} end`;

/** A time as a spreadsheet reads it: UTC without saying so, and milliseconds only where there are some. */
const excelInstant = (sql: string) =>
  `case when date_trunc('second', ${sql}) = ${sql} then to_char(${sql}, 'YYYY-MM-DD HH24:MI:SS')
   else to_char(${sql}, 'YYYY-MM-DD HH24:MI:SS.MS') end`;

/** A text that a spreadsheet would take for a formula gets an apostrophe before it, so that it stays a text. */
const excelText = (sql: string) => `case when ${sql} ~ '^[=+@\\t\\r-]' then '''' || (${sql}) else ${sql} end`;

const select = (columns: readonly SetColumn[], cell: (column: SetColumn) => string) =>
  columns.map((column) => `${cell(column)} as ${column.name}`).join(', ');

function csv({ columns, dialect }: Wanted): RowSql {
  const excel = dialect === 'excel';
  const cell = ({ kind, sql }: SetColumn) => {
    if (kind === 'text') return excel ? excelText(sql) : sql;
    if (kind === 'instant') return excel ? excelInstant(sql) : instantSql(sql);
    if (kind === 'decimal') return `trim_scale(${sql})::text`;
    return `(${sql})::text`;
  };
  const shown = columns.map(
    ({ name, kind }) => `coalesce(${kind === 'text' ? csvText(`x.${name}`) : `x.${name}`}, '')`,
  );
  return { cells: select(columns, cell), pieces: [`${shown.join(` || ',' || `)} || ${lineEnd}`], gather: joined };
}

/** A line is the row as OData shows it to those who ask for exact decimals: decimals are strings. */
function ndjson({ columns }: Wanted): RowSql {
  const cell = ({ kind, sql }: SetColumn) => {
    if (kind === 'instant') return instantSql(sql);
    return kind === 'decimal' ? `trim_scale(${sql})::text` : sql;
  };
  const row = `select ${columns.map(({ name }) => `x.${name}`).join(', ')}`;
  return {
    cells: select(columns, cell),
    pieces: [`row_to_json((select shown from (${row}) shown))::text || E'\\n'`],
    gather: joined,
  };
}

/** Instants come as milliseconds and dates as days since 1970, decimals as their digits: see `parquet-columns.ts`. */
function parquet({ columns }: Wanted): RowSql {
  const cell = ({ kind, sql }: SetColumn) => {
    if (kind === 'instant') return `(extract(epoch from ${sql}) * 1000)::int8`;
    if (kind === 'date') return `(${sql}) - date '1970-01-01'`;
    return kind === 'decimal' ? `(${sql})::text` : sql;
  };
  return {
    cells: select(columns, cell),
    pieces: columns.map(({ name }) => `x.${name}`),
    gather: (piece) => `json_agg(${piece})::text`,
  };
}

/** How the rows of what is wanted are written. */
export const rowSqlOf = (wanted: Wanted): RowSql => ({ csv, ndjson, parquet })[wanted.format](wanted);
