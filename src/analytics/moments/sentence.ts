import type { AnswerRow } from '../answer.ts';
import type { Question } from '../question.ts';
import { amount, inResponses, percent, tenths } from '../words.ts';

/** Up to how many surveys have a sentence of their own. */
const mostSurveys = 3;

/** Which moment it pays most to improve, survey by survey, in words that a service manager can repeat. */
export function momentsSentence(rows: AnswerRow[], question: Question): string {
  const told = rows.filter(({ withheld }) => withheld === null);
  if (told.length === 0)
    return rows.length === 0
      ? 'No response that names a moment was found for this question.'
      : 'Too few responses to tell of any moment.';
  const surveys = [...new Set(told.map(({ survey }) => String(survey)))];
  const more = surveys.length - mostSurveys;
  return [
    ...surveys.slice(0, mostSurveys).map((survey) =>
      surveySentence(
        survey,
        told.filter((row) => row.survey === survey),
        question,
      ),
    ),
    ...(more > 0 ? [`${more} more ${more === 1 ? 'survey is' : 'surveys are'} in the rows.`] : []),
  ].join(' ');
}

const nameOf = ({ name, moment }: AnswerRow) => `'${name ?? moment}'`;
const isSure = (row: AnswerRow, column: string) => row[`${column}_low`] !== null && Number(row[`${column}_low`]) > 0;

const rateOf = (row: AnswerRow) =>
  `${percent(Number(row.satisfied_rate))} satisfied (95% interval ${percent(Number(row.satisfied_rate_low))} to ${percent(Number(row.satisfied_rate_high))}; ${inResponses(Number(row.responses))})`;

function surveySentence(survey: string, told: AnswerRow[], question: Question): string {
  const of = `In '${survey}'`;
  const found = told.length > 1 ? 'it pays most to improve' : 'the only moment is';
  const [most] = told.filter((row) => isSure(row, 'retention_gain'));
  if (most)
    return `${of} ${found} ${nameOf(most)}: ${rateOf(most)}, and who was satisfied there stayed ${tenths(100 * Number(most.retention_gain))} points more often over ${question.window_days} days (95% interval ${tenths(100 * Number(most.retention_gain_low))} to ${tenths(100 * Number(most.retention_gain_high))}). An association, not a cause.`;
  const [richest] = told
    .filter((row) => isSure(row, 'revenue_gain'))
    .sort((one, other) => Number(other.revenue_at_stake) - Number(one.revenue_at_stake));
  if (richest) {
    const money = (column: string) => amount(Number(richest[column]), question.state.currency);
    return `${of} ${found} ${nameOf(richest)}: ${rateOf(richest)}, and who was satisfied there spent ${money('revenue_gain')} ${question.state.currency} more over ${question.window_days} days (95% interval ${money('revenue_gain_low')} to ${money('revenue_gain_high')}). An association, not a cause.`;
  }
  const sorted = told.toSorted((one, other) => Number(one.satisfied_rate) - Number(other.satisfied_rate));
  const [lowest] = sorted;
  if (!lowest) return '';
  const place = told.length === 1 ? `${nameOf(lowest)} has` : `of ${told.length} moments ${nameOf(lowest)} has least:`;
  return `${of} ${place} ${rateOf(lowest)}. ${told.some(({ retention_gain, revenue_gain }) => retention_gain !== null || revenue_gain !== null) ? 'No association of satisfaction at a moment with staying or spending was found.' : 'What satisfaction at a moment is worth is not known yet.'}`;
}
