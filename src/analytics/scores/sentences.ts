import { type AnswerRow, testsIn } from '../answer.ts';
import { groupsTold } from '../grouped-sentence.ts';
import { isPeriod, type Question } from '../question.ts';
import { capital, inGroup, inResponses, percent, tenths } from '../words.ts';
import { hasNps, type ScoreComparison } from './comparisons.ts';
import type { SurveyKind } from './sums.ts';

/** Up to how many surveys have a sentence of their own. */
const mostSurveys = 3;

/** What the scores are, survey by survey, in words that a service manager can repeat. */
export function scoresSentence(rows: AnswerRow[], comparisons: ScoreComparison[], question: Question): string {
  const told = rows.filter(({ withheld }) => withheld === null);
  if (told.length === 0)
    return rows.length === 0 ? 'No responses were found for this question.' : 'Too few responses to tell a score.';
  const surveys = [...new Set(told.map(({ survey }) => String(survey)))]
    .map((survey) => told.filter((row) => row.survey === survey))
    .sort((one, other) => responsesIn(other) - responsesIn(one));
  const texts = surveys.slice(0, mostSurveys).map((ofSurvey) => surveySentence(ofSurvey, rows, comparisons, question));
  const more = surveys.length - mostSurveys;
  return [
    ...texts,
    ...(more > 0 ? [`${more} more ${more === 1 ? 'survey is' : 'surveys are'} in the rows.`] : []),
  ].join(' ');
}

const responsesIn = (rows: AnswerRow[]) => rows.reduce((sum, { responses }) => sum + Number(responses), 0);

/** How the figure of a survey is spoken of. */
function wording(survey: string, kind: SurveyKind) {
  const name = {
    nps: 'NPS of',
    custom: 'net score (promoters less detractors) of',
    csat: 'share of satisfied responses to',
    ces: 'share of responses that found it easy, of',
  }[kind];
  return {
    noun: `the ${name} '${survey}'`,
    column: hasNps(kind) ? 'nps' : 'satisfied_rate',
    value: (value: number) => (hasNps(kind) ? tenths(value) : percent(value)),
    points: (value: number) => tenths(Math.abs(hasNps(kind) ? value : 100 * value)),
  };
}
type Wording = ReturnType<typeof wording>;

function surveySentence(told: AnswerRow[], rows: AnswerRow[], all: ScoreComparison[], question: Question): string {
  const [first] = told;
  if (!first) return '';
  const comparisons = all.filter(({ survey }) => survey === first.survey);
  const words = wording(String(first.survey), first.kind as SurveyKind);
  const period = question.group_by.find(isPeriod);
  if (told.length === 1) return `${capital(opening(first, question) + words.noun)} is ${figure(first, words)}.`;
  if (period && question.group_by.length === 1) return lastPeriod(told, comparisons, words, question);
  if (period && comparisons.length > 0) return changes(comparisons, words, period);
  const noun = groupsTold(
    rows.filter(({ survey }) => survey === first.survey),
    told.length,
    question,
  );
  const spread = extremes(told, words, noun, question);
  if (comparisons.length === 0) return spread;
  const clear = comparisons.filter(isClear).length;
  const differ =
    clear === 0 ? `none of ${told.length} ${noun} does it differ` : `${clear} of ${told.length} ${noun} it differs`;
  return `${spread} In ${differ} clearly from that of all others together, allowing for ${testsIn(all)} comparisons at once.`;
}

const keyOf = (row: AnswerRow, { group_by }: Question) => ({
  survey: String(row.survey),
  groups: group_by.map((name) => (row[name] === null ? null : String(row[name]))),
});
const groupOf = (row: AnswerRow, question: Question) => inGroup(keyOf(row, question), question);
/** `In segment smb, ` */
const opening = (row: AnswerRow, question: Question) =>
  question.group_by.length > 0 ? `${groupOf(row, question).trim()}, ` : '';

/** `39.0 (95% interval 21.7 to 54.0; 100 responses)` */
const figure = (row: AnswerRow, { column, value }: Wording) =>
  `${value(Number(row[column]))} (95% interval ${value(Number(row[`${column}_low`]))} to ${value(Number(row[`${column}_high`]))}; ${inResponses(Number(row.responses))})`;

/** The last period, and how it stands to the one before. */
function lastPeriod(told: AnswerRow[], comparisons: ScoreComparison[], words: Wording, question: Question): string {
  const last = told.at(-1);
  if (!last) return '';
  const is = `${capital(opening(last, question) + words.noun)} is ${figure(last, words)}`;
  const change = comparisons.at(-1);
  if (!change || change.low === null || change.high === null) return `${is}.`;
  const { points } = words;
  const size = `${points(change.difference ?? 0)} points`;
  if (change.low > 0)
    return `${is}, ${size} more than in ${change.against} (95% interval ${points(change.low)} to ${points(change.high)} points more).`;
  if (change.high < 0)
    return `${is}, ${size} less than in ${change.against} (95% interval ${points(change.high)} to ${points(change.low)} points less).`;
  return `${is}; no difference from ${change.against} was found (95% interval ${points(change.low)} points less to ${points(change.high)} points more).`;
}

const isClear = ({ q }: ScoreComparison) => q !== null && q <= 0.05;

function changes(comparisons: ScoreComparison[], { noun }: Wording, period: string): string {
  const clear = comparisons.filter(isClear);
  const rose = clear.filter(({ difference }) => (difference ?? 0) > 0).length;
  return clear.length === 0
    ? `From one ${period} to the next, no change of ${noun} was found within any group, in ${comparisons.length} comparisons.`
    : `From one ${period} to the next within each group, ${noun} rose in ${rose} and fell in ${clear.length - rose} of ${comparisons.length} comparisons; in the others no change was found.`;
}

function extremes(told: AnswerRow[], words: Wording, noun: string, question: Question): string {
  const sorted = told.toSorted((one, other) => Number(other[words.column]) - Number(one[words.column]));
  const [highest, lowest] = [sorted[0] ?? {}, sorted.at(-1) ?? {}];
  const score = capital(words.noun);
  return highest[words.column] === lowest[words.column]
    ? `${score} is ${words.value(Number(highest[words.column]))} in each of ${told.length} ${noun}.`
    : `${score} is highest${groupOf(highest, question)}, ${figure(highest, words)}, and lowest${groupOf(lowest, question)}, ${figure(lowest, words)}.`;
}
