import type { Client } from '../db/pool.ts';
import type { GoalRow } from '../modules/goals/goal.ts';
import type { MileMarkerRow } from './mile-markers/mile-marker.ts';
import { type Measured, type Standing, standingOf } from './pace.ts';
import { readSeries, type SeriesAsked, type SeriesRow, usualPeriods } from './series.ts';

/** A goal with what its mile marker was, and how it stands. */
export interface ReadGoal {
  goal: GoalRow;
  marker: MileMarkerRow;
  standing: Standing;
  series: SeriesRow[];
  warnings: string[];
}

/** What the whole scorecard is read with. */
export interface Reading {
  /** In the reporting time zone. */
  today: string;
  now: Date;
  /** Whether the reader may see what is told of fewer than five people. */
  personal: boolean;
}

const dayMs = 86_400_000;
const shortestDays = { day: 1, week: 7, month: 28, quarter: 90, year: 365 } as const;

/** The periods that have a final value. */
const measuredOf = (rows: readonly SeriesRow[]): Measured[] =>
  rows.flatMap(({ state, value, low, high, period_start_on, period_end_on }) =>
    state === 'measured' && value !== null ? [{ from: period_start_on, to: period_end_on, value, low, high }] : [],
  );

/** Reads how a goal stands, with so many periods of its mile marker that all of its days are among them. */
export async function readGoal(
  client: Client,
  goal: GoalRow,
  marker: MileMarkerRow,
  { today, now, personal }: Reading,
): Promise<ReadGoal> {
  const days = (Date.parse(today) - Date.parse(goal.starts_on)) / dayMs;
  const periods = Math.max(usualPeriods[marker.cadence], Math.ceil(days / shortestDays[marker.cadence]) + 1);
  const asked: SeriesAsked = { unit: goal.unit, from: null, to: null, now, periods, personal };
  const { rows, warnings } = await readSeries(client, marker, asked);
  const standing = standingOf(goal, measuredOf(rows), today);
  return {
    goal,
    marker,
    standing: goal.dropped_at === null ? standing : { ...standing, state: 'dropped' },
    series: rows.slice(-usualPeriods[marker.cadence]),
    warnings,
  };
}

/** Whether what a mile marker was last is another than before, and whether that is good. */
export interface Change {
  /** The difference of the last two periods with a value; null where there are no two. */
  change: number | null;
  /** Whether their intervals allow to say so; null where one has none. */
  change_is_clear: boolean | null;
  change_is_good: boolean | null;
}

/**
 * Compares the last two periods. The standard errors are taken from the widths of the intervals, the periods as
 * independent: z = difference / sqrt(e1^2 + e2^2), clear from 1.96 on, which is where twice 1.96 standard errors make a
 * width of an interval.
 */
export function changeOf(rows: readonly SeriesRow[], direction: MileMarkerRow['direction']): Change {
  const [before, last] = measuredOf(rows).slice(-2);
  if (!before || !last) return { change: null, change_is_clear: null, change_is_good: null };
  const change = last.value - before.value;
  const half = ({ low, high }: Measured) => (low === null || high === null ? null : (high - low) / 2);
  const [one, other] = [half(before), half(last)];
  return {
    change,
    change_is_clear: one === null || other === null ? null : Math.abs(change) > Math.hypot(one, other),
    change_is_good: change === 0 ? null : change > 0 === (direction === 'higher_is_better'),
  };
}
