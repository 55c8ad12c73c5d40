import type { Client } from '../db/pool.ts';
import { ApiError } from '../errors.ts';
import { throughSql } from '../outcomes/collect.ts';

/** Through when a dataset is complete, and how that is known. */
export interface Progress {
  dataset: string;
  /** What counts: as declared, else the latest event that was seen, never later than now; null when nothing was sent. */
  complete_through: string | null;
  declared_through: string | null;
  latest_at: string | null;
}

/** Reads the progress of the datasets given. `latest_at` is as of the last refresh. */
export async function readProgress(client: Client, datasets: readonly string[]): Promise<Progress[]> {
  const rows = await client.rows<{ dataset: string; through: Date | null; declared: Date | null; latest: Date | null }>(
    `select d.name as dataset, ${throughSql} as through,
       p.declared_through as declared, p.latest_at as latest
     from unnest($1::text[]) with ordinality as d(name, place) left join dataset_progress p on p.dataset = d.name
     order by d.place`,
    [datasets],
  );
  return rows.map(({ dataset, through, declared, latest }) => ({
    dataset,
    complete_through: through?.toISOString() ?? null,
    declared_through: declared?.toISOString() ?? null,
    latest_at: latest?.toISOString() ?? null,
  }));
}

/**
 * Declares through when a dataset is complete: windows that end by then are closed, later ones stay open. Null takes the
 * declaration back.
 * @throws ApiError 422 for a moment in the future.
 */
export async function declareThrough(client: Client, dataset: string, through: string | null): Promise<void> {
  if (through !== null && Date.parse(through) > Date.now())
    throw new ApiError(
      422,
      'in_the_future',
      'Nobody can have sent what has not happened yet: complete_through is not after now.',
      {
        errors: [{ pointer: '/complete_through', code: 'in_the_future', detail: 'complete_through is not after now.' }],
      },
    );
  await client.rows(
    `insert into dataset_progress (dataset, declared_through) values ($1, $2::timestamptz)
     on conflict (dataset) do update set declared_through = excluded.declared_through`,
    [dataset, through],
  );
}
