import type { FastifyRequest } from 'fastify';
import type { Client } from '../db/pool.ts';
import { isInside } from '../db/unit-tree.ts';
import { forbidden, invalidField } from '../errors.ts';
import type { ManagedNoun } from './declare.ts';

/**
 * @throws ApiError 403 where the key is limited to units, and the row, which it may read, is of the whole organisation
 */
export async function requireOwn(
  client: Client,
  { one }: ManagedNoun,
  row: Record<string, unknown>,
  { caller }: FastifyRequest,
): Promise<void> {
  if (await isInside(client, row.unit == null ? null : String(row.unit), caller.units)) return;
  throw forbidden(
    'limited_to_units',
    `This ${one.replaceAll('_', ' ')} is of the whole organisation, and this key is limited to some of its units: it may read it.`,
  );
}

/** @throws ApiError 422 where the key is limited to units, and the row would be of none of them */
export async function requireOwnUnit(
  client: Client,
  row: Record<string, unknown>,
  { caller }: FastifyRequest,
): Promise<void> {
  if (await isInside(client, row.unit == null ? null : String(row.unit), caller.units)) return;
  throw invalidField(
    '/unit',
    'outside_units',
    'This key is limited to units: name one of them, or one below them, as its unit.',
  );
}
