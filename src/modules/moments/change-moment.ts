import type { Static } from 'typebox';
import type { Author } from '../../db/audit.ts';
import { getManaged, insertManaged, type Noun, updateManaged } from '../../db/managed.ts';
import type { Client } from '../../db/pool.ts';
import { conflict, type FieldError, invalid } from '../../errors.ts';
import type { MomentChanges, MomentRow, NewMoment } from './schemas.ts';

export const noun: Noun = { table: 'moments', one: 'moment', key: 'key' };

/** A review has a day and a verdict, and the next one comes after it. */
function requireWholeReview(row: Partial<MomentRow>): void {
  const { policy_reviewed_on = null, policy_verdict = null, next_review_on = null } = row;
  const errors: FieldError[] = [];
  const missing = (pointer: string, detail: string) => errors.push({ pointer, code: 'required', detail });
  if (policy_reviewed_on !== null && policy_verdict === null)
    missing('/policy_verdict', 'A review has a verdict: fits, partly or conflicts.');
  if (policy_reviewed_on === null && policy_verdict !== null)
    missing('/policy_reviewed_on', 'A verdict has the day on which it was given.');
  if (policy_reviewed_on !== null && next_review_on !== null && next_review_on <= policy_reviewed_on)
    errors.push({
      pointer: '/next_review_on',
      code: 'not_after_review',
      detail: `The next review comes after the last one, which was on ${policy_reviewed_on}.`,
    });
  if (errors.length > 0) throw invalid(errors[0]?.detail ?? 'The review is wrong.', errors);
}

/** @throws ApiError 409 where the key is taken, 422 for half a review */
export async function createMoment(
  client: Client,
  given: Static<typeof NewMoment>,
  author: Author,
): Promise<MomentRow> {
  requireWholeReview(given);
  return insertManaged<MomentRow>(client, noun, given, author);
}

/**
 * Changes a moment.
 * @param check - throws where the caller has not seen the version that there is
 * @throws ApiError 404, 409 for one that is archived, 422 for half a review
 */
export async function changeMoment(
  client: Client,
  key: string,
  changes: Static<typeof MomentChanges>,
  author: Author,
  check: (version: number) => void,
): Promise<MomentRow> {
  const before = await getManaged<MomentRow>(client, noun, key, true);
  check(before.version);
  if (before.archived_at !== null) throw conflict('archived', `The moment '${key}' is archived and stays as it was.`);
  requireWholeReview({ ...before, ...changes });
  return updateManaged(client, noun, before, changes, author);
}

/**
 * Archives a moment: it leaves the lists, and answers keep its name. One that is archived stays as it is.
 * @throws ApiError 404
 */
export async function archiveMoment(
  client: Client,
  key: string,
  author: Author,
  check: (version: number) => void,
): Promise<void> {
  const before = await getManaged<MomentRow>(client, noun, key, true);
  check(before.version);
  if (before.archived_at !== null) return;
  await updateManaged(client, noun, before, { archived_at: new Date() }, author, 'archived');
}
