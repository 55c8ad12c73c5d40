import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

const sane = /^[A-Za-z0-9._:+/=-]{1,128}$/;
const traceparent = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

// Somebody may send a key of the service there, and request ids are logged.
const likeKey = /mm_/;

/** The caller's own `X-Request-Id` where it is safe to log and to echo, else a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && sane.test(given) && !likeKey.test(given) ? given : randomUUID();
}

/** Echoes the request id, and puts the ids of a W3C `traceparent` into every log line of the request. */
export function addRequestIds(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    const { traceparent: given } = request.headers;
    const [, trace_id, parent_id] = (typeof given === 'string' && traceparent.exec(given)) || [];
    if (trace_id !== undefined) {
      request.log = request.log.child({ trace_id, parent_id });
      reply.log = request.log;
    }
    done();
  });
}
