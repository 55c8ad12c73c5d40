import { unknownCurrency } from '../currencies.ts';
import type { FieldError } from '../errors.ts';
import { currency, day, decimal, word } from './columns.ts';
import { declareDataset } from './declare.ts';

export const exchangeRates = declareDataset({
  name: 'exchange_rates',
  one: 'exchange_rate',
  path: 'exchange-rates',
  tag: 'Dimensions',
  description:
    'What one unit of a currency was worth on a day. An event is converted at the latest rate of the week up to its day (markets close on weekends and holidays), never at one from the future.',
  key: 'id',
  owner: 'everybody',
  columns: {
    id: word('Made of the rest: from, to and day, such as USD-EUR-2026-02-11.', { derived: true }),
    from_currency: currency('The currency of the events.', { required: true, filter: true }),
    to_currency: currency('The currency to report in.', { required: true, filter: true }),
    valid_on: day('The day.', { required: true }),
    rate: decimal('How much of to_currency one unit of from_currency was worth; more than zero.', {
      required: true,
      audited: true,
    }),
  },
  example: {
    id: 'USD-EUR-2026-02-11',
    from_currency: 'USD',
    to_currency: 'EUR',
    valid_on: '2026-02-11',
    rate: '0.9213',
  },
  complete(row) {
    const errors: FieldError[] = [...unknownCurrency(row, 'from_currency'), ...unknownCurrency(row, 'to_currency')];
    row.rate = String(row.rate);
    row.id = `${row.from_currency}-${row.to_currency}-${row.valid_on}`;
    if (!(Number(row.rate) > 0))
      errors.push({ pointer: '/rate', code: 'not_positive', detail: 'A rate is more than zero.' });
    if (row.from_currency === row.to_currency)
      errors.push({ pointer: '/to_currency', code: 'same_currency', detail: 'A currency needs no rate to itself.' });
    return errors;
  },
});
