import assert from 'node:assert/strict';
import type { Database } from '../../src/db/pool.ts';
import type { Counted } from './compare.ts';

/** The outcomes of a survey's responses, and how many of them were left out. */
export interface RevenueByHand {
  counted: Counted[];
  not_index: number;
  open: number;
}

/**
 * The outcomes of every response to a survey, by the words of the definition and straight from the raw facts: one
 * currency, everybody known, complete through the latest revenue event. A day of a window has 24 hours.
 */
export async function revenueByHand(
  db: Database,
  survey: string,
  window_days: number,
  time_zone: string,
): Promise<RevenueByHand> {
  const index = `
    with recursive chosen as (
      select first.* from (
        select distinct on (customer_id) * from responses where survey = $1 order by customer_id, answered_at, id
      ) first
      union all
      select later.* from chosen c cross join lateral (
        select * from responses r
        where r.survey = $1 and r.customer_id = c.customer_id
          and r.answered_at >= c.answered_at + $2 * interval '24 hours'
        order by r.answered_at, r.id limit 1
      ) later
    ), elapsed as (
      select * from chosen
      where answered_at + $2 * interval '24 hours' <= (select max(occurred_at) from revenue_events)
    )`;
  const rows = await db.read((client) =>
    client.rows<{
      customer: string;
      band: Counted['band'];
      region: string | null;
      month: string;
      after: string;
      before: string;
      orders: number;
    }>(
      `${index}
       select e.customer_id as customer, e.band, e.region,
         to_char(e.answered_at at time zone $3, 'YYYY-MM') as month,
         coalesce(sum(v.amount) filter (where v.occurred_at > e.answered_at), 0)::text as after,
         coalesce(sum(v.amount) filter (where v.occurred_at <= e.answered_at), 0)::text as before,
         count(v.id) filter (where v.occurred_at > e.answered_at and v.amount > 0)::int as orders
       from elapsed e
       left join revenue_events v on v.customer_id = e.customer_id
         and v.occurred_at > e.answered_at - $2 * interval '24 hours'
         and v.occurred_at <= e.answered_at + $2 * interval '24 hours'
       group by e.id, e.customer_id, e.band, e.region, e.answered_at`,
      [survey, window_days, time_zone],
    ),
  );
  const [counts] = await db.read((client) =>
    client.rows<{ sent: number; chosen: number; elapsed: number }>(
      `${index} select (select count(*) from responses where survey = $1)::int as sent,
         (select count(*) from chosen)::int as chosen, (select count(*) from elapsed)::int as elapsed`,
      [survey, window_days],
    ),
  );
  assert.ok(counts);
  return {
    counted: rows.map(({ customer, band, region, month, orders, ...row }) => {
      const [after, before] = [Number(row.after), Number(row.before)];
      const values = {
        revenue_after: after,
        revenue_before: before,
        change: after - before,
        repeat_rate: orders > 0 ? 1 : 0,
        orders,
      };
      return { customer, band, group: { region, month }, values };
    }),
    not_index: counts.sent - counts.chosen,
    open: counts.chosen - counts.elapsed,
  };
}
