import type { FastifyRequest } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import { getManaged, type Managed, updateManaged } from '../db/managed.ts';
import type { Client, Database } from '../db/pool.ts';
import { conflict } from '../errors.ts';
import { ifMatch, requireMatch, tagged } from '../http/etag.ts';
import { closed, Id, Problem, ref } from '../http/schemas.ts';
import { authorOf } from '../http/scopes.ts';
import type { Server } from '../http/server.ts';
import { mayBeLeftOut } from '../http/validation.ts';
import { limitedWriting, type ManagedNoun, named, type RowOf } from './declare.ts';
import { requireOwn } from './own-units.ts';
import type { Deeds } from './paths.ts';

/** Something that is done to a managed noun and is more than a change of fields. */
interface Deed<N, B extends TSchema = TSchema> {
  /** The last part of the path, and the first of the operation's name. */
  verb: string;
  /** What the audit log calls it. */
  action: string;
  summary: string;
  description: string;
  /** What may be said of it. Where nothing must be, the body may be left out. */
  body?: B;
  /**
   * What it changes.
   * @param row as it is, read under a lock; the caller has seen it so
   * @throws ApiError 409 or 422
   */
  work: (client: Client, row: RowOf<N>, body: Static<B>, request: FastifyRequest) => object | Promise<object>;
}

/**
 * `POST /v1/{noun}/{key}/{verb}`: asks for `If-Match`, is one transaction with its entry in the audit log, and answers
 * with the noun as it is then.
 */
export function addDeedPath<D, B extends TSchema>(
  app: Server,
  db: Database,
  declared: ManagedNoun<D>,
  { verb, action, summary, description, body, work }: Deed<ManagedNoun<D>, B>,
  show?: Deeds<ManagedNoun<D>>['show'],
): void {
  const noun: ManagedNoun = declared as ManagedNoun;
  type Row = RowOf<ManagedNoun<D>>;
  const { required = [] }: TSchema & { required?: string[] } = body ?? {};
  app.post(
    `/v1/${noun.path}/:${noun.key}/${verb}`,
    {
      config: { scope: 'manage', ...limitedWriting(noun) },
      schema: {
        operationId: `${verb}${named(noun.one)}`,
        summary,
        description,
        tags: [noun.tag],
        params: Type.Object({ [noun.key]: noun.stored[noun.key] ?? Id }, { additionalProperties: false }),
        headers: ifMatch,
        body: required.length > 0 ? body : mayBeLeftOut(body ?? closed({})),
        response: { 200: ref(noun.shown), 409: ref(Problem) },
      },
    },
    async (request, reply) => {
      const key = String((request.params as Record<string, string>)[noun.key]);
      const done = await db.write(async (client) => {
        const before = await getManaged<Row & Managed>(client, noun, key, true, request.caller.units);
        await requireOwn(client, noun, before, request);
        requireMatch(request, before.version);
        if (before.archived_at !== null)
          throw conflict('archived', `The ${noun.one.replaceAll('_', ' ')} '${key}' is archived and stays as it was.`);
        const changes = await work(client, before, (request.body ?? {}) as Static<B>, request);
        const after = await updateManaged(
          client,
          noun,
          before,
          // The columns of a row, by their names.
          changes as Parameters<typeof updateManaged>[3],
          authorOf(request),
          action,
        );
        const [shown] = show ? await show(client, [after]) : [after];
        return { ...after, ...shown };
      });
      return tagged(reply, done);
    },
  );
}
