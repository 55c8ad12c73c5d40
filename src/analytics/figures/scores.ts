import { cadences } from '../../db/cadence.ts';
import type { Client } from '../../db/pool.ts';
import { readQuestion } from '../question.ts';
import { readScoreRows, scoresDefinition } from '../scores/scores.ts';
import { declareFigure, type Family, type Figure, isOver } from './declare.ts';
import { responseFilters } from './filters.ts';

const scores: Family<typeof responseFilters> = {
  question: 'analytics/scores',
  definition: scoresDefinition,
  filters: responseFilters,
  cadences,
  async read(client, { filters, unit, periods, reader }) {
    const question = await readQuestion(client, { ...filters, ...(unit !== null && { unit }) }, reader);
    const complete_through = question.responses_through;
    const first = await firstMonth(client, filters.survey);
    const rows = [];
    for (const period of periods) {
      const { data } = await readScoreRows(client, { ...question, from: period.from, to: period.to });
      const is_complete = isOver(period, complete_through);
      // Before the first response nobody says that there was none.
      const isKnown = is_complete && first !== null && first < period.end_on;
      rows.push({ row: data[0] ?? (isKnown ? { responses: 0 } : undefined), is_complete });
    }
    return { rows, complete_through };
  },
};

/** The month of the first response to a survey. */
async function firstMonth(client: Client, survey: string): Promise<string | null> {
  const [found] = await client.rows<{ first: string | null }>(
    `select min(month) as first from score_cells where survey = $1 and cuboid = 'all' and responses > 0`,
    [survey],
  );
  return found?.first ?? null;
}

const addUpScores = 'Add up `responses` of `daily_scores`, then divide.';
const score = { is_additive: false, family: scores, n: 'responses' };
const satisfied = { ...score, unit: 'share', direction: 'higher_is_better', column: 'satisfied_rate' } as const;

/** What customers said. */
export const scoreFigures: readonly Figure[] = [
  declareFigure({
    ...score,
    id: 'nps',
    label: 'Net Promoter Score',
    unit: 'points',
    direction: 'higher_is_better',
    adding_up: 'Add up `responses` of `daily_scores` by band; then 100 (promoters - detractors) / all.',
    column: 'nps',
    kinds: ['nps', 'custom'],
  }),
  declareFigure({
    ...satisfied,
    id: 'csat_top_two',
    label: 'Satisfied customers (top two boxes)',
    adding_up: addUpScores,
    kinds: ['csat', 'custom'],
  }),
  declareFigure({
    ...satisfied,
    id: 'ces_easy',
    label: 'Customers who found it easy',
    adding_up: addUpScores,
    kinds: ['ces', 'custom'],
  }),
  declareFigure({
    ...score,
    id: 'mean_score',
    label: 'Mean score',
    unit: 'score',
    direction: null,
    adding_up: 'Add up `score_total` and `responses` of `daily_scores`, then divide.',
    column: 'mean_score',
  }),
  declareFigure({
    ...score,
    id: 'responses',
    label: 'Responses',
    unit: 'responses',
    direction: 'higher_is_better',
    is_additive: true,
    adding_up: 'Responses of periods and of units add up.',
    column: 'responses',
  }),
];
