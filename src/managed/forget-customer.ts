import type { Client } from '../db/pool.ts';

/**
 * Takes a customer who is erased out of what employees recorded, what the audit log quotes of it, and the answers that
 * are kept for requests with an `Idempotency-Key`: what an employee did stays, for whom does not.
 * @returns how many rows named the customer
 */
export async function forgetCustomer(client: Client, customer: string): Promise<number> {
  const named = await client.rows<{ id: string }>(
    `update empowerment_actions set customer_id = null, version = version + 1, changed_at = now(),
       changed_xid = pg_current_xact_id()
     where customer_id = $1 returning id`,
    [customer],
  );
  await client.rows(
    `update audit_log set
       before = case when before ->> 'customer_id' = $1 then before - 'customer_id' else before end,
       after = case when after ->> 'customer_id' = $1 then after - 'customer_id' else after end
     where noun = 'empowerment_action'
       and (before ->> 'customer_id' = $1 or after ->> 'customer_id' = $1)`,
    [customer],
  );
  await client.rows(
    `update idempotent_answers set body = body || '{"customer_id": null}'
     where operation = 'POST /v1/empowerment-actions' and body ->> 'customer_id' = $1`,
    [customer],
  );
  return named.length;
}
