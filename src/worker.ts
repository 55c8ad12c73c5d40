import { setTimeout as sleep } from 'node:timers/promises';
import { purgeTombstones } from './datasets/changes.ts';
import type { Database } from './db/pool.ts';
import { isWaiting, refresh, waiting } from './outcomes/refresh.ts';
import { matchBatch } from './matching/match.ts';

interface Log {
  error(details: object, message: string): void;
}

const pauseMs = 1_000;
const cleanUpMs = 3_600_000;
const matchingMs = 5_000;

/**
 * Keeps the outcomes fresh until it is stopped: looks once a second whether anything waits, and works it out. Any number
 * of workers may run; the lock in the database decides who works. After a failure it waits longer and tries again.
 * @returns a function that stops it and resolves when the current round is over.
 */
export function startWorker(db: Database, log: Log): () => Promise<void> {
  const stopping = new AbortController();
  const rest = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  const run = async () => {
    let failures = 0;
    let cleanedAt = Date.now();
    while (!stopping.signal.aborted) {
      try {
        if (isWaiting(await waiting(db, 1))) await refresh(db);
        for (const end = Date.now() + matchingMs; Date.now() < end && !stopping.signal.aborted; )
          if (!(await matchBatch(db))) break;
        if (Date.now() - cleanedAt > cleanUpMs) {
          await db.write(purgeTombstones);
          cleanedAt = Date.now();
        }
        failures = 0;
      } catch (error) {
        failures++;
        log.error({ err: error }, 'the outcomes could not be refreshed; trying again');
      }
      await rest(Math.min(60_000, pauseMs * 2 ** failures));
    }
  };
  const running = run();
  return async () => {
    stopping.abort();
    await running;
  };
}
