import type { Readable } from 'node:stream';
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { chunksOf, type Incoming, mostLineBytes, unreadable } from './sources.ts';

/** Why nothing can be read from a line on. */
type Broken = Extract<Incoming, { error: unknown }>;

/** A record as it stands in the file, a character a byte, and the line that it begins on. */
interface RecordText {
  text: string;
  row: number;
  quoted: boolean;
}

/** A record of CSV; its cells hold a character a byte. */
export interface CsvRecord {
  cells: string[];
  row: number;
  bytes: number;
  /** Whether every byte of it is a character that may be stored as it is. */
  plain: boolean;
}

/**
 * Splits CSV into records, all those at once that a piece of the stream completes. A quote within a cell is doubled, so a
 * record ends with the line that makes the number of its quotes even.
 */
export async function* csvRecords(stream: Readable): AsyncGenerator<(CsvRecord | Broken)[]> {
  const open: string[] = [];
  let openBytes = 0;
  let isOpen = false;
  let row = 1;
  let line = 0;
  for await (const lines of csvLines(stream)) {
    const texts: RecordText[] = [];
    for (const { text, end } of lines) {
      line++;
      const quotes = quotesIn(text);
      if (quotes === 0 && !isOpen) {
        texts.push({ text, row: line, quoted: false });
        continue;
      }
      if (!isOpen) row = line;
      isOpen = isOpen !== (quotes % 2 === 1);
      open.push(text, end);
      openBytes += text.length + end.length;
      if (isOpen && openBytes <= mostLineBytes) continue;
      open.pop();
      texts.push({ text: open.splice(0).join(''), row, quoted: true });
      openBytes = 0;
    }
    const records = split(texts);
    yield records;
    const last = records.at(-1);
    if (last && 'ends' in last) return;
  }
  if (isOpen) yield split([{ text: open.join(''), row, quoted: true }]);
}

/**
 * The cells of records, up to the first that is broken. Most hold no quote and are split at their commas, several times
 * as quick as by the parser, which reads the others.
 */
function split(texts: readonly RecordText[]): (CsvRecord | Broken)[] {
  const records: (CsvRecord | Broken)[] = [];
  const parsed = parseQuoted(texts);
  for (const { text, row, quoted } of texts) {
    if (isBlank(text)) continue;
    const isLong = text.length > mostLineBytes;
    try {
      const cells = !quoted ? text.split(',') : (parsed?.shift() ?? parse(text, parserOptions)[0] ?? []);
      if (isLong) return [...records, broken(row, 'CSV_MAX_RECORD_SIZE')];
      records.push({ cells, row, bytes: text.length, plain: isPlain(text) });
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      const isOpen = error.code === 'CSV_QUOTE_NOT_CLOSED';
      if (isLong && isOpen) return [...records, broken(row, 'CSV_MAX_RECORD_SIZE')];
      return [...records, otherwiseSeparated.test(text) ? separatedOtherwise(row) : broken(row, error.code)];
    }
  }
  return records;
}

const parserOptions = { relax_column_count: true, record_delimiter: '\n' };

/** The cells of all records with quotes in one go; undefined where one of them is broken. */
function parseQuoted(texts: readonly RecordText[]): string[][] | undefined {
  const quoted = texts.filter((one) => one.quoted).map(({ text }) => text);
  if (quoted.length === 0) return undefined;
  try {
    return parse(quoted.join('\n'), parserOptions);
  } catch (error) {
    if (error instanceof CsvError) return undefined;
    throw error;
  }
}

/** Spreadsheets write a row without anything in it as a line of commas. */
const isBlank = (text: string) => /^[, \t]*$/.test(text);

const isPlain = (text: string) => !/[\0\u0080-\u00ff]/.test(text);

function quotesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count++;
  return count;
}

interface CsvLine {
  text: string;
  /** How it ends: LF, CRLF or CR; '' at the end of the file, or where it is longer than a record may be. */
  end: string;
}

const lineEnd = /\r\n|\n|\r/g;

/** The lines that each piece of the stream completes. */
async function* csvLines(stream: Readable): AsyncGenerator<CsvLine[]> {
  let pieces: string[] = [];
  let held = 0;
  let carried = '';
  const whole = (last: string) => {
    const text = pieces.length === 0 ? last : pieces.join('') + last;
    pieces = [];
    held = 0;
    return text;
  };
  for await (const chunk of withoutMark(chunksOf(stream))) {
    let text = carried + chunk.toString('latin1');
    // What follows tells whether it is a CRLF.
    carried = text.endsWith('\r') ? '\r' : '';
    if (carried) text = text.slice(0, -1);
    const lines: CsvLine[] = [];
    let from = 0;
    for (const { 0: end, index } of text.matchAll(lineEnd)) {
      lines.push({ text: whole(text.slice(from, index)), end });
      from = index + end.length;
    }
    pieces.push(text.slice(from));
    held += text.length - from;
    if (held > mostLineBytes) lines.push({ text: whole(''), end: '' });
    yield lines;
  }
  const last = whole('');
  if (last || carried) yield [{ text: last, end: carried }];
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

/** A first cell in quotes that ends at no comma. */
const otherwiseSeparated = /^"[^"]*"[;\t]/;

const separatedOtherwise = (line: number): Broken => {
  const detail = `The cells of line ${line} are separated by semicolons or tabs. Save the CSV with commas.`;
  return { ...unreadable(line, 'wrong_separator', detail), ends: true };
};

/** Why a file cannot be read from a line on. */
function broken(line: number, code: string): Broken {
  const detail =
    code === 'CSV_QUOTE_NOT_CLOSED'
      ? `A quote that was opened at or after line ${line} is never closed: the file was cut short, or a quote within a cell is not doubled.`
      : code === 'CSV_MAX_RECORD_SIZE'
        ? `The row that begins at line ${line} is longer than 1 MiB: a quote within a cell is not doubled, or one is never closed.`
        : `The CSV cannot be read from line ${line} on: a quote stands where none may. Within a quoted cell a quote is doubled.`;
  return { ...unreadable(line, 'broken_csv', detail), ends: true };
}
