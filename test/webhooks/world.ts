import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { recordEvents } from '../../src/db/events.ts';
import type { Database } from '../../src/db/pool.ts';
import { startDeliveries } from '../../src/webhooks/loop.ts';
import { type Targets, targetsOf } from '../../src/webhooks/targets.ts';
import { type Api, type Reply, testApi } from '../support/api.ts';
import { loopback, type Receiver, startReceiver, until } from './receiver.ts';

type Pace = NonNullable<Parameters<typeof startDeliveries>[2]['pace']>;

export interface Delivery {
  id: string;
  event_id: string;
  event_type: string;
  state: string;
  attempts: number;
  next_at: string | null;
  last_status: number | null;
  last_error: string | null;
}

/** The service, a receiver that it may reach, and workers that are in a hurry. */
export interface WebhookWorld extends Pick<Api, 'db' | 'send' | 'get' | 'facts' | 'app'> {
  receiver: Receiver;
  /** Makes an endpoint at a path of the receiver; it listens to everything unless types are named. */
  endpoint(path: string, event_types?: string[]): Promise<{ id: string; secret: string; url: string; etag: string }>;
  /** Records events as a business transaction would. */
  happen(...subjects: string[]): Promise<void>;
  /** Starts a worker; it stops with the test, or when the function is called. */
  work(pace?: Pace, targets?: Targets): () => Promise<void>;
  deliveries(id: string, query?: string): Promise<Delivery[]>;
  /** Waits until deliveries to an endpoint are in these states, the oldest first. */
  settled(id: string, ...states: string[]): Promise<Delivery[]>;
  must(status: number, ...request: Parameters<Api['send']>): Promise<Reply['body']>;
}

const usualPace: Pace = { pause_ms: 20, at_once: 4, limit_ms: 5_000, schedule_ms: Array<number>(9).fill(1) };

export const happen = (db: Database, subjects: string[], type = 'follow_up.opened') =>
  db.write((client) =>
    recordEvents(
      client,
      subjects.map((subject) => ({ type, subject, data: { id: subject } })),
    ),
  );

/** Starts the world of one test. */
export async function webhookWorld(t: TestContext): Promise<WebhookWorld> {
  const stops: (() => Promise<void>)[] = [];
  // Registered first, so that workers stop before their database goes.
  t.after(async () => {
    for (const stop of stops) await stop();
  });
  const api = await testApi(t, { config: { webhook_allow: loopback } });
  const receiver = await startReceiver(t);
  const must: WebhookWorld['must'] = async (status, ...request) => {
    const reply = await api.send(...request);
    assert.equal(reply.status, status, `${request[0]} ${request[1]}: ${reply.text}`);
    return reply.body;
  };
  const deliveries: WebhookWorld['deliveries'] = async (id, query = '') =>
    (await must(200, 'GET', `/v1/webhook-endpoints/${id}/deliveries${query}`)).data;
  return {
    ...api,
    receiver,
    must,
    deliveries,
    async endpoint(path, event_types = ['*']) {
      const made = await api.send('POST', '/v1/webhook-endpoints', { url: receiver.at(path), event_types });
      assert.equal(made.status, 201, made.text);
      return { ...made.body, etag: String(made.headers.etag) };
    },
    happen: (...subjects) => happen(api.db, subjects),
    work(pace = {}, targets = targetsOf(loopback)) {
      const errors: unknown[] = [];
      const log = { error: (details: object) => void errors.push(details) };
      const stop = startDeliveries(api.db, log, { targets, pace: { ...usualPace, ...pace } });
      const once = async () => {
        await stop();
        assert.deepEqual(errors, []);
      };
      stops.push(once);
      return once;
    },
    async settled(id, ...states) {
      let now: Delivery[] = [];
      await until(`deliveries are ${states}`, async () => {
        now = (await deliveries(id)).reverse();
        return now.map(({ state }) => state).join() === states.join();
      });
      return now;
    },
  };
}
