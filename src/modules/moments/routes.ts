import { Type } from 'typebox';
import { getManaged, listManaged, shownManaged } from '../../db/managed.ts';
import type { Database } from '../../db/pool.ts';
import { requireMatch, versioned } from '../../http/etag.ts';
import { Cursor, closed, Id, Limit, Problem, pageOf, ref } from '../../http/schemas.ts';
import { authorOf } from '../../http/scopes.ts';
import type { Server } from '../../http/server.ts';
import { once, onceHeaders } from '../../managed/once.ts';
import { archiveMoment, changeMoment, createMoment, noun } from './change-moment.ts';
import { Moment, MomentChanges, type MomentRow, momentFilters, NewMoment } from './schemas.ts';

const tags = ['Moments'];
const params = closed({ key: Id });
const headers = Type.Object({ 'if-match': Type.Optional(Type.String()) });
const [reads, manages] = [{ scope: 'read' }, { scope: 'manage' }] as const;

/** `/v1/moments`. */
export function addMomentRoutes(app: Server, db: Database): void {
  app.post(
    '/v1/moments',
    {
      config: manages,
      schema: {
        operationId: 'createMoment',
        summary: 'Make a moment of truth',
        description: 'Facts may have named it long before.',
        tags,
        headers: onceHeaders,
        body: ref(NewMoment),
        response: { 201: ref(Moment), 409: ref(Problem) },
      },
    },
    async (request, reply) => {
      const made = await once(db, request, reply, async (client) => {
        const body = shownManaged(await createMoment(client, request.body, authorOf(request)));
        return { status: 201, headers: { location: `/v1/moments/${encodeURIComponent(body.key)}` }, body };
      });
      return versioned(request, reply, made);
    },
  );

  app.get(
    '/v1/moments',
    {
      config: reads,
      schema: {
        operationId: 'listMoments',
        summary: 'List the moments of truth',
        description: 'In the order of their keys.',
        tags,
        querystring: closed({ ...momentFilters, limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }),
        response: { 200: pageOf(Moment) },
      },
    },
    async (request, reply) => {
      const { limit = 100, archived = false, stage, channel, owner } = request.query;
      const [after] = app.paging.start(request) ?? [];
      const found = await db.read((client) =>
        listManaged<MomentRow>(client, noun, {
          after: after === undefined ? undefined : String(after),
          limit: limit + 1,
          archived,
          where: { stage, channel, owner },
        }),
      );
      const rows = found.slice(0, limit);
      const last = found.length > limit ? rows.at(-1) : undefined;
      return { page: app.paging.next(request, reply, last && [last.key]), data: rows.map(shownManaged) };
    },
  );

  app.get(
    '/v1/moments/:key',
    {
      config: reads,
      schema: {
        operationId: 'getMoment',
        summary: 'Read one moment of truth',
        tags,
        params,
        response: { 200: ref(Moment) },
      },
    },
    async (request, reply) => {
      const found = await db.read((client) => getManaged<MomentRow>(client, noun, request.params.key));
      return versioned(request, reply, shownManaged(found));
    },
  );

  app.patch(
    '/v1/moments/:key',
    {
      config: manages,
      schema: {
        operationId: 'changeMoment',
        summary: 'Change a moment of truth',
        description:
          'A review of its decisions and policies against the vision is `policy_reviewed_on` with `policy_verdict`.',
        tags,
        params,
        headers,
        body: ref(MomentChanges),
        response: { 200: ref(Moment), 409: ref(Problem) },
      },
    },
    async (request, reply) => {
      const { key } = request.params;
      const changed = await db.write((client) =>
        changeMoment(client, key, request.body, authorOf(request), (version) => requireMatch(request, version)),
      );
      return versioned(request, reply, shownManaged(changed));
    },
  );

  app.delete(
    '/v1/moments/:key',
    {
      config: manages,
      schema: {
        operationId: 'archiveMoment',
        summary: 'Archive a moment of truth',
        description: 'It leaves the lists; what was said of it stays, and answers keep its name.',
        tags,
        params,
        headers,
        response: { 204: Type.Null({ description: 'It is archived.' }) },
      },
    },
    async (request, reply) => {
      const { key } = request.params;
      await db.write((client) =>
        archiveMoment(client, key, authorOf(request), (version) => requireMatch(request, version)),
      );
      return reply.code(204).send(null);
    },
  );
}
