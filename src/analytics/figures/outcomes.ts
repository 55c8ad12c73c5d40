import { Type } from 'typebox';
import { cadences } from '../../db/cadence.ts';
import { bands } from '../../outcomes/cells.ts';
import type { RefreshState } from '../../outcomes/collect.ts';
import { type AnswerRow, earliest } from '../answer.ts';
import { rowsOf } from '../outcomes/findings.ts';
import { type Group, readGroups, showingOf, wholeOf } from '../outcomes/groups.ts';
import { type OutcomeKind, referralsKind, retentionKind, revenueKind } from '../outcomes/measures.ts';
import { type Question, readQuestion } from '../question.ts';
import { window } from '../schemas.ts';
import { declareFigure, type Family, type Figure, isOver } from './declare.ts';
import { responseFilters } from './filters.ts';

const filters = {
  ...responseFilters,
  ...window,
  band: Type.Optional(Type.Enum([...bands], { description: 'Only responses of this band; all bands unless given.' })),
};

/** What customers did in the window after an answer: the period is that of the answer. */
const outcomeFamily = (kind: OutcomeKind): Family<typeof filters> => ({
  question: `outcomes/${kind.outcome}`,
  definition: kind.definition,
  filters,
  cadences,
  async read(client, { filters: { band, ...given }, unit, periods, reader }) {
    const question = await readQuestion(client, { ...given, ...(unit !== null && { unit }) }, reader);
    const complete_through = completeThrough(question.state, kind);
    const rows = [];
    for (const period of periods) {
      const asked = { ...question, from: period.from, to: period.to };
      const [found] = await readGroups(client, asked, [kind]);
      const [group] = found?.groups ?? [];
      const is_complete = isOver(period, complete_through, question.window_days);
      rows.push({ row: group && rowOf(group, asked, kind, band), is_complete });
    }
    return { rows, complete_through };
  },
});

/** Through when the facts are complete that an outcome is made of: of retention both, where both were sent. */
function completeThrough(state: RefreshState, { outcome }: OutcomeKind): Date | null {
  return earliest([state[`${outcome}_through`], ...(outcome === 'retention' ? [state.revenue_through] : [])]);
}

/** The row of one band as the question has it, or of all bands together by the same formulas. */
function rowOf(group: Group, question: Question, kind: OutcomeKind, band: string | undefined): AnswerRow | undefined {
  const held =
    band === undefined ? group : { ...group, bands: new Map([...group.bands].filter(([name]) => name === band)) };
  if (held.bands.size === 0) return undefined;
  const told = band === undefined ? [{ ...group, bands: new Map([['all', wholeOf(group)]]) }] : [held];
  return rowsOf(told, question, kind, showingOf(told, question, kind))[0];
}

const revenue = outcomeFamily(revenueKind);
const referrals = outcomeFamily(referralsKind);
const dividing = (sum: string, n: string) => `Add up \`${sum}\` and \`${n}\` of \`daily_outcomes\`, then divide.`;
const outcome = { direction: 'higher_is_better', is_additive: false, n: 'responses' } as const;

/** What customers bring who answered. */
export const outcomeFigures: readonly Figure[] = [
  declareFigure({
    ...outcome,
    id: 'revenue_per_customer',
    label: 'Net revenue of a customer in the window after an answer',
    unit: 'currency',
    adding_up: dividing('revenue_after', 'revenue_n'),
    family: revenue,
    column: 'revenue_after',
  }),
  declareFigure({
    ...outcome,
    id: 'repeat_rate',
    label: 'Customers who bought again in the window after an answer',
    unit: 'share',
    adding_up: 'Ask outcomes/revenue for the whole: `daily_outcomes` counts payments, not who paid.',
    family: revenue,
    column: 'repeat_rate',
  }),
  declareFigure({
    ...outcome,
    id: 'referrals_per_customer',
    label: 'Referrals of a customer in the window after an answer',
    unit: 'referrals',
    adding_up: dividing('referrals_after', 'referrals_n'),
    family: referrals,
    column: 'referrals_after',
  }),
  declareFigure({
    ...outcome,
    id: 'referrer_rate',
    label: 'Customers who referred somebody in the window after an answer',
    unit: 'share',
    adding_up: 'Ask outcomes/referrals for the whole: `daily_outcomes` counts referrals, not who made them.',
    family: referrals,
    column: 'referrer_rate',
  }),
  declareFigure({
    ...outcome,
    id: 'retention',
    label: 'Customers who stayed through the window after an answer',
    unit: 'share',
    adding_up: dividing('retained', 'retention_n'),
    family: outcomeFamily(retentionKind),
    column: 'retention_rate',
  }),
];
