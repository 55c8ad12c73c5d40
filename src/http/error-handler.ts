import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { ApiError, badRequest, unavailable } from '../errors.ts';
import { requestIdOf } from './request-id.ts';
import type { Problem } from './schemas.ts';
import { dropUnreadBody } from './unread-body.ts';

/** An error as RFC 9457 tells it. `type` is `/problems/<code>`: a stable name, the same on every installation. */
function problemOf(
  { status, code, message, errors, extensions }: ApiError,
  request_id: string,
): Static<typeof Problem> {
  return {
    type: `/problems/${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    code,
    request_id,
    errors,
    ...extensions,
  };
}

/** Answers hold data: nobody keeps them, and nobody guesses what they are. A route may say otherwise. */
export const fixedHeaders = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' };

const badEncoding =
  'The address is not valid: a percent sign is followed by two hex digits, which stand for UTF-8. A bare one is %25.';

/** What the errors of Fastify itself mean to a caller. */
function asApiError(error: Error & { code?: unknown; statusCode?: unknown }, request: FastifyRequest): ApiError {
  if (error instanceof ApiError) return error;
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return bodyTooLarge(request.routeOptions.bodyLimit);
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return badRequest('cut_short', 'The body does not have the length that Content-Length says.');
    case 'FST_ERR_BAD_URL':
      return badRequest('bad_url', badEncoding);
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new ApiError(414, 'path_too_long', 'A part of the path is longer than any id or key.');
    case 'FST_ERR_HANDLER_TIMEOUT':
      return unavailable('took_too_long', 'The answer took too long. Ask for less, or try again later.', 5);
    case 'ECONNRESET':
      return badRequest('broken_off', 'The request broke off before its body was complete.');
    default: {
      const { statusCode } = error;
      if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
        return new ApiError(statusCode, 'bad_request', STATUS_CODES[statusCode] ?? 'The request is not right.');
      return new ApiError(500, 'internal_error', 'Something went wrong here. The log knows more under the request_id.');
    }
  }
}

const bodyTooLarge = (limitBytes: number) =>
  new ApiError(
    413,
    'body_too_large',
    `The body is larger than ${limitBytes} bytes. Send less at a time, or a stream where the route takes one.`,
  );

/** How an error is written for those who do not read problems. */
export interface ErrorForm {
  type: string;
  body: (problem: Static<typeof Problem>) => object;
}

const problemForm: ErrorForm = { type: 'application/problem+json', body: (problem) => problem };

/** Faults are logged with all that is known of them; a 503 that was meant, of a service with too much to do, in short. */
function logFailure(error: unknown, { status, code }: ApiError, { log }: FastifyRequest): void {
  // 501 is said to a client that asks for what was never here.
  if (status < 500 || status === 501) return;
  if (status === 503 && error instanceof ApiError && error.cause === undefined) log.warn({ code }, 'request refused');
  else log.error({ err: error }, 'request failed');
}

/** Answers with a problem, whatever was thrown. Nothing is told of a fault that is not known. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, form = problemForm) {
  const known = asApiError(
    error instanceof Error ? error : new Error('Something that is no error was thrown.'),
    request,
  );
  logFailure(error, known, request);
  dropUnreadBody(request, reply);
  // A Buffer, because Fastify would add a charset to the type of a string.
  return reply
    .code(known.status)
    .headers({ ...known.headers, 'x-request-id': request.id, ...fixedHeaders })
    .type(form.type)
    .send(Buffer.from(JSON.stringify(form.body(problemOf(known, request.id)))));
}

/** The answer to what never became a request, since Node could not read it. */
export function clientErrorHandler(this: FastifyInstance, error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const problem = problemOf(brokenRequest(error), requestIdOf({ headers: {} }));
  this.log.info({ code: error.code, request_id: problem.request_id }, 'unreadable request');
  if (socket.writable) {
    const body = JSON.stringify(problem);
    socket.write(
      `HTTP/1.1 ${problem.status} ${problem.title}\r\nConnection: close\r\nContent-Type: application/problem+json\r\nX-Request-Id: ${problem.request_id}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

/** @param error of Node's parser, whose `reason` is a few plain words. */
function brokenRequest({ code, reason }: NodeJS.ErrnoException & { reason?: string }): ApiError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new ApiError(431, 'headers_too_large', 'The address and headers together are larger than 16 KiB.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new ApiError(408, 'request_timeout', 'The request took too long to arrive.');
  if (code === 'HPE_INVALID_URL')
    return badRequest(
      'bad_url',
      'The address holds a character that has to be percent-encoded as UTF-8: %C3%BC for ü, %20 for a space.',
    );
  return badRequest('bad_request', `The request is not HTTP${reason ? ` (${reason})` : ''}.`);
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The methods of the routes that a path has. */
function allowedAt(app: FastifyInstance, path: string): string[] {
  return methods.filter((method) => app.findRoute({ method, url: path }) !== null);
}

/**
 * Sets the error handler, and answers requests that no route takes before their body is read: 404, or 405 with `Allow`
 * (Fastify never sends it) where the path has routes for other methods. `OPTIONS` tells the methods. What Node would
 * refuse without a word is a problem too: a request without `Host`, or with an expectation that nobody knows.
 */
export function addErrorHandler(app: FastifyInstance): void {
  app.server.on('checkExpectation', ({ headers }: IncomingMessage, response: ServerResponse) => {
    const unknown = new ApiError(417, 'expectation_unknown', "The only expectation that is met is '100-continue'.");
    const problem = problemOf(unknown, requestIdOf({ headers }));
    const body = Buffer.from(JSON.stringify(problem));
    response
      .writeHead(problem.status, {
        ...fixedHeaders,
        'content-type': problemForm.type,
        'content-length': body.length,
        'x-request-id': problem.request_id,
      })
      .end(body);
  });
  app.setErrorHandler((error, request, reply) => answerProblem(error, request, reply));
  app.setNotFoundHandler((request) => {
    throw noRoute(request);
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1')
      return done(badRequest('host_missing', 'A request of HTTP/1.1 has a Host header.'));
    if (!isDecodable(request.url)) return done(badRequest('bad_url', badEncoding));
    if (!request.is404) return done();
    const allowed = allowedAt(app, pathOf(request));
    if (allowed.length === 0) return done(noRoute(request));
    const headers = { allow: [...allowed, 'OPTIONS'].join(', ') };
    if (request.method === 'OPTIONS') return reply.code(204).headers(headers).send();
    done(new ApiError(405, 'method_not_allowed', `This path takes ${allowed.join(', ')}.`, { headers }));
  });
}

/** Whether the query of an address is UTF-8. Fastify sees to the path, and would take the query for other text. */
function isDecodable(url: string): boolean {
  const query = url.indexOf('?');
  if (query < 0 || !url.includes('%', query)) return true;
  try {
    decodeURIComponent(url.slice(query));
    return true;
  } catch {
    return false;
  }
}

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? '';

const noRoute = (request: FastifyRequest) =>
  new ApiError(
    404,
    'no_such_path',
    `There is nothing at ${pathOf(request).slice(0, 200)}. The paths are listed in /openapi.json.`,
  );
