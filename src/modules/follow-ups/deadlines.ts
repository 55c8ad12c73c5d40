import { recordEvents } from '../../db/events.ts';
import type { Database } from '../../db/pool.ts';
import { type FollowUpRow, followUpEvent } from '../../outcomes/follow-ups.ts';

const batchSize = 500;

/**
 * Records `follow_up.due` when a quarter of the time is left, and `follow_up.overdue` when none is; each once a due time,
 * in one transaction with the mark that says so. What is past its due time already when somebody looks is overdue only.
 * Any number of workers may do it: each takes the rows that no other holds. The version stays: nothing was changed that
 * people would overwrite.
 * @returns how many were marked
 */
export async function markDeadlines(db: Database): Promise<number> {
  for (let marked = 0; ; ) {
    const rows = await db.write(async (client) => {
      const reached = await client.rows<FollowUpRow>(
        `with reached as (
           select id from follow_ups
           where state <> 'closed' and overdue_at is null and remind_at <= now()
             and (due_notified_at is null or due_at <= now())
           order by remind_at limit $1 for update skip locked
         )
         update follow_ups f set due_notified_at = coalesce(f.due_notified_at, now()),
           overdue_at = case when f.due_at <= now() then now() end
         from reached where f.id = reached.id
         returning f.*`,
        [batchSize],
      );
      await recordEvents(
        client,
        reached.map((row) => followUpEvent(row.overdue_at === null ? 'due' : 'overdue', row)),
      );
      return reached;
    });
    marked += rows.length;
    if (rows.length < batchSize) return marked;
  }
}
