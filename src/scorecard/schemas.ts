import { Type } from 'typebox';
import { cadences } from '../db/cadence.ts';
import { CalendarDate, closed, nullable, ref, Timestamp, Uuid } from '../http/schemas.ts';
import { reasons } from './attention.ts';
import { inWords } from './sentences.ts';
import { seriesStates } from './series.ts';

const number = (description: string) => nullable(Type.Number({ description }));
const word = (description: string) => nullable(Type.String({ description }));
const day = (description: string) => nullable(Type.String({ ...CalendarDate, description }));
const states = Object.keys(inWords) as (keyof typeof inWords)[];

const TrendPoint = Type.Object(
  {
    period: Type.String({ description: '2026-03-17, 2026-W12, 2026-03, 2026-Q1 or 2026.' }),
    period_start_on: Type.String({ ...CalendarDate, description: 'Its first day.' }),
    value: number('What it was; null where nothing is told.'),
    low: number('Lower limit of its 95% interval.'),
    high: number('Upper limit.'),
    n: number('How many things it rests on.'),
    state: Type.Enum([...seriesStates]),
  },
  { $id: 'TrendPoint', additionalProperties: false },
);

const trend = Type.Array(ref(TrendPoint), { description: 'The last periods, the oldest first.' });

const change = {
  change: number('The last period with a value minus the one before.'),
  change_is_clear: nullable(
    Type.Boolean({ description: 'Whether their intervals allow to say that it changed; null where one has none.' }),
  ),
  change_is_good: nullable(Type.Boolean({ description: 'Whether it went the way that is good.' })),
};

const ScorecardGoal = Type.Object(
  {
    id: Uuid,
    name: Type.String(),
    reads_as: Type.String({ description: 'How it stands in a sentence.' }),
    state: Type.Enum(states, { description: 'How it stands now; see `Goal`.' }),
    state_in_words: Type.String({ description: 'The same as people say it.' }),
    value_alone: Type.Enum(states, { description: 'What the value would say without its interval.' }),
    mile_marker: Type.String(),
    mile_marker_name: Type.String(),
    unit_of_measure: Type.String(),
    unit: word('The unit that it is for; null for the whole company.'),
    unit_name: word('What that unit is called.'),
    owner: word('Who answers for it.'),
    direction: Type.String(),
    baseline: number('Where it started.'),
    target: number('Where it leads.'),
    target_low: number('The lower end of a range.'),
    target_high: number('The upper end.'),
    committed: number('What was promised at the least.'),
    stretch: number('What would be outstanding.'),
    starts_on: Type.String({ ...CalendarDate, description: 'Its first day.' }),
    ends_on: Type.String({ ...CalendarDate, description: 'Its last day.' }),
    days_left: Type.Integer({ description: 'Until its last day; 0 when that is over.' }),
    value: number('The value of the last period that was measured within its days.'),
    value_low: number('Lower limit of its 95% interval.'),
    value_high: number('Upper limit.'),
    measured_from: day('The first day of that period.'),
    measured_to: day('The day after its last.'),
    progress: number('The share of the way from the baseline to the target.'),
    expected_progress: number('The share that was expected by the end of that period.'),
    expected_value: number('The value that was expected by then.'),
    declared_status: word('How those who answer for it see it.'),
    declared_note: word('Why they see it so.'),
    confidence: number('From the last check-in: 0 not at all to 10 certain.'),
    checked_in_at: nullable(Type.String({ ...Timestamp, description: 'When the last check-in came.' })),
    last_discussed_on: day('When it was last talked about.'),
    days_since_discussed: Type.Integer({ description: 'Since it was last talked about, else since it was published.' }),
    freshness: Type.Enum(['fresh', 'due', 'overdue'], {
      description: 'Within the time in which it is to be talked about, within twice that, beyond.',
    }),
    talked_about: Type.String({ description: 'The same in words.' }),
    focus: Type.String({ description: 'pass, warn or fail.' }),
    teamwork: Type.String({ description: 'pass, warn or fail.' }),
    intrinsic: Type.String({ description: 'pass, warn or fail.' }),
    exception: word('Why it was published though a test fails.'),
    guards_worse: Type.Array(Type.String(), { description: 'The guard mile markers that got clearly worse, by name.' }),
    trend,
  },
  { $id: 'ScorecardGoal', additionalProperties: false },
);

const ScorecardMileMarker = Type.Object(
  {
    key: Type.String(),
    name: Type.String(),
    reads_as: Type.String({ description: 'What it was last, in a sentence.' }),
    unit_of_measure: Type.String(),
    direction: Type.String(),
    cadence: Type.Enum([...cadences]),
    source: Type.String(),
    owner: word('Who answers for it.'),
    period: word('The last period with a value.'),
    value: number('What it was then.'),
    value_low: number('Lower limit of its 95% interval.'),
    value_high: number('Upper limit.'),
    n: number('How many things it rests on.'),
    ...change,
    goals: Type.Array(Uuid, { description: 'The goals that are measured by it.' }),
    trend,
  },
  { $id: 'ScorecardMileMarker', additionalProperties: false },
);

const Attention = Type.Object(
  {
    about: Type.Enum(['goal', 'mile_marker']),
    id: Type.String({ description: 'The id of the goal, or the key of the mile marker.' }),
    name: Type.String(),
    reason: Type.Enum([...reasons]),
    sentence: Type.String({ description: 'What is the matter.' }),
  },
  { $id: 'Attention', additionalProperties: false },
);

export const Scorecard = Type.Object(
  {
    question: Type.String(),
    reads_as: Type.String({ description: 'The whole in a sentence.' }),
    today: Type.String({ ...CalendarDate, description: 'The day in the reporting time zone.' }),
    time_zone: Type.String(),
    currency: Type.String(),
    unit: nullable(closed({ key: Type.String(), name: Type.String() })),
    vision: nullable(closed({ id: Uuid, statement: Type.String(), published_at: Timestamp })),
    attention: Type.Array(ref(Attention), { description: 'What needs attention, the most pressing first.' }),
    goals: Type.Array(ref(ScorecardGoal), {
      description: 'The published ones, also for 90 days after their last day.',
    }),
    mile_markers: Type.Array(ref(ScorecardMileMarker)),
    fresh: closed({ pending: Type.Integer({ description: 'Customers or facts that this answer does not hold yet.' }) }),
    warnings: Type.Array(Type.String()),
  },
  { $id: 'Scorecard', additionalProperties: false, description: 'Every goal and mile marker at a glance.' },
);
