import { type RatioGroup, ratioDifference } from '../../stats/jackknife.ts';
import { type Difference, tTest } from '../../stats/tests.ts';
import type { Question } from '../question.ts';
import { filledGroups } from '../sums.ts';
import type { Association } from './read.ts';

/** How much more satisfied responses were followed by than others; the difference is null where it is not told. */
export interface Gain extends Omit<Difference, 'difference'> {
  /** Responses on both sides. */
  n: number;
  difference: number | null;
}

const countOf = (groups: readonly RatioGroup[]) => groups.reduce((sum, { denominator }) => sum + denominator, 0);

/** Satisfied responses at a moment against the others, by an outcome; each side needs min_n responses. */
export function gainOf(
  association: Association | undefined,
  outcome: 'retention' | 'revenue',
  question: Question,
): Gain {
  const sides = association ? [association.satisfied[outcome], association.others[outcome]] : [];
  const counts = sides.map(countOf);
  const n = counts.reduce((sum, count) => sum + count, 0);
  const [satisfied, others] = sides;
  const isTold =
    satisfied !== undefined &&
    others !== undefined &&
    counts.every((count) => count >= question.min_n) &&
    // At least as many people as groups of customers that somebody is in.
    sides.every((side) => filledGroups(side.map(({ denominator }) => denominator)) >= question.fewest_people);
  const found = isTold ? ratioDifference(satisfied, others) : null;
  if (!found) return { n, difference: null, standard_error: null, t: null, df: null, p: null, low: null, high: null };
  return { n, ...tTest(found.estimate, found.standard_error, found.df) };
}
