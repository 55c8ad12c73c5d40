import type { Client, Database } from '../../db/pool.ts';
import { tagged } from '../../http/etag.ts';
import { Problem, ref } from '../../http/schemas.ts';
import { authorOf } from '../../http/scopes.ts';
import type { Server } from '../../http/server.ts';
import { addDeedPath } from '../../managed/deed.ts';
import { addNounPaths } from '../../managed/paths.ts';
import { publish, readCurrent } from './publish.ts';
import { requireBehaviours, requireNotCurrent, requireSameWords, showVision, type Vision, visions } from './vision.ts';

/** `/v1/visions`: versions of the destination, of which at most one is current. */
export function addVisionRoutes(app: Server, db: Database): void {
  const show = async (_client: Client, rows: Vision[]) => rows.map(showVision);
  addNounPaths(app, db, visions, {
    complete: async (client, vision, before, sent) => {
      requireSameWords(vision, before);
      await requireBehaviours(client, sent);
      return undefined;
    },
    afterwards: async (_client, vision) => requireNotCurrent(vision),
    show,
    about: {
      create: 'It is a draft until it is published.',
      change:
        'Statement, present and future state of a vision that was published stay as they are (409): make a new one.',
      archive: 'It leaves the lists. The current vision cannot be archived: publish another one first.',
    },
  });
  addDeedPath(
    app,
    db,
    visions,
    {
      verb: 'publish',
      action: 'published',
      summary: 'Make a vision the current one',
      description:
        'The one before it is superseded at the same moment. The current vision stays as it is, so that asking twice does no harm; one that was superseded is not published again (409).',
      work: (client, vision, _body, request) => publish(client, vision, authorOf(request)),
    },
    show,
  );
  app.get(
    '/v1/visions/current',
    {
      config: { scope: 'read', units: 'everybody' },
      schema: {
        operationId: 'getCurrentVision',
        summary: 'Read the current vision',
        description: '404 while none is published.',
        tags: [visions.tag],
        response: { 200: ref(visions.shown), 404: ref(Problem) },
      },
    },
    async (_request, reply) => tagged(reply, showVision(await db.read(readCurrent))),
  );
}
