import type { Client, Database } from '../db/pool.ts';
import { isInside, type UnitLimit } from '../db/unit-tree.ts';
import { badParameter } from '../errors.ts';

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
    throw badParameter('unit', 'unit_missing', `This key is limited to several units. Name one with unit: ${named}.`);
  }
  const { unit } = given;
  if (await isInside(client, unit, units)) return given;
  throw badParameter(
    'unit',
    'unknown_unit',
    `There is no unit '${unit}' for this key. There are: ${named}, and those below.`,
  );
}

/**
 * What is said of an answer about a unit that nobody sent. Facts may come before their unit, so it can be asked for; but
 * a slip of the pen must not read as a unit in which nothing happened.
 */
export async function withUnitWarning<Told extends { warnings: string[] }>(
  db: Database,
  told: Told,
  unit: string | null | undefined,
): Promise<Told> {
  if (unit === null || unit === undefined) return told;
  const [found] = await db.read((client) => client.rows('select from units where key = $1', [unit]));
  if (found) return told;
  const warning = `There is no unit '${unit}' (GET /v1/units lists them), so only what names it itself counts.`;
  return { ...told, warnings: [warning, ...told.warnings] };
}
