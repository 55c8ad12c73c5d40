import { normalP, z } from '../../stats/distributions.ts';
import { withQ } from '../../stats/tests.ts';
import { type AnswerRow, rounded } from '../answer.ts';
import { contrastColumns } from '../columns.ts';
import { type MixFound, scoreOf } from './mix-groups.ts';

/** One of the three: the change, and the two parts that it is the sum of. */
export interface MixEffect extends AnswerRow {
  effect: 'change' | 'mix' | 'score';
  difference: number | null;
  difference_low: number | null;
  difference_high: number | null;
  p: number | null;
  q: number | null;
}

/** The change and its two parts, with their intervals. */
export function effectsOf({ survey, isNps, whole, change, withheld }: MixFound): MixEffect[] {
  if (!change || withheld !== null) return [];
  const named = { change: 'change', mix: 'mix', score: 'within' } as const;
  const found = (['change', 'mix', 'score'] as const).map((effect) => {
    const difference = change[named[effect]];
    const error = change.errors[named[effect]];
    const isTold = error > 1e-9;
    return {
      effect,
      difference,
      // As of a t with endless degrees of freedom: each period has min_n responses at least.
      low: isTold ? difference - z * error : null,
      high: isTold ? difference + z * error : null,
      p: isTold ? normalP(difference / error) : null,
    };
  });
  return withQ(found).map(({ effect, ...contrast }) => ({
    survey,
    measure: isNps ? 'nps' : 'satisfied_rate',
    effect,
    before: effect === 'change' ? rounded(scoreOf(whole.before)) : null,
    after: effect === 'change' ? rounded(scoreOf(whole.now)) : null,
    ...contrastColumns(contrast),
  }));
}
