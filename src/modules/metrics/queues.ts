/** A figure that is counted in a table: one number for each value of its label. */
interface Queue {
  /** The metric, after `milemarker_`. */
  name: string;
  help: string;
  label: string;
  /** Gives `value`, which the label takes, and the number `n`. It reads an index and not the whole table. */
  sql: string;
}

/** What waits to be done, and what became of what was sent. */
export const queues: readonly Queue[] = [
  {
    name: 'events_waiting',
    help: 'Events that were not yet handed to the webhooks.',
    label: 'type',
    sql: 'select type as value, count(*) as n from events where fanned_out_at is null group by type',
  },
  {
    name: 'webhook_deliveries_waiting',
    help: 'Webhook deliveries that are to be tried: `pending` for the first time, `failed` once more.',
    label: 'state',
    sql: 'select state as value, count(*) as n from webhook_deliveries where next_at is not null group by state',
  },
  {
    name: 'webhook_deliveries_last_day',
    help: 'What became of the webhook deliveries of the last 24 hours; `dead` ones were given up.',
    label: 'state',
    sql: `select d.state as value, count(*) as n
          from webhook_endpoints e join webhook_deliveries d
            on d.endpoint_id = e.id and d.created_at > now() - interval '24 hours'
          group by d.state`,
  },
  {
    name: 'follow_ups',
    help: 'Follow-ups that are not closed.',
    label: 'state',
    sql: `select state as value, count(*) as n from follow_ups where state <> 'closed' group by state`,
  },
  {
    name: 'follow_ups_overdue',
    help: 'Follow-ups that are not closed and should have been.',
    label: 'state',
    sql: `select state as value, count(*) as n from follow_ups where state <> 'closed' and due_at < now() group by state`,
  },
];
