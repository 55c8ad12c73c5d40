import type { Client, Param } from '../db/pool.ts';
import { type RefreshState, readState } from './collect.ts';
import { converted, hashGroup } from './definition.ts';
import { takeCustomers } from './queues.ts';

/** All customers, or some of them. */
export type Scope = 'all' | 'some';

/**
 * A table with what is kept of each customer, as the statement that works it out from the raw facts: exactly, for all
 * customers or for some, with the same parameters (`some`: the customers come last).
 */
interface CustomerTable {
  table: 'customer_months' | 'customer_standing';
  key: readonly string[];
  columns: readonly string[];
  select: (scope: Scope) => string;
  /** Which of the rows `h` that are kept the statement works out again, of some customers. */
  held: string;
}

/**
 * The parameters of the statements: $1 time zone, $2 currency, $3 and $4 through when revenue and retention events are
 * complete (before anything was sent: the beginning of time), $5 the customers, $6 the earliest of their payments that is
 * touched (months before its own stay as they are).
 */
export function customerParameters(
  state: RefreshState,
  some?: { customers: readonly string[]; since: string },
): Param[] {
  const { time_zone, currency, revenue_through, retention_through } = state;
  const ends = [revenue_through, retention_through].map((end) => end?.toISOString() ?? '-infinity');
  return [time_zone, currency, ...ends, ...(some ? [some.customers, some.since] : [])];
}

const only = (scope: Scope, column: string) => (scope === 'some' ? `where ${column} = any($5::text[])` : '');

/** The revenue events of the customers, in the reporting currency; `amount` is null where no rate is known. */
const eventsOf = (scope: Scope) => `
  select e.customer_id, e.occurred_at, e.amount > 0 as paid, ${converted} as amount
  from revenue_events e ${only(scope, 'e.customer_id')}`;

/**
 * The first month that is touched. The index finds the events of the 33 days before as well, which are more than a
 * month.
 */
const sinceMonth = "date_trunc('month', $6::timestamptz at time zone $1)::date";

/**
 * Net revenue by customer and month of the reporting time zone. Future events, which may lie up to a day ahead, count.
 */
const months: CustomerTable = {
  table: 'customer_months',
  key: ['month', 'customer_id'],
  columns: ['customer_id', 'month', 'hash_group', 'revenue', 'orders', 'no_rate'],
  held: `h.customer_id = any($5::text[]) and h.month >= ${sinceMonth}`,
  // The condition on $3 and $4 is always true: it gives them their types.
  select: (scope) => `
    select v.customer_id, v.month, ${hashGroup('v.customer_id')} as hash_group,
      coalesce(sum(v.amount), 0) as revenue, count(*) filter (where v.paid)::int as orders,
      count(*) filter (where v.amount is null)::int as no_rate
    from (
      select r.*, date_trunc('month', r.occurred_at at time zone $1)::date as month from (${eventsOf(scope)}) r
      where $3::timestamptz is not null and $4::timestamptz is not null
        ${scope === 'some' ? "and r.occurred_at >= $6::timestamptz - interval '33 days'" : ''}
    ) v
    ${scope === 'some' ? `where v.month >= ${sinceMonth}` : ''}
    group by v.customer_id, v.month`,
};

/**
 * Where a customer stands. Revenue is that of (t - 365 days, t], t the moment through which revenue is complete. The
 * contract is judged as retention is in `outcomes/definition.ts`, at the moment through which retention events are
 * complete: by the last event up to it; before its first one it runs if that is a renewal or a churn.
 *
 * `revenue_changes_at` and `contract_changes_at` say from when on that will no longer be so without any new fact: an
 * event of these days leaves them 365 days after it happened, one that lies ahead enters them then.
 */
