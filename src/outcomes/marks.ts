/**
 * Whom new facts touch: whose outcomes (`dirty_respondents`), and whose revenue and standing (`dirty_customers`), must be
 * worked out again. What was taken from a customer was marked by whoever took it.
 */
import type { Client, Param } from '../db/pool.ts';
import { changedRates, customerOf, factTables, isNew, type Since, sinceOf } from './new-facts.ts';

/** Through when each dataset that outcomes come from is complete; null: never sent. */
export interface Through {
  revenue_through: Date | null;
  referrals_through: Date | null;
  retention_through: Date | null;
}

const hasOutcomes = (customer: string) => `exists (select from response_outcomes o where o.respondent = ${customer})`;

const markRespondents = (client: Client, select: string, parameters: readonly Param[]) =>
  client.rows(
    `insert into dirty_respondents (respondent) select distinct respondent from (${select}) t(respondent)`,
    parameters,
  );

/** `select` gives customers, each with the earliest of its payments that is touched (`infinity` for none). */
const markCustomers = (client: Client, select: string, parameters: readonly Param[]) =>
  client.rows(
    `insert into dirty_customers (customer_id, since)
     select customer_id, min(since) from (${select}) t(customer_id, since) group by customer_id`,
    parameters,
  );

/**
 * Marks the respondents whose outcomes new facts may change. A payment or referral that is on time (after the moment
 * through which windows were closed) changes none, so it marks nobody; that is why reading does not become dearer with
 * every event.
 */
export async function markOutcomes(client: Client, before: Since & Through): Promise<void> {
  const since = sinceOf(before);
  await markRespondents(
    client,
    `select coalesce(t.customer_id, '~' || t.id) from responses t where ${isNew('t')}`,
    since,
  );
  // A churn changes the curve at once, and the first event of a customer changes how it is judged.
  await markRespondents(client, `select t.customer_id from retention_events t where ${isNew('t')}`, since);
  // Most records say nothing that the outcomes do not hold already.
  await markRespondents(
    client,
    `select t.id from customers t where ${isNew('t')} and exists (
       select from responses r join response_outcomes o on o.response_id = r.id
       where r.customer_id = t.id
         and (o.segment <> coalesce(r.segment, t.segment, '') or o.region <> coalesce(r.region, t.region, '')))`,
    since,
  );
  await markRespondents(
    client,
    `select t.customer_id from revenue_events t
     where ${isNew('t')} and t.occurred_at <= $3 and ${hasOutcomes('t.customer_id')}`,
    [...since, before.revenue_through],
  );
  await markRespondents(
    client,
    `select t.referrer_id from referrals t
     where ${isNew('t')} and t.made_at <= $3 and ${hasOutcomes('t.referrer_id')}`,
    [...since, before.referrals_through],
  );
  await markRespondents(
    client,
    `select coalesce(r.customer_id, '~' || r.id) from responses r join surveys t on t.key = r.survey where ${isNew('t')}`,
    since,
  );
}

/** Marks the customers whose months and standing new facts change: every payment does, also one that is on time. */
export async function markStanding(client: Client, before: Since): Promise<void> {
  const since = sinceOf(before);
  await markCustomers(
    client,
    `select t.customer_id, t.occurred_at from revenue_events t where ${isNew('t')}
     union all
     select t.customer_id, 'infinity' from retention_events t where ${isNew('t')}
     union all
     select t.id, 'infinity' from customers t
     where ${isNew('t')} and not exists (select from customer_standing s where s.customer_id = t.id)`,
    since,
  );
}

/** A new, changed or removed rate touches the events of its currency from its day on, for the week that it serves. */
export async function markChangedRates(client: Client, before: Since): Promise<void> {
  const rates = await client.rows<{ currency: string; first: string; last: string }>(
    `select currency, min(valid_on) as first, max(valid_on) as last from (${changedRates}) changed group by currency`,
    sinceOf(before),
  );
  // Days begin and end up to 14 hours away from those in UTC.
  for (const { currency, first, last } of rates)
    await client.rows(
      `with touched as materialized (
         select e.customer_id, min(e.occurred_at) as since from revenue_events e
         where e.currency = $1 and e.occurred_at >= $2::date - interval '1 day'
           and e.occurred_at < $3::date + interval '8 days'
         group by e.customer_id
       ),
       marked as (insert into dirty_customers (customer_id, since) select customer_id, since from touched)
       insert into dirty_respondents (respondent)
       select customer_id from touched where ${hasOutcomes('touched.customer_id')}`,
      [currency, first, last],
    );
}

