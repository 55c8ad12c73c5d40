import type { Database } from '../../db/pool.ts';
import type { Server } from '../../http/server.ts';
import { addNounPaths } from '../../managed/paths.ts';
import { discussions, requireDiscussable } from './discussion.ts';

/** `/v1/discussions`. */
export const addDiscussionRoutes = (app: Server, db: Database): void =>
  addNounPaths(app, db, discussions, {
    complete: requireDiscussable,
    about: { create: 'Each of its goals is fresh again from that day.' },
  });
