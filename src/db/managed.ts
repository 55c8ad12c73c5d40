import { conflict, notFound } from '../errors.ts';
import { type Author, writeAudit } from './audit.ts';
import { canonical } from './canonical.ts';
import { noteDepartures, wholeOrganisation } from './departures.ts';
import type { Client, Param } from './pool.ts';
import { type Owner, type UnitLimit, unitsBelow, visibleSql } from './unit-tree.ts';

/**
 * What people manage (a problem, a moment, a goal ...): it has a version that every change raises, is archived and never
 * removed, and each change leaves an entry in the audit log. Table and column names come from the code, never from a
 * request.
 */
export interface Noun {
  table: string;
  /** The word for one row, as the audit log and problems name it. */
  one: string;
  /** The column that identifies a row. */
  key: string;
  /** The columns that are read; all of them where none are named. */
  columns?: readonly string[];
  /** The columns of the type jsonb, where a value alone does not tell: an empty list. */
  json?: readonly string[];
  /** Whose its rows are, over `t`. Without it nobody who is limited to units sees any. */
  owner?: Owner;
}

const read = ({ columns }: Noun) => columns?.join(', ') ?? '*';

/** The columns that every managed noun has: see `managed` in `tables/columns.ts`. */
export interface Managed {
  version: number;
  created_at: Date;
  changed_at: Date;
  archived_at: Date | null;
}

/** A value as a column takes it: objects and lists of objects go in as JSON. */
type Value = Param | object;

// An empty list does not say of what it is one, so the noun names its columns of the type jsonb.
const asParam = ({ json = [] }: Noun, name: string, value: Value = null): Param =>
  value !== null && (json.includes(name) || isObjects(value)) ? JSON.stringify(value) : (value as Param);
const isObjects = (value: Value): boolean =>
  Array.isArray(value)
    ? value.some((one) => typeof one === 'object')
    : typeof value === 'object' && !(value instanceof Date);

/** The row as it is shown: moments as text, without what only the change feed needs. */
export function shownManaged<Row extends Managed>(row: Row) {
  const { changed_xid: _, ...shown } = row as Row & { changed_xid?: string };
  return Object.fromEntries(
    Object.entries(shown).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]),
  ) as { [K in keyof Row]: Date extends Row[K] ? Exclude<Row[K], Date> | string : Row[K] };
}

/**
 * @param units the units that the reader is limited to
 * @throws ApiError 404, also for what the reader may not see
 */
export async function getManaged<Row extends Managed>(
  client: Client,
  noun: Noun,
  value: string,
  lock = false,
  units: UnitLimit = null,
): Promise<Row> {
  const params: Param[] = [value];
  const visible = visibleSql(noun.owner, units, (param) => `$${params.push(param)}`);
  const [row] = await client.rows<Row>(
    `select ${read(noun)} from ${noun.table} t where t.${noun.key} = $1 and ${visible} ${lock ? 'for update of t' : ''}`,
    params,
  );
  if (!row) throw notFound(noun.one.replaceAll('_', ' '), value);
  return row;
}

const withoutNulls = (row: object) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));

/**
 * Makes a row. Columns that are not given take their defaults.
 * @throws ApiError 409 where the key is taken
 */
export async function insertManaged<Row extends Managed>(
  client: Client,
  noun: Noun,
  row: Record<string, Value>,
  author: Author,
): Promise<Row> {
  const names = Object.keys(row);
  const [made] = await client.rows<Row>(
    `insert into ${noun.table} (${names.join(', ')}) values (${names.map((_, at) => `$${at + 1}`).join(', ')})
     on conflict (${noun.key}) do nothing returning ${read(noun)}`,
    names.map((name) => asParam(noun, name, row[name])),
  );
  const key = String(row[noun.key]);
  if (!made) throw conflict('exists_already', `There is a ${noun.one.replaceAll('_', ' ')} '${key}' already.`);
  await writeAudit(client, author, [{ action: 'created', noun: noun.one, key, after: withoutNulls(row) }]);
  return made;
}

/**
 * Changes a row that was read under a lock, and raises its version; where nothing differs it stays as it is.
 * @param action - what the audit log calls it
 */
export async function updateManaged<Row extends Managed>(
  client: Client,
  noun: Noun,
  before: Row,
  changes: Record<string, Value>,
  author: Author,
  action = 'changed',
): Promise<Row> {
  const old = before as Record<string, unknown>;
  const names = Object.keys(changes).filter((name) => canonical(changes[name]) !== canonical(old[name]));
  if (names.length === 0) return before;
  const key = String(old[noun.key]);
  const [after] = await client.rows<Row>(
    `update ${noun.table} set ${names.map((name, at) => `${name} = $${at + 2}`).join(', ')}, version = version + 1,
       changed_at = now(), changed_xid = pg_current_xact_id()
     where ${noun.key} = $1 returning ${read(noun)}`,
    [key, ...names.map((name) => asParam(noun, name, changes[name]))],
  );
  if (!after) throw notFound(noun.one.replaceAll('_', ' '), key);
  await noteLoss(client, noun, key, old.unit, after as { unit?: unknown });
  const pick = (row: object) => Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)));
  await writeAudit(client, author, [{ action, noun: noun.one, key, before: pick(before), after: pick(changes) }]);
  return after;
}

/** Notes that a row is another unit's now, for readers who are limited to the one that it had. */
async function noteLoss(
  client: Client,
  { table, owner }: Noun,
  key: string,
  left: unknown,
  { unit: now }: { unit?: unknown },
): Promise<void> {
  if (left === undefined || left === now) return;
  const shared = typeof owner === 'object' && owner.shared === true;
  const lost = left === null ? (shared ? wholeOrganisation : null) : String(left);
  if (lost !== null) await noteDepartures(client, 'select $1::text, $2::text, $3::text', [table, key, lost]);
}

/** Up to `limit` rows in the order of their keys, after the one given; those that are archived only when asked for. */
export async function listManaged<Row extends Managed>(
  client: Client,
  noun: Noun,
  {
    after,
    limit,
    archived = false,
    where = {},
    units = null,
  }: {
    after?: string | undefined;
    limit: number;
    archived?: boolean;
    where?: Record<string, Param | undefined>;
    /** The units that the reader is limited to. */
    units?: UnitLimit;
  },
): Promise<Row[]> {
  const conditions = archived ? [] : ['archived_at is null'];
  const params: Param[] = [];
  const param = (value: Param) => `$${params.push(value)}`;
  for (const [name, value] of Object.entries(where))
    if (value !== undefined)
      conditions.push(name === 'unit' ? `unit in ${unitsBelow(param(value))}` : `${name} = ${param(value)}`);
  if (units) conditions.push(visibleSql(noun.owner, units, param));
  if (after !== undefined) conditions.push(`${noun.key} > ${param(after)}`);
  return client.rows<Row>(
    `select ${read(noun)} from ${noun.table} t ${conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''}
     order by ${noun.key} limit ${param(limit)}`,
    params,
  );
}
