import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type RawServerDefault } from 'fastify';
import type { Config } from '../config.ts';
import { unavailable } from '../errors.ts';
import { addPaging } from './cursor.ts';
import { addErrorHandler, answerProblem, clientErrorHandler, fixedHeaders } from './error-handler.ts';
import { addJsonParser } from './json-parser.ts';
import { type LogOptions, logOptions } from './logging.ts';
import { addMediaTypes } from './media-types.ts';
import { addRequestMetrics } from './metrics.ts';
import { addOpenapi } from './openapi.ts';
import { addPressure } from './pressure.ts';
import { newRateLimits } from './rate-limits.ts';
import { addRequestIds, requestIdOf } from './request-id.ts';
import { addResponseCheck } from './response-check.ts';
import { addScopes, type FindKey } from './scopes.ts';
import { addValidation } from './validation.ts';

type Limits = Pick<Config, 'rate_limit_per_minute' | 'max_event_loop_delay_ms' | 'trust_proxy'>;

/** What is not limited by an option is without limit. */
export interface ServerOptions extends LogOptions, Pick<Config, 'public_url'>, Partial<Limits> {
  findKey: FindKey;
  /** Whether a key was good lately; see `addScopes`. */
  knowsKey?: (token: string) => boolean;
  /** Signs cursors; the same for all api processes. Without it cursors are good in this process only. */
  cursor_secret?: string;
  /** Checks every answer against its schema: for tests. */
  check_responses?: boolean;
  /** What the tags of the operations mean. */
  tags?: { name: string; description: string }[];
  /** What the service sends of its own accord, as OpenAPI says it. */
  webhooks?: Record<string, object>;
}

/** A server whose routes are typed by their schemas. */
export type Server = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

const compileWriters = SerializerSelector();

const bodyLimitBytes = 10 * 1024 * 1024;

// A stream of facts may take half an hour to send; that a header does not trickle in is checked every few seconds.
const headersTimeoutMs = 20_000;
const requestTimeoutMs = 30 * 60_000;
const connectionsCheckingIntervalMs = 5_000;
const unusedGraceMs = 500;
const closingMs = 10_000;

/**
 * Makes the server with all conventions and no routes but its documentation. Routes are added afterwards, each with
 * `config.scope` and a schema. It trusts the headers of no proxy but those of `trust_proxy`.
 */
export async function newServer(options: ServerOptions): Promise<Server> {
  const {
    public_url,
    findKey,
    knowsKey = () => false,
    cursor_secret,
    check_responses = false,
    tags,
    webhooks,
  } = options;
  const { rate_limit_per_minute = 0, max_event_loop_delay_ms = 0, trust_proxy = [] } = options;
  const app: Server = Fastify({
    ...logOptions(options),
    genReqId: requestIdOf,
    bodyLimit: bodyLimitBytes,
    trustProxy: trust_proxy.length > 0 ? [...trust_proxy] : false,
    requestTimeout: requestTimeoutMs,
    http: {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: connectionsCheckingIntervalMs,
      requireHostHeader: false, // Node's own refusal is no problem; see addErrorHandler.
    },
    // An id of 128 characters, each four bytes of UTF-8, percent-encoded.
    routerOptions: { maxParamLength: 128 * 12 },
    schemaController: { compilersFactory: { buildSerializer: writersAtFirstUse } },
    // Its own answer would not be a problem; see addClosing.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => answerProblem(error, request, reply),
    clientErrorHandler,
  });
  addJsonParser(app);
  addRequestIds(app);
  addFixedHeaders(app);
  addClosing(app);
  addErrorHandler(app);
  addRequestMetrics(app);
  await addPressure(app, max_event_loop_delay_ms);
  addScopes(app, { findKey, knowsKey, limits: await newRateLimits(app, rate_limit_per_minute) });
  addMediaTypes(app);
  addValidation(app);
  if (check_responses) addResponseCheck(app);
  addPaging(app, { secret: cursor_secret ?? randomBytes(32).toString('base64url'), public_url });
  await addOpenapi(app, { public_url, ...(tags && { tags }), ...(webhooks && { webhooks }) });
  return app;
}

/**
 * Fastify's own compiler of writers, asked when the first answer is written and not for every route at the start: with
 * a hundred routes the start took 1.7 s, three quarters of it for writers that most processes never use.
 */
const writersAtFirstUse: typeof compileWriters = (schemas, options) => {
  const compile = compileWriters(schemas, options);
  return (route) => {
    let write: ReturnType<typeof compile> | undefined;
    return (answer) => {
      write ??= compile(route);
      return write(answer);
    };
  };
};

function addFixedHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(fixedHeaders);
    done();
  });
}

/**
 * While closing, what runs is finished, new requests get 503, and every answer tells the client to go elsewhere. What is
 * not finished after ten seconds is cut: streams of facts, of which what is stored stays and may be sent again, and heads
 * that trickle in, which Node no longer looks at once it closes. So the rest of the process has time to end in order.
 */
function addClosing(app: FastifyInstance): void {
  let closing = false;
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  app.addHook('preClose', (done) => {
    closing = true;
    const cutAfter = (ms: number, isCut: (socket: Socket) => boolean) =>
      setTimeout(() => {
        for (const socket of sockets) if (isCut(socket)) socket.destroy();
      }, ms).unref();
    // Clients open connections in advance. To Node one that was never used is not idle, and it would wait for it.
    cutAfter(unusedGraceMs, ({ bytesRead }) => bytesRead === 0);
    cutAfter(closingMs, () => true);
    done();
  });
  app.addHook('onRequest', (_request, _reply, done) => {
    done(closing ? unavailable('stopping', 'The service is stopping. Try again.') : undefined);
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) reply.header('connection', 'close');
    done(null, payload);
  });
}
