import type { Client } from '../../db/pool.ts';
import { unitsBelow } from '../../db/unit-tree.ts';
import { hashGroup } from '../../outcomes/definition.ts';
import type { RatioGroup } from '../../stats/jackknife.ts';
import { isPeriod, type Question } from '../question.ts';
import { byGroup, type GroupKey, groupNames, groupSql, hashGroups, keyOf, Statement } from '../sums.ts';

/** What became of the invitations of a group. Customers count once in it, however often they were invited. */
export interface Rates extends GroupKey {
  invitations: number;
  bounced: number;
  declined: number;
  /** Different customers whom an invitation reached. */
  reached: number;
  /** Of these, who answered. */
  answered: number;
  /** Trailing revenue of who answered and of all who were reached, by group of customers. */
  revenue: RatioGroup[];
}

/** What is asked of invitations besides a question: how long an answer belongs to one. */
export interface Asked {
  question: Question;
  within_days: number;
  /** Invitations that were sent later can still be answered. */
  until: Date;
}

const columnOf = { unit: 'i.unit', moment: 'i.moment', segment: 'c.segment', region: 'c.region' } as const;
type InvitationDimension = keyof typeof columnOf;
export const invitationDimensions = Object.keys(columnOf) as InvitationDimension[];
export const isInvitationDimension = (name: string): name is InvitationDimension => name in columnOf;

/** The invitations that a question is about, as `from ... where ...`; those of closed windows, or of open ones. */
function sent(statement: Statement, { question, within_days, until }: Asked, open: boolean): string {
  const { survey, filters, from, to, as_of } = question;
  const end = `${statement.param(until)}::timestamptz - make_interval(days => ${statement.param(within_days)}::int)`;
  const conditions = [open ? `i.sent_at > ${end}` : `i.sent_at <= ${end}`];
  if (survey !== null) conditions.push(`i.survey = ${statement.param(survey)}`);
  for (const [name, value] of Object.entries(filters)) {
    if (!isInvitationDimension(name)) continue;
    const given = statement.param(value);
    conditions.push(name === 'unit' ? `i.unit in ${unitsBelow(given)}` : `${columnOf[name]} = ${given}`);
  }
  if (from) conditions.push(`i.sent_at >= ${statement.param(from.at)}::timestamptz`);
  if (to) conditions.push(`i.sent_at < ${statement.param(to.at)}::timestamptz`);
  if (as_of) conditions.push(`i.sent_at <= ${statement.param(as_of)}::timestamptz`);
  return `from invitations i left join customers c on c.id = i.customer_id where ${conditions.join(' and ')}`;
}

/**
 * Reads what became of invitations. An answer belongs to an invitation when the customer gave it to that survey at the
 * time of the invitation or later, within `within_days`, and before the next invitation to the survey that reached the
 * customer. One look by index (customer, time) for each invitation, so the cost grows with the invitations of the period.
 */
