import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  date,
  doublePrecision,
  index,
  jsonb,
  numeric,
  pgTable,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';
import { moment, xid8 } from '../db/tables/columns.ts';
import { type Column, type Columns, isAlwaysThere } from './columns.ts';

/**
 * The table of a dataset. One key: the caller's id, so that the database itself keeps an id unique while several senders
 * write at once. `(customer, time)` serves the outcomes, `(changed_xid, key)` the change feed and the refresh, BRIN on
 * the time serves ranges at almost no cost to ingest: facts come in about the order of their times, and sixteen pages, some
 * 700 rows, are as few as a list of a day or a week should have to read. No foreign keys: facts arrive in any order.
 */
export function tableOf(
  name: string,
  {
    key,
    columns,
    customer,
    time,
    indexed,
  }: {
    key: string;
    columns: Columns;
    customer: string | undefined;
    time: string | undefined;
    indexed: readonly string[];
  },
) {
  const built = Object.fromEntries(
    Object.entries(columns).map(([columnName, column]) => {
      const bare = sqlColumn(columnName, column);
      const filled = isAlwaysThere(column) ? bare.notNull() : bare;
      return [columnName, columnName === key ? filled.primaryKey() : filled];
    }),
  );
  return pgTable(
    name,
    {
      ...built,
      source: text('source').notNull(),
      recorded_at: moment('recorded_at').notNull().defaultNow(),
      changed_at: moment('changed_at').notNull().defaultNow(),
      changed_xid: xid8('changed_xid').notNull().default(sql`pg_current_xact_id()`),
    },
    (table) => {
      // The columns were made from the same declaration, so they are there under these names.
      const of = (columnName: string) =>
        (table as Record<string, typeof table.changed_xid>)[columnName] ?? table.changed_xid;
      const indexes = [index(`${name}_changed_idx`).on(table.changed_xid, of(key))];
      if (customer !== undefined && time !== undefined)
        indexes.push(index(`${name}_${customer}_${time}_idx`).on(of(customer), of(time)));
      const [first, ...others] = indexed.map(of);
      if (first) indexes.push(index(`${name}_${indexed.join('_')}_idx`).on(first, ...others));
      if (time !== undefined)
        indexes.push(index(`${name}_${time}_brin`).using('brin', of(time)).with({ pages_per_range: 16 }));
      // What else names a customer is looked for when its story is told, and when it is erased.
      for (const [columnName, { refers_to }] of Object.entries(columns))
        if (refers_to === 'customers' && columnName !== customer)
          indexes.push(index(`${name}_${columnName}_idx`).on(of(columnName)));
      // PostgreSQL takes NaN and infinity for numbers; nothing that can be added up has them.
      const numbers = Object.entries(columns)
        .filter(([, { kind }]) => kind === 'decimal' || kind === 'number')
        .map(([columnName]) => {
          const value = of(columnName);
          return check(`${name}_${columnName}_finite`, sql`${value} > '-Infinity' and ${value} < 'Infinity'`);
        });
      return [...indexes, ...numbers];
    },
  );
}

function sqlColumn(name: string, { kind }: Column) {
  switch (kind) {
    case 'text':
    case 'choice':
      return text(name);
    case 'moment':
      return timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });
    case 'day':
      return date(name, { mode: 'string' });
    case 'decimal':
      return numeric(name);
    case 'number':
      return doublePrecision(name);
    case 'flag':
      return boolean(name);
    case 'list':
      return text(name).array();
    case 'map':
      return jsonb(name);
  }
}
