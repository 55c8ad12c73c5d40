import { Counter, type Registry } from 'prom-client';
import { ApiError } from '../errors.ts';
import type { Dataset } from './declare.ts';
import type { Report } from './ingest.ts';

/** Counts what became of the rows of an ingest, which passes through. */
export type CountRows = (dataset: Dataset, ingest: Promise<Report>) => Promise<Report>;

const results = ['created', 'updated', 'unchanged', 'rejected'] as const;

/** Adds the figure of rows by dataset and result. A stream is counted when it ends, also where it is refused. */
export function rowCounter(registry: Registry): CountRows {
  const rows = new Counter({
    name: 'milemarker_ingest_rows_total',
    help: 'Rows of facts and dimensions that were sent, by what became of them; counted at the end of each request.',
    labelNames: ['dataset', 'result'],
    registers: [registry],
  });
  const count = (dataset: string, report: Partial<Report>) => {
    for (const result of results) if (report[result]) rows.inc({ dataset, result }, report[result]);
  };
  return async ({ name }, ingest) => {
    try {
      const report = await ingest;
      count(name, report);
      return report;
    } catch (error) {
      // The report that a refusal carries.
      if (error instanceof ApiError) count(name, (error.extensions.report ?? {}) as Partial<Report>);
      throw error;
    }
  };
}
