import type { Database } from '../db/pool.ts';
import { addChanges } from '../feed/change-route.ts';
import type { Server } from '../http/server.ts';
import { rowCounter } from './count-rows.ts';
import { feedOf } from './feed.ts';
import { addIngest } from './ingest-route.ts';
import { addList } from './list-route.ts';
import { addProgress } from './progress-route.ts';
import { datasets } from './registry.ts';
import { addRow } from './row-route.ts';

/** Adds what every dataset has: ingest, one row, lists, removal and changes. */
export function addDatasetRoutes(app: Server, db: Database): void {
  const countRows = rowCounter(app.metrics);
  for (const dataset of datasets) {
    addIngest(app, db, dataset, countRows);
    addRow(app, db, dataset, countRows);
    addList(app, db, dataset);
    addChanges(app, db, feedOf(dataset));
  }
  addProgress(app, db);
}
