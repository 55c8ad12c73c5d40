import type { Author } from '../db/audit.ts';
import type { Client } from '../db/pool.ts';
import type { UnitLimit } from '../db/unit-tree.ts';
import type { FieldError } from '../errors.ts';
import { excerpt, type RowError, shortened } from './check-row.ts';
import type { AnyRow, Dataset } from './declare.ts';
import { refuseOutside } from './outside-units.ts';
import type { Incoming } from './sources.ts';
import { type Stored, store } from './store.ts';

export interface IngestOptions {
  /** `abort`: the first bad row ends it. `skip`: good rows are stored, bad ones named. */
  on_error: 'abort' | 'skip';
  author: Author;
  /** The units that the sender is limited to. */
  units: UnitLimit;
  check: (row: unknown) => FieldError[] | null;
}

/** How many rows were refused, and what is wrong with them: the first thousand things, in the order of the rows. */
export interface Faults {
  rejected: number;
  errors: RowError[];
}

/** Rows that are stored in one transaction. */
export interface Batch {
  rows: { row: number; value: AnyRow }[];
  /** The rows that the check refused. */
  refused: Faults;
  keys: Set<string>;
  bytes: number;
  /** The last line that was read for it. */
  through: number;
}

/** What became of a batch. */
export interface BatchResult extends Stored {
  refused: Faults;
}

/** Ends an ingest at bad rows. */
export class Refused extends Error {
  readonly faults: Faults;
  constructor(faults: Faults) {
    super('A row was refused.');
    this.faults = faults;
  }
}

const mostErrors = 1_000;

export function addFaults(faults: Faults, { rejected, errors }: Faults): void {
  faults.rejected += rejected;
  faults.errors.push(...errors.slice(0, mostErrors - faults.errors.length));
}

const mostRows = 5_000;
// Rows may be long; without this, three batches of the longest would be more than the memory of most machines.
const mostBytes = 8 * 1024 * 1024;

const noFaults = (): Faults => ({ rejected: 0, errors: [] });

export const newBatch = (): Batch => ({ rows: [], refused: noFaults(), keys: new Set(), bytes: 0, through: 0 });

export const isFull = ({ rows, refused, bytes }: Batch) =>
  rows.length + refused.rejected >= mostRows || bytes >= mostBytes;

/** Whether two batches share a key. One that is derived is not known yet: batches of such rows always do. */
export function overlaps(one: Batch, other: Batch): boolean {
  for (const key of other.keys) if (one.keys.has(key)) return true;
  return false;
}

/** Checks a row and puts it in the batch. @returns whether it was refused. */
export function take(batch: Batch, dataset: Dataset, incoming: Incoming, check: IngestOptions['check']): boolean {
  batch.through = incoming.row;
  if ('error' in incoming) {
    addFaults(batch.refused, { rejected: 1, errors: [incoming.error] });
    return true;
  }
  const { row, value, bytes } = incoming;
  const wrong = check(value);
  if (wrong) {
    addFaults(batch.refused, faultsOf(row, value, wrong));
    return true;
  }
  // The check has passed, so it is an object with the columns of the dataset.
  batch.rows.push({ row, value: value as AnyRow });
  batch.keys.add(String((value as AnyRow)[dataset.key]));
  batch.bytes += bytes;
  return false;
}

const faultsOf = (row: number, value: unknown, wrong: FieldError[]): Faults => ({
  rejected: 1,
  errors: wrong.map(({ pointer, code, detail }) => ({
    row,
    pointer: shortened(pointer),
    code,
    detail: shortened(detail),
    value: excerpt(value, pointer) ?? null,
  })),
});

/**
 * Applies the rules that need the database, finds keys that occur twice, and stores what is left.
 * @throws Refused when a row is bad and `on_error` is `abort`: the caller's transaction is to be rolled back.
 */
export async function storeBatch(
  client: Client,
  dataset: Dataset,
  batch: Batch,
  { on_error, author, units }: IngestOptions,
): Promise<BatchResult> {
  const broken = noFaults();
  let repeated = 0;
  const context = await dataset.context(
    client,
    batch.rows.map(({ value }) => value),
  );
  const found = batch.rows.map(({ value }) => dataset.complete(value, context));
  const limited = units ? await refuseOutside(client, dataset, batch.rows, units) : undefined;
  const byKey = new Map<string, AnyRow>();
  for (const [at, { row, value }] of batch.rows.entries()) {
    const wrong = [...(found[at] ?? []), ...(limited?.wrong[at] ?? [])];
    const key = String(value[dataset.key]);
    const twin = byKey.get(key);
    if (wrong.length > 0) addFaults(broken, faultsOf(row, value, wrong));
    else if (twin === undefined) byKey.set(key, value);
    else if (isSame(twin, value, dataset)) repeated++;
    else addFaults(broken, faultsOf(row, value, [occursTwice(key, dataset)]));
  }
  const refused = inOrder(batch.refused, broken);
  if (on_error === 'abort' && refused.rejected > 0) throw new Refused(refused);
  if (byKey.size === 0) return { created: 0, updated: 0, unchanged: 0, refused };
  const stored = await store(client, dataset, [...byKey.values()], author, limited?.held);
  return { ...stored, unchanged: stored.unchanged + repeated, refused };
}

const occursTwice = (key: string, dataset: Dataset): FieldError => ({
  pointer: `/${dataset.key}`,
  code: 'duplicate_id',
  detail: `'${key}' occurs twice with different content. Send each row once, as it is now.`,
});

function inOrder(one: Faults, other: Faults): Faults {
  const errors = [...one.errors, ...other.errors].sort((a, b) => a.row - b.row);
  return { rejected: one.rejected + other.rejected, errors: errors.slice(0, mostErrors) };
}

/** Whether two rows say the same, whatever the order of their fields. */
function isSame(one: AnyRow, other: AnyRow, { columns }: Dataset): boolean {
  return Object.keys(columns).every(
    (name) => JSON.stringify(one[name] ?? null) === JSON.stringify(other[name] ?? null),
  );
}
