import { fixedAt, obstacleId } from '../seed-managed.ts';
import { followed, from, type Plain, paidLately, retained, spent, sum } from './pieces.ts';

const nps = `100.0 * (count(*) filter (where band = 'promoter') - count(*) filter (where band = 'detractor')) / count(*)`;
const fixed = `timestamptz '${fixedAt}'`;

/** The problems and themes that each response has: what the service's own matching finds in these comments. */
const topics = `topics as materialized (
    select id, 'waiting' as topic from responses
    where survey = 'nps' and ('theme-1' = any(themes) or comment ilike '%waited too long%' or comment ilike '%much too long%')
    union all
    select id, 'invoices' from responses where survey = 'nps' and ('theme-2' = any(themes) or comment ilike '%invoice was wrong%')
    union all
    select id, 'silence' from responses where survey = 'nps' and (comment ilike '%called back%' or comment ilike '%called me back%')
    union all
    select id, 'returns' from responses where survey = 'nps' and 'theme-3' = any(themes)
    union all
    select id, theme from responses cross join unnest(themes) as theme
    where survey = 'nps' and theme not in ('theme-1', 'theme-2', 'theme-3')
  )`;

export const scores: Record<string, readonly Plain[]> = {
  '/v1/analytics/scores': [
    {
      ask: '/analytics/scores?survey=nps&group_by=month',
      figures: (data) => from(data, { month: '2024-06' }, 'nps', 'responses'),
      sql: () => `select nps, n from (
          select date_trunc('month', answered_at) as month, ${nps} as nps, count(*) as n
          from responses where survey = 'nps' group by 1
        ) months where month = '2024-06-01'`,
    },
  ],
  '/v1/analytics/mix': [
    {
      ask: '/analytics/mix?survey=nps&by=segment&from=2025-01-01&to=2026-01-01',
      figures: (data) => [sum(data, 'mix_effect'), sum(data, 'score_effect')],
      sql: () => `with answers as (
          select coalesce(r.segment, c.segment) as segment, r.answered_at >= '2025-01-01' as now, r.band
          from responses r left join customers c on c.id = r.customer_id
          where r.survey = 'nps' and r.answered_at >= '2024-01-01' and r.answered_at < '2026-01-01'
        ),
        segments as (
          select segment, now, count(*)::float8 / sum(count(*)) over (partition by now) as share, (${nps})::float8 as nps
          from answers group by segment, now
        ),
        whole as (select avg(nps) as nps from (select ${nps} as nps from answers group by now) both_periods)
        select sum((n.share - b.share) * ((n.nps + b.nps) / 2 - w.nps)), sum((n.share + b.share) / 2 * (n.nps - b.nps))
        from segments n join segments b on b.segment = n.segment and not b.now cross join whole w where n.now`,
    },
  ],
  '/v1/analytics/moments': [
    {
      ask: '/analytics/moments?survey=nps',
      figures: (data) => from(data, { moment: 'moment-1' }, 'satisfied_rate', 'retention_gain', 'revenue_gain'),
      sql: (ends) => `with ${followed()}, ${spent}, ${retained(ends)}, stayed as (
          select moment, avg(stayed::int) filter (where score >= 9) - avg(stayed::int) filter (where score < 9) as gain
          from retained group by moment
        ),
        paid as (
          select moment, avg(coalesce(s.after, 0)) filter (where score >= 9) - avg(coalesce(s.after, 0)) filter (where score < 9) as gain
          from followed f left join spent s using (id) where f.until <= ${ends.revenue} group by moment
        ),
        rated as (select moment, avg((score >= 9)::int) as rate from responses where survey = 'nps' group by moment)
        select r.rate, s.gain, p.gain from rated r join stayed s using (moment) join paid p using (moment) where moment = 'moment-1'`,
    },
  ],
  '/v1/analytics/problems': [
    {
      ask: '/analytics/problems?survey=nps',
      figures: (data) => from(data, { key: 'waiting' }, 'responses', 'revenue_at_stake', 'churn_lift', 'recent'),
      sql: (ends) => `with ${topics}, ${followed()}, ${retained(ends)}, ${paidLately(ends)},
        latest as (select max(answered_at) + interval '1 millisecond' as at from responses),
        counted as (
          select topic, count(*) as n, count(*) filter (where r.answered_at >= l.at - interval '90 days') as recent
          from topics join responses r using (id) cross join latest l group by topic
        ),
        stakes as (
          select topic, sum(revenue) as revenue
          from (select distinct t.topic, r.customer_id from topics t join responses r using (id)) who
          join lately using (customer_id) group by topic
        ),
        left_with as (
          select topic, count(*) as n, count(*) filter (where not stayed) as churned from topics join retained using (id) group by topic
        ),
        everybody as (select count(*) as n, count(*) filter (where not stayed) as churned from retained),
        ranked as materialized (
          select topic, c.n, s.revenue, w.churned::float8 / w.n - (e.churned - w.churned)::float8 / (e.n - w.n) as lift, c.recent
          from counted c join stakes s using (topic) join left_with w using (topic) cross join everybody e
        )
        select n, revenue, lift, recent from ranked where topic = 'waiting'`,
    },
  ],
  '/v1/analytics/problems/:key/effect': [
    {
      ask: '/analytics/problems/invoices/effect?survey=nps',
      figures: (data, comparisons) => [
        ...from(data, { period: 'after' }, 'share'),
        ...from(comparisons, { measure: 'difference_in_differences' }, 'difference'),
      ],
      sql: () => `with judged as (
          select answered_at >= ${fixed} as after,
            ('theme-2' = any(themes) or coalesce(comment ilike '%invoice was wrong%', false))::int as it,
            ('theme-1' = any(themes) or coalesce(comment ilike '%waited too long%' or comment ilike '%much too long%', false))::int
              + coalesce(comment ilike '%called back%' or comment ilike '%called me back%', false)::int
              + ('theme-3' = any(themes))::int as others
          from responses
          where survey = 'nps' and answered_at >= ${fixed} - interval '90 days' and answered_at < ${fixed} + interval '90 days'
        )
        select avg(it) filter (where after),
          (avg(it) filter (where after) - avg(it) filter (where not after))
            - (avg(others) filter (where after) - avg(others) filter (where not after)) / 3
        from judged`,
    },
  ],
  '/v1/analytics/obstacles/:id/effect': [
    {
      ask: `/analytics/obstacles/${obstacleId}/effect?survey=nps`,
      figures: (data) => from(data, { side: 'moment', period: 'after' }, 'nps', 'retention_rate', 'revenue_after'),
      sql: (ends) => {
        const at = `answered_at >= ${fixed} - interval '90 days' and answered_at < ${fixed} + interval '90 days'`;
        const groups = `moment = 'moment-1', answered_at >= ${fixed}`;
        return `with ${followed()}, ${spent}, ${retained(ends)}
          select r.nps, s.rate, p.mean
          from (select moment = 'moment-1' as own, answered_at >= ${fixed} as after, ${nps} as nps from responses where survey = 'nps' and ${at} group by ${groups}) r
          join (select moment = 'moment-1' as own, answered_at >= ${fixed} as after, avg(stayed::int) as rate from retained where ${at} group by ${groups}) s using (own, after)
          join (select moment = 'moment-1' as own, answered_at >= ${fixed} as after, avg(coalesce(s.after, 0)) as mean
            from followed f left join spent s using (id) where f.until <= ${ends.revenue} and ${at} group by ${groups}) p using (own, after)
          where own and after`;
      },
    },
  ],
  '/v1/analytics/behaviours': [
    {
      ask: '/analytics/behaviours?survey=nps',
      figures: (data, comparisons) => [
        ...from(data, {}, 'mean_rating'),
        ...from(comparisons, { measure: 'nps' }, 'spearman'),
        ...from(comparisons, { measure: 'retention_rate' }, 'spearman'),
      ],
      sql: (ends) => {
        const month = (column: string) => `date_trunc('month', ${column})`;
        const rho = (of: string) => `(
          select corr(x, y) from (
            select rank() over (order by rating) + (count(*) over (partition by rating) - 1) / 2.0 as x,
              rank() over (order by ${of}) + (count(*) over (partition by ${of}) - 1) / 2.0 as y
            from seen where ${of} is not null) ranked)`;
        return `with ${followed()}, ${retained(ends)},
          rated as (select unit, ${month('observed_at')} as month, avg(rating) as rating from behaviour_observations group by 1, 2),
          scored as (select unit, ${month('answered_at')} as month, ${nps} as nps from responses where survey = 'nps' group by 1, 2),
          kept as (select unit, ${month('answered_at')} as month, avg(stayed::int) as rate from retained group by 1, 2),
          seen as (select rating, nps, rate from rated left join scored using (unit, month) left join kept using (unit, month))
          select (select avg(rating) from behaviour_observations), ${rho('nps')}, ${rho('rate')}`;
      },
    },
  ],
};
