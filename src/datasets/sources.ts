import { pipeline, type Readable } from 'node:stream';
import { CsvError, type Info, parse } from 'csv-parse';
import { ApiError } from '../errors.ts';
import { parseJson } from '../http/json-parser.ts';
import type { RowError } from './check-row.ts';
import type { AnyRow, Dataset, Kind } from './declare.ts';

/** One row as it came: its place (line of the file), and what was read there, or why nothing could be. */
export type Incoming = { row: number; value: unknown } | { row: number; error: RowError };

const mostLineBytes = 1_048_576;

/**
 * Reads newline-delimited JSON. A line that is no JSON is an error of its own, and reading goes on with the next one.
 * Blank lines are passed over.
 */
export async function* ndjsonRows(stream: Readable): AsyncGenerator<Incoming> {
  let row = 0;
  for await (const line of lines(stream)) {
    row++;
    if (isBlank(line)) continue;
    if (line.length > mostLineBytes) {
      yield { row, error: { row, pointer: '', code: 'line_too_long', detail: 'A line may have 1 MiB.' } };
      continue;
    }
    try {
      yield { row, value: parseJson(line) };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      yield { row, error: { row, pointer: '', code: error.code, detail: error.message } };
    }
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
 * Reads CSV as people export it: RFC 4180, a byte order mark or none, CRLF or LF, quoted line breaks, blank cells for
 * what is not known. The first line names the columns, in any order. Lists are separated by `|`.
 * A broken quote ends the reading, since nothing after it can be told apart.
 */
export async function* csvRows(stream: Readable, dataset: Dataset): AsyncGenerator<Incoming> {
  const parser = parse({ bom: true, relax_column_count: true, skip_empty_lines: true, info: true });
  // A failure of either end destroys the parser with it, so the loop below throws it.
  pipeline(decoded(stream), parser, () => undefined);
  let columns: Column[] | undefined;
  let line = 1;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      // `info.lines` is the line that a record ends on; the one it begins on is what a person looks for.
      const row = info.lines - record.reduce((breaks, cell) => breaks + newlines(cell), 0);
      line = info.lines + 1;
      if (!columns) {
        columns = header(record, dataset);
        continue;
      }
      if (record.length !== columns.length) {
        const detail = `The row has ${record.length} cells, the header ${columns.length}.`;
        yield { row, error: { row, pointer: '', code: 'wrong_cell_count', detail } };
        continue;
      }
      yield readRecord(record, columns, row);
    }
  } catch (error) {
    if (error instanceof CsvError)
      yield { row: line, error: { row: line, pointer: '', code: 'broken_csv', detail: csvDetail(error, line) } };
    else if (error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      yield {
        row: line,
        error: {
          row: line,
          pointer: '',
          code: 'not_utf8',
          detail: 'The file is not UTF-8 from about this line on. Save it as UTF-8.',
        },
      };
    else throw error;
    return;
  }
  if (!columns) throw new ApiError(422, 'empty_csv', 'The CSV is empty: its first line names the columns.');
}

const newlines = (cell: string) => {
  let count = 0;
  for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) count++;
  return count;
};

const csvDetail = (error: CsvError, line: number) =>
  error.code === 'CSV_QUOTE_NOT_CLOSED'
    ? `A quote that was opened at or after line ${line} is never closed: the file was cut short, or a quote within a cell is not doubled.`
    : `The CSV cannot be read from line ${line} on: a quote stands where none may. Within a quoted cell a quote is doubled.`;

/** Decodes strictly: a wrong byte is an error, not a question mark. */
async function* decoded(stream: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for await (const chunk of chunksOf(stream)) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

interface Column {
  name: string;
  kind: Kind | undefined;
  prose: boolean;
}

function header(record: string[], { columns, one }: Dataset): Column[] {
  const names = record.map((cell) => cell.trim());
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

function readRecord(record: string[], columns: Column[], row: number): Incoming {
  const value: AnyRow = {};
  for (const [at, { name, kind, prose }] of columns.entries()) {
    const cell = record[at] ?? '';
    const trimmed = cell.trim();
    if (trimmed === '') continue;
    if (cell.includes('\0'))
      return {
        row,
        error: { row, pointer: `/${name}`, code: 'null_character', detail: `${name} holds the character U+0000.` },
      };
    value[name] = prose ? cell : readCell(trimmed, kind);
  }
  return { row, value };
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
