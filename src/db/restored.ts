import { migrationLock } from './migrate.ts';
import type { Client, Database } from './pool.ts';

interface Column {
  table: string;
  column: string;
}

/** The columns that hold the number of a transaction, but for the look's own, which goes with its snapshot. */
const numbered = (client: Client) =>
  client.rows<Column>(
    `select c.relname as table, a.attname as column
     from pg_attribute a join pg_class c on c.oid = a.attrelid
     where a.atttypid = 'xid8'::regtype and c.relkind = 'r' and c.relnamespace = (select oid from pg_namespace where nspname = current_schema())
       and not a.attisdropped and c.relname <> 'refresh_state'
     order by c.relname`,
  );

// Asked in each statement itself: what one statement sees has a lower number, however many others commit meanwhile.
const next = 'pg_snapshot_xmax(pg_current_snapshot())';

/**
 * Makes a database usable that was dumped on one server and restored on another. Rows carry the number of the
 * transaction that wrote them, and a new server counts from the beginning: what lies in its future would be told to
 * nobody who follows the changes, and late facts would be taken for known. Such rows become rows of now, and the refresh
 * forgets what it saw and looks at everything anew. Cursors of the change feed from before are refused, since what they
 * were told cannot be compared any more.
 *
 * To be called before anything is stored. Where nothing is wrong it reads one end of an index a table.
 * @returns how many rows were given a new number; undefined where nothing was wrong.
 */
export async function mendRestored(db: Database): Promise<number | undefined> {
  return await db.write(
    async (client) => {
      await client.script('set local lock_timeout = 0');
      await client.rows('select pg_advisory_xact_lock($1)', [migrationLock]);
      const [seen] = await client.rows<{ ahead: boolean }>(
        `select coalesce(pg_snapshot_xmax(snapshot) > ${next} or own_xid >= ${next}, false) as ahead from refresh_state`,
      );
      const wrong: Column[] = [];
      for (const one of await numbered(client)) {
        const [found] = await client.rows(
          `select from ${one.table} where ${one.column} >= ${next} order by ${one.column} desc limit 1`,
        );
        if (found) wrong.push(one);
      }
      if (wrong.length === 0 && !seen?.ahead) return undefined;
      let mended = 0;
      for (const { table, column } of wrong) {
        const [updated] = await client.rows<{ n: number }>(
          `with renewed as (
             update ${table} set ${column} = pg_current_xact_id() where ${column} >= ${next} returning 1
           )
           select count(*) as n from renewed`,
        );
        mended += updated?.n ?? 0;
      }
      // Also where the snapshot itself is of the past: some of what it saw may have a new number now.
      await client.rows('update refresh_state set snapshot = null, own_xid = null');
      // The matching of problems goes by snapshots too; its row is made anew when it is needed.
      await client.rows('delete from matching_state');
      await client.rows('update installation set cursor_secret = default');
      return mended;
    },
    { statement_timeout_ms: 0 },
  );
}
