import { decimalsOf, minorDigits, unknownCurrency } from '../currencies.ts';
import type { FieldError } from '../errors.ts';
import { choice, currency, decimal, id, instant, reference, word } from './columns.ts';
import { declareDataset } from './declare.ts';

const takesBack = ['refund', 'credit'];

export const revenueEvents = declareDataset({
  name: 'revenue_events',
  one: 'revenue_event',
  path: 'revenue-events',
  tag: 'Facts',
  description: 'Money that a customer paid or got back. The sum of the amounts is net revenue.',
  key: 'id',
  customer: 'customer_id',
  time: 'occurred_at',
  columns: {
    id: id('The id of the invoice line, order or payment.'),
    customer_id: reference('Who paid.', { required: true, refers_to: 'customers', filter: true }),
    type: choice('What kind of money it is.', ['recurring', 'one_time', 'refund', 'credit'], {
      required: true,
      filter: true,
    }),
    amount: decimal('What it adds to revenue: never below zero when paid, never above zero for a refund or credit.', {
      required: true,
      audited: true,
    }),
    currency: currency('The currency of the amount (ISO 4217).', { required: true, filter: true }),
    product: word('What was bought.', { filter: true }),
    unit: word('The unit that sold it.', { filter: true, refers_to: 'units' }),
    occurred_at: instant('When it counts as revenue.', { required: true }),
  },
  example: {
    id: 'INV-9001',
    customer_id: 'C-1042',
    type: 'one_time',
    amount: '129.90',
    currency: 'EUR',
    product: 'chair',
    unit: 'store-12',
    occurred_at: '2026-02-11T14:05:00.000Z',
  },
  complete(row) {
    const errors: FieldError[] = unknownCurrency(row, 'currency');
    row.amount = String(row.amount);
    const digits = minorDigits(row.currency);
    if (decimalsOf(row.amount) > digits)
      errors.push({
        pointer: '/amount',
        code: 'too_many_decimals',
        detail: `${row.currency} has ${digits} decimals; ${row.amount} has more.`,
      });
    const sign = Math.sign(Number(row.amount));
    if (takesBack.includes(row.type) ? sign > 0 : sign < 0)
      errors.push({
        pointer: '/amount',
        code: 'wrong_sign',
        detail: takesBack.includes(row.type)
          ? `A ${row.type} takes revenue back: send its amount as a number below zero.`
          : 'An amount below zero is a refund or a credit: send it with that type.',
      });
    return errors;
  },
});
