import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { ApiError, badRequest } from '../errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The types of body that the route takes, worked out from its schema. */
    takes?: string[];
  }
}

interface BodySchemas {
  body?: unknown;
  consumes?: string[];
}

/**
 * The types of body that a route takes: those of `body.content` or of `consumes`, else JSON (for PATCH also under its
 * proper name); none where the route has no body.
 */
function typesTakenBy({ method, schema }: RouteOptions): string[] {
  const { body, consumes } = (schema ?? {}) as BodySchemas;
  if (body === undefined) return consumes ?? [];
  if (typeof body === 'object' && body !== null && 'content' in body) return Object.keys(body.content as object);
  return consumes ?? (method === 'PATCH' ? ['application/merge-patch+json', 'application/json'] : ['application/json']);
}

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

function refusalOf(request: FastifyRequest, takes: string[]): ApiError | undefined {
  const { headers, mediaType } = request;
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    return new ApiError(
      415,
      'encoding_not_taken',
      `Content-Encoding '${encoding}' is not taken. Send the body as it is.`,
      {
        headers: { 'accept-encoding': 'identity' },
      },
    );
  if (takes.length === 0) return badRequest('no_body_taken', 'This request takes no body.');
  if (mediaType === undefined || !takes.includes(mediaType))
    return new ApiError(415, 'type_not_taken', `Send the body as ${takes.join(' or ')}, and say so in Content-Type.`, {
      headers: { accept: takes.join(', ') },
    });
  const charset = /;\s*charset="?([^";\s]+)/i.exec(headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset))
    return new ApiError(415, 'charset_not_taken', `The charset '${charset}' is not taken. Send UTF-8.`);
  return undefined;
}

/**
 * Refuses a body that the route does not take with 415, before it is read: a type that the route's schema does not name
 * (Fastify would let it pass unchecked), another charset than UTF-8, or any Content-Encoding.
 */
export function addMediaTypes(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, takes: typesTakenBy(route) };
  });
  app.addHook('onRequest', (request, _reply, done) => {
    const { takes } = request.routeOptions.config;
    done(takes !== undefined && hasBody(request) ? refusalOf(request, takes) : undefined);
  });
}
