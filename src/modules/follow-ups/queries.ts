import type { Static } from 'typebox';
import type { Noun } from '../../db/managed.ts';
import type { Client, Param } from '../../db/pool.ts';
import { type Owner, type UnitLimit, unitsBelow, visibleSql } from '../../db/unit-tree.ts';
import { notFound } from '../../errors.ts';
import type { FollowUpRow } from '../../outcomes/follow-ups.ts';
import type { FollowUp, followUpFilters } from './schemas.ts';

/** Whose something is that has a unit and a customer, over its alias. */
export const ownerOver = (alias: string): Owner => ({ unit: `${alias}.unit`, customer: `${alias}.customer_id` });

export const noun: Noun = { table: 'follow_ups', one: 'follow_up', key: 'id', owner: ownerOver('t') };

/** A follow-up with what is known of its customer and its latest response. */
interface WholeRow extends FollowUpRow {
  customer_name: string | null;
  customer_email: string | null;
  trailing_revenue: string | null;
  latest_response_id: string | null;
  latest_score: number | null;
  latest_band: string | null;
  latest_comment: string | null;
  overdue: boolean;
}

/** `moment` is the `$n` of the moment as of which it is told what is overdue. */
const isOverdue = (moment: string) => `(f.state <> 'closed' and f.due_at < ${moment}::timestamptz)`;

type AddParam = (value: Param) => string;

/** The condition of a customer `c` whose record a reader sees. */
const customerSql = (units: UnitLimit, param: AddParam) => visibleSql({ unit: 'c.unit' }, units, param);

/**
 * Follow-ups with what a reader sees of their customers and responses, who may be of other units than the follow-up. Of
 * the responses only those of the page are read: the limit stands inside.
 */
const wholeSql = (from: string, moment: string, units: UnitLimit, param: AddParam) => `
  select f.*, c.name as customer_name, c.email as customer_email, trim_scale(s.trailing_revenue)::text as trailing_revenue,
    r.id as latest_response_id, r.score as latest_score, r.band as latest_band, r.comment as latest_comment,
    ${isOverdue(moment)} as overdue
  from ${from} f
  left join customers c on c.id = f.customer_id and ${customerSql(units, param)}
  left join customer_standing s on s.customer_id = c.id
  left join lateral (
    select * from responses r where r.id = any(f.response_ids) and ${visibleSql(ownerOver('r'), units, param)}
    order by r.answered_at desc, r.id desc limit 1
  ) r on true`;

/** The follow-up as a reader sees it: what is personal only where the reader may see it. */
export function shown(row: WholeRow, personal: boolean): Static<typeof FollowUp> {
  const text = (value: Date | null) => value?.toISOString() ?? null;
  return {
    id: row.id,
    customer_id: row.customer_id,
    ...(personal && { customer_name: row.customer_name, customer_email: row.customer_email }),
    trailing_revenue: row.trailing_revenue,
    survey: row.survey,
    unit: row.unit,
    response_id: row.response_ids[0] ?? null,
    responses: row.response_ids.length,
    latest_response_id: row.latest_response_id,
    latest_score: row.latest_score,
    latest_band: row.latest_band,
    ...(personal && { latest_comment: row.latest_comment, closing_note: row.closing_note, note: row.note }),
    origin: row.origin,
    state: row.state,
    closed_as: row.closed_as,
    owner: row.owner,
    problem: row.problem,
    promise: row.promise,
    promised_for: text(row.promised_for),
    promise_kept: row.promise_kept,
    opened_at: row.opened_at.toISOString(),
    due_at: row.due_at.toISOString(),
    first_due_at: row.first_due_at.toISOString(),
    overdue: row.overdue,
    acknowledged_at: text(row.acknowledged_at),
    contacted_at: text(row.contacted_at),
    solution_offered_at: text(row.solution_offered_at),
    closed_at: text(row.closed_at),
    version: row.version,
    created_at: row.created_at.toISOString(),
    changed_at: row.changed_at.toISOString(),
    archived_at: text(row.archived_at),
  };
}

/** @throws ApiError 404 */
export async function getFollowUp(client: Client, id: string, units: UnitLimit): Promise<WholeRow> {
  const parameters: Param[] = [id, new Date()];
  const param = (value: Param) => `$${parameters.push(value)}`;
  const [row] = await client.rows<WholeRow>(
    `${wholeSql('follow_ups', '$2', units, param)} where f.id = $1 and ${visibleSql(ownerOver('f'), units, param)}`,
    parameters,
  );
  if (!row) throw notFound('follow-up', id);
  return row;
}

type Filters = Omit<Static<typeof followUpFilters>, 'limit' | 'cursor'>;

/** The last row of the page before. `moment`: as of when it was told what is overdue, so that a walk keeps its order. */
export interface Place {
  moment: string;
  overdue: boolean;
  revenue: string;
  id: string;
}

/**
 * A page of follow-ups: by their ids, which is in the order in which they were opened, or as the call list of the day.
 * That one is sorted afresh for each page, which costs in proportion to the follow-ups that are not closed; one whose
 * customer's revenue changes between two pages may be told twice or not at all.
 */
export async function listFollowUps(
  client: Client,
  { state, owner, survey, unit, customer_id, problem, overdue, archived, order }: Filters,
  { after, limit, units }: { after: Place | undefined; limit: number; units: UnitLimit },
): Promise<{ rows: WholeRow[]; moment: string }> {
  const parameters: Param[] = [];
  const param = (value: Param) => `$${parameters.push(value)}`;
  const moment = after?.moment ?? new Date().toISOString();
  const now = param(moment);
  const conditions = [visibleSql(ownerOver('f'), units, param)];
  if (!archived) conditions.push('f.archived_at is null');
  const byPriority = order === 'priority';
  if (byPriority || state === 'not_closed') conditions.push(`f.state <> 'closed'`);
  if (state !== undefined && state !== 'not_closed') conditions.push(`f.state = ${param(state)}`);
  for (const [name, value] of Object.entries({ owner, survey, customer_id, problem }))
    if (value !== undefined) conditions.push(`f.${name} = ${param(value)}`);
  if (unit !== undefined) conditions.push(`f.unit in ${unitsBelow(param(unit))}`);
  if (overdue !== undefined) conditions.push(`${overdue ? '' : 'not '}${isOverdue(now)}`);
  const revenue = 'coalesce(s.trailing_revenue, 0)';
  if (after && byPriority) {
    const [late, paid, id] = [param(after.overdue), param(after.revenue), param(after.id)];
    conditions.push(
      `(${isOverdue(now)}::int, ${revenue}) <= (${late}::boolean::int, ${paid}::numeric)
       and ((${isOverdue(now)}::int, ${revenue}) < (${late}::boolean::int, ${paid}::numeric) or f.id > ${id}::uuid)`,
    );
  } else if (after) conditions.push(`f.id > ${param(after.id)}::uuid`);
  const ordered = byPriority ? `${isOverdue(now)} desc, ${revenue} desc, f.id` : 'f.id';
  const page = `(
    select f.* from follow_ups f
    left join customers c on c.id = f.customer_id and ${customerSql(units, param)}
    left join customer_standing s on s.customer_id = c.id
    where ${conditions.join(' and ')} order by ${ordered} limit ${param(limit)}
  )`;
  const rows = await client.rows<WholeRow>(`${wholeSql(page, now, units, param)} order by ${ordered}`, parameters);
  return { rows, moment };
}
