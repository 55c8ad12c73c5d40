import { randomUUID } from 'node:crypto';
import { heardSql } from '../db/events.ts';
import type { Client, Database } from '../db/pool.ts';
import { disableEndpoint, type EndpointRow } from './endpoints.ts';
import type { Told } from './message.ts';
import type { Outcome } from './send.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** How long after each failed attempt the next one follows: ten attempts in 75 hours, as Standard Webhooks proposes. */
export const scheduleMs: readonly number[] = [
  5_000,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  14 * hourMs,
  20 * hourMs,
  24 * hourMs,
];

/** How much longer or shorter a wait may be, so that what failed together does not come back together. */
const jitter = 0.1;

/** The longest that a receiver can put a delivery off with `Retry-After`: as long as the longest wait of ours. */
const longestAskedMs = 24 * hourMs;

/** An endpoint that a delivery was given up for is disabled when nothing was delivered to it for so long. */
const failingDays = 2;

/** How many events get their deliveries at a time. */
export const mostEvents = 1_000;

/** A delivery that this worker holds. */
export interface Claimed extends Told {
  id: string;
  lease: string;
  endpoint_id: string;
  url: string;
  secrets: string[];
  /** Attempts since it was made or replayed. */
  tried: number;
}

/** A delivery that was attempted. */
export interface Attempted {
  claimed: Claimed;
  outcome: Outcome;
  attempted_at: Date;
}

/**
 * Makes the deliveries of up to a thousand events that have none yet, one for each endpoint that listens. An event and
 * its deliveries are one transaction; several workers take different events. An endpoint is told what happened since it
 * was made.
 * @returns how many events there were
 */
export async function fanOut(db: Database): Promise<number> {
  // Looked for first: holding the endpoints is a write, and there is mostly nothing.
  const waiting = await db.read((client) => client.rows('select from events where fanned_out_at is null limit 1'));
  if (waiting.length === 0) return 0;
  const [done] = await db.write((client) =>
    client.rows<{ events: number }>(
      `with waiting as materialized (
         select id, type, occurred_at from events where fanned_out_at is null
         order by id limit ${mostEvents} for update skip locked
       ),
       -- Held, so that an endpoint which is being disabled gives up these deliveries too.
       listening as materialized (
         select id, event_types, created_at from webhook_endpoints
         where status = 'enabled' and archived_at is null for share
       ),
       made as (
         insert into webhook_deliveries (event_id, endpoint_id)
         select w.id, l.id from waiting w join listening l
           on ${heardSql('l.event_types', 'w.type')} and w.occurred_at >= l.created_at
         on conflict (event_id, endpoint_id) do nothing
       ),
       marked as (
         update events e set fanned_out_at = now() from waiting w where e.id = w.id returning e.id
       )
       select count(*) as events from marked`,
    ),
  );
  return done?.events ?? 0;
}

/**
 * Takes deliveries that are due, up to `at_once` an endpoint with those that are under way already, so that a slow
 * endpoint holds up nobody but itself. Nobody else takes them while the lease lasts; after it, when this process died,
 * anybody does.
 */
export async function claimDue(
  db: Database,
  under_way: ReadonlyMap<string, number>,
  { at_once, lease_ms }: { at_once: number; lease_ms: number },
): Promise<Claimed[]> {
  return db.write((client) =>
    client.rows<Claimed>(
      `with due as materialized (
         select d.id from webhook_endpoints e
         left join unnest($1::uuid[], $2::int[]) as busy(endpoint_id, under_way) on busy.endpoint_id = e.id
         cross join lateral (
           select w.id from webhook_deliveries w
           where w.endpoint_id = e.id and w.next_at <= now() and (w.leased_until is null or w.leased_until <= now())
           order by w.next_at limit greatest(0, $3::int - coalesce(busy.under_way, 0))
           for update of w skip locked
         ) d
         where e.status = 'enabled' and e.archived_at is null
       ),
       leased as (
         update webhook_deliveries d set lease = $4, leased_until = now() + $5::int * interval '1 ms'
         from due where d.id = due.id
         returning d.id, d.lease, d.endpoint_id, d.event_id, d.attempts - d.attempts_before as tried
       )
       select l.id, l.lease, l.endpoint_id, l.event_id, l.tried, e.url, v.type, v.occurred_at, v.data,
         array(
           select s.secret from webhook_secrets s
           where s.endpoint_id = l.endpoint_id and (s.ends_at is null or s.ends_at > now()) order by s.id desc
         ) as secrets
       from leased l join webhook_endpoints e on e.id = l.endpoint_id join events v on v.id = l.event_id`,
      [[...under_way.keys()], [...under_way.values()], at_once, randomUUID(), lease_ms],
    ),
  );
}

