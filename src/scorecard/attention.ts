import { counted } from '../analytics/words.ts';
import type { GoalState } from './pace.ts';

/** What a goal needs, for whoever opens the scorecard. */
export interface Attention {
  about: 'goal' | 'mile_marker';
  /** The id of the goal, or the key of the mile marker. */
  id: string;
  name: string;
  reason: Reason;
  /** What is the matter and what would help, in a sentence. */
  sentence: string;
}

/** The most pressing first. */
export const reasons = [
  'missed',
  'at_risk',
  'guard_worse',
  'behind',
  'seen_otherwise',
  'no_data',
  'not_discussed',
  'inconclusive',
  'worse',
] as const;
export type Reason = (typeof reasons)[number];

/** What attention looks at in a goal on the scorecard. */
interface SeenGoal {
  id: string;
  name: string;
  state: GoalState;
  declared_status: string | null;
  owner: string | null;
  days_since_discussed: number;
  freshness: 'fresh' | 'due' | 'overdue';
  last_discussed_on: string | null;
  /** How it stands in a sentence. */
  reads_as: string;
  /** The names of its guards that got clearly worse. */
  guards_worse: readonly string[];
}

interface SeenMarker {
  key: string;
  name: string;
  change_is_clear: boolean | null;
  change_is_good: boolean | null;
  reads_as: string;
}

const days = (n: number) => `${counted(n)} ${n === 1 ? 'day' : 'days'}`;
const good: readonly string[] = ['ahead', 'on_track', 'achieved'];
const bad: readonly string[] = ['at_risk', 'behind', 'missed'];

function ofGoal(goal: SeenGoal): Attention[] {
  const { id, name, state, declared_status, freshness, days_since_discussed, reads_as } = goal;
  const say = (reason: Reason, sentence: string): Attention => ({ about: 'goal', id, name, reason, sentence });
  const found: Attention[] = [];
  if (
    state === 'missed' ||
    state === 'at_risk' ||
    state === 'behind' ||
    state === 'inconclusive' ||
    state === 'no_data'
  )
    found.push(say(state, reads_as));
  if (goal.guards_worse.length > 0)
    found.push(
      say(
        'guard_worse',
        `${name} may be reached at the cost of something else: ${goal.guards_worse.join(', ')} got worse.`,
      ),
    );
  if (declared_status !== null && good.includes(declared_status) && bad.includes(state))
    found.push(
      say(
        'seen_otherwise',
        `${goal.owner ?? 'Who answers for it'} sees ${name} as ${declared_status.replaceAll('_', ' ')}; the numbers say ${state.replaceAll('_', ' ')}.`,
      ),
    );
  if (freshness === 'overdue')
    found.push(
      say(
        'not_discussed',
        goal.last_discussed_on === null
          ? `${name} was never talked about in the ${days(days_since_discussed)} since it was published.`
          : `${name} was last talked about ${days(days_since_discussed)} ago.`,
      ),
    );
  return found;
}

const ofMarker = ({ key, name, change_is_clear, change_is_good, reads_as }: SeenMarker): Attention[] =>
  change_is_clear === true && change_is_good === false
    ? [{ about: 'mile_marker', id: key, name, reason: 'worse', sentence: reads_as }]
    : [];

/** What needs attention, the most pressing first, then in the order of the scorecard. */
export const attentionOf = (goals: readonly SeenGoal[], markers: readonly SeenMarker[]): Attention[] =>
  [...goals.flatMap(ofGoal), ...markers.flatMap(ofMarker)].sort(
    (one, other) => reasons.indexOf(one.reason) - reasons.indexOf(other.reason),
  );
