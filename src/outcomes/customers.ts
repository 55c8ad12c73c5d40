import type { Client } from '../db/pool.ts';
import { readState } from './collect.ts';
import { converted, hashGroup } from './definition.ts';

/**
 * Fills `customer_months` and `customer_standing` from the raw facts. The standing is as of the moment through which
 * revenue is complete: `trailing_revenue` is net revenue in (t - 365 days, t].
 */
export async function fillCustomers(client: Client): Promise<void> {
  const { time_zone, currency, revenue_through } = await readState(client);
  await client.rows('delete from customer_months');
  await client.rows(
    `insert into customer_months (customer_id, month, hash_group, revenue, orders, no_rate)
     select v.customer_id, v.month, ${hashGroup('v.customer_id')}, coalesce(sum(v.amount), 0),
       count(*) filter (where v.paid), count(*) filter (where v.amount is null)
     from (
       select e.customer_id, date_trunc('month', e.occurred_at at time zone $1)::date as month, e.amount > 0 as paid,
         ${converted} as amount
       from revenue_events e
     ) v
     group by v.customer_id, v.month`,
    [time_zone, currency],
  );
  await client.rows('delete from customer_standing');
  await client.rows(
    `insert into customer_standing (customer_id, hash_group, trailing_revenue, trailing_orders, no_rate, first_paid_at,
       last_paid_at, contract, ended_at)
     select c.id, ${hashGroup('c.id')}, coalesce(v.revenue, 0), coalesce(v.orders, 0), coalesce(v.no_rate, 0),
       v.first_paid_at, v.last_paid_at,
       case n.type when 'churned' then 'ended' else case when n.type is not null then 'active' end end,
       case n.type when 'churned' then n.occurred_at end
     from customers c
     left join (
       select r.customer_id, sum(r.amount) filter (where r.recent) as revenue,
         count(*) filter (where r.recent and r.paid) as orders,
         count(*) filter (where r.recent and r.amount is null) as no_rate,
         min(r.occurred_at) filter (where r.paid) as first_paid_at, max(r.occurred_at) filter (where r.paid) as last_paid_at
       from (
         select e.customer_id, e.occurred_at, e.amount > 0 as paid, ${converted} as amount,
           e.occurred_at > $3::timestamptz - interval '365 days' as recent
         from revenue_events e where e.occurred_at <= $3::timestamptz
       ) r group by r.customer_id
     ) v on v.customer_id = c.id
     left join (
       select distinct on (t.customer_id) t.customer_id, t.type, t.occurred_at
       from retention_events t where t.occurred_at <= $3::timestamptz
       order by t.customer_id, t.occurred_at desc, t.id desc
     ) n on n.customer_id = c.id`,
    [time_zone, currency, revenue_through],
  );
  await client.rows('update refresh_state set stood_at = revenue_through');
}
