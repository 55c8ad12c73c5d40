import type { Client } from '../db/pool.ts';
import { type FieldError, refuse } from '../errors.ts';

/** What a field of a managed noun may refer to: the table, its key, and how to make one. */
const known = {
  unit: { table: 'units', key: 'key', one: 'unit', cure: 'Send it first: POST /v1/units' },
  moment: { table: 'moments', key: 'key', one: 'moment of truth', cure: 'Make it first: POST /v1/moments' },
  obstacle: { table: 'obstacles', key: 'id', one: 'obstacle', cure: 'Make it first: POST /v1/obstacles' },
  problem: { table: 'problems', key: 'key', one: 'problem', cure: 'Make it first: POST /v1/problems' },
  follow_up: { table: 'follow_ups', key: 'id', one: 'follow-up', cure: 'Open it first: POST /v1/follow-ups' },
  vision: { table: 'visions', key: 'id', one: 'vision', cure: 'Make it first: POST /v1/visions' },
} as const;

/**
 * What is wrong with the references of a row: those that name nothing. Only what differs from the row before is looked
 * at, so that a row whose unit is gone can still be changed elsewhere. One that is archived is still one.
 * @param names the fields that refer to something
 */
export async function unknownReferences<N extends keyof typeof known>(
  client: Client,
  row: { readonly [K in N]: string | null },
  before: { readonly [K in N]: string | null } | undefined,
  names: readonly N[],
): Promise<FieldError[]> {
  const errors: FieldError[] = [];
  for (const name of names) {
    const value = row[name];
    if (value === null || value === before?.[name]) continue;
    const { table, key, one, cure } = known[name];
    const [found] = await client.rows(`select from ${table} where ${key} = $1`, [value]);
    if (found) continue;
    const detail = `There is no ${one} '${value}'. ${cure}, or leave '${name}' out.`;
    errors.push({ pointer: `/${name}`, code: `unknown_${name}`, detail });
  }
  return errors;
}

/** The same, where nothing else may be wrong besides. @throws ApiError 422 that names each of them */
export async function requireReferences<N extends keyof typeof known>(
  ...given: Parameters<typeof unknownReferences<N>>
): Promise<void> {
  refuse(await unknownReferences(...given));
}
