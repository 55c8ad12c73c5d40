import type { Client, Database } from '../db/pool.ts';
import { uuid7 } from '../db/uuid7.ts';

/** How long an event is kept with its deliveries, and can be replayed. */
export const keptDays = 30;

const atOnce = 5_000;

/**
 * Removes events that are older than thirty days and wait for nothing, with their deliveries and attempts, and secrets
 * that have ended.
 * @returns how many events were removed
 */
export async function removeOldEvents(db: Database): Promise<number> {
  await db.write((client) => client.rows('delete from webhook_secrets where ends_at <= now()'));
  let removed = 0;
  for (let gone = atOnce; gone === atOnce; removed += gone) gone = await db.write(removeSome);
  return removed;
}

async function removeSome(client: Client): Promise<number> {
  // Ids begin with their time, so the primary key finds the old ones.
  const oldest = uuid7(Date.now() - keptDays * 86_400_000);
  const gone = await client.rows(
    `delete from events where id in (
       select e.id from events e
       where e.id < $1 and e.fanned_out_at is not null
         and not exists (select from webhook_deliveries d where d.event_id = e.id and d.next_at is not null)
       order by e.id limit ${atOnce}
     ) returning id`,
    [oldest],
  );
  return gone.length;
}
