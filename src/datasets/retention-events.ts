import { choice, id, instant, reference, word } from './columns.ts';
import { declareDataset } from './declare.ts';

export const retentionEvents = declareDataset({
  name: 'retention_events',
  one: 'retention_event',
  path: 'retention-events',
  tag: 'Facts',
  description:
    'A contract or membership began, went on, ended or began again. A customer with any such event is judged by them; every other customer by whether it buys again.',
  key: 'id',
  customer: 'customer_id',
  time: 'occurred_at',
  columns: {
    id: id('The id of the event.'),
    customer_id: reference('Whose relation it is.', { required: true, refers_to: 'customers', filter: true }),
    type: choice('What happened.', ['started', 'renewed', 'churned', 'reactivated'], { required: true, filter: true }),
    reason: word('Why, in the words of the system that knows.', { filter: true }),
    occurred_at: instant('When it took effect.', { required: true }),
  },
  example: {
    id: 'E-31',
    customer_id: 'C-1042',
    type: 'renewed',
    reason: 'annual renewal',
    occurred_at: '2026-03-01T00:00:00.000Z',
  },
});
