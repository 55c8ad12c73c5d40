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
 * Reads newline-delimited JSON, as many rows at once as a piece of the stream holds. A line that is no JSON is an error
 * of its own, and reading goes on with the next one. Blank lines are passed over.
 */
export async function* ndjsonRows(stream: Readable): AsyncGenerator<Incoming[]> {
  let row = 0;
  for await (const some of lines(stream)) {
    const rows: Incoming[] = [];
    for (const line of some) {
      row++;
      if (isBlank(line)) continue;
      rows.push(
        line.length > mostLineBytes
          ? unreadable(row, 'line_too_long', 'The line is longer than 1 MiB. Each line holds one row.')
          : readLine(line, row),
      );
    }
    yield rows;
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

/**
 * The lines that each piece of the stream completes. Of one that is too long only so much is kept that it can be told.
 */
async function* lines(stream: Readable): AsyncGenerator<Buffer[]> {
  let pieces: Buffer[] = [];
  let held = 0;
  for await (const chunk of chunksOf(stream)) {
    const whole: Buffer[] = [];
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, from)) {
      const piece = chunk.subarray(from, end);
      whole.push(pieces.length === 0 ? piece : Buffer.concat([...pieces, piece]));
      pieces = [];
      held = 0;
      from = end + 1;
    }
    if (held <= mostLineBytes) {
      pieces.push(chunk.subarray(from));
      held += chunk.length - from;
    }
    yield whole;
  }
  if (held > 0) yield [Buffer.concat(pieces)];
}
