/** What a goal says, as numbers and days of the calendar (`2026-03-01`). */
export interface Terms {
  direction: 'increase_to' | 'decrease_to' | 'stay_above' | 'stay_below' | 'within_range';
  baseline: number | null;
  /** Null with `within_range`, which has the two others. */
  target: number | null;
  target_low: number | null;
  target_high: number | null;
  /** The first and the last day. */
  starts_on: string;
  ends_on: string;
  /** In hundredths of the way: less than the first behind what was expected is ahead, and so on. */
  ahead_below: number;
  on_track_below: number;
  behind_below: number;
}

/** What the mile marker said in one period. */
export interface Measured {
  /** The first day, and the one after the last. */
  from: string;
  to: string;
  value: number;
  low: number | null;
  high: number | null;
}

export type Pace = 'ahead' | 'on_track' | 'behind' | 'at_risk';
export type GoalState =
  | Pace
  | 'achieved'
  | 'sustaining'
  | 'missed'
  | 'dropped'
  | 'inconclusive'
  | 'no_data'
  | 'not_started';

/** How a goal stands. Shares are of the way from the baseline to the target: below 0 and above 1 where they are. */
export interface Standing {
  state: GoalState;
  /** What the value alone would say, whatever its interval. */
  value_alone: GoalState;
  measured: Measured | null;
  progress: number | null;
  expected_progress: number | null;
  /** What the value would be on a straight way, at the end of the period that was measured. */
  expected_value: number | null;
}

const dayMs = 86_400_000;
const dayNumber = (day: string) => Date.parse(`${day}T00:00:00Z`) / dayMs;

/** The share of a goal's days that are over when a day begins, within 0 and 1. */
function elapsedAt({ starts_on, ends_on }: Terms, day: string): number {
  const [start, end] = [dayNumber(starts_on), dayNumber(ends_on) + 1];
  return Math.min(1, Math.max(0, (dayNumber(day) - start) / (end - start)));
}

/** Whether a value is where the goal wants it in the end. */
function fulfils({ direction, target, target_low, target_high }: Terms, value: number): boolean {
  if (direction === 'within_range') return value >= (target_low ?? -Infinity) && value <= (target_high ?? Infinity);
  if (target === null) return false;
  return direction === 'increase_to' || direction === 'stay_above' ? value >= target : value <= target;
}

/** Whether the interval of a value has what it is held against within it. A bound that is just met straddles nothing. */
const straddles = ({ low, high }: Measured, limits: readonly (number | null)[]): boolean =>
  low !== null && high !== null && limits.some((limit) => limit !== null && low < limit && limit < high);

const limitsOf = ({ direction, target, target_low, target_high }: Terms) =>
  direction === 'within_range' ? [target_low, target_high] : [target];

/** Whether the way can be measured: from a baseline to another target. */
const hasWay = ({ direction, baseline, target }: Terms) =>
  (direction === 'increase_to' || direction === 'decrease_to') && baseline !== null && baseline !== target;

/** Points of the way that are lacking against what was expected. */
function paceOf({ ahead_below, on_track_below, behind_below }: Terms, gap: number): Pace {
  if (gap < ahead_below) return 'ahead';
  if (gap < on_track_below) return 'on_track';
  return gap < behind_below ? 'behind' : 'at_risk';
}

/**
 * How a goal stands.
 *
 * On the way: expected = baseline + (target - baseline) x elapsed share, at the end of the period that was measured, for
 * a value can say nothing of the days after it; the gap is in points of the way. Where the target is reached the goal is
 * achieved; goals to stay somewhere, or whose baseline is their target, are held against the target itself. When its days
 * are over, the last period that began among them decides, and one after it that still fulfils the goal makes it
 * sustaining. `inconclusive` is what the interval of the value straddles: it cannot be told from what was expected.
 * @param measured periods with a value, the oldest first
 * @param today in the reporting time zone
 */
export function standingOf(terms: Terms, measured: readonly Measured[], today: string): Standing {
  const nothing = { measured: null, progress: null, expected_progress: null, expected_value: null };
  if (today < terms.starts_on) return { state: 'not_started', value_alone: 'not_started', ...nothing };
  const within = measured.filter(({ from, to }) => to > terms.starts_on && from <= terms.ends_on);
  const last = within.at(-1);
  if (!last) return { state: 'no_data', value_alone: 'no_data', ...nothing };

  const { baseline, target } = terms;
  const isOver = today > terms.ends_on;
  const elapsed = isOver ? 1 : elapsedAt(terms, last.to < today ? last.to : today);
  const way = hasWay(terms) && baseline !== null && target !== null ? target - baseline : null;
  const progress = way === null || baseline === null ? null : (last.value - baseline) / way;
  const expected_value = way === null || baseline === null ? null : baseline + way * elapsed;
  const shown = {
    measured: last,
    progress,
    expected_progress: way === null ? null : elapsed,
    expected_value,
  };
  const isThere = fulfils(terms, last.value);
  const told = (value_alone: GoalState, limits: readonly (number | null)[]): Standing => ({
    state: straddles(last, limits) ? 'inconclusive' : value_alone,
    value_alone,
    ...shown,
  });

  if (isOver) {
    const after = measured.filter(({ from }) => from > terms.ends_on).at(-1);
    const stays = after !== undefined && fulfils(terms, after.value) && !straddles(after, limitsOf(terms));
    return told(isThere ? (stays ? 'sustaining' : 'achieved') : 'missed', limitsOf(terms));
  }
  if (progress === null) return told(isThere ? 'on_track' : 'at_risk', limitsOf(terms));
  if (isThere && !straddles(last, [target])) return told('achieved', []);
  const pace = paceOf(terms, (elapsed - progress) * 100);
  return { ...told(pace, [expected_value]), value_alone: isThere ? 'achieved' : pace };
}

export type Freshness = 'fresh' | 'due' | 'overdue';

const cadenceDays = { week: 7, two_weeks: 14, month: 31, quarter: 92 } as const;
type TalkCadence = keyof typeof cadenceDays;

/**
 * Whether a goal was talked about lately: fresh within its cadence, due within twice that, overdue beyond.
 * @param since when it was last discussed, or published where it never was
 */
export function freshnessOf(
  cadence: TalkCadence,
  since: string,
  today: string,
): { days: number; freshness: Freshness } {
  const days = Math.max(0, Math.floor(dayNumber(today) - dayNumber(since)));
  const every = cadenceDays[cadence];
  return { days, freshness: days <= every ? 'fresh' : days <= 2 * every ? 'due' : 'overdue' };
}
