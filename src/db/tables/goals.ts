import { sql } from 'drizzle-orm';
import { boolean, check, date, doublePrecision, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { managed, moment } from './columns.ts';

/** What is to be reached on a mile marker, by when, and how it stands. */
export const goals = pgTable(
  'goals',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    mile_marker: text('mile_marker').notNull(),
    direction: text('direction').notNull(),
    starts_on: date('starts_on', { mode: 'string' }).notNull(),
    ends_on: date('ends_on', { mode: 'string' }).notNull(),
    baseline: doublePrecision('baseline'),
    target: doublePrecision('target'),
    target_low: doublePrecision('target_low'),
    target_high: doublePrecision('target_high'),
    committed: doublePrecision('committed'),
    stretch: doublePrecision('stretch'),
    unit: text('unit'),
    owner: text('owner'),
    discussed_every: text('discussed_every').notNull(),
    behaviours: text('behaviours').array().notNull(),
    guard_mile_markers: text('guard_mile_markers').array().notNull(),
    outcome_mile_marker: text('outcome_mile_marker'),
    gaming_risk: text('gaming_risk'),
    accountable: text('accountable').notNull(),
    ranks_people: boolean('ranks_people').notNull(),
    reward: text('reward').notNull(),
    ahead_below: doublePrecision('ahead_below').notNull(),
    on_track_below: doublePrecision('on_track_below').notNull(),
    behind_below: doublePrecision('behind_below').notNull(),
    declared_status: text('declared_status'),
    declared_note: text('declared_note'),
    /** What the three tests say, and the rules that it does not pass. */
    focus: text('focus').notNull(),
    teamwork: text('teamwork').notNull(),
    intrinsic: text('intrinsic').notNull(),
    rules_not_passed: text('rules_not_passed').array().notNull(),
    published_at: moment('published_at'),
    published_by: text('published_by'),
    exception: text('exception'),
    dropped_at: moment('dropped_at'),
    dropped_because: text('dropped_because'),
    /** How it stands: written by the worker, without a new version. */
    state: text('state'),
    state_since: moment('state_since'),
    stood_at: moment('stood_at'),
    value: doublePrecision('value'),
    value_low: doublePrecision('value_low'),
    value_high: doublePrecision('value_high'),
    measured_from: date('measured_from', { mode: 'string' }),
    measured_to: date('measured_to', { mode: 'string' }),
    progress: doublePrecision('progress'),
    expected_progress: doublePrecision('expected_progress'),
    ...managed(),
  },
  (table) => [
    check('goals_days_in_order', sql`${table.starts_on} <= ${table.ends_on}`),
    check(
      'goals_target_fits_direction',
      sql`case when ${table.direction} = 'within_range' then ${table.target_low} < ${table.target_high} and ${table.target} is null else ${table.target} is not null end`,
    ),
    check('goals_exception_of_published', sql`${table.exception} is null or ${table.published_at} is not null`),
    index('goals_mile_marker_idx').on(table.mile_marker),
    // What the worker looks for.
    index('goals_stood_at_idx')
      .on(table.stood_at)
      .where(sql`${table.published_at} is not null and ${table.archived_at} is null`),
  ],
);

/** What those who work on a goal say of it; never changed. */
export const goalCheckIns = pgTable(
  'goal_check_ins',
  {
    id: uuid('id').primaryKey(),
    goal: uuid('goal').notNull(),
    value: doublePrecision('value'),
    confidence: integer('confidence'),
    note: text('note'),
    obstacles: text('obstacles').array().notNull(),
    checked_in_by: text('checked_in_by'),
    checked_in_at: moment('checked_in_at').notNull(),
    source: text('source').notNull(),
  },
  (table) => [index('goal_check_ins_goal_idx').on(table.goal, table.id)],
);

/** Where goals were talked about. */
export const discussions = pgTable(
  'discussions',
  {
    id: uuid('id').primaryKey(),
    discussed_on: date('discussed_on', { mode: 'string' }).notNull(),
    goals: text('goals').array().notNull(),
    place: text('place'),
    unit: text('unit'),
    actions: text('actions'),
    note: text('note'),
    ...managed(),
  },
  (table) => [index('discussions_goals_idx').using('gin', table.goals)],
);
