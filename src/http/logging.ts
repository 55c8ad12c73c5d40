import Fastify, { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import type { Config } from '../config.ts';

/** The stack without its first lines, which repeat the message. */
const frames = ({ stack = '', message }: Error): string =>
  stack
    .slice(Math.max(0, stack.indexOf(message)) + message.length)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');

interface Loggable {
  [field: string]: unknown;
  type: string;
  message: string;
  stack: string;
}

/**
 * PostgreSQL's and drizzle's errors hold the statement, its parameters and values of rows, also in their messages; errors
 * of syntax quote what was read.
 */
const speaksOfData = (error: Error): boolean =>
  ['PostgresError', 'DrizzleQueryError', 'SyntaxError', 'CsvError'].includes(error.name) ||
  'record' in error ||
  'query' in error ||
  error.message.startsWith('Failed query');

/** What of an error may be logged: its kind, code and place, and its message unless that could hold data. */
export function loggable(error: unknown, depth = 0): Loggable {
  if (!(error instanceof Error)) return { type: typeof error, message: '', stack: '' };
  const { code, constraint_name, table_name } = error as Error & Record<string, unknown>;
  return {
    type: error.constructor.name,
    message: speaksOfData(error) ? '(not logged, it may hold data)' : error.message,
    ...(code === undefined ? {} : { code }),
    ...(constraint_name === undefined ? {} : { constraint_name }),
    ...(table_name === undefined ? {} : { table_name }),
    stack: frames(error),
    ...(error.cause === undefined || depth > 3 ? {} : { cause: loggable(error.cause, depth + 1) }),
  };
}

/**
 * What a request was, in its line: the pattern of its route and not its address, in which ids of customers and whatever
 * people search for stand. Nothing else that a caller sends is told but a sane request id.
 */
function lineOf(request: FastifyRequest, reply: FastifyReply) {
  const { method, routeOptions, caller } = request;
  return {
    method,
    route: routeOptions.url ?? null,
    status: reply.statusCode,
    duration_ms: Math.round(reply.elapsedTime * 10) / 10,
    ...(caller?.key_id ? { key: caller.name, key_id: caller.key_id } : {}),
  };
}

/** One line a request, when it is over. */
class OneLine extends LogController {
  override incomingRequest() {}

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply) {
    if (error) reply.log.error({ ...lineOf(request, reply), err: error }, 'request broke off');
    else reply.log.info(lineOf(request, reply), 'request');
  }

  // Fastify's own lines tell the message of an error, or the address.
  override defaultErrorLog(error: Error, request: FastifyRequest, reply: FastifyReply) {
    reply.log.error({ ...lineOf(request, reply), err: error }, 'request failed');
  }

  override routeNotFound() {}

  override writeHeadError(error: Error, request: FastifyRequest, reply: FastifyReply) {
    reply.log.warn({ ...lineOf(request, reply), err: error }, 'the head of the answer could not be written');
  }
}

export interface LogOptions extends Pick<Config, 'log_level'> {
  /** Where the log goes instead of standard output. */
  log_to?: { write(line: string): void };
}

const serializers = {
  req: ({ method }: { method: string }) => ({ method }),
  err: (error: unknown) => loggable(error),
};

/**
 * How a Fastify server logs: JSON, a line a request under `request_id`, with the pattern of its route, its status, its
 * duration and the name of its key. Addresses, headers, bodies, statements and parameters are never logged.
 */
export const logOptions = ({ log_level, log_to }: LogOptions) => ({
  logger: { level: log_level, serializers, ...(log_to && { stream: log_to }) },
  logController: new OneLine({ requestIdLogLabel: 'request_id' }),
});

/** The same log for a process that answers no HTTP. */
export const newLog = (options: LogOptions): FastifyBaseLogger => Fastify(logOptions(options)).log;