const standing: CustomerTable = {
  table: 'customer_standing',
  key: ['customer_id'],
  columns: [
    'customer_id',
    'hash_group',
    'trailing_revenue',
    'trailing_orders',
    'no_rate',
    'first_paid_at',
    'last_paid_at',
    'contract',
    'ended_at',
    'revenue_changes_at',
    'contract_changes_at',
  ],
  // The condition on $6 is always true: it gives it its type.
  held: 'h.customer_id = any($5::text[]) and $6::timestamptz is not null',
  select: (scope) => `
    select c.id as customer_id, ${hashGroup('c.id')} as hash_group, coalesce(v.trailing_revenue, 0) as trailing_revenue,
      coalesce(v.trailing_orders, 0)::int as trailing_orders, coalesce(v.no_rate, 0)::int as no_rate,
      v.first_paid_at, v.last_paid_at,
      case when n.last_type = 'churned' then 'ended'
        when n.last_type is not null or n.next_type in ('renewed', 'churned') then 'active' end as contract,
      case n.last_type when 'churned' then n.last_at end as ended_at,
      v.revenue_changes_at, n.contract_changes_at
    from customers c
    left join (
      select r.customer_id,
        sum(r.amount) filter (where r.recent) as trailing_revenue,
        count(*) filter (where r.recent and r.paid) as trailing_orders,
        count(*) filter (where r.recent and r.amount is null) as no_rate,
        min(r.occurred_at) filter (where r.known and r.paid) as first_paid_at,
        max(r.occurred_at) filter (where r.known and r.paid) as last_paid_at,
        least(min(r.occurred_at) filter (where r.recent) + interval '365 days',
          min(r.occurred_at) filter (where not r.known)) as revenue_changes_at
      from (
        select f.*, f.occurred_at <= $3::timestamptz as known,
          f.occurred_at <= $3::timestamptz and f.occurred_at > $3::timestamptz - interval '365 days' as recent
        from (${eventsOf(scope)}) f where $4::timestamptz is not null
      ) r group by r.customer_id
    ) v on v.customer_id = c.id
    left join (
      select t.customer_id,
        (array_agg(t.type order by t.occurred_at desc, t.id desc) filter (where t.occurred_at <= $4::timestamptz))[1]
          as last_type,
        max(t.occurred_at) filter (where t.occurred_at <= $4::timestamptz) as last_at,
        (array_agg(t.type order by t.occurred_at, t.id) filter (where t.occurred_at > $4::timestamptz))[1] as next_type,
        min(t.occurred_at) filter (where t.occurred_at > $4::timestamptz) as contract_changes_at
      from retention_events t ${only(scope, 't.customer_id')} group by t.customer_id
    ) n on n.customer_id = c.id
    ${only(scope, 'c.id')}`,
};

export const customerTables: readonly CustomerTable[] = [months, standing];

/**
 * Works the rows out again and writes only what differs: what comes out the same is not touched. In the order of the key,
 * which is quicker for many.
 */
function replaceSql({ table, key, columns, select, held }: CustomerTable, scope: Scope): string {
  const list = (alias: string) => columns.map((column) => `${alias}.${column}`).join(', ');
  const same = key.map((column) => `h.${column} = f.${column}`).join(' and ');
  const ours = scope === 'some' ? `${held} and` : '';
  return `
    with fresh as materialized (${select(scope)}),
    gone as (delete from ${table} h where ${ours} not exists (select from fresh f where ${same}))
    insert into ${table} (${columns.join(', ')})
    select ${list('f')} from fresh f
    where not exists (
      select from ${table} h where ${ours} ${same} and row(${list('h')}) is not distinct from row(${list('f')})
    )
    order by ${key.join(', ')}
    on conflict (${key.join(', ')}) do update set ${columns
      .filter((column) => !key.includes(column))
      .map((column) => `${column} = excluded.${column}`)
      .join(', ')}`;
}

async function replace(client: Client, some?: { customers: readonly string[]; since: string }): Promise<void> {
  const parameters = customerParameters(await readState(client), some);
  for (const kept of customerTables) await client.rows(replaceSql(kept, some ? 'some' : 'all'), parameters);
}

/** Works out every customer's months and standing again, and forgets who waits for it. */
export async function fillCustomers(client: Client): Promise<void> {
  await client.rows('delete from dirty_customers');
  await replace(client);
  // Both may have been written as a whole: without this the next questions would be planned for what was there before.
  for (const { table } of customerTables) await client.rows(`analyze ${table}`);
}

/** Works out the months and the standing of up to `most` dirty customers again. @returns of how many. */
export async function recomputeCustomers(client: Client, most: number): Promise<number> {
  const taken = await takeCustomers(client, most);
  if (taken.customers.length > 0) await replace(client, taken);
  return taken.customers.length;
}
