import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../db/pool.ts';
import { limitedReading } from '../db/unit-tree.ts';
import { Cursor, closed, Id, Limit, nullable, Problem, ref, Timestamp } from '../http/schemas.ts';
import { readerOf } from '../http/scopes.ts';
import type { Server } from '../http/server.ts';
import { json, page } from '../http/text-page.ts';
import type { Feed } from './feed.ts';
import { beginning, listChanges } from './list-changes.ts';

/** What a feed tells, in words. */
function described({ removable, owner }: Feed): string {
  const gone = removable
    ? ' of what was removed, its key and `removed_at`.'
    : ' what was archived too, with its `archived_at`: nothing is ever removed.';
  const limited =
    owner === undefined || owner === 'everybody'
      ? ''
      : ' A key that is limited to units is told of a row that leaves them as of one that was removed, and after a change of the units themselves begins anew (410).';
  return `Each row once, as it is now;${gone} \`page.cursor\` is where to go on, now or tomorrow; \`page.next\` is null when there is nothing more at the moment. A row that commits late is never missed.${limited}`;
}

/** `GET /v1/changes/{path}`: for those who keep a copy. */
export function addChanges(app: Server, db: Database, feed: Feed): void {
  const changed = Type.Object({ ...feed.shown }, { additionalProperties: false });
  const removed = closed({ [feed.key]: Id, removed_at: Timestamp });
  const mayLeave = feed.removable || (feed.owner !== undefined && feed.owner !== 'everybody');
  app.get(
    `/v1/changes/${feed.path}`,
    {
      config: { scope: 'read', ...limitedReading(feed.owner) },
      schema: {
        operationId: feed.operationId,
        summary: `What was ${feed.removable ? 'stored, changed and removed' : 'made, changed and archived'} among the ${feed.many}`,
        description: described(feed),
        tags: ['Changes'],
        querystring: closed({
          limit: Type.Optional(Type.Integer({ ...Limit, maximum: 5000, default: 1000 })),
          cursor: Type.Optional(Cursor),
        }),
        response: {
          200: Type.Object(
            {
              page: closed({ next: nullable(Type.String()), cursor: Type.String() }),
              data: Type.Array(mayLeave ? Type.Union([changed, removed]) : changed),
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
        listChanges(client, feed, after, limit, readerOf(request), app.paging.fingerprint),
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
