import type { AnswerRow } from './answer.ts';
import type { Question } from './question.ts';

/** A finding counted over groups: in how many it holds one way, and in how many the other. */
interface Tally {
  /** `In the 180 days after answering,` */
  opening: string;
  more: { claim: string; count: number; example: string };
  /** `again` is the claim where the rest was said before: `less`. */
  less: { claim: string; again: string; count: number; example: string };
  /** `no difference in spending was found` */
  none: string;
  told: number;
  noun: string;
  tests: number;
}

/** `In ..., promoters spent more in 2 of 4 segments (...), less in 1 (...), and no difference was found in 1.` */
export function tallySentence({ opening, more, less, none, told, noun, tests }: Tally): string {
  const of = (count: number) => `${count < told ? `${count} of ${told}` : told === 2 ? 'both' : `all ${told}`} ${noun}`;
  const rest = told - more.count - less.count;
  const parts: string[] = [];
  if (more.count > 0) parts.push(`${more.claim} in ${of(more.count)}${more.example}`);
  if (less.count > 0 && parts.length === 0) parts.push(`${less.claim} in ${of(less.count)}${less.example}`);
  else if (less.count > 0) parts.push(`${rest > 0 ? '' : 'and '}${less.again} in ${less.count}${less.example}`);
  if (rest > 0)
    parts.push(parts.length > 0 ? `and no difference was found in ${rest}` : `${none} in any of ${told} ${noun}`);
  return `${opening} ${parts.join(', ')}${tests > 1 ? `, allowing for ${tests} comparisons at once` : ''}.`;
}

/**
 * What the groups that a sentence counts are called: `segments`, `surveys` without a grouping, `groups` where two things
 * tell them apart; of those that tell nothing it says so.
 */
export function groupsTold(rows: readonly AnswerRow[], told: number, { group_by }: Question): string {
  const keys = ['survey', ...group_by];
  const countOf = (names: readonly string[]) =>
    new Set(rows.map((row) => JSON.stringify(names.map((name) => row[name])))).size;
  const [only, another] = group_by;
  const noun = !only ? 'surveys' : another || countOf(['survey']) > 1 ? 'groups' : `${only}s`;
  return countOf(keys) > told ? `${noun} with enough responses` : noun;
}
