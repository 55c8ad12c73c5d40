import { heardSql } from '../db/events.ts';
import type { Bound } from '../db/period.ts';
import type { Client, Param } from '../db/pool.ts';
import { uuid7 } from '../db/uuid7.ts';
import { notFound } from '../errors.ts';
import { testType } from './event-types.ts';

export const deliveryStates = ['pending', 'failed', 'delivered', 'dead'] as const;

interface DeliveryRow {
  id: string;
  event_id: string;
  event_type: string;
  subject: string;
  occurred_at: Date;
  state: (typeof deliveryStates)[number];
  attempts: number;
  next_at: Date | null;
  last_attempt_at: Date | null;
  last_status: number | null;
  last_error: string | null;
  created_at: Date;
  delivered_at: Date | null;
}

interface AttemptRow {
  number: number;
  attempted_at: Date;
  took_ms: number;
  status: number | null;
  error: string | null;
  response_excerpt: string | null;
}

const shownSql = `
  select d.id, d.event_id, v.type as event_type, v.subject, v.occurred_at, d.state, d.attempts, d.next_at,
    d.last_attempt_at, d.last_status, d.last_error, d.created_at, d.delivered_at
  from webhook_deliveries d join events v on v.id = d.event_id`;

interface DeliveryQuery {
  state?: string | undefined;
  type?: string | undefined;
  from: Bound | null;
  to: Bound | null;
  after: { created_at: string; id: string } | undefined;
  limit: number;
}

/** Deliveries to an endpoint, the newest first. */
export function listDeliveries(
  client: Client,
  endpoint_id: string,
  { state, type, from, to, after, limit }: DeliveryQuery,
): Promise<DeliveryRow[]> {
  const params: Param[] = [endpoint_id];
  const param = (value: Param) => `$${params.push(value)}`;
  const conditions = ['d.endpoint_id = $1'];
  if (state !== undefined) conditions.push(`d.state = ${param(state)}`);
  if (type !== undefined) conditions.push(`v.type = ${param(type)}`);
  if (from) conditions.push(`d.created_at >= ${param(from.at)}::timestamptz`);
  if (to) conditions.push(`d.created_at < ${param(to.at)}::timestamptz`);
  if (after)
    conditions.push(`(d.created_at, d.id) < (${param(after.created_at)}::timestamptz, ${param(after.id)}::uuid)`);
  return client.rows<DeliveryRow>(
    `${shownSql} where ${conditions.join(' and ')} order by d.created_at desc, d.id desc limit ${param(limit)}`,
    params,
  );
}

/** One delivery. @throws ApiError 404 */
export async function getDelivery(client: Client, endpoint_id: string, id: string): Promise<DeliveryRow> {
  const [row] = await client.rows<DeliveryRow>(`${shownSql} where d.endpoint_id = $1 and d.id = $2`, [endpoint_id, id]);
  if (!row) throw notFound('webhook delivery', id);
  return row;
}

/** The attempts at a delivery, in their order. */
export const listAttempts = (client: Client, delivery_id: string): Promise<AttemptRow[]> =>
  client.rows<AttemptRow>(
    `select number, attempted_at, took_ms, status, error, response_excerpt
     from webhook_attempts where delivery_id = $1 order by number`,
    [delivery_id],
  );

/** Records an event that goes to one endpoint only. @returns its delivery */
export async function sendTest(client: Client, endpoint_id: string): Promise<DeliveryRow> {
  const event_id = uuid7();
  await client.rows(
    `insert into events (id, type, subject, data, fanned_out_at)
     values ($1, $2, $3::text, jsonb_build_object('endpoint_id', $3::text), now())`,
    [event_id, testType, endpoint_id],
  );
  const [made] = await client.rows<{ id: string }>(
    'insert into webhook_deliveries (event_id, endpoint_id) values ($1, $2) returning id',
    [event_id, endpoint_id],
  );
  return getDelivery(client, endpoint_id, made?.id ?? '');
}

// The lease ends: the result of an attempt under way is no longer stored, and the message is sent once more.
const againSql = `state = 'pending', attempts_before = d.attempts, next_at = now(), lease = null, leased_until = null,
  delivered_at = null`;

/** Makes a delivery due again, whatever became of it, with all its attempts before it. @throws ApiError 404 */
export async function replayDelivery(client: Client, endpoint_id: string, id: string): Promise<DeliveryRow> {
  await client.rows(`update webhook_deliveries d set ${againSql} where d.endpoint_id = $1 and d.id = $2`, [
    endpoint_id,
    id,
  ]);
  return getDelivery(client, endpoint_id, id);
}

/**
 * Sends an endpoint again what happened in a period: the events that it listens to now (or those of `types`), also those
 * it was never sent because it was disabled or not there yet. What waits for its first attempt stays as it is.
 * @param period half-open; moments in RFC 3339
 * @returns how many deliveries were made or are due again
 */
export async function replayPeriod(
  client: Client,
  endpoint: { id: string; event_types: string[] },
  { from, to, types, only_undelivered }: { from: string; to: string; types: string[]; only_undelivered: boolean },
): Promise<number> {
  const [done] = await client.rows<{ replayed: number }>(
    `with again as (
       insert into webhook_deliveries as d (event_id, endpoint_id)
       select v.id, $1 from events v
       where v.occurred_at >= $2::timestamptz and v.occurred_at < $3::timestamptz and v.fanned_out_at is not null
         and v.type <> '${testType}' and ${heardSql('$4::text[]', 'v.type')}
       on conflict (event_id, endpoint_id) do update
         set ${againSql}
         where d.state <> 'pending' and (d.state <> 'delivered' or not $5::boolean)
       returning 1
     )
     select count(*) as replayed from again`,
    [endpoint.id, from, to, types, only_undelivered],
  );
  return done?.replayed ?? 0;
}
