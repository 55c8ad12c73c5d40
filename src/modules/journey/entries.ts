import type { Static } from 'typebox';
import type { Client, Param } from '../../db/pool.ts';
import { type UnitLimit, type UnitOf, visibleSql } from '../../db/unit-tree.ts';
import type { Reader } from '../../http/scopes.ts';
import type { JourneyEntry } from './schemas.ts';

type Entry = Static<typeof JourneyEntry>;

/** An entry as it is read. `place` orders entries of one moment. */
interface Row extends Omit<Entry, 'at' | 'converted_at'> {
  at: Date;
  converted_at: Date | null;
  place: string;
}

/** Where a page begins: after the entry of this moment and place. */
export interface Place {
  at: string;
  place: string;
}

/** The columns of an entry besides `at`, `kind` and `id`, with their types in SQL. */
const columns = {
  survey: 'text',
  status: 'text',
  score: 'float8',
  band: 'text',
  comment: 'text',
  themes: 'text[]',
  moment: 'text',
  unit: 'text',
  employee: 'text',
  channel: 'text',
  type: 'text',
  amount: 'numeric',
  currency: 'text',
  product: 'text',
  given: 'text',
  reason: 'text',
  other_customer_id: 'text',
  converted_at: 'timestamptz',
  state: 'text',
  closed_as: 'text',
  owner: 'text',
  revenue_state: 'text',
  revenue_before: 'numeric',
  revenue_after: 'numeric',
  orders_after: 'int',
  referrals_state: 'text',
  referrals_after: 'int',
  retention_state: 'text',
  retained: 'boolean',
} as const satisfies Partial<Record<keyof Entry, string>>;
type Column = keyof typeof columns;

/**
 * Where entries of a kind come from; `$1` is the customer, `$2` the window. A column is that of the table, or an
 * expression.
 */
interface Source {
  kind: Entry['kind'];
  from: string;
  where: string;
  /** Whose an entry is. */
  owner: UnitOf;
  at: string;
  id?: string;
  place?: string;
  columns: readonly (Column | readonly [Column, string])[];
}

const withUnit: UnitOf = { unit: 't.unit', customer: 't.customer_id' };

const sources: readonly Source[] = [
  {
    kind: 'invitation',
    from: 'invitations t',
    where: 't.customer_id = $1',
    owner: withUnit,
    at: 't.sent_at',
    columns: ['survey', 'moment', 'unit', 'status'],
  },
  {
    kind: 'response',
    from: 'responses t left join response_outcomes o on o.response_id = t.id and o.window_days = $2',
    where: 't.customer_id = $1',
    owner: withUnit,
    at: 't.answered_at',
    columns: [
      ...(['survey', 'score', 'band', 'comment', 'themes', 'moment', 'unit', 'employee', 'channel'] as const),
      ...(
        [
          'revenue_state',
          'revenue_before',
          'revenue_after',
          'orders_after',
          'referrals_state',
          'referrals_after',
          'retention_state',
          'retained',
        ] as const
      ).map((name) => [name, `o.${name}`] as const),
    ],
  },
  {
    kind: 'revenue_event',
    from: 'revenue_events t',
    where: 't.customer_id = $1',
    owner: withUnit,
    at: 't.occurred_at',
    columns: ['type', 'amount', 'currency', 'product', 'unit'],
  },
  {
    kind: 'referral',
    from: 'referrals t',
    where: 't.referrer_id = $1',
    owner: { customer: 't.referrer_id' },
    at: 't.made_at',
    columns: [['other_customer_id', 't.referred_id'], 'converted_at'],
  },
  {
    kind: 'referred',
    from: 'referrals t',
    where: 't.referred_id = $1',
    owner: { customer: 't.referrer_id' },
    at: 't.made_at',
    columns: [['other_customer_id', 't.referrer_id'], 'converted_at'],
  },
  {
    kind: 'retention_event',
    from: 'retention_events t',
    where: 't.customer_id = $1',
    owner: { customer: 't.customer_id' },
    at: 't.occurred_at',
    columns: ['type', 'reason'],
  },
  {
    kind: 'empowerment_action',
    from: 'empowerment_actions t',
    where: 't.customer_id = $1 and t.archived_at is null',
    owner: { unit: 't.unit' },
    at: 't.acted_at',
    id: 't.id::text',
    columns: ['unit', ['employee', 't.by'], 'given', ['amount', 't.value'], 'currency'],
  },
  {
    kind: 'follow_up',
    from: `follow_ups t cross join lateral (
        values (1, 'open', t.opened_at), (2, 'acknowledged', t.acknowledged_at), (3, 'contacted', t.contacted_at),
          (4, 'solution_offered', t.solution_offered_at), (5, 'closed', t.closed_at)
      ) step(number, state, at)`,
    where: 't.customer_id = $1 and t.archived_at is null and step.at is not null',
    owner: withUnit,
    at: 'step.at',
    id: 't.id::text',
    place: `'follow_up/' || step.number || '/' || t.id`,
    columns: [
      'survey',
      'unit',
      ['state', 'step.state'],
      ['closed_as', `case when step.state = 'closed' then t.closed_as end`],
      'owner',
    ],
  },
];

