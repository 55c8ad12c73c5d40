import type { FieldError } from '../errors.ts';
import { id, instant, reference } from './columns.ts';
import { declareDataset } from './declare.ts';

export const referrals = declareDataset({
  name: 'referrals',
  one: 'referral',
  path: 'referrals',
  tag: 'Facts',
  description: 'A customer recommended the company to somebody, who may have become a customer since.',
  key: 'id',
  customer: 'referrer_id',
  time: 'made_at',
  columns: {
    id: id('The id of the referral.'),
    referrer_id: reference('Who recommended.', { required: true, refers_to: 'customers', filter: true }),
    referred_id: reference('Who was recommended to, where it is known.', { refers_to: 'customers', filter: true }),
    made_at: instant('When the recommendation was made.', { required: true }),
    converted_at: instant('When the person recommended to became a customer.', {}),
  },
  example: {
    id: 'R-5',
    referrer_id: 'C-1042',
    referred_id: 'C-2001',
    made_at: '2026-02-20T10:00:00.000Z',
    converted_at: '2026-03-02T16:30:00.000Z',
  },
  complete(row) {
    const errors: FieldError[] = [];
    if (row.referrer_id === row.referred_id)
      errors.push({
        pointer: '/referred_id',
        code: 'self_referral',
        detail: 'A customer cannot refer itself: referrer_id and referred_id are the same.',
      });
    if (row.converted_at && Date.parse(row.converted_at) < Date.parse(row.made_at))
      errors.push({
        pointer: '/converted_at',
        code: 'before_made_at',
        detail: 'A referral converts after it was made: converted_at is before made_at.',
      });
    return errors;
  },
});
