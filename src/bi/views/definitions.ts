import type { MadeViews } from '../../db/views.ts';
import { columnTypes } from '../column-types.ts';
import { type BiSet, referenceTo, type SetColumn } from '../set.ts';
import { biSets, visibleColumns } from '../sets.ts';

/** The schema of the views: the only one that a reader of them may use. */
export const viewSchema = 'bi';

/** `responses` is `fact_responses`, `customers` is `dim_customers`. */
export function viewName({ name, role }: Pick<BiSet, 'name' | 'role'>): string {
  const prefix = role === 'dimension' ? 'dim_' : 'fact_';
  return name.startsWith(prefix) ? name : `${prefix}${name}`;
}

/**
 * What a column is called in its view. A key goes by the name that others refer to it by, so that tools find relations by
 * equal names: the `id` of `dim_customers` is `customer_id` as in every fact, the `key` of `dim_units` is `unit`.
 */
export const viewColumn = (set: Pick<BiSet, 'one' | 'key'>, column: string): string =>
  set.key.includes(column) ? (referenceTo(set) ?? column) : column;

/** The columns that a view has. Personal ones are in none: whoever may read one view may read all, whole. */
const viewColumns = (set: BiSet): readonly SetColumn[] => visibleColumns(set, false);

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** The statements that make the view of a set, with a comment on it and on each of its columns. */
function viewOf(set: BiSet): string[] {
  const view = `"${viewSchema}"."${viewName(set)}"`;
  const columns = viewColumns(set).map((column) => ({ ...column, name: `"${viewColumn(set, column.name)}"` }));
  const selected = columns.map(({ name, kind, sql }) => `(${sql})::${columnTypes[kind].sql} as ${name}`);
  return [
    `create view ${view} as select ${selected.join(', ')} from ${set.relation} t`,
    `comment on view ${view} is ${literal(set.description)}`,
    ...columns.map(({ name, description }) => `comment on column ${view}.${name} is ${literal(description)}`),
  ];
}

/** The views of some sets; of all of them unless given. */
export const viewsOf = (sets: readonly BiSet[] = biSets): MadeViews => ({
  schema: viewSchema,
  description: 'What BI tools read: dimensions (dim_*) and facts (fact_*). Made anew by Milemarker when it changes.',
  named: '^(dim|fact)_',
  statements: sets.flatMap(viewOf),
});
