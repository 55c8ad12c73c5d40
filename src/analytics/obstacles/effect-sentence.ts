import type { ShareContrast } from '../../stats/shares.ts';
import { association } from '../outcomes/sentences.ts';
import { changeText } from '../problems/effect-sentence.ts';
import type { Question } from '../question.ts';
import { hasNps } from '../scores/comparisons.ts';
import { counted, inResponses, percent, tenths } from '../words.ts';
import { type ContrastName, type EffectContrast, figureOf, isHiddenSide } from './effect-figures.ts';
import type { Measure, Period, SurveyEffect } from './effect-sums.ts';

/** How many surveys are told of in words. */
const mostSurveys = 3;

/** What became of the moment after the fix, and whether that was more than the other moments went through. */
export function effectSentence(
  { title, place, days, fixed_at }: { title: string; place: string; days: number; fixed_at: Date },
  effects: readonly SurveyEffect[],
  compared: readonly EffectContrast[],
  question: Question,
): string {
  if (days === 0)
    return `Nothing can be told of the fix of '${title}' yet: no whole day of responses is known since ${fixed_at.toISOString()}.`;
  const period = days === 1 ? 'the day' : `the ${days} days`;
  if (effects.length === 0)
    return `Nothing can be told of the fix of '${title}': no response is about ${place} in ${period} before or after it.`;
  const told = effects.slice(0, mostSurveys).map((effect) => {
    const words = surveyText(effect, { title, place, period }, compared, question);
    return effects.length > 1 ? `${effect.survey}: ${words}` : words;
  });
  const more =
    effects.length > mostSurveys ? [`${counted(effects.length - mostSurveys)} more surveys are in the rows.`] : [];
  const isTold = compared.some(({ difference }) => difference !== null);
  return [...told, ...more, ...(isTold ? [association] : [])].join(' ');
}

function surveyText(
  effect: SurveyEffect,
  { title, place, period }: { title: string; place: string; period: string },
  compared: readonly EffectContrast[],
  question: Question,
): string {
  const of = (measure: Measure, contrast: ContrastName): ShareContrast | null => {
    const one = compared.find(
      (each) => each.survey === effect.survey && each.measure === measure && each.contrast === contrast,
    );
    return one && one.difference !== null ? inShares(one, measure) : null;
  };
  const value = (measure: Measure, at: Period) =>
    figureOf(effect, { side: 'moment', period: at, measure }, question).value ?? 0;
  const { before, after } = effect.cells.moment;
  if (isHiddenSide(effect, 'moment', question))
    return `Too few people answered about ${place} around the fix to tell of it.`;
  const main = hasNps(effect.kind) ? 'nps' : 'satisfied_rate';
  const change = of(main, 'change');
  if (!change)
    return `Too few responses about ${place} to tell of the fix of '${title}': ${inResponses(before.n)} in ${period} before it, ${counted(after.n)} in ${period} after it.`;
  const figures =
    main === 'nps'
      ? `the NPS was ${tenths(value('nps', 'after'))} in ${period} after '${title}' was fixed, and ${tenths(value('nps', 'before'))} in ${period} before`
      : `${percent(value(main, 'after'))} of the responses were satisfied in ${period} after '${title}' was fixed, and ${percent(value(main, 'before'))} in ${period} before`;
  const net = of(main, 'difference_in_differences');
  const score = `At ${place}, ${figures} (${inResponses(after.n)} and ${counted(before.n)}): ${changeText(change)}.`;
  const against = net ? ` Less the change of the other moments at the same time, ${changeText(net)}.` : '';
  const stay = of('retention_rate', 'change');
  const stayNet = of('retention_rate', 'difference_in_differences');
  const stayed = stay
    ? ` ${percent(value('retention_rate', 'after'))} of the customers who answered after it stayed for ${question.window_days} days, and ${percent(value('retention_rate', 'before'))} of those before: ${changeText(stay)}${stayNet ? `; less the change of the other moments, ${changeText(stayNet)}` : ''}.`
    : '';
  return `${score}${against}${stayed}`;
}

/** Points of NPS as the share that the words of a change are made of: a hundredth. */
function inShares({ difference, low, high, p }: ShareContrast, measure: Measure): ShareContrast {
  const scaled = (value: number | null) => (value === null || measure !== 'nps' ? value : value / 100);
  return { difference: scaled(difference), low: scaled(low), high: scaled(high), p };
}
