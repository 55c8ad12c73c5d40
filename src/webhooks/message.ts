import { Webhook } from 'standardwebhooks';

/** An event as endpoints are sent it. */
export interface Told {
  event_id: string;
  type: string;
  occurred_at: Date;
  data: object;
}

/**
 * The body and headers of an event, signed with each secret (Standard Webhooks: while secrets change, either of them
 * verifies it). The id and the body are the same at every attempt, the timestamp is the attempt's.
 */
export function messageOf({ event_id, type, occurred_at, data }: Told, secrets: readonly string[], now: Date) {
  const body = JSON.stringify({ type, timestamp: occurred_at.toISOString(), data });
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Milemarker-Webhooks',
      'webhook-id': event_id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(event_id, now, body)).join(' '),
    },
  };
}
