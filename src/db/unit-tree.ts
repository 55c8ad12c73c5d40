import type { Client, Param } from './pool.ts';

/**
 * The keys of a unit and of everything below it, as a subquery; `unit` is the `$n` of the unit's key. A circle ends it.
 */
export const unitsBelow = (unit: string) => `(
  with recursive below(key) as (
    select ${unit}::text union select u.key from units u join below b on u.parent = b.key
  ) select key from below)`;

/** The same of several units; `units` is the `$n` of a list of keys. */
export const unitsBelowAny = (units: string) => `(
  with recursive below(key) as (
    select unnest(${units}::text[]) union select u.key from units u join below b on u.parent = b.key
  ) select key from below)`;

/**
 * What says which unit a row belongs to, as expressions over it: its own unit or, where it has none, the unit that
 * looks after its customer now.
 */
export interface UnitOf {
  unit?: string;
  customer?: string;
  /** A row without a unit is of the whole organisation, and everybody may read it. */
  shared?: boolean;
}

/** Whose rows a table has: everybody's, or of units. */
export type Owner = 'everybody' | UnitOf;

/** The units that a reader is limited to, with all below them; null: none, it sees everything. */
export type UnitLimit = readonly string[] | null;

/** The unit of a row as an expression; null where none is known. */
export const unitSql = ({ unit, customer }: UnitOf): string => {
  const ofCustomer = customer === undefined ? [] : [`(select c.unit from customers c where c.id = ${customer})`];
  return `coalesce(${[...(unit === undefined ? [] : [unit]), ...ofCustomer, 'null'].join(', ')})`;
};

/**
 * The condition of the rows that a reader sees. A table that does not say whose its rows are has none for a reader who is
 * limited.
 * @param param adds a parameter to the statement and gives its `$n`
 */
export function visibleSql(owner: Owner | undefined, units: UnitLimit, param: (value: Param) => string): string {
  if (units === null || owner === 'everybody') return 'true';
  if (owner === undefined) return 'false';
  const { unit, customer, shared = false } = owner;
  const inside = unitsBelowAny(param(units));
  const own = unit === undefined ? [] : [`${unit} in ${inside}`];
  const none = unit === undefined ? '' : `${unit} is null and `;
  const ofCustomer =
    customer === undefined
      ? []
      : [`${none}exists (select from customers c where c.id = ${customer} and c.unit in ${inside})`];
  const ofAll = shared && unit !== undefined ? [`${unit} is null`] : [];
  return `(${[...own, ...ofCustomer, ...ofAll].join(' or ') || 'false'})`;
}

/** Whether a unit is one of those that a reader is limited to, or below one. */
export async function isInside(client: Client, unit: string | null, units: UnitLimit): Promise<boolean> {
  if (units === null) return true;
  const found = await client.rows(`select where $1::text in ${unitsBelowAny('$2')}`, [unit, units]);
  return found.length > 0;
}

/**
 * What a route that reads rows of an owner is to keys that are limited to units: see `config.units` in
 * `http/scopes.ts`.
 */
export const limitedReading = (owner: Owner | undefined): { units?: 'own' | 'everybody' } =>
  owner === undefined ? {} : { units: owner === 'everybody' ? 'everybody' : 'own' };
