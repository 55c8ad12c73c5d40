// The thread that writes Parquet files, one at a time, while the service goes on answering. It takes one message after
// the other and answers each with an `Answer`.
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { type ParquetColumn, schemaOf, writable } from './parquet-columns.ts';
import type { Chunk } from './read-rows.ts';

/** A file that is to be written. */
export interface Task {
  path: string;
  columns: readonly ParquetColumn[];
}

export type Message = { begin: Task } | { chunk: Chunk } | { end: true };

/** How long the file is now; its hash when it is complete; or why it could not be written. */
export type Answer = { bytes: number; hash: string | null } | { failed: { code: string | undefined; message: string } };

/** A row group has at most about so many rows, and texts of so many characters: that much is in memory at a time. */
const groupRows = 32_768;
const groupCharacters = 32 * 1024 * 1024;

interface File {
  write(chunk: Chunk): Answer;
  finish(): Answer;
}

function begin({ path, columns }: Task): File {
  const fd = openSync(path, 'wx', 0o600);
  const hash = createHash('sha256');
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({ writer, schema: schemaOf(columns), createdBy: 'milemarker' });
  const none = (): unknown[][] => columns.map(() => []);
  let waiting = none();
  let rows = 0;
  let characters = 0;

  function flush(): void {
    const bytes = writer.getBytes();
    hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    writer.index = 0;
  }

  function writeGroup(): void {
    if (rows === 0) return;
    const columnData = columns.map(({ name }, at) => ({ name, data: waiting[at] ?? [] }));
    // Nothing that this writer does is asynchronous: it writes to memory.
    void parquet.write({ columnData, rowGroupSize: rows });
    waiting = none();
    rows = 0;
    characters = 0;
    flush();
  }

  return {
    write(chunk) {
      for (const [at, { kind }] of columns.entries()) {
        const piece = chunk.pieces[at] ?? [];
        if (typeof piece === 'string') characters += piece.length;
        const values: readonly unknown[] = typeof piece === 'string' ? JSON.parse(piece) : piece;
        const target = waiting[at] ?? [];
        const read = writable[kind];
        for (const value of values) target.push(read === undefined || value === null ? value : read(value));
      }
      rows += chunk.rows;
      if (rows >= groupRows || characters >= groupCharacters) writeGroup();
      return { bytes: writer.offset, hash: null };
    },
    finish() {
      writeGroup();
      void parquet.finish();
      flush();
      closeSync(fd);
      return { bytes: writer.offset, hash: hash.digest('base64url') };
    },
  };
}

let file: File | undefined;

function answerTo(message: Message): Answer {
  if ('begin' in message) {
    file = begin(message.begin);
    return { bytes: 0, hash: null };
  }
  if (file === undefined) throw new Error('No file was begun.');
  return 'chunk' in message ? file.write(message.chunk) : file.finish();
}

parentPort?.on('message', (message: Message) => {
  let answer: Answer;
  try {
    answer = answerTo(message);
  } catch (error) {
    const failed = error instanceof Error ? error : new Error(String(error));
    answer = { failed: { code: 'code' in failed ? String(failed.code) : undefined, message: failed.message } };
  }
  parentPort?.postMessage(answer);
});
