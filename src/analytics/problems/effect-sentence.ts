import { type ShareContrast, shareFigure } from '../../stats/shares.ts';
import { association } from '../outcomes/sentences.ts';
import { counted, inResponses, percent } from '../words.ts';
import type { EffectContrasts, EffectSums } from './effect-sums.ts';
import { points } from './sentences.ts';

/** What became of the problem, and whether that was more than the other problems went through at the same time. */
export function effectSentence(
  { name, days, fixed_at }: { name: string; days: number; fixed_at: Date },
  { before, after, others }: EffectSums,
  { share, difference_in_differences: net }: EffectContrasts,
  isHidden: boolean,
): string {
  if (days === 0)
    return `Nothing can be told of the effect on '${name}' yet: no whole day of responses is known since ${fixed_at.toISOString()}.`;
  const period = days === 1 ? 'the day' : `the ${days} days`;
  if (isHidden) return `Too few people named '${name}' around the fix to tell of it.`;
  if (!share)
    return `Too few responses around the fix to tell of '${name}': ${inResponses(before.n)} in ${period} before it, ${counted(after.n)} in ${period} after it.`;
  const of = (at: typeof before) => percent(shareFigure(at.share).value ?? 0);
  const change =
    `'${name}' is in ${of(after)} of the responses of ${period} after the fix and was in ${of(before)} of those of ${period} before it ` +
    `(${inResponses(after.n)} and ${counted(before.n)}): ${changeText(share)}.`;
  if (!net || net.difference === null) return others.length === 0 ? `${change} ${association}` : change;
  return `${change} Less the change of the other problems at the same time, ${changeText(net)}. ${association}`;
}

/** `it fell by 37.5 points (95% interval 17.4 to 53.9 points)`, of a change of a share. */
export function changeText({ difference, low, high }: ShareContrast): string {
  const change = difference ?? 0;
  const moved = `it ${change < 0 ? 'fell' : 'rose'} by ${points(change)} points`;
  if (low === null || high === null) return `${moved}, without an interval`;
  if (low <= 0 && high >= 0)
    return `no change was found (95% interval ${points(low)} points less to ${points(high)} points more)`;
  const [near, far] = change < 0 ? [high, low] : [low, high];
  return `${moved} (95% interval ${points(near)} to ${points(far)} points)`;
}
