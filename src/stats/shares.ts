import { normalP } from './distributions.ts';
import { type Interval, newcombe, type Share } from './intervals.ts';

/** A difference of two shares, first minus second, with its 95% interval and its two-sided p. */
export interface ShareDifference extends Interval {
  difference: number;
  p: number;
}

/**
 * The difference of two independent shares with Newcombe's interval, and the p that belongs to that interval: the level
 * at which it just touches 0. So p is below 0.05 exactly where the interval lies on one side of 0, which a z or t test
 * beside it does not promise; and p exists where nobody did it on one side and everybody on the other.
 *
 * @returns null when either side has no Wilson interval.
 */
export function shareDifference(first: Share, second: Share): ShareDifference | null {
  const interval = newcombe(first, second);
  if (!interval) return null;
  const { difference } = interval;
  const [higher, lower] = difference >= 0 ? [first, second] : [second, first];
  // How far the interval of quantile z lies beyond 0; it grows with z.
  const beyond = (z: number) => Math.hypot(toWilson(higher, -z), toWilson(lower, z)) - Math.abs(difference);
  let [low, high] = [0, 1];
  while (beyond(high) < 0 && high < 1e6) [low, high] = [high, 2 * high];
  for (let halvings = 0; halvings < 60; halvings++) {
    const middle = (low + high) / 2;
    if (beyond(middle) < 0) low = middle;
    else high = middle;
  }
  return { ...interval, p: difference === 0 ? 1 : (normalP(low) ?? 0) };
}

/** From a share to the limit of its Wilson interval of quantile |z|: the lower one where z is below 0. */
function toWilson({ successes, n }: Share, z: number): number {
  const root = z * Math.sqrt((successes / n) * (n - successes) + z ** 2 / 4);
  return (successes + z ** 2 / 2 + root) / (n + z ** 2) - successes / n;
}
