import type { Kind } from './set.ts';

/** What each kind of column is to OData and to PostgreSQL. */
export const columnTypes: Record<Kind, { odata: string; sql: string }> = {
  text: { odata: 'Edm.String', sql: 'text' },
  instant: { odata: 'Edm.DateTimeOffset', sql: 'timestamp with time zone' },
  date: { odata: 'Edm.Date', sql: 'date' },
  decimal: { odata: 'Edm.Decimal', sql: 'numeric' },
  double: { odata: 'Edm.Double', sql: 'double precision' },
  integer: { odata: 'Edm.Int64', sql: 'bigint' },
  boolean: { odata: 'Edm.Boolean', sql: 'boolean' },
};
