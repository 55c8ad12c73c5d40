import type { AnswerRow } from '../answer.ts';
import { isPeriod } from '../question.ts';
import { capital, counted, percent, tenths } from '../words.ts';
import { groupText } from './asked.ts';
import { type CheckComparison, isClear } from './compare-checks.ts';
import type { CheckGrouping } from './read-checks.ts';

/** How well the vision is known, in words that a service manager can repeat. */
export function consistencySentence(
  rows: readonly AnswerRow[],
  comparisons: readonly CheckComparison[],
  group_by: readonly CheckGrouping[],
): string {
  const told = rows.filter(({ withheld }) => withheld === null);
  const [only] = told;
  if (!only)
    return rows.length === 0
      ? 'No vision check was found for this question.'
      : 'Too few vision checks to tell how well the vision is known.';
  const [first] = group_by;
  if (told.length === 1) return `${inWords(only, group_by)}.`;
  if (group_by.length === 1 && first !== undefined && isPeriod(first)) return lastPeriod(told, comparisons, group_by);
  return `${extremes(told, group_by)}${differences(comparisons, group_by)}`;
}

/** `every answer was clear and consistent`, or which one was. */
const allOf = (row: AnswerRow) =>
  row.question === undefined ? 'every answer was' : `the answer to '${row.question}' was`;

/** `71.4% (95% interval 56.4% to 82.8%; 42 checks)` */
function figure(row: AnswerRow): string {
  const checks = Number(row.checks);
  const limits = `95% interval ${percent(Number(row.consistency_rate_low))} to ${percent(Number(row.consistency_rate_high))}`;
  return `${percent(Number(row.consistency_rate))} (${limits}; ${counted(checks)} ${checks === 1 ? 'check' : 'checks'})`;
}

const inWords = (row: AnswerRow, group_by: readonly CheckGrouping[]) =>
  `${capital(`${groupText(row, group_by)} ${allOf(row)}`.trim())} clear and consistent in ${figure(row)}`;

/** The last period, and how it stands to the one before. */
function lastPeriod(
  told: readonly AnswerRow[],
  comparisons: readonly CheckComparison[],
  group_by: readonly CheckGrouping[],
): string {
  const last = told.at(-1);
  if (!last) return '';
  const is = inWords(last, group_by);
  const change = comparisons.at(-1);
  if (!change) return `${is}.`;
  const points = (value: number) => tenths(Math.abs(100 * value));
  const { against, difference, low, high } = change;
  if (low > 0)
    return `${is}, ${points(difference)} points more than in ${against} (95% interval ${points(low)} to ${points(high)} points more).`;
  if (high < 0)
    return `${is}, ${points(difference)} points less than in ${against} (95% interval ${points(high)} to ${points(low)} points less).`;
  return `${is}; no difference from ${against} was found (95% interval ${points(low)} points less to ${points(high)} points more).`;
}

function extremes(told: readonly AnswerRow[], group_by: readonly CheckGrouping[]): string {
  const sorted = told.toSorted((one, other) => Number(other.consistency_rate) - Number(one.consistency_rate));
  const [highest, lowest] = [sorted[0] ?? {}, sorted.at(-1) ?? {}];
  const where = (row: AnswerRow) =>
    `${row.question === undefined ? '' : ` to '${row.question}'`}${groupText(row, group_by)}, ${figure(row)}`;
  const what = group_by.includes('question') ? 'Answers were' : 'Every answer was';
  if (highest.consistency_rate === lowest.consistency_rate)
    return `${what} clear and consistent in ${percent(Number(highest.consistency_rate))} of the checks in each of ${told.length} groups.`;
  return `${what} clear and consistent most often${where(highest)}, and least often${where(lowest)}.`;
}

function differences(comparisons: readonly CheckComparison[], group_by: readonly CheckGrouping[]): string {
  if (comparisons.length === 0) return '';
  const clear = comparisons.filter(isClear);
  const at = comparisons.length === 1 ? '' : `, allowing for ${comparisons.length} comparisons at once`;
  const period = group_by.find(isPeriod);
  if (!period)
    return clear.length === 0
      ? ` No group differs clearly from all others together${at}.`
      : ` In ${clear.length} of ${comparisons.length} groups the share differs clearly from that of all others together${at}.`;
  const rose = clear.filter(({ difference }) => difference > 0).length;
  return clear.length === 0
    ? ` From one ${period} to the next no change was found${at}.`
    : ` From one ${period} to the next it rose clearly in ${rose} and fell clearly in ${clear.length - rose} of ${comparisons.length} comparisons${at}.`;
}
