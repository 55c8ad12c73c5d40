import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Author } from '../../db/audit.ts';
import { getManaged } from '../../db/managed.ts';
import type { Client, Database } from '../../db/pool.ts';
import { addChanges } from '../../feed/change-route.ts';
import { ifMatch, requireMatch, tagged, versioned } from '../../http/etag.ts';
import { closed, Problem, pageOf, ref, Uuid } from '../../http/schemas.ts';
import { authorOf } from '../../http/scopes.ts';
import type { Server } from '../../http/server.ts';
import { once, onceHeaders } from '../../managed/once.ts';
import type { FollowUpRow } from '../../outcomes/follow-ups.ts';
import { refreshBeforeAnswer } from '../../outcomes/refresh.ts';
import { archiveFollowUp, changeFollowUp } from './change.ts';
import { followUpFeed } from './feed.ts';
import { openByHand } from './open-by-hand.ts';
import { getFollowUp, listFollowUps, noun, type Place, shown } from './queries.ts';
import { FollowUp, FollowUpChanges, FollowUpStep, followUpFilters, NewFollowUp } from './schemas.ts';
import { takeStep } from './step.ts';

const params = closed({ id: Uuid });
const tags = ['Follow-ups'];

/** `/v1/follow-ups`: upset customers, worked off by people. */
export function addFollowUpRoutes(app: Server, db: Database): void {
  addChanges(app, db, followUpFeed);
  const show = async (request: FastifyRequest, reply: FastifyReply, id: string) => {
    const row = await db.read((client) => getFollowUp(client, id, request.caller.units));
    return versioned(request, reply, shown(row, request.caller.may('personal')));
  };
  /** Does something to a follow-up that is locked and at the version that the caller has seen, and shows it. */
  const change = async (
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    deed: (client: Client, row: FollowUpRow, author: Author) => Promise<unknown>,
  ) => {
    await db.write(async (client) => {
      const row = await getManaged<FollowUpRow>(client, noun, id, true, request.caller.units);
      requireMatch(request, row.version);
      await deed(client, row, authorOf(request));
    });
    return show(request, reply, id);
  };

  app.get(
    '/v1/follow-ups',
    {
      config: { scope: 'read', units: 'own' },
      schema: {
        operationId: 'listFollowUps',
        summary: 'List follow-ups, or whom to call today',
        description:
          'In the order in which they were opened; with `order=priority` the call list of the day: those that are not closed, overdue ones first, then by the trailing revenue of the customer.',
        tags,
        querystring: followUpFilters,
        response: { 200: pageOf(FollowUp) },
      },
    },
    async (request, reply) => {
      const { limit = 100, cursor: _, ...filters } = request.query;
      const start = app.paging.start(request);
      // The call list is sorted by revenue, so what was just sent should count.
      if (filters.order === 'priority' && !start) await refreshBeforeAnswer(db);
      const [moment, overdue, revenue, id] = start ?? [];
      const after: Place | undefined = start && {
        moment: String(moment),
        overdue: overdue === true,
        revenue: String(revenue),
        id: String(id),
      };
      const found = await db.read((client) =>
        listFollowUps(client, filters, { after, limit: limit + 1, units: request.caller.units }),
      );
      const rows = found.rows.slice(0, limit);
      const last = found.rows.length > limit ? rows.at(-1) : undefined;
      const place = last && [found.moment, last.overdue, last.trailing_revenue ?? '0', last.id];
      const personal = request.caller.may('personal');
      return { page: app.paging.next(request, reply, place), data: rows.map((row) => shown(row, personal)) };
    },
  );

  app.post(
    '/v1/follow-ups',
    {
      config: { scope: 'manage', units: 'own' },
      schema: {
        operationId: 'createFollowUp',
        summary: 'Open a follow-up by hand',
        description: 'A customer has at most one that is not closed.',
        tags,
        headers: onceHeaders,
        body: ref(NewFollowUp),
        response: { 201: ref(FollowUp), 409: ref(Problem) },
      },
    },
    async (request, reply) => {
      // Only the id is kept: what is shown beside it is personal.
      const { id } = await once(db, request, reply, async (client) => {
        const { id } = await openByHand(client, request.body, authorOf(request), request.caller.units);
        return { status: 201, headers: { location: `/v1/follow-ups/${id}` }, body: { id } };
      });
      return show(request, reply, id);
    },
  );

  app.get(
    '/v1/follow-ups/:id',
    {
      config: { scope: 'read', units: 'own' },
      schema: {
        operationId: 'getFollowUp',
        summary: 'Read one follow-up',
        tags,
        params,
        response: { 200: ref(FollowUp) },
      },
    },
    async (request, reply) => {
      const row = await db.read((client) => getFollowUp(client, request.params.id, request.caller.units));
      // Never a 304: what is shown of the customer and the response, and `overdue`, change without the version.
      return tagged(reply, shown(row, request.caller.may('personal')));
    },
  );

  app.patch(
    '/v1/follow-ups/:id',
    {
      config: { scope: 'manage', units: 'own' },
      schema: {
        operationId: 'changeFollowUp',
        summary: 'Give a follow-up an owner, a due time, a note or a promise',
        description:
          'A merge-patch: what is left out stays, null clears. A new due_at is reminded of anew; being on time is judged by first_due_at all the same.',
        tags,
        params,
        headers: ifMatch,
        body: ref(FollowUpChanges),
        response: { 200: ref(FollowUp), 409: ref(Problem) },
      },
    },
    (request, reply) =>
      change(request, reply, request.params.id, (client, row, author) =>
        changeFollowUp(client, row, request.body, author),
      ),
  );

  app.post(
    '/v1/follow-ups/:id/steps',
    {
      config: { scope: 'manage', units: 'own' },
      schema: {
        operationId: 'takeFollowUpStep',
        summary: 'Take a follow-up a step forward',
        description:
          'open > acknowledged > contacted > solution_offered > closed. Steps lead forward and may be left out; as won_back, satisfied or unresolved it is closed only after a contact. A step that is not allowed is a 409 that names those that are.',
        tags,
        params,
        headers: ifMatch,
        body: ref(FollowUpStep),
        response: { 200: ref(FollowUp), 409: ref(Problem) },
      },
    },
    (request, reply) =>
      change(request, reply, request.params.id, (client, row, author) => takeStep(client, row, request.body, author)),
  );

  app.delete(
    '/v1/follow-ups/:id',
    {
      config: { scope: 'manage', units: 'own' },
      schema: {
        operationId: 'archiveFollowUp',
        summary: 'Archive a follow-up that should not have been',
        description: 'One that is not closed is withdrawn with it. It counts in no answer.',
        tags,
        params,
        headers: ifMatch,
        response: { 204: Type.Null({ description: 'It is archived.' }) },
      },
    },
    async (request, reply) => {
      await db.write(async (client) => {
        const row = await getManaged<FollowUpRow>(client, noun, request.params.id, true, request.caller.units);
        requireMatch(request, row.version);
        await archiveFollowUp(client, row, authorOf(request));
      });
      return reply.code(204).send(null);
    },
  );
}
