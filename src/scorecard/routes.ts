import { Type } from 'typebox';
import { withinUnits } from '../analytics/within-units.ts';
import type { Database } from '../db/pool.ts';
import { closed, Id, ref } from '../http/schemas.ts';
import { readerOf } from '../http/scopes.ts';
import type { Server } from '../http/server.ts';
import { addScorecardPage } from './page.ts';
import { Scorecard } from './schemas.ts';
import { readScorecard } from './scorecard.ts';

/** `/v1/scorecard`, and the same as a page for people. */
export function addScorecardRoutes(app: Server, db: Database): void {
  app.get(
    '/v1/scorecard',
    {
      config: { scope: 'scorecard', units: 'own' },
      schema: {
        operationId: 'getScorecard',
        summary: 'Every goal and mile marker at a glance',
        description:
          'Each with its last periods, how it stands at this moment and when it was last talked about, and what needs attention first. Goals stand on it from when they are published until 90 days after their last day, unless they are given up.',
        tags: ['Goals'],
        querystring: closed({
          unit: Type.Optional(
            Type.String({
              ...Id,
              description: 'Only the goals of this unit and those below it, and the mile markers as they are there.',
            }),
          ),
        }),
        response: { 200: ref(Scorecard) },
      },
    },
    async (request) => {
      const reader = readerOf(request);
      const { unit = null } = await db.read((client) => withinUnits(client, request.query, reader.units));
      return readScorecard(db, { unit, ...reader });
    },
  );
  addScorecardPage(app);
}
