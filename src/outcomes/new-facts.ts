import type { Client } from '../db/pool.ts';

/** What the last look saw: a snapshot of the database (null before the first), and its own transaction. */
export interface Since {
  snapshot: string | null;
  own_xid: string | null;
}

/** When a fact of each table happened. */
export const timeOf = {
  responses: 'answered_at',
  revenue_events: 'occurred_at',
  referrals: 'made_at',
  retention_events: 'occurred_at',
  invitations: 'sent_at',
};
/** Whose fact it is. */
export const customerOf = {
  responses: 'customer_id',
  revenue_events: 'customer_id',
  referrals: 'referrer_id',
  retention_events: 'customer_id',
  invitations: 'customer_id',
};
export const factTables = Object.keys(timeOf) as (keyof typeof timeOf)[];

/**
 * Rows that were stored after the snapshot in $1 and are visible now: exact, however late they committed. What the last
 * look wrote itself (its transaction is $2) is not new.
 */
export const isNew = (alias: string) =>
  `($1::text is null or (${alias}.changed_xid >= pg_snapshot_xmin($1::pg_snapshot)
    and not pg_visible_in_snapshot(${alias}.changed_xid, $1::pg_snapshot) and ${alias}.changed_xid <> $2::xid8))`;

/** The parameters that `isNew` reads. */
export const sinceOf = ({ snapshot, own_xid }: Since) => [snapshot, own_xid] as const;

/**
 * The rates that are new, changed or removed: of what was removed only these are looked for here, since whoever removes
 * a fact marks its customer.
 */
export const changedRates = `
  select t.from_currency as currency, t.valid_on from exchange_rates t where ${isNew('t')}
  union all
  select left(t.key, 3), right(t.key, 10)::date from tombstones t where t.dataset = 'exchange_rates' and ${isNew('t')}`;

const removedRates = "(select * from tombstones where dataset = 'exchange_rates')";
const watched = [...factTables, 'customers', 'surveys', 'exchange_rates', removedRates];

/**
 * How many rows wait to be collected, counted no further than `most`. Reads the tips of the change indexes only.
 */
export async function countNew(client: Client, since: Since, most: number): Promise<number> {
  const [found] = await client.rows<{ n: number }>(
    `select count(*) as n from (${watched
      .map((table) => `(select 1 from ${table} t where ${isNew('t')} limit $3)`)
      .join(' union all ')}) waiting`,
    [...sinceOf(since), most],
  );
  return found?.n ?? 0;
}
