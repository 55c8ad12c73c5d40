import { kaplanMeier, survivalAt } from '../../stats/survival.ts';
import { association } from '../outcomes/sentences.ts';
import type { Question } from '../question.ts';
import { counted, groupName, listed, percent } from '../words.ts';
import { type CurveComparison, isCompared } from './comparisons.ts';
import { allBands, type Followed, type FollowedBand } from './followed.ts';
import { isClear, logRankP } from './sentence.ts';

/** Up to so many groups are named; of more only the first and the last. */
const mostNamed = 4;

/** How many of each group stayed, whose bands are pooled, and whether the groups stayed equally long. */
export function groupCurveSentence(
  groups: Followed[],
  withheld: Map<FollowedBand, string | null>,
  comparisons: CurveComparison[],
  question: Question,
  asOf: Date | null,
): string {
  if (!asOf) return 'Nothing can be told: no retention events were sent yet. That is not the same as nobody leaving.';
  if (groups.length === 0) return 'No responses of customers with a running contract were found for this question.';
  const told = groups.filter((group) => isCompared(group, withheld));
  if (told.length === 0) return 'Too few responses of customers with a running contract to draw a curve.';
  const surveys = [...new Set(told.map(({ survey }) => survey))];
  const parts = surveys.map((survey) => {
    const of = surveys.length > 1 ? ` of the survey '${survey}'` : '';
    const test = comparisons.find((one) => one.survey === survey);
    return `${stayedSentence(
      told.filter((one) => one.survey === survey),
      of,
      question,
    )} ${testSentence(test, of, question)}`;
  });
  const isSure = comparisons.some(({ q }) => isClear(q));
  return isSure ? `${parts.join(' ')} ${association}` : parts.join(' ');
}

/** `180 days after answering, an estimated 97.4% of one-year (1,204 followed) and ... had not left.` */
function stayedSentence(told: Followed[], of: string, question: Question): string {
  const ends = told
    .flatMap((group) => {
      const band = group.bands.get(allBands);
      const end = band && survivalAt(kaplanMeier(band.rows), question.window_days);
      return band && end ? [{ name: groupName(group, question), n: band.n, survival: end.survival }] : [];
    })
    .sort((one, other) => other.survival - one.survival);
  if (ends.length === 0) return `Nobody${of} was followed for ${question.window_days} days after answering yet.`;
  const name = (one: (typeof ends)[number]) => `${percent(one.survival)} of ${one.name} (${counted(one.n)} followed)`;
  const [first, last] = [ends[0], ends.at(-1)];
  const stayed =
    ends.length <= mostNamed || !first || !last
      ? listed(ends.map(name))
      : `from ${name(first)} to ${name(last)} in ${counted(ends.length)} groups`;
  return `${question.window_days} days after answering, an estimated ${stayed}${of} had not left.`;
}

function testSentence(test: CurveComparison | undefined, of: string, question: Question): string {
  const named = question.group_by.join(' and ');
  if (!test) return `There is only one ${named}${of} with enough responses, so nothing to compare.`;
  if (test.result === null) return `That does not tell whether the groups by ${named}${of} differ.`;
  const n = test.result.observed.reduce((sum, events) => sum + events, 0);
  return isClear(test.q)
    ? `The groups by ${named}${of} did not stay equally long (${logRankP(test)}; ${counted(n)} left).`
    : `No difference between the groups by ${named}${of} was found (${logRankP(test)}).`;
}
