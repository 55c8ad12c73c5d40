import type { Author } from '../../db/audit.ts';
import { updateManaged } from '../../db/managed.ts';
import type { Client } from '../../db/pool.ts';
import { ApiError, conflict } from '../../errors.ts';
import { type Vision, visions } from './vision.ts';

async function findCurrent(client: Client, lock = ''): Promise<Vision | undefined> {
  const [row] = await client.rows<Vision>(
    `select ${visions.columns.join(', ')} from visions
     where published_at is not null and superseded_at is null ${lock}`,
  );
  return row;
}

/** @throws ApiError 404 while none is published */
export async function readCurrent(client: Client): Promise<Vision> {
  const current = await findCurrent(client);
  if (current) return current;
  throw new ApiError(
    404,
    'no_current_vision',
    'No vision is published. POST /v1/visions makes one, and POST /v1/visions/{id}/publish makes it the current one.',
  );
}

/**
 * Makes a vision that was read under a lock the current one, and ends the one before at the same moment. The current
 * one stays as it is.
 * @returns the columns that change
 * @throws ApiError 409 for one that another took the place of
 */
export async function publish(client: Client, vision: Vision, author: Author): Promise<Partial<Vision>> {
  if (vision.superseded_at !== null)
    throw conflict(
      'superseded',
      `This vision was the current one until ${vision.superseded_at.toISOString()}, and people were asked about it as that. Make a new vision with its words and publish that.`,
    );
  if (vision.published_at !== null) return {};
  // One after the other: two that are published at once would both take the place of the same one.
  await client.rows(`select pg_advisory_xact_lock(hashtext('milemarker.visions'))`);
  const now = new Date();
  const before = await findCurrent(client, 'for update');
  if (before) await updateManaged(client, visions, before, { superseded_at: now }, author, 'superseded');
  return { published_at: now };
}
