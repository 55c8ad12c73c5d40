import type { Client, Database } from './pool.ts';

interface Found {
  version: string;
  version_number: number;
  encoding: string;
  plain_c: boolean;
  role: string;
  database: string;
  may_make_tables: boolean;
}

const oldest = 15;

/**
 * Makes sure that a server of the operator's own can be used, before anything is stored on it.
 * @param warn gets what is no obstacle and should be known
 * @throws Error of one line that says where the server is, and why it cannot be used; it does not hold the password
 */
export async function requireServer(db: Database, url: string, warn: (message: string) => void): Promise<void> {
  const found = await db.read(look).catch((error) => {
    throw unusable(url, reasonOf(error), error);
  });
  if (found.version_number < oldest * 10_000)
    throw unusable(url, `it is version ${found.version}, and at least PostgreSQL ${oldest} is needed`);
  if (found.encoding !== 'UTF8')
    throw unusable(
      url,
      `the database '${found.database}' keeps text in ${found.encoding}, and UTF8 is needed: create database ... encoding 'UTF8' template template0`,
    );
  if (!found.may_make_tables)
    throw unusable(
      url,
      `the user '${found.role}' may not make tables in the database '${found.database}': let it own the database`,
    );
  if (found.plain_c)
    warn(
      `The database '${found.database}' has the locale C: phrases of problems that have letters beyond ASCII will not be found. Use a database with a UTF-8 locale, such as C.UTF-8.`,
    );
}

async function look(client: Client): Promise<Found> {
  const [found] = await client.rows<Found>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as version_number,
       getdatabaseencoding()::text as encoding,
       -- Full-text search asks the C library what a letter is, whatever sorts.
       datctype in ('C', 'POSIX') as plain_c,
       current_user::text as role, datname::text as database,
       has_database_privilege(oid, 'create')
         and coalesce(has_schema_privilege(current_schema(), 'create'), false) as may_make_tables
     from pg_database where datname = current_database()`,
  );
  if (!found) throw new Error('pg_database does not list the database that answers.');
  return found;
}

function unusable(url: string, why: string, cause?: unknown): Error {
  const { hostname, port, pathname, searchParams } = new URL(url);
  const where = `${hostname || searchParams.get('host') || 'localhost'}${port && `:${port}`}${pathname}`;
  return new Error(`The PostgreSQL of DATABASE_URL (${where}) cannot be used: ${why}.`, { cause });
}

const socketFaults: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the host',
  ENOENT: 'there is no such socket',
};

/** What was behind the error that a caller over HTTP would get: what the server said, or the socket. */
function reasonOf(error: unknown): string {
  let reason = String(error);
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    const known = 'code' in one ? socketFaults[String(one.code)] : undefined;
    if (known !== undefined) return known;
    if (one.message !== '') reason = one.message;
  }
  return reason.replace(/\.$/, '');
}
