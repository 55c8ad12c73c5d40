import { sql } from 'drizzle-orm';
import { check, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { managed } from './columns.ts';

/** The metrics that tell whether the organisation is on its way. What they were is in `readings`, or worked out. */
export const mileMarkers = pgTable(
  'mile_markers',
  {
    key: text('key').primaryKey(),
    name: text('name').notNull(),
    description: text('description'),
    unit_of_measure: text('unit_of_measure').notNull(),
    /** `higher_is_better` or `lower_is_better`. */
    direction: text('direction').notNull(),
    /** `readings` or `computed`. */
    source: text('source').notNull(),
    /** The figure of a computed one, and what it is narrowed to. */
    metric: text('metric'),
    filters: jsonb('filters').notNull().default({}),
    cadence: text('cadence').notNull(),
    /** How the interval of readings is made: `proportion` or `mean`; null: there is none, or it is the metric's. */
    interval_kind: text('interval_kind'),
    owner: text('owner'),
    /** The unit that it is about; null: the whole company. */
    unit: text('unit'),
    ...managed(),
  },
  (table) => [
    check('mile_markers_direction_known', sql`${table.direction} in ('higher_is_better', 'lower_is_better')`),
    check('mile_markers_cadence_known', sql`${table.cadence} in ('day', 'week', 'month', 'quarter', 'year')`),
    check(
      'mile_markers_source_whole',
      sql`(${table.source} = 'computed' and ${table.metric} is not null and ${table.interval_kind} is null)
        or (${table.source} = 'readings' and ${table.metric} is null and (${table.interval_kind} is null or ${table.interval_kind} in ('proportion', 'mean')))`,
    ),
  ],
);
