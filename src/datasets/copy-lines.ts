import type { Column, Columns } from './columns.ts';
import type { AnyRow } from './declare.ts';

const special = /[\\\t\n\r]/;
const everySpecial = /[\\\t\n\r]/g;
const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const escaped = (text: string) =>
  special.test(text) ? text.replace(everySpecial, (found) => escapes[found] ?? found) : text;

const listText = (values: readonly unknown[]) =>
  `{${values.map((value) => `"${String(value).replace(/["\\]/g, '\\$&')}"`).join(',')}}`;

function cellText({ kind }: Column, value: unknown): string {
  if (kind === 'list') return escaped(listText((value ?? []) as unknown[]));
  if (kind === 'map') return escaped(JSON.stringify(value ?? {}));
  if (value === null || value === undefined) return '\\N';
  return escaped(String(value));
}

/**
 * Rows that were checked, as lines of PostgreSQL's COPY in its text format: the columns in their order, then what every
 * row of the batch has in common.
 */
export function copyLines(columns: Columns, rows: readonly AnyRow[], common: string): string {
  const cells = Object.entries(columns);
  const end = `${escaped(common)}\n`;
  let lines = '';
  // Hot: a hundred thousand rows a second. A plain loop takes half as long as joining lists.
  for (const row of rows) {
    for (const [name, column] of cells) lines += `${cellText(column, row[name])}\t`;
    lines += end;
  }
  return lines;
}
