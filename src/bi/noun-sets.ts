import type { TSchema } from 'typebox';
import { Decimal } from '../http/schemas.ts';
import { type ManagedNoun, takesNull, typesOf } from '../managed/declare.ts';
import { alignmentReviews } from '../modules/alignment-reviews/alignment-review.ts';
import { behaviours } from '../modules/behaviours/behaviour.ts';
import { observations } from '../modules/behaviours/observation.ts';
import { discussions } from '../modules/discussions/discussion.ts';
import { empowermentActions } from '../modules/empowerment-actions/empowerment-action.ts';
import { goals } from '../modules/goals/goal.ts';
import { moments } from '../modules/moments/moment.ts';
import { obstacles } from '../modules/obstacles/obstacle.ts';
import { problems } from '../modules/problems/problem.ts';
import { suggestions } from '../modules/suggestions/suggestion.ts';
import { visionChecks } from '../modules/vision-checks/vision-check.ts';
import { visions } from '../modules/visions/vision.ts';
import { mileMarkers } from '../scorecard/mile-markers/mile-marker.ts';
import { type BiSet, dayOf, type Kind, type SetColumn } from './set.ts';

/** Every managed noun, in the order in which tools list them. */
export const nouns: readonly ManagedNoun[] = [
  visions,
  visionChecks,
  alignmentReviews,
  mileMarkers,
  goals,
  discussions,
  moments,
  obstacles,
  suggestions,
  empowermentActions,
  behaviours,
  observations,
  problems,
];

function kindOf(schema: object): Kind {
  const types = typesOf(schema);
  if ('format' in schema && schema.format === 'date-time') return 'instant';
  if ('format' in schema && schema.format === 'date') return 'date';
  if ('pattern' in schema && schema.pattern === (Decimal as { pattern?: string }).pattern) return 'decimal';
  if (types.includes('integer')) return 'integer';
  if (types.includes('number')) return 'double';
  if (types.includes('boolean')) return 'boolean';
  return 'text';
}

/** Ids are text; lists of texts are joined by `|`, as in CSV; what has a shape of its own is JSON as text. */
function flat(name: string, schema: object): string {
  const types = typesOf(schema);
  const isId = 'format' in schema && schema.format === 'uuid';
  if (types.includes('object') || isId) return `t.${name}::text`;
  if (!types.includes('array')) return `t.${name}`;
  const items = 'items' in schema && typeof schema.items === 'object' && schema.items !== null ? schema.items : {};
  return typesOf(items).includes('string') ? `array_to_string(t.${name}, '|')` : `t.${name}::text`;
}

/** A column of a set, from the field of a row as it is stored. */
export function columnOf([name, schema]: [string, TSchema & { description?: string }]): SetColumn {
  return {
    name,
    kind: kindOf(schema),
    nullable: takesNull(schema),
    personal: false,
    description: schema.description ?? '',
    sql: flat(name, schema),
  };
}

/**
 * A managed noun as a set, archived rows among the others: what was measured by them stays. What has a key of the
 * caller's is what others refer to.
 */
const setOf = ({ table, one, path, description, key, stored, owner, time }: ManagedNoun): BiSet => ({
  name: table,
  one,
  role: key === 'key' ? 'dimension' : 'fact',
  description,
  relation: table,
  key: [key],
  ...(owner !== undefined && { owner }),
  ...(time !== undefined && { time }),
  list: `/v1/${path}`,
  changes: `/v1/changes/${path}`,
  columns: [...Object.entries(stored).map(columnOf), ...(time?.endsWith('_at') ? [dayOf(time)] : [])],
});

export const nounSets: readonly BiSet[] = nouns.map(setOf);
