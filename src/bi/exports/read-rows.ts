import { createHash } from 'node:crypto';
import type { Client, Param } from '../../db/pool.ts';
import type { Kind } from '../set.ts';
import { rowSqlOf } from './row-sql.ts';
import type { Wanted } from './wanted.ts';

/** So many rows, as the pieces of `RowSql`: each a text that the database gathered, or the values one by one. */
export interface Chunk {
  rows: number;
  pieces: (string | readonly unknown[])[];
}

const types: Record<Kind, string> = {
  text: 'text',
  instant: 'timestamptz',
  date: 'date',
  decimal: 'numeric',
  double: 'float8',
  integer: 'int8',
  boolean: 'boolean',
};

/** A chunk is about this long; so many are in memory at a time as the file is behind, which is two. */
const chunkCharacters = 4 * 1024 * 1024;
/** Powers of two, so that there are only a few statements to prepare. */
const chunkRows = { first: 1_024, least: 128, most: 16_384 };

/** How many rows to read next, when so many were so long. */
function nextSize(size: number, { rows, pieces }: Chunk): number {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const fitting = (rows * chunkCharacters) / Math.max(length, 1);
  if (fitting < size) return Math.max(chunkRows.least, size / 2);
  return fitting > 2 * size ? Math.min(chunkRows.most, size * 2) : size;
}

/** Fails as soon as the signal says so: the pool then throws the connection away, and the server stops. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}

/**
 * Reads the rows in the order of the set's key, chunk by chunk, each while the one before it is written. To be used
 * within one snapshot.
 *
 * A set that is a table is read by ranges of its key, which is indexed, and the database gathers each chunk into one
 * text: that costs this process no time for each row. Another set is worked out once, by a cursor.
 */
export async function* readRows(client: Client, wanted: Wanted, signal: AbortSignal): AsyncGenerator<Chunk> {
  const isTable = /^\w+$/.test(wanted.set.relation);
  const read = isTable ? byKey(client, wanted) : await byCursor(client, wanted, signal);
  const next = (size: number) => {
    const chunk = unlessAborted(signal, read(size));
    // It may fail while the one before it is still being written, and nobody waits for it yet.
    chunk.catch(() => {});
    return chunk;
  };
  let size = chunkRows.first;
  for (let coming = next(size); ; ) {
    const chunk = await coming;
    const isLast = chunk.rows < size;
    size = nextSize(size, chunk);
    if (!isLast) coming = next(size);
    if (chunk.rows > 0) yield chunk;
    if (isLast) return;
  }
}

type Read = (size: number) => Promise<Chunk>;

const where = (conditions: readonly string[]) => (conditions.length > 0 ? `where ${conditions.join(' and ')}` : '');

/** The key's columns, each with its expression and type. */
const keyOf = ({ key, columns }: Wanted['set']) =>
  key.map((name) => {
    const column = columns.find((one) => one.name === name);
    return { sql: column?.sql ?? `t.${name}`, type: types[column?.kind ?? 'text'] };
  });

function byKey(client: Client, wanted: Wanted): Read {
  const { set, conditions, parameters } = wanted;
  const { cells, pieces, gather } = rowSqlOf(wanted);
  const key = keyOf(set);
  const places = key.map((_, at) => `place_${at}`);
  const order = key.map(({ sql }) => sql).join(', ');
  const after = key.map(({ type }, at) => `$${parameters.length + 1 + at}::${type}`).join(', ');
  // The limit stands in the text: of a parameter the planner would think that it may be a tenth of the table, and sort
  // it.
  const statement = (size: number, isFirst: boolean) =>
    `select count(*) as rows, ${pieces.map((piece, at) => `${gather(piece)} as piece_${at}`).join(', ')},
       array[${places.map((place) => `(array_agg(x.${place}))[count(*)::int]`).join(', ')}] as last
     from (
       select ${cells}, ${key.map(({ sql }, at) => `(${sql})::text as ${places[at]}`).join(', ')}
       from ${set.relation} t
       ${where(isFirst ? conditions : [...conditions, `(${order}) > (${after})`])}
       order by ${order} limit ${size}
     ) x`;
  let last: Param[] = [];
  return async (size) => {
    const [found] = await client.rows<{ rows: number; last: string[] } & Record<string, string>>(
      statement(size, last.length === 0),
      [...parameters, ...last],
    );
    if (!found || found.rows === 0) return { rows: 0, pieces: [] };
    ({ last } = found);
    return { rows: found.rows, pieces: pieces.map((_, at) => found[`piece_${at}`] ?? '') };
  };
}

async function byCursor(client: Client, wanted: Wanted, signal: AbortSignal): Promise<Read> {
  const { set, conditions, parameters } = wanted;
  const { cells, pieces } = rowSqlOf(wanted);
  const order = keyOf(set)
    .map(({ sql }) => sql)
    .join(', ');
  const query = `select ${pieces.map((piece, at) => `${piece} as piece_${at}`).join(', ')}
     from (select ${cells} from ${set.relation} t ${where(conditions)} order by ${order}) x`;
  // A FETCH is prepared once per connection and text, and then has the columns of the cursor that it was prepared with:
  // so each query has a cursor of its own name.
  const cursor = `export_${createHash('sha256').update(query).digest('hex').slice(0, 24)}`;
  await unlessAborted(signal, client.rows(`declare ${cursor} no scroll cursor for ${query}`, parameters));
  return async (size) => {
    const found = await client.rows<Record<string, unknown>>(`fetch ${size} from ${cursor}`);
    return { rows: found.length, pieces: pieces.map((_, at) => found.map((row) => row[`piece_${at}`])) };
  };
}
