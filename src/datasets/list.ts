import { instantFields, instantSql, objectSql } from '../db/json-text.ts';
import type { Bound } from '../db/period.ts';
import type { Client, Param } from '../db/pool.ts';
import { type UnitLimit, unitsBelow, visibleSql } from '../db/unit-tree.ts';
import type { Reader } from '../http/scopes.ts';
import type { Dataset } from './declare.ts';

const ownMoments = ['recorded_at', 'changed_at'];

/** The fields of a row `t` as readers get it. Personal columns are left out where the reader may not see them. */
function fieldsOf({ columns }: Dataset, personal: boolean, instant: (value: string) => string): string[] {
  const fields = Object.entries(columns)
    .filter(([, column]) => personal || !column.personal)
    .map(([name, { kind }]) => {
      const value = `t.${name}`;
      const shown = kind === 'moment' ? instant(value) : kind === 'decimal' ? `${value}::text` : value;
      return `${shown} as ${name}`;
    });
  return [...fields, 't.source', ...ownMoments.map((name) => `${instant(`t.${name}`)} as ${name}`)];
}

/** The JSON text of a row `t`. */
export const rowSql = (dataset: Dataset, personal: boolean): string =>
  objectSql(fieldsOf(dataset, personal, instantSql));

/** How the rows of a dataset are read. */
interface Reading {
  /** Joins a row `t` with what readers see of it, as `shown`. */
  shown: string;
  /** The statement of one row. */
  one: string;
  /** Makes the JSON text of a row what readers get. */
  finish: (text: string) => string;
}

function readingOf(dataset: Dataset, personal: boolean): Reading {
  const { name, key, columns } = dataset;
  const named = Object.keys(columns).filter((column) => columns[column]?.kind === 'moment');
  const moments = instantFields([...named, ...ownMoments]);
  const shown = `cross join lateral (select ${fieldsOf(dataset, personal, moments.sql).join(', ')}) shown`;
  return {
    shown,
    one: `select row_to_json(shown)::text as row from ${name} t ${shown} where t.${key} = $1`,
    finish: moments.finish,
  };
}

const [forPersonal, forOthers] = [new Map<Dataset, Reading>(), new Map<Dataset, Reading>()];

/** Made once for each kind of reader, since every request asks for it. */
function keptReading(dataset: Dataset, personal: boolean): Reading {
  const kept = personal ? forPersonal : forOthers;
  const reading = kept.get(dataset) ?? readingOf(dataset, personal);
  kept.set(dataset, reading);
  return reading;
}

/** One row as JSON text; undefined when there is none that the reader may see. */
export async function findRow(
  client: Client,
  dataset: Dataset,
  key: string,
  { personal, units }: Reader,
): Promise<string | undefined> {
  const parameters: Param[] = [key];
  const { one, finish } = keptReading(dataset, personal);
  const text = units ? `${one} and ${visibleSql(dataset.owner, units, (value) => `$${parameters.push(value)}`)}` : one;
  const [found] = await client.rows<{ row: string }>(text, parameters);
  return found && finish(found.row);
}

/** Whether there is a row that the reader may see, which is then held still. */
export async function holdVisible(client: Client, dataset: Dataset, key: string, units: UnitLimit): Promise<boolean> {
  const parameters: Param[] = [key];
  const visible = visibleSql(dataset.owner, units, (value) => `$${parameters.push(value)}`);
  const found = await client.rows(
    `select from ${dataset.name} t where t.${dataset.key} = $1 and ${visible} for update of t`,
    parameters,
  );
  return found.length > 0;
}

/** `limit` is at most this: see `Limit` in `http/schemas.ts`. */
const mostRows = 1_000;

interface ListQuery {
  /** Values that columns must have. A list must hold its value; a unit stands for everything below it as well. */
  filters: Record<string, string>;
  from: Bound | null;
  to: Bound | null;
  after: string | undefined;
  limit: number;
}

/**
 * A page in the order of the key, which never changes: a walk under concurrent writes loses and repeats nothing that was
 * there all the time.
 * @returns the rows as JSON texts, and the key of the last one when there are more.
 */
export async function listRows(
  client: Client,
  dataset: Dataset,
  { filters, from, to, after, limit }: ListQuery,
  { personal, units }: Reader,
): Promise<{ rows: string[]; last: string | undefined }> {
  const parameters: Param[] = [];
  const param = (value: Param) => `$${parameters.push(value)}`;
  const conditions = Object.entries(filters).map(([name, value]) => {
    const given = param(value);
    if (dataset.columns[name]?.kind === 'list') return `${given} = any(t.${name})`;
    // As a list, so that it is made once; `in` would join it to each row that is passed over.
    if (name === 'unit') return `t.unit = any(array${unitsBelow(given)})`;
    return `t.${name} = ${given}`;
  });
  if (units) conditions.push(visibleSql(dataset.owner, units, param));
  if (from) conditions.push(`t.${dataset.time} >= ${param(from.at)}::timestamptz`);
  if (to) conditions.push(`t.${dataset.time} < ${param(to.at)}::timestamptz`);
  const narrowed = conditions.length > 0;
  if (after !== undefined) conditions.push(`t.${dataset.key} > ${param(after)}`);
  const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : '';
  const order = `order by t.${dataset.key} limit`;
  const { shown, finish } = keptReading(dataset, personal);
  // PostgreSQL takes a limit that it does not know for a tenth of the table, and so plans anew each time. With a bound that
  // it knows, a walk through everything is planned once; filters are better planned for their values.
  const source = narrowed
    ? `${dataset.name} t ${shown} ${where}`
    : `(select * from ${dataset.name} t ${where} ${order} ${mostRows + 1}) t ${shown}`;
  const found = await client.rows<{ key: string; row: string }>(
    `select t.${dataset.key} as key, row_to_json(shown)::text as row from ${source} ${order} ${param(limit + 1)}`,
    parameters,
  );
  const more = found.length > limit;
  const page = more ? found.slice(0, limit) : found;
  return { rows: page.map(({ row }) => finish(row)), last: more ? page.at(-1)?.key : undefined };
}
