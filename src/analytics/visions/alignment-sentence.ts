import { wilson } from '../../stats/intervals.ts';
import { isPeriod } from '../question.ts';
import { capital, counted, percent } from '../words.ts';
import type { DueReview, Reviews, ReviewsAsked } from './read-reviews.ts';

const questions = (n: number) => `${counted(n)} ${n === 1 ? 'question' : 'questions'}`;

/** How much of what was reviewed fits the vision; over time, in the last period. */
export function alignmentSentence(rows: readonly Reviews[], { group_by, min_n }: ReviewsAsked): string {
  const at = group_by.findIndex(isPeriod);
  const periods = at === -1 ? [] : rows.flatMap(({ groups }) => groups[at] ?? []);
  const last = periods.sort().at(-1);
  const counting = last === undefined ? rows : rows.filter(({ groups }) => groups[at] === last);
  const all = { questions: sum(counting, 'questions'), yes: sum(counting, 'yes') };
  if (all.questions === 0) return 'No alignment review was found for this question.';
  const opening = last === undefined ? '' : `in ${last}, `;
  if (all.questions < min_n)
    return capital(`${opening}too few questions were reviewed to tell how much fits the vision.`);
  const interval = wilson({ successes: all.yes, n: all.questions });
  const limits = interval ? ` (95% interval ${percent(interval.low)} to ${percent(interval.high)})` : '';
  const share = `${percent(all.yes / all.questions)}${limits}`;
  return capital(
    `${opening}of ${counted(all.questions)} alignment ${all.questions === 1 ? 'question' : 'questions'} ${counted(all.yes)} ${all.yes === 1 ? 'was' : 'were'} last answered with yes: ${share}${lowest(counting)}.`,
  );
}

const sum = (rows: readonly Reviews[], name: 'questions' | 'yes') => rows.reduce((all, row) => all + row[name], 0);

/** The area of which the least fits, where there is one. */
function lowest(rows: readonly Reviews[]): string {
  const areas = [...new Set(rows.map(({ area }) => area))]
    .map((area) => {
      const own = rows.filter((row) => row.area === area);
      return { area, questions: sum(own, 'questions'), yes: sum(own, 'yes') };
    })
    .sort((one, other) => one.yes / one.questions - other.yes / other.questions);
  const [least, next] = areas;
  if (!least || !next || least.yes / least.questions === next.yes / next.questions) return '';
  return `, least often in ${least.area}, ${counted(least.yes)} of ${counted(least.questions)}`;
}

const days = (count: number) => `${counted(count)} ${count === 1 ? 'day' : 'days'}`;

/** What is to be asked again, and what has waited longest; the rows are in that order. */
export function dueSentence(due: readonly DueReview[]): string {
  const overdue = due.filter((one) => one.days < 0);
  const soon = due.filter((one) => one.days >= 0);
  const [longest] = overdue;
  const [next] = soon;
  return [
    ...(longest
      ? [
          ` ${questions(overdue.length)} ${overdue.length === 1 ? 'is' : 'are'} overdue for review, '${longest.question}' (${longest.area}) for ${days(-longest.days)}.`,
        ]
      : []),
    ...(next
      ? [
          ` ${questions(soon.length)} ${soon.length === 1 ? 'is' : 'are'} due soon, '${next.question}' (${next.area}) ${next.days === 0 ? 'today' : `in ${days(next.days)}`}.`,
        ]
      : []),
  ].join('');
}
