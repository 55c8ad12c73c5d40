import { Type } from 'typebox';
import { cadences } from '../../db/cadence.ts';
import { readQuestion } from '../question.ts';
import { readRateRows, responseRatesDefinition } from '../response-rates/response-rates.ts';
import { declareFigure, type Family, type Figure, isOver } from './declare.ts';
import { responseFilters } from './filters.ts';

const { channel: _, theme: __, ...asked } = responseFilters;
const usualDays = 30;
const filters = {
  ...asked,
  within_days: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 365,
      default: usualDays,
      description: 'How long an invitation can be answered.',
    }),
  ),
};

const responseRates: Family<typeof filters> = {
  question: 'analytics/response-rates',
  definition: responseRatesDefinition,
  filters,
  cadences,
  async read(client, { filters: given, unit, periods, reader }) {
    const { within_days = usualDays, ...narrowed } = given;
    const question = await readQuestion(client, { ...narrowed, ...(unit !== null && { unit }) }, reader);
    const complete_through = question.responses_through;
    const rows = [];
    for (const { from, to, ...period } of periods) {
      const found = await readRateRows(client, {
        question: { ...question, from, to },
        within_days,
        until: complete_through ?? new Date(0),
      });
      rows.push({ row: found[0], is_complete: isOver({ ...period, from, to }, complete_through, within_days) });
    }
    return { rows, complete_through };
  },
};

/** Who answers. */
export const responseRateFigures: readonly Figure[] = [
  declareFigure({
    id: 'response_rate',
    label: 'Response rate',
    unit: 'share',
    direction: 'higher_is_better',
    is_additive: false,
    adding_up:
      'Customers count once in a period, so nothing adds up to a longer one: ask analytics/response-rates for it.',
    family: responseRates,
    column: 'response_rate',
    n: 'reached',
  }),
];
