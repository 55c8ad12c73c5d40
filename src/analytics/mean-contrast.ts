import { type RatioGroup, ratioContrast } from '../stats/jackknife.ts';
import { noContrast, type ShareContrast } from '../stats/shares.ts';
import { tTest, welchContrast } from '../stats/tests.ts';

/** A mean over responses: its sums by the 32 groups of customers, and the variance over responses. */
export interface GroupedMean {
  n: number;
  mean: number;
  variance: number | null;
  groups: readonly RatioGroup[];
}

/**
 * A weighted sum of means of different responses, such as a difference or a difference of differences. Where everybody
 * counts once in all of them together: Welch. Else the delete-a-group jackknife, since the same people may be in several.
 */
export function meanContrast(
  terms: readonly { weight: number; of: GroupedMean }[],
  everybodyOnce: boolean,
): ShareContrast {
  if (everybodyOnce) return welchContrast(terms) ?? noContrast;
  const found = ratioContrast(terms.map(({ weight, of }) => ({ weight, groups: of.groups })));
  return found ? tTest(found.estimate, found.standard_error, found.df) : noContrast;
}
