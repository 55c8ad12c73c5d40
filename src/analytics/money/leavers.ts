import type { Bound } from '../../db/period.ts';
import type { Client } from '../../db/pool.ts';
import { converted, hashGroup } from '../../outcomes/definition.ts';
import { byGroupValues, Statement } from '../sums.ts';
import {
  type CustomerGroup,
  type CustomerParameters,
  type CustomerQuestion,
  groupOf,
  ofCustomers,
} from './customer-question.ts';

/** What the reasons are ranked by. */
export const leavingOrders = ['revenue', 'customers'] as const;
type LeavingOrder = (typeof leavingOrders)[number];

/** The parameters of the question why customers left, as they come from the address. */
export interface LeavingParameters extends CustomerParameters {
  from?: string;
  to?: string;
  order?: LeavingOrder;
  limit?: number;
}

/** That question with its defaults filled in. */
export interface LeavingQuestion extends CustomerQuestion {
  from: Bound | null;
  to: Bound | null;
  order: LeavingOrder;
  limit: number;
  through: Date | null;
}

export interface LeavingSums {
  customers: number;
  revenue: number;
}

/** Who left for one reason: as a whole, and by the groups of the jackknife. */
export interface Leavers extends CustomerGroup {
  reason: string | null;
  whole: LeavingSums;
  hashed: LeavingSums[];
}

/**
 * Reads who left, by group and reason, in order: groups by name, then the largest first, and who gave no reason last.
 * Takes time in proportion to who left and to all that they ever paid.
 */
export async function readLeavers(client: Client, question: LeavingQuestion) {
  const { from, to, order, state } = question;
  const statement = new Statement();
  // The amounts are converted by the time zone and the currency, $1 and $2.
  statement.param(state.time_zone);
  statement.param(state.currency);
  const customers = ofCustomers(statement, question);
  const period = [
    ...(from ? [`and t.occurred_at >= ${statement.param(from.at)}::timestamptz`] : []),
    ...(to ? [`and t.occurred_at < ${statement.param(to.at)}::timestamptz`] : []),
  ].join(' ');
  await client.rows(`select set_config('work_mem', '64MB', true)`);
  const rows = await client.rows<
    LeavingSums & { reason: string | null; is_whole: number; hash_group: number; without_rate: number }
  >(
    `with leavers as materialized (
       select distinct on (t.customer_id) t.customer_id, nullif(t.reason, '') as reason, t.occurred_at
       from retention_events t where t.type = 'churned' ${period}
       order by t.customer_id, t.occurred_at desc, t.id desc
     ),
     worth as (
       select e.customer_id, sum(e.amount) as revenue, count(*) filter (where e.amount is null) as without_rate
       from (
         select e.customer_id, ${converted} as amount
         from leavers l join revenue_events e on e.customer_id = l.customer_id and e.occurred_at <= l.occurred_at
       ) e group by e.customer_id
     )
     select k.reason ${customers.names}, grouping(k.hash_group) as is_whole, k.hash_group, count(*) as customers,
       coalesce(sum(k.revenue), 0)::float8 as revenue, coalesce(sum(k.without_rate), 0)::int8 as without_rate
     from (
       select l.reason ${customers.values}, ${hashGroup('l.customer_id')} as hash_group, w.revenue, w.without_rate
       from leavers l left join customers c on c.id = l.customer_id left join worth w on w.customer_id = l.customer_id
       where true ${customers.conditions}
     ) k
     group by grouping sets ((k.reason ${customers.names}, k.hash_group), (k.reason ${customers.names}))`,
    statement.parameters,
  );
  const found = new Map<string, Leavers>();
  let without_rate = 0;
  for (const row of rows) {
    const groups = groupOf(row as unknown as Record<string, unknown>, question); // a row of the statement above
    const key = JSON.stringify([groups, row.reason]);
    const one = found.get(key) ?? { groups, reason: row.reason, whole: { customers: 0, revenue: 0 }, hashed: [] };
    found.set(key, one);
    if (row.is_whole === 1) {
      one.whole = { customers: row.customers, revenue: row.revenue };
      without_rate += row.without_rate;
    } else one.hashed[row.hash_group] = { customers: row.customers, revenue: row.revenue };
  }
  const other = order === 'revenue' ? 'customers' : 'revenue';
  return {
    without_rate,
    found: [...found.values()].sort(
      (one, next) =>
        byGroupValues(one, next) ||
        Number(one.reason === null) - Number(next.reason === null) ||
        next.whole[order] - one.whole[order] ||
        next.whole[other] - one.whole[other] ||
        (String(one.reason) < String(next.reason) ? -1 : 1),
    ),
  };
}
