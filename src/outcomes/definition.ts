/**
 * What an outcome is, once, as SQL: the refresh, the rebuild and the verification all read this statement.
 *
 * For a response at t and a window of W days (a day is 24 hours):
 * - `revenue_after` is net revenue in (t, t + W], `revenue_before` in (t - W, t]; `orders_after` counts the events of
 *   (t, t + W] with an amount above zero.
 * - `referrals_after` and `conversions_after` count the referrals of the customer that were made, or converted, in
 *   (t, t + W].
 * - `retained` says whether the customer was active at t + W. A customer with any retention event (`contract`) is active
 *   unless the last event up to the moment is a churn; before its first event it is active if that event is a renewal
 *   or a churn, since only what exists can be renewed or ended. Everybody else (`activity`) is retained when it bought
 *   again in (t, t + W].
 * - An index response is the first one of a customer to a survey, then the first one at least W days after the index
 *   response before it: windows of one customer never overlap, so no euro is counted twice.
 * - A window is closed when t + W is not after the moment through which the dataset that the outcome comes from is
 *   complete. Whether something happened never decides it.
 *
 * Each outcome has a state: `counted`, or the first of these that holds: `anonymous`, `leaving` (the survey was sent
 * because the customer leaves), `not_index`, `no_contract` (the curve: nothing tells when the customer left),
 * `not_active` (retention and the curve: not a customer any more at t), `window_open`, `no_exchange_rate` (revenue).
 */
export const definitionVersion = 1;

/** The group of a customer in the jackknife, 0 to 31: a fixed hash of its id, the same in every table. */
export const hashGroup = (customer: string) => `(get_byte(sha256(convert_to(${customer}, 'UTF8')), 0) & 31)::smallint`;

/** The columns of `response_outcomes`, in the order of the table. */
export const outcomeColumns = [
  'response_id',
  'window_days',
  'respondent',
  'hash_group',
  'survey',
  'band',
  'score',
  'answered_at',
  'answered_on',
  'month',
  'unit',
  'segment',
  'region',
  'moment',
  'channel',
  'themes',
  'revenue_state',
  'revenue_after',
  'revenue_before',
  'orders_after',
  'referrals_state',
  'referrals_after',
  'conversions_after',
  'retention_state',
  'retention_basis',
  'retained',
  'curve_state',
  'churned_after_days',
] as const;

/** What the statement is told: the settings, and through when each dataset is complete (null: never sent). */
interface DefinitionInput {
  time_zone: string;
  currency: string;
  windows_days: number[];
  revenue_through: Date | null;
  referrals_through: Date | null;
  retention_through: Date | null;
}

/** The parameters of `outcomesSql`, in their order; `respondents` only for the scope `some`. */
export function outcomeParameters(input: DefinitionInput, respondents?: readonly string[]) {
  const parameters = [
    input.time_zone,
    input.currency,
    `{${input.windows_days.join(',')}}`,
    input.revenue_through,
    input.referrals_through,
    input.retention_through,
  ];
  if (!respondents) return parameters;
  // A customer's own id may begin with `~` too, so such a one is looked for under both meanings.
  const anonymous = respondents.filter((one) => one.startsWith('~')).map((one) => one.slice(1));
  return [...parameters, respondents, anonymous];
}

/**
 * The amount of a revenue event `e` in the reporting currency ($2), rounded to four decimals; null where no rate is known
 * for the day of the event (in the time zone $1) or the six days before it.
 */
export const converted = `case when e.currency = $2 then e.amount else round(e.amount * (
      select x.rate from exchange_rates x
      where x.id <= e.currency || '-' || $2 || '-' || to_char(e.occurred_at at time zone $1, 'YYYY-MM-DD')
        and x.id > e.currency || '-' || $2 || '-' || to_char((e.occurred_at at time zone $1)::date - 7, 'YYYY-MM-DD')
      order by x.id desc limit 1), 4) end`;

/**
 * The statement that works out outcomes from the raw facts, with the columns of `outcomeColumns`.
 * `all` reads every response; `some` those of the respondents given, by index.
 */
