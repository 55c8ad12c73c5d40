import { instantSql, objectSql } from '../db/json-text.ts';
import type { Bound } from '../db/period.ts';
import type { Client, Param } from '../db/pool.ts';
import { type UnitLimit, unitsBelow, visibleSql } from '../db/unit-tree.ts';
import type { Reader } from '../http/scopes.ts';
import type { Dataset } from './declare.ts';

/** The JSON text of a row as readers get it. Personal columns are left out where the reader may not see them. */
export function rowSql({ columns }: Dataset, alias: string, personal: boolean): string {
  const fields = Object.entries(columns)
    .filter(([, column]) => personal || !column.personal)
    .map(([name, { kind }]) => {
      const value = `${alias}.${name}`;
      const shown = kind === 'moment' ? instantSql(value) : kind === 'decimal' ? `${value}::text` : value;
      return `${shown} as ${name}`;
    });
  const own = [
    `${alias}.source`,
    `${instantSql(`${alias}.recorded_at`)} as recorded_at`,
    `${instantSql(`${alias}.changed_at`)} as changed_at`,
  ];
  return objectSql([...fields, ...own]);
}

/** One row as JSON text; undefined when there is none that the reader may see. */
export async function findRow(
  client: Client,
  dataset: Dataset,
  key: string,
  { personal, units }: Reader,
): Promise<string | undefined> {
  const parameters: Param[] = [key];
  const visible = visibleSql(dataset.owner, units, (value) => `$${parameters.push(value)}`);
  const [found] = await client.rows<{ row: string }>(
    `select ${rowSql(dataset, 't', personal)} as row from ${dataset.name} t where t.${dataset.key} = $1 and ${visible}`,
    parameters,
  );
  return found?.row;
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
    if (name === 'unit') return `t.unit in ${unitsBelow(given)}`;
    return `t.${name} = ${given}`;
  });
  if (units) conditions.push(visibleSql(dataset.owner, units, param));
  if (from) conditions.push(`t.${dataset.time} >= ${param(from.at)}::timestamptz`);
  if (to) conditions.push(`t.${dataset.time} < ${param(to.at)}::timestamptz`);
  if (after !== undefined) conditions.push(`t.${dataset.key} > ${param(after)}`);
  const found = await client.rows<{ key: string; row: string }>(
    `select t.${dataset.key} as key, ${rowSql(dataset, 't', personal)} as row from ${dataset.name} t
     ${conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''}
     order by t.${dataset.key} limit ${param(limit + 1)}`,
    parameters,
  );
  const more = found.length > limit;
  const page = more ? found.slice(0, limit) : found;
  return { rows: page.map(({ row }) => row), last: more ? page.at(-1)?.key : undefined };
}
