import type { Static } from 'typebox';
import type { Author } from '../../db/audit.ts';
import { recordEvents } from '../../db/events.ts';
import { updateManaged } from '../../db/managed.ts';
import type { Client } from '../../db/pool.ts';
import { conflict, invalidField } from '../../errors.ts';
import { requireReferences } from '../../managed/references.ts';
import { type FollowUpRow, followUpEvent } from '../../outcomes/follow-ups.ts';
import { noun } from './queries.ts';
import type { FollowUpChanges } from './schemas.ts';

const mostDays = 3650;

/** A moment within the ten years after a follow-up was opened. @throws ApiError 422 */
function readMoment(field: string, text: string, opened_at: Date): Date {
  const at = new Date(text);
  const days = (at.getTime() - opened_at.getTime()) / 86_400_000;
  if (!(days > 0 && days <= mostDays))
    throw invalidField(
      `/${field}`,
      'out_of_range',
      `Lies after it was opened (${opened_at.toISOString()}), by ten years at most.`,
    );
  return at;
}

/** @throws ApiError 422 */
export const readDueAt = (text: string, opened_at: Date) => readMoment('due_at', text, opened_at);

/**
 * Changes what people write on a follow-up that was read under a lock. A new due time is reminded of anew. A promise
 * that is taken back takes its date and its outcome along.
 * @throws ApiError 422, also for a problem that is not there; 409 for the owner or the due time of one that is closed
 */
export async function changeFollowUp(
  client: Client,
  before: FollowUpRow,
  changes: Static<typeof FollowUpChanges>,
  author: Author,
): Promise<FollowUpRow> {
  const { due_at, promised_for, ...plain } = changes;
  if (before.state === 'closed' && (due_at !== undefined || plain.owner !== undefined))
    throw conflict(
      'follow_up_closed',
      'It is closed, so its owner and its due_at stay. Its note, problem and promise can be changed.',
    );
  const promise = plain.promise === undefined ? before.promise : plain.promise;
  if (promise === null && (promised_for != null || plain.promise_kept != null))
    throw invalidField('/promise', 'no_promise', 'Nothing was promised: send the promise too.');
  await requireReferences(client, { problem: plain.problem ?? null }, before, ['problem']);
  const taken = plain.promise === null ? { promised_for: null, promise_kept: null } : {};
  const dated =
    promised_for === undefined
      ? {}
      : { promised_for: promised_for === null ? null : readMoment('promised_for', promised_for, before.opened_at) };
  return updateManaged(client, noun, before, { ...plain, ...dated, ...taken, ...rescheduled(before, due_at) }, author);
}

/** The columns of a new due time; none where it stays. */
function rescheduled({ opened_at, due_at: held }: FollowUpRow, text: string | undefined) {
  if (text === undefined) return {};
  const due_at = readDueAt(text, opened_at);
  if (due_at.getTime() === held.getTime()) return {};
  const remind_at = new Date(opened_at.getTime() + 0.75 * (due_at.getTime() - opened_at.getTime()));
  return { due_at, remind_at, due_notified_at: null, overdue_at: null };
}

/** Archives a follow-up that was read under a lock. One that is not closed is withdrawn with it. */
export async function archiveFollowUp(client: Client, before: FollowUpRow, author: Author): Promise<void> {
  const archived_at = new Date();
  const closing = before.state === 'closed' ? {} : { state: 'closed', closed_as: 'withdrawn', closed_at: archived_at };
  const after = await updateManaged(client, noun, before, { archived_at, ...closing }, author, 'archived');
  if (before.state !== 'closed') await recordEvents(client, [followUpEvent('closed', after)]);
}
