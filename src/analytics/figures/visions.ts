import { Type } from 'typebox';
import { cadences } from '../../db/cadence.ts';
import { Uuid } from '../../http/schemas.ts';
import { readQuestion } from '../question.ts';
import { minN } from '../schemas.ts';
import { consistencyDefinition, readConsistencyRows } from '../visions/consistency.ts';
import { declareFigure, type Family, type Figure } from './declare.ts';

const filters = {
  vision: Type.Optional(Type.String({ ...Uuid, description: 'Only checks about this vision, by its id.' })),
  min_n: minN('Figures of fewer vision checks are withheld.'),
};

/** Vision checks are written down here, so they are complete as soon as their period is over. */
const visionConsistency: Family<typeof filters> = {
  question: 'analytics/vision-consistency',
  definition: consistencyDefinition,
  filters,
  cadences,
  async read(client, { filters: { vision, ...given }, unit, periods, reader, now }) {
    const question = await readQuestion(client, { ...given, ...(unit !== null && { unit }) }, reader);
    const rows = [];
    for (const { from, to } of periods) {
      const asked = { ...question, from, to, group_by: [], vision: vision ?? null };
      const [row] = await readConsistencyRows(client, asked);
      rows.push({ row, is_complete: Date.parse(to.at) <= now.getTime() });
    }
    return { rows, complete_through: now };
  },
};

/** Whether employees know where the organisation is going. */
export const visionFigures: readonly Figure[] = [
  declareFigure({
    id: 'vision_consistency',
    label: 'Employees who know the vision',
    unit: 'share',
    direction: 'higher_is_better',
    is_additive: false,
    adding_up: 'Add up `consistent` and `checks` of analytics/vision-consistency, then divide.',
    family: visionConsistency,
    column: 'consistency_rate',
    n: 'checks',
  }),
];
