import { Type } from 'typebox';
import type { Database } from '../db/pool.ts';
import { invalidField } from '../errors.ts';
import { Cursor, closed, Limit, Problem, pageOf, ref, Uuid } from '../http/schemas.ts';
import type { Server } from '../http/server.ts';
import { revokeKey, rotateKey } from './end-key.ts';
import type { Keys } from './find-key.ts';
import { getKey, insertKey, listKeys, requireUnits, shown } from './queries.ts';
import { ApiKey, ApiKeyWithSecret, KeyRotation, NewApiKey } from './schemas.ts';

const params = closed({ id: Uuid });
const tags = ['API keys'];
const config = { scope: 'admin' } as const;

/** `/v1/keys`. */
export function keyRoutes(app: Server, { db, keys }: { db: Database; keys: Keys }): void {
  app.post(
    '/v1/keys',
    {
      config,
      schema: {
        operationId: 'createKey',
        summary: 'Make an API key',
        description: 'The answer holds the key itself, this once.',
        tags,
        body: ref(NewApiKey),
        response: { 201: ref(ApiKeyWithSecret) },
      },
    },
    async ({ body }, reply) => {
      const created_at = new Date();
      const expires_at = body.expires_at == null ? null : new Date(body.expires_at);
      if (expires_at !== null && expires_at <= created_at)
        throw invalidField('/expires_at', 'in_the_past', 'Must lie in the future.');
      const given = { ...body, units: body.units ?? null, expires_at, created_at };
      const made = await db.write(async (client) => {
        await requireUnits(client, given);
        return insertKey(client, given);
      });
      return reply.code(201).header('location', `/v1/keys/${made.id}`).send(made);
    },
  );

  app.get(
    '/v1/keys',
    {
      config,
      schema: {
        operationId: 'listKeys',
        summary: 'List the API keys',
        description: 'In the order in which they were made, also those that do not work any more.',
        tags,
        querystring: closed({ limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }),
        response: { 200: pageOf(ApiKey) },
      },
    },
    async (request, reply) => {
      const { limit = 100 } = request.query;
      const [after] = app.paging.start(request) ?? [];
      const found = await db.read((client) =>
        listKeys(client, after === undefined ? undefined : String(after), limit + 1),
      );
      const rows = found.slice(0, limit);
      const last = found.length > limit ? rows.at(-1) : undefined;
      return { page: app.paging.next(request, reply, last && [last.id]), data: rows.map(shown) };
    },
  );

  app.get(
    '/v1/keys/:id',
    {
      config,
      schema: {
        operationId: 'getKey',
        summary: 'Read one API key',
        tags,
        params,
        response: { 200: ref(ApiKey) },
      },
    },
    async ({ params: { id } }) => shown(await db.read((client) => getKey(client, id))),
  );

  app.delete(
    '/v1/keys/:id',
    {
      config,
      schema: {
        operationId: 'revokeKey',
        summary: 'Revoke an API key',
        description: 'It stops working here at once, and in other processes of the service within five seconds.',
        tags,
        params,
        response: { 204: Type.Null({ description: 'The key does not work any more.' }), 409: ref(Problem) },
      },
    },
    async ({ params: { id } }, reply) => {
      await db.write((client) => revokeKey(client, id));
      keys.forget();
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/v1/keys/:id/rotate',
    {
      config,
      schema: {
        operationId: 'rotateKey',
        summary: 'Replace an API key by a new one',
        description:
          'The new key has the same name, scopes, units and lifetime. The old one goes on working for `grace_hours`, so that its user can change over.',
        tags,
        params,
        body: ref(KeyRotation),
        response: { 201: ref(ApiKeyWithSecret), 409: ref(Problem) },
      },
    },
    async ({ params: { id }, body }, reply) => {
      const made = await db.write((client) => rotateKey(client, id, body.grace_hours ?? 24));
      keys.forget();
      return reply.code(201).header('location', `/v1/keys/${made.id}`).send(made);
    },
  );
}
