import type { Client } from './pool.ts';

/**
 * Notes which rows left a unit, for readers who are limited to it: their change feed tells such a row as removed. It may
 * note a row that is still in its unit, since the feed looks again.
 * @param rows a statement of dataset, key and unit; those without a unit are nobody's loss
 */
export async function noteDepartures(
  client: Client,
  rows: string,
  params: (string | (string | null)[])[],
): Promise<void> {
  await client.rows(
    `insert into unit_departures (dataset, key, unit, left_at, changed_xid)
     select r.dataset, r.key, r.unit, now(), pg_current_xact_id() from (${rows}) r(dataset, key, unit)
     where r.unit is not null order by r.dataset, r.key, r.unit
     on conflict (dataset, key, unit) do update set left_at = excluded.left_at, changed_xid = excluded.changed_xid`,
    params,
  );
}

/** What stands for the unit of a row that is of the whole organisation, where everybody may read such rows. */
export const wholeOrganisation = '';
