import type { Client } from '../db/pool.ts';
import { definitionVersion } from './definition.ts';

/** How far the outcomes have come, and what they are worked out with. */
export interface RefreshState {
  snapshot: string | null;
  own_xid: string | null;
  revenue_through: Date | null;
  referrals_through: Date | null;
  retention_through: Date | null;
  stood_at: Date | null;
  time_zone: string;
  currency: string;
  windows_days: number[];
  definition_version: number;
  dropped_cuboids: string[];
  refreshed_at: Date | null;
}

/** The outcomes, and the dataset whose completeness closes their windows. */
export const sources = [
  { outcome: 'revenue', dataset: 'revenue_events' },
  { outcome: 'referrals', dataset: 'referrals' },
  { outcome: 'retention', dataset: 'retention_events' },
] as const;

const timeOf = {
  responses: 'answered_at',
  revenue_events: 'occurred_at',
  referrals: 'made_at',
  retention_events: 'occurred_at',
  invitations: 'sent_at',
};
const customerOf = {
  responses: 'customer_id',
  revenue_events: 'customer_id',
  referrals: 'referrer_id',
  retention_events: 'customer_id',
  invitations: 'customer_id',
};
const factTables = Object.keys(timeOf) as (keyof typeof timeOf)[];

/**
 * Rows that were stored after the snapshot in $1 and are visible now: exact, however late they committed. What the last
 * look wrote itself (its transaction is $2) is not new.
 */
const isNew = (alias: string) =>
  `($1::text is null or (${alias}.changed_xid >= pg_snapshot_xmin($1::pg_snapshot)
    and not pg_visible_in_snapshot(${alias}.changed_xid, $1::pg_snapshot) and ${alias}.changed_xid <> $2::xid8))`;

/** The parameters that `isNew` reads. */
const sinceOf = ({ snapshot, own_xid }: RefreshState) => [snapshot, own_xid] as const;

/** Of what was removed, only rates: whoever removes a fact marks its customer. */
const removedRates = "(select * from tombstones where dataset = 'exchange_rates')";
const watched = [...factTables, 'customers', 'surveys', 'exchange_rates', removedRates];

/**
 * How many rows wait to be collected, counted no further than `most`. Reads the tips of the change indexes only.
 */
export async function countNew(client: Client, state: RefreshState, most: number): Promise<number> {
  const [found] = await client.rows<{ n: number }>(
    `select count(*) as n from (${watched
      .map((table) => `(select 1 from ${table} t where ${isNew('t')} limit $3)`)
      .join(' union all ')}) waiting`,
    [...sinceOf(state), most],
  );
  return found?.n ?? 0;
}

/** Reads the one row of the state. */
export async function readState(client: Client): Promise<RefreshState> {
  const [state] = await client.rows<RefreshState>('select * from refresh_state');
  if (!state) throw new Error('refresh_state has no row; the migrations make it.');
  return state;
}

/** Whether what the outcomes were worked out with is no longer what holds, so that all must be worked out again. */
export async function isOutdated(client: Client, state: RefreshState): Promise<boolean> {
  const [same] = await client.rows(
    `select from settings where time_zone = $1 and currency = $2 and windows_days = $3::int[]`,
    [state.time_zone, state.currency, `{${state.windows_days.join(',')}}`],
  );
  return !same || state.definition_version !== definitionVersion;
}

/**
 * Through when a dataset is complete, over `dataset_progress` as `p`: as its sender declared, else the latest event that
 * was seen, never later than now; null for a dataset that was never sent.
 */
export const throughSql = 'coalesce(p.declared_through, case when p.latest_at > now() then now() else p.latest_at end)';

/** Through when each dataset that was sent is complete. */
export async function completeThrough(client: Client): Promise<Map<string, Date>> {
  const rows = await client.rows<{ dataset: string; through: Date | null }>(
    `select p.dataset, ${throughSql} as through from dataset_progress p`,
  );
  return new Map(rows.flatMap(({ dataset, through }) => (through ? [[dataset, through] as const] : [])));
}

/**
 * Looks at every fact that came, changed or went since the last time, marks the respondents whose outcomes it may
 * change, makes the customers that facts mention and nobody sent, and moves the moments through which windows are
 * closed. Runs under the refresh's lock. The snapshot that it stores is read first: what commits while it looks may be
 * seen twice, and is never missed.
 *
 * An event that is on time (after the moment through which windows are closed) changes nothing that is stored, so it
 * marks nobody; that is why reading does not become dearer with every event.
 */
