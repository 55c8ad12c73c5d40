import type { Client } from '../db/pool.ts';
import { isInside, type UnitLimit } from '../db/unit-tree.ts';
import { wrong } from './question.ts';

/**
 * A question as it may be asked by a key that is limited to units: of one of them, or of one below. Where the key has
 * one unit it is that, unless another is named. What a question of a unit answers holds nothing of others, groups by unit
 * included.
 * @throws ApiError 400 that names the units of the key
 */
export async function withinUnits<Given extends { unit?: string }>(
  client: Client,
  given: Given,
  units: UnitLimit,
): Promise<Given> {
  if (units === null) return given;
  const [only, ...others] = units;
  const named = units.join(', ');
  if (given.unit === undefined) {
    if (only !== undefined && others.length === 0) return { ...given, unit: only };
    throw wrong('unit', 'unit_missing', `This key is limited to several units. Name one with unit: ${named}.`);
  }
  const { unit } = given;
  if (await isInside(client, unit, units)) return given;
  throw wrong('unit', 'unknown_unit', `There is no unit '${unit}' for this key. There are: ${named}, and those below.`);
}
