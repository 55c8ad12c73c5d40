import { recordEvents } from '../../db/events.ts';
import type { Database } from '../../db/pool.ts';
import { risingProblems } from './trend.ts';

/**
 * Records an event for each problem that rises, by the share of the last days against as many before, unless one was
 * recorded and is still kept (thirty days): so that a rise is told once, and again where it goes on for long.
 */
export async function recordRising(db: Database, days = 90): Promise<void> {
  const rising = await db.read((client) => risingProblems(client, days), { snapshot: true });
  if (rising.length === 0) return;
  await db.write(async (client) => {
    const [lock] = await client.rows<{ got: boolean }>(
      `select pg_try_advisory_xact_lock(hashtext('milemarker.rising')) as got`,
    );
    if (!lock?.got) return;
    const told = await client.rows<{ subject: string }>(
      `select subject from events where type = 'problem.rising' and subject = any($1::text[])`,
      [rising.map(({ topic }) => topic.key)],
    );
    const known = new Set(told.map(({ subject }) => subject));
    await recordEvents(
      client,
      rising
        .filter(({ topic }) => !known.has(topic.key))
        .map(({ topic: { key, name, status }, share_recent, share_before, low, high, q }) => ({
          type: 'problem.rising',
          subject: key,
          data: {
            key,
            name,
            status,
            days,
            share_recent,
            share_before,
            share_change_low: low,
            share_change_high: high,
            q,
          },
        })),
    );
  });
}
