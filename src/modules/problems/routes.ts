import type { FastifyReply } from 'fastify';
import { type Static, Type } from 'typebox';
import { getManaged, listManaged } from '../../db/managed.ts';
import type { Client, Database } from '../../db/pool.ts';
import { etagOf, requireMatch } from '../../http/etag.ts';
import { Cursor, closed, Key, Limit, Problem, pageOf, ref } from '../../http/schemas.ts';
import { authorOf } from '../../http/scopes.ts';
import type { Server } from '../../http/server.ts';
import { once, onceHeaders } from '../../managed/once.ts';
import { archiveProblem, changeProblem, createProblem } from './change-problem.ts';
import { noun, type ProblemRow, withMatching } from './queries.ts';
import { CustomerProblem, CustomerProblemChanges, NewCustomerProblem, statuses } from './schemas.ts';

const tags = ['Problems'];
const params = closed({ key: Key });
const headers = Type.Object({ 'if-match': Type.Optional(Type.String()) });

function fail(): never {
  throw new Error('A problem was read and is not there.');
}

/** `/v1/problems`. */
export function addProblemRoutes(app: Server, db: Database): void {
  const shown = async (reply: FastifyReply, read: Promise<Static<typeof CustomerProblem>[]>) => {
    const [problem = fail()] = await read;
    // Progress changes without the version, so nobody is told that what they have is still good.
    reply.headers({ etag: etagOf(problem.version), 'cache-control': 'private, no-cache' });
    return problem;
  };
  const written = (work: (client: Client) => Promise<ProblemRow>) =>
    db.write(async (client) => withMatching(client, [await work(client)]));

  app.post(
    '/v1/problems',
    {
      config: { scope: 'manage' },
      schema: {
        operationId: 'createProblem',
        summary: 'Name a problem',
        description: 'It is looked for in all responses, old ones in the background: `matching` tells how far that is.',
        tags,
        headers: onceHeaders,
        body: ref(NewCustomerProblem),
        response: { 201: ref(CustomerProblem), 409: ref(Problem) },
      },
    },
    async (request, reply) => {
      const made = once(db, request, reply, async (client) => {
        const row = await createProblem(client, request.body, authorOf(request));
        const [body] = await withMatching(client, [row]);
        return { status: 201, headers: { location: `/v1/problems/${row.key}` }, body: body ?? fail() };
      });
      return shown(
        reply,
        made.then((problem) => [problem]),
      );
    },
  );

  app.get(
    '/v1/problems',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listProblems',
        summary: 'List the problems',
        description: 'In the order of their keys.',
        tags,
        querystring: closed({
          status: Type.Optional(Type.Enum([...statuses], { description: 'Only those of this status.' })),
          owner: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'Only those of this owner.' })),
          archived: Type.Optional(Type.Boolean({ default: false, description: 'Also those that are archived.' })),
          limit: Type.Optional(Limit),
          cursor: Type.Optional(Cursor),
        }),
        response: { 200: pageOf(CustomerProblem) },
      },
    },
    async (request, reply) => {
      const { limit = 100, archived = false, status, owner } = request.query;
      const [after] = app.paging.start(request) ?? [];
      const { rows, more } = await db.read(async (client) => {
        const found = await listManaged<ProblemRow>(client, noun, {
          after: after === undefined ? undefined : String(after),
          limit: limit + 1,
          archived,
          where: { status, owner },
        });
        return { rows: await withMatching(client, found.slice(0, limit)), more: found.length > limit };
      });
      const last = more ? rows.at(-1) : undefined;
      return { page: app.paging.next(request, reply, last && [last.key]), data: rows };
    },
  );

  app.get(
    '/v1/problems/:key',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getProblem',
        summary: 'Read one problem',
        tags,
        params,
        response: { 200: ref(CustomerProblem) },
      },
    },
    ({ params: { key } }, reply) =>
      shown(
        reply,
        db.read(async (client) => withMatching(client, [await getManaged<ProblemRow>(client, noun, key)])),
      ),
  );

  app.patch(
    '/v1/problems/:key',
    {
      config: { scope: 'manage' },
      schema: {
        operationId: 'changeProblem',
        summary: 'Change a problem',
        description:
          'Other phrases, themes or another language are looked for again in all responses, in the background. With the status `resolved` the date of the fix is set, with another one it is taken away.',
        tags,
        params,
        headers,
        body: ref(CustomerProblemChanges),
        response: { 200: ref(CustomerProblem), 409: ref(Problem) },
      },
    },
    (request, reply) =>
      shown(
        reply,
        written((client) =>
          changeProblem(client, request.params.key, request.body, authorOf(request), (version) =>
            requireMatch(request, version),
          ),
        ),
      ),
  );

  app.delete(
    '/v1/problems/:key',
    {
      config: { scope: 'manage' },
      schema: {
        operationId: 'archiveProblem',
        summary: 'Archive a problem',
        description: 'It leaves every answer. It can still be read, and its key stays taken.',
        tags,
        params,
        headers,
        response: { 204: Type.Null({ description: 'It is archived.' }) },
      },
    },
    async (request, reply) => {
      await db.write((client) =>
        archiveProblem(client, request.params.key, authorOf(request), (version) => requireMatch(request, version)),
      );
      return reply.code(204).send(null);
    },
  );
}
