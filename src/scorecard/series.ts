import type { FigurePeriod, FigureRow } from '../analytics/figures/declare.ts';
import { findFigure } from '../analytics/figures/registry.ts';
import { type Cadence, periodEnd, periodLabel, periodsWithin } from '../db/cadence.ts';
import { type Bound, readBounds } from '../db/period.ts';
import type { Client } from '../db/pool.ts';
import { ApiError } from '../errors.ts';
import { readState } from '../outcomes/collect.ts';
import type { MileMarkerRow } from './mile-markers/mile-marker.ts';
import { type ReadPeriod, readReadings } from './readings.ts';

/**
 * What is known of a mile marker in a period. `partial`: the period still runs, or what belongs to it is not complete;
 * its value, where there is one, is that so far. `withheld`: too few to tell, and `withheld` says why.
 */
export const seriesStates = ['measured', 'no_data', 'partial', 'withheld'] as const;
type SeriesState = (typeof seriesStates)[number];

/** A mile marker in one period. */
export interface SeriesRow {
  /** `2026-03-17`, `2026-W12`, `2026-03`, `2026-Q1` or `2026`. */
  period: string;
  /** Its first day, and the first one after it, in the reporting time zone. */
  period_start_on: string;
  period_end_on: string;
  value: number | null;
  n: number | null;
  low: number | null;
  high: number | null;
  state: SeriesState;
  /** Why there is no value though there is something to tell. */
  withheld: string | null;
  /** Readings: how many units' were added up; null where the unit has one of its own. */
  units: number | null;
}

/** A mile marker over time. */
export interface Series {
  /** A row for each period, oldest first; none lies in the future. */
  rows: SeriesRow[];
  /** Through when the facts of a computed one are complete; null for readings, and where none were sent. */
  complete_through: Date | null;
  warnings: string[];
}

export interface SeriesAsked {
  /** The unit, with everything below it; null: the one that the mile marker is about. */
  unit: string | null;
  /** Days of the reporting time zone: periods that share a day with [from, to). Null: as many as usual, up to now. */
  from: string | null;
  to: string | null;
  now: Date;
  /** How many periods where `from` is null; see `usualPeriods`. */
  periods?: number;
  /** Whether the reader may see what is told of fewer than five people. */
  personal?: boolean;
}

/** How many periods are told where nobody says from when: so many that the same one a year ago is among them. */
export const usualPeriods: Record<Cadence, number> = { day: 31, week: 53, month: 13, quarter: 9, year: 5 };
/** How many periods a series tells at most. */
export const mostPeriods = 400;

type Marker = Pick<MileMarkerRow, 'key' | 'source' | 'metric' | 'filters' | 'cadence' | 'interval_kind' | 'unit'>;

/**
 * Reads what a mile marker was, period by period of its cadence. It never refuses one that was stored: what cannot be
 * told any more (its survey was removed, the window is no longer kept) is `no_data`, and a warning says why.
 *
 * Nothing is brought up to date first: call `refreshBeforeAnswer(db)` once before reading any number of series. The
 * client should be that of a snapshot, so that all periods see one moment.
 */
export async function readSeries(client: Client, marker: Marker, asked: SeriesAsked): Promise<Series> {
  const { time_zone } = await readState(client);
  const { starts, warnings } = await startsOf(client, time_zone, marker.cadence, asked);
  const periods = await periodsOf(client, time_zone, marker.cadence, starts);
  const found = marker.source === 'readings' ? ofReadings : ofFigure;
  const series = await found(client, marker, periods, asked);
  return { ...series, warnings: [...warnings, ...series.warnings] };
}

/** The last period whose value is there and final; undefined where none is. */
export const latestMeasured = (rows: readonly SeriesRow[]): SeriesRow | undefined =>
  rows.findLast(({ state }) => state === 'measured');

/** The first days of the periods that are asked for and have begun. */
async function startsOf(client: Client, time_zone: string, cadence: Cadence, { from, to, now, periods }: SeriesAsked) {
  const [today] = await client.rows<{ tomorrow: string }>(
    `select ((least($1::timestamptz, '9998-12-29Z') at time zone $2)::date + 1)::text as tomorrow`,
    [now, time_zone],
  );
  const tomorrow = today?.tomorrow ?? periodEnd('day', now.toISOString().slice(0, 10));
  const end = to === null || to > tomorrow ? tomorrow : to;
  const most = from === null ? Math.min(periods ?? usualPeriods[cadence], mostPeriods) : mostPeriods;
  const starts = periodsWithin(cadence, from, end, most);
  const [first] = starts;
  const isCut = from !== null && first !== undefined && first > from;
  return {
    starts,
    warnings: isCut ? [`Only the last ${mostPeriods} periods are told: ask for the earlier ones with to.`] : [],
  };
}

