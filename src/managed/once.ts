import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { canonical } from '../db/canonical.ts';
import type { Client, Database } from '../db/pool.ts';
import { ApiError, conflict } from '../errors.ts';

/** The header of routes that answer through `once`. */
export const onceHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description:
        'Sent again with the same key within 24 hours, the same request is answered as it was and makes nothing twice.',
    }),
  ),
});

/** What a request that makes something is answered. */
export interface Made<T> {
  status: 200 | 201 | 202;
  headers: Record<string, string>;
  body: T;
}

const keptFor = '24 hours';

/**
 * Answers a request that makes something in one transaction: `work`, what it records, and, where the caller sent an
 * `Idempotency-Key`, the answer itself. Sent again, the request is answered with what was stored, even where the
 * connection broke between commit and answer. A request that failed stored nothing and may be tried again under its key.
 * @throws ApiError 409 while the same request is being worked on, 422 where the key was used for another request
 */
export async function once<T extends object>(
  db: Database,
  request: FastifyRequest,
  reply: FastifyReply,
  work: (client: Client) => Promise<Made<T>>,
): Promise<T> {
  const key = request.headers['idempotency-key'];
  const { status, headers, body } = await db.write(async (client) => {
    if (typeof key !== 'string') return work(client);
    const place = [request.caller.key_id, `${request.method} ${request.routeOptions.url}`, key];
    const hash = createHash('sha256')
      .update(canonical([request.params, request.query, request.body]))
      .digest('hex');
    const known = await recall<T>(client, place, hash);
    if (known) return { ...known, headers: { ...known.headers, 'idempotent-replayed': 'true' } };
    const made = await work(client);
    await client.rows(
      `insert into idempotent_answers (key_id, operation, idempotency_key, request_hash, status, headers, body)
       values ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb)`,
      [...place, hash, made.status, JSON.stringify(made.headers), JSON.stringify(made.body)],
    );
    return made;
  });
  reply.code(status).headers(headers);
  return body;
}

async function recall<T>(client: Client, place: string[], hash: string): Promise<Made<T> | undefined> {
  const [lock] = await client.rows<{ got: boolean }>(
    `select pg_try_advisory_xact_lock(hashtextextended(array_to_string($1::text[], ' '), 0)) as got`,
    [place],
  );
  if (!lock?.got)
    throw conflict(
      'request_under_way',
      'A request with this Idempotency-Key is being worked on. Send it again in a second to get its answer.',
    );
  await client.rows(
    `delete from idempotent_answers
     where key_id = $1 and operation = $2 and idempotency_key = $3 and answered_at < now() - interval '${keptFor}'`,
    place,
  );
  const [known] = await client.rows<Made<T> & { request_hash: string }>(
    `select request_hash, status, headers, body from idempotent_answers
     where key_id = $1 and operation = $2 and idempotency_key = $3`,
    place,
  );
  if (!known) return undefined;
  const { request_hash, status, headers, body } = known;
  if (request_hash !== hash)
    throw new ApiError(
      422,
      'idempotency_key_reused',
      'This Idempotency-Key was used for another request. Give each new request a key of its own.',
    );
  return { status, headers, body };
}

/** Removes answers that are older than they are promised to be kept. */
export async function purgeAnswers(client: Client): Promise<void> {
  await client.rows(`delete from idempotent_answers where answered_at < now() - interval '${keptFor}'`);
}
