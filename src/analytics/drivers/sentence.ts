import type { AnswerRow } from '../answer.ts';
import { inResponses, listed, percent } from '../words.ts';
import type { DriverComparison } from './comparisons.ts';
import type { Target } from './pairs.ts';

const targetWords: Record<Target, (survey: string) => string> = {
  score: (survey) => `the score of '${survey}'`,
  revenue_after: (survey) => `what customers spend after answering '${survey}'`,
  referrals_after: (survey) => `how many referrals customers make after answering '${survey}'`,
  retained: (survey) => `whether customers stay after answering '${survey}'`,
};

const hundredths = (value: unknown) => Number(value).toFixed(3);

/** Which drivers weigh most, and which to look at first, in words that a service manager can repeat. */
export function driversSentence(
  rows: AnswerRow[],
  comparisons: DriverComparison[],
  { survey, target, withheld }: { survey: string; target: Target; withheld: string | null },
): string {
  const what = targetWords[target](survey);
  const [first, second, third] = rows;
  if (!first) return `Nothing can be told of what drives ${what}.`;
  if (withheld !== null) return `What drives ${what} is not told: ${withheld}.`;
  const n = inResponses(Number(first.responses));
  const explained = percent(Number(first.r2));
  const several = rows.length === 1 ? 'the driver' : `the ${rows.length} drivers`;
  if (first.r2_p === null || Number(first.r2_p) > 0.05)
    return `No association of ${several} with ${what} was found (${n} with all scores; together they explain ${explained} of its variance, as chance does too).`;
  const interval =
    first.importance_low === null
      ? ''
      : `, 95% interval ${hundredths(first.importance_low)} to ${hundredths(first.importance_high)}`;
  const others = [second, third].flatMap((row) => (row ? [`'${row.driver}' (${hundredths(row.importance)})`] : []));
  const then = others.length > 0 ? `, before ${listed(others)}` : '';
  const [next] = comparisons;
  const isSure = next !== undefined && next.difference_low !== null && next.difference_low > 0;
  return [
    rows.length === 1
      ? `'${first.driver}' goes with ${what} (importance ${hundredths(first.importance)}${interval}).`
      : `Of ${rows.length} drivers, '${first.driver}' weighs most on ${what}: ${percent(Number(first.importance_share))} of what they explain together (importance ${hundredths(first.importance)}${interval})${then}.`,
    ...(next && !isSure ? ['Which of the first two weighs more is not sure.'] : []),
    `${rows.length === 1 ? 'It explains' : 'Together they explain'} ${explained} of its variance (${n} with all scores).`,
    ...firstToLookAt(rows),
    'An association, not a cause.',
  ].join(' ');
}

function firstToLookAt(rows: AnswerRow[]): string[] {
  const [most] = rows
    .filter(({ priority }) => priority !== null)
    .sort((one, other) => Number(other.priority) - Number(one.priority));
  return most && rows.length > 1
    ? [
        `By importance and room to improve, '${most.driver}' comes first: ${percent(Number(most.satisfied_rate))} are satisfied.`,
      ]
    : [];
}
