import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { ApiError } from '../errors.ts';
import { parseJson } from '../http/json-parser.ts';
import type { AnyRow, Dataset, Kind } from './declare.ts';
import { chunksOf, type Incoming, mostLineBytes, unreadable } from './sources.ts';

/**
 * Reads CSV as people export it: RFC 4180, a byte order mark or none, lines that end in any way, quoted line breaks,
 * blank cells for what is not known. The first line names the columns, in any order. Lists are separated by `|`.
 * A broken quote ends the reading, since nothing after it can be told apart.
 * @throws ApiError 422 where the first line does not name the columns of the dataset.
 */
export async function* csvRows(stream: Readable, dataset: Dataset): AsyncGenerator<Incoming> {
  let columns: Column[] | undefined;
  // Where the next record begins.
  const place = { line: 1 };
  try {
    for await (const { record, row, bytes } of csvRecords(stream, place)) {
      if (isBlank(record)) continue;
      if (!columns) columns = header(record, dataset);
      else if (record.length !== columns.length)
        yield unreadable(
          row,
          'wrong_cell_count',
          `The row has ${record.length} cells, the header ${columns.length}. A cell with a comma in it stands in quotes.`,
        );
      else yield readRecord(record, columns, row, bytes);
    }
  } catch (error) {
    const broken = brokenCsv(error, place.line);
    if (!broken) throw error;
    yield { ...unreadable(place.line, ...broken), ends: true };
    return;
  }
  if (!columns) throw new ApiError(422, 'empty_csv', 'The CSV is empty: its first line names the columns.');
}

/**
 * Splits CSV into records. The parser is given a piece when its records are asked for and not before, so nothing is left
 * half read when whoever asks stops. Cells are read as Latin-1, a character a byte: see `decoded`.
 */
async function* csvRecords(stream: Readable, place: { line: number }) {
  const parser = parse({
    encoding: 'latin1',
    // Left to itself the parser takes the first line's end for the end of all.
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    max_record_size: mostLineBytes,
  });
  // Thrown below.
  parser.on('error', () => undefined);
  for await (const chunk of withoutMark(chunksOf(stream))) {
    parser.write(chunk);
    for (let record = parser.read(); record !== null; record = parser.read()) yield placed(record, place);
    if (parser.errored) throw parser.errored;
  }
  parser.end();
  for await (const record of parser) yield placed(record, place);
}

/** A record with the line that it begins on, and how long it is. (The parser counts a CRLF within quotes twice.) */
function placed(record: string[], place: { line: number }) {
  const row = place.line;
  let bytes = record.length;
  place.line++;
  for (const cell of record) {
    bytes += cell.length;
    place.line += lineFeeds(cell);
  }
  return { record, row, bytes };
}

const isBlank = (record: string[]) => record.length === 1 && record[0] === '';

const byteOrderMark = Buffer.from('\ufeff');

async function* withoutMark(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let start: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (!start) yield chunk;
    else {
      start = Buffer.concat([start, chunk]);
      if (start.length < byteOrderMark.length) continue;
      if (!start.equals(byteOrderMark))
        yield start.indexOf(byteOrderMark) === 0 ? start.subarray(byteOrderMark.length) : start;
      start = undefined;
    }
  }
  if (start?.length) yield start;
}

/** A cell as the UTF-8 that its bytes are; undefined where they are not: elsewhere they would become question marks. */
function decoded(cell: string): string | undefined {
  if (!/[\u0080-\u00ff]/.test(cell)) return cell;
  const bytes = Buffer.from(cell, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : undefined;
}

function lineFeeds(cell: string): number {
  let count = 0;
  for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) count++;
  return count;
}

/** Why a file cannot be read from a line on; undefined for another failure. */
function brokenCsv(error: unknown, line: number): [code: string, detail: string] | undefined {
  if (!(error instanceof CsvError)) return undefined;
  if (error.code === 'CSV_QUOTE_NOT_CLOSED')
    return [
      'broken_csv',
      `A quote that was opened at or after line ${line} is never closed: the file was cut short, or a quote within a cell is not doubled.`,
    ];
  if (error.code === 'CSV_MAX_RECORD_SIZE')
    return [
      'broken_csv',
      `The row that begins at line ${line} is longer than 1 MiB: a quote within a cell is not doubled, or one is never closed.`,
    ];
  return [
    'broken_csv',
    `The CSV cannot be read from line ${line} on: a quote stands where none may. Within a quoted cell a quote is doubled.`,
  ];
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

function readRecord(record: string[], columns: Column[], row: number, bytes: number): Incoming {
  const value: AnyRow = {};
  for (const [at, { name, kind, prose }] of columns.entries()) {
    const cell = decoded(record[at] ?? '');
    if (cell === undefined) return refused(row, name, 'not_utf8', `${name} is not UTF-8. Save the file as UTF-8.`);
    const trimmed = cell.trim();
    if (trimmed === '') continue;
    if (cell.includes('\0'))
      return refused(row, name, 'unstorable_text', `${name} holds the character U+0000, which cannot be stored.`);
    value[name] = prose ? cell : readCell(trimmed, kind);
  }
  return { row, value, bytes };
}

/** A cell as JSON would say it; what cannot be read stays text, so that the schema names what it should have been. */
function readCell(cell: string, kind: Kind | undefined): unknown {
  switch (kind) {
    case 'number':
      return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(cell) ? Number(cell) : cell;
    case 'flag':
      return /^true$/i.test(cell) ? true : /^false$/i.test(cell) ? false : cell;
    case 'list':
      return cell
        .split('|')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    case 'map':
      try {
        return parseJson(Buffer.from(cell));
      } catch {
        return cell;
      }
    default:
      return cell;
  }
}
