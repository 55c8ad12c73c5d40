import type { Client } from '../db/pool.ts';
import { ApiError } from '../errors.ts';
import type { Dataset } from './declare.ts';
import { instantSql, rowSql } from './list.ts';

/** Where a reader of the changes has come to. A tombstone comes before a row of the same transaction and key. */
export interface Place {
  xid: string;
  key: string;
  kind: number;
}

export const beginning: Place = { xid: '0', key: '', kind: 0 };

export interface ChangePage {
  rows: string[];
  place: Place;
  /** Whether more is there to be read now. */
  more: boolean;
}

/**
 * What was stored, changed and removed since a place, each row once, as it is now.
 *
 * Rows carry the number of the transaction that wrote them, and only numbers below every transaction that still runs are
 * read: a row that commits late is never behind a reader. (A timestamp or a sequence would lose it.) The bound is read
 * first and passed in, so that each page has one.
 * @throws ApiError 410 when rows that the reader must learn to have been removed are no longer known.
 */
export async function listChanges(
  client: Client,
  dataset: Dataset,
  after: Place,
  limit: number,
  personal: boolean,
): Promise<ChangePage> {
  const { name, key } = dataset;
  const [bound] = await client.rows<{ xid: string; expired: boolean }>(
    `select pg_snapshot_xmin(pg_current_snapshot())::text as xid,
       $2::xid8 > pg_snapshot_xmax(pg_current_snapshot()) or exists (
         select from feed_horizons where dataset = $1 and $2::xid8 > '0'::xid8 and $2::xid8 < below_xid
       ) as expired`,
    [name, after.xid],
  );
  if (!bound || bound.expired)
    throw new ApiError(
      410,
      'cursor_expired',
      'The cursor is too old, or from before the database was restored: read everything again without a cursor.',
    );
  const found = await client.rows<Place & { row: string }>(
    `select xid::text as xid, key, kind, row from (
       (select t.changed_xid as xid, t.key, 0 as kind,
          json_build_object('${key}', t.key, 'removed_at', ${instantSql('t.removed_at')})::text as row
        from tombstones t
        where t.dataset = $1 and t.changed_xid < $2::xid8 and (t.changed_xid, t.key, 0) > ($3::xid8, $4::text, $5::int)
        order by t.changed_xid, t.key limit $6)
       union all
       (select t.changed_xid, t.${key}, 1, ${rowSql(dataset, 't', personal)}
        from ${name} t
        where t.changed_xid < $2::xid8 and t.changed_xid >= $3::xid8 and (t.changed_xid, t.${key}, 1) > ($3::xid8, $4::text, $5::int)
        order by t.changed_xid, t.${key} limit $6)
     ) changes order by 1, 2, 3 limit $6`,
    [name, bound.xid, after.xid, after.key, after.kind, limit + 1],
  );
  const more = found.length > limit;
  const page = more ? found.slice(0, limit) : found;
  const last = page.at(-1);
  return {
    rows: page.map(({ row }) => row),
    place: last ? { xid: last.xid, key: last.key, kind: last.kind } : after,
    more,
  };
}

const keepDays = 90;

/** Forgets tombstones older than ninety days, and remembers below which transaction a cursor is too old. */
export async function purgeTombstones(client: Client): Promise<void> {
  await client.rows(
    `with gone as (
       delete from tombstones where removed_at < now() - make_interval(days => $1) returning dataset, changed_xid
     )
     insert into feed_horizons (dataset, below_xid)
     select distinct on (dataset) dataset, changed_xid from gone order by dataset, changed_xid desc
     on conflict (dataset) do update set below_xid = greatest(feed_horizons.below_xid, excluded.below_xid)`,
    [keepDays],
  );
}
