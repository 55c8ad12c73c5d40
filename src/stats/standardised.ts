import { isOnlyRounding } from './intervals.ts';
import type { Estimate, RatioGroup } from './jackknife.ts';

/** A segment of two bands: numerators and denominators (responses) of each by the same groups of customers. */
export interface Stratum {
  first: readonly RatioGroup[];
  second: readonly RatioGroup[];
}

/**
 * The difference of two means, first minus second, that both would have with the same mix of strata: the sum over strata
 * of w (mean of first - mean of second), where w is the share of the stratum in the responses of both together (direct
 * standardisation). The weights are estimated too, so the delete-a-group jackknife (see `ratioEstimate`) works them out
 * anew without each group. Degrees of freedom by the cautious rule of `ratioContrast`: the groups in which the one of the
 * two with fewer has somebody, less one.
 *
 * @returns null without strata, and where a stratum has no response on a side. Standard error and df are null with fewer
 * than two groups on a side, and where a stratum has no response on a side without one of them.
 */
export function standardisedDifference(strata: readonly Stratum[]): Estimate | null {
  const size = Math.max(0, ...strata.map(({ first }) => first.length));
  const estimate = differenceWithout(strata, -1);
  if (estimate === null) return null;
  const filled = (side: keyof Stratum) =>
    Array.from({ length: size }, (_, g) => g).filter((g) =>
      strata.some(({ [side]: groups }) => (groups[g]?.denominator ?? 0) > 0),
    );
  const sides = [filled('first'), filled('second')] as const;
  const left = [...new Set(sides.flat())];
  const df = Math.min(...sides.map((groups) => groups.length)) - 1;
  let squares = 0;
  for (const g of left) {
    const without = differenceWithout(strata, g);
    if (without === null || df < 1) return { estimate, standard_error: null, df: null };
    squares += (without - estimate) ** 2;
  }
  const standardError = Math.sqrt((squares * (left.length - 1)) / left.length);
  return { estimate, standard_error: isOnlyRounding(standardError, estimate) ? 0 : standardError, df };
}

function differenceWithout(strata: readonly Stratum[], g: number): number | null {
  let weighted = 0;
  let n = 0;
  for (const { first, second } of strata) {
    const one = sumWithout(first, g);
    const other = sumWithout(second, g);
    if (!(one.denominator > 0 && other.denominator > 0)) return null;
    const weight = one.denominator + other.denominator;
    weighted += weight * (one.numerator / one.denominator - other.numerator / other.denominator);
    n += weight;
  }
  return n > 0 ? weighted / n : null;
}

/** Added up, not the total less one, so that nothing stays exactly 0. */
function sumWithout(groups: readonly RatioGroup[], without: number): RatioGroup {
  let numerator = 0;
  let denominator = 0;
  for (const [g, group] of groups.entries()) {
    if (g === without) continue;
    numerator += group.numerator;
    denominator += group.denominator;
  }
  return { numerator, denominator };
}
