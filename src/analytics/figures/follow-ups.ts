import { Type } from 'typebox';
import { cadences } from '../../db/cadence.ts';
import { followUpsDefinition, readFollowUpRows } from '../follow-ups/follow-ups.ts';
import type { MeasuredFollowUp } from '../follow-ups/read.ts';
import { readQuestion } from '../question.ts';
import { questionQuery, text, window } from '../schemas.ts';
import { declareFigure, type Family, type Figure } from './declare.ts';

const filters = {
  survey: text('Only follow-ups that a response to this survey opened.'),
  owner: text('Only of this owner.'),
  window_days: Type.Optional(
    Type.Integer({
      ...window.window_days,
      description: 'How long after the due time; one of the windows in the settings.',
    }),
  ),
  min_n: questionQuery.min_n,
};

/**
 * Follow-ups that were opened in the period.
 * @param isKnown - whether of one nothing is to come any more that counts
 */
const followUpFamily = (isKnown: (one: MeasuredFollowUp) => boolean): Family<typeof filters> => ({
  question: 'analytics/follow-ups',
  definition: followUpsDefinition,
  filters,
  cadences,
  async read(client, { filters: { owner, ...given }, unit, periods, reader, now }) {
    const question = await readQuestion(client, { ...given, ...(unit !== null && { unit }) }, reader);
    const rows = [];
    for (const { from, to } of periods) {
      const asked = { ...question, from, to, group_by: [], owner: owner ?? null, now };
      const found = await readFollowUpRows(client, asked);
      const is_complete = Date.parse(to.at) <= now.getTime() && found.rows.every(isKnown);
      rows.push({ row: found.data.find(({ contact }) => contact === 'all'), is_complete });
    }
    return { rows, complete_through: now };
  },
});

const inTime = followUpFamily(({ is_due }) => is_due);
const rate = {
  unit: 'share',
  direction: 'higher_is_better',
  is_additive: false,
  adding_up: 'Multiply by its count, add up, and divide by the counts: each follow-up is in one period.',
} as const;

/** Whether promises to upset customers are kept. */
export const followUpFigures: readonly Figure[] = [
  declareFigure({
    ...rate,
    id: 'follow_ups_on_time',
    label: 'Follow-ups closed in time',
    family: inTime,
    column: 'closed_in_time_rate',
    n: 'closed_in_time_rate_n',
  }),
  declareFigure({
    ...rate,
    id: 'follow_ups_contacted_on_time',
    label: 'Follow-ups contacted in time',
    family: inTime,
    column: 'contacted_in_time_rate',
    n: 'contacted_in_time_rate_n',
  }),
  declareFigure({
    ...rate,
    id: 'save_rate',
    label: 'Upset customers who stayed',
    family: followUpFamily(({ left_out }) => left_out !== 'not_due_yet' && left_out !== 'window_open'),
    column: 'save_rate',
    n: 'save_rate_n',
  }),
];
