import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../db/pool.ts';
import { removeOldEvents } from './clean-up.ts';
import { messageOf } from './message.ts';
import { type Attempted, type Claimed, claimDue, fanOut, mostEvents, recordAttempts, scheduleMs } from './queue.ts';
import { limitMs, send } from './send.ts';
import type { Targets } from './targets.ts';

interface Log {
  error(details: object, message: string): void;
}

interface Pace {
  /** How long it rests when nothing happens. */
  pause_ms: number;
  /** Deliveries under way to one endpoint. */
  at_once: number;
  /** How long one attempt may take. */
  limit_ms: number;
  /** How long a delivery belongs to this worker: longer than an attempt takes with everything around it. */
  lease_ms: number;
  /** The waits between attempts. */
  schedule_ms: readonly number[];
}

const usualPace: Pace = { pause_ms: 1_000, at_once: 8, limit_ms: limitMs, lease_ms: 20_000, schedule_ms: scheduleMs };
const cleanUpMs = 3_600_000;

/**
 * Delivers events until it is stopped: makes the deliveries of new events, claims those that are due, sends them, and
 * stores what became of them. Any number of workers may run. All that it asks the database goes one after the other on
 * one connection, however many deliveries are under way.
 * @returns a function that stops it: nothing more is claimed, and it resolves when what is under way is over and stored.
 */
export function startDeliveries(
  db: Database,
  log: Log,
  { targets, pace = {} }: { targets: Targets; pace?: Partial<Pace> },
): () => Promise<void> {
  const { pause_ms, at_once, limit_ms, lease_ms, schedule_ms } = { ...usualPace, ...pace };
  const stopping = new AbortController();
  let wake = () => {};
  const underWay = new Set<Promise<void>>();
  const busy = new Map<string, number>();
  const done: Attempted[] = [];

  const rest = async (ms: number) => {
    const waking = new AbortController();
    wake = () => waking.abort();
    if (done.length > 0 || stopping.signal.aborted) return;
    await sleep(ms, undefined, { signal: waking.signal }).catch(() => undefined);
  };

  const count = (endpoint: string, change: number) => {
    const left = (busy.get(endpoint) ?? 0) + change;
    if (left > 0) busy.set(endpoint, left);
    else busy.delete(endpoint);
  };

  const attempt = async (claimed: Claimed) => {
    const attempted_at = new Date();
    const outcome = await send(claimed.url, messageOf(claimed, claimed.secrets, attempted_at), targets, limit_ms);
    done.push({ claimed, outcome, attempted_at });
  };

  const start = (claimed: Claimed) => {
    count(claimed.endpoint_id, 1);
    const running = attempt(claimed)
      // Only a fault of ours comes here; the lease runs out, and it is tried again.
      .catch((error) => {
        count(claimed.endpoint_id, -1);
        log.error({ err: error, delivery: claimed.id }, 'a webhook could not be sent');
      })
      .finally(() => {
        underWay.delete(running);
        wake();
      });
    underWay.add(running);
  };

  const store = async () => {
    const attempts = done.slice();
    await recordAttempts(db, attempts, schedule_ms);
    done.splice(0, attempts.length);
    // Not before: the answer may have been that the endpoint wants nothing more.
    for (const { claimed } of attempts) count(claimed.endpoint_id, -1);
  };

  const run = async () => {
    let failures = 0;
    let cleanedAt = Date.now();
    while (!stopping.signal.aborted) {
      try {
        await store();
        const fanned = await fanOut(db);
        for (const claimed of await claimDue(db, busy, { at_once, lease_ms })) start(claimed);
        if (Date.now() - cleanedAt > cleanUpMs) {
          await removeOldEvents(db);
          cleanedAt = Date.now();
        }
        failures = 0;
        if (fanned < mostEvents) await rest(pause_ms);
      } catch (error) {
        failures++;
        log.error({ err: error }, 'webhooks could not be worked on; trying again');
        await sleep(Math.min(30_000, pause_ms * 2 ** failures), undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
    await Promise.all(underWay);
    // Should it fail, the leases run out and the deliveries are made once more.
    await store().catch((error) => log.error({ err: error }, 'results of webhooks could not be stored'));
  };
  const running = run();

  return async () => {
    stopping.abort();
    wake();
    await running;
  };
}