export async function readRates(client: Client, asked: Asked): Promise<Rates[]> {
  const { question, within_days } = asked;
  const statement = new Statement();
  const days = `make_interval(days => ${statement.param(within_days)}::int)`;
  // Added only where it is used: a parameter that nothing refers to has no type.
  const zone = question.group_by.some(isPeriod) ? statement.param(question.state.time_zone) : '';
  const month = `date_trunc('month', i.sent_at at time zone ${zone}::text)`;
  const groups = question.group_by.map((one) =>
    groupSql(one, month, (name) => (isInvitationDimension(name) ? columnOf[name] : "''")),
  );
  const names = groups.map((group, at) => `${group} as ${groupNames[at]}, `).join('');
  const columns = groups.map((_, at) => `${groupNames[at]}, `).join('');
  const rows = await client.rows<Record<string, unknown> & Record<(typeof counts)[number], number> & Revenue>(
    `with invited as (
       select i.survey, ${names} i.customer_id, i.status,
         i.status <> 'bounced' and exists (
           select from responses r
           where r.customer_id = i.customer_id and r.survey = i.survey
             and r.answered_at >= i.sent_at and r.answered_at < i.sent_at + ${days}
             and not exists (
               select from invitations n
               where n.customer_id = i.customer_id and n.survey = i.survey and n.status <> 'bounced'
                 and n.sent_at > i.sent_at and n.sent_at <= r.answered_at
             )
         ) as answered
       ${sent(statement, asked, false)}
     ),
     -- A customer is one row of each group, so that nobody counts twice in it.
     customer as (
       select survey, ${columns} customer_id, ${hashGroup('customer_id')} as hash_group, count(*) as invitations,
         count(*) filter (where status = 'bounced') as bounced, count(*) filter (where status = 'declined') as declined,
         bool_or(status <> 'bounced') as reached, bool_or(answered) as answered
       from invited group by survey, ${columns} customer_id
     )
     select p.survey, ${columns} p.hash_group,
       sum(p.invitations)::int8 as invitations, sum(p.bounced)::int8 as bounced, sum(p.declined)::int8 as declined,
       count(*) filter (where p.reached) as reached, count(*) filter (where p.answered) as answered,
       coalesce(sum(s.trailing_revenue) filter (where p.reached), 0)::float8 as revenue_reached,
       coalesce(sum(s.trailing_revenue) filter (where p.answered), 0)::float8 as revenue_answered
     from customer p left join customer_standing s on s.customer_id = p.customer_id
     group by p.survey, ${columns} p.hash_group`,
    statement.parameters,
  );
  const found = new Map<string, Rates>();
  for (const row of rows) {
    const key = keyOf(row, question);
    const text = JSON.stringify(key);
    const rates = found.get(text) ?? {
      ...key,
      invitations: 0,
      bounced: 0,
      declined: 0,
      reached: 0,
      answered: 0,
      revenue: Array.from({ length: hashGroups }, () => ({ numerator: 0, denominator: 0 })),
    };
    found.set(text, rates);
    for (const name of counts) rates[name] += row[name];
    const revenue = rates.revenue[row.hash_group];
    if (revenue) {
      revenue.numerator += row.revenue_answered;
      revenue.denominator += row.revenue_reached;
    }
  }
  return [...found.values()].sort(byGroup);
}

const counts = ['invitations', 'bounced', 'declined', 'reached', 'answered'] as const;
interface Revenue {
  hash_group: number;
  revenue_reached: number;
  revenue_answered: number;
}

/** Customers who count nowhere: those whom no invitation reached, and those who can still answer. */
export async function readLeftOut(client: Client, asked: Asked): Promise<{ unreached: number; open: number }> {
  const [closed, open] = [new Statement(), new Statement()];
  const [unreached] = await client.rows<{ n: number }>(
    `select count(*) as n from (
       select 1 ${sent(closed, asked, false)} group by i.customer_id having bool_and(i.status = 'bounced')
     ) bounced`,
    closed.parameters,
  );
  const [waiting] = await client.rows<{ n: number }>(
    `select count(distinct i.customer_id) as n ${sent(open, asked, true)}`,
    open.parameters,
  );
  return { unreached: unreached?.n ?? 0, open: waiting?.n ?? 0 };
}

/** Trailing revenue of all customers: of those that a question's segment and region name, by these where grouped. */
export async function readRevenueOfAll(client: Client, question: Question): Promise<Map<string, number>> {
  const statement = new Statement();
  const conditions = (['segment', 'region'] as const).flatMap((name) => {
    const value = question.filters[name];
    return value === undefined ? [] : [`${columnOf[name]} = ${statement.param(value)}`];
  });
  const names = customerGroups(question).map((name) => columnOf[name]);
  const keys = `array[${names.map((name) => `coalesce(${name}, '')`).join(', ')}]::text[]`;
  const rows = await client.rows<{ key: string[]; revenue: number }>(
    `select ${keys} as key, sum(s.trailing_revenue)::float8 as revenue
     from customer_standing s left join customers c on c.id = s.customer_id
     ${conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''} group by 1`,
    statement.parameters,
  );
  return new Map(rows.map(({ key, revenue }) => [JSON.stringify(key), revenue]));
}

/** The groupings that customers have, whether invited or not. */
const customerGroups = ({ group_by }: Question) =>
  group_by.filter((name): name is 'segment' | 'region' => name === 'segment' || name === 'region');

/** What of `readRevenueOfAll` a group belongs to. */
export const customersOf = ({ groups }: GroupKey, question: Question): string =>
  JSON.stringify(customerGroups(question).map((name) => groups[question.group_by.indexOf(name)] ?? ''));
