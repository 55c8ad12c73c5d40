import { Type } from 'typebox';
import { getManaged } from '../db/managed.ts';
import { readPeriod } from '../db/period.ts';
import type { Client, Database } from '../db/pool.ts';
import { readTimeZone } from '../db/settings.ts';
import { invalidField } from '../errors.ts';
import { Cursor, closed, filterWords, Limit, Problem, pageOf, ref, Uuid } from '../http/schemas.ts';
import type { Server } from '../http/server.ts';
import {
  deliveryStates,
  getDelivery,
  listAttempts,
  listDeliveries,
  replayDelivery,
  replayPeriod,
  sendTest,
} from './deliveries.ts';
import { endpointNoun, liveEndpoint, requireEnabled } from './endpoints.ts';
import { eventTypes, testType } from './event-types.ts';
import { WebhookDelivery, WebhookDeliveryWithAttempts, WebhookReplay, WebhookReplayed } from './schemas.ts';

const tags = ['Webhooks'];
const config = { scope: 'manage' } as const;
const path = '/v1/webhook-endpoints/:id';
const params = closed({ id: Uuid });
const deliveryParams = closed({ id: Uuid, delivery_id: Uuid });
const bound = (description: string) =>
  Type.Optional(Type.Unsafe<string>({ type: 'string', format: 'date-or-time', description }));

/** An endpoint that may be sent something, locked. @throws ApiError 404, or 409 where it is removed or disabled */
async function readyEndpoint(client: Client, id: string) {
  const endpoint = await liveEndpoint(client, id);
  requireEnabled(endpoint);
  return endpoint;
}

/** What was sent to an endpoint, and what is to be sent once more. */
export function addDeliveryPaths(app: Server, db: Database): void {
  app.post(
    `${path}/test`,
    {
      config,
      schema: {
        operationId: 'testWebhookEndpoint',
        summary: `Send a webhook endpoint a ${testType}`,
        description: 'It goes the way of every event. Read the delivery to see what became of it.',
        tags,
        params,
        response: { 202: ref(WebhookDelivery), 409: ref(Problem) },
      },
    },
    async ({ params: { id } }, reply) => {
      const made = await db.write(async (client) => sendTest(client, (await readyEndpoint(client, id)).id));
      return reply.code(202).header('location', `/v1/webhook-endpoints/${id}/deliveries/${made.id}`).send(made);
    },
  );

  app.get(
    `${path}/deliveries`,
    {
      config,
      schema: {
        operationId: 'listWebhookDeliveries',
        summary: 'List the deliveries to a webhook endpoint',
        description: 'The newest first. They are kept for thirty days, and while they wait.',
        tags,
        params,
        querystring: closed({
          state: Type.Optional(Type.Enum([...deliveryStates], { description: filterWords('state') })),
          type: Type.Optional(
            Type.Enum([...Object.keys(eventTypes), testType], { description: 'Only those of this type of event.' }),
          ),
          from: bound('Made at or after this; a date begins in the reporting time zone.'),
          to: bound('Made before this.'),
          limit: Type.Optional(Limit),
          cursor: Type.Optional(Cursor),
        }),
        response: { 200: pageOf(WebhookDelivery) },
      },
    },
    async (request, reply) => {
      const { state, type, from, to, limit = 100 } = request.query;
      const [created_at, last_id] = app.paging.start(request) ?? [];
      const after = created_at === undefined ? undefined : { created_at: String(created_at), id: String(last_id) };
      const found = await db.read(async (client) => {
        await getManaged(client, endpointNoun, request.params.id);
        const period = await readPeriod(client, await readTimeZone(client), { from, to });
        return listDeliveries(client, request.params.id, { state, type, ...period, after, limit: limit + 1 });
      });
      const rows = found.slice(0, limit);
      const last = found.length > limit ? rows.at(-1) : undefined;
      const next = last && [last.created_at.toISOString(), last.id];
      return { page: app.paging.next(request, reply, next), data: rows };
    },
  );

  app.get(
    `${path}/deliveries/:delivery_id`,
    {
      config,
      schema: {
        operationId: 'getWebhookDelivery',
        summary: 'Read one delivery with all its attempts',
        tags,
        params: deliveryParams,
        response: { 200: ref(WebhookDeliveryWithAttempts) },
      },
    },
    async ({ params: { id, delivery_id } }) =>
      db.read(async (client) => ({
        ...(await getDelivery(client, id, delivery_id)),
        tries: await listAttempts(client, delivery_id),
      })),
  );

  app.post(
    `${path}/deliveries/:delivery_id/replay`,
    {
      config,
      schema: {
        operationId: 'replayWebhookDelivery',
        summary: 'Send one delivery again',
        description:
          'Whatever became of it, it is due now, and up to ten attempts follow. Its `webhook-id` is the same.',
        tags,
        params: deliveryParams,
        response: { 202: ref(WebhookDelivery), 409: ref(Problem) },
      },
    },
    async ({ params: { id, delivery_id } }, reply) => {
      const row = await db.write(async (client) => {
        await readyEndpoint(client, id);
        return replayDelivery(client, id, delivery_id);
      });
      return reply.code(202).send(row);
    },
  );

  app.post(
    `${path}/replay`,
    {
      config,
      schema: {
        operationId: 'replayWebhookPeriod',
        summary: 'Send a webhook endpoint again what happened in a period',
        description:
          'Also what it was never sent, because it was disabled or not there yet. Events are kept for thirty days.',
        tags,
        params,
        body: ref(WebhookReplay),
        response: { 202: ref(WebhookReplayed), 409: ref(Problem) },
      },
    },
    async ({ params: { id }, body }, reply) => {
      const { from, to, types, only_undelivered = false } = body;
      if (Date.parse(from) >= Date.parse(to)) throw invalidField('/to', 'empty_period', 'Must be after from.');
      const replayed = await db.write(async (client) => {
        const endpoint = await readyEndpoint(client, id);
        return replayPeriod(client, endpoint, { from, to, types: types ?? endpoint.event_types, only_undelivered });
      });
      return reply.code(202).send({ replayed });
    },
  );
}
