import { type Share, wilson } from '../../stats/intervals.ts';
import { clusteredProportion, type RatioGroup, ratioDifference } from '../../stats/jackknife.ts';
import { shareDifference } from '../../stats/shares.ts';
import { tTest } from '../../stats/tests.ts';

/** How many of how many did it, by the 32 groups of customers. */
export interface GroupedShare {
  groups: readonly RatioGroup[];
  /** How many people are among those who might have done it. */
  people: number;
}

/** A share with its 95% interval; null where it cannot be told. */
export interface ShareFigure {
  value: number | null;
  low: number | null;
  high: number | null;
}

/** First share minus second, with its 95% interval and the two-sided p. */
export interface ShareContrast {
  difference: number | null;
  low: number | null;
  high: number | null;
  p: number | null;
}

export const noContrast: ShareContrast = { difference: null, low: null, high: null, p: null };

/** The sum over all groups. */
export function sumOf({ groups }: GroupedShare): Share {
  let [successes, n] = [0, 0];
  for (const { numerator, denominator } of groups) {
    successes += numerator;
    n += denominator;
  }
  return { successes, n };
}

/**
 * A share as Wilson and Newcombe take it: where people count more than once, n is divided by the design effect. Where
 * nobody or everybody did it nothing tells the design effect, so people are counted instead.
 */
function effective(share: GroupedShare): Share | null {
  const { successes, n } = sumOf(share);
  if (n === share.people) return { successes, n };
  const design_effect = clusteredProportion(share.groups)?.design_effect ?? null;
  if (design_effect === null) return null;
  const counted = successes === 0 || successes === n ? share.people : n / design_effect;
  return { successes: (successes / n) * counted, n: counted };
}

/** A share with Wilson's interval, which allows for people who count more than once. */
export function shareFigure(share: GroupedShare): ShareFigure {
  const { successes, n } = sumOf(share);
  if (n === 0) return { value: null, low: null, high: null };
  const told = effective(share);
  const interval = told && wilson(told);
  return { value: successes / n, low: interval?.low ?? null, high: interval?.high ?? null };
}

/**
 * The difference of two shares of different responses. Where everybody counts once in the two together: Newcombe. Else
 * the delete-a-group jackknife on the difference itself, since the same people may be in both.
 * @param everybodyOnce - whether nobody counts twice in the two together
 */
export function shareContrast(first: GroupedShare, second: GroupedShare, everybodyOnce: boolean): ShareContrast {
  const [one, other] = [sumOf(first), sumOf(second)];
  if (one.n === 0 || other.n === 0) return noContrast;
  const difference = one.successes / one.n - other.successes / other.n;
  const ratio = everybodyOnce ? null : ratioDifference(first.groups, second.groups);
  // A standard error of 0 is where all on a side did alike, which is no reason to be certain.
  if (ratio && ratio.standard_error !== 0) {
    const { low, high, p } = tTest(ratio.estimate, ratio.standard_error, ratio.df);
    return { difference, low, high, p };
  }
  const shares = [effective(first), effective(second)] as const;
  const found = shares[0] && shares[1] && shareDifference(shares[0], shares[1]);
  return { difference, low: found?.low ?? null, high: found?.high ?? null, p: found?.p ?? null };
}
