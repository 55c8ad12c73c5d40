import type { Client } from './pool.ts';
import { uuid7 } from './uuid7.ts';

/** Something that happened to a thing of ours, for those who listen. */
export interface Event {
  /** Such as `follow_up.opened`. */
  type: string;
  /** The id or key of what it happened to. */
  subject: string;
  data: object;
}

/** SQL for whether a list of types, in which `follow_up.*` and `*` may stand, holds a type. */
export const heardSql = (types: string, type: string) =>
  `array[${type}, split_part(${type}, '.', 1) || '.*', '*'] && ${types}`;

/**
 * Whether anybody listens to a type of event now. For events of which there are very many: recorded for nobody, they
 * would only cost.
 */
export async function isHeard(client: Client, type: string): Promise<boolean> {
  const [found] = await client.rows<{ heard: boolean }>(
    `select exists (
       select from webhook_endpoints
       where status = 'enabled' and archived_at is null and ${heardSql('event_types', '$1::text')}
     ) as heard`,
    [type],
  );
  return found?.heard === true;
}

/** Records events in the transaction that makes them happen: both are stored, or neither. */
export async function recordEvents(client: Client, events: readonly Event[]): Promise<void> {
  if (events.length === 0) return;
  await client.rows(
    `insert into events (id, type, subject, data)
     select e.id, e.type, e.subject, e.data
     from json_to_recordset($1::json) as e(id uuid, type text, subject text, data jsonb)`,
    [JSON.stringify(events.map((event) => ({ id: uuid7(), ...event })))],
  );
}
