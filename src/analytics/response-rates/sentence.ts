import type { AnswerRow } from '../answer.ts';
import type { Question } from '../question.ts';
import { capital, counted, inGroup, percent, scoped } from '../words.ts';

/** Up to how many surveys have a sentence of their own. */
const mostSurveys = 3;

/** How many answered, survey by survey, in words that a service manager can repeat. */
export function ratesSentence(rows: AnswerRow[], question: Question, within_days: number): string {
  // What is narrowed here is when people were asked, not when they answered.
  const only = [
    ...(question.from ? [`invited from ${question.from.month ?? question.from.at}`] : []),
    ...(question.to ? [`invited before ${question.to.month ?? question.to.at}`] : []),
  ];
  const text = scoped(sentences(rows, question, within_days), { ...question, from: null, to: null });
  return only.length > 0 ? `${capital(only.join(', '))}: ${text}` : text;
}

function sentences(rows: AnswerRow[], question: Question, within_days: number): string {
  const told = rows.filter(({ withheld }) => withheld === null);
  if (told.length === 0)
    return rows.length === 0
      ? 'No invitation was found for this question whose time to be answered is over.'
      : 'Too few customers were reached to tell a response rate.';
  const surveys = [...new Set(told.map(({ survey }) => String(survey)))];
  const more = surveys.length - mostSurveys;
  return [
    ...surveys.slice(0, mostSurveys).map((survey) =>
      surveySentence(
        told.filter((row) => row.survey === survey),
        question,
        within_days,
      ),
    ),
    ...(more > 0 ? [`${more} more ${more === 1 ? 'survey is' : 'surveys are'} in the rows.`] : []),
  ].join(' ');
}

const groupOf = (row: AnswerRow, question: Question) =>
  inGroup(
    {
      survey: String(row.survey),
      groups: question.group_by.map((name) => (row[name] === null ? null : String(row[name]))),
    },
    question,
  );

const customers = ({ reached }: AnswerRow) => `${counted(Number(reached))} ${reached === 1 ? 'customer' : 'customers'}`;
const limits = (row: AnswerRow) =>
  `95% interval ${percent(Number(row.response_rate_low))} to ${percent(Number(row.response_rate_high))}`;

function surveySentence(told: AnswerRow[], question: Question, within_days: number): string {
  const sorted = told.toSorted((one, other) => Number(other.response_rate) - Number(one.response_rate));
  const [highest, lowest] = [sorted[0] ?? {}, sorted.at(-1) ?? {}];
  if (told.length === 1) {
    const answered = `${counted(Number(highest.answered))} answered within ${within_days} days`;
    const rate = `a response rate of ${percent(Number(highest.response_rate))} (${limits(highest)})`;
    return `Of ${customers(highest)}${groupOf(highest, question)} whom an invitation to '${highest.survey}' reached, ${answered}: ${rate}.${coverage(highest)}`;
  }
  const figure = (row: AnswerRow) => `${percent(Number(row.response_rate))} (${limits(row)}; ${customers(row)})`;
  return `The response rate of '${highest.survey}' is highest${groupOf(highest, question)}, ${figure(highest)}, and lowest${groupOf(lowest, question)}, ${figure(lowest)}.`;
}

const coverage = ({ revenue_coverage }: AnswerRow) =>
  revenue_coverage === null || revenue_coverage === undefined
    ? ''
    : ` Those who answered stand for ${percent(Number(revenue_coverage))} of the revenue of the last 365 days.`;
