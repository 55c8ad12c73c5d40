import { choice, id, instant, map, prose, word } from './columns.ts';
import { declareDataset } from './declare.ts';

export const acquisitions = [
  'referral',
  'word_of_mouth',
  'advertising',
  'promotion',
  'sales',
  'partner',
  'unknown',
] as const;

export const customers = declareDataset({
  name: 'customers',
  one: 'customer',
  path: 'customers',
  tag: 'Facts',
  description:
    'The people or firms that are served. A customer also exists from the first fact that mentions it, with all other columns empty.',
  key: 'id',
  columns: {
    id: id('The id that your own systems use.'),
    name: prose('Name.', 200, { personal: true }),
    email: prose('E-mail address.', 320, { personal: true }),
    segment: word('Segment now. Stands in for responses that were sent without one.', { filter: true }),
    region: word('Region now. Stands in for responses that were sent without one.', { filter: true }),
    unit: word('The unit that looks after the customer.', { filter: true, refers_to: 'units' }),
    acquired_at: instant('When the customer was won.', {}),
    acquisition: choice('How the customer was won.', acquisitions, { filter: true }),
    attributes: map('Anything else, as a flat map.', {}),
  },
  example: {
    id: 'C-1042',
    name: 'Ada Park',
    email: 'ada@example.com',
    segment: 'smb',
    region: 'north',
    unit: 'store-12',
    acquired_at: '2025-03-01T09:00:00.000Z',
    acquisition: 'referral',
    attributes: { plan: 'team' },
  },
});
