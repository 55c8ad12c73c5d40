import { instantSql, objectSql } from '../../db/json-text.ts';
import type { Feed } from '../../feed/feed.ts';
import { noun } from './queries.ts';
import { FollowUp } from './schemas.ts';

/** What is kept of a follow-up itself; what its list shows of the customer and the response stands in their own sets. */
export const kept = [
  'id',
  'customer_id',
  'survey',
  'unit',
  'response_id',
  'responses',
  'origin',
  'state',
  'closed_as',
  'closing_note',
  'owner',
  'note',
  'problem',
  'promise',
  'promised_for',
  'promise_kept',
  'opened_at',
  'due_at',
  'first_due_at',
  'acknowledged_at',
  'contacted_at',
  'solution_offered_at',
  'closed_at',
  'version',
  'created_at',
  'changed_at',
  'archived_at',
] as const satisfies readonly (keyof typeof FollowUp.properties)[];

/** What is made of the list of responses, over `t`. */
export const madeSql: Partial<Record<(typeof kept)[number], string>> = {
  response_id: 't.response_ids[1]',
  responses: 'cardinality(t.response_ids)',
};

/** What people write of a customer: only for readers with the scope `personal`. */
export const isPersonal = (name: (typeof kept)[number]) => name === 'note' || name === 'closing_note';

function fieldSql(name: (typeof kept)[number]): string {
  const value = madeSql[name] ?? `t.${name}`;
  return /_at$|^promised_for$/.test(name) ? instantSql(value) : value;
}

/** The follow-ups as those see them who follow their changes. One is removed only when its customer is erased. */
export const followUpFeed: Feed = {
  name: noun.table,
  path: 'follow-ups',
  operationId: 'listFollowUpChanges',
  many: 'follow-ups',
  key: noun.key,
  owner: noun.owner,
  removable: true,
  shown: Object.fromEntries(kept.map((name) => [name, FollowUp.properties[name]])),
  rowSql: (personal) =>
    objectSql(kept.filter((name) => personal || !isPersonal(name)).map((name) => `${fieldSql(name)} as ${name}`)),
};
