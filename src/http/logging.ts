import { type FastifyReply, type FastifyRequest, LogController } from 'fastify';

const secretParameter = /([?&][^=&#]*(?:key|token|secret|password|auth)[^=&#]*=)[^&#]*/gi;
const ownKey = /mm_[0-9A-Za-z]+/g;

/** An address as it may be logged: without values that are, or look like, a secret. */
export const loggableUrl = (url: string): string => url.replace(secretParameter, '$1***').replace(ownKey, 'mm_***');

/** The stack without its first lines, which repeat the message. */
const frames = (stack: string | undefined): string =>
  (stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');

interface Loggable {
  [field: string]: unknown;
  type: string;
  message: string;
  stack: string;
}

/** PostgreSQL's and drizzle's errors hold the statement, its parameters and values of rows, also in their messages. */
const speaksOfData = (error: Error): boolean =>
  ['PostgresError', 'DrizzleQueryError'].includes(error.name) ||
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
    stack: frames(error.stack),
    ...(error.cause === undefined || depth > 3 ? {} : { cause: loggable(error.cause, depth + 1) }),
  };
}

/** One line a request, when it is over. */
class OneLine extends LogController {
  override incomingRequest() {}

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply) {
    const line = {
      method: request.method,
      url: loggableUrl(request.url),
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 10) / 10,
      ...(request.caller?.key_id ? { key_id: request.caller.key_id } : {}),
    };
    if (error) reply.log.error({ ...line, err: error }, 'request broke off');
    else reply.log.info(line, 'request');
  }
}

/** Logs one line a request under `request_id`; headers, bodies, statements and parameters are never logged. */
export const logController = new OneLine({ requestIdLogLabel: 'request_id' });

export const logSerializers = {
  req: ({ method, url }: { method: string; url?: string }) => ({ method, url: loggableUrl(url ?? '') }),
  err: (error: unknown) => loggable(error),
};
