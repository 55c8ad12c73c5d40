import type { Readable } from 'node:stream';
import { ApiError } from '../errors.ts';
import { parseJson } from '../http/json-parser.ts';
import type { RowError } from './check-row.ts';

/**
 * One row as it came: its place (line of the file), and what was read there, with how much of the file that was; or why
 * nothing could be read, and whether what follows cannot be read either.
 */
export type Incoming = { row: number; value: unknown; bytes: number } | { row: number; error: RowError; ends?: true };

export const mostLineBytes = 1_048_576;

/** A row of which nothing could be read. */
export const unreadable = (row: number, code: string, detail: string) => ({
  row,
  error: { row, pointer: '', code, detail },
});

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
export const chunksOf = (stream: Readable): AsyncIterable<Buffer> => stream.iterator({ destroyOnReturn: false });

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
