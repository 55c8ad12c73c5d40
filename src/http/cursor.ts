import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { badRequest } from '../errors.ts';

/** The sort values and the key of the last row of a page. */
type CursorValues = (string | number | boolean | null)[];

const signatureBytes = 16;

/** What a cursor is bound to, written the same whatever the order of the parameters. */
const bindingOf = (query: object): string =>
  JSON.stringify(
    Object.entries(query)
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

const signature = (secret: string, payload: string, query: object): Buffer =>
  createHmac('sha256', secret)
    .update(`${payload}\n${bindingOf(query)}`)
    .digest()
    .subarray(0, signatureBytes);

/** Makes an opaque cursor of the last row's values, good only with the same query. Nothing is kept in the process. */
export function encodeCursor(secret: string, { values, query }: { values: CursorValues; query: object }): string {
  const payload = Buffer.from(JSON.stringify(values)).toString('base64url');
  return `${payload}.${signature(secret, payload, query).toString('base64url')}`;
}

/**
 * Reads a cursor back.
 * @throws ApiError 400 for one that was altered, made with another secret, or belongs to another query
 */
export function decodeCursor(secret: string, token: string, query: object): CursorValues {
  const [payload = '', given = ''] = token.split('.');
  const signed = Buffer.from(given, 'base64url');
  const isOurs = signed.length === signatureBytes && timingSafeEqual(signed, signature(secret, payload, query));
  if (!isOurs || token !== `${payload}.${given}`)
    throw badRequest(
      'bad_cursor',
      'The cursor was altered, or belongs to another filter or sort. Leave it out to begin again.',
    );
  // Signed, so it is what encodeCursor wrote.
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as CursorValues;
}

/** Paging for routes whose query has `limit` and `cursor`. A cursor is bound to the path and to all other parameters. */
interface Paging {
  /** Where the page begins; undefined at the first. Throws a 400 for a bad cursor. */
  start(request: FastifyRequest): CursorValues | undefined;
  /** The `page` of an answer, from the last row's values or undefined on the last page. Sets `Link: rel="next"`. */
  next(
    request: FastifyRequest,
    reply: FastifyReply,
    values: CursorValues | undefined,
  ): { next: string | null; cursor: string | null };
  /** Makes an opaque token of values, good only with the same query. */
  seal(values: CursorValues, query: object): string;
  /** Reads such a token back. Throws a 400 for one that was altered or belongs to another query. */
  open(token: string, query: object): CursorValues;
  /** A text by which another one can be recognised without being told. */
  fingerprint(text: string): string;
  /** `https://host` as the caller knows it. */
  origin(request: FastifyRequest): string;
}

declare module 'fastify' {
  interface FastifyInstance {
    paging: Paging;
  }
}

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? '';

function boundTo(request: FastifyRequest): { query: object; cursor: unknown } {
  // Validated by the route's schema, which is a closed object.
  const { cursor, limit: _, ...filter } = request.query as Record<string, unknown>;
  return { query: { ...filter, '': pathOf(request) }, cursor };
}

/** `https://host` as the caller knows it: the setting, else the request's own, unless a header made it odd. */
function originOf(request: FastifyRequest, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl;
  return /^[\w.:[\]-]+$/.test(request.host) ? `${request.protocol}://${request.host}` : '';
}

/** Adds `app.paging`. All api processes must be given the same secret. */
export function addPaging(
  app: FastifyInstance,
  { secret, public_url }: { secret: string; public_url: string | undefined },
): void {
  app.decorate('paging', {
    start(request) {
      const { query, cursor } = boundTo(request);
      return typeof cursor === 'string' ? decodeCursor(secret, cursor, query) : undefined;
    },
    next(request, reply, values) {
      if (values === undefined) return { next: null, cursor: null };
      const cursor = encodeCursor(secret, { values, query: boundTo(request).query });
      const parameters = new URLSearchParams(request.url.slice(pathOf(request).length));
      parameters.set('cursor', cursor);
      const next = `${originOf(request, public_url)}${pathOf(request)}?${parameters}`;
      reply.header('link', `<${next}>; rel="next"`);
      return { next, cursor };
    },
    seal: (values, query) => encodeCursor(secret, { values, query }),
    open: (token, query) => decodeCursor(secret, token, query),
    fingerprint: (text) => signature(secret, text, {}).toString('base64url'),
    origin: (request) => originOf(request, public_url),
  } satisfies Paging);
}
