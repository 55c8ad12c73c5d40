/** A segment in two periods: how many responses, and their score; the score is null where there is no response. */
export interface MixSegment {
  n_before: number;
  score_before: number | null;
  /** Of what one response adds to the score; only for the errors. */
  variance_before?: number | null;
  n_after: number;
  score_after: number | null;
  variance_after?: number | null;
}

/** Why a score moved, in points. `change` is the sum of the other two. */
export interface MixEffects {
  change: number;
  /** What the change of the segments' shares does. */
  mix: number;
  /** What the change of the scores inside the segments does. */
  within: number;
}

export interface MixChange extends MixEffects {
  /** What each segment adds, in their order. */
  segments: Pick<MixEffects, 'mix' | 'within'>[];
  /** Standard errors, by the delta method for responses that are drawn independently in each period. */
  errors: MixEffects;
}

/**
 * Splits the change of a score exactly: change = sum of dw x mean(score) + sum of mean(w) x dscore over the segments,
 * where w is a segment's share of the responses, d is after minus before, and mean is that of the two periods.
 * The segments must be all there are. One that is in a single period cannot have changed inside, so all of it is mix.
 * E. M. Kitagawa (1955), JASA 50, 1168-1194.
 *
 * What one segment adds to the mix is told about the mean of the two whole scores, dw x (mean(score) - whole): a segment
 * that grows raises the score only if it scores above the whole. As the shares sum to 1, the sum is the same.
 *
 * @returns null when either period has no response.
 */
export function mixChange(segments: readonly MixSegment[]): MixChange | null {
  const before = segments.reduce((sum, segment) => sum + segment.n_before, 0);
  const after = segments.reduce((sum, segment) => sum + segment.n_after, 0);
  if (!(before > 0 && after > 0)) return null;
  const parts = segments.map((segment): Part => {
    const w0 = segment.n_before / before;
    const w1 = segment.n_after / after;
    const s0 = segment.score_before ?? segment.score_after ?? 0;
    const s1 = segment.score_after ?? s0;
    const both = segment.n_before > 0 && segment.n_after > 0;
    return {
      w0,
      w1,
      mean: (s0 + s1) / 2,
      moved: s1 - s0,
      v0: segment.variance_before ?? 0,
      v1: segment.variance_after ?? 0,
      both,
    };
  });
  const mix = sumOf(parts, ({ w0, w1, mean }) => (w1 - w0) * mean);
  const within = sumOf(parts, ({ w0, w1, moved }) => ((w0 + w1) / 2) * moved);
  const whole = sumOf(parts, ({ w0, w1, mean, moved }) => (w0 * (mean - moved / 2) + w1 * (mean + moved / 2)) / 2);
  return {
    change: mix + within,
    mix,
    within,
    segments: parts.map(({ w0, w1, mean, moved }) => ({
      mix: (w1 - w0) * (mean - whole),
      within: ((w0 + w1) / 2) * moved,
    })),
    errors: {
      change: errorOf(parts, before, after, { mix: 1, within: 1 }),
      mix: errorOf(parts, before, after, { mix: 1, within: 0 }),
      within: errorOf(parts, before, after, { mix: 0, within: 1 }),
    },
  };
}

/** A segment by its shares w, the mean and the move of its score, and the variances v inside it. */
interface Part {
  w0: number;
  w1: number;
  mean: number;
  moved: number;
  v0: number;
  v1: number;
  /** Whether it has responses in both periods. */
  both: boolean;
}

/**
 * The error of a sum of effects. One response of segment g in a period moves the shares of that period, by which the
 * effect moves by `shift`, and the score of g, by which it moves by `slope` for each point: its variance is that of
 * shift over the segments, plus slope^2 x the variance inside.
 */
function errorOf(parts: Part[], before: number, after: number, of: { mix: number; within: number }): number {
  const variance = (n: number, sign: 1 | -1, w: (part: Part) => number, v: (part: Part) => number): number => {
    const shift = ({ mean, moved }: Part) => of.mix * sign * mean + (of.within * moved) / 2;
    const middle = sumOf(parts, (part) => w(part) * shift(part));
    const spread = sumOf(parts, (part) => w(part) * (shift(part) - middle) ** 2);
    const inside = sumOf(parts, (part) => {
      if (w(part) === 0) return 0;
      const { w0, w1, both } = part;
      const slope = of.mix * (w1 - w0) * (both ? 0.5 : 1) + (both ? (of.within * sign * (w0 + w1)) / 2 : 0);
      return (slope ** 2 / w(part)) * v(part);
    });
    return (spread + inside) / n;
  };
  return Math.sqrt(
    variance(
      before,
      -1,
      ({ w0 }) => w0,
      ({ v0 }) => v0,
    ) +
      variance(
        after,
        1,
        ({ w1 }) => w1,
        ({ v1 }) => v1,
      ),
  );
}

const sumOf = (parts: Part[], of: (part: Part) => number) => parts.reduce((sum, part) => sum + of(part), 0);
