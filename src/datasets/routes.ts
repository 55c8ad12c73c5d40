import type { Database } from '../db/pool.ts';
import type { Server } from '../http/server.ts';
import { addChanges } from './change-route.ts';
import { addIngest } from './ingest-route.ts';
import { addList } from './list-route.ts';
import { addProgress } from './progress-route.ts';
import { datasets } from './registry.ts';
import { addRow } from './row-route.ts';

/** Adds what every dataset has: ingest, one row, lists, removal and changes. */
export function addDatasetRoutes(app: Server, db: Database): void {
  for (const dataset of datasets) {
    addIngest(app, db, dataset);
    addRow(app, db, dataset);
    addList(app, db, dataset);
    addChanges(app, db, dataset);
  }
  addProgress(app, db);
}
