import { type Share, wilson } from '../../stats/intervals.ts';
import { shareDifference } from '../../stats/shares.ts';
import { counted, percent, tenths } from '../words.ts';
import { inTimeOf, medianHours, type Part, rateOf } from './figures.ts';
import type { FollowUpQuestion } from './read.ts';

const association = 'An association, not a cause: whom people reach first is no accident.';

/** What the follow-ups say as a whole: whether they were in time, and whether who was reached stayed. */
export function followUpSentence(
  parts: readonly Part[],
  isTold: (part: Part) => boolean,
  question: FollowUpQuestion,
): string {
  const { min_n } = question;
  const all = parts.find(({ contact }) => contact === 'all');
  if (!all) return 'There were no follow-ups.';
  if (!isTold(all)) return 'Too few follow-ups to tell anything about them.';
  const contacted = inTimeOf(all, 'contacted_in_time_rate');
  if (contacted.n < min_n)
    return `${counted(all.rows.length)} ${all.rows.length === 1 ? 'follow-up was' : 'follow-ups were'} opened; too few were due by now to tell whether they were in time.`;
  const closed = inTimeOf(all, 'closed_in_time_rate');
  const median = medianHours(all, 'close').median;
  const pace =
    median === null ? 'fewer than half were closed so far' : `half were closed within ${tenths(median)} hours`;
  const inTime = `Of ${counted(contacted.n)} follow-ups that were due, ${shown(contacted)} were contacted and ${shown(closed)} closed in time; ${pace}.`;
  return `${inTime} ${savedSentence(parts, isTold, question)}`;
}

/** `70.0% (95% interval 54.6% to 81.9%)` */
function shown(share: Share): string {
  const interval = wilson(share);
  const limits = interval ? ` (95% interval ${percent(interval.low)} to ${percent(interval.high)})` : '';
  return `${percent(share.successes / share.n)}${limits}`;
}

function savedSentence(
  parts: readonly Part[],
  isTold: (part: Part) => boolean,
  { min_n, window_days }: FollowUpQuestion,
): string {
  const told = (contact: Part['contact']): Share | null => {
    const part = parts.find((one) => one.contact === contact);
    const share = part && isTold(part) ? rateOf(part, 'save_rate') : null;
    return share && share.n >= min_n ? share : null;
  };
  const [first, second] = [told('contacted'), told('not_contacted')];
  if (!first || !second)
    return 'Too few of them are known for long enough to tell whether a contact went with staying.';
  const difference = shareDifference(first, second);
  const stayed = `${window_days} days after the due time ${percent(first.successes / first.n)} of the ${counted(first.n)} customers contacted in time had stayed, of the ${counted(second.n)} others ${percent(second.successes / second.n)}`;
  if (!difference) return `${stayed}.`;
  const points = (value: number) => tenths(100 * value);
  const interval = `a difference of ${points(difference.difference)} points (95% interval ${points(difference.low)} to ${points(difference.high)})`;
  return difference.p < 0.05
    ? `${stayed}: ${interval}. ${association}`
    : `${stayed}: ${interval}, which may be chance.`;
}
