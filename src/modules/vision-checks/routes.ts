import type { Database } from '../../db/pool.ts';
import type { Server } from '../../http/server.ts';
import { addNounPaths } from '../../managed/paths.ts';
import { completeCheck, visionChecks } from './vision-check.ts';

/** `/v1/vision-checks`. */
export const addVisionCheckRoutes = (app: Server, db: Database): void =>
  addNounPaths(app, db, visionChecks, {
    complete: completeCheck,
    about: {
      create: 'How often all answers are clear and consistent is `GET /v1/analytics/vision-consistency`.',
      archive: 'One that should not have been: it counts in no answer. It can still be read.',
    },
  });
