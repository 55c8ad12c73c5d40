import type { Database } from '../../db/pool.ts';
import type { Server } from '../../http/server.ts';
import { addNounPaths } from '../../managed/paths.ts';
import { moments, requireWholeReview } from './moment.ts';

/** `/v1/moments`. */
export const addMomentRoutes = (app: Server, db: Database): void =>
  addNounPaths(app, db, moments, {
    complete: (_client, moment) => requireWholeReview(moment),
    about: {
      create: 'Facts may have named it long before.',
      change:
        'A review of its decisions and policies against the vision is `policy_reviewed_on` with `policy_verdict`.',
      archive: 'It leaves the lists; what was said of it stays, and answers keep its name.',
    },
  });