export const outcomesSql = (scope: 'all' | 'some') => `
with asked as materialized (
  select r.id, r.customer_id, coalesce(r.customer_id, '~' || r.id) as respondent, r.survey, r.band, r.score,
    r.answered_at, (r.answered_at at time zone $1)::date as answered_on, coalesce(r.unit, '') as unit,
    coalesce(r.segment, c.segment, '') as segment, coalesce(r.region, c.region, '') as region,
    coalesce(r.moment, '') as moment, coalesce(r.channel, '') as channel, r.themes,
    s.triggered_by_leaving as leaving
  from responses r
  join surveys s on s.key = r.survey
  left join customers c on c.id = r.customer_id
  ${scope === 'some' ? 'where r.customer_id = any($7::text[]) or (r.id = any($8::text[]) and r.customer_id is null)' : ''}
),
started as (
  select a.id, a.customer_id, a.survey, a.answered_at, w.window_days,
    index_start(a.answered_at, make_interval(days => w.window_days)) over (
      partition by a.customer_id, a.survey, w.window_days order by a.answered_at, a.id rows unbounded preceding
    ) as started_at
  from asked a cross join unnest($3::int[]) as w(window_days)
  where a.customer_id is not null and not a.leaving
),
followed as materialized (
  select id, customer_id, window_days, answered_at,
    answered_at - make_interval(days => window_days) as since,
    answered_at + make_interval(days => window_days) as until
  from (
    select *, row_number() over (
      partition by customer_id, survey, window_days, started_at order by answered_at, id
    ) as place
    from started
  ) placed
  where place = 1
),
revenue as (
  select f.id, f.window_days,
    coalesce(sum(v.amount) filter (where v.occurred_at > f.answered_at), 0) as revenue_after,
    coalesce(sum(v.amount) filter (where v.occurred_at <= f.answered_at), 0) as revenue_before,
    count(*) filter (where v.occurred_at > f.answered_at and v.paid) as orders_after,
    bool_or(v.amount is null) as unknown
  from followed f
  join lateral (
    select e.occurred_at, e.amount > 0 as paid, ${converted} as amount
    from revenue_events e
    where e.customer_id = f.customer_id and e.occurred_at > f.since and e.occurred_at <= f.until
  ) v on true
  where f.until <= $4::timestamptz
  group by f.id, f.window_days
),
referred as (
  select f.id, f.window_days,
    count(*) filter (where e.made_at > f.answered_at and e.made_at <= f.until) as referrals_after,
    count(*) filter (where e.converted_at > f.answered_at and e.converted_at <= f.until) as conversions_after
  from followed f
  join referrals e on e.referrer_id = f.customer_id
  where f.until <= $5::timestamptz
  group by f.id, f.window_days
),
relation as (
  select f.id, f.window_days,
    coalesce(
      (array_agg(e.type order by e.occurred_at desc, e.id desc) filter (where e.occurred_at <= f.answered_at))[1] <> 'churned',
      (array_agg(e.type order by e.occurred_at, e.id) filter (where e.occurred_at > f.answered_at))[1] in ('renewed', 'churned')
    ) as active_then,
    coalesce(
      (array_agg(e.type order by e.occurred_at desc, e.id desc) filter (where e.occurred_at <= f.until))[1] <> 'churned',
      (array_agg(e.type order by e.occurred_at, e.id) filter (where e.occurred_at > f.until))[1] in ('renewed', 'churned')
    ) as active_after,
    min(e.occurred_at) filter (where e.type = 'churned' and e.occurred_at > f.answered_at) as churned_at
  from followed f
  join retention_events e on e.customer_id = f.customer_id
  group by f.id, f.window_days
)
select a.id as response_id, w.window_days, a.respondent,
  ${hashGroup('a.respondent')} as hash_group,
  a.survey, a.band, a.score, a.answered_at, a.answered_on, date_trunc('month', a.answered_on)::date as month,
  a.unit, a.segment, a.region, a.moment, a.channel, a.themes,
  revenue_state,
  case when revenue_state = 'counted' then coalesce(v.revenue_after, 0) end as revenue_after,
  case when revenue_state = 'counted' then coalesce(v.revenue_before, 0) end as revenue_before,
  case when revenue_state = 'counted' then coalesce(v.orders_after, 0)::int end as orders_after,
  referrals_state,
  case when referrals_state = 'counted' then coalesce(p.referrals_after, 0)::int end as referrals_after,
  case when referrals_state = 'counted' then coalesce(p.conversions_after, 0)::int end as conversions_after,
  retention_state,
  case when retention_state = 'counted' then basis end as retention_basis,
  case when retention_state = 'counted' then
    case basis when 'contract' then n.active_after else coalesce(v.orders_after, 0) > 0 end
  end as retained,
  curve_state,
  -- greatest() passes over nulls: who never left would have left on day 1.
  case when curve_state = 'counted' and n.churned_at is not null
    then greatest(1, (n.churned_at at time zone $1)::date - a.answered_on) end as churned_after_days
from asked a
cross join unnest($3::int[]) as w(window_days)
left join followed f on f.id = a.id and f.window_days = w.window_days
left join revenue v on v.id = a.id and v.window_days = w.window_days
left join referred p on p.id = a.id and p.window_days = w.window_days
left join relation n on n.id = a.id and n.window_days = w.window_days
cross join lateral (
  select
    case when a.customer_id is null then 'anonymous' when a.leaving then 'leaving' when f.id is null then 'not_index' end
      as why_not,
    case when n.id is null then 'activity' else 'contract' end as basis
) eligible
cross join lateral (
  select
    coalesce(why_not, case when f.until <= $4::timestamptz then
      case when v.unknown then 'no_exchange_rate' else 'counted' end else 'window_open' end) as revenue_state,
    coalesce(why_not, case when f.until <= $5::timestamptz then 'counted' else 'window_open' end) as referrals_state,
    coalesce(why_not, case when basis = 'contract' and not n.active_then then 'not_active'
      when f.until <= case basis when 'contract' then $6::timestamptz else $4::timestamptz end then 'counted'
      else 'window_open' end) as retention_state,
    coalesce(why_not, case when basis = 'activity' then 'no_contract' when not n.active_then then 'not_active'
      else 'counted' end) as curve_state
) states`;
