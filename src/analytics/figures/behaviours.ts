import { Type } from 'typebox';
import { cadences } from '../../db/cadence.ts';
import { Key } from '../../http/schemas.ts';
import { behavioursDefinition, readBehaviourRows } from '../behaviours/behaviours.ts';
import { readQuestion } from '../question.ts';
import { questionQuery } from '../schemas.ts';
import { declareFigure, type Family, type Figure } from './declare.ts';

const filters = {
  family: Type.Optional(Type.String({ ...Key, description: 'Only behaviours of this family.' })),
  behaviour: Type.Optional(Type.String({ ...Key, description: 'Only this behaviour.' })),
  min_n: questionQuery.min_n,
};

/** Observations of the period; those that are written down late count in it all the same. */
const observed: Family<typeof filters> = {
  question: 'analytics/behaviours',
  definition: behavioursDefinition,
  filters,
  cadences,
  async read(client, { filters: { family = null, behaviour = null, ...given }, unit, periods, reader, now }) {
    const question = await readQuestion(client, { ...given, ...(unit !== null && { unit }) }, reader);
    const rows = [];
    for (const { from, to } of periods) {
      const asked = { ...question, from, to, group_by: [], family, behaviour };
      const [row] = await readBehaviourRows(client, asked);
      rows.push({ row, is_complete: Date.parse(to.at) <= now.getTime() });
    }
    return { rows, complete_through: now };
  },
};

const rating = {
  direction: 'higher_is_better',
  is_additive: false,
  adding_up: 'Multiply by the observations, add up, and divide by all of them: each is in one period.',
  family: observed,
  n: 'observations',
} as const;

/** How well people do what customers need of them. */
export const behaviourFigures: readonly Figure[] = [
  declareFigure({
    ...rating,
    id: 'behaviour_rating',
    label: 'Mean rating of behaviours',
    unit: 'score',
    column: 'mean_rating',
  }),
  declareFigure({
    ...rating,
    id: 'behaviours_rated_well',
    label: 'Behaviours rated 4 or 5',
    unit: 'share',
    column: 'rated_well_rate',
  }),
];
