import { counted } from '../analytics/words.ts';
import { measured, measuredRange } from './mile-markers/sentence.ts';
import type { freshnessOf } from './pace.ts';
import type { Change, ReadGoal } from './read-goal.ts';
import type { SeriesRow } from './series.ts';

/** How a goal stands, in words that need no colour. */
export const inWords = {
  ahead: 'ahead',
  on_track: 'on track',
  behind: 'behind',
  at_risk: 'at risk',
  achieved: 'achieved',
  sustaining: 'achieved and kept',
  missed: 'missed',
  dropped: 'given up',
  inconclusive: 'cannot be told yet',
  no_data: 'not measured yet',
  not_started: 'not begun',
} as const;

const last = ({ period_end_on }: SeriesRow) => period_end_on;

/** How a goal stands, in a sentence that a service manager can read aloud. */
export function goalSentence({ goal, marker, standing, series }: ReadGoal, currency: string): string {
  const tell = (value: number | null) => (value === null ? '' : measured(value, marker.unit_of_measure, currency));
  const { state, measured: found, expected_value } = standing;
  const { name, direction } = goal;
  if (state === 'not_started') return `${name} begins on ${goal.starts_on}.`;
  if (state === 'dropped') return `${name} was given up: ${goal.dropped_because}`;
  if (!found) return `${name}: ${marker.name} has no value in its days yet, so nothing can be told.`;
  const period = series.find((row) => last(row) === found.to)?.period ?? found.from;
  const interval =
    found.low === null || found.high === null
      ? ''
      : ` (95% interval ${measuredRange(found.low, found.high, marker.unit_of_measure, currency)})`;
  const aim = {
    increase_to: `${tell(goal.target)} by`,
    decrease_to: `${tell(goal.target)} by`,
    stay_above: `to stay at ${tell(goal.target)} or above until`,
    stay_below: `to stay at ${tell(goal.target)} or below until`,
    within_range: `to stay between ${tell(goal.target_low)} and ${tell(goal.target_high)} until`,
  }[direction];
  const expected =
    expected_value === null || state === 'achieved' || state === 'sustaining' || state === 'missed'
      ? ''
      : `, against ${tell(expected_value)} expected by then`;
  const stands =
    state === 'inconclusive'
      ? `How ${name} stands cannot be told yet: its value is too uncertain`
      : `${name} is ${inWords[state]}`;
  return `${stands}. ${marker.name} was ${tell(found.value)} in ${period}${interval}${expected}. The aim is ${aim} ${goal.ends_on}.`;
}

/** What a mile marker was last, and whether that is another than before. */
export function markerSentence(
  { name, unit_of_measure }: ReadGoal['marker'],
  { change, change_is_clear, change_is_good }: Change,
  rows: readonly SeriesRow[],
  currency: string,
): string {
  const tell = (value: number | null) => (value === null ? '' : measured(value, unit_of_measure, currency));
  const [before, now] = rows.filter(({ state }) => state === 'measured').slice(-2);
  const only = now ?? before;
  if (!only) return `${name} has no value yet.`;
  if (!now || !before || change === null) return `${name} was ${tell(only.value)} in ${only.period}.`;
  const better = change_is_good ? 'better' : 'worse';
  const told =
    change === 0
      ? `the same as in ${before.period}`
      : change_is_clear === false
        ? `after ${tell(before.value)} in ${before.period}, which chance alone can explain`
        : `${better} than ${tell(before.value)} in ${before.period}`;
  return `${name} was ${tell(now.value)} in ${now.period}, ${told}.`;
}

/** When a goal was talked about, in words. */
export function talkSentence(
  { days, freshness }: ReturnType<typeof freshnessOf>,
  last_discussed_on: string | null,
): string {
  if (last_discussed_on === null) return 'Not talked about yet';
  const ago = days === 0 ? 'today' : days === 1 ? 'yesterday' : `${counted(days)} days ago`;
  return `Talked about ${ago}${freshness === 'fresh' ? '' : freshness === 'due' ? ', due again' : ', overdue'}`;
}

/** The whole scorecard in a sentence. */
export function scorecardSentence(
  goals: readonly { state: keyof typeof inWords; name: string }[],
  first: string | undefined,
): string {
  if (goals.length === 0) return 'No goal is running. Publish one, and it stands here.';
  const well = goals.filter(({ state }) => ['ahead', 'on_track', 'achieved', 'sustaining'].includes(state)).length;
  const badly = goals.filter(({ state }) => ['behind', 'at_risk', 'missed'].includes(state)).length;
  const open = goals.length - well - badly;
  const parts = [
    `${counted(well)} of ${counted(goals.length)} ${goals.length === 1 ? 'goal' : 'goals'} ${well === 1 || goals.length === 1 ? 'is' : 'are'} on track or better`,
    ...(badly > 0 ? [`${counted(badly)} not`] : []),
    ...(open > 0 ? [`${counted(open)} cannot be told yet`] : []),
  ];
  return `${parts.join(', ')}.${first === undefined ? '' : ` First: ${first}`}`;
}
