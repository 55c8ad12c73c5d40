import type { Client } from '../../db/pool.ts';
import { badParameter } from '../../errors.ts';
import { bands, type Dimension, type OutcomeSum, outcomeSumNames } from '../../outcomes/cells.ts';
import { hashGroup } from '../../outcomes/definition.ts';
import { isPeriod, type Question } from '../question.ts';
import { byGroup, groupNames, groupSql, hashGroups, keyOf, matches, Statement } from '../sums.ts';
import type { Band } from './figures.ts';
import type { Group } from './groups.ts';

/** How long after an invitation it is seen who answered, in days. From then on everybody is followed. */
export const landmarkDays = 14;
export const nonRespondent = 'non_respondent';
export const invitedBands = [...bands, nonRespondent] as const;

/** Why an invitation does not count: the first of these that holds. */
const reasons = [
  'bounced',
  'survey_triggered_by_leaving',
  'not_an_index_invitation',
  'not_active_at_landmark',
  'window_open',
];

/** Where the dimensions of an invitation are; a survey's channel and the themes are known of answers only. */
const columns: Partial<Record<Dimension, string>> = {
  unit: "coalesce(i.unit, '')",
  moment: "coalesce(i.moment, '')",
  segment: "coalesce(c.segment, '')",
  region: "coalesce(c.region, '')",
};

/** @throws ApiError 400 for a dimension that only answers have. */
export function requireInvitedDimensions({ filters, group_by }: Question): void {
  for (const [parameter, names] of [
    ['group_by', group_by],
    ['filter', Object.keys(filters)],
  ] as const)
    for (const name of names)
      if (name === 'channel' || name === 'theme')
        throw badParameter(
          parameter === 'filter' ? name : parameter,
          'not_of_invitations',
          `Only answers have a ${name}, so it cannot tell those who did not answer apart. Use unit, moment, segment, region or a period, or leave nonrespondents out.`,
        );
}

/** What became of those who were invited. */
export interface Invited {
  groups: Group[];
  left_out: { reason: string; invitations: number }[];
  /** Answers that nobody can be told to have given: who gave them counts as not having answered. */
  anonymous: number;
}

/**
 * Follows everybody who was invited from the landmark on. Reads every invitation of the surveys and, by customer, the
 * answers, retention events and payments near it: it takes time in proportion to the invitations.
 *
 * An index invitation is the first one of a customer to a survey that arrived, then the first one at least W days after
 * the last index invitation; so nobody's windows overlap. Its band is that of the first answer to the survey up to the
 * landmark; who answers later has not answered at the landmark, and counts so.
 */
