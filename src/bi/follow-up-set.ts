import { noun } from '../modules/follow-ups/queries.ts';
import { FollowUp } from '../modules/follow-ups/schemas.ts';
import { columnOf } from './noun-sets.ts';
import type { BiSet, SetColumn } from './set.ts';

/** What is kept of a follow-up itself; what its list shows of the customer and the response stands in their own sets. */
const kept = [
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

/** What is made of the list of responses, and what only readers with the scope `personal` see. */
const made: Partial<Record<(typeof kept)[number], Partial<SetColumn>>> = {
  response_id: { sql: 't.response_ids[1]' },
  responses: { sql: 'cardinality(t.response_ids)' },
  closing_note: { personal: true },
  note: { personal: true },
};

/** The follow-ups, for BI tools. */
export const followUps: BiSet = {
  name: noun.table,
  one: noun.one,
  role: 'fact',
  description: 'The attempts to win back upset customers, closed and withdrawn ones among them.',
  relation: noun.table,
  key: [noun.key],
  time: 'opened_at',
  ...(noun.owner !== undefined && { owner: noun.owner }),
  list: '/v1/follow-ups',
  columns: kept.map((name) => ({ ...columnOf([name, FollowUp.properties[name]]), ...made[name] })),
};
