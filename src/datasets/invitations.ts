import { choice, id, instant, reference, word } from './columns.ts';
import { declareDataset } from './declare.ts';

export const invitations = declareDataset({
  name: 'invitations',
  one: 'invitation',
  path: 'invitations',
  tag: 'Facts',
  description: 'A customer was asked to answer a survey.',
  key: 'id',
  customer: 'customer_id',
  time: 'sent_at',
  columns: {
    id: id('The id of the invitation in the survey tool.'),
    customer_id: reference('Who was asked.', { required: true, refers_to: 'customers', filter: true }),
    survey: word('What was asked.', { required: true, refers_to: 'surveys', filter: true }),
    moment: word('The moment of truth that it was about.', { filter: true }),
    unit: word('The unit that served the customer.', { filter: true, refers_to: 'units' }),
    sent_at: instant('When it was sent.', { required: true }),
    status: choice('What became of it.', ['delivered', 'bounced', 'opened', 'declined'], {
      required: true,
      filter: true,
    }),
  },
  example: {
    id: 'I-77',
    customer_id: 'C-1042',
    survey: 'nps',
    moment: 'delivery',
    unit: 'store-12',
    sent_at: '2026-02-01T08:00:00.000Z',
    status: 'delivered',
  },
});
