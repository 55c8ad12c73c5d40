import type { Client, Database } from '../db/pool.ts';
import { ApiError } from '../errors.ts';
import { excerpt, type RowError } from './check-row.ts';
import type { AnyRow, Dataset } from './declare.ts';
import type { Incoming } from './sources.ts';
import { type Author, store } from './store.ts';

/** What became of the rows that were sent. The counts are complete; of the errors, the first thousand are told. */
export interface Report {
  received: number;
  created: number;
  updated: number;
  unchanged: number;
  rejected: number;
  errors: RowError[];
}

export interface IngestOptions {
  /** `abort`: the first bad row ends it. `skip`: good rows are stored, bad ones named. */
  on_error: 'abort' | 'skip';
  author: Author;
  check: (row: unknown) => Omit<RowError, 'row'>[] | null;
}

interface Batch {
  rows: { row: number; value: AnyRow }[];
  keys: Set<string>;
  /** The last line that was read for it. */
  through: number;
}

const batchRows = 5_000;
const mostErrors = 1_000;

/** Ends an ingest at a bad row. */
class Refused extends Error {
  /** The errors of each row that the report does not hold yet. */
  readonly rows: RowError[][];
  constructor(rows: RowError[][]) {
    super('A row was refused.');
    this.rows = rows;
  }
}

const emptyReport = (): Report => ({ received: 0, created: 0, updated: 0, unchanged: 0, rejected: 0, errors: [] });

function reject(report: Report, errors: RowError[]): void {
  report.rejected++;
  report.errors.push(...errors.slice(0, mostErrors - report.errors.length));
}

/**
 * Stores a whole body in one transaction: with `abort` all of it or nothing.
 * @throws ApiError 422 with the bad rows, when one is refused and `on_error` is `abort`.
 */
export async function ingestRows(
  db: Database,
  dataset: Dataset,
  rows: Iterable<Incoming>,
  options: IngestOptions,
): Promise<Report> {
  const report = emptyReport();
  const batch = newBatch();
  for (const incoming of rows) take(report, batch, dataset, incoming, options);
  if (options.on_error === 'abort' && report.rejected > 0) throw refusal(report, 'Nothing was stored.');
  try {
    add(report, await storeBatch(db, dataset, batch, options));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    for (const errors of error.rows) reject(report, errors);
    throw refusal(report, 'Nothing was stored.');
  }
  return report;
}

/**
 * Stores a stream of any length, batch by batch, two in flight: memory stays flat, and the sender is held back by its
 * socket while the database is busy. A batch that holds a key of the one before it waits for that one, so that of two
 * rows with the same key the later one stays.
 * @throws ApiError 422 at the first bad row when `on_error` is `abort`; it says through which row all is stored.
 */
export async function ingestStream(
  db: Database,
  dataset: Dataset,
  rows: AsyncIterable<Incoming>,
  options: IngestOptions,
): Promise<Report> {
  const report = emptyReport();
  const inFlight: { batch: Batch; outcome: Promise<BatchResult | Error> }[] = [];
  let storedThrough = 0;

  const settleOldest = async () => {
    const oldest = inFlight.shift();
    if (!oldest) return;
    const outcome = await oldest.outcome;
    if (outcome instanceof Error) throw outcome;
    add(report, outcome);
    storedThrough = oldest.batch.through;
  };
  const send = async (batch: Batch) => {
    while (inFlight.length === 2 || inFlight.some((other) => overlaps(other.batch, batch))) await settleOldest();
    // A failure is kept as a value until its turn comes, so that it cannot go unhandled while rows are being read.
    const outcome = storeBatch(db, dataset, batch, options).catch((error: Error) => error);
    inFlight.push({ batch, outcome });
  };

  try {
    let batch = newBatch();
    for await (const incoming of rows) {
      const refused = take(report, batch, dataset, incoming, options);
      if (refused && options.on_error === 'abort') throw new Refused([]);
      if (batch.rows.length < batchRows) continue;
      await send(batch);
      batch = newBatch();
    }
    if (batch.rows.length > 0) await send(batch);
    while (inFlight.length > 0) await settleOldest();
    return report;
  } catch (error) {
    if (!(error instanceof Refused)) {
      await Promise.all(inFlight.map(({ outcome }) => outcome));
      throw error;
    }
    // What was sent before the bad row may still be stored; after another failure nothing more is counted on.
    for (const errors of error.rows) reject(report, errors);
    try {
      while (inFlight.length > 0) await settleOldest();
    } catch {
      await Promise.all(inFlight.map(({ outcome }) => outcome));
    }
    throw refusal(report, storedUpTo(storedThrough));
  }
}

