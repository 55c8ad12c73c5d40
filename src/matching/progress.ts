import type { Client } from '../db/pool.ts';

/** How far a problem was looked for in the responses that were there when it was made or changed. */
interface MatchingProgress {
  state: 'waiting' | 'running' | 'complete';
  /** How many responses were looked at. */
  done: number;
  /** Of how many; null while it is waiting. */
  of: number | null;
}

/**
 * Has problems looked for again in all responses, in the background. Belongs in the transaction that makes or changes
 * them. What was found stays until it is looked at again.
 */
export async function matchProblemAgain(client: Client, problem: string): Promise<void> {
  await client.rows(
    `insert into problem_matching (problem) values ($1)
     on conflict (problem) do update set passed = '', done = 0, responses = null, finished_at = null`,
    [problem],
  );
}

/** The same for all problems that are looked for in the language of each survey: for when a survey changes its own. */
export async function matchAgainBySurvey(client: Client): Promise<void> {
  await client.rows(
    `update problem_matching m set passed = '', done = 0, responses = null, finished_at = null
     where m.problem in (
       select h.problem from problem_matching h join problems p on p.key = h.problem
       where p.language is null and p.archived_at is null order by h.problem for update of h)`,
  );
}

/** How far the problems of these keys are, by key. */
export async function readProgress(
  client: Client,
  problems: readonly string[],
): Promise<Map<string, MatchingProgress>> {
  const rows = await client.rows<{
    problem: string;
    passed: string;
    done: number;
    responses: number | null;
    finished: boolean;
  }>(
    `select problem, passed, done, responses, finished_at is not null as finished
     from problem_matching where problem = any($1::text[])`,
    [problems],
  );
  return new Map(
    rows.map(({ problem, passed, done, responses, finished }) => [
      problem,
      { state: finished ? 'complete' : passed === '' ? 'waiting' : 'running', done, of: responses },
    ]),
  );
}
