import type { Static } from 'typebox';
import type { Client } from '../../db/pool.ts';
import type { UnitLimit } from '../../db/unit-tree.ts';
import { mostValues } from '../../outcomes/cells.ts';
import { columnTypes } from '../column-types.ts';
import type { BiSet, SetColumn } from '../set.ts';
import { biSets } from '../sets.ts';
import { viewColumn, viewName, viewSchema } from '../views/definitions.ts';
import { freshnessOf } from './freshness.ts';
import { rowsOf } from './rows.ts';
import type { CatalogueEntry } from './schemas.ts';

type Entry = Static<typeof CatalogueEntry>;

function columnEntry(set: BiSet, column: SetColumn, dropped: readonly string[]): Entry['columns'][number] {
  const { name, kind, nullable, personal, description, refers_to = null, dimension } = column;
  return {
    name,
    type: kind,
    odata_type: columnTypes[kind].odata,
    sql_type: columnTypes[kind].sql,
    sql_name: personal ? null : viewColumn(set, name),
    nullable,
    personal,
    description,
    refers_to,
    most_values: dimension === undefined ? null : mostValues,
    too_many_values: dimension === undefined ? null : dropped.includes(dimension),
  };
}

/** The relations of a set to others that have a key of one column. */
function relationsOf(set: BiSet): Entry['relations'] {
  return set.columns.flatMap(({ name, refers_to }) => {
    const other = biSets.find((one) => one.name === refers_to);
    const [key, ...more] = other?.key ?? [];
    if (!other || key === undefined || more.length > 0) return [];
    const sql = `${viewName(set)}.${viewColumn(set, name)} = ${viewName(other)}.${viewColumn(other, key)}`;
    return [{ column: name, dataset: other.name, key, sql }];
  });
}

/** What the catalogue says to a reader of some sets: their declarations, and what the database knows of them now. */
export async function readEntries(
  client: Client,
  sets: readonly BiSet[],
  reader: { units: UnitLimit },
): Promise<Entry[]> {
  const [state] = await client.rows<{ dropped_cuboids: string[] }>('select dropped_cuboids from refresh_state');
  const entries: Entry[] = [];
  for (const set of sets) {
    const { name, one, role, description, key, time = null, list = null, changes = null } = set;
    const file = (type: string) => `/v1/exports/${name}.${type}`;
    entries.push({
      name,
      one,
      role,
      description,
      key: [...key],
      time,
      columns: set.columns.map((column) => columnEntry(set, column, state?.dropped_cuboids ?? [])),
      relations: relationsOf(set),
      list,
      changes,
      odata: `/odata/v1/${name}`,
      csv: file('csv'),
      ndjson: file('ndjson'),
      parquet: file('parquet'),
      sql_view: `${viewSchema}.${viewName(set)}`,
      ...(await rowsOf(client, set, reader)),
      ...(await freshnessOf(client, set)),
    });
  }
  return entries;
}
