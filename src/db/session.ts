import net from 'node:net';
import type { Writable } from 'node:stream';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import type { Client, Connection } from './client.ts';
import { ConnectionLost, sqlState } from './failures.ts';
import { type Param, paramText, parsers, readRows } from './values.ts';

/** How long a connection may take to be made, and its statements to be answered by the server. */
interface SessionLimits {
  connect_ms: number;
  statement_ms: number;
}

/** A connection as the pool sees it. */
export interface Session {
  readonly client: Client;
  /** Statements are taken only while the session is lent. */
  lent: boolean;
  /** How long a statement that is sent now may be without an answer; 0 is without limit. */
  limit_ms: number;
  /** Why it can no longer be used. */
  lost: ConnectionLost | undefined;
  /** The first error of a statement since the session was lent. */
  failure: unknown;
  /** How many statements have no answer yet. */
  unanswered(): number;
  /** Whether it keeps so many prepared statements that it should be replaced. */
  worn(): boolean;
  /** Runs statements without parameters, outside of what `rows` prepares, and answers with the last one's command tag. */
  command(text: string): Promise<string>;
  /** Breaks the connection off: every statement that has no answer fails. */
  lose(error: ConnectionLost): ConnectionLost;
  /** Says goodbye to the server. */
  end(): Promise<void>;
}

type Result = postgres.RowList<postgres.Row[]>;

/** A statement that has no answer yet. Methods, because tsx adds a call for the name of each function that is assigned. */
interface Waiting<T> {
  settle(): void;
  done(value: T): void;
  fail(error: unknown): void;
}

const inFailedTransaction = '25P02';
// With COPY, postgres.js answers with what its lines are written to.
const asStream = (result: unknown) => result as Writable;

// A text that holds values would fill the server's memory with prepared statements: such a connection is replaced.
const statementsPerSession = 500;

const sessionSettings = (statementMs: number) => `
  set timezone = 'UTC';
  set datestyle = 'ISO';
  set jit = off;
  set statement_timeout = ${statementMs};
  set lock_timeout = ${Math.ceil(statementMs / 3)};
  set idle_in_transaction_session_timeout = 60000;
  -- A server that is busy for a client which has gone stops and frees its locks. Windows cannot tell.
  select set_config('client_connection_check_interval', '1s', false) where version() !~* 'windows|mingw|visual c';`;

/**
 * Opens one connection, which belongs to one borrower at a time, and proves it with a first statement.
 *
 * postgres.js recovers by connecting again, which would run the rest of a transaction outside of it, and leaves some
 * statements waiting for ever when their connection breaks. So a session dials once: what is lost stays lost, and all
 * its statements fail at once.
 */
