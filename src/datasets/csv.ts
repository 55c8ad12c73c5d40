import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { ApiError } from '../errors.ts';
import { readCell } from './cells.ts';
import type { Kind } from './columns.ts';
import { type CsvRecord, csvRecords } from './csv-records.ts';
import type { AnyRow, Dataset } from './declare.ts';
import { type Incoming, unreadable } from './sources.ts';

/**
 * Reads CSV as people export it: RFC 4180, a byte order mark or none, lines that end in any way, quoted line breaks,
 * blank cells for what is not known. The first line names the columns, in any order. Lists are separated by `|`.
 * A broken quote ends the reading, since nothing after it can be told apart. Rows come as many at once as a piece of the
 * stream holds.
 * @throws ApiError 422 where the first line does not name the columns of the dataset.
 */
export async function* csvRows(stream: Readable, dataset: Dataset): AsyncGenerator<Incoming[]> {
  let columns: Column[] | undefined;
  for await (const records of csvRecords(stream)) {
    const rows: Incoming[] = [];
    for (const record of records) {
      if ('error' in record) rows.push(record);
      else if (columns) rows.push(readRecord(record, columns));
      else columns = header(record.cells, dataset);
    }
    yield rows;
  }
  if (!columns) throw new ApiError(422, 'empty_csv', 'The CSV is empty: its first line names the columns.');
}

/** A cell as the UTF-8 that its bytes are; undefined where they are not: elsewhere they would become question marks. */
function decoded(cell: string): string | undefined {
  if (!/[\u0080-\u00ff]/.test(cell)) return cell;
  const bytes = Buffer.from(cell, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : undefined;
}

interface Column {
  name: string;
  kind: Kind | undefined;
  prose: boolean;
}

function header(record: string[], { columns, one }: Dataset): Column[] {
  const names = record.map((cell) => decoded(cell)?.trim());
  if (!names.every((name) => name !== undefined))
    throw new ApiError(422, 'not_utf8', 'The CSV is not UTF-8. Save it as UTF-8.');
  const [only = ''] = names;
  const separator = names.length === 1 ? /[;\t]/.exec(only)?.[0] : undefined;
  if (separator !== undefined)
    throw new ApiError(
      422,
      'wrong_separator',
      `The cells of the CSV are separated by ${separator === ';' ? 'semicolons' : 'tabs'}. Save it with commas.`,
    );
  const nameless = names.indexOf('');
  if (nameless !== -1)
    throw new ApiError(422, 'nameless_column', `Column ${nameless + 1} of the CSV has no name in the first line.`);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new ApiError(422, 'column_twice', `The CSV names the column '${twice}' twice.`);
  const known = Object.keys(columns).filter((name) => !columns[name]?.derived);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new ApiError(
      422,
      'unknown_column',
      `The CSV has columns that a ${one.replaceAll('_', ' ')} has not: ${unknown.join(', ')}. It may have: ${known.join(', ')}.`,
    );
  const missing = known.filter((name) => columns[name]?.required && !names.includes(name));
  if (missing.length > 0) throw new ApiError(422, 'missing_column', `The CSV lacks the columns ${missing.join(', ')}.`);
  return names.map((name) => ({ name, kind: columns[name]?.kind, prose: columns[name]?.personal ?? false }));
}

const refused = (row: number, name: string, code: string, detail: string) => ({
  row,
  error: { row, pointer: `/${name}`, code, detail },
});

function readRecord({ cells, row, bytes, plain }: CsvRecord, columns: Column[]): Incoming {
  if (cells.length !== columns.length)
    return unreadable(
      row,
      'wrong_cell_count',
      `The row has ${cells.length} cells, the header ${columns.length}. A cell with a comma in it stands in quotes.`,
    );
  const value: AnyRow = {};
  let at = 0;
  for (const { name, kind, prose } of columns) {
    const sent = cells[at++] ?? '';
    const cell = plain ? sent : decoded(sent);
    if (cell === undefined) return refused(row, name, 'not_utf8', `${name} is not UTF-8. Save the file as UTF-8.`);
    const trimmed = cell.trim();
    if (trimmed === '') continue;
    if (!plain && cell.includes('\0'))
      return refused(row, name, 'unstorable_text', `${name} holds the character U+0000, which cannot be stored.`);
    value[name] = prose ? cell : readCell(trimmed, kind);
  }
  return { row, value, bytes };
}
