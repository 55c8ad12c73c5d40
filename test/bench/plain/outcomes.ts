import { touchpoints } from '../seed.ts';
import { type Ends, followed, from, midRank, type Plain, referred, relation, retained, spent } from './pieces.ts';

const mean = (column: string, of: string) => `(select avg(coalesce(${column}, 0)) from ${of})`;

/** Means of one band: revenue, referrals and retention. */
const means = (band: string, { revenue, referrals }: Ends) => ({
  revenue_after: mean(
    's.after',
    `followed f left join spent s using (id) where f.until <= ${revenue} and band = '${band}'`,
  ),
  referrals_after: mean(
    's.made',
    `followed f left join referred s using (id) where f.until <= ${referrals} and band = '${band}'`,
  ),
  retained: `(select avg(stayed::int) from retained where band = '${band}')`,
  n: `(select count(*) from followed f where f.until <= ${revenue} and band = '${band}')`,
});

export const outcomes: Record<string, readonly Plain[]> = {
  '/v1/outcomes/revenue': [
    {
      ask: '/outcomes/revenue?survey=nps',
      figures: (data) => from(data, { band: 'promoter' }, 'revenue_after', 'revenue_before'),
      sql: ({ revenue }) => `with ${followed()}, ${spent}
        select avg(coalesce(s.after, 0)) filter (where band = 'promoter'), avg(coalesce(s.before, 0)) filter (where band = 'promoter')
        from followed f left join spent s using (id) where f.until <= ${revenue}`,
    },
    {
      ask: '/outcomes/revenue?survey=nps&group_by=unit,segment',
      figures: (data) => from(data, { band: 'promoter', unit: 'unit-1', segment: 'mid' }, 'revenue_after'),
      sql: ({ revenue }) => `with ${followed()}, ${spent}, grouped as materialized (
          select f.unit, c.segment, band, avg(coalesce(s.after, 0)) as mean
          from followed f left join spent s using (id) join customers c on c.id = f.customer_id
          where f.until <= ${revenue} group by f.unit, c.segment, band
        )
        select mean from grouped where unit = 'unit-1' and segment = 'mid' and band = 'promoter'`,
    },
  ],
  '/v1/outcomes/referrals': [
    {
      ask: '/outcomes/referrals?survey=nps',
      figures: (data) => from(data, { band: 'promoter' }, 'referrals_after', 'conversions_after'),
      sql: ({ referrals }) => `with ${followed()}, ${referred}
        select avg(coalesce(s.made, 0)) filter (where band = 'promoter'), avg(coalesce(s.converted, 0)) filter (where band = 'promoter')
        from followed f left join referred s using (id) where f.until <= ${referrals}`,
    },
  ],
  '/v1/outcomes/retention': [
    {
      ask: '/outcomes/retention?survey=nps',
      figures: (data) => from(data, { band: 'promoter' }, 'retention_rate', 'responses'),
      sql: (ends) => `with ${followed()}, ${retained(ends)}
        select avg(stayed::int), count(*) from retained where band = 'promoter'`,
    },
    {
      ask: '/outcomes/retention?survey=nps&nonrespondents=true',
      figures: (data) => from(data, { band: 'non_respondent' }, 'retention_rate', 'responses'),
      sql: ({ revenue, retention }) => `with asked as materialized (
          select id, customer_id, sent_at, sent_at + interval '14 days' as landmark, sent_at + interval '194 days' as until
          from (
            select *, row_number() over (partition by customer_id, started_at order by sent_at, id) as place
            from (
              select id, customer_id, sent_at, index_start(sent_at, interval '180 days') over (
                partition by customer_id order by sent_at, id rows unbounded preceding) as started_at
              from invitations where survey = 'nps' and status <> 'bounced'
            ) started
          ) placed where place = 1
        ),
        answered as (
          select distinct on (a.id) a.id, r.band from asked a join responses r on r.customer_id = a.customer_id
            and r.survey = 'nps' and r.answered_at >= a.sent_at and r.answered_at <= a.landmark
          order by a.id, r.answered_at, r.id
        ),
        ${relation('asked', 'f.landmark', 'f.until')},
        judged as (
          select coalesce(w.band, 'none') as band, case when n.id is not null then n.active_after else exists (
              select from revenue_events e where e.customer_id = a.customer_id and e.amount > 0
                and e.occurred_at > a.landmark and e.occurred_at <= a.until) end as stayed
          from asked a left join answered w using (id) left join relation n using (id)
          where case when n.id is null then a.until <= ${revenue} else n.active_then and a.until <= ${retention} end
        )
        select avg(stayed::int) filter (where band = 'none'), count(*) filter (where band = 'none') from judged`,
    },
  ],
  '/v1/outcomes/retention/curve': [
    {
      ask: '/outcomes/retention/curve?survey=nps',
      figures: (data) => from([...data].reverse(), { band: 'promoter' }, 'survival'),
      sql: ({ retention }) => `with ${followed()}, ${relation('followed', 'f.answered_at', 'f.until')},
        lasting as (
          select band, least(180, ${retention}::date - answered_at::date) as seen,
            case when churned_at is not null then greatest(1, churned_at::date - answered_at::date) end as left_after
          from followed join relation using (id) where active_then
        ),
        lasted as (
          select band, case when left_after <= seen then left_after else seen end as days, coalesce(left_after <= seen, false) as churned
          from lasting where seen >= 0
        ),
        steps as (
          select days, count(*) filter (where churned) as d, sum(count(*)) over (order by days desc) as n
          from lasted where band = 'promoter' group by days
        )
        select exp(sum(ln(1 - d / n))) from steps where d > 0`,
    },
  ],
  '/v1/outcomes/summary': [
    {
      ask: '/outcomes/summary?survey=nps',
      figures: (data) => from(data, { band: 'promoter' }, 'revenue_after', 'referrals_after', 'retention_rate'),
      sql: (ends) => {
        const of = means('promoter', ends);
        return `with ${followed()}, ${spent}, ${referred}, ${retained(ends)}
          select ${of.revenue_after}, ${of.referrals_after}, ${of.retained}`;
      },
    },
  ],
  '/v1/outcomes/what-if': [
    {
      ask: '/outcomes/what-if?survey=nps&share=0.1',
      figures: (data) => from(data, { measure: 'revenue_after' }, 'effect'),
      sql: (ends) => {
        const [detractors, passives] = [means('detractor', ends), means('passive', ends)];
        return `with ${followed()}, ${spent}
          select 0.1 * ${detractors.n} * (${passives.revenue_after} - ${detractors.revenue_after})`;
      },
    },
  ],
  '/v1/outcomes/validity': [
    {
      ask: '/outcomes/validity?survey=nps',
      figures: (data) => [
        ...from(data, { outcome: 'revenue_after' }, 'spearman'),
        ...from(data, { outcome: 'referrals_after' }, 'spearman'),
        ...from(data, { outcome: 'referred' }, 'auc'),
        ...from(data, { outcome: 'retained' }, 'auc'),
      ],
      sql: (ends) => {
        const rho = (value: string, join: string, end: string) => `(
          select corr(x, y) from (
            select ${midRank('score')} as x, ${midRank('value')} as y
            from (select f.score, coalesce(${value}, 0) as value from followed f left join ${join} using (id) where f.until <= ${end}) v
          ) ranked)`;
        const auc = (value: string, rows: string) => `(
          select (sum(x) filter (where did) - count(*) filter (where did) * (count(*) filter (where did) + 1) / 2.0)
            / nullif(count(*) filter (where did) * count(*) filter (where not did), 0)
          from (select ${midRank('f.score')} as x, ${value} as did from ${rows}) ranked)`;
        return `with ${followed()}, ${spent}, ${referred}, ${retained(ends)}
          select ${rho('s.after', 'spent s', ends.revenue)}, ${rho('s.made', 'referred s', ends.referrals)},
            ${auc('coalesce(s.made, 0) > 0', `followed f left join referred s using (id) where f.until <= ${ends.referrals}`)},
            ${auc('f.stayed', 'retained f')}`;
      },
    },
  ],
  '/v1/outcomes/drivers': [
    {
      // The weights are not a matter of SQL; the correlations that they are made of are.
      ask: `/outcomes/drivers?survey=nps&predictors=${touchpoints.join(',')}`,
      figures: (data) => touchpoints.flatMap((driver) => from(data, { driver }, 'correlation')),
      sql: () => `with nearest as (
          select distinct on (r.id, t.survey) r.id, r.score as y, t.survey, t.score as x
          from responses t join responses r on r.customer_id = t.customer_id and r.survey = 'nps'
            and r.answered_at between t.answered_at - interval '1 day' and t.answered_at + interval '1 day'
          where t.survey in (${touchpoints.map((one) => `'${one}'`).join(', ')})
          order by r.id, t.survey, abs(extract(epoch from t.answered_at - r.answered_at)), t.answered_at, t.id
        ),
        whole as (
          select id, max(y) as y, ${touchpoints.map((one) => `max(x) filter (where survey = '${one}') as ${one}`).join(', ')}
          from nearest group by id having count(*) = ${touchpoints.length}
        )
        select ${touchpoints.map((one) => `corr(y, ${one})`).join(', ')} from whole`,
    },
  ],
};
