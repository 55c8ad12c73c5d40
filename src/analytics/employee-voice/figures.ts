import type { Share } from '../../stats/intervals.ts';
import { kaplanMeier, medianSurvival } from '../../stats/survival.ts';
import { type AnswerRow, rounded } from '../answer.ts';
import { figureColumns, rateColumns } from '../columns.ts';
import { byGroup, type GroupKey } from '../sums.ts';
import type { Voice } from './read.ts';

/** What employees of one group said and did. */
export interface VoicePart extends GroupKey, Omit<Voice, 'archived'> {}

/** The rows of the answer: one a group, or one for all, also where there is nothing. */
export function partsOf({ suggestions, obstacles, actions }: Voice, isGrouped: boolean): VoicePart[] {
  const whole: VoicePart = { survey: '', groups: [], suggestions, obstacles, actions };
  if (!isGrouped) return [whole];
  const found = new Map<string, VoicePart>();
  const partOf = ({ groups }: { groups: (string | null)[] }) => {
    const text = JSON.stringify(groups);
    const part = found.get(text) ?? { survey: '', groups, suggestions: [], obstacles: [], actions: [] };
    found.set(text, part);
    return part;
  };
  for (const one of suggestions) partOf(one).suggestions.push(one);
  for (const one of obstacles) partOf(one).obstacles.push(one);
  for (const one of actions) partOf(one).actions.push(one);
  return [...found.values()].sort(byGroup);
}

const everything = ({ suggestions, obstacles, actions }: VoicePart) => [...suggestions, ...obstacles, ...actions];

/** How many different employees are named. */
const employeesIn = (part: VoicePart) => new Set(everything(part).flatMap(({ by }) => (by === null ? [] : [by]))).size;

/** At least how many people stand behind a row, where everything that names nobody is somebody's. */
export const peopleIn = (part: VoicePart) =>
  employeesIn(part) + everything(part).filter(({ by }) => by === null).length;

/** How many of those of whom it is known. */
function shareOf<T>(rows: readonly T[], known: (row: T) => boolean | null): Share {
  const values = rows.map(known).filter((value) => value !== null);
  return { successes: values.filter(Boolean).length, n: values.length };
}

export const answeredOf = ({ suggestions }: VoicePart) => shareOf(suggestions, ({ answered }) => answered);
export const incorporatedOf = ({ suggestions }: VoicePart) =>
  shareOf(suggestions, ({ answered, incorporated }) => (answered ? incorporated : null));
export const withinLimitOf = ({ actions }: VoicePart) => shareOf(actions, ({ within_limit }) => within_limit);
export const avoidedOf = ({ actions }: VoicePart) => shareOf(actions, ({ follow_up_avoided }) => follow_up_avoided);
export const fixedIn = ({ obstacles }: VoicePart) => obstacles.filter(({ fixed }) => fixed).length;

/** The value of the actions that have one in the reporting currency, and how many these are. */
export function worthOf({ actions }: VoicePart): { value: number; n: number } {
  const known = actions.flatMap(({ value }) => (value === null ? [] : [value]));
  return { value: known.reduce((sum, value) => sum + value, 0), n: known.length };
}

/** The median days to an answer; suggestions without one count for as long as they wait. */
export const daysToAnswer = ({ suggestions }: VoicePart) =>
  medianSurvival(kaplanMeier(suggestions.map(({ days, answered }) => ({ duration: days, event: answered, count: 1 }))));

/** The median days to a fix; obstacles without one count for as long as they are there. */
export const daysToFix = ({ obstacles }: VoicePart) =>
  medianSurvival(kaplanMeier(obstacles.map(({ days, fixed }) => ({ duration: days, event: fixed, count: 1 }))));

const unknown = { median: null, low: null, high: null };

/**
 * The figures of a row. `isHidden`: all are null, for readers who may not see people. Otherwise counts are told, and
 * other figures where they rest on at least `min_n`.
 */
export function figuresOf(part: VoicePart, isHidden: boolean, min_n: number): AnswerRow {
  const { suggestions, obstacles, actions } = part;
  const count = (n: number) => (isHidden ? null : n);
  const rate = (name: string, share: Share) => rateColumns(name, isHidden ? null : share, min_n);
  const days = (
    name: string,
    n: number,
    median: () => { median: number | null; low: number | null; high: number | null },
  ) => {
    const found = !isHidden && n >= min_n ? median() : unknown;
    return figureColumns(name, found.median, found.low, found.high);
  };
  const { value, n } = worthOf(part);
  return {
    employees: count(employeesIn(part)),
    suggestions: count(suggestions.length),
    suggestions_answered: count(answeredOf(part).successes),
    suggestions_incorporated: count(incorporatedOf(part).successes),
    ...rate('answered_rate', answeredOf(part)),
    ...days('days_to_answer', suggestions.length, () => daysToAnswer(part)),
    ...rate('incorporated_rate', incorporatedOf(part)),
    obstacles: count(obstacles.length),
    obstacles_fixed: count(fixedIn(part)),
    obstacles_declined: count(obstacles.filter(({ declined }) => declined).length),
    ...days('days_to_fix', obstacles.length, () => daysToFix(part)),
    empowerment_actions: count(actions.length),
    ...rate('within_limit_rate', withinLimitOf(part)),
    value: isHidden || n < min_n ? null : rounded(value),
    value_n: count(n),
    ...rate('follow_up_avoided_rate', avoidedOf(part)),
  };
}