export async function openSession(
  connection: Connection,
  limits: SessionLimits,
  onLost: (session: Session) => void,
): Promise<Session> {
  const underWay = new Set<{ fail(error: unknown): void }>();
  const texts = new Set<string>();
  const kept = new Map<string, unknown>();
  let socket: net.Socket | undefined;

  function dial(to: { path?: string | false; host: string[]; port: number[] }): Promise<net.Socket> {
    if (socket) return Promise.reject(session.lost ?? new ConnectionLost('The connection was closed.'));
    const [host = 'localhost'] = to.host;
    const dialled = net.connect(to.path ? { path: to.path } : { host, port: to.port[0] ?? 5432, noDelay: true });
    socket = Object.assign(dialled, { host }); // postgres.js checks the certificate against `host`.
    return new Promise((resolve, reject) => {
      dialled.once('connect', () => resolve(dialled));
      dialled.once('error', reject);
      dialled.once('close', () => reject(new ConnectionLost('The connection was closed.')));
    });
  }

  const options = {
    max: 1,
    prepare: true,
    fetch_types: false,
    connect_timeout: 0, // The limit of the first statement covers it.
    idle_timeout: 0,
    max_lifetime: null,
    debug: false,
    connection: { application_name: 'milemarker' },
    onnotice: () => {},
    onclose: () => lose(new ConnectionLost('The connection was closed.')),
    socket: dial,
  };
  const sql = 'url' in connection ? postgres(connection.url, options) : postgres({ ...connection, ...options });
  // Both in place, because the connection holds on to these objects. Without serializers our texts go out as they are.
  for (const type of Object.keys(sql.options.serializers)) delete sql.options.serializers[Number(type)];
  for (const type of Object.keys(sql.options.parsers)) delete sql.options.parsers[Number(type)];
  Object.assign(sql.options.parsers, parsers);

  function lose(error: ConnectionLost): ConnectionLost {
    if (session.lost) return session.lost;
    session.lost = error;
    for (const { fail } of [...underWay]) fail(error);
    socket?.destroy();
    onLost(session);
    return error;
  }

  function failed(error: unknown): unknown {
    // What has a code and is not from the server is of the socket or of postgres.js, whose state is then unknown.
    const broken = error instanceof Error && 'code' in error && !(error instanceof postgres.PostgresError);
    const told = broken ? lose(new ConnectionLost('The connection broke.', { cause: error })) : error;
    session.failure ??= told;
    return told;
  }

  /** What waits for the server: it fails when the connection is lost, or says nothing for too long. */
  function awaited<T>(begin: (waiting: Waiting<T>) => void): Promise<T> {
    const answer = new Promise<T>((resolve, reject) => {
      if (session.lost) throw session.lost;
      if (!session.lent) throw new Error('A statement was sent outside of the work that its client was lent to.');
      const limitMs = session.limit_ms;
      const timer =
        limitMs > 0
          ? setTimeout(() => lose(new ConnectionLost(`No answer from the database within ${limitMs} ms.`)), limitMs)
          : undefined;
      const waiting: Waiting<T> = {
        settle() {
          clearTimeout(timer);
          underWay.delete(waiting);
        },
        done(value) {
          waiting.settle();
          resolve(value);
        },
        fail(error) {
          waiting.settle();
          reject(failed(error));
        },
      };
      underWay.add(waiting);
      try {
        begin(waiting);
      } catch (error) {
        waiting.settle();
        throw error;
      }
    });
    // Several statements at once can fail together, and only one of them may be awaited by then. Whoever awaits an
    // answer still gets its error; the process does not end for the others.
    answer.catch(() => {});
    return answer;
  }

  function send<T>(text: string, params: readonly unknown[], how: object, read: (result: Result) => T) {
    let query: postgres.PendingQuery<postgres.Row[]> | undefined;
    const answer = awaited<T>((waiting) => {
      // postgres.js would notice only when the statement is in its queue, and confuse it with another.
      if (params.length > 65_533) throw new RangeError('A statement has more than 65,533 parameters; use arrays.');
      query = sql.unsafe(text, params.map(paramText), how);
      query.then((result) => waiting.done(read(result))).catch(waiting.fail);
    });
    return { answer, values: () => query?.values() };
  }

  function command(text: string): Promise<string> {
    return send(text, [], { simple: true, prepare: false }, (result) => result.command).answer;
  }

  /**
   * postgres.js tells nobody that a COPY failed after its last byte. The statement behind it does: it is answered either
   * when all is stored, or with the refusal of a transaction that has failed.
   */
  async function copied(what: string, lines: string): Promise<boolean> {
    const stream = await send(`copy ${what} from stdin`, [], { simple: true, prepare: false }, asStream).answer;
    stream.on('error', () => {}); // The statement behind it tells.
    await awaited<void>(({ done }) => {
      // `end` is written in a turn of its own; the next statement goes behind it.
      stream.write(lines, () => {
        stream.end();
        setImmediate(done);
      });
    });
    const before = session.failure;
    try {
      await command('release savepoint copying');
      return true;
    } catch (error) {
      if (session.lost || sqlState(error) !== inFailedTransaction) throw error;
      session.failure = before;
      await command('rollback to savepoint copying; release savepoint copying');
      return false;
    }
  }

  const prepared = { prepare: true, simple: false };
  // All that drizzle needs of a postgres.js client. It rewires the parsers of what it is given: these nobody uses.
  const underDrizzle = {
    options: { parsers: {}, serializers: {} },
    unsafe(text: string, params: unknown[]) {
      texts.add(text);
      const { answer, values } = send(text, params, prepared, (result) => result);
      return Object.assign(answer, {
        values() {
          values(); // In time: postgres.js begins a statement one tick after it was asked for.
          return answer;
        },
      });
    },
  };
  const orm: PostgresJsDatabase = drizzle({ client: underDrizzle as unknown as postgres.Sql });

  const client: Client = {
    rows<Row extends object>(text: string, params: readonly Param[] = []) {
      texts.add(text);
      return send(text, params, prepared, (result) => {
        readRows(result, result.columns);
        return result.slice() as Row[]; // The caller knows its own statement.
      }).answer;
    },
    async script(text) {
      await command(text);
    },
    async copyIn(what, lines) {
      await command('savepoint copying');
      return copied(what, lines);
    },
    orm,
    prepared<Q>(name: string, build: (orm: PostgresJsDatabase) => Q): Q {
      if (!kept.has(name)) kept.set(name, build(orm));
      return kept.get(name) as Q; // One name is one query.
    },
  };

  const session: Session = {
    client,
    lent: true,
    limit_ms: limits.connect_ms,
    lost: undefined,
    failure: undefined,
    unanswered: () => underWay.size,
    worn: () => texts.size > statementsPerSession,
    command,
    lose,
    async end() {
      await sql.end({ timeout: 1 });
      lose(new ConnectionLost('The connection was ended.'));
    },
  };

  try {
    await command(sessionSettings(limits.statement_ms));
  } catch (error) {
    const told = new ConnectionLost('No connection was made.', { cause: error });
    lose(told);
    throw told;
  }
  session.lent = false;
  return session;
}
