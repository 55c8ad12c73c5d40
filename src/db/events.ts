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
