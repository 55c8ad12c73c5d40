import { Type } from 'typebox';
import { getManaged, listManaged } from '../db/managed.ts';
import type { Database } from '../db/pool.ts';
import { ifMatch, ifNoneMatch, notModified, requireMatch, versioned } from '../http/etag.ts';
import { Cursor, closed, Limit, Problem, pageOf, ref, Uuid } from '../http/schemas.ts';
import { authorOf } from '../http/scopes.ts';
import type { Server } from '../http/server.ts';
import { addDeliveryPaths } from './delivery-paths.ts';
import {
  changeEndpoint,
  createEndpoint,
  type EndpointRow,
  endpointNoun,
  liveEndpoint,
  removeEndpoint,
  rotateSecret,
  shownEndpoint,
} from './endpoints.ts';
import {
  NewWebhookEndpoint,
  WebhookEndpoint,
  WebhookEndpointChanges,
  WebhookEndpointWithSecret,
  WebhookRotation,
  WebhookSecret,
} from './schemas.ts';
import type { Targets } from './targets.ts';

const tags = ['Webhooks'];
const params = closed({ id: Uuid });
// Whoever makes an endpoint sends what happens to the outside and holds a secret; that is the administrator's.
const change = { scope: 'admin' } as const;
const look = { scope: 'manage' } as const;
const path = '/v1/webhook-endpoints';

/** `/v1/webhook-endpoints` and what is below it. */
export function addWebhookRoutes(app: Server, db: Database, targets: Targets): void {
  app.post(
    path,
    {
      config: change,
      schema: {
        operationId: 'createWebhookEndpoint',
        summary: 'Make a webhook endpoint',
        description:
          'The answer holds the secret of its signatures, this once. The endpoint is told what happens from now on, at least once and in no certain order: `webhook-id` tells what it has seen. See `webhooks` in this document for what is sent.',
        tags,
        body: ref(NewWebhookEndpoint),
        response: { 201: ref(WebhookEndpointWithSecret), 409: ref(Problem) },
      },
    },
    async (request, reply) => {
      const made = await db.write((client) => createEndpoint(client, targets, request.body, authorOf(request)));
      return versioned(request, reply.code(201).header('location', `${path}/${made.id}`), made);
    },
  );

  app.get(
    path,
    {
      config: look,
      schema: {
        operationId: 'listWebhookEndpoints',
        summary: 'List the webhook endpoints',
        description: 'In the order in which they were made.',
        tags,
        querystring: closed({
          archived: Type.Optional(Type.Boolean({ default: false, description: 'Also those that were removed.' })),
          limit: Type.Optional(Limit),
          cursor: Type.Optional(Cursor),
        }),
        response: { 200: pageOf(WebhookEndpoint) },
      },
    },
    async (request, reply) => {
      const { limit = 100, archived = false } = request.query;
      const start = app.paging.start(request)?.[0];
      const after = start === undefined ? undefined : String(start);
      const found = await db.read((client) =>
        listManaged<EndpointRow>(client, endpointNoun, { after, limit: limit + 1, archived }),
      );
      const rows = found.slice(0, limit);
      const last = found.length > limit ? rows.at(-1) : undefined;
      return { page: app.paging.next(request, reply, last && [last.id]), data: rows.map(shownEndpoint) };
    },
  );

  app.get(
    `${path}/:id`,
    {
      config: look,
      schema: {
        operationId: 'getWebhookEndpoint',
        summary: 'Read one webhook endpoint',
        tags,
        params,
        headers: ifNoneMatch,
        response: { 200: ref(WebhookEndpoint), ...notModified },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const row = await db.read((client) => getManaged<EndpointRow>(client, endpointNoun, id));
      return versioned(request, reply, shownEndpoint(row));
    },
  );

  app.patch(
    `${path}/:id`,
    {
      config: change,
      schema: {
        operationId: 'changeWebhookEndpoint',
        summary: 'Change, disable or enable a webhook endpoint',
        description:
          'What waits for an endpoint is given up when it is disabled. After enabling it, a replay brings what it missed.',
        tags,
        params,
        headers: ifMatch,
        body: ref(WebhookEndpointChanges),
        response: { 200: ref(WebhookEndpoint), 409: ref(Problem) },
      },
    },
    async (request, reply) => {
      const row = await db.write(async (client) => {
        const before = await liveEndpoint(client, request.params.id);
        requireMatch(request, before.version);
        return changeEndpoint(client, targets, before, request.body, authorOf(request));
      });
      return versioned(request, reply, shownEndpoint(row));
    },
  );

  app.delete(
    `${path}/:id`,
    {
      config: change,
      schema: {
        operationId: 'removeWebhookEndpoint',
        summary: 'Remove a webhook endpoint',
        description: 'Nothing is sent to it any more. It stays readable, with what became of its deliveries.',
        tags,
        params,
        headers: ifMatch,
        response: { 204: Type.Null({ description: 'It is told nothing any more.' }) },
      },
    },
    async (request, reply) => {
      await db.write(async (client) => {
        const before = await getManaged<EndpointRow>(client, endpointNoun, request.params.id, true);
        requireMatch(request, before.version);
        await removeEndpoint(client, before, authorOf(request));
      });
      return reply.code(204).send(null);
    },
  );

  app.post(
    `${path}/:id/rotate`,
    {
      config: change,
      schema: {
        operationId: 'rotateWebhookSecret',
        summary: 'Give a webhook endpoint a new secret',
        description:
          'The old secret signs beside the new one for `overlap_hours`, so that the receiver can change over without a gap.',
        tags,
        params,
        body: ref(WebhookRotation),
        response: { 201: ref(WebhookSecret), 409: ref(Problem) },
      },
    },
    async (request, reply) => {
      const { overlap_hours = 24 } = request.body;
      const made = await db.write(async (client) =>
        rotateSecret(client, await liveEndpoint(client, request.params.id), overlap_hours, authorOf(request)),
      );
      return reply.code(201).header('location', `${path}/${request.params.id}`).send(made);
    },
  );

  addDeliveryPaths(app, db);
}
