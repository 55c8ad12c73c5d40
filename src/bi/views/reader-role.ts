import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { type Client, type Database, sqlState } from '../../db/pool.ts';
import { viewSchema } from './definitions.ts';

const connections = 10;

/** What holds for a reader in this database. A reader may change them for a session: the grants are the border. */
const limits = {
  default_transaction_read_only: 'on',
  statement_timeout: "'5min'",
  idle_in_transaction_session_timeout: "'1min'",
  search_path: viewSchema,
  timezone: "'UTC'",
};

/**
 * A password as PostgreSQL keeps it (RFC 5802, RFC 7677), so that the password itself is in no statement and no log of
 * the server.
 */
export function scramVerifier(password: string, salt = randomBytes(16), iterations = 4096): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const keyOf = (name: string) => createHmac('sha256', salted).update(name).digest();
  const stored = createHash('sha256').update(keyOf('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${keyOf('Server Key').toString('base64')}`;
}

const limitsSql = (role: string, database: string) => [
  `alter role "${role}" connection limit ${connections}`,
  ...Object.entries(limits).map(
    ([name, value]) => `alter role "${role}" in database "${database.replaceAll('"', '""')}" set ${name} = ${value}`,
  ),
];
const grantsSql = (role: string) => [
  `grant usage on schema ${viewSchema} to "${role}"`,
  `grant select on all tables in schema ${viewSchema} to "${role}"`,
];

/** What was done for a reader. */
export interface Reader {
  created: boolean;
  /** The new password; null where none was set. */
  password: string | null;
  /** False where an earlier role belongs to somebody else, who has to set its limits. */
  limited: boolean;
  /** What else the role may read or change in this database, because somebody granted it to this role or to everybody. */
  also: string[];
}

interface Found {
  there: boolean;
  powerful: boolean;
  may_create: boolean;
  database: string;
}

const lacksRight = '42501';

/**
 * Makes a role that may read the views and nothing else, or gives an earlier one what it lacks. Runs again without harm.
 * @param password `first`: for a role that is made now; `new`: also for one that is there; `none`: the server asks for
 * none
 * @throws Error that says what to do: where this connection may not create roles, with the statements for who may
 */
export async function makeReader(
  db: Database,
  { role, password }: { role: string; password: 'first' | 'new' | 'none' },
): Promise<Reader> {
  if (!/^(?!pg_)[a-z_][a-z0-9_]{0,62}$/.test(role))
    throw new Error(
      `'${role}' is no name of a role: 1 to 63 lower-case letters, digits and _, no digit and no pg_ first.`,
    );
  const { there, powerful, may_create, database } = await db.read((client) => look(client, role));
  if (powerful)
    throw new Error(`The role '${role}' may do more than read. Name another one: npm run bi-reader -- bi_reader`);
  if (!there && !may_create) throw new Error(forTheAdministrator(role, database));
  const needed = password === 'new' || (password === 'first' && !there);
  const secret = needed ? randomBytes(24).toString('base64url') : null;
  const login = secret === null ? 'login' : `login password '${scramVerifier(secret)}'`;
  const run = (statements: string[]) => db.write((client) => client.script(statements.join(';\n')));
  let limited = true;
  if (!there) await run([`create role "${role}" ${login}`, ...limitsSql(role, database), ...grantsSql(role)]);
  else {
    limited = await run([`alter role "${role}" ${login}`, ...limitsSql(role, database)]).then(
      () => true,
      (error) => {
        if (sqlState(error) !== lacksRight) throw error;
        return false;
      },
    );
    if (!limited && secret !== null)
      throw new Error(`The password of '${role}' is set by who made the role: alter role "${role}" password '...';`);
    await run(grantsSql(role));
  }
  return {
    created: !there,
    password: secret,
    limited,
    also: await db.read((client) => grantedElsewhere(client, role)),
  };
}

async function look(client: Client, role: string): Promise<Found> {
  const [found] = await client.rows<Found & { views: boolean }>(
    `select r.oid is not null as there,
       coalesce(r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolname = current_user
         or pg_has_role(r.oid, me.oid, 'member'), false) as powerful,
       me.rolsuper or me.rolcreaterole as may_create, current_database()::text as database,
       exists (select from pg_namespace where nspname = $2) as views
     from pg_roles me left join pg_roles r on r.rolname = $1 where me.rolname = current_user`,
    [role, viewSchema],
  );
  if (!found?.views)
    throw new Error(`The database has no schema '${viewSchema}' yet: start the service of this version once.`);
  return found;
}

/** Tables and views of this database outside the views that a role has some right to. */
async function grantedElsewhere(client: Client, role: string): Promise<string[]> {
  const found = await client.rows<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'v', 'm', 'p', 'f') and n.nspname not in ('information_schema', $2) and n.nspname !~ '^pg_'
       and has_schema_privilege($1, n.oid, 'usage')
       and has_table_privilege($1, c.oid, 'select, insert, update, delete, truncate')
     order by 1`,
    [role, viewSchema],
  );
  return found.map(({ name }) => name);
}

const forTheAdministrator = (
  role: string,
  database: string,
) => `This connection may not create roles. Let an administrator of the server run this in the database ${database}, with a password of its own:

  create role "${role}" login password '...';
  ${[...limitsSql(role, database), ...grantsSql(role)].join(';\n  ')};
`;
