import type { Client } from '../db/pool.ts';
import { ApiError } from '../errors.ts';
import type { Dataset } from './declare.ts';
import { instantSql, rowSql } from './list.ts';

/** Where a reader of the changes has come to. */
export interface Place {
  /** What the reader has been told of: everything that this snapshot sees; null at the beginning. */
  told: string | null;
  /** The snapshot that is being told now; null between two. */
  telling: string | null;
  /** The last row of it that was told. A tombstone (kind 0) comes before a row (1) of the same transaction and key. */
  xid: string;
  key: string;
  kind: number;
}

const between = { telling: null, xid: '0', key: '', kind: 0 };
export const beginning: Place = { told: null, ...between };

export interface ChangePage {
  rows: string[];
  place: Place;
  /** Whether more is there to be read now. */
  more: boolean;
}

/**
 * What was stored, changed and removed since a place, each row once, as it is now.
 *
 * Rows carry the number of the transaction that wrote them. What one snapshot sees and the one before did not is told in
 * the order of these numbers: exact, however late a transaction commits, and nothing waits for one that runs long. (A
 * timestamp or a sequence would lose what commits late; reading only below the oldest transaction that runs would stand
 * still during a long one, of whichever database of the server.) What changes while it is told belongs to the next one.
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
  const [bound] = await client.rows<{ telling: string; expired: boolean }>(
    `select coalesce($2, pg_current_snapshot()::text) as telling,
       pg_snapshot_xmax(coalesce($2, $1, '1:1:')::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) or exists (
         select from feed_horizons where dataset = $3 and not pg_visible_in_snapshot(below_xid, coalesce($1, $2)::pg_snapshot)
       ) as expired`,
    [after.told, after.telling, name],
  );
  if (!bound || bound.expired)
    throw new ApiError(
      410,
      'cursor_expired',
      'The cursor is too old, or from before the database was restored: read everything again without a cursor.',
    );
  // The first of the conditions is for the index.
  const untold = (
    alias: string,
  ) => `${alias}.changed_xid >= greatest($2::xid8, pg_snapshot_xmin(coalesce($5, '1:1:')::pg_snapshot))
    and pg_visible_in_snapshot(${alias}.changed_xid, $6::pg_snapshot)
    and ($5::text is null or not pg_visible_in_snapshot(${alias}.changed_xid, $5::pg_snapshot))`;
  const found = await client.rows<{ xid: string; key: string; kind: number; row: string }>(
    `select xid::text as xid, key, kind, row from (
       (select t.changed_xid as xid, t.key, 0 as kind,
          json_build_object('${key}', t.key, 'removed_at', ${instantSql('t.removed_at')})::text as row
        from tombstones t
        where t.dataset = $1 and ${untold('t')} and (t.changed_xid, t.key, 0) > ($2::xid8, $3::text, $4::int)
        order by t.changed_xid, t.key limit $7)
       union all
       (select t.changed_xid, t.${key}, 1, ${rowSql(dataset, 't', personal)}
        from ${name} t
        where ${untold('t')} and (t.changed_xid, t.${key}, 1) > ($2::xid8, $3::text, $4::int)
        order by t.changed_xid, t.${key} limit $7)
     ) changes order by changes.xid, key, kind limit $7`,
    [name, after.xid, after.key, after.kind, after.told, bound.telling, limit + 1],
  );
  const cut = found.length > limit;
  const page = cut ? found.slice(0, limit) : found;
  const last = page.at(-1);
  return {
    rows: page.map(({ row }) => row),
    place:
      cut && last
        ? { told: after.told, telling: bound.telling, xid: last.xid, key: last.key, kind: last.kind }
        : { told: bound.telling, ...between },
    // What an earlier page began to tell may have changed since.
    more: cut || after.telling !== null,
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
