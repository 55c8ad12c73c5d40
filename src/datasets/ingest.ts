import type { Database } from '../db/pool.ts';
import { ApiError } from '../errors.ts';
import {
  addFaults,
  type Batch,
  type BatchResult,
  type Faults,
  type IngestOptions,
  isFull,
  newBatch,
  overlaps,
  Refused,
  storeBatch,
  take,
} from './batch.ts';
import type { Dataset } from './declare.ts';
import type { Incoming } from './sources.ts';

/** What became of the rows that were sent. The counts are complete; of the errors, the first thousand are told. */
export interface Report extends Faults {
  received: number;
  created: number;
  updated: number;
  unchanged: number;
}

const newReport = (): Report => ({ received: 0, created: 0, updated: 0, unchanged: 0, rejected: 0, errors: [] });

function add(report: Report, { created, updated, unchanged, refused }: BatchResult): void {
  report.created += created;
  report.updated += updated;
  report.unchanged += unchanged;
  addFaults(report, refused);
}

const nothing = 'Nothing was stored.';

function refusal(report: Report, what: string): ApiError {
  const first = report.errors[0];
  const at = first ? `Row ${first.row}${first.pointer && ` (${first.pointer.slice(1)})`}: ${first.detail} ` : '';
  return new ApiError(422, 'rows_refused', `${at}${what}`, {
    errors: report.errors,
    extensions: { report: { ...report, errors: undefined } },
  });
}

/** Whether reading ends at this row, which was refused. */
const endsAt = (incoming: Incoming, { on_error }: IngestOptions) =>
  on_error === 'abort' || ('error' in incoming && incoming.ends === true);

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
  const report = newReport();
  const batch = newBatch();
  for (const incoming of rows) {
    report.received++;
    take(batch, dataset, incoming, options.check);
  }
  try {
    if (options.on_error === 'abort' && batch.refused.rejected > 0) throw new Refused(batch.refused);
    add(report, await db.write((client) => storeBatch(client, dataset, batch, options)));
    return report;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    addFaults(report, error.faults);
    throw refusal(report, nothing);
  }
}

/**
 * Stores a stream of any length, batch by batch, two in flight: memory stays flat, and the sender is held back by its
 * socket while the database is busy. A batch that holds a key of the one before it waits for that one, so that of two
 * rows with the same key the later one stays.
 * @throws ApiError 422 at the first bad row when `on_error` is `abort`, and where a file cannot be read any further; it
 *   says through which row all is stored.
 */
export async function ingestStream(
  db: Database,
  dataset: Dataset,
  rows: AsyncIterable<Incoming[]>,
  options: IngestOptions,
): Promise<Report> {
  const report = newReport();
  const inFlight: { batch: Batch; outcome: Promise<BatchResult | Error> }[] = [];
  const failures: unknown[] = [];
  let storedThrough = 0;
  let storedBeyond = false;

  const settleOldest = async () => {
    const oldest = inFlight.shift();
    if (!oldest) return;
    const outcome = await oldest.outcome;
    if (outcome instanceof Error) failures.push(outcome);
    else {
      add(report, outcome);
      // The batch after one that failed was on its way too, and may be stored.
      if (failures.length > 0) storedBeyond = true;
      else storedThrough = oldest.batch.through;
    }
  };
  const send = async (batch: Batch) => {
    while (inFlight.length === 2 || inFlight.some((other) => overlaps(other.batch, batch))) await settleOldest();
    if (failures.length > 0) return;
    // A failure is kept as a value until its turn comes, so that it cannot go unhandled while rows are being read.
    const outcome = db
      .write((client) => storeBatch(client, dataset, batch, options))
      .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
    inFlight.push({ batch, outcome });
  };

  let batch = newBatch();
  let ended = false;
  try {
    reading: for await (const some of rows)
      for (const incoming of some) {
        report.received++;
        if (take(batch, dataset, incoming, options.check) && endsAt(incoming, options)) {
          ended = true;
          break reading;
        }
        if (!isFull(batch)) continue;
        await send(batch);
        if (failures.length > 0) break reading;
        batch = newBatch();
      }
    if (!ended && failures.length === 0 && batch.through > 0) await send(batch);
  } catch (error) {
    failures.push(error);
  }
  while (inFlight.length > 0) await settleOldest();

  const [first] = failures;
  if (first === undefined && !ended) return report;
  const stored = whatIsStored(storedThrough, storedBeyond, options);
  if (first !== undefined && !(first instanceof Refused)) throw told(first, stored);
  for (const failure of failures) if (failure instanceof Refused) addFaults(report, failure.faults);
  if (ended) addFaults(report, batch.refused);
  throw refusal(report, stored);
}

/** The error, with what is stored. Of a fault of the service it is not known whether nothing is. */
function told(error: unknown, stored: string): unknown {
  if (!(error instanceof ApiError) || (error.status >= 500 && stored === nothing)) return error;
  return new ApiError(error.status, error.code, `${error.message} ${stored}`, error);
}

function whatIsStored(through: number, beyond: boolean, { on_error }: IngestOptions): string {
  if (through === 0) return beyond ? 'Some rows after it are stored. Sending all again is harmless.' : nothing;
  const all = on_error === 'abort' ? 'Everything' : 'Every good row';
  return `${all} through row ${through} is stored${beyond ? ', and some after it' : ''}. Sending it again is harmless.`;
}

/** The same as a stream, but in one transaction on one connection: all or nothing, however long, and slower. */
export async function ingestAtomically(
  db: Database,
  dataset: Dataset,
  rows: AsyncIterable<Incoming[]>,
  options: IngestOptions,
): Promise<Report> {
  const report = newReport();
  let begun = false;
  try {
    await db.write(async (client) => {
      // The stream cannot be read twice, so a conflict with another writer ends it.
      if (begun)
        throw new ApiError(
          409,
          'write_conflict',
          'Another sender changed the same rows at the same time. Nothing was stored; send it again.',
        );
      begun = true;
      let batch = newBatch();
      for await (const some of rows)
        for (const incoming of some) {
          report.received++;
          if (take(batch, dataset, incoming, options.check) && endsAt(incoming, options))
            throw new Refused(batch.refused);
          if (!isFull(batch)) continue;
          add(report, await storeBatch(client, dataset, batch, options));
          batch = newBatch();
        }
      add(report, await storeBatch(client, dataset, batch, options));
    });
    return report;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    addFaults(report, error.faults);
    throw refusal({ ...report, created: 0, updated: 0, unchanged: 0 }, nothing);
  }
}
