import type { Param } from '../db/pool.ts';
import { type Owner, type UnitLimit, visibleSql } from '../db/unit-tree.ts';
import type { Dimension } from '../outcomes/cells.ts';

/** What a column of a set holds. Lists and maps are flat here: items separated by `|`, and JSON as text. */
export type Kind = 'text' | 'instant' | 'date' | 'decimal' | 'double' | 'integer' | 'boolean';

export interface SetColumn {
  name: string;
  kind: Kind;
  nullable: boolean;
  /** Only for readers with the scope `personal`. */
  personal: boolean;
  description: string;
  /** The expression over the set's relation `t`. */
  sql: string;
  /** The set whose key it holds; other values than its keys may come, since facts arrive in any order. */
  refers_to?: string;
  /** The dimension whose sums are kept, where it holds one. */
  dimension?: Dimension;
}

/**
 * What a set is good for. `dimension`: what others refer to. `fact`: what happened, as it was sent. `kept`: worked out by
 * the service from the facts, and kept fresh. `additive`: counts and sums, which may be added up and then divided.
 */
type Role = 'dimension' | 'fact' | 'kept' | 'additive';

/** A table as BI tools see it, whatever they ask through: OData, files, SQL, the catalogue. */
export interface BiSet {
  name: string;
  /** The word for one row. */
  one: string;
  role: Role;
  description: string;
  /** The relation that its columns are read from. */
  relation: string;
  key: readonly string[];
  /**
   * The column that says when a row happened, for whoever asks for a period: an instant or a date; absent where there
   * is none.
   */
  time?: string | undefined;
  columns: readonly SetColumn[];
  /** Its list of JSON pages, and its change feed: paths of this service. */
  list?: string;
  changes?: string;
  /**
   * Whose its rows are, over `t`. Unless it is said, those of the unit in its column `unit`; without one, nobody
   * limited sees any.
   */
  owner?: Owner;
  /** The condition, over `t`, of the rows that its reader sees: see `seenBy`. */
  visible?: (param: (value: Param) => string) => string;
}

/**
 * The condition, over `t`, of the rows of a set that a caller sees: `true` for one who is not limited to units.
 * @param param adds a parameter to the statement and gives its `$n`
 */
export function limitSql(
  { owner, columns }: BiSet,
  { units }: { units: UnitLimit },
  param: (value: Param) => string,
): string {
  const unit = columns.find(({ name }) => name === 'unit')?.sql;
  return visibleSql(owner ?? (unit === undefined ? undefined : { unit }), units, param);
}

/** The day of a moment, for relations to the days of the calendar, which tools make by equal values only. */
export const dayOf = (time: string, nullable = false): SetColumn => ({
  name: time.replace(/_at$/, '_on'),
  kind: 'date',
  nullable,
  personal: false,
  description: `The day of ${time} in the reporting time zone.`,
  sql: `(t.${time} at time zone (select time_zone from settings))::date`,
});

/** A set as a caller sees it: with the condition of its rows where the caller is limited to units. */
export const seenBy = (set: BiSet, caller: { units: UnitLimit }): BiSet =>
  caller.units === null ? set : { ...set, visible: (param) => limitSql(set, caller, param) };

/**
 * What a column is called that refers to a row of a set: `customer_id` for the `id` of customers, `unit` for the `key` of
 * units. Undefined where the key goes by another name, or is of several columns.
 */
export function referenceTo({ one, key }: Pick<BiSet, 'one' | 'key'>): string | undefined {
  if (key.length !== 1) return undefined;
  return key[0] === 'id' ? `${one}_id` : key[0] === 'key' ? one : undefined;
}
