import type { FastifyReply, FastifyRequest } from 'fastify';
import { type TSchema, Type } from 'typebox';
import type { Database } from '../db/pool.ts';
import { limitedReading } from '../db/unit-tree.ts';
import { Cursor, closed, Id, nullable, Problem, ref, Timestamp } from '../http/schemas.ts';
import { readerOf } from '../http/scopes.ts';
import type { Server } from '../http/server.ts';
import { beginning, listChanges } from './changes.ts';
import type { Dataset } from './declare.ts';
import { json, named, page } from './route-words.ts';

/** `GET /v1/changes/{dataset}`: for those who keep a copy. */
export function addChanges(app: Server, db: Database, dataset: Dataset): void {
  const changed = Type.Object(
    { ...(dataset.shown as unknown as { properties: Record<string, TSchema> }).properties },
    { additionalProperties: false },
  );
  const removed = closed({ [dataset.key]: Id, removed_at: Timestamp });
  app.get(
    `/v1/changes/${dataset.path}`,
    {
      config: { scope: 'read', ...limitedReading(dataset.owner) },
      schema: {
        operationId: `list${named(dataset.one)}Changes`,
        summary: `What was stored, changed and removed among the ${dataset.name.replaceAll('_', ' ')}`,
        description:
          'Each row once, as it is now; of what was removed, its key and `removed_at`. `page.cursor` is where to go on, now or tomorrow; `page.next` is null when there is nothing more at the moment. A row that commits late is never missed. A key that is limited to units is told of a row that leaves them as of one that was removed, and after a change of the units themselves begins anew (410).',
        tags: ['Changes'],
        querystring: closed({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, default: 1000 })),
          cursor: Type.Optional(Cursor),
        }),
        response: {
          200: Type.Object(
            {
              page: closed({ next: nullable(Type.String()), cursor: Type.String() }),
              data: Type.Array(Type.Union([changed, removed])),
            },
            { additionalProperties: false },
          ),
          410: ref(Problem),
        },
      },
    },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const { limit } = request.query as { limit: number };
      const [told, telling, xid, key, kind, units] = app.paging.start(request) ?? [];
      const text = (value: unknown) => (typeof value === 'string' ? value : null);
      const after =
        xid === undefined
          ? beginning
          : {
              told: text(told),
              telling: text(telling),
              xid: String(xid),
              key: String(key),
              kind: Number(kind),
              units: text(units),
            };
      const { rows, place, more } = await db.read((client) =>
        listChanges(client, dataset, after, limit, readerOf(request), app.paging.fingerprint),
      );
      const { next, cursor } = app.paging.next(request, reply, [
        place.told,
        place.telling,
        place.xid,
        place.key,
        place.kind,
        place.units,
      ]);
      if (!more) reply.removeHeader('link');
      return reply.type(json).send(page({ next: more ? next : null, cursor }, rows));
    },
  );
}
