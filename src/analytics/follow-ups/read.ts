import type { Client } from '../../db/pool.ts';
import { unitsBelow } from '../../db/unit-tree.ts';
import { type Band, bands } from '../../outcomes/cells.ts';
import { converted } from '../../outcomes/definition.ts';
import type { Closing } from '../../outcomes/follow-ups.ts';
import type { Question } from '../question.ts';
import { Statement } from '../sums.ts';

/** What follow-ups can be grouped by. */
export const followUpGroupings = ['owner', 'unit', 'survey', 'month'] as const;
type FollowUpGrouping = (typeof followUpGroupings)[number];

/** What is asked beside the usual. */
export interface FollowUpQuestion extends Omit<Question, 'group_by'> {
  group_by: FollowUpGrouping[];
  owner: string | null;
  /** The moment as of which follow-ups are looked at: `as_of`, else this one. */
  now: Date;
}

/** One follow-up, as far as it is measured. Hours are from its opening. */
export interface MeasuredFollowUp {
  groups: (string | null)[];
  customer_id: string;
  closed_as: Closing | null;
  /** Its first due time has passed. */
  is_due: boolean;
  contacted_in_time: boolean;
  closed_in_time: boolean;
  /** To the contact, or as long as there was none: until it was closed, or now. */
  contact: { hours: number; happened: boolean };
  close: { hours: number; happened: boolean };
  promised: boolean;
  promise_kept: boolean | null;
  /** Of a customer who was one when it was due: whether it still was at the end of the window. */
  saved: boolean | null;
  /** Of a customer who had left when it was due: whether it bought again in the window. */
  bought_again: boolean | null;
  /** What such a customer paid net in the window; null where a rate is missing. */
  revenue_won_back: number | null;
  /** Of a customer who answered the survey again after it was due: whether in a higher band. */
  rescued: boolean | null;
  /** Why neither `saved` nor `bought_again` is known. */
  left_out: 'not_due_yet' | 'window_open' | 'not_a_customer_when_due' | null;
}

interface Row {
  customer_id: string;
  closed_as: Closing | 'withdrawn' | null;
  opened_at: Date;
  first_due_at: Date;
  contacted_at: Date | null;
  closed_at: Date | null;
  promised: boolean;
  promise_kept: boolean | null;
  has_contract: boolean;
  active_then: boolean | null;
  left_then: boolean | null;
  active_after: boolean | null;
  bought: boolean | null;
  revenue: number | null;
  no_rate: boolean | null;
  first_band: Band | null;
  next_band: Band | null;
  group_1?: string | null;
  group_2?: string | null;
}

const groupSql: Record<FollowUpGrouping, (timeZone: string) => string> = {
  owner: () => 'f.owner',
  unit: () => 'f.unit',
  survey: () => 'f.survey',
  month: (timeZone) => `to_char(f.opened_at at time zone ${timeZone}, 'YYYY-MM')`,
};

/** Whether the customer is one at a moment: the rule of `outcomes/definition.ts`, over its retention events `e`. */
const activeAt = (moment: string) => `coalesce(
      (array_agg(e.type order by e.occurred_at desc, e.id desc) filter (where e.occurred_at <= ${moment}))[1] <> 'churned',
      (array_agg(e.type order by e.occurred_at, e.id) filter (where e.occurred_at > ${moment}))[1] in ('renewed', 'churned')
    )`;

/**
 * Reads the follow-ups that were opened in the period, each with what its customer did after it was due: some index
 * lookups a follow-up, so it costs time in proportion to them.
 * @returns those that count, and how many were withdrawn
 */
