import type { Client, Param } from '../db/pool.ts';
import { type UnitLimit, unitsBelowAny, visibleSql } from '../db/unit-tree.ts';
import type { FieldError } from '../errors.ts';
import type { AnyRow, Dataset } from './declare.ts';
import { facts } from './registry.ts';

/** What a key that is limited to units may not send of a batch. */
interface Limited {
  /** What is wrong with each row, in their order. */
  wrong: FieldError[][];
  /** The keys of the rows that are there already. */
  held: Set<string>;
}

const code = 'outside_units';

/**
 * Finds the rows of a batch that would be of none of the units of a key, or would replace a row that is of none. What it
 * looked at is held still until the batch is stored.
 */
export async function refuseOutside(
  client: Client,
  dataset: Dataset,
  rows: readonly { value: AnyRow }[],
  units: Exclude<UnitLimit, null>,
): Promise<Limited> {
  const { name, key, columns, customer, one } = dataset;
  const hasUnit = columns.unit !== undefined;
  const values = (column: string | undefined) =>
    rows.map(({ value }) => (column === undefined || value[column] == null ? null : String(value[column])));
  const keys = values(key);
  const customers = values(customer);
  // In the order in which every batch takes them, so that two do not wait for each other.
  if (customer !== undefined)
    await client.rows('select from customers where id = any($1::text[]) order by id for share', [customers]);
  const held = await client.rows<{ key: string }>(
    `select ${key} as key from ${name} where ${key} = any($1::text[]) order by ${key} for update`,
    [keys],
  );
  const params: Param[] = [keys, hasUnit ? values('unit') : [], customers];
  const param = (value: Param) => `$${params.push(value)}`;
  const sent = visibleSql(
    { ...(hasUnit && { unit: 's.unit' }), ...(customer !== undefined && { customer: 's.customer' }) },
    units,
    param,
  );
  const there = visibleSql(dataset.owner, units, param);
  const unclaimed = name === 'customers' ? unclaimedSql('s.key', unitsBelowAny(param(units))) : 'true';
  const blank = name === 'customers' ? blankSql(dataset) : 'false';
  const found = await client.rows<{ sent: boolean; there: boolean }>(
    `select coalesce(${sent}, false) as sent,
       coalesce(
         (select coalesce(${there}, false) or (${blank} and ${unclaimed}) from ${name} t where t.${key} = s.key), ${unclaimed}
       ) as there
     from unnest($1::text[], $2::text[], $3::text[]) with ordinality as s(key, unit, customer, place) order by s.place`,
    params,
  );
  const of = name === 'customers' ? 'looked after by' : 'of';
  const wrong = found.map(({ sent, there }, at): FieldError[] => {
    if (!there)
      return [
        {
          pointer: `/${key}`,
          code,
          detail: `What is known under '${keys[at]}' already is not ${of} the units that this key is limited to.`,
        },
      ];
    if (sent) return [];
    return [
      hasUnit
        ? {
            pointer: '/unit',
            code,
            detail: `This key is limited to units, and the ${one.replaceAll('_', ' ')} would be ${of} none of them. Name one of them as its unit.`,
          }
        : {
            pointer: `/${customer}`,
            code,
            detail: `This key is limited to units, and none of them looks after the customer '${customers[at]}'. Send the customer first, with its unit.`,
          },
    ];
  });
  return { wrong, held: new Set(held.map((row) => row.key)) };
}

/**
 * A customer that nobody has described is theirs to describe whose units alone have facts of it; else a key could come
 * by other units' rows by laying claim to their customer. `inside` are the units, as a subquery.
 */
const unclaimedSql = (customer: string, inside: string) =>
  `not (${facts
    .map(
      (fact) =>
        `exists (select from ${fact.name} f where f.${fact.customer} = ${customer}${
          fact.columns.unit === undefined ? '' : ` and (f.unit is null or f.unit not in ${inside})`
        })`,
    )
    .join(' or ')})`;

/** A record that says nothing: the service made it when facts first mentioned the customer. */
const blankSql = ({ columns, key }: Dataset) =>
  Object.entries(columns)
    .filter(([name]) => name !== key)
    .map(([name, { kind }]) => (kind === 'map' ? `t.${name} = '{}'` : `t.${name} is null`))
    .join(' and ');
