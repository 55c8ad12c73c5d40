/** Customers who pay in months, and the delete-a-group jackknife once more, from the paper and not from src. */
import { createHash } from 'node:crypto';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { wilson } from '../../real-data/figures.ts';
import { payment, type Row } from '../../support/world.ts';

let made = 0;

/** Payments of a customer by month, `{ '2022-03': 100, '2023-03': -20 }`; refunds below zero. On the 15th at noon. */
export const paysIn = (customer_id: string, months: Record<string, number>, row: Row = {}): Row[] =>
  Object.entries(months).map(([month, value]) =>
    payment({
      id: `m${++made}`,
      customer_id,
      type: value < 0 ? 'refund' : 'recurring',
      amount: value.toFixed(2),
      occurred_at: `${month}-15T12:00:00Z`,
      ...row,
    }),
  );

/** The base {a 100, b 200, c 300, d 400} of 2022, and 2023 {a 120, b 150, c 0, d 400} with three who are new. */
export const vector: Row[] = [
  ...paysIn('a', { '2022-03': 100, '2023-01': 70, '2023-12': 50 }),
  ...paysIn('b', { '2022-01': 150, '2022-12': 50, '2023-06': 150 }),
  ...paysIn('c', { '2022-05': 300 }),
  ...paysIn('d', { '2022-05': 400, '2023-05': 400 }),
  ...paysIn('e', { '2023-02': 80 }),
  ...paysIn('f', { '2023-03': 50 }),
  ...paysIn('g', { '2023-04': 100 }),
];

/** Which of the 32 groups of the jackknife a customer is in. */
const groupOf = (customer: string) => (createHash('sha256').update(customer).digest()[0] ?? 0) & 31;

/** What one customer adds to a ratio. */
export interface Share {
  customer: string;
  numerator: number;
  denominator: number;
}

const sumOf = (shares: readonly Share[], name: 'numerator' | 'denominator') =>
  shares.reduce((sum, share) => sum + share[name], 0);
const ratioOf = (shares: readonly Share[]) => sumOf(shares, 'numerator') / sumOf(shares, 'denominator');

/** The ratio and its 95% interval: v = (G - 1)/G sum (theta(-g) - theta)^2, t with G - 1 degrees of freedom. */
export function jackknife(shares: readonly Share[]): { value: number; low: number; high: number } {
  const groups = [...new Set(shares.map(({ customer }) => groupOf(customer)))].filter((group) =>
    ['numerator', 'denominator'].some(
      (name) =>
        sumOf(
          shares.filter(({ customer }) => groupOf(customer) === group),
          name as keyof Omit<Share, 'customer'>,
        ) !== 0,
    ),
  );
  const value = ratioOf(shares);
  const squares = groups.map(
    (group) => (ratioOf(shares.filter(({ customer }) => groupOf(customer) !== group)) - value) ** 2,
  );
  const variance = ((groups.length - 1) / groups.length) * squares.reduce((sum, square) => sum + square, 0);
  const half = tQuantile(0.975, groups.length - 1) * Math.sqrt(variance);
  return { value, low: value - half, high: value + half };
}

/** A share of amounts: Wilson's interval of as many responses as have its jackknife variance, z in the place of t. */
export function amountShare(shares: readonly Share[]): { value: number; low: number; high: number } {
  const { value, high } = jackknife(shares);
  const n = (value * (1 - value)) / ((high - value) / 1.959963984540054) ** 2;
  return { value, ...wilson(value * n, n) };
}

/** A share of responses, Wilson's interval of n divided by the design effect. */
export function clustered(shares: readonly Share[]): { value: number; low: number; high: number } {
  const { value, high } = jackknife(shares);
  const groups = new Set(shares.map(({ customer }) => groupOf(customer))).size;
  const error = (high - value) / tQuantile(0.975, groups - 1);
  const effect = Math.max(1, error ** 2 / ((value * (1 - value)) / shares.length));
  const n = shares.length / effect;
  return { value, ...wilson(value * n, n) };
}
