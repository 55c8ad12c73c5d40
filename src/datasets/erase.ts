import { type Author, writeAudit } from '../db/audit.ts';
import type { Client } from '../db/pool.ts';
import { forgetCustomer } from '../managed/forget-customer.ts';
import { eraseFollowUps } from '../outcomes/follow-ups.ts';
import { forgetReceived } from './received.ts';
import { facts } from './registry.ts';
import { bury, type Gone, unitOf } from './tombstones.ts';

/**
 * Erases a customer: its record, all its facts, its follow-ups, and its id where others referred it. Everything that
 * was worked out from them follows with the next refresh. What stays is that something with these ids was removed.
 * @returns how many rows were removed or lost the id; 0 when nothing is known of the customer.
 */
export async function eraseCustomer(client: Client, id: string, author: Author): Promise<number> {
  let removed = 0;
  for (const dataset of facts) {
    const { name, key, customer } = dataset;
    const gone = await client.rows<Gone>(
      `delete from ${name} t where ${customer} = $1 returning ${key} as key, ${unitOf(dataset)} as unit`,
      [id],
    );
    if (gone.length > 0) await bury(client, name, gone);
    if (name === 'responses')
      await forgetReceived(
        client,
        gone.map((row) => row.key),
      );
    removed += gone.length;
  }
  const followUps = await eraseFollowUps(client, id);
  if (followUps.length > 0) await bury(client, 'follow_ups', followUps);
  const named = await client.rows(
    `update referrals set referred_id = null, changed_at = now(), changed_xid = pg_current_xact_id() where referred_id = $1
     returning id`,
    [id],
  );
  const record = await client.rows<Gone>('delete from customers where id = $1 returning id as key, unit', [id]);
  if (record.length > 0) await bury(client, 'customers', record);
  removed += record.length + named.length + followUps.length + (await forgetCustomer(client, id));
  if (removed === 0) return 0;
  await client.rows('insert into dirty_respondents (respondent) values ($1)', [id]);
  await client.rows(`insert into dirty_customers (customer_id, since) values ($1, '-infinity')`, [id]);
  await writeAudit(client, author, [{ action: 'erased', noun: 'customer', key: id }]);
  return removed;
}
