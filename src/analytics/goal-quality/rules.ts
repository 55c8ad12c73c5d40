/** A test of a good goal, and how many of its goals pass it. */
export const threeTests = ['focus', 'teamwork', 'intrinsic'] as const;
export type GoalTest = (typeof threeTests)[number];

/** What each test asks. */
export const asks: Record<GoalTest, string> = {
  focus: 'draws attention to the behaviour that is wanted',
  teamwork: 'promotes working together',
  intrinsic: 'relies on people wanting it, not on rewards',
};

/** The rules of the three tests, as goals name them in `rules_not_passed`, and what each finds. */
export const rules = {
  no_behaviour_linked: 'no behaviour is linked',
  gaming_not_considered: 'nobody has written down how it could be gamed',
  gaming_not_guarded: 'no mile marker would show that it is gamed',
  mile_marker_mistaken_for_destination: 'no result is linked that it is for',
  individual_accountable: 'a single person is held to it',
  people_ranked: 'people are ranked by it',
  bonus: 'a bonus hangs on it',
  discipline: 'missing it is punished',
  prize: 'a prize is promised for it',
} as const;
export type GoalRule = keyof typeof rules;
export const ruleNames = Object.keys(rules) as GoalRule[];
