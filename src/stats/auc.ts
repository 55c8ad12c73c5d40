import { normalP, z } from './distributions.ts';
import { type Interval, isOnlyRounding } from './intervals.ts';

/** At each value of a score, in ascending order: how many of those with it did something, and how many did not. */
export interface Split {
  did: number;
  did_not: number;
}

/** The area under the ROC curve. p and the limits are null together. */
export interface Auc {
  did: number;
  did_not: number;
  /** The share of pairs in which the one who did has the higher score; a tie counts one half. */
  auc: number;
  /** Of auc = 1/2, two-sided. */
  p: number | null;
  low: number | null;
  high: number | null;
}

/**
 * The area under the ROC curve with Newcombe's interval, method 5: the values theta at which
 * |auc - theta| = z sqrt(V(theta)), where
 * V(theta) = theta (1 - theta) (1 + (N - 1) ((1 - theta) / (2 - theta) + theta / (1 + theta))) / (m n), N = (m + n) / 2.
 * R. G. Newcombe (2006), Statistics in Medicine 25, 559-573, after J. A. Hanley and B. J. McNeil (1982), Radiology 143,
 * 29-36. It keeps a width where all who did have the higher score. V(1/2) is (m + n + 1) / (12 m n), so p is that of the
 * Mann-Whitney test without its correction for ties, and below 0.05 exactly where the interval does not hold 1/2.
 *
 * @param groups the splits of each group of customers, all over the same values. With `independent` every customer
 * counts once. Else m and n are divided by the design effect: the variance of the delete-a-group jackknife over V(auc),
 * never below 1; where the area is 0 or 1 nothing tells it, and m and n are the groups with somebody in them as long
 * as some have nobody.
 * @returns null where all did, or none, and where all have the same score. p and limits are null where the jackknife has fewer than two groups or leaves
 * all, or none, that did.
 */
export function areaUnderCurve(groups: readonly (readonly Split[])[], independent: boolean): Auc | null {
  const whole = areaOf(groups);
  const values = groups[0]?.filter((_, at) => groups.some((splits) => peopleIn(splits[at]) > 0)) ?? [];
  if (!whole || values.length < 2) return null;
  const { auc, did, did_not } = whole;
  const effective = independent ? { m: did, n: did_not } : effectiveSizes(groups, whole);
  if (!effective) return { ...whole, p: null, low: null, high: null };
  const { m, n } = effective;
  return { ...whole, p: normalP((auc - 0.5) / Math.sqrt(variance(0.5, m, n))), ...newcombeAuc(auc, m, n) };
}

const peopleIn = (split: Split | undefined) => (split ? split.did + split.did_not : 0);

function areaOf(groups: readonly (readonly Split[])[]): { auc: number; did: number; did_not: number } | null {
  let below = 0;
  let pairs = 0;
  let did = 0;
  for (let at = 0; at < (groups[0]?.length ?? 0); at += 1) {
    let didHere = 0;
    let didNotHere = 0;
    for (const splits of groups) {
      didHere += splits[at]?.did ?? 0;
      didNotHere += splits[at]?.did_not ?? 0;
    }
    pairs += didHere * (below + didNotHere / 2);
    did += didHere;
    below += didNotHere;
  }
  return did > 0 && below > 0 ? { auc: pairs / did / below, did, did_not: below } : null;
}

function effectiveSizes(
  groups: readonly (readonly Split[])[],
  { auc, did, did_not }: { auc: number; did: number; did_not: number },
): { m: number; n: number } | null {
  const filled = groups.filter((splits) => splits.some((split) => peopleIn(split) > 0));
  if (filled.length < 2) return null;
  if (auc === 0 || auc === 1) {
    const holds = (which: keyof Split) => groups.filter((splits) => splits.some((split) => split[which] > 0)).length;
    const sizeOf = (which: keyof Split, n: number) => (holds(which) < groups.length ? holds(which) : n);
    return { m: sizeOf('did', did), n: sizeOf('did_not', did_not) };
  }
  let squares = 0;
  for (const left of filled) {
    const others = areaOf(filled.filter((splits) => splits !== left));
    if (!others) return null;
    squares += (others.auc - auc) ** 2;
  }
  const jackknife = (squares * (filled.length - 1)) / filled.length;
  const plain = variance(auc, did, did_not);
  const designEffect = isOnlyRounding(jackknife, plain) ? 1 : Math.max(1, jackknife / plain);
  return { m: did / designEffect, n: did_not / designEffect };
}

const variance = (theta: number, m: number, n: number) =>
  (theta * (1 - theta) * (1 + ((m + n) / 2 - 1) * ((1 - theta) / (2 - theta) + theta / (1 + theta)))) / (m * n);

function newcombeAuc(auc: number, m: number, n: number): Interval {
  const lower = (area: number) => {
    let [low, high] = [0, area];
    for (let halvings = 0; halvings < 60; halvings++) {
      const middle = (low + high) / 2;
      if (area - middle > z * Math.sqrt(Math.max(0, variance(middle, m, n)))) low = middle;
      else high = middle;
    }
    return low;
  };
  return { low: lower(auc), high: 1 - lower(1 - auc) };
}
