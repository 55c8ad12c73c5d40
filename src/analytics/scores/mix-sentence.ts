import type { AnswerRow } from '../answer.ts';
import { capital, inResponses, percent, tenths } from '../words.ts';
import type { MixEffect } from './mix-effects.ts';
import type { MixFound } from './mix-groups.ts';

/** Whether the score moved or the mix did, in words that a service manager can repeat. */
export function mixSentence(found: MixFound, effects: MixEffect[]): string {
  const { survey, isNps, question, before, whole, change, withheld, rows } = found;
  const noun = isNps ? `the NPS of '${survey}'` : `the share of satisfied responses to '${survey}'`;
  const [by = 'group'] = question.group_by;
  if (!whole.now || !whole.before)
    return `No response was found in ${whole.now ? 'the period before' : whole.before ? 'the period' : 'either period'}, so nothing is told of how ${noun} changed.`;
  const of = (name: string) => effects.find(({ effect }) => effect === name);
  const [all, mix, score] = [of('change'), of('mix'), of('score')];
  if (!change || withheld !== null || !all || !mix || !score)
    return `How ${noun} changed is not told: ${withheld ?? 'too few responses'}.`;
  const points = (value: number) => `${tenths(Math.abs(isNps ? value : 100 * value))} points`;
  const level = (value: unknown) => (isNps ? tenths(Number(value)) : percent(Number(value)));
  const n = `${inResponses(whole.now.n)} after ${inResponses(whole.before.n)}`;
  const from = `from ${level(all.before)} in the period from ${day(before.from)} to ${level(all.after)}`;
  const moved = Number(all.difference);
  const opening =
    moved === 0
      ? `${noun} stayed the same, ${from}`
      : `${noun} ${moved > 0 ? 'rose' : 'fell'} by ${points(moved)}, ${from}`;
  return [
    `${capital(opening)} (${interval(all, points)}; ${n}).`,
    `Scores inside the ${by}s ${effectOf(score, points)}; the change of the mix of ${by}s ${effectOf(mix, points)}.`,
    ...paradox(rows, moved, by),
    ...largest(rows, mix, by),
  ].join(' ');
}

const day = ({ month, at }: { month: string | null; at: string }) => month ?? at;

const isSure = ({ difference_low, difference_high }: MixEffect) =>
  difference_low !== null && difference_high !== null && (difference_low > 0 || difference_high < 0);

function interval(
  { difference_low: low, difference_high: high }: MixEffect,
  points: (value: number) => string,
): string {
  if (low === null || high === null) return 'all answered alike, which gives no interval';
  const signed = (value: number) => `${points(value)} ${value < 0 ? 'down' : 'up'}`;
  return `95% interval ${signed(low)} to ${signed(high)}`;
}

function effectOf(effect: MixEffect, points: (value: number) => string): string {
  const size = Number(effect.difference);
  if (size === 0) return 'did nothing to it';
  if (!isSure(effect) && effect.difference_low !== null) return `did nothing clear to it (${interval(effect, points)})`;
  return `${size > 0 ? 'raised' : 'lowered'} it by ${points(size)} (${interval(effect, points)})`;
}

/** Where the whole moved one way and every group the other, which is easily taken for a mistake. */
function paradox(rows: AnswerRow[], moved: number, by: string): string[] {
  const changes = rows.flatMap(({ score_change }) => (score_change === null ? [] : [Number(score_change)]));
  const isAll = changes.length > 1 && changes.length === rows.length;
  if (!isAll || moved === 0 || !changes.every((change) => change * moved < 0)) return [];
  return [
    `It ${moved > 0 ? 'rose' : 'fell'} although it ${moved > 0 ? 'fell' : 'rose'} in ${rows.length === 2 ? `both ${by}s` : `every ${by}`}: the mix moved, not the scores.`,
  ];
}

/** The group whose share did most to the mix. */
function largest(rows: AnswerRow[], mix: MixEffect, by: string): string[] {
  if (!isSure(mix)) return [];
  const sign = Math.sign(Number(mix.difference));
  const [most] = rows
    .filter(({ mix_effect }) => mix_effect !== null && Number(mix_effect) * sign > 0)
    .sort((one, other) => Math.abs(Number(other.mix_effect)) - Math.abs(Number(one.mix_effect)));
  if (!most) return [];
  const name = most[by] === null ? `no ${by}` : `${by} ${most[by]}`;
  return [
    `Most of the mix is ${name}: ${percent(Number(most.share_before))} of responses before, ${percent(Number(most.share))} now.`,
  ];
}
