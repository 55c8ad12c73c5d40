import { Ajv, type Options, type ValidateFunction } from 'ajv';
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { badRequest, type FieldError, invalid } from '../errors.ts';
import { fieldErrorsOf } from './field-errors.ts';
import { formats } from './formats.ts';
import { closed, isOpenObject, namedIn } from './schemas.ts';
import { isDocumentation } from './scopes.ts';

function newAjv(options: Options): Ajv {
  const ajv = new Ajv({ strict: true, allowUnionTypes: true, useDefaults: true, verbose: true, ...options });
  for (const [name, { validate }] of Object.entries(formats)) ajv.addFormat(name, validate);
  return ajv;
}

// Fastify's own default turns null into "", 0 or false and drops unknown fields. So: bodies are taken as they are, the
// parts of an address, which are all text, are read as the types that the schema names.
const firstError = newAjv({});
const allErrors = newAjv({ allErrors: true });
const fromAddress = newAjv({ allErrors: true, coerceTypes: 'array' });

function compile(ajv: Ajv, schema: TSchema): ValidateFunction {
  for (const [id, one] of namedIn(schema)) if (ajv.getSchema(id) === undefined) ajv.addSchema(one, id);
  // A name of its own would collide with the same schema added by name.
  const { $id: _, ...nameless } = schema as TSchema & { $id?: string };
  return ajv.compile(nameless);
}

/** Above this many values a report of every error would cost more memory than it is worth: the first one is told. */
const mostValues = 10_000;

function isLarge(value: unknown): boolean {
  const left = [value];
  for (let seen = 0; left.length > 0; seen++) {
    if (seen > mostValues || left.length > mostValues) return true;
    const one = left.pop();
    if (Array.isArray(one) && one.length > mostValues) return true;
    if (typeof one === 'object' && one !== null) for (const field of Object.values(one)) left.push(field);
  }
  return false;
}

/**
 * Makes the check of a body, or of one row of it, from its schema: null when all is well, else what is wrong, at most
 * 100 things. Fills in defaults; changes nothing else. A good value is checked by code that stops at the first error
 * and makes no objects (2 to 6 million rows of the datasets a second); only a bad one is looked at again for all of its
 * errors. The code is made when the first value comes.
 */
export function compileBody(schema: TSchema): (value: unknown) => FieldError[] | null {
  let check: ValidateFunction | undefined;
  let checkAll: ValidateFunction | undefined;
  return (value) => {
    check ??= compile(firstError, schema);
    if (check(value)) return null;
    const first = check.errors ?? [];
    if (isLarge(value)) return fieldErrorsOf(first);
    checkAll ??= compile(allErrors, schema);
    checkAll(value);
    return fieldErrorsOf(checkAll.errors ?? first);
  };
}

/** What a problem says of its errors in one sentence. */
function summary(errors: FieldError[]): string {
  const [first] = errors;
  if (first === undefined) return 'The request does not fit its schema.';
  const where = first.pointer === '' ? '' : `${first.pointer}: `;
  return errors.length === 1
    ? `${where}${first.detail}`
    : `${errors.length} things are wrong. The first: ${where}${first.detail}`;
}

/** 422 for what a body's check found. */
export const invalidBody = (errors: FieldError[]) => invalid(summary(errors), errors);

type Part = 'body' | 'querystring' | 'params' | 'headers';

function checkAddress(schema: TSchema, part: Exclude<Part, 'body'>) {
  let check: ValidateFunction | undefined;
  const word = part === 'querystring' ? 'query' : part === 'params' ? 'path' : 'header';
  return (values: Record<string, unknown>) => {
    check ??= compile(fromAddress, schema);
    const errors = check(values)
      ? unfit(values)
      : fieldErrorsOf(check.errors ?? []).map((error) => asParameter(error, values));
    return errors.length === 0 || { error: badRequest(`invalid_${word}`, summary(errors), errors) };
  };
}

/**
 * What Ajv lets pass: U+0000, which PostgreSQL refuses, and `1e400`, which it reads as Infinity and then checks no
 * bounds of.
 */
function unfit(values: Record<string, unknown>): FieldError[] {
  return Object.entries(values).flatMap(([pointer, value]) => {
    const all = Array.isArray(value) ? value : [value];
    if (all.some((one) => typeof one === 'string' && one.includes('\0')))
      return [{ pointer, code: 'bad_format', detail: 'Must not hold the character U+0000.' }];
    if (all.some((one) => typeof one === 'number' && !Number.isFinite(one)))
      return [{ pointer, code: 'too_large', detail: 'Is too large for a number.' }];
    return [];
  });
}

/** Parameters are named, not pointed at; one that was given twice is told so. */
function asParameter({ pointer, code, detail }: FieldError, values: Record<string, unknown>): FieldError {
  const name = (pointer.split('/')[1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~');
  const value = values[name];
  if (code === 'wrong_type' && Array.isArray(value))
    return { pointer: name, code: 'duplicate', detail: `Given ${value.length} times; give it once.` };
  if (code === 'unknown_field') return { pointer: name, code: 'unknown_parameter', detail };
  const hadPlus = code === 'bad_format' && typeof value === 'string' && /T[\d:.]+ /.test(value);
  return { pointer: name, code, detail: hadPlus ? `${detail} In an address a plus is written as %2B.` : detail };
}

function checkBody(schema: TSchema) {
  const check = compileBody(schema);
  return (body: unknown) => {
    const errors = check(body);
    if (errors === null || (body === null && canBeLeftOut(schema))) return true;
    return { error: body === null ? badRequest('empty_body', 'The body is empty. Send JSON.') : invalidBody(errors) };
  };
}

/** The place of an object that does not say which fields it takes beside the ones it names. */
function openObjectIn(schema: unknown, at = ''): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  if (isOpenObject(schema)) return at === '' ? '/' : at;
  for (const [name, value] of Object.entries(schema)) {
    const found = openObjectIn(value, `${at}/${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

const leftOut = new WeakSet<TSchema>();

/** Marks a body's schema as one that may be left out; the route then gets `undefined`. */
export function mayBeLeftOut<T extends TSchema>(schema: T): T {
  leftOut.add(schema);
  return schema;
}

export const canBeLeftOut = (schema: object) => leftOut.has(schema);

const checkedByRoutes = new WeakSet<TSchema>();

/** Marks a body's schema as documentation: the route checks what it gets itself, say row by row with `compileBody`. */
export function checkedByRoute<T extends TSchema>(schema: T): T {
  checkedByRoutes.add(schema);
  return schema;
}

/**
 * Validates requests with the two Ajv instances: 422 for bodies, 400 for the address and headers. A route whose body or
 * query would let unknown fields pass stops the boot; a route without a query takes no parameters.
 */
export function addValidation(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (!isDocumentation(route.url)) route.schema = { querystring: closed({}), ...route.schema };
  });
  const compiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart, method, url }) => {
    // Fastify calls it for these four only.
    const part = httpPart as Part;
    if (checkedByRoutes.has(schema)) return () => true;
    if (part === 'body' || part === 'querystring')
      for (const one of [schema, ...namedIn(schema).values()]) {
        const open = openObjectIn(one);
        if (open !== undefined)
          throw new Error(
            `${method} ${url}: the ${part} takes unknown fields at ${open}. Make that object with closed().`,
          );
      }
    return part === 'body' ? checkBody(schema) : checkAddress(schema, part);
  };
  app.setValidatorCompiler(compiler);
  // A scope that is given schemas falls back to Fastify's own Ajv, unless it has a compiler of its own.
  app.addHook('onRegister', (scope) => {
    scope.setValidatorCompiler(compiler);
  });
}
