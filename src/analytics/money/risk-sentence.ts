import { association } from '../outcomes/sentences.ts';
import type { Question } from '../question.ts';
import { amount, counted, inGroup, listed, percent } from '../words.ts';
import type { Moments, Standing } from './exposure.ts';
import type { Risk } from './risk.ts';

/** Of how many surveys, and of how many groups, a sentence tells. */
const mostTold = 3;

/** What is at risk, safe and unknown, and what leaving is expected to cost; of each survey apart. */
export function riskSentence(risks: Risk[], question: Question, moments: Moments | null): string {
  if (!moments) return 'Nothing can be told: no revenue events were sent yet. That is not the same as no revenue.';
  if (risks.length === 0)
    return 'Nobody who has not left paid anything in the 365 days before, so nothing is at risk or safe.';
  const surveys = [...new Set(risks.map(({ group }) => group.survey))];
  const told = surveys.slice(0, mostTold).map((survey) => {
    const own = risks.filter(({ group }) => group.survey === survey);
    return `${surveys.length > 1 ? `Survey '${survey}': ` : ''}${exposureSentence(own, question, moments)} ${lossSentence(own, question)}`;
  });
  const more = surveys.length - told.length;
  const tells = risks.some(({ loss }) => loss.difference !== null);
  return [
    ...told,
    ...(more > 0 ? [`${counted(more)} more ${more === 1 ? 'survey is' : 'surveys are'} in the rows.`] : []),
    ...(tells ? [association] : []),
  ].join(' ');
}

const isHidden = ({ rows }: Risk) => [...rows.values()].some((row) => row.isHidden);

function exposureSentence(risks: Risk[], question: Question, { revenue_at }: Moments): string {
  if (risks.some(isHidden)) return 'Some groups are of too few people to be told, so no total is told either.';
  const sumOf = (names: readonly Standing[], figure: 'customers' | 'revenue') =>
    risks.reduce(
      (sum, { group }) => sum + names.reduce((all, name) => all + (group.standings.get(name)?.[figure] ?? 0), 0),
      0,
    );
  const whole = sumOf(['detractor', 'passive', 'promoter', 'unknown'], 'revenue');
  const share = (revenue: number) => (whole > 0 ? percent(revenue / whole) : 'no share');
  const [atRisk, safe, unknown] = [
    sumOf(['detractor'], 'revenue'),
    sumOf(['passive', 'promoter'], 'revenue'),
    sumOf(['unknown'], 'revenue'),
  ];
  const { currency } = question.state;
  const most = risks
    .toSorted(
      (one, other) =>
        (other.group.standings.get('detractor')?.revenue ?? 0) - (one.group.standings.get('detractor')?.revenue ?? 0),
    )
    .at(0);
  const mostRevenue = most?.group.standings.get('detractor')?.revenue ?? 0;
  const where =
    risks.length > 1 && most && mostRevenue > 0
      ? ` Most of it is${inGroup(most.group, question)}: ${amount(mostRevenue, currency)} ${currency}.`
      : '';
  return `In the 365 days through ${revenue_at.slice(0, 10)}, customers whose latest answer makes them detractors (${counted(sumOf(['detractor'], 'customers'))}) paid ${amount(atRisk, currency)} ${currency}, ${share(atRisk)} of revenue; ${share(safe)} came from passives and promoters, and of ${share(unknown)} nothing is known, since these customers did not answer in that time.${where}`;
}

function lossSentence(risks: Risk[], question: Question): string {
  const { currency } = question.state;
  const money = (value: number) => `${amount(value, currency)} ${currency}`;
  const [only, another] = risks;
  if (another) {
    const costly = risks
      .filter(({ loss }) => loss.low !== null && loss.low > 0)
      .sort((one, next) => (next.loss.difference ?? 0) - (one.loss.difference ?? 0));
    if (risks.every(({ loss }) => loss.difference === null)) return 'What leaving is expected to cost cannot be told.';
    const named = costly
      .slice(0, mostTold)
      .map(({ group, loss }) => `${inGroup(group, question).trim()} (${money(loss.difference ?? 0)})`);
    const more = costly.length - named.length;
    return costly.length === 0
      ? 'In none of the groups are detractors and passives clearly expected to cost more than promoters by leaving.'
      : `Detractors and passives are expected to cost more than promoters by leaving ${listed([...named, ...(more > 0 ? [`in ${counted(more)} more ${more === 1 ? 'group' : 'groups'}`] : [])])}.`;
  }
  const loss = only?.loss;
  if (!loss || loss.difference === null)
    return 'What leaving is expected to cost cannot be told: too few answers of a band have a window that has elapsed.';
  if (loss.low === null || loss.high === null)
    return `What leaving is expected to cost beyond what promoters cost is ${money(loss.difference)}, but those who answered are too few or too much alike to tell how sure that is.`;
  const interval = `95% interval ${amount(loss.low, currency)} to ${money(loss.high)}`;
  const days = `within ${question.window_days} days`;
  if (loss.low <= 0 && loss.high >= 0)
    return `That detractors and passives leave more often than promoters ${days}, and what that costs, is not clear from the past (${money(loss.difference)}, ${interval}).`;
  return loss.difference < 0
    ? `In the past they and passives left less often than promoters ${days}, so no loss beyond theirs is expected (${interval}).`
    : `If bands go on leaving as they did, detractors and passives are expected to take ${money(loss.difference)} with them ${days} beyond what they would with the promoters' churn (${interval}).`;
}
