import { association } from '../outcomes/sentences.ts';
import type { Question } from '../question.ts';
import { amount, counted, inResponses, listed, percent, tenths } from '../words.ts';
import type { Ranked } from './rank.ts';
import { type Sums, type Topic, total } from './topics.ts';

/** `'Late delivery'`, `the theme 'price'`. */
const topicName = ({ kind, name }: Topic) => (kind === 'theme' ? `the theme '${name}'` : `'${name}'`);
export const points = (share: number) => tenths(100 * Math.abs(share));

const isClear = (value: number | null) => value !== null && value < 0.05;

/** What the ranking says: which problem costs most, or which is most frequent, and which ones rise. */
export function rankingSentence(
  ranked: readonly Ranked[],
  all: readonly Sums[],
  question: Question,
  { tests, days }: { tests: number; days: number },
): string {
  if (total(all, 'responses') === 0) return 'No responses were found for this question.';
  if (ranked.length === 0)
    return 'No problem was named yet, and no response has a theme: POST /v1/problems names a problem and the phrases that tell it.';
  const rising = ranked.filter(({ trend }) => trend?.rising);
  const parts = [
    leadSentence(ranked, question, tests),
    ...(rising.length > 0
      ? [
          `Rising in the last ${days} days, against the ${days} days before: ${listed(rising.slice(0, 3).map(risingText))}.`,
        ]
      : []),
  ];
  return parts.join(' ');
}

function leadSentence(ranked: readonly Ranked[], question: Question, tests: number): string {
  const shown = ranked.filter(({ isHidden }) => !isHidden);
  const costly = shown.find(({ lift, q, cost }) => isClear(q) && (lift.difference ?? 0) > 0 && cost !== null);
  if (costly) return costSentence(costly, question, tests);
  const [first] = shown.toSorted((one, other) => total(other.sums, 'responses') - total(one.sums, 'responses'));
  if (!first) return 'Too few people named any problem to tell of it.';
  const n = total(first.sums, 'responses');
  if (n === 0)
    return `No response has ${ranked.length === 1 ? 'the problem' : `any of the ${ranked.length} problems`} that were named.`;
  const share = first.share.value === null ? '' : ` (${percent(first.share.value)} of all)`;
  const lead = `Most frequent is ${topicName(first.topic)}: ${inResponses(n)}${share}.`;
  return tests === 0
    ? `${lead} Whether more customers leave after any of them cannot be told yet.`
    : `No problem was found after which more customers leave than without it${tests > 1 ? `, allowing for ${tests} comparisons at once` : ''}. ${lead}`;
}

function costSentence(one: Ranked, { state, window_days }: Question, tests: number): string {
  const { topic, sums, share, churn_rate, churn_rate_without, lift, revenue_at_stake } = one;
  const customers = total(sums, 'customers');
  const limits =
    lift.low === null || lift.high === null
      ? ''
      : `; 95% interval ${points(lift.low)} to ${points(lift.high)} points more`;
  const allowing = tests > 1 ? `, allowing for ${tests} comparisons at once` : '';
  return (
    `What costs most is ${topicName(topic)}: ${inResponses(total(sums, 'responses'))} (${percent(share.value ?? 0)} of all), ` +
    `whose ${counted(customers)} customers paid ${amount(revenue_at_stake ?? 0, state.currency)} ${state.currency} in the last 365 days. ` +
    `In the ${window_days} days after answering, ${percent(churn_rate.value ?? 0)} of those with it were lost, ` +
    `${percent(churn_rate_without.value ?? 0)} of those without it (${points(lift.difference ?? 0)} points more${limits}${allowing}). ${association}`
  );
}

const risingText = ({ topic, trend }: Ranked) =>
  `${topicName(topic)}, from ${percent(trend?.share_before ?? 0)} to ${percent(trend?.share_recent ?? 0)} of responses`;
