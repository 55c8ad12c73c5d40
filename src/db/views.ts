import { createHash } from 'node:crypto';
import { sqlState } from './failures.ts';
import type { Client } from './pool.ts';

/** Views that are made of declarations in the code, in a schema of their own. */
export interface MadeViews {
  schema: string;
  description: string;
  /** A regular expression of PostgreSQL that the names of these views match; others in the schema are left alone. */
  named: string;
  /** What makes the views and comments on them; the schema is there by then. */
  statements: readonly string[];
}

const dependedUpon = '2BP01';

/** The comment on the schema, which says what its views were made of. A dump carries it along. */
const commentOf = ({ description, statements }: MadeViews) =>
  `${description} (${createHash('sha256').update(JSON.stringify(statements)).digest('hex').slice(0, 16)})`;

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Whether the views are those that the code declares. */
export async function areCurrent(client: Client, views: MadeViews): Promise<boolean> {
  const [found] = await client.rows<{ comment: string | null; views: number }>(
    `select obj_description(n.oid, 'pg_namespace') as comment,
       (select count(*) from pg_class where relnamespace = n.oid and relkind = 'v' and relname ~ $2) as views
     from pg_namespace n where n.nspname = $1`,
    [views.schema, views.named],
  );
  const declared = views.statements.filter((one) => one.startsWith('create view')).length;
  return found?.comment === commentOf(views) && found.views === declared;
}

/**
 * Takes these views away, so that the tables below may change: PostgreSQL alters no column that a view reads.
 * @throws Error where somebody built something of their own upon them, which would be lost
 */
export async function dropViews(client: Client, { schema, named }: MadeViews): Promise<void> {
  const found = await client.rows<{ name: string }>(
    `select format('%I.%I', $1::text, relname) as name from pg_class
     where relnamespace = (select oid from pg_namespace where nspname = $1) and relkind = 'v' and relname ~ $2`,
    [schema, named],
  );
  if (found.length === 0) return;
  try {
    await client.script(`drop view ${found.map(({ name }) => name).join(', ')}`);
  } catch (error) {
    if (sqlState(error) !== dependedUpon) throw error;
    const detail = error instanceof Error && 'detail' in error ? String(error.detail) : '';
    throw new Error(
      `The views of the schema '${schema}' must be made anew, and something was built upon them: ${detail.replaceAll('\n', '; ')}. Drop that, start again, and build it once more.`,
      { cause: error },
    );
  }
}

/**
 * Makes the views, and lets everybody read them who may use the schema: what was granted on the views before went with
 * them, what was granted on the schema stays.
 */
export async function makeViews(client: Client, views: MadeViews): Promise<void> {
  const { schema, statements } = views;
  const [there] = await client.rows('select from pg_namespace where nspname = $1', [schema]);
  if (!there) await client.script(`create schema "${schema}"`);
  await client.script([...statements, `comment on schema "${schema}" is ${literal(commentOf(views))}`].join(';\n'));
  const readers = await client.rows<{ name: string }>(
    `select distinct case grantee when 0 then 'public' else grantee::regrole::text end as name
     from pg_namespace n, aclexplode(n.nspacl) granted
     where nspname = $1 and privilege_type = 'USAGE' and grantee <> nspowner`,
    [schema],
  );
  for (const { name } of readers) await client.script(`grant select on all tables in schema "${schema}" to ${name}`);
}
