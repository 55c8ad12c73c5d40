import { followed, from, type Plain, paidLately, referred, retained, spent } from './pieces.ts';

/** What customers paid in the year to 2025-12-01 and in the one before, and when first. */
const years = `paid as (
    select customer_id, coalesce(sum(amount) filter (where occurred_at < '2024-12-01'), 0) as base,
      coalesce(sum(amount) filter (where occurred_at >= '2024-12-01'), 0) as now
    from revenue_events where occurred_at >= '2023-12-01' and occurred_at < '2025-12-01' group by customer_id
  )`;
const earned = `c.acquisition in ('referral', 'word_of_mouth')`;

export const money: Record<string, readonly Plain[]> = {
  '/v1/analytics/revenue-retention': [
    {
      ask: '/analytics/revenue-retention',
      figures: (data) => from(data, {}, 'nrr', 'grr', 'logo_retention'),
      sql: () => `with ${years}
        select sum(now) / sum(base), sum(least(now, base)) / sum(base), count(*) filter (where now > 0)::float8 / count(*)
        from paid where base > 0`,
    },
  ],
  '/v1/analytics/earned-growth': [
    {
      ask: '/analytics/earned-growth',
      figures: (data) => from(data, {}, 'earned_growth_least', 'earned_growth_most', 'total_growth'),
      sql: () => `with ${years}, known as (select customer_id, min(occurred_at) as first_paid_at from revenue_events group by customer_id),
        summed as (
          select sum(base) filter (where base > 0) as base, sum(now) filter (where base > 0) as kept, sum(now) as now,
            sum(now) filter (where base <= 0 and first_paid_at >= '2024-12-01' and ${earned}) as earned,
            sum(now) filter (where base <= 0 and first_paid_at >= '2024-12-01' and coalesce(c.acquisition, 'unknown') = 'unknown') as unknown
          from paid join known using (customer_id) left join customers c on c.id = customer_id
        )
        select (kept + coalesce(earned, 0)) / base - 1, (kept + coalesce(earned, 0) + coalesce(unknown, 0)) / base - 1, now / base - 1 from summed`,
    },
    {
      ask: '/analytics/earned-growth?by=month&from=2023-02-01',
      figures: (data) => from([...data].reverse(), {}, 'earned_growth_least', 'total_growth'),
      sql: () => `with months as (
          select customer_id, date_trunc('month', occurred_at) as month, sum(amount) as revenue
          from revenue_events where occurred_at < '2025-12-01' group by 1, 2
        ),
        known as (select customer_id, min(occurred_at) as first_paid_at from revenue_events group by customer_id),
        paid as (
          select coalesce(n.customer_id, b.customer_id) as customer_id, coalesce(n.month, b.month + interval '1 year') as month,
            coalesce(n.revenue, 0) as now, coalesce(b.revenue, 0) as base
          from months n full join months b on b.customer_id = n.customer_id and b.month = n.month - interval '1 year'
        ),
        summed as materialized (
          select month, sum(base) filter (where base > 0) as base, sum(now) filter (where base > 0) as kept, sum(now) as now,
            sum(now) filter (where base <= 0 and first_paid_at >= month - interval '11 months' and ${earned}) as earned
          from paid join known using (customer_id) left join customers c on c.id = customer_id group by month
        )
        select (kept + coalesce(earned, 0)) / base - 1, now / base - 1 from summed where month = '2025-11-01'`,
    },
  ],
  '/v1/analytics/revenue-at-risk': [
    {
      ask: '/analytics/revenue-at-risk?survey=nps',
      figures: (data) => from(data, { band: 'detractor' }, 'revenue', 'expected_loss'),
      sql: (ends) => `with ${followed()}, ${retained(ends)}, ${paidLately(ends)},
        latest as (
          select distinct on (customer_id) customer_id, band from responses
          where survey = 'nps' and answered_at > ${ends.revenue} - interval '365 days' and answered_at <= ${ends.revenue}
          order by customer_id, answered_at desc, id desc
        ),
        exposed as (
          select sum(revenue) as revenue from latest join lately using (customer_id)
          where band = 'detractor' and customer_id not in (select customer_id from gone)
        )
        select revenue, revenue * (avg(stayed::int) filter (where band = 'promoter') - avg(stayed::int) filter (where band = 'detractor'))
        from retained cross join exposed group by revenue`,
    },
  ],
  '/v1/analytics/loyalty': [
    {
      ask: '/analytics/loyalty?survey=nps',
      figures: (data) => [
        ...from(data, { name: 'apostle' }, 'responses'),
        ...from(data, { name: 'defector' }, 'responses'),
      ],
      sql: (ends) => `with ${followed()}, ${spent}, ${referred}, ${retained(ends)}, judged as (
          select band, stayed and (coalesce(s.orders, 0) > 0 or coalesce(w.made, 0) > 0) as loyal
          from retained f left join spent s using (id) left join referred w using (id)
          where f.until <= ${ends.revenue} and f.until <= ${ends.referrals}
        )
        select count(*) filter (where band = 'promoter' and loyal), count(*) filter (where band <> 'promoter' and not loyal) from judged`,
    },
  ],
  '/v1/analytics/leaving-reasons': [
    {
      ask: '/analytics/leaving-reasons',
      figures: (data) => from(data, { reason: 'price' }, 'customers', 'revenue'),
      sql: () => `with leavers as (
          select distinct on (customer_id) customer_id, reason, occurred_at from retention_events where type = 'churned'
          order by customer_id, occurred_at desc, id desc
        ),
        reasons as materialized (
          select reason, count(distinct l.customer_id) as customers, sum(e.amount) as revenue
          from leavers l left join revenue_events e on e.customer_id = l.customer_id and e.occurred_at <= l.occurred_at group by reason
        )
        select customers, revenue from reasons where reason = 'price'`,
    },
  ],
};
