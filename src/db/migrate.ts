import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type { Database } from './pool.ts';
import { areCurrent, dropViews, type MadeViews, makeViews } from './views.ts';

const drizzleFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));

/** Held by whoever brings the database up to date. Any number that nothing else locks on; ends with the transaction. */
export const migrationLock = 7_264_501;

const day = (ms: number) => new Date(ms).toISOString();

/**
 * Brings the tables up to date: applies the migrations of `folder` (written by drizzle-kit) that the database does not
 * have, in one transaction and under a lock, so that processes may start together. It keeps drizzle's own bookkeeping,
 * but not drizzle's migrator, which takes no lock and skips a migration that is older than the last one applied.
 * @param views made anew after a migration, and when the code declares others than are there
 * @returns how many migrations were applied.
 * @throws Error when the journal is out of order, or is not a continuation of what the database has.
 */
export async function migrate(
  db: Database,
  { folder = drizzleFolder, views }: { folder?: string; views?: MadeViews } = {},
): Promise<number> {
  const migrations = readMigrationFiles({ migrationsFolder: folder });
  for (const [index, { folderMillis }] of migrations.entries()) {
    const before = migrations[index - 1];
    if (before && before.folderMillis >= folderMillis)
      throw new Error(
        `Migration ${index + 1} of ${day(folderMillis)} is not later than the one before it in the journal.`,
      );
  }
  return await db.write(
    async (client) => {
      await client.script('set local lock_timeout = 0');
      await client.rows('select pg_advisory_xact_lock($1)', [migrationLock]);
      await client.script(`
        create schema if not exists drizzle;
        create table if not exists drizzle.__drizzle_migrations (
          id serial primary key, hash text not null, created_at bigint
        )`);
      const applied = await client.rows<{ created_at: number }>(
        'select created_at from drizzle.__drizzle_migrations order by id',
      );
      for (const [index, { created_at }] of applied.entries()) {
        const migration = migrations[index];
        if (!migration)
          throw new Error(
            `The database has the migration of ${day(created_at)}, which this version does not know: a newer one was here.`,
          );
        if (migration.folderMillis !== created_at)
          throw new Error(
            `Migration ${index + 1} is of ${day(migration.folderMillis)} here and of ${day(created_at)} in the database.`,
          );
      }
      const stale = views && (applied.length < migrations.length || !(await areCurrent(client, views)));
      if (stale) await dropViews(client, views);
      for (const [index, { sql, hash, folderMillis }] of migrations.entries()) {
        if (index < applied.length) continue;
        try {
          for (const statement of sql) await client.script(statement);
        } catch (error) {
          throw new Error(`Migration ${index + 1} of ${day(folderMillis)} failed.`, { cause: error });
        }
        await client.rows('insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)', [
          hash,
          folderMillis,
        ]);
      }
      if (stale) await makeViews(client, views);
      return migrations.length - applied.length;
    },
    { statement_timeout_ms: 0 },
  );
}
