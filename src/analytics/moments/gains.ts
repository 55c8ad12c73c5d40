import { type RatioGroup, ratioDifference } from '../../stats/jackknife.ts';
import { noContrast, type ShareContrast, shareContrast } from '../../stats/shares.ts';
import { tTest } from '../../stats/tests.ts';
import type { Question } from '../question.ts';
import { filledGroups } from '../sums.ts';
import type { Association } from './read.ts';

/** How much more satisfied responses were followed by than others; the difference is null where it is not told. */
export interface Gain extends ShareContrast {
  /** Responses on both sides. */
  n: number;
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
  if (!isTold) return { n, ...noContrast };
  // How many customers they are is not counted.
  const share = (groups: readonly RatioGroup[]) => ({ groups, people: null });
  if (outcome === 'retention') return { n, ...shareContrast(share(satisfied), share(others), false) };
  const found = ratioDifference(satisfied, others);
  if (!found) return { n, ...noContrast };
  const { difference, low, high, p } = tTest(found.estimate, found.standard_error, found.df);
  return { n, difference, low, high, p };
}
