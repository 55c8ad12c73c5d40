import type { Client } from '../../db/pool.ts';
import { unitsBelow } from '../../db/unit-tree.ts';
import { converted } from '../../outcomes/definition.ts';
import type { LeftOut } from '../answer.ts';
import type { Question } from '../question.ts';
import { byGroup, type GroupKey, groupNames, keyOf, Statement } from '../sums.ts';

/** What customers can be told apart by: what their records say now. */
export const customerDimensions = ['segment', 'region', 'unit'] as const;

/** Where customers stand with a survey: in the band of their latest answer, or unknown. */
export const standings = ['detractor', 'passive', 'promoter', 'unknown'] as const;
export type Standing = (typeof standings)[number];

/** The customers of one standing in a group, and what they paid in the 365 days. */
export interface Exposure {
  customers: number;
  revenue: number;
}
export interface GroupExposure extends GroupKey {
  standings: Map<Standing, Exposure>;
}

/** The moments that exposure is about: both look 365 days back. */
export interface Moments {
  /** Revenue is counted through this one. */
  revenue_at: string;
  /** The latest answer up to this one tells the band. */
  bands_at: string;
}

/** What each customer paid, from what is kept: as of `refresh_state.revenue_through`. */
const keptStanding = `
  select customer_id, trailing_revenue as revenue, trailing_orders as orders, no_rate, contract = 'ended' as ended
  from customer_standing`;

/** The same as of an earlier moment, from the raw facts: costs time in proportion to the payments of the year before. */
function pastStanding(statement: Statement, { state }: Question, at: string): string {
  // `converted` reads the time zone as $1 and the currency as $2.
  statement.param(state.time_zone);
  statement.param(state.currency);
  const moment = `${statement.param(at)}::timestamptz`;
  return `
  select v.customer_id, coalesce(sum(v.amount), 0) as revenue, count(*) filter (where v.paid) as orders,
    count(*) filter (where v.amount is null) as no_rate,
    (select t.type from retention_events t where t.customer_id = v.customer_id and t.occurred_at <= ${moment}
     order by t.occurred_at desc, t.id desc limit 1) = 'churned' as ended
  from (
    select e.customer_id, e.amount > 0 as paid, ${converted} as amount
    from revenue_events e where e.occurred_at > ${moment} - interval '365 days' and e.occurred_at <= ${moment}
  ) v
  group by v.customer_id`;
}

function filtersOf(statement: Statement, { filters }: Question): string {
  const conditions = customerDimensions.flatMap((name) => {
    const value = filters[name];
    if (value === undefined) return [];
    const given = statement.param(value);
    return [name === 'unit' ? `c.unit in ${unitsBelow(given)}` : `c.${name} = ${given}`];
  });
  return conditions.map((condition) => ` and ${condition}`).join('');
}

interface Row extends Record<string, unknown> {
  survey: string;
  standing: Standing;
  reason: string | null;
  customers: number;
  revenue: number;
}

/**
 * Reads the exposure of each survey and group: every customer that paid in the 365 days and has not left, in the band of
 * its latest answer to the survey, or unknown. So the standings of a group add up to its revenue, whatever the survey.
 * Customers who have left, or a payment of whom has no exchange rate, are left out.
 */
export async function readExposure(
  client: Client,
  question: Question,
  { revenue_at, bands_at }: Moments,
): Promise<{ groups: GroupExposure[]; left_out: LeftOutCustomers[] }> {
  const statement = new Statement();
  const standing = question.as_of === null ? keptStanding : pastStanding(statement, question, revenue_at);
  const moment = `${statement.param(bands_at)}::timestamptz`;
  const within = `r.answered_at > ${moment} - interval '365 days' and r.answered_at <= ${moment}`;
  const asked = question.survey === null ? 'not s.triggered_by_leaving' : `s.key = ${statement.param(question.survey)}`;
  const names = groupNames.slice(0, question.group_by.length);
  const groups = question.group_by.map((name, at) => `, coalesce(c.${name}, '') as ${groupNames[at]}`).join('');
  const own = (alias: string) => names.map((name) => `, ${alias}.${name}`).join('');
  const told = names.map((name) => `, nullif(${name}, '') as ${name}`).join('');
  const rows = await client.rows<Row>(
    `with held as materialized (
       select h.*${groups} from (${standing}) h join customers c on c.id = h.customer_id
       where (h.orders > 0 or h.revenue <> 0 or h.no_rate > 0)${filtersOf(statement, question)}
     ),
     counted as materialized (select * from held where ended is not true and no_rate = 0),
     asked as (select s.key as survey from surveys s where ${asked}),
     latest as materialized (
       select distinct on (r.survey, r.customer_id) r.survey, r.customer_id, r.band
       from responses r join asked a on a.survey = r.survey
       where r.customer_id is not null and ${within}
       order by r.survey, r.customer_id, r.answered_at desc, r.id desc
     ),
     known as (
       select l.survey${own('h')}, l.band, count(*) as customers, sum(h.revenue) as revenue
       from latest l join counted h on h.customer_id = l.customer_id group by l.survey${own('h')}, l.band
     ),
     answered as (
       select k.survey${own('k')}, sum(k.customers) as customers, sum(k.revenue) as revenue
       from known k group by k.survey${own('k')}
     ),
     whole as (
       select count(*) as customers, sum(h.revenue) as revenue${own('h')}
       from counted h ${names.length > 0 ? `group by ${names.join(', ')}` : ''}
     )
     select survey${told}, standing, reason, customers::int8 as customers, revenue::float8 as revenue from (
       select k.survey${own('k')}, k.band as standing, null as reason, k.customers, k.revenue from known k
       union all
       select a.survey${own('w')}, 'unknown', null, w.customers - coalesce(k.customers, 0),
         w.revenue - coalesce(k.revenue, 0)
       from whole w cross join asked a
       left join answered k on k.survey = a.survey${names.map((name) => ` and k.${name} = w.${name}`).join('')}
       union all
       select ''${names.map(() => `, ''`).join('')}, '', case when ended then 'has_left' else 'no_exchange_rate' end,
         count(*), 0
       from held where ended or no_rate > 0 group by ${names.length + 3}
       union all
       select ''${names.map(() => `, ''`).join('')}, '', 'anonymous', count(*), 0
       from responses r join asked a on a.survey = r.survey where r.customer_id is null and ${within}
     ) found where customers > 0`,
    statement.parameters,
  );
  return { groups: groupsOf(rows, question), left_out: rows.flatMap(leftOutOf) };
}

type LeftOutCustomers = LeftOut | { reason: string; customers: number };

function leftOutOf({ reason, customers }: Row): LeftOutCustomers[] {
  if (reason === null) return [];
  return [reason === 'anonymous' ? { reason, responses: customers } : { reason, customers }];
}

function groupsOf(rows: readonly Row[], question: Question): GroupExposure[] {
  const found = new Map<string, GroupExposure>();
  for (const row of rows) {
    if (row.reason !== null) continue;
    const key = keyOf(row, question);
    const text = JSON.stringify(key);
    const group = found.get(text) ?? { ...key, standings: new Map<Standing, Exposure>() };
    found.set(text, group);
    group.standings.set(row.standing, { customers: row.customers, revenue: row.revenue });
  }
  return [...found.values()].sort(byGroup);
}
