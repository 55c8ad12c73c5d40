import { type Author, writeAudit } from '../../db/audit.ts';
import { getManaged } from '../../db/managed.ts';
import type { Client } from '../../db/pool.ts';
import type { UnitLimit } from '../../db/unit-tree.ts';
import { conflict } from '../../errors.ts';
import type { RowOf, ShownOf } from '../../managed/declare.ts';
import { suggestions } from './suggestion.ts';

type SuggestionRow = RowOf<typeof suggestions>;

/** Suggestions as they are shown, each with its votes. */
export async function withVotes(
  client: Client,
  rows: readonly SuggestionRow[],
): Promise<ShownOf<typeof suggestions>[]> {
  const counts = await client.rows<{ suggestion: string; votes: number }>(
    'select suggestion, count(*)::int4 as votes from suggestion_votes where suggestion = any($1::uuid[]) group by suggestion',
    [rows.map(({ id }) => id)],
  );
  const votes = new Map(counts.map((one) => [one.suggestion, one.votes]));
  return rows.map((row) => ({ ...row, votes: votes.get(row.id) ?? 0 }));
}

/**
 * Counts a voter for a suggestion, or stops counting it. The same again changes nothing. The version of the suggestion
 * stays: nothing was changed that people would overwrite.
 * @returns the suggestion with its votes
 * @throws ApiError 404, or 409 for one that is archived
 */
export async function setVote(
  client: Client,
  { id, voter, votes }: { id: string; voter: string; votes: boolean },
  author: Author,
  units: UnitLimit,
): Promise<ShownOf<typeof suggestions>> {
  // The lock lets nobody archive it meanwhile.
  const row = await getManaged<SuggestionRow>(client, suggestions, id, true, units);
  if (row.archived_at !== null)
    throw conflict('archived', `The suggestion '${id}' is archived, and its votes stay as they were.`);
  const changed = votes
    ? await client.rows(
        'insert into suggestion_votes (suggestion, voter) values ($1, $2) on conflict do nothing returning voter',
        [id, voter],
      )
    : await client.rows('delete from suggestion_votes where suggestion = $1 and voter = $2 returning voter', [
        id,
        voter,
      ]);
  if (changed.length > 0)
    await writeAudit(client, author, [
      { action: votes ? 'voted' : 'vote_withdrawn', noun: 'suggestion', key: id, after: { voter } },
    ]);
  const [shown] = await withVotes(client, [row]);
  return shown ?? { ...row, votes: 0 };
}