/** The periods with the moments at which their days begin. */
async function periodsOf(
  client: Client,
  time_zone: string,
  cadence: Cadence,
  starts: readonly string[],
): Promise<FigurePeriod[]> {
  if (starts.length === 0) return [];
  const days = new Set(starts.flatMap((start) => [start, periodEnd(cadence, start)]));
  const bounds: Record<string, Bound | null> = await readBounds(
    client,
    time_zone,
    Object.fromEntries([...days].map((day) => [day, day])),
  );
  return starts.flatMap((start_on) => {
    const end_on = periodEnd(cadence, start_on);
    const [from, to] = [bounds[start_on], bounds[end_on]];
    return from && to ? [{ start_on, end_on, from, to }] : [];
  });
}

const daysOf = ({ cadence }: Marker, { start_on, end_on }: FigurePeriod) => ({
  period: periodLabel(cadence, start_on),
  period_start_on: start_on,
  period_end_on: end_on,
});

async function ofReadings(
  client: Client,
  marker: Marker,
  periods: readonly FigurePeriod[],
  { unit, now }: SeriesAsked,
): Promise<Series> {
  const starts = periods.map(({ start_on }) => start_on);
  const found = await readReadings(client, marker, unit ?? marker.unit, starts);
  const rows = periods.map((period): SeriesRow => {
    const read = found.get(period.start_on);
    const isOver = Date.parse(period.to.at) <= now.getTime();
    const told = read ?? { value: null, n: 0, low: null, high: null, units: null };
    return {
      ...daysOf(marker, period),
      value: told.value,
      n: told.n,
      low: told.low,
      high: told.high,
      state: read?.is_apart ? 'withheld' : !isOver ? 'partial' : told.value === null ? 'no_data' : 'measured',
      withheld: read?.is_apart ? 'units have readings, which do not add up without numerator and denominator' : null,
      units: told.units,
    };
  });
  return { rows, complete_through: null, warnings: readingWarnings([...found.values()]) };
}

function readingWarnings(found: readonly ReadPeriod[]): string[] {
  const units = new Set(found.flatMap(({ units, is_apart }) => (units === null || is_apart ? [] : [units])));
  return [
    ...(found.some(({ is_apart }) => is_apart)
      ? [
          'Readings of units without numerator and denominator do not add up: ask for one unit, or send a reading of the whole.',
        ]
      : []),
    ...(units.size > 1
      ? [
          `The periods are added up from different numbers of units, ${Math.min(...units)} to ${Math.max(...units)}: part of a change may be who reported.`,
        ]
      : []),
  ];
}

async function ofFigure(
  client: Client,
  marker: Marker,
  periods: readonly FigurePeriod[],
  { unit, now, personal = false }: SeriesAsked,
): Promise<Series> {
  const nothing = (warning: string): Series => ({
    rows: periods.map((period) => rowOf(marker, period, undefined, null)),
    complete_through: null,
    warnings: [warning],
  });
  const figure = findFigure(marker.metric ?? '');
  if (!figure) return nothing(`There is no metric '${marker.metric}' any more: GET /v1/metrics lists those that are.`);
  try {
    const { rows, complete_through } = await figure.read(client, {
      periods,
      filters: marker.filters,
      unit: unit ?? marker.unit,
      reader: { personal },
      now,
    });
    return {
      rows: periods.map((period, at) => rowOf(marker, period, rows[at], complete_through)),
      complete_through,
      warnings: [],
    };
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 400)) throw error;
    return nothing(error.message);
  }
}

function rowOf(
  marker: Marker,
  period: FigurePeriod,
  found: FigureRow | undefined,
  complete_through: Date | null,
): SeriesRow {
  const { value = null, n = 0, low = null, high = null, withheld = null } = found ?? {};
  return {
    ...daysOf(marker, period),
    value,
    n,
    low,
    high,
    state: stateOf(found, complete_through),
    withheld,
    units: null,
  };
}

function stateOf(found: FigureRow | undefined, complete_through: Date | null): SeriesState {
  if (!found) return 'no_data';
  if (found.value !== null) return found.is_complete ? 'measured' : 'partial';
  if (found.withheld !== null) return 'withheld';
  // Facts that were never sent are no zero, and nothing is to be waited for.
  return found.is_complete || complete_through === null ? 'no_data' : 'partial';
}
