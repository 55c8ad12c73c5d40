import type { Static } from 'typebox';
import { type Author, writeAudit } from '../../db/audit.ts';
import { recordEvents } from '../../db/events.ts';
import type { Client, Param } from '../../db/pool.ts';
import { isInside, type UnitLimit, visibleSql } from '../../db/unit-tree.ts';
import { uuid7 } from '../../db/uuid7.ts';
import { conflict, invalidField } from '../../errors.ts';
import { requireReferences } from '../../managed/references.ts';
import { type FollowUpRow, followUpEvent } from '../../outcomes/follow-ups.ts';
import { readDueAt } from './change.ts';
import { ownerOver } from './queries.ts';
import type { NewFollowUp } from './schemas.ts';

const usualHours = 48;

/**
 * Opens a follow-up that somebody asks for.
 * @param units the units that the caller is limited to
 * @throws ApiError 422 for a customer, response or problem that nothing is known of, 409 where the customer has an open one
 */
export async function openByHand(
  client: Client,
  { customer_id, response_id = null, due_at, owner = null, note = null, problem = null }: Static<typeof NewFollowUp>,
  author: Author,
  units: UnitLimit,
): Promise<FollowUpRow> {
  const opened_at = new Date();
  const due =
    due_at === undefined ? new Date(opened_at.getTime() + usualHours * 3_600_000) : readDueAt(due_at, opened_at);
  // Customers exist from the first fact that mentions them; their record is made by the refresh.
  const [customer] = await client.rows<{ unit: string | null }>(
    `select (select unit from customers where id = $1) as unit
     where exists (select from customers where id = $1) or exists (select from responses where customer_id = $1)
       or exists (select from revenue_events where customer_id = $1)`,
    [customer_id],
  );
  const isOurs = customer !== undefined && (await isInside(client, customer.unit, units));
  const response = response_id === null ? undefined : await findResponse(client, response_id, customer_id, units);
  // To who is limited to units a customer is known whom they look after, or who gave them the response.
  if (!customer || !(isOurs || response))
    throw invalidField('/customer_id', 'unknown_customer', `Nothing is known of a customer '${customer_id}'.`);
  if (response_id !== null && !response)
    throw invalidField('/response_id', 'unknown_response', `The customer gave no response '${response_id}'.`);

  await requireReferences(client, { problem }, undefined, ['problem']);
  const [row] = await client.rows<FollowUpRow>(
    `insert into follow_ups (id, customer_id, survey, unit, response_ids, origin, owner, note, problem, opened_at, due_at,
       first_due_at, remind_at)
     values ($1, $2, $3, $4, $5::text[], 'person', $6, $7, $8, $9::timestamptz, $10, $10,
       $9::timestamptz + ($10::timestamptz - $9::timestamptz) * 0.75)
     on conflict (customer_id) where state <> 'closed' do nothing returning *`,
    [
      uuid7(),
      customer_id,
      response?.survey ?? null,
      response?.unit ?? customer.unit,
      response_id === null ? [] : [response_id],
      owner,
      note,
      problem,
      opened_at,
      due,
    ],
  );
  if (!row) {
    const params: Param[] = [customer_id];
    const visible = visibleSql(ownerOver('t'), units, (value) => `$${params.push(value)}`);
    const [open] = await client.rows<{ id: string }>(
      `select t.id from follow_ups t where t.customer_id = $1 and t.state <> 'closed' and ${visible}`,
      params,
    );
    throw conflict(
      'follow_up_open',
      `The customer '${customer_id}' has one that is not closed${open ? `: ${open.id}` : ''}. Work on that one.`,
    );
  }
  await recordEvents(client, [followUpEvent('opened', row)]);
  const after = { customer_id, response_id, due_at: due, owner, note, problem };
  await writeAudit(client, author, [{ action: 'created', noun: 'follow_up', key: row.id, after }]);
  return row;
}

async function findResponse(client: Client, id: string, customer: string, units: UnitLimit) {
  const params: Param[] = [id, customer];
  const visible = visibleSql(ownerOver('r'), units, (value) => `$${params.push(value)}`);
  const [found] = await client.rows<{ survey: string; unit: string | null }>(
    `select r.survey, r.unit from responses r where r.id = $1 and r.customer_id = $2 and ${visible}`,
    params,
  );
  return found;
}
