/** A segment in two periods: how many responses, and their score; the score is null where there is no response. */
export interface MixSegment {
  n_before: number;
  score_before: number | null;
  n_after: number;
  score_after: number | null;
}

/** Why a score moved, in points. `change` is the sum of the other two. */
export interface MixChange {
  change: number;
  /** What the change of the segments' shares does. */
  mix: number;
  /** What the change of the scores inside the segments does. */
  within: number;
}

/**
 * Splits the change of a score exactly: change = sum of dw x mean(score) + sum of mean(w) x dscore over the segments,
 * where w is a segment's share of the responses, d is after minus before, and mean is that of the two periods.
 * The segments must be all there are. One that is in a single period cannot have changed inside, so all of it is mix.
 * E. M. Kitagawa (1955), JASA 50, 1168-1194.
 *
 * @returns null when either period has no response.
 */
export function mixChange(segments: readonly MixSegment[]): MixChange | null {
  const before = segments.reduce((sum, segment) => sum + segment.n_before, 0);
  const after = segments.reduce((sum, segment) => sum + segment.n_after, 0);
  if (!(before > 0 && after > 0)) return null;
  let mix = 0;
  let within = 0;
  for (const segment of segments) {
    const w0 = segment.n_before / before;
    const w1 = segment.n_after / after;
    const s0 = segment.score_before ?? segment.score_after ?? 0;
    const s1 = segment.score_after ?? s0;
    mix += (w1 - w0) * ((s0 + s1) / 2);
    within += ((w0 + w1) / 2) * (s1 - s0);
  }
  return { change: mix + within, mix, within };
}
