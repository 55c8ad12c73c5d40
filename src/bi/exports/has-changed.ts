import { datasets } from '../../datasets/registry.ts';
import type { Client } from '../../db/pool.ts';
import type { Wanted } from './wanted.ts';

/** What the statements of the transaction see, as PostgreSQL writes it. */
export async function snapshotOf(client: Client): Promise<string> {
  const [found] = await client.rows<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot');
  return found?.snapshot ?? '';
}

/**
 * Whether there may be other rows now than a snapshot saw. Exact for datasets, whose rows and tombstones carry the
 * transaction that wrote them. Of other sets, and where units decide what is seen, only what no transaction at all
 * followed is sure to be the same.
 */
export async function hasChanged(
  client: Client,
  { set: { name }, is_limited }: Pick<Wanted, 'set' | 'is_limited'>,
  snapshot: string,
): Promise<boolean> {
  if ((await snapshotOf(client)) === snapshot) return false;
  if (is_limited || !datasets.some((dataset) => dataset.name === name)) return true;
  const isNew = `t.changed_xid >= pg_snapshot_xmin($1::pg_snapshot)
    and not pg_visible_in_snapshot(t.changed_xid, $1::pg_snapshot)`;
  const [found] = await client.rows<{ changed: boolean }>(
    `select exists (select from ${name} t where ${isNew})
       or exists (select from tombstones t where t.dataset = $2 and ${isNew}) as changed`,
    [snapshot, name],
  );
  return found?.changed ?? true;
}
