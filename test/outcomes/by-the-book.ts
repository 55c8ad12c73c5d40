/**
 * The definition of an outcome, told a second time: one response after the other, without SQL, indexes or cells. What
 * the service has worked out must be the same to the last digit.
 */
import assert from 'node:assert/strict';
import type { Client, Database } from '../../src/db/pool.ts';
import { assertVerified } from '../support/world.ts';
import {
  converter,
  dayMs,
  inOrder,
  isActive,
  localDay,
  type Payment,
  type Rate,
  type RetentionEvent,
  type Settings,
} from './book.ts';
import { assertCustomersByTheBook } from './customers-by-the-book.ts';

interface Response {
  id: string;
  customer_id: string | null;
  survey: string;
  score: number;
  answered_at: Date;
  unit: string | null;
  segment: string | null;
  region: string | null;
  moment: string | null;
  channel: string | null;
  themes: string[];
}
interface Survey {
  key: string;
  detractor_max: number;
  promoter_min: number;
  triggered_by_leaving: boolean;
}
interface Referral {
  referrer_id: string;
  made_at: Date;
  converted_at: Date | null;
}
interface Customer {
  id: string;
  segment: string | null;
  region: string | null;
}
/** Reads all facts and works out the rows of `response_outcomes`, but for their group of customers. */
async function outcomesByTheBook(client: Client): Promise<Record<string, unknown>[]> {
  const [settings] = await client.rows<Settings>('select * from settings');
  if (!settings) throw new Error('There are no settings.');
  const progress = await client.rows<{ dataset: string; declared_through: Date | null; latest_at: Date | null }>(
    'select * from dataset_progress',
  );
  const through = (dataset: string) => {
    const known = progress.find((one) => one.dataset === dataset);
    return known?.declared_through ?? known?.latest_at ?? undefined;
  };
  const surveys = await client.rows<Survey>('select * from surveys');
  const customers = await client.rows<Customer>('select id, segment, region from customers');
  const responses = await client.rows<Response>('select * from responses');
  const payments = await client.rows<Payment>('select * from revenue_events');
  const referrals = await client.rows<Referral>('select * from referrals');
  const contracts = await client.rows<RetentionEvent>('select * from retention_events');
  const rates = await client.rows<Rate>('select id, rate from exchange_rates');
  const converted = converter(settings, rates);

  const within = (after: number, moment: Date | null, through: number) =>
    moment !== null && moment.getTime() > after && moment.getTime() <= through;

  const outcome = (response: Response, window_days: number) => {
    const survey = surveys.find(({ key }) => key === response.survey);
    if (!survey) throw new Error(`There is no survey ${response.survey}.`);
    const record = customers.find(({ id }) => id === response.customer_id);
    const answered = response.answered_at.getTime();
    const answered_on = localDay(response.answered_at, settings.time_zone);
    const end = answered + window_days * dayMs;
    const closed = (dataset: string) => end <= (through(dataset)?.getTime() ?? Number.NEGATIVE_INFINITY);
    const why_not =
      response.customer_id === null
        ? 'anonymous'
        : survey.triggered_by_leaving
          ? 'leaving'
          : isIndex(response, responses, window_days)
            ? undefined
            : 'not_index';

    const own = payments.filter(({ customer_id }) => customer_id === response.customer_id);
    const after = own.filter(({ occurred_at }) => within(answered, occurred_at, end));
    const before = own.filter(({ occurred_at }) => within(answered - window_days * dayMs, occurred_at, answered));
    const unknown = [...after, ...before].some((one) => converted(one) === undefined);
    const sum = (events: Payment[]) => events.reduce((all, one) => all + (converted(one) ?? 0), 0) / 10_000;
    const orders = after.filter(({ amount }) => Number(amount) > 0).length;
    const revenue_state =
      why_not ?? (closed('revenue_events') ? (unknown ? 'no_exchange_rate' : 'counted') : 'window_open');

    const made = referrals.filter(({ referrer_id }) => referrer_id === response.customer_id);
    const referrals_state = why_not ?? (closed('referrals') ? 'counted' : 'window_open');

    const events = contracts.filter(({ customer_id }) => customer_id === response.customer_id);
    const contract = events.length > 0;
    const activeThen = contract && isActive(events, answered);
    const retention_state =
      why_not ??
      (contract && !activeThen
        ? 'not_active'
        : closed(contract ? 'retention_events' : 'revenue_events')
          ? 'counted'
          : 'window_open');
    const curve_state = why_not ?? (!contract ? 'no_contract' : activeThen ? 'counted' : 'not_active');
    const churned = events
      .filter(({ type, occurred_at }) => type === 'churned' && occurred_at.getTime() > answered)
      .map(({ occurred_at }) => localDay(occurred_at, settings.time_zone))
      .sort()[0];
    const days = churned && Math.max(1, (Date.parse(churned) - Date.parse(answered_on)) / dayMs);

    const counted = revenue_state === 'counted';
    const kept = retention_state === 'counted';
    return {
      response_id: response.id,
      window_days,
      respondent: response.customer_id ?? `~${response.id}`,
      survey: response.survey,
      band:
        response.score <= survey.detractor_max
          ? 'detractor'
          : response.score >= survey.promoter_min
            ? 'promoter'
            : 'passive',
      score: response.score,
      answered_at: response.answered_at,
      answered_on,
      month: `${answered_on.slice(0, 7)}-01`,
      unit: response.unit ?? '',
      segment: response.segment ?? record?.segment ?? '',
      region: response.region ?? record?.region ?? '',
      moment: response.moment ?? '',
      channel: response.channel ?? '',
      themes: response.themes,
      revenue_state,
      revenue_after: counted ? sum(after) : null,
      revenue_before: counted ? sum(before) : null,
      orders_after: counted ? orders : null,
      referrals_state,
      referrals_after:
        referrals_state === 'counted' ? made.filter(({ made_at }) => within(answered, made_at, end)).length : null,
      conversions_after:
        referrals_state === 'counted'
          ? made.filter(({ converted_at }) => within(answered, converted_at, end)).length
          : null,
      retention_state,
      retention_basis: kept ? (contract ? 'contract' : 'activity') : null,
      retained: kept ? (contract ? isActive(events, end) : orders > 0) : null,
      curve_state,
      churned_after_days: curve_state === 'counted' ? (days ?? null) : null,
    };
  };
  return responses
    .flatMap((response) => settings.windows_days.map((days) => outcome(response, days)))
    .sort((a, b) =>
      a.response_id === b.response_id ? a.window_days - b.window_days : a.response_id < b.response_id ? -1 : 1,
    );
}

