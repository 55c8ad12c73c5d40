import { randomBytes } from 'node:crypto';
import type { Author } from '../db/audit.ts';
import { writeAudit } from '../db/audit.ts';
import { getManaged, insertManaged, type Managed, type Noun, shownManaged, updateManaged } from '../db/managed.ts';
import type { Client } from '../db/pool.ts';
import { uuid7 } from '../db/uuid7.ts';
import { conflict, invalidField } from '../errors.ts';
import type { Targets } from './targets.ts';

type DisabledReason = 'by_hand' | 'gone' | 'failures';

export interface EndpointRow extends Managed {
  id: string;
  url: string;
  description: string | null;
  event_types: string[];
  status: 'enabled' | 'disabled';
  disabled_reason: DisabledReason | null;
  disabled_at: Date | null;
  failing_since: Date | null;
}

export const endpointNoun: Noun = { table: 'webhook_endpoints', one: 'webhook_endpoint', key: 'id' };

// Each has its own deliveries under way at the same time, so their number bounds the connections of a worker.
const mostEndpoints = 50;
const hourMs = 3_600_000;

/** An endpoint as it is shown. Since when it fails is not part of it: that changes without a new version. */
export function shownEndpoint(row: EndpointRow) {
  const { failing_since: _, ...shown } = shownManaged(row);
  return shown;
}

/** 24 random bytes in the form of Standard Webhooks. */
const newSecret = () => `whsec_${randomBytes(24).toString('base64')}`;

const addSecret = (client: Client, endpoint_id: string, secret: string) =>
  client.rows('insert into webhook_secrets (endpoint_id, secret) values ($1, $2)', [endpoint_id, secret]);

/** @throws ApiError 422 for a url that webhooks may not be sent to */
function requireTarget(url: string, targets: Targets): void {
  const wrong = (detail: string) => invalidField('/url', 'bad_target', detail);
  if (!URL.canParse(url)) throw wrong('Must be an address such as https://crm.example/hooks.');
  const refusal = targets.refusal(new URL(url));
  if (refusal !== undefined) throw wrong(refusal);
}

/**
 * Makes an endpoint with its secret, which is shown this once.
 * @throws ApiError 422 for a url that may not be reached, 409 where there are as many endpoints as there may be
 */
export async function createEndpoint(
  client: Client,
  targets: Targets,
  given: { url: string; description?: string | null; event_types: string[] },
  author: Author,
) {
  requireTarget(given.url, targets);
  const held = await client.rows('select from webhook_endpoints where archived_at is null for update');
  if (held.length >= mostEndpoints)
    throw conflict('too_many_endpoints', `There are ${mostEndpoints} webhook endpoints; remove one first.`);
  const row = await insertManaged<EndpointRow>(client, endpointNoun, { id: uuid7(), ...given }, author);
  const secret = newSecret();
  await addSecret(client, row.id, secret);
  return { ...shownEndpoint(row), secret };
}

/** Reads an endpoint, locked, that is to be changed or used. @throws ApiError 404, or 409 for one that was removed */
export async function liveEndpoint(client: Client, id: string): Promise<EndpointRow> {
  const row = await getManaged<EndpointRow>(client, endpointNoun, id, true);
  if (row.archived_at !== null)
    throw conflict('archived', 'This webhook endpoint was removed; nothing is sent to it any more. Make a new one.');
  return row;
}

/** @throws ApiError 409 for an endpoint that is disabled, with the cure */
export function requireEnabled({ status, disabled_reason }: EndpointRow): void {
  if (status === 'disabled')
    throw conflict(
      'endpoint_disabled',
      `This webhook endpoint is disabled (${disabled_reason}). Enable it first: PATCH it with {"status": "enabled"}.`,
    );
}

/** Gives up whatever waits for an endpoint. What is under way at this moment may still arrive, and is then noted. */
const giveUp = (client: Client, id: string, why: string) =>
  client.rows(
    `update webhook_deliveries set state = 'dead', next_at = null, last_error = $2
     where endpoint_id = $1 and next_at is not null`,
    [id, why],
  );

/**
 * Stops telling an endpoint that was read under a lock. What waits for it is given up, so that it is not flooded when it
 * is enabled again: a replay brings what was missed.
 */
export async function disableEndpoint(
  client: Client,
  before: EndpointRow,
  reason: DisabledReason,
  author: Author,
  more: Partial<Pick<EndpointRow, 'url' | 'description' | 'event_types'>> = {},
): Promise<EndpointRow> {
  const row = await updateManaged(
    client,
    endpointNoun,
    before,
    { ...more, status: 'disabled', disabled_reason: reason, disabled_at: new Date() },
    author,
    reason === 'by_hand' ? 'changed' : 'disabled',
  );
  await giveUp(client, row.id, 'The endpoint was disabled.');
  return row;
}

/**
 * Changes an endpoint that was read under a lock.
 * @throws ApiError 422 for a url that may not be reached
 */
export async function changeEndpoint(
  client: Client,
  targets: Targets,
  before: EndpointRow,
  { status, ...changes }: Partial<Pick<EndpointRow, 'url' | 'description' | 'event_types' | 'status'>>,
  author: Author,
): Promise<EndpointRow> {
  if (changes.url !== undefined) requireTarget(changes.url, targets);
  if (status === 'disabled' && before.status === 'enabled')
    return disableEndpoint(client, before, 'by_hand', author, changes);
  const enabled =
    status === 'enabled' && before.status === 'disabled'
      ? { status, disabled_reason: null, disabled_at: null, failing_since: null }
      : {};
  return updateManaged(client, endpointNoun, before, { ...changes, ...enabled }, author);
}

/** Archives an endpoint that was read under a lock, gives up what waits for it, and forgets its secrets. */
export async function removeEndpoint(client: Client, before: EndpointRow, author: Author): Promise<void> {
  if (before.archived_at !== null) return;
  await updateManaged(client, endpointNoun, before, { archived_at: new Date() }, author, 'archived');
  await giveUp(client, before.id, 'The endpoint was removed.');
  await client.rows('delete from webhook_secrets where endpoint_id = $1', [before.id]);
}

/**
 * Makes a new secret. The old ones go on signing beside it for `overlap_hours`, so that the receiver can change over.
 * @returns the secret, shown this once, and when the ones before it end
 */
export async function rotateSecret(client: Client, { id }: EndpointRow, overlap_hours: number, author: Author) {
  const previous_ends_at = new Date(Date.now() + overlap_hours * hourMs);
  await client.rows(`update webhook_secrets set ends_at = least(ends_at, $2::timestamptz) where endpoint_id = $1`, [
    id,
    previous_ends_at,
  ]);
  const secret = newSecret();
  await addSecret(client, id, secret);
  await writeAudit(client, author, [{ action: 'secret_rotated', noun: endpointNoun.one, key: id }]);
  return { secret, previous_ends_at: previous_ends_at.toISOString() };
}
