import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Database } from '../../db/pool.ts';
import { ApiError, unavailable } from '../../errors.ts';
import type { FileWriter } from './file-writer.ts';
import { snapshotOf } from './has-changed.ts';
import { parquetFile } from './parquet-file.ts';
import { readRows } from './read-rows.ts';
import { textFile } from './text-file.ts';
import type { Wanted } from './wanted.ts';

/** A file that is complete. */
export interface Built {
  path: string;
  bytes: number;
  /** Of all bytes, so that the same rows have the same tag wherever and whenever they were exported. */
  etag: string;
  built_at: Date;
}

interface BuildOptions {
  path: string;
  /** Above this many bytes the export is refused. */
  max_bytes: number;
  /** Gives up at once when nobody waits for the file any more. */
  signal: AbortSignal;
  /** Is told what the rows are a snapshot of, as soon as it is known. */
  sees(snapshot: string): void;
}

/** How long one statement may take: the first rows of a set that is worked out may need long. */
const statementMs = 300_000;

const tooLarge = ({ set }: Wanted, max_bytes: number) =>
  new ApiError(
    413,
    'export_too_large',
    `The export of ${set.name} is larger than ${Math.floor(max_bytes / 1024 ** 2)} MiB. Ask for fewer columns (columns=)${
      set.time === undefined ? '' : ' or a shorter period (from=, to=)'
    }, or let the operator raise MAX_EXPORT_MB.`,
  );

const diskIsFull = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** What a caller is told of an error of the file system. */
function explained(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && diskIsFull.has(String(error.code)))) return error;
  const told = unavailable('storage_full', "The service's disk is full, so the file could not be made.", 60);
  Object.defineProperty(told, 'cause', { value: error });
  return told;
}

/**
 * Writes what is wanted to a new file, as one snapshot of the database has it. The file is complete before anybody gets
 * a byte of it; when anything fails nothing of it is left.
 * @throws ApiError 413 above the size limit, 503 where the disk is full or the database away; the signal's reason
 */
export async function build(
  db: Database,
  wanted: Wanted,
  { path, max_bytes, signal, sees }: BuildOptions,
): Promise<Built> {
  let writer: FileWriter | undefined;
  const check = (bytes: number) => {
    if (bytes > max_bytes) throw tooLarge(wanted, max_bytes);
  };
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await (wanted.format === 'parquet' ? parquetFile : textFile)(path, wanted);
    writer = file;
    await db.read(
      async (client) => {
        sees(await snapshotOf(client));
        for await (const chunk of readRows(client, wanted, signal)) check(await file.write(chunk));
      },
      { statement_timeout_ms: statementMs },
    );
    const { bytes, hash } = await file.finish();
    check(bytes);
    await file.close();
    writer = undefined;
    signal.throwIfAborted();
    return { path, bytes, etag: `"${hash.slice(0, 27)}"`, built_at: new Date() };
  } catch (error) {
    await writer?.close().catch(() => {});
    await rm(path, { force: true }).catch(() => {});
    throw explained(error);
  }
}
