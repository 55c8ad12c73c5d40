import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { CsvError, type Info, parse } from 'csv-parse';
import { ApiError } from '../errors.ts';
import { parseJson } from '../http/json-parser.ts';
import type { RowError } from './check-row.ts';
import type { AnyRow, Dataset, Kind } from './declare.ts';

/**
 * One row as it came: its place (line of the file), and what was read there, with how much of the file that was; or why
 * nothing could be read, and whether what follows cannot be read either.
 */
export type Incoming = { row: number; value: unknown; bytes: number } | { row: number; error: RowError; ends?: true };

const mostLineBytes = 1_048_576;

const unreadable = (row: number, code: string, detail: string) => ({ row, error: { row, pointer: '', code, detail } });

/**
 * Reads newline-delimited JSON. A line that is no JSON is an error of its own, and reading goes on with the next one.
 * Blank lines are passed over.
 */
export async function* ndjsonRows(stream: Readable): AsyncGenerator<Incoming> {
  let row = 0;
  for await (const line of lines(stream)) {
    row++;
    if (isBlank(line)) continue;
    yield line.length > mostLineBytes
      ? unreadable(row, 'line_too_long', 'The line is longer than 1 MiB. Each line holds one row.')
      : readLine(line, row);
  }
}

function readLine(line: Buffer, row: number): Incoming {
  try {
    return { row, value: parseJson(line), bytes: line.length };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // The parser speaks of a body, which a line is to it.
    const said = error.message.replace(/^The body/, 'The line').replace('at line 1, column', 'at column');
    const detail = error.code === 'not_json' ? `${said} Each line is one JSON object.` : said;
    return unreadable(row, error.code, detail);
  }
}

const isBlank = (line: Buffer) => line.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);

// Whoever stops reading early must not close the socket: the sender is still to be told why.
const chunksOf = (stream: Readable): AsyncIterable<Buffer> => stream.iterator({ destroyOnReturn: false });

/** Splits at line feeds. Of a line that is too long only so much is kept that its length can be told. */
async function* lines(stream: Readable): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let held = 0;
  const line = () => {
    const whole = Buffer.concat(pieces);
    pieces = [];
    held = 0;
    return whole;
  };
  const keep = (piece: Buffer) => {
    if (held > mostLineBytes) return;
    pieces.push(piece);
    held += piece.length;
  };
  for await (const chunk of chunksOf(stream)) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, from)) {
      keep(chunk.subarray(from, end));
      from = end + 1;
      yield line();
    }
    keep(chunk.subarray(from));
  }
  if (held > 0) yield line();
}

/**
 * Reads CSV as people export it: RFC 4180, a byte order mark or none, lines that end in any way, quoted line breaks, blank cells for
 * what is not known. The first line names the columns, in any order. Lists are separated by `|`.
 * A broken quote ends the reading, since nothing after it can be told apart.
 * @throws ApiError 422 where the first line does not name the columns of the dataset.
 */
export async function* csvRows(stream: Readable, dataset: Dataset): AsyncGenerator<Incoming> {
  let columns: Column[] | undefined;
  // Where the next record begins.
  const place = { line: 1 };
  try {
    for await (const { record, row, bytes } of csvRecords(stream, place)) {
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
    skip_empty_lines: true,
    info: true,
    max_record_size: mostLineBytes,
  });
  // Thrown below.
  parser.on('error', () => undefined);
  let bytes = 0;
  let blankLines = 0;
  // The parser counts a CRLF within quotes as two lines, so lines are counted here.
  const placed = ({ record, info }: { record: string[]; info: Info }) => {
    const row = place.line + info.empty_lines - blankLines;
    const length = info.bytes - bytes;
    ({ bytes, empty_lines: blankLines } = info);
    place.line = row + 1 + record.reduce((breaks, cell) => breaks + lineFeeds(cell), 0);
    return { record, row, bytes: length };
  };
  for await (const chunk of withoutMark(chunksOf(stream))) {
    parser.write(chunk);
    for (let found = parser.read(); found !== null; found = parser.read()) yield placed(found);
    if (parser.errored) throw parser.errored;
  }
  parser.end();
  for await (const found of parser) yield placed(found);
}

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

function readRecord(record: string[], columns: Column[], row: number, bytes: number): Incoming {
  const value: AnyRow = {};
  for (const [at, { name, kind, prose }] of columns.entries()) {
    const cell = decoded(record[at] ?? '');
    const refused = (code: string, detail: string) => ({ row, error: { row, pointer: `/${name}`, code, detail } });
    if (cell === undefined) return refused('not_utf8', `${name} is not UTF-8. Save the file as UTF-8.`);
    const trimmed = cell.trim();
    if (trimmed === '') continue;
    if (cell.includes('\0'))
      return refused('unstorable_text', `${name} holds the character U+0000, which cannot be stored.`);
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