/** The rows that are stored, in the same order and form. */
export async function storedOutcomes(client: Client): Promise<Record<string, unknown>[]> {
  const rows = await client.rows<Record<string, unknown>>('select * from response_outcomes');
  const amount = (value: unknown) => (value === null ? null : Number(value));
  return rows
    .map(({ hash_group: _, ...row }) => ({
      ...row,
      revenue_after: amount(row.revenue_after),
      revenue_before: amount(row.revenue_before),
    }))
    .sort((a, b) => {
      const [one, other] = [a, b] as unknown as { response_id: string; window_days: number }[];
      if (!one || !other) return 0;
      return one.response_id === other.response_id
        ? one.window_days - other.window_days
        : one.response_id < other.response_id
          ? -1
          : 1;
    });
}

function isIndex(response: Response, all: Response[], window_days: number): boolean {
  const same = all.filter((one) => one.customer_id === response.customer_id && one.survey === response.survey);
  let from = Number.NEGATIVE_INFINITY;
  for (const one of inOrder(same, ({ answered_at }) => answered_at)) {
    if (one.answered_at.getTime() < from) continue;
    if (one.id === response.id) return true;
    from = one.answered_at.getTime() + window_days * dayMs;
  }
  return false;
}

/** The facts that what is kept of each customer is made of. */
async function readBook(client: Client) {
  const [settings] = await client.rows<Settings>('select * from settings');
  assert.ok(settings);
  return {
    customers: await client.rows<{ id: string }>('select id from customers'),
    payments: await client.rows<Payment>('select * from revenue_events'),
    contracts: await client.rows<RetentionEvent>('select * from retention_events'),
    time_zone: settings.time_zone,
    converted: converter(settings, await client.rows<Rate>('select id, rate from exchange_rates')),
  };
}

/**
 * Fails unless the outcomes that are stored are those of the definition told here, the cells their sums, and the months
 * and standing of customers what their facts say.
 */
export async function assertByTheBook(db: Database): Promise<void> {
  await assertVerified(db);
  const { stored, expected } = await db.read(
    async (client) => {
      await assertCustomersByTheBook(client, await readBook(client));
      return { stored: await storedOutcomes(client), expected: await outcomesByTheBook(client) };
    },
    { snapshot: true },
  );
  assert.deepEqual(stored, expected);
}
