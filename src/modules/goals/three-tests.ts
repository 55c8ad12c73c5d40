import type { GivenGoal } from './goal.ts';

type Test = 'focus' | 'teamwork' | 'intrinsic';

/** What a rule of the three tests finds. */
export interface Finding {
  test: Test;
  rule: string;
  result: 'warn' | 'fail';
  /** The field to change. */
  field: keyof GivenGoal;
  finding: string;
}

interface Rule extends Finding {
  broken: (goal: GivenGoal) => boolean;
}

/**
 * A good goal focuses attention on the behaviour that is wanted, promotes teamwork, and motivates from within. Each rule
 * looks at one field; its name stays.
 */
export const rules: readonly Rule[] = [
  {
    test: 'focus',
    rule: 'no_behaviour_linked',
    result: 'fail',
    field: 'behaviours',
    finding: 'No behaviour is linked, so it says what to reach and not what to do. Link at least one.',
    broken: ({ behaviours }) => behaviours.length === 0,
  },
  {
    test: 'focus',
    rule: 'gaming_not_considered',
    result: 'warn',
    field: 'gaming_risk',
    finding: 'Nobody has written down how the number could be reached without the behaviour.',
    broken: ({ gaming_risk }) => gaming_risk === null,
  },
  {
    test: 'focus',
    rule: 'gaming_not_guarded',
    result: 'warn',
    field: 'guard_mile_markers',
    finding: 'It is known how it could be gamed, and no mile marker would show it. Link one.',
    broken: ({ gaming_risk, guard_mile_markers, mile_marker }) =>
      gaming_risk !== null && guard_mile_markers.every((key) => key === mile_marker),
  },
  {
    test: 'focus',
    rule: 'mile_marker_mistaken_for_destination',
    result: 'warn',
    field: 'outcome_mile_marker',
    finding: 'A mile marker mistaken for the destination: link the mile marker of the result that it is for.',
    broken: ({ outcome_mile_marker, mile_marker }) =>
      outcome_mile_marker === null || outcome_mile_marker === mile_marker,
  },
  {
    test: 'teamwork',
    rule: 'individual_accountable',
    result: 'fail',
    field: 'accountable',
    finding: 'A single person is held to it, so helping others costs. Hold the team to it.',
    broken: ({ accountable }) => accountable === 'individual',
  },
  {
    test: 'teamwork',
    rule: 'people_ranked',
    result: 'fail',
    field: 'ranks_people',
    finding: 'People are ranked by it, so one gains when another loses. Compare the team with its own past.',
    broken: ({ ranks_people }) => ranks_people,
  },
  {
    test: 'intrinsic',
    rule: 'bonus',
    result: 'fail',
    field: 'reward',
    finding: 'Money hangs on it, so the number is worked for and not the customer. Take the bonus away from it.',
    broken: ({ reward }) => reward === 'bonus',
  },
  {
    test: 'intrinsic',
    rule: 'discipline',
    result: 'fail',
    field: 'reward',
    finding: 'Missing it is punished, so problems will be hidden. Ask what stands in the way instead.',
    broken: ({ reward }) => reward === 'discipline',
  },
  {
    test: 'intrinsic',
    rule: 'prize',
    result: 'warn',
    field: 'reward',
    finding: 'A prize draws attention to itself. Recognition that comes afterwards does not.',
    broken: ({ reward }) => reward === 'prize',
  },
];

/** What the rules of the three tests find in a goal, failures first. */
export const findingsOf = (goal: GivenGoal): Finding[] =>
  rules
    .filter(({ broken }) => broken(goal))
    .map(({ broken: _, ...finding }) => finding)
    .sort((one, other) => Number(one.result === 'warn') - Number(other.result === 'warn'));

/** How a goal does in a test: as badly as the worst of its findings. */
export function resultOf(test: Test, findings: readonly Finding[]): 'pass' | 'warn' | 'fail' {
  const results = findings.filter((finding) => finding.test === test).map(({ result }) => result);
  if (results.includes('fail')) return 'fail';
  return results.length > 0 ? 'warn' : 'pass';
}
