import type { Event } from '../db/events.ts';
import type { Managed } from '../db/managed.ts';
import type { Client } from '../db/pool.ts';
import { unitSql } from '../db/unit-tree.ts';

/** The states of a follow-up, in their order. */
export const followUpStates = ['open', 'acknowledged', 'contacted', 'solution_offered', 'closed'] as const;
export type FollowUpState = (typeof followUpStates)[number];

/** How people close a follow-up. One that nobody needs is `withdrawn` instead. */
export const closings = ['won_back', 'satisfied', 'unresolved', 'unreachable', 'lost'] as const;
export type Closing = (typeof closings)[number];

/** A row of `follow_ups`. */
export interface FollowUpRow extends Managed {
  id: string;
  customer_id: string;
  survey: string | null;
  unit: string | null;
  response_ids: string[];
  origin: 'rule' | 'person';
  state: FollowUpState;
  closed_as: Closing | 'withdrawn' | null;
  closing_note: string | null;
  owner: string | null;
  note: string | null;
  problem: string | null;
  promise: string | null;
  promised_for: Date | null;
  promise_kept: boolean | null;
  opened_at: Date;
  due_at: Date;
  first_due_at: Date;
  remind_at: Date;
  acknowledged_at: Date | null;
  contacted_at: Date | null;
  solution_offered_at: Date | null;
  closed_at: Date | null;
  due_notified_at: Date | null;
  overdue_at: Date | null;
}

/** What listeners are told of a follow-up: ids only, nothing that a person wrote. */
export const followUpEvent = (type: 'opened' | 'due' | 'overdue' | 'closed', row: FollowUpRow): Event => ({
  type: `follow_up.${type}`,
  subject: row.id,
  data: {
    id: row.id,
    customer_id: row.customer_id,
    survey: row.survey,
    unit: row.unit,
    response_id: row.response_ids[0] ?? null,
    state: row.state,
    closed_as: row.closed_as,
    owner: row.owner,
    opened_at: row.opened_at,
    due_at: row.due_at,
    closed_at: row.closed_at,
  },
});

/**
 * Removes the follow-ups of a customer, what listeners were to be told of them, and what the audit log quotes of them.
 * To be called while the record of the customer is there.
 * @returns which there were, and the unit of each
 */
export async function eraseFollowUps(
  client: Client,
  customer: string,
): Promise<{ key: string; unit: string | null }[]> {
  const unit = unitSql({ unit: 't.unit', customer: 't.customer_id' });
  const gone = await client.rows<{ key: string; unit: string | null }>(
    `delete from follow_ups t where customer_id = $1 returning id::text as key, ${unit} as unit`,
    [customer],
  );
  if (gone.length === 0) return gone;
  const ids = gone.map(({ key }) => key);
  await client.rows('delete from events where subject = any($1::text[])', [ids]);
  await client.rows(
    `update audit_log set before = null, after = null where noun = 'follow_up' and key = any($1::text[])`,
    [ids],
  );
  return gone;
}