/**
 * The bounds of the events that a moment passed over, in SQL; before a dataset was sent, it stood at the beginning of
 * time.
 */
function moved(from: Date | null, to: Date | null) {
  const [was, is] = [from, to].map((one) => one?.toISOString() ?? '-infinity') as [string, string];
  const forward = (to?.getTime() ?? -Infinity) > (from?.getTime() ?? -Infinity);
  return { forward, low: forward ? was : is, high: forward ? is : was };
}

const hasMoved = (from: Date | null, to: Date | null) => from?.getTime() !== to?.getTime();

/** Windows that closed, or opened again because a sender took back how far its data is complete. */
export async function markMovedWindows(
  client: Client,
  before: Through,
  after: Through & { windows_days: number[] },
): Promise<void> {
  // Customers without a contract are judged by their revenue, so revenue closes their windows of retention too.
  for (const name of ['revenue_through', 'referrals_through', 'retention_through'] as const) {
    if (!hasMoved(before[name], after[name])) continue;
    const { low, high } = moved(before[name], after[name]);
    for (const days of after.windows_days)
      await markRespondents(
        client,
        `select o.respondent from response_outcomes o
         where o.window_days = $3 and o.revenue_state not in ('anonymous', 'leaving', 'not_index')
           and o.answered_at > $1::timestamptz - make_interval(days => $3)
           and o.answered_at <= $2::timestamptz - make_interval(days => $3)`,
        [low, high, days],
      );
  }
}

/**
 * Standing ages: with the moment that it is about, events enter the 365 days and leave them. Forward, each row knows when
 * it changes next, so only those are found (by index) whose time has come. Backward, which happens only when a sender
 * takes back how far its data is complete, the events in the strips that were passed over are looked for.
 */
export async function markAgedStanding(client: Client, before: Through, after: Through): Promise<void> {
  for (const { through, changes_at, passed } of aging) {
    if (!hasMoved(before[through], after[through])) continue;
    const { forward, low, high } = moved(before[through], after[through]);
    await markCustomers(
      client,
      `select customer_id, 'infinity'::timestamptz from ${
        forward ? `customer_standing where ${changes_at} <= $1::timestamptz` : passed
      }`,
      forward ? [high] : [low, high],
    );
  }
}

/** What ages in the standing: by which moment, the column that knows when, and the events between $1 and $2. */
const aging = [
  {
    through: 'revenue_through',
    changes_at: 'revenue_changes_at',
    passed: `revenue_events
      where (occurred_at > $1::timestamptz and occurred_at <= $2::timestamptz)
        or (occurred_at > $1::timestamptz - interval '365 days'
          and occurred_at <= $2::timestamptz - interval '365 days')`,
  },
  {
    through: 'retention_through',
    changes_at: 'contract_changes_at',
    passed: `retention_events where occurred_at > $1::timestamptz and occurred_at <= $2::timestamptz`,
  },
] as const;

/**
 * Makes the customers that new facts mention. Comes last and in the order in which senders store customers, so that the
 * two wait for each other as little as possible.
 */
export async function makeCustomers(client: Client, before: Since): Promise<void> {
  const mentioned = factTables.map(
    (table) => `select t.${customerOf[table]} as id, '${table}' as source from ${table} t where ${isNew('t')}`,
  );
  await client.rows(
    `with made as (
       insert into customers (id, attributes, source, recorded_at, changed_at, changed_xid)
       select id, '{}'::jsonb, min(source), now(), now(), pg_current_xact_id()
       from (${mentioned.join(' union all ')}) mentioned
       where id is not null and not exists (select from customers c where c.id = mentioned.id)
       group by id order by id
       on conflict (id) do nothing
       returning id
     )
     insert into dirty_customers (customer_id, since) select id, 'infinity' from made`,
    sinceOf(before),
  );
}
