import type { Client } from '../../db/pool.ts';
import { conflict, type FieldError, refuse } from '../../errors.ts';
import { unknownReferences } from '../../managed/references.ts';
import { type GivenGoal, type GoalRow, terms } from './goal.ts';
import { findingsOf, resultOf } from './three-tests.ts';

/**
 * What follows from what a goal says, and whether it may say so.
 * @returns the results of the three tests
 * @throws ApiError 409 for the terms of one that is published, 422 for what does not fit together or is not there
 */
export async function checkGoal(client: Client, goal: GivenGoal, before: GoalRow | undefined) {
  if (before) requireSameTerms(goal, before);
  const errors = [
    ...wrongTerms(goal),
    ...(await unknownReferences(client, goal, before, ['unit'])),
    ...(await unknownIn(client, goal, before)),
  ];
  refuse(errors);
  const findings = findingsOf(goal);
  return {
    focus: resultOf('focus', findings),
    teamwork: resultOf('teamwork', findings),
    intrinsic: resultOf('intrinsic', findings),
    rules_not_passed: findings.map(({ rule }) => rule),
  };
}

/** Goal posts do not move: what a goal is measured by stays from when it is published. */
function requireSameTerms(goal: GivenGoal, before: GoalRow): void {
  if (before.dropped_at !== null)
    throw conflict('dropped', 'The goal was dropped and stays as it was. Make a new one.');
  if (before.published_at === null) return;
  const moved = terms.filter((name) => goal[name] !== before[name]);
  if (moved.length > 0)
    throw conflict(
      'published',
      `The goal is published, so ${moved.join(', ')} ${moved.length === 1 ? 'stays' : 'stay'}. Drop it and make a new one.`,
    );
}

/** What of the numbers and days does not fit together. */
function wrongTerms(goal: GivenGoal): FieldError[] {
  const { direction, baseline, target, target_low, target_high, committed, stretch, starts_on, ends_on } = goal;
  const errors: FieldError[] = [];
  const wrong = (field: keyof GivenGoal, code: string, detail: string) =>
    errors.push({ pointer: `/${field}`, code, detail });
  if (ends_on < starts_on) wrong('ends_on', 'before_start', `It ends before it starts, on ${starts_on}.`);
  if (direction === 'within_range') {
    if (target !== null)
      wrong('target', 'not_with_range', 'With within_range send target_low and target_high instead.');
    if (target_low === null) wrong('target_low', 'required', 'With within_range it must be there.');
    if (target_high === null) wrong('target_high', 'required', 'With within_range it must be there.');
    if (target_low !== null && target_high !== null && target_low >= target_high)
      wrong('target_high', 'not_above_low', 'It must be above target_low.');
    for (const field of ['committed', 'stretch'] as const)
      if (goal[field] !== null) wrong(field, 'not_with_range', 'A range has neither a promise nor a stretch.');
    return [...errors, ...wrongLimits(goal)];
  }
  for (const field of ['target_low', 'target_high'] as const)
    if (goal[field] !== null) wrong(field, 'only_with_range', 'It goes with within_range only.');
  if (target === null) {
    wrong('target', 'required', `With ${direction} it must be there.`);
    return [...errors, ...wrongLimits(goal)];
  }
  const up = direction === 'increase_to' || direction === 'stay_above';
  const sign = up ? 1 : -1;
  const moves = direction === 'increase_to' || direction === 'decrease_to';
  if (moves && baseline === null) wrong('baseline', 'required', `With ${direction} it must be there.`);
  if (moves && baseline !== null && sign * (target - baseline) < 0)
    wrong('target', 'wrong_way', `With ${direction} it lies ${up ? 'above' : 'below'} the baseline of ${baseline}.`);
  if (committed !== null && sign * (target - committed) < 0)
    wrong('committed', 'beyond_target', 'The least that was promised does not lie beyond the target.');
  if (moves && committed !== null && baseline !== null && sign * (committed - baseline) < 0)
    wrong('committed', 'wrong_way', 'The least that was promised lies between the baseline and the target.');
  if (stretch !== null && sign * (stretch - target) < 0)
    wrong('stretch', 'short_of_target', 'What would be outstanding lies beyond the target.');
  return [...errors, ...wrongLimits(goal)];
}

function wrongLimits({ ahead_below, on_track_below, behind_below }: GivenGoal): FieldError[] {
  if (ahead_below < on_track_below && on_track_below < behind_below) return [];
  const detail = 'The limits rise: ahead_below < on_track_below < behind_below.';
  return [{ pointer: '/on_track_below', code: 'not_in_order', detail }];
}

/** The mile markers and behaviours that it names anew and that are not there, or no longer in use. */
async function unknownIn(client: Client, goal: GivenGoal, before: GoalRow | undefined): Promise<FieldError[]> {
  const list = (field: 'guard_mile_markers' | 'behaviours', one: string) =>
    goal[field].flatMap((key, at) => (before?.[field].includes(key) ? [] : [{ pointer: `/${field}/${at}`, one, key }]));
  const single = (field: 'mile_marker' | 'outcome_mile_marker') => {
    const key = goal[field];
    return key === null || key === before?.[field] ? [] : [{ pointer: `/${field}`, one: 'mile_marker', key }];
  };
  const named = [
    ...single('mile_marker'),
    ...single('outcome_mile_marker'),
    ...list('guard_mile_markers', 'mile_marker'),
    ...list('behaviours', 'behaviour'),
  ];
  const lacking = await client.rows<{ place: number }>(
    `select place::int4 as place from unnest($1::text[], $2::text[]) with ordinality as named(one, key, place)
     where not case one
       when 'mile_marker' then exists (select from mile_markers m where m.key = named.key and m.archived_at is null)
       else exists (select from behaviours b where b.key = named.key and b.archived_at is null) end
     order by place`,
    [named.map(({ one }) => one), named.map(({ key }) => key)],
  );
  return lacking.flatMap(({ place }) => {
    const found = named[place - 1];
    if (!found) return [];
    const { pointer, one, key } = found;
    const detail = `There is no ${one.replaceAll('_', ' ')} '${key}' in use. GET /v1/${one.replaceAll('_', '-')}s lists them.`;
    return [{ pointer, code: `unknown_${one}`, detail }];
  });
}
