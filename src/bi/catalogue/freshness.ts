import { readProgress } from '../../datasets/progress.ts';
import { facts } from '../../datasets/registry.ts';
import type { Client } from '../../db/pool.ts';
import type { BiSet } from '../set.ts';

/** How fresh a set is, each as RFC 3339. */
export interface Freshness {
  changed_at: string | null;
  complete_through: string | null;
  declared_through: string | null;
  latest_at: string | null;
}

/** A table that is stored row by row, with the number of the transaction that changed each. */
const isStored = ({ relation, columns }: BiSet) =>
  /^\w+$/.test(relation) && columns.some(({ name }) => name === 'changed_at');

/**
 * When a set last changed: for a stored table the row, or the removal, of the latest transaction, which an index knows;
 * for what is worked out, the last refresh; null for what follows from the calendar.
 */
async function changedAt(client: Client, set: BiSet): Promise<string | null> {
  const text = isStored(set)
    ? `select greatest(
         (select changed_at from ${set.relation} order by changed_xid desc limit 1),
         (select removed_at from tombstones where dataset = '${set.name}' order by changed_xid desc limit 1)
       ) as at`
    : `select refreshed_at as at from refresh_state where ${set.role === 'kept' || set.role === 'additive'}`;
  const [found] = await client.rows<{ at: Date | null }>(text);
  return found?.at?.toISOString() ?? null;
}

/** Reads how fresh a set is; how far it is complete is known of facts only. */
export async function freshnessOf(client: Client, set: BiSet): Promise<Freshness> {
  const changed_at = await changedAt(client, set);
  const isFact = facts.some(({ name }) => name === set.name);
  const [progress] = isFact ? await readProgress(client, [set.name]) : [];
  const { complete_through = null, declared_through = null, latest_at = null } = progress ?? {};
  return { changed_at, complete_through, declared_through, latest_at };
}
