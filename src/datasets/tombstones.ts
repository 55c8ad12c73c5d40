import { noteDepartures } from '../db/departures.ts';
import type { Client } from '../db/pool.ts';
import { unitSql } from '../db/unit-tree.ts';
import type { AnyRow, Changed, Dataset } from './declare.ts';
import { facts } from './registry.ts';

/** A row that was removed, and the unit that it was of. */
export interface Gone {
  key: string;
  unit: string | null;
}

/** The unit of a row `t` of a dataset as an expression; null where it is of none. */
export const unitOf = ({ owner }: Dataset) => (owner === undefined || owner === 'everybody' ? 'null' : unitSql(owner));

/** Leaves a tombstone for each row that was removed, for those who follow the changes. */
export async function bury(client: Client, dataset: string, gone: readonly Gone[]): Promise<void> {
  await client.rows(
    `with left_units as (
       insert into unit_departures (dataset, key, unit, left_at, changed_xid)
       select $1, g.key, g.unit, now(), pg_current_xact_id() from unnest($2::text[], $3::text[]) as g(key, unit)
       where g.unit is not null
       on conflict (dataset, key, unit) do update set left_at = excluded.left_at, changed_xid = excluded.changed_xid
     )
     insert into tombstones (dataset, key, removed_at, changed_xid)
     select $1, key, now(), pg_current_xact_id() from unnest($2::text[]) as key
     on conflict (dataset, key) do update set removed_at = excluded.removed_at, changed_xid = excluded.changed_xid`,
    [dataset, gone.map(({ key }) => key), gone.map(({ unit }) => unit)],
  );
}

/**
 * Notes which rows left a unit by a change, for readers who are limited to it: those that name another unit now, those
 * without one that name another customer, and with a customer who is looked after by another unit its rows that have
 * none of their own. It may note a row that is still in its unit; the change feed looks again. Where no such column
 * changed it asks the database nothing.
 */
export async function noteMoves(client: Client, dataset: Dataset, changed: readonly Changed[]): Promise<void> {
  const { columns, customer } = dataset;
  const watched = [...(columns.unit === undefined ? [] : ['unit']), ...(customer === undefined ? [] : [customer])];
  const text = (row: AnyRow, name: string | undefined) =>
    name === undefined || row[name] == null ? null : String(row[name]);
  const moved = changed.flatMap(({ key, before, after }) =>
    before && watched.some((name) => text(before, name) !== text(after, name))
      ? [{ key, unit: text(before, 'unit'), customer: text(before, customer) }]
      : [],
  );
  if (moved.length === 0) return;
  await noteDepartures(
    client,
    `select $1 as dataset, m.key, coalesce(m.unit, c.unit) as unit
     from unnest($2::text[], $3::text[], $4::text[]) as m(key, unit, customer)
     left join customers c on c.id = m.customer`,
    [dataset.name, moved.map(({ key }) => key), moved.map(({ unit }) => unit), moved.map((one) => one.customer)],
  );
  if (dataset.name !== 'customers') return;
  const known = moved.filter(({ unit }) => unit !== null);
  if (known.length === 0) return;
  const parts = facts.map(
    (fact) =>
      `select '${fact.name}', t.${fact.key}, m.unit from unnest($1::text[], $2::text[]) as m(id, unit)
       join ${fact.name} t on t.${fact.customer} = m.id ${fact.columns.unit === undefined ? '' : 'and t.unit is null'}`,
  );
  parts.push(
    `select 'follow_ups', t.id::text, m.unit from unnest($1::text[], $2::text[]) as m(id, unit)
     join follow_ups t on t.customer_id = m.id and t.unit is null`,
  );
  await noteDepartures(client, parts.join(' union all '), [known.map(({ key }) => key), known.map(({ unit }) => unit)]);
}
