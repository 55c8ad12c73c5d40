import type { Static } from 'typebox';
import { type Managed, type Noun, shownManaged } from '../../db/managed.ts';
import type { Client } from '../../db/pool.ts';
import type { Language } from '../../matching/languages.ts';
import { readProgress } from '../../matching/progress.ts';
import type { CustomerProblem, ProblemStatus } from './schemas.ts';

export const noun: Noun = { table: 'problems', one: 'problem', key: 'key' };

export interface ProblemRow extends Managed {
  key: string;
  name: string;
  phrases: string[];
  themes: string[];
  language: Language | null;
  status: ProblemStatus;
  resolved_at: Date | null;
  owner: string | null;
}

/** Problems as they are shown, each with how far it was looked for. */
export async function withMatching(
  client: Client,
  rows: readonly ProblemRow[],
): Promise<Static<typeof CustomerProblem>[]> {
  const progress = await readProgress(
    client,
    rows.map(({ key }) => key),
  );
  return rows.map((row) => ({
    ...shownManaged(row),
    matching: progress.get(row.key) ?? { state: 'waiting', done: 0, of: null },
  }));
}
