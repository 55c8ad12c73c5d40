import { type Static, Type } from 'typebox';
import { writeAudit } from '../../db/audit.ts';
import { getManaged } from '../../db/managed.ts';
import type { Client, Database } from '../../db/pool.ts';
import { uuid7 } from '../../db/uuid7.ts';
import { conflict, refuse } from '../../errors.ts';
import { Cursor, closed, Instant, Limit, nullable, Problem, pageOf, ref, Uuid } from '../../http/schemas.ts';
import { authorOf, type Caller } from '../../http/scopes.ts';
import type { Server } from '../../http/server.ts';
import { text } from '../../managed/declare.ts';
import { once, onceHeaders } from '../../managed/once.ts';
import { type GoalRow, goals } from './goal.ts';

const fields = {
  value: nullable(
    Type.Number({
      minimum: -1e15,
      maximum: 1e15,
      description: 'Where they see the number. The goal is judged by its mile marker all the same.',
    }),
  ),
  confidence: nullable(
    Type.Integer({
      minimum: 0,
      maximum: 10,
      description: 'How sure they are that it will be reached: 0 not at all, 10 certain.',
    }),
  ),
  note: text(4000, 'What happened, and what comes next.'),
  checked_in_by: text(128, 'Who says so.'),
};
const obstacles = Type.Array(Uuid, {
  maxItems: 50,
  uniqueItems: true,
  description: 'The obstacles that stand in the way.',
});

const GoalCheckIn = Type.Object(
  {
    id: Uuid,
    goal: Uuid,
    ...fields,
    obstacles,
    checked_in_at: Instant,
    source: Type.String({ description: 'The API key that sent it.' }),
  },
  {
    $id: 'GoalCheckIn',
    additionalProperties: false,
    description: 'What those who work on a goal say of it. It is never changed.',
  },
);
type Row = Static<typeof GoalCheckIn>;

const NewGoalCheckIn = closed(
  {
    value: Type.Optional(fields.value),
    confidence: Type.Optional(fields.confidence),
    note: Type.Optional(fields.note),
    checked_in_by: Type.Optional(fields.checked_in_by),
    obstacles: Type.Optional(obstacles),
  },
  {
    $id: 'NewGoalCheckIn',
    minProperties: 1,
    examples: [{ value: 27.5, confidence: 7, note: 'The new call-back list works.', checked_in_by: 'Ines' }],
  },
);

/**
 * Adds a check-in to a published goal.
 * @throws ApiError 404, 409 for a goal that is a draft, dropped or archived, 422 for an obstacle that is not there
 */
async function checkIn(
  client: Client,
  id: string,
  said: Static<typeof NewGoalCheckIn>,
  { name: source, units }: Pick<Caller, 'name' | 'units'>,
): Promise<Row> {
  const goal = await getManaged<GoalRow>(client, goals, id, true, units);
  if (goal.archived_at !== null) throw conflict('archived', 'The goal is archived.');
  if (goal.published_at === null) throw conflict('not_published', 'The goal is a draft. Publish it first.');
  if (goal.dropped_at !== null) throw conflict('dropped', 'The goal was dropped.');
  const { value = null, confidence = null, note = null, checked_in_by = null, obstacles = [] } = said;
  const unknown = await client.rows<{ place: number }>(
    `select place::int4 - 1 as place from unnest($1::text[]) with ordinality as named(id, place)
     where not exists (select from obstacles o where o.id::text = named.id) order by place`,
    [obstacles],
  );
  const errors = unknown.map(({ place }) => ({
    pointer: `/obstacles/${place}`,
    code: 'unknown_obstacle',
    detail: `There is no obstacle '${obstacles[place]}'. GET /v1/obstacles lists them.`,
  }));
  refuse(errors);
  const [made] = await client.rows<Row>(
    `insert into goal_check_ins (id, goal, value, confidence, note, obstacles, checked_in_by, checked_in_at, source)
     values ($1, $2, $3, $4, $5, $6, $7, now(), $8)
     returning id, goal, value, confidence, note, obstacles, checked_in_by, checked_in_at, source`,
    [uuid7(), id, value, confidence, note, obstacles, checked_in_by, source],
  );
  if (!made) throw new Error('A check-in was stored and is not there.');
  return made;
}

/** `/v1/goals/{id}/check-ins`: they are added and read, and nothing else. */
export function addCheckInPaths(app: Server, db: Database): void {
  const params = closed({ id: Uuid });
  app.post(
    '/v1/goals/:id/check-ins',
    {
      config: { scope: 'manage', units: 'own' },
      schema: {
        operationId: 'checkInGoal',
        summary: 'Say how a goal is coming along',
        description: 'A check-in is never changed. What it says stands beside what the mile marker tells.',
        tags: ['Goals'],
        params,
        headers: onceHeaders,
        body: ref(NewGoalCheckIn),
        response: { 201: ref(GoalCheckIn), 409: ref(Problem) },
      },
    },
    (request, reply) =>
      once(db, request, reply, async (client) => {
        const { id } = request.params;
        const author = authorOf(request);
        const body = await checkIn(client, id, request.body, request.caller);
        await writeAudit(client, author, [{ action: 'checked_in', noun: 'goal', key: id, after: request.body }]);
        return { status: 201, headers: { location: `/v1/goals/${id}/check-ins` }, body };
      }),
  );

  app.get(
    '/v1/goals/:id/check-ins',
    {
      config: { scope: 'read', units: 'own' },
      schema: {
        operationId: 'listGoalCheckIns',
        summary: 'List the check-ins of a goal',
        description: 'In the order in which they came.',
        tags: ['Goals'],
        params,
        querystring: closed({ limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }),
        response: { 200: pageOf(GoalCheckIn) },
      },
    },
    async (request, reply) => {
      const { limit = 100 } = request.query;
      const [after = null] = app.paging.start(request) ?? [];
      const found = await db.read(async (client) => {
        await getManaged<GoalRow>(client, goals, request.params.id, false, request.caller.units);
        return client.rows<Row>(
          `select id, goal, value, confidence, note, obstacles, checked_in_by, checked_in_at, source from goal_check_ins
           where goal = $1 and ($2::uuid is null or id > $2::uuid) order by id limit $3`,
          [request.params.id, after === null ? null : String(after), limit + 1],
        );
      });
      const rows = found.slice(0, limit);
      const last = found.length > limit ? rows.at(-1) : undefined;
      return { page: app.paging.next(request, reply, last && [last.id]), data: rows };
    },
  );
}
