import type { Database } from '../../db/pool.ts';
import type { Server } from '../../http/server.ts';
import { addNounPaths } from '../../managed/paths.ts';
import { completeAction, empowermentActions } from './empowerment-action.ts';

/** `/v1/empowerment-actions`. */
export const addEmpowermentActionRoutes = (app: Server, db: Database): void =>
  addNounPaths(app, db, empowermentActions, {
    complete: completeAction,
    about: {
      create:
        'One beyond the limit is taken too: what happened is recorded. Its unit and its follow-up must be there; the customer may become known later.',
      archive: 'It counts in no answer any more. It can still be read.',
    },
  });
