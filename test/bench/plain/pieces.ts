/** What an analyst would look up first, and write into the statements. */
export interface Ends {
  /** The latest events of the datasets, as moments of SQL: through when windows are closed. */
  revenue: string;
  referrals: string;
  retention: string;
}

type Rows = readonly Record<string, unknown>[];

/** A question, and the same headline figures in plain SQL over the raw tables: no table that the service keeps. */
export interface Plain {
  /** The request, without `/v1`. */
  ask: string;
  /** The figures, out of the rows and comparisons of the answer. */
  figures: (data: Rows, comparisons: Rows) => unknown[];
  /** One row with the same figures, in the same order. */
  sql: (ends: Ends) => string;
}

/** Some columns of the row in which these columns have these values. */
export const from = (rows: Rows, where: Record<string, unknown>, ...columns: string[]) => {
  const row = rows.find((one) => Object.entries(where).every(([name, value]) => one[name] === value));
  return columns.map((name) => row?.[name]);
};

export const sum = (rows: Rows, column: string) => rows.reduce((all, row) => all + Number(row[column]), 0);

/**
 * The index responses `followed`, with the ends of their windows of 180 days. The aggregate that chains them is that of the
 * service: a recursive query, or a cursor, would do the same more slowly.
 */
export const followed = (survey = "survey = 'nps'") => `
  followed as materialized (
    select id, customer_id, survey, score, band, moment, unit, themes, answered_at, answered_at + interval '180 days' as until
    from (
      select *, row_number() over (partition by customer_id, survey, started_at order by answered_at, id) as place
      from (
        select id, customer_id, survey, score, band, moment, unit, themes, answered_at,
          index_start(answered_at, interval '180 days') over (
            partition by customer_id, survey order by answered_at, id rows unbounded preceding) as started_at
        from responses where ${survey} and customer_id is not null
      ) started
    ) placed where place = 1
  )`;

/** Whether the customer was active at two moments of each row of `rows`, by the retention events; for those who have any. */
export const relation = (rows: string, then: string, after: string) => {
  const active = (moment: string) => `coalesce(
    (array_agg(e.type order by e.occurred_at desc, e.id desc) filter (where e.occurred_at <= ${moment}))[1] <> 'churned',
    (array_agg(e.type order by e.occurred_at, e.id) filter (where e.occurred_at > ${moment}))[1] in ('renewed', 'churned'))`;
  return `relation as (
    select f.id, ${active(then)} as active_then, ${active(after)} as active_after,
      min(e.occurred_at) filter (where e.type = 'churned' and e.occurred_at > ${then}) as churned_at
    from ${rows} f join retention_events e on e.customer_id = f.customer_id group by f.id
  )`;
};

/** What the customers of `followed` paid after and before each. */
export const spent = `spent as (
    select f.id, sum(e.amount) filter (where e.occurred_at > f.answered_at) as after,
      sum(e.amount) filter (where e.occurred_at <= f.answered_at) as before,
      count(*) filter (where e.occurred_at > f.answered_at and e.amount > 0) as orders
    from followed f join revenue_events e on e.customer_id = f.customer_id
      and e.occurred_at > f.answered_at - interval '180 days' and e.occurred_at <= f.until
    group by f.id
  )`;

/** The referrals after each of `followed`. */
export const referred = `referred as (
    select f.id, count(*) filter (where e.made_at > f.answered_at and e.made_at <= f.until) as made,
      count(*) filter (where e.converted_at > f.answered_at and e.converted_at <= f.until) as converted
    from followed f join referrals e on e.referrer_id = f.customer_id group by f.id
  )`;

/** Those of `followed` whose retention is known, and whether they stayed. */
export const retained = ({ revenue, retention }: Ends) => `
  ${relation('followed', 'f.answered_at', 'f.until')},
  retained as materialized (
    select f.*, case when n.id is not null then n.active_after else exists (
        select from revenue_events e where e.customer_id = f.customer_id and e.amount > 0
          and e.occurred_at > f.answered_at and e.occurred_at <= f.until) end as stayed
    from followed f left join relation n on n.id = f.id
    where case when n.id is null then f.until <= ${revenue} else n.active_then and f.until <= ${retention} end
  )`;

/** What customers paid in the year to the end, of those who have not left by then. */
export const paidLately = ({ revenue, retention }: Ends) => `
  lately as (
    select e.customer_id, sum(e.amount) as revenue from revenue_events e
    where e.occurred_at > ${revenue} - interval '365 days' and e.occurred_at <= ${revenue} group by e.customer_id
  ),
  gone as (
    select customer_id from (
      select distinct on (customer_id) customer_id, type from retention_events where occurred_at <= ${retention}
      order by customer_id, occurred_at desc, id desc
    ) last where type = 'churned'
  )`;

/** The place of a value among all, ties in the middle. */
export const midRank = (column: string) =>
  `rank() over (order by ${column}) + (count(*) over (partition by ${column}) - 1) / 2.0`;
