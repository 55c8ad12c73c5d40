import { readPeriod } from '../../db/period.ts';
import type { Client, Param } from '../../db/pool.ts';
import { readTimeZone } from '../../db/settings.ts';
import { badParameter, emptyPeriod } from '../../errors.ts';
import { isCalendarDate } from '../../http/formats.ts';
import type { Reader } from '../../http/scopes.ts';
import { type BiSet, limitSql, type SetColumn } from '../set.ts';
import { visibleColumns } from '../sets.ts';

export const formats = ['csv', 'ndjson', 'parquet'] as const;
export type Format = (typeof formats)[number];
/** How a CSV is written: as RFC 4180 has it, or so that a spreadsheet opens it as it is meant. */
export const dialects = ['excel'] as const;
type Dialect = (typeof dialects)[number];

/** The parameters of an export, as they come from the address. */
export interface ExportParameters {
  from?: string;
  to?: string;
  columns?: string;
  dialect?: Dialect;
}

/** What one file holds: two that are alike in everything here have the same rows in the same form. */
export interface Wanted {
  set: BiSet;
  format: Format;
  dialect: Dialect | undefined;
  /** In the order of the set. */
  columns: readonly SetColumn[];
  /** Which rows of the set's relation `t`; their `$1`, `$2` ... are the parameters. */
  conditions: readonly string[];
  parameters: readonly Param[];
  /** Whether the reader sees rows of some units only, which depends on more than the rows themselves. */
  is_limited: boolean;
}

/** The columns that are asked for, of those that the reader may see. */
function chosen(set: BiSet, visible: readonly SetColumn[], columns: string | undefined): readonly SetColumn[] {
  if (columns === undefined) return visible;
  const names = columns.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !visible.some((one) => one.name === name));
  if (unknown === undefined) return visible.filter(({ name }) => names.includes(name));
  const all = visible.map(({ name }) => name).join(', ');
  throw badParameter('columns', 'unknown_column', `There is no column '${unknown}' in ${set.name}. There are: ${all}.`);
}

/**
 * Understands what is asked for.
 * @param reader who may not see personal columns has none; who is limited to units has their rows only
 * @throws ApiError 400 that names the parameter and the cure
 */
export async function readWanted(
  client: Client,
  set: BiSet,
  format: Format,
  { from, to, columns, dialect }: ExportParameters,
  reader: Reader,
): Promise<Wanted> {
  if (dialect !== undefined && format !== 'csv')
    throw badParameter('dialect', 'no_dialect', `A dialect is of CSV only; leave it out of ${format}.`);
  const wanted = { set, format, dialect, columns: chosen(set, visibleColumns(set, reader.personal), columns) };
  const bounds = await boundsOf(client, set, { from: from ?? null, to: to ?? null });
  const parameters: Param[] = [];
  const param = (value: Param) => `$${parameters.push(value)}`;
  const conditions = Object.entries(bounds).flatMap(([name, value]) =>
    value === null ? [] : [`t.${set.time} ${name === 'from' ? '>=' : '<'} ${param(value)}`],
  );
  if (reader.units !== null) conditions.push(limitSql(set, reader, param));
  return { ...wanted, conditions, parameters, is_limited: reader.units !== null };
}

/** The bounds of the period as values of the set's time column. */
async function boundsOf(client: Client, set: BiSet, given: { from: string | null; to: string | null }) {
  const asked = given.from !== null ? 'from' : given.to !== null ? 'to' : undefined;
  if (asked === undefined) return given;
  const column = set.columns.find(({ name }) => name === set.time);
  if (column === undefined)
    throw badParameter(asked, 'no_time', `Rows of ${set.name} happen at no time; ask without from and to.`);
  return column.kind === 'date' ? datesOf(set, given) : instantsOf(client, given);
}

function datesOf(set: BiSet, given: { from: string | null; to: string | null }) {
  for (const [name, value] of Object.entries(given))
    if (value !== null && !isCalendarDate(value))
      throw badParameter(
        name,
        'date_only',
        `${set.time} is a day, so ${name} is one too, such as ${value.slice(0, 10)}.`,
      );
  if (given.from !== null && given.to !== null && given.from >= given.to) throw emptyPeriod();
  return given;
}

async function instantsOf(client: Client, given: { from: string | null; to: string | null }) {
  const { from, to } = await readPeriod(client, await readTimeZone(client), given);
  return { from: from?.at ?? null, to: to?.at ?? null };
}
