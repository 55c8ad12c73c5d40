import { groupsTold, tallySentence } from '../grouped-sentence.ts';
import type { Question } from '../question.ts';
import { amount, capital, counted, groupName, inGroup, listed, tenths } from '../words.ts';
import type { Comparison } from './findings.ts';
import type { Move, WhatIf } from './moves.ts';

/** How what would come of a move is spoken of. */
interface Wording {
  more: string;
  less: string;
  again: string;
  none: string;
  /** What no difference was found in. */
  noun: string;
  size: (value: number, question: Question) => string;
  /** `1,204.00 EUR more`, after `would go with`. */
  effect: (size: string, isMore: boolean) => string;
}

const wordings: Record<string, Wording> = {
  revenue_after: {
    more: 'there would be more revenue',
    less: 'there would be less revenue',
    again: 'less',
    none: 'no difference in revenue was found',
    noun: 'revenue',
    size: (value, { state }) => `${amount(value, state.currency)} ${state.currency}`,
    effect: (size, isMore) => `${size} ${isMore ? 'more' : 'less'} revenue`,
  },
  referrals_after: {
    more: 'there would be more referrals',
    less: 'there would be fewer referrals',
    again: 'fewer',
    none: 'no difference in referrals was found',
    noun: 'referrals',
    size: tenths,
    effect: (size, isMore) => `${size} ${isMore ? 'more' : 'fewer'} referrals`,
  },
  retention_rate: {
    more: 'more would stay',
    less: 'fewer would stay',
    again: 'fewer',
    none: 'no difference in retention was found',
    noun: 'retention',
    size: tenths,
    effect: (size, isMore) => `${size} ${isMore ? 'more' : 'fewer'} who stay`,
  },
};

/** What a move would go with: of one group the sizes, of several in how many of them. */
export function whatIfSentence(
  moves: readonly Move[],
  comparisons: readonly Comparison[],
  asked: WhatIf,
  question: Question,
): string {
  const told = moves.filter(({ withheld, effect }) => withheld === null && effect.value !== null);
  const [first] = told;
  if (!first) return nothingToMove(moves, asked, question);
  const isOne = told.every(({ survey, groups }) => survey === first.survey && groups.join() === first.groups.join());
  const share = `${Number((100 * asked.share).toPrecision(6))}%`;
  const opening = `If the association were causal, moving ${share} of the ${asked.from_band}s`;
  const days = `in the ${question.window_days} days after answering`;
  if (isOne) return oneSentence(told, `${opening}${inGroup(first, question)}`, days, asked, question);
  const tests = comparisons.filter(({ p }) => p !== null).length;
  const sentences = [...new Set(told.map(({ measure }) => measure))].map((measure) => {
    const wording = wordings[measure];
    const of = told.filter((one) => one.measure === measure);
    if (!wording) return '';
    const sure = of.filter((move) => (qOf(move, comparisons) ?? 1) <= 0.05).sort(bySize);
    const side = (found: readonly Move[]) => ({
      count: found.length,
      example: found[0]
        ? ` (most${isMany(told) ? ` in '${found[0].survey}'` : ''} in ${groupName(found[0], question) || 'all'}: ${wording.size(Math.abs(found[0].effect.value ?? 0), question)})`
        : '',
    });
    return tallySentence({
      opening: `If the association were causal and ${share} of the ${asked.from_band}s became ${asked.to_band}s,`,
      more: { claim: wording.more, ...side(sure.filter((move) => (move.effect.value ?? 0) > 0)) },
      less: {
        claim: wording.less,
        again: wording.again,
        ...side(sure.filter((move) => (move.effect.value ?? 0) < 0)),
      },
      none: wording.none,
      told: of.length,
      noun: groupsTold(
        moves
          .filter((one) => one.measure === measure)
          .map(({ survey, groups }) => ({
            survey,
            ...Object.fromEntries(question.group_by.map((name, at) => [name, groups[at] ?? null])),
          })),
        of.length,
        question,
      ),
      tests,
    });
  });
  return sentences.join(' ');
}

function nothingToMove(moves: readonly Move[], { from_band, to_band }: WhatIf, { window_days }: Question): string {
  if (moves.length === 0) return 'No responses were found for this question.';
  return `Too few responses with an elapsed window of ${window_days} days to compare ${to_band}s with ${from_band}s.`;
}

const isMany = (moves: readonly Move[]) => new Set(moves.map(({ survey }) => survey)).size > 1;
const bySize = (one: Move, other: Move) => Math.abs(other.effect.value ?? 0) - Math.abs(one.effect.value ?? 0);
const qOf = ({ survey, groups, measure }: Move, comparisons: readonly Comparison[]) =>
  comparisons.find((one) => one.survey === survey && one.measure === measure && one.groups === groups)?.q ?? null;

const isSure = ({ effect: { low, high } }: Move) => low !== null && high !== null && (low > 0 || high < 0);

/** `moving 10% of the detractors (41.2 of 412 responses) to passives would go with 1,204.00 EUR more revenue ...` */
function oneSentence(
  told: readonly Move[],
  opening: string,
  days: string,
  { to_band, from_band }: WhatIf,
  question: Question,
): string {
  const sure = told.filter(isSure);
  const unclear = told.filter((move) => !isSure(move));
  const nouns = listed(unclear.flatMap(({ measure }) => wordings[measure]?.noun ?? []));
  const none = `no difference between ${from_band}s and ${to_band}s was found in ${nouns}`;
  const [first] = sure;
  if (!first) return `${capital(days)}, ${none}, so nothing can be expected of moving any.`;
  const moved = `(${tenths(first.moved ?? 0)} of ${counted(first.from_n ?? 0)} responses)`;
  const effects = sure.map((move) => effectOf(move, question));
  const text = `${opening} ${moved} to ${to_band}s would go with ${listed(effects)} ${days}.`;
  return unclear.length > 0 ? `${text} ${capital(none)}.` : text;
}

/** `1,204.00 EUR more revenue (95% interval 100.00 EUR to 2,308.00 EUR)` */
function effectOf({ measure, effect }: Move, question: Question): string {
  const wording = wordings[measure];
  if (!wording || effect.value === null || effect.low === null || effect.high === null) return '';
  const size = (value: number) => wording.size(Math.abs(value), question);
  const [near, far] = effect.low > 0 ? [effect.low, effect.high] : [effect.high, effect.low];
  return `${wording.effect(size(effect.value), effect.value > 0)} (95% interval ${size(near)} to ${size(far)})`;
}
