import { Ajv, type ValidateFunction } from 'ajv';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { ApiError } from '../errors.ts';
import { formats } from './formats.ts';
import { isOpenObject, namedIn } from './schemas.ts';

/** A copy of a schema in which every object takes only the fields that it names. */
function shut<T>(schema: T): T {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(shut) as T;
  const copy = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, shut(value)]));
  return (isOpenObject(copy) ? { ...copy, additionalProperties: false } : copy) as T;
}

const ajv = new Ajv({ strict: true, allowUnionTypes: true });
for (const [name, { validate }] of Object.entries(formats)) ajv.addFormat(name, validate);

const checks = new WeakMap<object, ValidateFunction>();

function checkOf(schema: TSchema): ValidateFunction {
  const known = checks.get(schema);
  if (known !== undefined) return known;
  for (const [id, one] of namedIn(schema)) if (ajv.getSchema(id) === undefined) ajv.addSchema(shut(one), id);
  const { $id: _, ...nameless } = shut(schema) as TSchema & { $id?: string };
  const check = ajv.compile(nameless);
  checks.set(schema, check);
  return check;
}

interface Described {
  content?: Record<string, { schema: TSchema }>;
}

/** The schema that a route promises for a JSON answer of a status; undefined where it promises something else. */
function promised(request: FastifyRequest, status: number): TSchema | undefined {
  const responses = (request.routeOptions.schema?.response ?? {}) as Record<string, TSchema & Described>;
  const response = responses[status] ?? responses[`${Math.floor(status / 100)}xx`] ?? responses.default;
  if (response === undefined && Object.keys(responses).length > 0)
    throw wrongAnswer(
      request,
      status,
      `the status is not among those it promises: ${Object.keys(responses).join(', ')}`,
    );
  return response?.content === undefined ? response : response.content['application/json']?.schema;
}

const wrongAnswer = (request: FastifyRequest, status: number, why: string) =>
  new ApiError(500, 'wrong_answer', `${request.method} ${request.routeOptions.url} answered ${status}, and ${why}.`);

function checkAnswer(request: FastifyRequest, reply: FastifyReply, written: string): void {
  const schema = promised(request, reply.statusCode);
  if (schema === undefined) return;
  const check = checkOf(schema);
  if (!check(JSON.parse(written)))
    throw wrongAnswer(
      request,
      reply.statusCode,
      `the body is not what its schema promises: ${ajv.errorsText(check.errors, { dataVar: 'body' })}`,
    );
}

/**
 * Checks every JSON answer of a route against its schema before it is written, as a strict reader would:
 * fast-json-stringify turns a null in a field that is never null into "", 0 or false, and leaves fields out that the
 * schema does not name. A wrong answer becomes a 500 that says what is wrong. For tests; it doubles the cost of an
 * answer.
 */
export function addResponseCheck(app: FastifyInstance): void {
  app.addHook('preSerialization', async (request, reply, payload) => {
    if (reply.statusCode < 400) checkAnswer(request, reply, JSON.stringify(payload));
    return payload;
  });
  // Text that a query made, or a buffer, is sent as it is and was not seen above.
  app.addHook('onSend', async (request, reply, payload) => {
    const isJson = String(reply.getHeader('content-type') ?? '').startsWith('application/json');
    const isText = typeof payload === 'string' || Buffer.isBuffer(payload);
    if (reply.statusCode < 400 && isJson && isText && request.method !== 'HEAD')
      checkAnswer(request, reply, payload.toString());
    return payload;
  });
}
