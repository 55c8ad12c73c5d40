import { isHeard, recordEvents } from '../db/events.ts';
import type { Client } from '../db/pool.ts';
import type { Changed } from './declare.ts';

const type = 'response.received';

// Chosen one by one: what a customer wrote stays here.
const told = [
  'id',
  'customer_id',
  'survey',
  'score',
  'band',
  'themes',
  'moment',
  'unit',
  'employee',
  'channel',
  'segment',
  'region',
] as const;

/**
 * Records that responses came in which were not there before, in the transaction that stores them. Only where somebody
 * listens: otherwise it costs ingest one small lookup a batch.
 */
export async function recordReceived(client: Client, changed: readonly Changed[]): Promise<void> {
  const received = changed.filter(({ before }) => before === undefined);
  if (received.length === 0 || !(await isHeard(client, type))) return;
  await recordEvents(
    client,
    received.map(({ key, after }) => ({
      type,
      subject: key,
      data: {
        ...Object.fromEntries(told.map((name) => [name, after[name] ?? null])),
        answered_at: new Date(String(after.answered_at)).toISOString(),
      },
    })),
  );
}

/** Removes what was recorded of responses that were erased, with its deliveries. */
export async function forgetReceived(client: Client, responses: readonly string[]): Promise<void> {
  await client.rows('delete from events where type = $1 and subject = any($2::text[])', [type, responses]);
}
