import type { Database } from '../../db/pool.ts';
import type { Server } from '../../http/server.ts';
import { addNounPaths } from '../../managed/paths.ts';
import { behaviours } from './behaviour.ts';
import { observations, requireKnown } from './observation.ts';

/** `/v1/behaviours` and `/v1/behaviour-observations`. */
export function addBehaviourRoutes(app: Server, db: Database): void {
  addNounPaths(app, db, behaviours, {
    about: {
      create: 'Beside the 27 that the service comes with; its family may be one of theirs or new.',
      change: 'Also one that the service came with. Its observations count in the family that it has now.',
      archive: 'Nobody observes it any more; what was observed stays. One that the service came with does not return.',
    },
  });
  addNounPaths(app, db, observations, {
    complete: (client, observation, before) => requireKnown(client, observation, before),
    about: {
      change: 'Corrects what was written down; the audit log keeps what it was.',
      archive: 'It no longer counts in any answer. It can still be read.',
    },
  });
}