export async function readMeasured(
  client: Client,
  question: FollowUpQuestion,
): Promise<{ rows: MeasuredFollowUp[]; withdrawn: number }> {
  const { state, survey, owner, filters, from, to, group_by, window_days } = question;
  const statement = new Statement();
  // `converted` knows them as $1 and $2.
  const timeZone = statement.param(state.time_zone);
  statement.param(state.currency);
  const end = `f.first_due_at + make_interval(days => ${statement.param(window_days)})`;
  const now = `${statement.param(question.now)}::timestamptz`;
  const conditions = ['f.archived_at is null', `f.opened_at <= ${now}`];
  if (survey !== null) conditions.push(`f.survey = ${statement.param(survey)}`);
  if (owner !== null) conditions.push(`f.owner = ${statement.param(owner)}`);
  if (filters.unit !== undefined) conditions.push(`f.unit in ${unitsBelow(statement.param(filters.unit))}`);
  if (from) conditions.push(`f.opened_at >= ${statement.param(from.at)}::timestamptz`);
  if (to) conditions.push(`f.opened_at < ${statement.param(to.at)}::timestamptz`);
  const groups = group_by.map((name, at) => `, ${groupSql[name](timeZone)} as group_${at + 1}`).join('');
  const found = await client.rows<Row>(
    `select f.customer_id, f.closed_as, f.opened_at, f.first_due_at, f.contacted_at, f.closed_at,
       f.promise is not null as promised, f.promise_kept, n.customer_id is not null as has_contract,
       n.active_then, n.left_then, n.active_after, b.bought, b.revenue::float8 as revenue, b.no_rate,
       opening.band as first_band, next.band as next_band ${groups}
     from follow_ups f
     left join responses opening on opening.id = f.response_ids[1]
     left join lateral (
       select e.customer_id, ${activeAt('f.first_due_at')} as active_then, ${activeAt(end)} as active_after,
         (array_agg(e.type order by e.occurred_at desc, e.id desc)
           filter (where e.occurred_at <= f.first_due_at))[1] = 'churned' as left_then
       from retention_events e where e.customer_id = f.customer_id group by e.customer_id
     ) n on true
     left join lateral (
       select bool_or(v.paid) as bought, sum(v.amount) as revenue, bool_or(v.amount is null) as no_rate
       from (
         select e.amount > 0 as paid, ${converted} as amount from revenue_events e
         where e.customer_id = f.customer_id and e.occurred_at > f.first_due_at and e.occurred_at <= ${end}
       ) v
     ) b on true
     left join lateral (
       select r.band from responses r
       where r.customer_id = f.customer_id and r.survey = f.survey and r.answered_at > f.first_due_at
         and r.answered_at <= ${now}
       order by r.answered_at, r.id limit 1
     ) next on true
     where ${conditions.join(' and ')}`,
    statement.parameters,
  );
  const then = question.as_of === null ? found : found.map((row) => asItStood(row, question.now));
  const counted = then.filter(({ closed_as }) => closed_as !== 'withdrawn');
  return { rows: counted.map((row) => measured(row, question)), withdrawn: found.length - counted.length };
}

/** A follow-up without the steps that it took later. */
function asItStood(row: Row, now: Date): Row {
  const isOpen = row.closed_at === null || row.closed_at > now;
  return {
    ...row,
    contacted_at: row.contacted_at && row.contacted_at <= now ? row.contacted_at : null,
    ...(isOpen && { closed_at: null, closed_as: null }),
  };
}

const hoursBetween = (from: Date, to: Date) => (to.getTime() - from.getTime()) / 3_600_000;

function measured(row: Row, question: FollowUpQuestion): MeasuredFollowUp {
  const { opened_at, first_due_at, contacted_at, closed_at, closed_as } = row;
  const { now, group_by } = question;
  const isBy = (moment: Date | null, limit: Date) => moment !== null && moment <= limit;
  const is_due = first_due_at <= now;
  const isAnswered = is_due && row.first_band !== null && row.next_band !== null;
  return {
    groups: group_by.map((_, at) => (at === 0 ? row.group_1 : row.group_2) ?? null),
    customer_id: row.customer_id,
    closed_as: closed_as === 'withdrawn' ? null : closed_as,
    is_due,
    contacted_in_time: isBy(contacted_at, first_due_at),
    closed_in_time: isBy(closed_at, first_due_at),
    contact: { hours: hoursBetween(opened_at, contacted_at ?? closed_at ?? now), happened: contacted_at !== null },
    close: { hours: hoursBetween(opened_at, closed_at ?? now), happened: closed_at !== null },
    promised: row.promised,
    promise_kept: row.promised ? row.promise_kept : null,
    rescued: isAnswered ? rank(row.next_band) > rank(row.first_band) : null,
    ...outcome(row, question),
  };
}

const rank = (band: Band | null) => (band === null ? -1 : bands.indexOf(band));

/** What the customer did in the window after the due time; nulls and the reason while that cannot be told. */
function outcome(row: Row, { now, window_days, state }: FollowUpQuestion) {
  const { first_due_at, has_contract, active_then, left_then, active_after } = row;
  const unknown = { saved: null, bought_again: null, revenue_won_back: null };
  if (first_due_at > now) return { ...unknown, left_out: 'not_due_yet' as const };
  const end = new Date(first_due_at.getTime() + window_days * 86_400_000);
  const isOver = (through: Date | null) => through !== null && end <= through && end <= now;
  const open = { ...unknown, left_out: 'window_open' as const };
  const bought = row.bought === true;
  if (left_then === true) {
    if (!isOver(state.revenue_through)) return open;
    const revenue_won_back = !bought ? 0 : row.no_rate ? null : row.revenue;
    return { ...unknown, bought_again: bought, revenue_won_back, left_out: null };
  }
  if (has_contract && active_then !== true) return { ...unknown, left_out: 'not_a_customer_when_due' as const };
  if (!isOver(has_contract ? state.retention_through : state.revenue_through)) return open;
  return { ...unknown, saved: has_contract ? active_after === true : bought, left_out: null };
}
