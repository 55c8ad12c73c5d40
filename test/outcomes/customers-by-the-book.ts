/**
 * What is kept of each customer, told a second time: one payment after the other, without SQL. What the service has
 * worked out must be the same to the last digit.
 */
import assert from 'node:assert/strict';
import type { Client } from '../../src/db/pool.ts';
import { type Converter, isActive, localDay, type Payment, type RetentionEvent } from './book.ts';

const yearMs = 365 * 86_400_000;

interface State {
  revenue_through: Date | null;
  retention_through: Date | null;
}
interface Book {
  customers: { id: string }[];
  payments: Payment[];
  contracts: RetentionEvent[];
  time_zone: string;
  converted: Converter;
}

const earliest = (moments: number[]) => (moments.length > 0 ? new Date(Math.min(...moments)) : null);
const latest = (moments: number[]) => (moments.length > 0 ? new Date(Math.max(...moments)) : null);

/** The rows of `customer_months`, in ten-thousandths of the currency, by customer and month. */
function monthsByTheBook({ payments, time_zone, converted }: Book) {
  const months = new Map<string, { revenue: number; orders: number; no_rate: number }>();
  for (const payment of payments) {
    const key = `${payment.customer_id} ${localDay(payment.occurred_at, time_zone).slice(0, 7)}`;
    const month = months.get(key) ?? { revenue: 0, orders: 0, no_rate: 0 };
    const amount = converted(payment);
    month.revenue += amount ?? 0;
    if (Number(payment.amount) > 0) month.orders += 1;
    if (amount === undefined) month.no_rate += 1;
    months.set(key, month);
  }
  return Object.fromEntries(months);
}

/** The row of `customer_standing` of each customer. */
function standingByTheBook({ customers, payments, contracts, converted }: Book, state: State) {
  const end = state.revenue_through?.getTime() ?? Number.NEGATIVE_INFINITY;
  const told = state.retention_through?.getTime() ?? Number.NEGATIVE_INFINITY;
  return Object.fromEntries(
    customers.map(({ id }) => {
      const own = payments.filter(({ customer_id }) => customer_id === id);
      const known = own.filter(({ occurred_at }) => occurred_at.getTime() <= end);
      const recent = known.filter(({ occurred_at }) => occurred_at.getTime() > end - yearMs);
      const paid = known.filter(({ amount }) => Number(amount) > 0).map(({ occurred_at }) => occurred_at.getTime());
      const leaves = recent.map(({ occurred_at }) => occurred_at.getTime() + yearMs);
      const enters = own.flatMap(({ occurred_at }) => (occurred_at.getTime() > end ? [occurred_at.getTime()] : []));
      const events = contracts.filter(({ customer_id }) => customer_id === id);
      const past = events.filter(({ occurred_at }) => occurred_at.getTime() <= told);
      const ahead = events.filter(({ occurred_at }) => occurred_at.getTime() > told);
      const running = isActive(events, told);
      const ended = !running && past.length > 0;
      return [
        id,
        {
          trailing_revenue: recent.reduce((sum, one) => sum + (converted(one) ?? 0), 0),
          trailing_orders: recent.filter(({ amount }) => Number(amount) > 0).length,
          no_rate: recent.filter((one) => converted(one) === undefined).length,
          first_paid_at: earliest(paid),
          last_paid_at: latest(paid),
          contract: running ? 'active' : ended ? 'ended' : null,
          ended_at: ended ? latest(past.map(({ occurred_at }) => occurred_at.getTime())) : null,
          revenue_changes_at: earliest([...leaves, ...enters]),
          contract_changes_at: earliest(ahead.map(({ occurred_at }) => occurred_at.getTime())),
        },
      ];
    }),
  );
}

const tenThousandths = (amount: unknown) => Math.round(Number(amount) * 10_000);

/** Fails unless what is kept of each customer is what its facts say. */
export async function assertCustomersByTheBook(client: Client, book: Book): Promise<void> {
  const [state] = await client.rows<State>('select * from refresh_state');
  assert.ok(state);
  const months = await client.rows<{ key: string; revenue: string }>(
    `select customer_id || ' ' || to_char(month, 'YYYY-MM') as key, revenue, orders, no_rate from customer_months`,
  );
  assert.deepEqual(
    Object.fromEntries(months.map(({ key, revenue, ...row }) => [key, { revenue: tenThousandths(revenue), ...row }])),
    monthsByTheBook(book),
  );
  const standing = await client.rows<{ customer_id: string; hash_group: number; trailing_revenue: string }>(
    'select * from customer_standing',
  );
  assert.deepEqual(
    Object.fromEntries(
      standing.map(({ customer_id, hash_group: _, trailing_revenue, ...row }) => [
        customer_id,
        { trailing_revenue: tenThousandths(trailing_revenue), ...row },
      ]),
    ),
    standingByTheBook(book, state),
  );
}