/** One kind's part of a page: by its index on customer and time, so that a long story costs no more than a short one. */
function partSql(
  { kind, from, where, owner, at, id = 't.id', place = `'${kind}/' || t.id`, ...source }: Source,
  page: Page,
) {
  const given = new Map(source.columns.map((one) => (typeof one === 'string' ? [one, `t.${one}`] : one)));
  const selected = Object.entries(columns).map(
    // The keys of `columns`.
    ([name, type]) => `${given.get(name as Column) ?? 'null'}::${type} as ${name}`,
  );
  const { sign, direction, limit, after, units, param } = page;
  const begun = after
    ? `and ${at} ${sign}= ${after.at} and (${at}, ${place}) ${sign} (${after.at}, ${after.place})`
    : '';
  return `(select ${at} as at, '${kind}' as kind, ${id} as id, ${place} as place, ${selected.join(', ')}
    from ${from} where ${where} and ${visibleSql(owner, units, param)} ${begun} order by at ${direction}, place ${direction} limit ${limit})`;
}

interface Page {
  sign: '>' | '<';
  direction: 'asc' | 'desc';
  limit: string;
  after: { at: string; place: string } | undefined;
  units: UnitLimit;
  param: (value: Param) => string;
}

/**
 * A page of what happened to a customer, in the order of time.
 * @returns the entries, and the place of the last one when there are more
 */
export async function listEntries(
  client: Client,
  customer: string,
  {
    window_days,
    order,
    after,
    limit,
  }: { window_days: number; order: 'oldest' | 'newest'; after: Place | undefined; limit: number },
  { personal, units }: Reader,
): Promise<{ entries: Entry[]; last: Place | undefined }> {
  const parameters: Param[] = [customer, window_days, limit + 1];
  if (after) parameters.push(after.at, after.place);
  const isForward = order === 'oldest';
  const page: Page = {
    sign: isForward ? '>' : '<',
    direction: isForward ? 'asc' : 'desc',
    limit: '$3',
    after: after && { at: '$4::timestamptz', place: '$5::text' },
    units,
    param: (value) => `$${parameters.push(value)}`,
  };
  const found = await client.rows<Row>(
    `select * from (${sources.map((source) => partSql(source, page)).join(' union all ')}) story
     order by at ${page.direction}, place ${page.direction} limit $3`,
    parameters,
  );
  const more = found.length > limit;
  const rows = more ? found.slice(0, limit) : found;
  const last = more ? rows.at(-1) : undefined;
  return {
    entries: rows.map(({ at, place: _, comment, converted_at, ...row }) => ({
      ...row,
      at: at.toISOString(),
      converted_at: converted_at?.toISOString() ?? null,
      ...(personal && { comment: comment ?? null }),
    })),
    last: last && { at: last.at.toISOString(), place: last.place },
  };
}
