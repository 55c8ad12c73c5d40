import type { Client } from './pool.ts';

/** Who changes something: the name of the API key, and the request. */
export interface Author {
  name: string;
  request_id?: string;
}

/** One entry of the audit log: `before` and `after` hold what differs. */
export interface AuditEntry {
  /** `created`, `corrected`, `changed`, `archived`, `removed`, or the deed's own word. */
  action: string;
  noun: string;
  key: string;
  before?: object | null;
  after?: object | null;
}

/** Adds entries to the audit log, in the transaction of what they tell. */
export async function writeAudit(client: Client, { name, request_id }: Author, entries: AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await client.rows(
    `insert into audit_log (actor, request_id, action, noun, key, before, after)
     select $1, $2, e.action, e.noun, e.key, e.before, e.after
     from json_to_recordset($3::json) as e(action text, noun text, key text, before jsonb, after jsonb)`,
    [name, request_id ?? null, JSON.stringify(entries)],
  );
}
