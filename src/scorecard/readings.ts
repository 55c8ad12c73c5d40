import { rounded } from '../analytics/answer.ts';
import type { Client } from '../db/pool.ts';
import { unitsBelow } from '../db/unit-tree.ts';
import { z } from '../stats/distributions.ts';
import { type Interval, tInterval, wilson } from '../stats/intervals.ts';

/** What the readings of a period say of a unit. */
export interface ReadPeriod {
  value: number | null;
  n: number | null;
  low: number | null;
  high: number | null;
  /** How many units' readings were added up; null where the unit has one of its own. */
  units: number | null;
  /** Units have readings which cannot be added up. */
  is_apart: boolean;
}

interface Sums {
  period_start_on: string;
  value: number | null;
  numerator: number | null;
  denominator: number | null;
  n: number | null;
  standard_error: number | null;
  units: number;
  additive_units: number;
}

/**
 * Reads what a mile marker was in each of some periods. A reading of the unit itself counts; without one, those of the
 * units below it are added up, sum of numerators / sum of denominators, each as high in the tree as there is one, so
 * that nothing counts twice.
 * @param starts the first days of the periods
 * @returns by first day, where there are readings
 */
export async function readReadings(
  client: Client,
  { key, interval_kind }: { key: string; interval_kind: 'proportion' | 'mean' | null },
  unit: string | null,
  starts: readonly string[],
): Promise<Map<string, ReadPeriod>> {
  // `of_unit` holds the readings that may count, `above` the units above theirs: within the unit that is asked about.
  const within = unit === null ? '' : `and r.unit in ${unitsBelow('$3')}`;
  const rows = await client.rows<Sums>(
    `with recursive of_unit as materialized (
       select r.* from readings r
       where r.mile_marker = $1 and r.period_start_on = any($2::date[]) ${within}
     ),
     above(unit, ancestor) as (
       select distinct r.unit, u.parent from of_unit r join units u on u.key = r.unit
       where u.parent is not null and r.unit is distinct from $3::text
       union
       select a.unit, u.parent from above a join units u on u.key = a.ancestor
       where u.parent is not null and a.ancestor is distinct from $3::text
     ),
     highest as (
       select r.* from of_unit r
       where r.unit is not distinct from $3::text or not exists (
         select from of_unit o
         where o.period_start_on = r.period_start_on and (o.unit is not distinct from $3::text
           or o.unit in (select a.ancestor from above a where a.unit = r.unit))
       )
     )
     select period_start_on::text as period_start_on, sum(value) as value, sum(numerator) as numerator,
       sum(denominator) as denominator,
       case when count(n) = count(*) then sum(n) end as n,
       -- Of a ratio of sums whose parts are independent and whose denominators are what they are.
       case when count(*) = 1 then max(standard_error)
         when count(standard_error) = count(*) then sqrt(sum((denominator * standard_error) ^ 2)) / sum(denominator)
       end as standard_error,
       count(*) filter (where unit is distinct from $3::text) as units,
       count(denominator) filter (where unit is distinct from $3::text) as additive_units
     from highest group by period_start_on`,
    [key, [...starts], unit],
  );
  return new Map(rows.map((row) => [row.period_start_on, periodOf(row, interval_kind)]));
}

function periodOf(sums: Sums, interval_kind: 'proportion' | 'mean' | null): ReadPeriod {
  const { units, additive_units, numerator, denominator } = sums;
  const nothing = { value: null, n: null, low: null, high: null };
  if (units > 0 && additive_units < units) return { ...nothing, units, is_apart: true };
  const value = units > 0 ? Number(numerator) / Number(denominator) : sums.value;
  const interval = value === null ? null : intervalOf({ ...sums, value }, interval_kind);
  return {
    value,
    n: sums.n,
    low: rounded(interval?.low ?? null),
    high: rounded(interval?.high ?? null),
    units: units > 0 ? units : null,
    is_apart: false,
  };
}

function intervalOf(
  { value, n, numerator, denominator, standard_error }: Sums & { value: number },
  kind: 'proportion' | 'mean' | null,
): Interval | null {
  if (kind === 'proportion' && numerator !== null && denominator !== null)
    return wilson({ successes: numerator, n: denominator });
  if (kind !== 'mean' || standard_error === null || standard_error === 0) return null;
  // Without a count there are no degrees of freedom, and the standard error is taken as known.
  if (n === null) return { low: value - z * standard_error, high: value + z * standard_error };
  return tInterval(value, standard_error, n - 1);
}