export async function readInvited(client: Client, question: Question): Promise<Invited> {
  const { survey, filters, from, to, as_of, group_by, state, window_days } = question;
  const statement = new Statement();
  const window = `make_interval(days => ${statement.param(window_days)}::int)`;
  // Nothing is known of what was never sent, whatever moment is asked about.
  const known = (through: Date | null) => {
    const asked = as_of === null ? through : new Date(as_of);
    const end = through === null || asked === null || asked > through ? through : asked;
    return `${statement.param(end)}::timestamptz`;
  };
  const conditions = ['true'];
  const ofSurvey = survey === null ? 'true' : `i.survey = ${statement.param(survey)}`;
  const column = (dimension: Dimension) => columns[dimension] ?? "''";
  for (const [dimension, value] of Object.entries(filters) as [Dimension, string][])
    conditions.push(matches(dimension, column(dimension), statement.param(value)));
  if (from) conditions.push(`i.sent_at >= ${statement.param(from.at)}::timestamptz`);
  if (to) conditions.push(`i.sent_at < ${statement.param(to.at)}::timestamptz`);
  if (as_of !== null) conditions.push(`i.sent_at <= ${statement.param(as_of)}::timestamptz`);
  // A parameter that nothing refers to has no type.
  const month = group_by.some(isPeriod)
    ? `date_trunc('month', i.sent_at at time zone ${statement.param(state.time_zone)})`
    : '';
  const names = group_by.map((one, at) => `${groupSql(one, month, column)} as ${groupNames[at]}, `).join('');
  const key = ['survey', ...group_by.map((_, at) => groupNames[at])].join(', ');
  await client.rows(`select set_config('work_mem', '64MB', true)`);
  const rows = await client.rows<
    {
      about: string;
      band: string;
      hash_group: number;
      state: string;
      n: number;
      retained: number;
      contract: number;
    } & Record<string, unknown>
  >(
    `with started as (
       select i.id, i.customer_id, i.survey, i.sent_at, i.unit, i.moment, i.status = 'bounced' as bounced,
         index_start(i.sent_at, ${window}) over (
           partition by i.customer_id, i.survey, i.status = 'bounced'
           order by i.sent_at, i.id rows unbounded preceding) as started_at
       from invitations i where ${ofSurvey}
     ),
     placed as (
       select *, row_number() over (
         partition by customer_id, survey, bounced, started_at order by sent_at, id) as place
       from started
     ),
     asked as materialized (
       select i.id, i.customer_id, i.survey, ${names} i.sent_at, i.sent_at + interval '${landmarkDays} days' as landmark,
         i.sent_at + interval '${landmarkDays} days' + ${window} as until,
         case when i.bounced then 'bounced' when s.triggered_by_leaving then 'survey_triggered_by_leaving'
           when i.place > 1 then 'not_an_index_invitation' end as why_not,
         -- The same as a boolean, of which the planner expects half and not hardly any.
         not (i.bounced or s.triggered_by_leaving or i.place > 1) as is_followed
       from placed i
       join surveys s on s.key = i.survey
       left join customers c on c.id = i.customer_id
       where ${conditions.join(' and ')}
     ),
     answered as (
       select a.id, (array_agg(r.band order by r.answered_at, r.id))[1] as band
       from asked a
       join responses r on r.customer_id = a.customer_id and r.survey = a.survey
         and r.answered_at >= a.sent_at and r.answered_at <= a.landmark
       where a.is_followed group by a.id
     ),
     relation as (
       select a.id,
         coalesce(
           (array_agg(e.type order by e.occurred_at desc, e.id desc) filter (where e.occurred_at <= a.landmark))[1] <> 'churned',
           (array_agg(e.type order by e.occurred_at, e.id) filter (where e.occurred_at > a.landmark))[1] in ('renewed', 'churned')
         ) as active_then,
         coalesce(
           (array_agg(e.type order by e.occurred_at desc, e.id desc) filter (where e.occurred_at <= a.until))[1] <> 'churned',
           (array_agg(e.type order by e.occurred_at, e.id) filter (where e.occurred_at > a.until))[1] in ('renewed', 'churned')
         ) as active_after
       from asked a join retention_events e on e.customer_id = a.customer_id
       where a.is_followed group by a.id
     ),
     judged as materialized (
       select a.customer_id, ${key}, coalesce(w.band, '${nonRespondent}') as band,
         ${hashGroup('a.customer_id')} as hash_group, n.id is not null as by_contract, t.state,
         case when t.state <> 'counted' then null when n.id is not null then n.active_after
           else exists (
             select from revenue_events e where e.customer_id = a.customer_id and e.amount > 0
               and e.occurred_at > a.landmark and e.occurred_at <= a.until) end as retained
       from asked a
       left join answered w on w.id = a.id
       left join relation n on n.id = a.id
       cross join lateral (
         select coalesce(a.why_not,
           case when n.id is not null and not n.active_then then 'not_active_at_landmark'
             when a.until <= case when n.id is not null then ${known(state.retention_through)} else ${known(state.revenue_through)} end
               then 'counted' else 'window_open' end) as state
       ) t
     ),
     counted as (select * from judged where state = 'counted')
     select 'sums' as about, ${key}, band, hash_group, state, count(*) as n, count(*) filter (where retained) as retained,
       count(*) filter (where by_contract) as contract
     from judged group by ${key}, band, hash_group, state
     union all
     select 'people', ${key}, band, 0, 'counted', count(distinct customer_id), 0, 0 from counted group by ${key}, band
     union all
     select 'repeats', ${key}, '', 0, 'counted', count(*) - count(distinct customer_id), 0, 0 from counted group by ${key}`,
    statement.parameters,
  );
  const [unknown] = await client.rows<{ n: number }>(
    `select count(*) as n from responses r where r.customer_id is null and ($1::text is null or r.survey = $1)
       and exists (select from invitations i where i.survey = r.survey)`,
    [survey],
  );
  const left_out = reasons
    .map((reason) => ({
      reason,
      invitations: rows.reduce((sum, row) => (row.about === 'sums' && row.state === reason ? sum + row.n : sum), 0),
    }))
    .filter(({ invitations }) => invitations > 0);
  return { groups: groupsOf(rows, question), left_out, anonymous: unknown?.n ?? 0 };
}

function groupsOf(
  rows: readonly ({
    about: string;
    band: string;
    hash_group: number;
    state: string;
    n: number;
    retained: number;
    contract: number;
  } & Record<string, unknown>)[],
  question: Question,
): Group[] {
  const found = new Map<string, Group>();
  const groupOf = (row: Record<string, unknown>): Group => {
    const key = keyOf(row, question);
    const text = JSON.stringify(key);
    const group = found.get(text) ?? { ...key, bands: new Map<string, Band>(), individuals: undefined };
    found.set(text, group);
    return group;
  };
  const counted = rows.filter(({ state }) => state === 'counted');
  for (const row of counted.filter(({ about }) => about === 'people'))
    groupOf(row).bands.set(row.band, {
      sums: Array.from({ length: hashGroups }, noSums),
      individuals: { customers: row.n, variances: {} },
      independent: false,
    });
  for (const row of counted.filter(({ about }) => about === 'sums')) {
    const sums = groupOf(row).bands.get(row.band)?.sums[row.hash_group];
    if (!sums) continue;
    sums.responses = row.n;
    sums.retention_n = row.n;
    sums.retained = row.retained;
    sums.retention_contract_n = row.contract;
  }
  for (const row of counted.filter(({ about }) => about === 'repeats'))
    for (const band of groupOf(row).bands.values()) band.independent = row.n === 0;
  for (const group of found.values())
    group.bands = new Map(
      invitedBands.flatMap((name) => {
        const band = group.bands.get(name);
        return band ? [[name, band] as const] : [];
      }),
    );
  return [...found.values()].sort(byGroup);
}

// Every name is there.
const noSums = () => Object.fromEntries(outcomeSumNames.map((name) => [name, 0])) as Record<OutcomeSum, number>;
