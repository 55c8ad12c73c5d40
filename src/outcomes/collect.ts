import type { Client } from '../db/pool.ts';
import { definitionVersion } from './definition.ts';
import {
  makeCustomers,
  markAgedStanding,
  markChangedRates,
  markMovedWindows,
  markOutcomes,
  markStanding,
  type Through,
} from './marks.ts';
import { factTables, isNew, type Since, sinceOf, timeOf } from './new-facts.ts';

/** How far the outcomes have come, and what they are worked out with. */
export interface RefreshState extends Since, Through {
  time_zone: string;
  currency: string;
  windows_days: number[];
  definition_version: number;
  dropped_cuboids: string[];
  refreshed_at: Date | null;
}

/** The outcomes, and the dataset whose completeness closes their windows. */
export const sources = [
  { outcome: 'revenue', dataset: 'revenue_events' },
  { outcome: 'referrals', dataset: 'referrals' },
  { outcome: 'retention', dataset: 'retention_events' },
] as const;

/** Reads the one row of the state. */
export async function readState(client: Client): Promise<RefreshState> {
  const [state] = await client.rows<RefreshState>('select * from refresh_state');
  if (!state) throw new Error('refresh_state has no row; the migrations make it.');
  return state;
}

/** Whether what the outcomes were worked out with is no longer what holds, so that all must be worked out again. */
export async function isOutdated(client: Client, state: RefreshState): Promise<boolean> {
  const [same] = await client.rows(
    `select from settings where time_zone = $1 and currency = $2 and windows_days = $3::int[]`,
    [state.time_zone, state.currency, `{${state.windows_days.join(',')}}`],
  );
  return !same || state.definition_version !== definitionVersion;
}

/**
 * Through when a dataset is complete, over `dataset_progress` as `p`: as its sender declared, else the latest event that
 * was seen; null for a dataset that was never sent. An event may lie up to a day ahead, but nothing is complete that
 * has not happened yet, so `latest_at` is never after the look that saw it; and it does not move by itself.
 */
export const throughSql = 'coalesce(p.declared_through, p.latest_at)';

/** Through when each dataset that was sent is complete. */
export async function completeThrough(client: Client): Promise<Map<string, Date>> {
  const rows = await client.rows<{ dataset: string; through: Date | null }>(
    `select p.dataset, ${throughSql} as through from dataset_progress p`,
  );
  return new Map(rows.flatMap(({ dataset, through }) => (through ? [[dataset, through] as const] : [])));
}

/**
 * Looks at every fact that came, changed or went since the last time, marks whom it touches, makes the customers that
 * facts mention and nobody sent, and moves the moments through which windows are closed and `customer_standing` is told.
 * Runs under the refresh's lock. The snapshot that it stores is read first: what commits while it looks may be seen
 * twice, and is never missed.
 */
export async function collect(client: Client, state: RefreshState): Promise<void> {
  const since = sinceOf(state);
  const [now] = await client.rows<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot');
  for (const table of factTables)
    await client.rows(
      `insert into dataset_progress (dataset, latest_at, earliest_at)
       select '${table}', least(latest, now()), earliest
       from (select max(t.${timeOf[table]}) as latest, min(t.${timeOf[table]}) as earliest
             from ${table} t where ${isNew('t')}) newest
       where latest is not null
       on conflict (dataset) do update set latest_at = greatest(dataset_progress.latest_at, excluded.latest_at),
         earliest_at = least(dataset_progress.earliest_at, excluded.earliest_at)`,
      since,
    );

  const through = await completeThrough(client);
  const [moved] = await client.rows<RefreshState>(
    `update refresh_state set snapshot = $1::pg_snapshot, own_xid = pg_current_xact_id(),
       revenue_through = $2, referrals_through = $3, retention_through = $4 returning *`,
    [now?.snapshot ?? null, ...sources.map(({ dataset }) => through.get(dataset) ?? null)],
  );
  if (!moved) throw new Error('refresh_state has no row.');

  await markOutcomes(client, state);
  await markStanding(client, state);
  await markChangedRates(client, state);
  await markMovedWindows(client, state, moved);
  await markAgedStanding(client, state, moved);
  await makeCustomers(client, state);
}