export async function collect(client: Client, state: RefreshState): Promise<void> {
  const since = sinceOf(state);
  const [now] = await client.rows<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot');
  for (const table of factTables)
    await client.rows(
      `insert into dataset_progress (dataset, latest_at)
       select '${table}', latest from (select max(t.${timeOf[table]}) as latest from ${table} t where ${isNew('t')}) newest
       where latest is not null
       on conflict (dataset) do update set latest_at = greatest(dataset_progress.latest_at, excluded.latest_at)`,
      since,
    );

  const through = await completeThrough(client);
  const [moved] = await client.rows<RefreshState>(
    `update refresh_state set snapshot = $1::pg_snapshot, own_xid = pg_current_xact_id(),
       revenue_through = $2, referrals_through = $3, retention_through = $4 returning *`,
    [now?.snapshot ?? null, ...sources.map(({ dataset }) => through.get(dataset) ?? null)],
  );
  if (!moved) throw new Error('refresh_state has no row.');

  await mark(client, `select coalesce(t.customer_id, '~' || t.id) from responses t where ${isNew('t')}`, since);
  // A churn changes the curve at once, and the first event of a customer changes how it is judged.
  await mark(client, `select t.customer_id from retention_events t where ${isNew('t')}`, since);
  // Most records say nothing that the outcomes do not hold already.
  await mark(
    client,
    `select t.id from customers t where ${isNew('t')} and exists (
       select from responses r join response_outcomes o on o.response_id = r.id
       where r.customer_id = t.id
         and (o.segment <> coalesce(r.segment, t.segment, '') or o.region <> coalesce(r.region, t.region, '')))`,
    since,
  );
  await mark(
    client,
    `select t.customer_id from revenue_events t
     where ${isNew('t')} and t.occurred_at <= $3 and ${hasOutcomes('t.customer_id')}`,
    [...since, state.revenue_through],
  );
  await mark(
    client,
    `select t.referrer_id from referrals t
     where ${isNew('t')} and t.made_at <= $3 and ${hasOutcomes('t.referrer_id')}`,
    [...since, state.referrals_through],
  );
  await mark(
    client,
    `select coalesce(r.customer_id, '~' || r.id) from responses r join surveys t on t.key = r.survey where ${isNew('t')}`,
    since,
  );
  await markChangedRates(client, since);
  await markMovedWindows(client, state, moved);
  await makeCustomers(client, since);
}

const hasOutcomes = (customer: string) => `exists (select from response_outcomes o where o.respondent = ${customer})`;

const mark = (client: Client, select: string, parameters: Parameters<Client['rows']>[1]) =>
  client.rows(
    `insert into dirty_respondents (respondent) select distinct respondent from (${select}) t(respondent)`,
    parameters,
  );

/**
 * Makes the customers that new facts mention. Comes last and in the order in which senders store customers, so that the
 * two wait for each other as little as possible.
 */
async function makeCustomers(client: Client, since: ReturnType<typeof sinceOf>): Promise<void> {
  const mentioned = factTables.map(
    (table) => `select t.${customerOf[table]} as id, '${table}' as source from ${table} t where ${isNew('t')}`,
  );
  await client.rows(
    `insert into customers (id, attributes, source, recorded_at, changed_at, changed_xid)
     select id, '{}'::jsonb, min(source), now(), now(), pg_current_xact_id()
     from (${mentioned.join(' union all ')}) mentioned
     where id is not null and not exists (select from customers c where c.id = mentioned.id)
     group by id order by id
     on conflict (id) do nothing`,
    since,
  );
}

/** A new, changed or removed rate touches the events of its currency from its day on, for the week that it serves. */
async function markChangedRates(client: Client, since: ReturnType<typeof sinceOf>): Promise<void> {
  const rates = await client.rows<{ currency: string; first: string; last: string }>(
    `select from_currency as currency, min(valid_on) as first, max(valid_on) as last from (
       select t.from_currency, t.valid_on from exchange_rates t where ${isNew('t')}
       union all
       select left(t.key, 3), right(t.key, 10)::date from tombstones t where t.dataset = 'exchange_rates' and ${isNew('t')}
     ) changed group by from_currency`,
    since,
  );
  // Days begin and end up to 14 hours away from those in UTC.
  for (const { currency, first, last } of rates)
    await mark(
      client,
      `select e.customer_id from revenue_events e
       where e.currency = $1 and e.occurred_at >= $2::date - interval '1 day'
         and e.occurred_at < $3::date + interval '8 days' and ${hasOutcomes('e.customer_id')}`,
      [currency, first, last],
    );
}

/** Windows that closed, or opened again because a sender took back how far its data is complete. */
async function markMovedWindows(client: Client, before: RefreshState, after: RefreshState): Promise<void> {
  const ends = sources.map(({ outcome }) => [before[`${outcome}_through`], after[`${outcome}_through`]] as const);
  // Customers without a contract are judged by their revenue, so revenue closes their windows of retention too.
  for (const [from, to] of ends) {
    if (from?.getTime() === to?.getTime()) continue;
    const [low, high] = [from, to].map((one) => one?.toISOString() ?? '-infinity').sort() as [string, string];
    for (const days of after.windows_days)
      await mark(
        client,
        `select o.respondent from response_outcomes o
         where o.window_days = $3 and o.revenue_state not in ('anonymous', 'leaving', 'not_index')
           and o.answered_at > $1::timestamptz - make_interval(days => $3)
           and o.answered_at <= $2::timestamptz - make_interval(days => $3)`,
        [low, high, days],
      );
  }
}
