import type { Client, Database } from '../../db/pool.ts';
import type { Server } from '../../http/server.ts';
import type { ShownOf } from '../../managed/declare.ts';
import { addNounPaths } from '../../managed/paths.ts';
import { momentOfStatus } from '../../managed/status.ts';
import { matchProblemAgain, readProgress } from '../../matching/progress.ts';
import { type ProblemRow, problems } from './problem.ts';
import { recognisedAlike, requireWords } from './recognise.ts';

/** Problems as they are shown, each with how far it was looked for. */
async function withMatching(client: Client, rows: readonly ProblemRow[]): Promise<ShownOf<typeof problems>[]> {
  const progress = await readProgress(
    client,
    rows.map(({ key }) => key),
  );
  return rows.map((row) => ({ ...row, matching: progress.get(row.key) ?? { state: 'waiting', done: 0, of: null } }));
}

/** `/v1/problems`: each is looked for in all responses from when it is made, in the background. */
export const addProblemRoutes = (app: Server, db: Database): void =>
  addNounPaths(app, db, problems, {
    complete: async (client, problem, before, sent) => {
      if (!before || !recognisedAlike(problem, before)) await requireWords(client, problem);
      return {
        resolved_at: momentOfStatus({
          one: 'a problem',
          field: 'resolved_at',
          statuses: ['resolved'],
          status: problem.status,
          given: sent.resolved_at,
          held: before?.resolved_at,
        }),
      };
    },
    afterwards: async (client, problem, before) => {
      const isArchived = problem.archived_at !== null;
      if (!before || isArchived || !recognisedAlike(problem, before)) await matchProblemAgain(client, problem.key);
    },
    show: withMatching,
    about: {
      create: 'It is looked for in all responses, old ones in the background: `matching` tells how far that is.',
      change:
        'Other phrases, themes or another language are looked for again in all responses, in the background. With the status `resolved` the date of the fix is set, with another one it is taken away.',
      archive: 'It leaves every answer. It can still be read, and its key stays taken.',
    },
  });
