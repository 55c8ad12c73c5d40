import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Connection } from './client.ts';
import {
  ConnectionLost,
  commitUnknown,
  databaseBusy,
  databaseUnavailable,
  explained,
  sqlState,
  writeConflict,
} from './failures.ts';
import { lending } from './lending.ts';
import { openSession, type Session } from './session.ts';

export type { Client, Connection } from './client.ts';
export { redacted, sqlState } from './failures.ts';
export type { Param } from './values.ts';

type Work<T> = (client: Client) => Promise<T>;

interface ReadOptions {
  /** One REPEATABLE READ READ ONLY transaction, so that all statements see the same moment. */
  snapshot?: boolean;
  /** How long one statement of this work may take, instead of the pool's limit; 0 is without limit. Makes a snapshot. */
  statement_timeout_ms?: number;
}

interface WriteOptions {
  isolation?: 'read committed' | 'repeatable read';
  /** How long one statement of this work may take, instead of the pool's limit; 0 is without limit. */
  statement_timeout_ms?: number;
}

/**
 * A pool of connections, each lent to one work at a time. All its methods throw a 503 `ApiError` where the database is
 * away (`database_unavailable`), every connection is in use (`database_busy`) or a statement takes too long
 * (`statement_timeout`, `lock_timeout`). Other errors of the database come as they are: see `sqlState`.
 */
export interface Database {
  /** Runs `work` on one client; each statement is its own transaction unless `snapshot` is set. */
  read<T>(work: Work<T>, options?: ReadOptions): Promise<T>;
  /**
   * Runs `work` in one transaction. When it returns, everything is committed; when it throws, nothing is stored, except
   * that a connection which breaks during COMMIT leaves it open (the error says so). After a serialization failure or a
   * deadlock the whole of `work` runs again, up to five times, so it must change nothing but the database.
   */
  write<T>(work: Work<T>, options?: WriteOptions): Promise<T>;
  stats(): { size: number; busy: number; waiting: number };
  /** Refuses new work, waits for what runs (ten seconds at most), and closes every connection. */
  close(): Promise<void>;
}

// The server's own limit speaks first; this one is for a server that says nothing any more.
const answerGraceMs = 2_000;
const writeAttempts = 5;
const closeLimitMs = 10_000;

const begin = (mode: string, statementMs: number | undefined) =>
  `begin isolation level ${mode}${statementMs === undefined ? '' : `; set local statement_timeout = ${statementMs}`}`;

async function rollBack(session: Session): Promise<void> {
  // A statement that nobody waits for may run for long: then the server rolls back as the connection goes.
  if (session.unanswered() > 0) session.lose(new ConnectionLost('Its work ended before its statements.'));
  else await session.command('rollback').catch(() => session.lose(new ConnectionLost('ROLLBACK failed.')));
}

async function inSnapshot<T>(session: Session, beginning: string, work: Work<T>): Promise<T> {
  try {
    await session.command(beginning);
    return await work(session.client);
  } finally {
    await rollBack(session);
  }
}

/** Runs `work` between BEGIN and COMMIT, by hand: postgres.js's own way ends the process when a connection breaks. */
async function inTransaction<T>(session: Session, beginning: string, work: Work<T>): Promise<T> {
  let result: T;
  try {
    await session.command(beginning);
    result = await work(session.client);
  } catch (error) {
    await rollBack(session);
    throw error;
  }
  if (session.lost) throw session.lost;
  const tag = await session.command('commit').catch((error) => {
    throw session.lost ? commitUnknown(error) : error;
  });
  if (tag !== 'COMMIT')
    throw new Error(`COMMIT was answered with ${tag}: a statement failed and its error was not passed on.`, {
      cause: session.failure,
    });
  return result;
}

/** Opens a pool. It connects when it is first used, and keeps up to `max` connections from then on. */
export function openDatabase(
  connection: Connection,
  options: {
    /** Connections at the same time; 10. */
    max?: number;
    /** How long work waits for a connection; 5,000. */
    acquire_timeout_ms?: number;
    /** How long one statement may take; 30,000. A third of it is the limit for a lock. */
    statement_timeout_ms?: number;
  } = {},
): Database {
  const { max = 10, acquire_timeout_ms = 5_000, statement_timeout_ms = 30_000 } = options;
  const limits = { connect_ms: Math.min(acquire_timeout_ms, 3_000), statement_ms: statement_timeout_ms };
  const pool = lending<Session>({
    open: () => openSession(connection, limits, (session) => pool.remove(session)),
    max,
    wait_ms: acquire_timeout_ms,
    refusal: (allLent) => (allLent ? databaseBusy() : databaseUnavailable(undefined)),
  });

  async function lend<T>(statementMs: number, work: (session: Session) => Promise<T>): Promise<T> {
    const session = await pool.take();
    session.lent = true;
    session.failure = undefined;
    session.limit_ms = statementMs > 0 ? statementMs + answerGraceMs : 0;
    try {
      return await work(session);
    } finally {
      session.lent = false;
      if (session.unanswered() > 0) session.lose(new ConnectionLost('Its work ended before its statements.'));
      if (session.worn()) pool.retire(session);
      else pool.giveBack(session);
    }
  }

  return {
    async read(work, { statement_timeout_ms: own, snapshot = own !== undefined } = {}) {
      try {
        return await lend(own ?? statement_timeout_ms, (session) =>
          snapshot ? inSnapshot(session, begin('repeatable read read only', own), work) : work(session.client),
        );
      } catch (error) {
        throw explained(error);
      }
    },

    async write(work, { statement_timeout_ms: own, isolation = 'read committed' } = {}) {
      const beginning = begin(isolation, own);
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await lend(own ?? statement_timeout_ms, (session) => inTransaction(session, beginning, work));
        } catch (error) {
          const state = sqlState(error);
          if (state !== '40001' && state !== '40P01') throw explained(error);
          if (attempt === writeAttempts) throw writeConflict(error);
          await sleep(Math.random() * 10 * 2 ** attempt);
        }
      }
    },

    stats: pool.stats,

    close: () => pool.close(closeLimitMs),
  };
}