/** The same as a stream, but in one transaction on one connection: all or nothing, however long, and slower. */
export async function ingestAtomically(
  db: Database,
  dataset: Dataset,
  rows: AsyncIterable<Incoming>,
  options: IngestOptions,
): Promise<Report> {
  const report = emptyReport();
  let begun = false;
  try {
    await db.write(async (client) => {
      // The stream cannot be read twice, so a conflict with another writer ends it.
      if (begun)
        throw new ApiError(
          409,
          'write_conflict',
          'Another sender changed the same rows at the same time. Send it again.',
        );
      begun = true;
      let batch = newBatch();
      for await (const incoming of rows) {
        const refused = take(report, batch, dataset, incoming, options);
        if (refused && options.on_error === 'abort') throw new Refused([]);
        if (batch.rows.length < batchRows) continue;
        add(report, await storeIn(client, dataset, batch, options));
        batch = newBatch();
      }
      add(report, await storeIn(client, dataset, batch, options));
    });
    return report;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    for (const errors of error.rows) reject(report, errors);
    throw refusal({ ...report, created: 0, updated: 0, unchanged: 0 }, 'Nothing was stored.');
  }
}

const storedUpTo = (row: number) =>
  row === 0
    ? 'Of the rows before it, none is sure to be stored. Sending all of them again is harmless.'
    : `Everything through row ${row} is stored. Sending it again is harmless.`;

function refusal(report: Report, what: string): ApiError {
  const first = report.errors[0];
  const at = first ? `Row ${first.row}${first.pointer && ` (${first.pointer.slice(1)})`}: ${first.detail} ` : '';
  return new ApiError(422, 'rows_refused', `${at}${what}`, {
    errors: report.errors,
    extensions: { report: { ...report, errors: undefined } },
  });
}

const newBatch = (): Batch => ({ rows: [], keys: new Set(), through: 0 });

function overlaps(one: Batch, other: Batch): boolean {
  for (const key of other.keys) if (one.keys.has(key)) return true;
  return false;
}

/** Checks a row and puts it in the batch. @returns whether it was refused. */
function take(report: Report, batch: Batch, dataset: Dataset, incoming: Incoming, { check }: IngestOptions): boolean {
  report.received++;
  batch.through = incoming.row;
  if ('error' in incoming) {
    reject(report, [incoming.error]);
    return true;
  }
  const { row, value } = incoming;
  const wrong = check(value);
  if (wrong) {
    reject(report, named(row, value, wrong));
    return true;
  }
  // The check has passed, so it is an object with the columns of the dataset.
  batch.rows.push({ row, value: value as AnyRow });
  batch.keys.add(String((value as AnyRow)[dataset.key]));
  return false;
}

const named = (row: number, value: unknown, wrong: Omit<RowError, 'row'>[]): RowError[] =>
  wrong.map((error) => ({ row, ...error, value: excerpt(value, error.pointer) ?? null }));

interface BatchResult {
  created: number;
  updated: number;
  unchanged: number;
  refused: RowError[][];
}

function add(report: Report, result: BatchResult): void {
  report.created += result.created;
  report.updated += result.updated;
  report.unchanged += result.unchanged;
  for (const errors of result.refused) reject(report, errors);
}

function storeBatch(db: Database, dataset: Dataset, batch: Batch, options: IngestOptions): Promise<BatchResult> {
  return db.write((client) => storeIn(client, dataset, batch, options));
}

/** Applies the rules that need the database, finds keys that occur twice, and stores what is left. */
async function storeIn(client: Client, dataset: Dataset, batch: Batch, options: IngestOptions): Promise<BatchResult> {
  const result: BatchResult = { created: 0, updated: 0, unchanged: 0, refused: [] };
  if (batch.rows.length === 0) return result;
  const context = await dataset.context(
    client,
    batch.rows.map(({ value }) => value),
  );
  const byKey = new Map<string, AnyRow>();
  for (const { row, value } of batch.rows) {
    const wrong = dataset.complete(value, context);
    if (wrong.length > 0) {
      result.refused.push(named(row, value, wrong));
      continue;
    }
    const key = String(value[dataset.key]);
    const twin = byKey.get(key);
    if (twin === undefined) byKey.set(key, value);
    else if (isSame(twin, value, dataset)) result.unchanged++;
    else
      result.refused.push([
        {
          row,
          pointer: `/${dataset.key}`,
          code: 'duplicate_id',
          detail: `'${key}' occurs twice with different content. Send each row once, as it is now.`,
          value: key,
        },
      ]);
  }
  if (options.on_error === 'abort' && result.refused.length > 0) throw new Refused(result.refused);
  const stored = await store(client, dataset, [...byKey.values()], options.author);
  return { ...result, ...stored, unchanged: result.unchanged + stored.unchanged };
}

/** Whether two rows say the same, whatever the order of their fields. */
function isSame(one: AnyRow, other: AnyRow, { columns }: Dataset): boolean {
  return Object.keys(columns).every(
    (name) => JSON.stringify(one[name] ?? null) === JSON.stringify(other[name] ?? null),
  );
}
