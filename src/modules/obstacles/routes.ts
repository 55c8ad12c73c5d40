import type { Database } from '../../db/pool.ts';
import type { Server } from '../../http/server.ts';
import { addNounPaths } from '../../managed/paths.ts';
import { completeObstacle, obstacles } from './obstacle.ts';

/** `/v1/obstacles`. */
export const addObstacleRoutes = (app: Server, db: Database): void =>
  addNounPaths(app, db, obstacles, {
    complete: completeObstacle,
    about: {
      create: 'Its moment and its unit must be there.',
      change:
        'Statuses: raised > accepted > fixing > fixed, or declined with a reason; steps may be left out. A fix that did not hold goes back to fixing, what was declined may be accepted. A step that is not allowed is a 409 that names those that are.',
      archive: 'It counts in no answer any more. It can still be read.',
    },
  });
