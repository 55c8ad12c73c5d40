import type { Client } from '../../src/db/pool.ts';

/** The obstacle whose effect is asked for, and the day on which it and the problem `invoices` were fixed. */
export const obstacleId = '00000000-0000-7000-8000-000000000001';
export const fixedAt = '2025-06-01T00:00:00.000Z';

/**
 * What people keep: problems, moments, an obstacle, follow-ups of one in fifty responses, observations of behaviours, what
 * employees suggest, vision checks, reviews and goals; as many as a company with so many responses might write.
 */
export async function seedManaged(client: Client, responses: number): Promise<void> {
  const hundredth = Math.ceil(responses / 100);
  const thousandth = Math.ceil(responses / 1000);
  const day = `timestamptz '2023-01-01' + make_interval(secs => (random() * 94608000)::int)`;
  const someone = `'C' || 1 + (random() * ${Math.ceil(responses / 3) - 1})::int`;
  await client.rows(
    `insert into problems (key, name, phrases, themes, status, resolved_at) values
       ('waiting', 'Waiting too long', '{waited too long,much too long}', '{theme-1}', 'open', null),
       ('invoices', 'Wrong invoices', '{invoice was wrong}', '{theme-2}', 'resolved', '${fixedAt}'),
       ('silence', 'Nobody calls back', '{called back,called me back}', '{}', 'open', null),
       ('returns', 'Returns', '{}', '{theme-3}', 'open', null)`,
  );
  await client.rows(
    `insert into moments (key, name) select 'moment-' || n, 'Moment ' || n from generate_series(0, 5) n`,
  );
  await client.rows(
    `insert into obstacles (id, title, moment, status, raised_at, fixed_at) values
       ('${obstacleId}', 'A form in three copies', 'moment-1', 'fixed', timestamptz '${fixedAt}' - interval '60 days', '${fixedAt}')`,
  );
  await client.rows(
    `insert into obstacles (id, title, raised_by, unit, status, raised_at)
     select gen_random_uuid(), 'Obstacle ' || n, 'employee-' || n % 200, 'unit-' || n % 40, 'raised', ${day}
     from generate_series(1, ${thousandth}) n`,
  );
  await client.rows(
    `insert into follow_ups (id, customer_id, survey, unit, response_ids, origin, state, closed_as, owner, opened_at, due_at,
       first_due_at, remind_at, contacted_at, closed_at)
     select gen_random_uuid(), customer_id, survey, unit, array[id], 'rule', 'closed',
       (array['won_back', 'satisfied', 'unresolved', 'unreachable', 'lost'])[1 + n / 30 % 5], 'owner-' || n / 30 % 20, answered_at,
       answered_at + interval '48 hours', answered_at + interval '48 hours', answered_at + interval '36 hours',
       case when n / 30 % 10 < 7 then answered_at + random() * interval '80 hours' end, answered_at + interval '5 days'
     from (select *, substr(id, 2)::int as n from responses where survey = 'nps' and band = 'detractor') r where n % 30 = 0`,
  );
  await client.rows(
    `insert into behaviour_observations (id, behaviour, unit, rating, observed_at)
     select gen_random_uuid(), (array(select key from behaviours order by key))[1 + n % 27], 'unit-' || n % 40, 1 + (random() * 4)::int, ${day}
     from generate_series(1, ${hundredth}) n`,
  );
  await client.rows(
    `insert into suggestions (id, text, by, unit, status, answer, made_at, answered_at)
     select gen_random_uuid(), 'Suggestion ' || n, 'employee-' || n % 200, 'unit-' || n % 40,
       case when n % 3 = 0 then 'incorporated' else 'new' end, case when n % 3 = 0 then 'Done' end, made_at,
       case when n % 3 = 0 then made_at + interval '9 days' end
     from (select n, ${day} as made_at from generate_series(1, ${thousandth}) n) s`,
  );
  await client.rows(
    `insert into empowerment_actions (id, by, given, customer_id, unit, value, currency, acted_at)
     select gen_random_uuid(), 'employee-' || n % 200, 'a refund', ${someone}, 'unit-' || n % 40, n % 50, 'EUR', ${day}
     from generate_series(1, ${thousandth}) n`,
  );
  await client.rows(
    `insert into vision_checks (id, asked_on, unit, answers, consistent)
     select gen_random_uuid(), (${day})::date, 'unit-' || n % 40,
       jsonb_build_array(jsonb_build_object('question', 'What is our vision?', 'clear', true, 'consistent', n % 3 > 0)), n % 3 > 0
     from generate_series(1, ${thousandth}) n`,
  );
  await client.rows(
    `insert into alignment_reviews (id, area, question, answer, reviewed_on, next_review_on)
     select gen_random_uuid(), (array['hiring', 'training', 'policies', 'discussion'])[1 + n % 4], 'Question ' || n % 50,
       case when n % 3 = 0 then 'no' else 'yes' end, date '2024-01-01' + n % 700, date '2026-06-01' + n % 700
     from generate_series(1, ${thousandth}) n`,
  );
  await client.rows(
    `insert into goals (id, name, mile_marker, direction, starts_on, ends_on, baseline, target, discussed_every, behaviours,
       guard_mile_markers, accountable, ranks_people, reward, ahead_below, on_track_below, behind_below, focus, teamwork,
       intrinsic, rules_not_passed, published_at, published_by, unit)
     select gen_random_uuid(), 'Goal ' || n, 'nps', 'increase', '2025-01-01', '2025-12-31', 10, 20, 'month', '{}', '{}', 'team',
       false, 'none', -5, 16.5, 33, 'pass', case when n % 4 = 0 then 'warn' else 'pass' end, 'pass', '{}', '2025-01-01', 'Ines',
       'unit-' || n % 40
     from generate_series(1, ${Math.ceil(thousandth / 10)}) n`,
  );
}