/**
 * The state after an attempt, and how long to wait for the next one: as the schedule says, and no less than was asked.
 */
function after({ claimed, outcome }: Attempted, enabled: boolean, schedule: readonly number[]) {
  if (outcome.error === null) return { state: 'delivered', wait_ms: null };
  const wait = schedule[claimed.tried];
  if (!enabled || outcome.status === 410 || wait === undefined) return { state: 'dead', wait_ms: null };
  const own = wait * (1 + jitter * (2 * Math.random() - 1));
  const asked = Math.min(outcome.retry_after_ms ?? 0, longestAskedMs) * (1 + jitter * Math.random());
  return { state: 'failed', wait_ms: Math.round(Math.max(own, asked)) };
}

const isListening = ({ status, archived_at }: EndpointRow) => status === 'enabled' && archived_at === null;

interface Recorded {
  id: string;
  endpoint_id: string;
  state: 'delivered' | 'failed' | 'dead';
}

/**
 * Stores what became of attempts, and what follows for their endpoints. A result whose lease ran out, because another
 * worker or a replay took the delivery over, changes nothing.
 */
export async function recordAttempts(
  db: Database,
  attempts: readonly Attempted[],
  schedule: readonly number[] = scheduleMs,
): Promise<void> {
  if (attempts.length === 0) return;
  await db.write(async (client) => {
    // In one order, and before their deliveries: whoever disables an endpoint takes the locks in the same one.
    const endpoints = await client.rows<EndpointRow>(
      'select * from webhook_endpoints where id = any($1::uuid[]) order by id for no key update',
      [[...new Set(attempts.map(({ claimed }) => claimed.endpoint_id))]],
    );
    const enabled = new Set(endpoints.filter(isListening).map(({ id }) => id));
    const told = attempts.map((attempt) => {
      const { claimed, outcome, attempted_at } = attempt;
      const { id, lease, endpoint_id } = claimed;
      return { id, lease, attempted_at, ...outcome, ...after(attempt, enabled.has(endpoint_id), schedule) };
    });
    const recorded = await client.rows<Recorded>(
      `with told as materialized (
         select * from json_to_recordset($1::json) as t(id uuid, lease uuid, attempted_at timestamptz(3), status int,
           error text, response_excerpt text, took_ms int, state text, wait_ms int)
       ),
       changed as (
         update webhook_deliveries d
         set state = t.state, attempts = d.attempts + 1, next_at = now() + t.wait_ms * interval '1 ms',
           lease = null, leased_until = null, last_attempt_at = t.attempted_at, last_status = t.status,
           last_error = t.error, delivered_at = case when t.state = 'delivered' then now() end
         from told t where d.id = t.id and d.lease = t.lease
         returning d.id, d.endpoint_id, d.state, d.attempts
       ),
       kept as (
         insert into webhook_attempts (delivery_id, number, attempted_at, took_ms, status, error, response_excerpt)
         select c.id, c.attempts, t.attempted_at, t.took_ms, t.status, t.error, t.response_excerpt
         from changed c join told t on t.id = c.id
       )
       select id, endpoint_id, state from changed`,
      [JSON.stringify(told)],
    );
    const gone = new Set(attempts.flatMap(({ claimed, outcome }) => (outcome.status === 410 ? [claimed.id] : [])));
    for (const endpoint of endpoints) {
      const own = recorded.filter(({ endpoint_id }) => endpoint_id === endpoint.id);
      await follow(client, endpoint, own, gone);
    }
  });
}

/** Notes whether an endpoint works, and disables one that is gone or has failed for too long. */
async function follow(client: Client, endpoint: EndpointRow, recorded: Recorded[], gone: Set<string>): Promise<void> {
  if (!isListening(endpoint) || recorded.length === 0) return;
  const author = { name: 'webhooks' };
  if (recorded.some(({ id }) => gone.has(id))) {
    await disableEndpoint(client, endpoint, 'gone', author);
    return;
  }
  const works = recorded.some(({ state }) => state === 'delivered');
  if (works && endpoint.failing_since !== null)
    await client.rows('update webhook_endpoints set failing_since = null where id = $1', [endpoint.id]);
  if (works) return;
  if (endpoint.failing_since === null)
    await client.rows('update webhook_endpoints set failing_since = now() where id = $1', [endpoint.id]);
  else if (
    recorded.some(({ state }) => state === 'dead') &&
    Date.now() - endpoint.failing_since.getTime() > failingDays * 24 * hourMs
  )
    await disableEndpoint(client, endpoint, 'failures', author);
}
