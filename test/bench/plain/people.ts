import { from, type Plain, paidLately, relation, sum } from './pieces.ts';

/** Who answers, who is called, and what people keep by hand. */
export const people: Record<string, readonly Plain[]> = {
  '/v1/analytics/response-rates': [
    {
      ask: '/analytics/response-rates?survey=nps',
      figures: (data) => from(data, {}, 'reached', 'answered', 'reached_revenue_coverage'),
      sql: (ends) => `with sent as (
          select *, lead(sent_at) over (partition by customer_id order by sent_at) as next_at
          from invitations where survey = 'nps' and status <> 'bounced'
        ),
        reached as (
          select i.customer_id, bool_or(r.id is not null) as answered
          from sent i left join responses r on r.customer_id = i.customer_id and r.survey = 'nps' and r.answered_at >= i.sent_at
            and r.answered_at < i.sent_at + interval '30 days' and (i.next_at is null or r.answered_at < i.next_at)
          where i.sent_at <= (select max(answered_at) from responses) - interval '30 days'
          group by i.customer_id
        ),
        ${paidLately(ends)}
        select count(*), count(*) filter (where answered), sum(t.revenue) filter (where answered) / sum(t.revenue)
        from reached left join lately t using (customer_id)`,
    },
  ],
  '/v1/analytics/follow-ups': [
    {
      ask: '/analytics/follow-ups',
      figures: (data) => from(data, { contact: 'all' }, 'save_rate', 'win_back_rate', 'rescue_rate'),
      sql: ({ revenue, retention }) => `with due as (
          select *, first_due_at + interval '180 days' as until, (
            select type from retention_events e where e.customer_id = f.customer_id and e.occurred_at <= f.first_due_at
            order by e.occurred_at desc, e.id desc limit 1) as last_type
          from follow_ups f where closed_as is distinct from 'withdrawn'
        ),
        ${relation('due', 'f.first_due_at', 'f.until')},
        judged as (
          select d.id, d.last_type = 'churned' as had_left, n.id is not null as by_contract, n.active_then, n.active_after, d.until, exists (
              select from revenue_events e where e.customer_id = d.customer_id and e.amount > 0
                and e.occurred_at > d.first_due_at and e.occurred_at <= d.until) as bought,
            array_position('{detractor,passive,promoter}'::text[], r.band) as first_band,
            array_position('{detractor,passive,promoter}'::text[], (
              select n.band from responses n where n.customer_id = d.customer_id and n.survey = d.survey
                and n.answered_at > d.first_due_at order by n.answered_at, n.id limit 1)) as next_band
          from due d left join relation n using (id) left join responses r on r.id = d.response_ids[1]
        )
        select
          avg(case when by_contract then active_after else bought end::int) filter (where had_left is not true
            and case when by_contract then active_then and until <= ${retention} else until <= ${revenue} end),
          avg(bought::int) filter (where had_left and until <= ${revenue}),
          avg((next_band > first_band)::int)
        from judged`,
    },
  ],
  '/v1/analytics/vision-consistency': [
    {
      ask: '/analytics/vision-consistency',
      figures: (data) => from(data, {}, 'checks', 'consistency_rate'),
      sql: () => 'select count(*), avg(consistent::int) from vision_checks where archived_at is null',
    },
  ],
  '/v1/analytics/alignment': [
    {
      ask: '/analytics/alignment',
      figures: (data) => [sum(data, 'questions'), sum(data, 'yes')],
      sql: () => `select count(*), count(*) filter (where answer = 'yes') from (
        select distinct on (area, question, unit) answer from alignment_reviews where archived_at is null
        order by area, question, unit, reviewed_on desc, id desc) last`,
    },
  ],
  '/v1/analytics/alignment/due': [
    {
      ask: '/analytics/alignment/due',
      figures: (data) => [data.length],
      sql: () => `select count(*) from (
        select distinct on (area, question, unit) next_review_on from alignment_reviews where archived_at is null
        order by area, question, unit, reviewed_on desc, id desc) last where next_review_on <= (now() at time zone 'UTC')::date + 30`,
    },
  ],
  '/v1/analytics/goal-quality': [
    {
      ask: '/analytics/goal-quality',
      figures: (data) => from(data, {}, 'goals', 'passed_all'),
      sql: () => `select count(*), count(*) filter (where focus = 'pass' and teamwork = 'pass' and intrinsic = 'pass')
        from goals where archived_at is null and published_at is not null`,
    },
  ],
  '/v1/analytics/employee-voice': [
    {
      ask: '/analytics/employee-voice',
      figures: (data) => from(data, {}, 'answered_rate', 'obstacles', 'value'),
      sql: () => `select (select avg((answered_at is not null)::int) from suggestions where archived_at is null),
        (select count(*) from obstacles where archived_at is null), (select sum(value) from empowerment_actions where archived_at is null)`,
    },
  ],
};
