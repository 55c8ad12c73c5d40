import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { Param } from './values.ts';

/** Where a server is. A `host` that begins with `/` is the folder of its Unix socket. */
export type Connection =
  | { url: string }
  | { host: string; port: number; user: string; database: string; password?: string };

/** One connection, for as long as the work that it was given to. */
export interface Client {
  /**
   * One statement with `$1` parameters, prepared once per connection; so its text must not hold values.
   * numeric comes as string, int8 as number (an error beyond 2^53), json and jsonb parsed, timestamptz as Date, date as
   * 'YYYY-MM-DD', arrays of text and numbers as arrays, and what is not named here as PostgreSQL's text.
   */
  rows<Row extends object>(text: string, params?: readonly Param[]): Promise<Row[]>;
  /** Several statements without parameters, such as a migration. */
  script(text: string): Promise<void>;
  /**
   * Within a transaction, `COPY <what> FROM STDIN` of a text in COPY's own format: half the cost of INSERT.
   * @returns false where the server took none of it, such as for a key that is there already; the transaction goes on.
   */
  copyIn(what: string, lines: string): Promise<boolean>;
  /** drizzle on this connection. Building a query costs more than running a small one: see `prepared`. */
  readonly orm: PostgresJsDatabase;
  /** A drizzle query that is built once per connection and kept under its name. */
  prepared<Q>(name: string, build: (orm: PostgresJsDatabase) => Q): Q;
}
