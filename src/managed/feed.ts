import type { TSchema } from 'typebox';
import { instantSql, objectSql } from '../db/json-text.ts';
import type { Feed } from '../feed/feed.ts';
import { Decimal } from '../http/schemas.ts';
import { isMoment, type ManagedNoun, named } from './declare.ts';

/** A column as answers show it: amounts as strings, since a JSON number would be rounded. */
function fieldSql(column: string, schema: TSchema): string {
  if (isMoment(schema)) return instantSql(column);
  const isAmount = 'pattern' in schema && schema.pattern === (Decimal as { pattern?: string }).pattern;
  return isAmount ? `${column}::text` : column;
}

/**
 * A managed noun as those see it who follow its changes: what is kept of it, without what is worked out when it is
 * shown. It is archived and never removed, so it leaves no tombstones; who is limited to units loses it where its unit
 * changes, which `updateManaged` notes.
 */
export const feedOf = ({ table, path, called, component, one, key, owner, stored }: ManagedNoun): Feed => ({
  name: table,
  path,
  operationId: `list${component ?? named(one)}Changes`,
  many: called[1],
  key,
  owner,
  removable: false,
  shown: stored,
  rowSql: () =>
    objectSql(Object.entries(stored).map(([name, schema]) => `${fieldSql(`t.${name}`, schema)} as ${name}`)),
});
