import { at, payment, type Row, response } from '../support/world.ts';

/** One response of each of so many customers, `P1`, `P2` and so on: promoters on day 100 unless a row says otherwise. */
export const crowd = (name: string, count: number, row: Row = {}): Row[] =>
  Array.from({ length: count }, (_, place) =>
    response({ id: `${name}${place + 1}`, customer_id: `${name}${place + 1}`, ...row }),
  );

/** What each of them paid, in order: on day 110 unless a row says otherwise. */
export const paid = (name: string, amounts: readonly number[], row: Row = {}): Row[] =>
  amounts.map((amount, place) => payment({ customer_id: `${name}${place + 1}`, amount: amount.toFixed(2), ...row }));

/** So many anonymous promoters, passives and detractors. */
export const answers = (promoters: number, passives: number, detractors: number, row: Row = {}): Row[] =>
  [
    [promoters, 9],
    [passives, 7],
    [detractors, 6],
  ].flatMap(([count = 0, score]) =>
    Array.from({ length: count }, () => response({ customer_id: null, score, ...row })),
  );

/** A payment of somebody else so long before that all windows before the answers are known. */
export const longAgo = payment({ customer_id: 'long ago', occurred_at: at(-400) });
