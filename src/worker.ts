import { setTimeout as sleep } from 'node:timers/promises';
import { recordRising } from './analytics/problems/record-rising.ts';
import type { Config } from './config.ts';
import type { Database } from './db/pool.ts';
import { purgeTombstones } from './feed/list-changes.ts';
import { purgeAnswers } from './managed/once.ts';
import { matchBatch } from './matching/match.ts';
import { markDeadlines } from './modules/follow-ups/deadlines.ts';
import { isWaiting, refresh, waiting } from './outcomes/refresh.ts';
import { settleGoals } from './scorecard/states.ts';
import { startDeliveries } from './webhooks/loop.ts';
import { targetsOf } from './webhooks/targets.ts';

interface Log {
  error(details: object, message: string): void;
}

/** Something that is done again and again. */
interface Job {
  /** What it does, for the log. */
  name: string;
  /** How long it rests after each time. */
  pause_ms: number;
  /** @returns true where there is more to do at once */
  work: () => Promise<unknown>;
}

const longestPauseMs = 60_000;

const jobsOn = (db: Database): Job[] => [
  {
    name: 'keeping the outcomes fresh',
    pause_ms: 1_000,
    work: async () => {
      if (isWaiting(await waiting(db, 1))) await refresh(db);
    },
  },
  { name: 'matching responses with problems', pause_ms: 1_000, work: () => matchBatch(db) },
  { name: 'marking follow-ups that fall due', pause_ms: 5_000, work: () => markDeadlines(db) },
  { name: 'looking how goals stand', pause_ms: 10_000, work: () => settleGoals(db) },
  { name: 'looking for problems that rise', pause_ms: 3_600_000, work: () => recordRising(db) },
  {
    name: 'cleaning up',
    pause_ms: 3_600_000,
    work: () =>
      db.write(async (client) => {
        await purgeTombstones(client);
        await purgeAnswers(client);
      }),
  },
];

/**
 * Does what is to be done beside answering, until it is stopped. The jobs do not wait for each other, since a rebuild may
 * take minutes. Any number of workers may run; the locks in the database decide who works. After a failure a job waits
 * longer and tries again.
 * @returns a function that stops it and resolves when what runs is over.
 */
export function startWorker(
  db: Database,
  log: Log,
  config: Pick<Config, 'webhook_allow'> = { webhook_allow: [] },
): () => Promise<void> {
  const stopping = new AbortController();
  const rest = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  const repeat = async ({ name, pause_ms, work }: Job) => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        const more = await work();
        failures = 0;
        if (more === true) continue;
      } catch (error) {
        failures++;
        log.error({ err: error }, `${name} failed; trying again`);
      }
      await rest(failures === 0 ? pause_ms : Math.min(longestPauseMs, 1_000 * 2 ** failures));
    }
  };
  const running = Promise.all(jobsOn(db).map(repeat));
  const stopDeliveries = startDeliveries(db, log, { targets: targetsOf(config.webhook_allow) });
  return async () => {
    stopping.abort();
    await Promise.all([running, stopDeliveries()]);
  };
}
