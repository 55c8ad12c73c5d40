import { Type } from 'typebox';
import { CalendarDate, Key, nullable } from '../../http/schemas.ts';
import { day, declareNoun, type GivenOf, moment, type RowOf, text } from '../../managed/declare.ts';

const level = (description: string) => nullable(Type.Number({ minimum: -1e15, maximum: 1e15, description }));
const limit = (value: number, description: string) =>
  Type.Number({ minimum: -1000, maximum: 1000, default: value, description });
const keys = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
    maxItems: 50,
    uniqueItems: true,
    default: [],
    description,
  });
const result = (description: string) => Type.Enum(['pass', 'warn', 'fail'], { description });
const date = (description: string) => Type.String({ ...CalendarDate, description });
const measured = (description: string) => nullable(Type.Number({ description }));

/** What those who answer for a goal may say of it, in the words that the service uses too. */
const declaredStatuses = ['ahead', 'on_track', 'behind', 'at_risk', 'achieved', 'missed'] as const;

const Finding = Type.Object(
  {
    test: Type.Enum(['focus', 'teamwork', 'intrinsic']),
    rule: Type.String({ description: 'The name of the rule, which stays.' }),
    result: Type.Enum(['warn', 'fail']),
    field: Type.String({ description: 'What to change.' }),
    finding: Type.String({ description: 'What is wrong, and what would be right.' }),
  },
  { additionalProperties: false },
);

export const goals = declareNoun({
  table: 'goals',
  one: 'goal',
  called: ['a goal', 'goals'],
  tag: 'Goals',
  description:
    'What is to be reached on a mile marker, by when, and by whom: a draft until it is published, which the three tests of a good goal guard.',
  key: 'id',
  required: {
    name: Type.String({ minLength: 1, maxLength: 200, description: 'What people call it.' }),
    mile_marker: Type.String({ ...Key, description: 'The key of the mile marker that it is measured by.' }),
    direction: Type.Enum(['increase_to', 'decrease_to', 'stay_above', 'stay_below', 'within_range'], {
      description:
        'Where it leads. `increase_to` and `decrease_to` go from the baseline to the target; the others hold the value against it the whole time.',
    }),
    starts_on: date('Its first day, in the reporting time zone.'),
    ends_on: date('Its last day.'),
  },
  optional: {
    baseline: level('Where it starts from; with `increase_to` and `decrease_to` it must be there.'),
    target: level('What is to be reached, or kept; null with `within_range`.'),
    target_low: level('The lower end, with `within_range` only.'),
    target_high: level('The upper end, with `within_range` only.'),
    committed: level('What was promised at the least: between the baseline and the target.'),
    stretch: level('What would be outstanding: beyond the target.'),
    unit: text(128, 'The unit that it is for; null for the whole company.'),
    owner: text(128, 'Who answers for it.'),
    discussed_every: Type.Enum(['week', 'two_weeks', 'month', 'quarter'], {
      default: 'month',
      description: 'How often it is to be talked about.',
    }),
    behaviours: keys('The behaviours that it is to draw attention to.'),
    guard_mile_markers: keys('Mile markers that would show if it were reached at the cost of something else.'),
    outcome_mile_marker: nullable(
      Type.String({
        ...Key,
        description: 'The mile marker of the result that it is for: the destination it leads to.',
      }),
    ),
    gaming_risk: text(2000, 'How could the number be reached without the behaviour? Who asked finds out in time.'),
    accountable: Type.Enum(['team', 'individual'], { default: 'team', description: 'Who is held to it.' }),
    ranks_people: Type.Boolean({ default: false, description: 'Whether people are ranked by it.' }),
    reward: Type.Enum(['none', 'recognition', 'prize', 'bonus', 'discipline'], {
      default: 'none',
      description: 'What follows for those who reach it, or do not.',
    }),
    ahead_below: limit(-5, 'Ahead: fewer points of the way behind what is expected than this.'),
    on_track_below: limit(16.5, 'On track: fewer than this.'),
    behind_below: limit(33, 'Behind: fewer than this; at risk from here on.'),
    declared_status: nullable(
      Type.Enum([...declaredStatuses], {
        description: 'How those who answer for it see it. It stands beside what was worked out, never instead of it.',
      }),
    ),
    declared_note: text(2000, 'Why they see it so.'),
  },
  derived: {
    focus: result('Does it draw attention to the behaviour that is wanted?'),
    teamwork: result('Does it promote working together?'),
    intrinsic: result('Does it rely on people wanting it, not on rewards?'),
    rules_not_passed: Type.Array(Type.String(), { description: 'The rules of the three tests that it does not pass.' }),
    published_at: moment('Since when it counts; null for a draft.'),
    published_by: nullable(Type.String({ description: 'The API key that published it.' })),
    exception: nullable(Type.String({ description: 'Why it was published though a test failed.' })),
    dropped_at: moment('Since when it is no longer pursued.'),
    dropped_because: nullable(Type.String({ description: 'Why it is no longer pursued.' })),
    state: nullable(
      Type.Enum(
        [
          'ahead',
          'on_track',
          'behind',
          'at_risk',
          'achieved',
          'sustaining',
          'missed',
          'dropped',
          'inconclusive',
          'no_data',
          'not_started',
        ],
        {
          description:
            'How it stood when the service last looked, within ten minutes; null for a draft. `inconclusive`: the interval of the value has what was expected within it.',
        },
      ),
    ),
    state_since: moment('Since when it has this state.'),
    stood_at: moment('When the service last looked.'),
    value: measured('The value of the last period that was measured within its days.'),
    value_low: measured('The lower end of its 95% interval.'),
    value_high: measured('The upper end.'),
    measured_from: day('The first day of that period.'),
    measured_to: day('The day after its last.'),
    progress: measured('The share of the way from the baseline to the target: below 0 and above 1 where it is.'),
    expected_progress: measured('The share that was expected at the end of that period.'),
  },
  computed: {
    findings: Type.Array(Finding, { description: 'What the three tests say of it.' }),
    last_discussed_on: day('When it was last talked about.'),
  },
  filters: ['mile_marker', 'unit', 'owner', 'state', 'focus', 'teamwork', 'intrinsic'],
  example: {
    name: 'Fewer detractors by summer',
    mile_marker: 'nps',
    direction: 'increase_to',
    starts_on: '2026-01-01',
    ends_on: '2026-06-30',
    baseline: 20,
    target: 35,
    owner: 'Ines',
    behaviours: ['keep-your-word'],
    outcome_mile_marker: 'retention',
    gaming_risk: 'Only happy customers are asked.',
  },
});

export type GoalRow = RowOf<typeof goals>;
export type GivenGoal = GivenOf<typeof goals>;

/** What a goal is measured by: it stays as it was when the goal was published. */
export const terms = [
  'mile_marker',
  'direction',
  'starts_on',
  'ends_on',
  'baseline',
  'target',
  'target_low',
  'target_high',
  'unit',
] as const satisfies readonly (keyof GivenGoal)[];
