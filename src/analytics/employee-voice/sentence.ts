import { type Share, wilson } from '../../stats/intervals.ts';
import { amount, counted, percent, tenths } from '../words.ts';
import {
  answeredOf,
  avoidedOf,
  daysToAnswer,
  daysToFix,
  fixedIn,
  incorporatedOf,
  type VoicePart,
  withinLimitOf,
  worthOf,
} from './figures.ts';
import type { VoiceQuestion } from './read.ts';

/** What employees said and did as a whole, and what became of it. */
export function voiceSentence(part: VoicePart, isHidden: boolean, question: VoiceQuestion): string {
  const { suggestions, obstacles, actions } = part;
  if (suggestions.length + obstacles.length + actions.length === 0)
    return 'No suggestion, no obstacle and no empowerment action was recorded.';
  if (isHidden) return 'Too few employees took part to tell anything about them.';
  return [suggestionText(part, question), obstacleText(part, question), actionText(part, question)].join(' ');
}

function suggestionText(part: VoicePart, { min_n }: VoiceQuestion): string {
  const n = part.suggestions.length;
  if (n === 0) return 'No suggestion was made.';
  const made = n === 1 ? 'One suggestion was made' : `${counted(n)} suggestions were made`;
  if (n < min_n) return `${made}: too few to tell how they are answered.`;
  const { median } = daysToAnswer(part);
  const pace = median === null ? 'fewer than half have an answer so far' : `half had an answer within ${days(median)}`;
  const incorporated = incorporatedOf(part);
  const became =
    incorporated.n < min_n
      ? ''
      : ` Of the ${counted(incorporated.n)} that were answered, ${shown(incorporated)} are incorporated.`;
  const answered = answeredOf(part);
  return `${made}; ${shown(answered)} are answered, and ${pace}.${became}`;
}

function obstacleText(part: VoicePart, { min_n }: VoiceQuestion): string {
  const n = part.obstacles.length;
  if (n === 0) return 'No obstacle was raised.';
  const fixed = fixedIn(part);
  const raised = `${n === 1 ? 'One obstacle was' : `${counted(n)} obstacles were`} raised, of which ${counted(fixed)} ${fixed === 1 ? 'is' : 'are'} fixed`;
  if (n < min_n) return `${raised}.`;
  const { median } = daysToFix(part);
  return median === null ? `${raised}: fewer than half so far.` : `${raised}, half of all within ${days(median)}.`;
}

function actionText(part: VoicePart, { min_n, state }: VoiceQuestion): string {
  const n = part.actions.length;
  if (n === 0) return 'Nothing was put right on the spot.';
  const { value, n: valued } = worthOf(part);
  const within = withinLimitOf(part);
  const avoided = avoidedOf(part);
  const more = [
    ...(valued >= min_n ? [`worth ${amount(value, state.currency)} ${state.currency} in all`] : []),
    ...(within.n >= min_n ? [`${shown(within)} within the limit`] : []),
    ...(avoided.n >= min_n ? [`${shown(avoided)} of those of which it is known made a follow-up unnecessary`] : []),
  ];
  const acted = `Employees put something right on the spot ${n === 1 ? 'once' : `${counted(n)} times`}`;
  return more.length === 0 ? `${acted}.` : `${acted}: ${more.join('; ')}.`;
}

const days = (value: number) => `${tenths(value)} ${tenths(value) === '1.0' ? 'day' : 'days'}`;

/** `70.0% (95% interval 54.6% to 81.9%)` */
function shown(share: Share): string {
  const interval = wilson(share);
  const limits = interval ? ` (95% interval ${percent(interval.low)} to ${percent(interval.high)})` : '';
  return `${percent(share.successes / share.n)}${limits}`;
}
