import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  date,
  doublePrecision,
  index,
  integer,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
} from 'drizzle-orm/pg-core';
import { moment, pgSnapshot, xid8 } from './columns.ts';

const count = (name: string) => bigint(name, { mode: 'number' }).notNull();

/**
 * One row a response and window: what the customer did before and after it. Written by `outcomes/recompute.ts` only, from
 * the definition in `outcomes/definition.ts`. The dimensions are as they count: '' where none is known.
 */
export const responseOutcomes = pgTable(
  'response_outcomes',
  {
    response_id: text('response_id').notNull(),
    window_days: integer('window_days').notNull(),
    /** The customer, or `~` and the response's id when the answer is anonymous. */
    respondent: text('respondent').notNull(),
    /** 0 to 31, a fixed hash of the respondent: the groups of the jackknife. */
    hash_group: smallint('hash_group').notNull(),
    survey: text('survey').notNull(),
    band: text('band').notNull(),
    score: doublePrecision('score').notNull(),
    answered_at: moment('answered_at').notNull(),
    /** Calendar day and month of the answer in the reporting time zone. */
    answered_on: date('answered_on', { mode: 'string' }).notNull(),
    month: date('month', { mode: 'string' }).notNull(),
    unit: text('unit').notNull(),
    segment: text('segment').notNull(),
    region: text('region').notNull(),
    moment: text('moment').notNull(),
    channel: text('channel').notNull(),
    themes: text('themes').array().notNull(),
    /** `counted`, or why the response says nothing about revenue: see `outcomes/definition.ts`. */
    revenue_state: text('revenue_state').notNull(),
    revenue_after: numeric('revenue_after'),
    revenue_before: numeric('revenue_before'),
    orders_after: integer('orders_after'),
    referrals_state: text('referrals_state').notNull(),
    referrals_after: integer('referrals_after'),
    conversions_after: integer('conversions_after'),
    retention_state: text('retention_state').notNull(),
    /** `contract` where the customer has retention events, else `activity`. */
    retention_basis: text('retention_basis'),
    retained: boolean('retained'),
    curve_state: text('curve_state').notNull(),
    /** Calendar days from the answer to the first churn after it; null while there is none. */
    churned_after_days: integer('churned_after_days'),
  },
  (table) => [
    primaryKey({ name: 'response_outcomes_pkey', columns: [table.response_id, table.window_days] }),
    index('response_outcomes_respondent_idx').on(table.respondent),
    index('response_outcomes_answered_at_idx').on(table.answered_at),
    // In the order of the daily sets: a page of them reads the days that it shows, and not all that follow.
    index('response_outcomes_answered_on_idx').on(table.answered_on, table.window_days),
  ],
);

/** What a cell is about: a cuboid is one of the dimensions, or `all`; its value is '' where the response has none. */
const cellKey = {
  survey: text('survey').notNull(),
  cuboid: text('cuboid').notNull(),
  value: text('value').notNull(),
  band: text('band').notNull(),
};

/** Additive sums of `response_outcomes`, so that an answer reads cells and not responses. */
export const outcomeCells = pgTable(
  'outcome_cells',
  {
    ...cellKey,
    window_days: integer('window_days').notNull(),
    /** The first day of the month for the cuboid `all`, of the year for the others. */
    period: date('period', { mode: 'string' }).notNull(),
    hash_group: smallint('hash_group').notNull(),
    responses: count('responses'),
    anonymous: count('anonymous'),
    leaving: count('leaving'),
    not_index: count('not_index'),
    revenue_open: count('revenue_open'),
    revenue_no_rate: count('revenue_no_rate'),
    revenue_n: count('revenue_n'),
    revenue_after: numeric('revenue_after').notNull(),
    revenue_before: numeric('revenue_before').notNull(),
    orders: count('orders'),
    repeaters: count('repeaters'),
    referrals_open: count('referrals_open'),
    referrals_n: count('referrals_n'),
    referrals: count('referrals'),
    referrers: count('referrers'),
    conversions: count('conversions'),
    retention_open: count('retention_open'),
    retention_not_active: count('retention_not_active'),
    retention_n: count('retention_n'),
    retention_contract_n: count('retention_contract_n'),
    retained: count('retained'),
    curve_no_contract: count('curve_no_contract'),
    curve_not_active: count('curve_not_active'),
  },
  (table) => [
    primaryKey({
      name: 'outcome_cells_pkey',
      columns: [table.survey, table.window_days, table.cuboid, table.value, table.period, table.band, table.hash_group],
    }),
  ],
);

/** How many responses gave which score: all of them, also anonymous ones. */
export const scoreCells = pgTable(
  'score_cells',
  {
    ...cellKey,
    month: date('month', { mode: 'string' }).notNull(),
    score: doublePrecision('score').notNull(),
    responses: count('responses'),
  },
  (table) => [
    primaryKey({
      name: 'score_cells_pkey',
      columns: [table.survey, table.cuboid, table.value, table.month, table.band, table.score],
    }),
  ],
);

/** How many index responses of a day were followed by a churn after so many days; -1 while there was none. */
export const survivalCells = pgTable(
  'survival_cells',
  {
    survey: text('survey').notNull(),
    window_days: integer('window_days').notNull(),
    band: text('band').notNull(),
    answered_on: date('answered_on', { mode: 'string' }).notNull(),
    churned_after_days: integer('churned_after_days').notNull(),
    responses: count('responses'),
  },
  (table) => [
    primaryKey({
      name: 'survival_cells_pkey',
      columns: [table.survey, table.window_days, table.band, table.answered_on, table.churned_after_days],
    }),
  ],
);

/** Respondents whose outcomes must be worked out again. Rows are only added and taken, so nobody waits for anybody. */
export const dirtyRespondents = pgTable('dirty_respondents', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  respondent: text('respondent').notNull(),
});

/**
 * Through when a dataset is complete: as its sender declared, else `latest_at`, the time of the latest event that was
 * seen, or the look that saw it where the event lies ahead.
 */
export const datasetProgress = pgTable('dataset_progress', {
  dataset: text('dataset').primaryKey(),
  declared_through: moment('declared_through'),
  latest_at: moment('latest_at'),
  /** The time of the earliest event that was ever seen: where the calendar of BI tools begins. */
  earliest_at: moment('earliest_at'),
});

/** How far the outcomes have come: one row. */
export const refreshState = pgTable(
  'refresh_state',
  {
    id: integer('id').primaryKey().default(1),
    /** Every fact that this snapshot sees is accounted for in the outcomes or among the dirty. */
    snapshot: pgSnapshot('snapshot'),
    /** The transaction that stored the snapshot: what it wrote itself is accounted for too. */
    own_xid: xid8('own_xid'),
    /** Through when windows are closed, by the dataset that the outcome comes from. */
    revenue_through: moment('revenue_through'),
    referrals_through: moment('referrals_through'),
    retention_through: moment('retention_through'),
    /** What the outcomes were worked out with; another value means that all are worked out again. */
    time_zone: text('time_zone').notNull(),
    currency: text('currency').notNull(),
    windows_days: integer('windows_days').array().notNull(),
    definition_version: integer('definition_version').notNull(),
    /** Dimensions with too many values for cells: questions about them read `response_outcomes`. */
    dropped_cuboids: text('dropped_cuboids').array().notNull().default([]),
    refreshed_at: moment('refreshed_at'),
  },
  (table) => [check('refresh_state_one_row', sql`${table.id} = 1`)],
);
