import { Type } from 'typebox';
import type { Client, Database } from '../../db/pool.ts';
import { ApiError, conflict } from '../../errors.ts';
import { closed } from '../../http/schemas.ts';
import type { Server } from '../../http/server.ts';
import type { ShownOf } from '../../managed/declare.ts';
import { addDeedPath } from '../../managed/deed.ts';
import { addNounPaths } from '../../managed/paths.ts';
import { checkGoal } from './check-goal.ts';
import { addCheckInPaths } from './check-ins.ts';
import { type GoalRow, goals } from './goal.ts';
import { findingsOf } from './three-tests.ts';

/** Goals as they are shown: what the three tests find, and when each was last talked about. */
async function withFindings(client: Client, rows: readonly GoalRow[]): Promise<ShownOf<typeof goals>[]> {
  const found = await client.rows<{ goal: string; last: string }>(
    `select goal, max(discussed_on)::text as last from discussions, unnest(goals) goal
     where archived_at is null and goals && $1::text[] group by goal`,
    [rows.map(({ id }) => id)],
  );
  const last = new Map(found.map(({ goal, last }) => [goal, last]));
  return rows.map((row) => ({ ...row, findings: findingsOf(row), last_discussed_on: last.get(row.id) ?? null }));
}

/** What a publication needs where a test fails. */
const Publication = closed(
  {
    exception: Type.Optional(
      Type.String({
        minLength: 10,
        maxLength: 2000,
        description: 'Why it is published although a test fails. Kept with the goal.',
      }),
    ),
  },
  { examples: [{}] },
);

const Dropping = closed(
  {
    reason: Type.String({
      minLength: 1,
      maxLength: 2000,
      description: 'Why it is no longer pursued. Kept with the goal.',
    }),
  },
  { examples: [{ reason: 'The store is closed.' }] },
);

/** `/v1/goals`: drafts, what publishes and drops them, and what those who work on them say. */
export function addGoalRoutes(app: Server, db: Database): void {
  addNounPaths(app, db, goals, {
    complete: checkGoal,
    show: withFindings,
    about: {
      create:
        'A draft. `findings` says what the three tests of a good goal find in it: focus, teamwork, intrinsic motivation.',
      change:
        'Once it is published, what it is measured by stays: mile marker, direction, days, baseline, target and unit.',
      archive:
        'It leaves the lists and the scorecard. One that is given up is dropped instead, so that it can be seen.',
    },
  });
  addDeedPath(
    app,
    db,
    goals,
    {
      verb: 'publish',
      action: 'published',
      summary: 'Publish a goal',
      description:
        'From now on it stands on the scorecard and what it is measured by stays. A goal that fails one of the three tests is refused with what to mend, unless an exception says why it is published all the same. One that is published stays so.',
      body: Publication,
      work: (_client, goal, { exception = null }, request) => {
        if (goal.dropped_at !== null) throw conflict('dropped', 'The goal was dropped. Make a new one.');
        if (goal.published_at !== null) return {};
        const failed = findingsOf(goal).filter(({ result }) => result === 'fail');
        if (failed.length > 0 && exception === null)
          throw new ApiError(
            422,
            'goal_tests_failed',
            `${failed.map(({ finding }) => finding).join(' ')} Mend it, or send an exception that says why it is published all the same.`,
            {
              errors: failed.map(({ field, rule, finding }) => ({ pointer: `/${field}`, code: rule, detail: finding })),
            },
          );
        const by = request.caller.name;
        return { published_at: new Date(), published_by: by, exception: failed.length > 0 ? exception : null };
      },
    },
    withFindings,
  );
  addDeedPath(
    app,
    db,
    goals,
    {
      verb: 'drop',
      action: 'dropped',
      summary: 'Give up a goal',
      description: 'It stays to be seen, with the reason. A draft is archived instead.',
      body: Dropping,
      work: (_client, goal, { reason }) => {
        if (goal.published_at === null)
          throw conflict('not_published', 'The goal is a draft. Archive it with DELETE instead.');
        if (goal.dropped_at !== null) return {};
        const dropped_at = new Date();
        return { dropped_at, dropped_because: reason, state: 'dropped', state_since: dropped_at, stood_at: dropped_at };
      },
    },
    withFindings,
  );
  addCheckInPaths(app, db);
}
