import { emptyPeriod } from '../errors.ts';
import type { Client } from './pool.ts';

/** A bound of a period as a caller gave it, understood in the reporting time zone. */
export interface Bound {
  /** The moment, RFC 3339 in UTC. */
  at: string;
  /** The first day of the month that begins at that moment; null where none does. */
  month: string | null;
}

/**
 * Understands the bounds of periods. A date without a time (`2026-03-01`) is its midnight in the time zone; a date with
 * one is taken as it is. Where clocks are put forward at midnight the day begins with its first moment. No fact is near
 * the ends of the calendar, beyond which a moment could not be written, so bounds there are moved a little.
 * @param bounds RFC 3339 dates or timestamps that were validated; null stays null.
 */
export async function readBounds<K extends string>(
  client: Client,
  time_zone: string,
  bounds: Record<K, string | null>,
): Promise<Record<K, Bound | null>> {
  const names = Object.keys(bounds) as K[];
  const rows = await client.rows<{ at: Date | null; month: string | null }>(
    `select at, case when local = date_trunc('month', local) then local::date end as month
     from unnest($2::text[]) with ordinality as given(value, place)
     cross join lateral (
       select case when value is not null then least(greatest(
         case when length(value) = 10 then value::timestamp at time zone $1 else value::timestamptz end,
         '1000-01-01Z'), '9998-12-31Z') end as at
     ) moment
     cross join lateral (select at at time zone $1 as local) l
     order by place`,
    [time_zone, names.map((name) => bounds[name])],
  );
  const read = names.map((name, place) => {
    const row = rows[place];
    return [name, row?.at ? { at: row.at.toISOString(), month: row.month } : null] as const;
  });
  return Object.fromEntries(read) as Record<K, Bound | null>;
}

/**
 * The bounds of a period `[from, to)`, as `readBounds` understands them.
 * @throws ApiError 400 where no time passes between them.
 */
export async function readPeriod(
  client: Client,
  time_zone: string,
  { from, to }: { from?: string | null | undefined; to?: string | null | undefined },
): Promise<Record<'from' | 'to', Bound | null>> {
  if (from == null && to == null) return { from: null, to: null };
  const period = await readBounds(client, time_zone, { from: from ?? null, to: to ?? null });
  requireForward(period);
  return period;
}

/** @throws ApiError 400 for a period in which no time passes. */
export function requireForward({ from, to }: Record<'from' | 'to', Bound | null>): void {
  if (from && to && from.at >= to.at) throw emptyPeriod();
}
