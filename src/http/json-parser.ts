import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { badRequest } from '../errors.ts';
import { jsonFaultAt } from './json-fault.ts';

const maxDepth = 32;

/** Escapes that could hide what PostgreSQL does not keep: U+0000, and halves of surrogate pairs. */
const suspiciousEscape = /\\u(?:0000|d[89a-f])/i;
const unstorable = /\0|\p{Surrogate}/u;

/**
 * Reads a JSON text strictly. The value holds nothing that would trip what comes after: at most 32 levels, no
 * `__proto__` and no `constructor` that could poison a prototype, no U+0000 and no lone surrogate (PostgreSQL refuses
 * or changes them). A byte order mark is dropped.
 *
 * Hot: bodies of 5,000 rows come through here. Depth and names are looked at after the parse, level by level: V8's
 * parser does not recurse, and a walk over values costs 3% of the parse where a scan of the bytes costs 14%. All of
 * it takes 4 to 8% longer than `JSON.parse(buffer.toString())` alone.
 * @throws ApiError 400, with the line and column of what is not JSON.
 */
export function parseJson(buffer: Buffer): unknown {
  if (!isUtf8(buffer)) throw badRequest('not_utf8', 'The body is not valid UTF-8. Send JSON in UTF-8.');
  const marked = buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf;
  const bytes = marked ? buffer.subarray(3) : buffer;
  const text = bytes.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw notJson(text, error);
  }
  checkNesting(value);
  if (bytes.includes('\\u') && suspiciousEscape.test(text)) checkStrings(value);
  return value;
}

function notJson(text: string, error: unknown) {
  if (text.trim() === '') return badRequest('empty_body', 'The body is empty. Send JSON.');
  const { reason, line, column } = jsonFaultAt(text, error);
  return badRequest('not_json', `The body is not JSON: ${reason} at line ${line}, column ${column}.`);
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function checkNesting(value: unknown): void {
  let level = isObject(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > maxDepth) throw badRequest('too_deep', `The body is nested more than ${maxDepth} levels deep.`);
    const next: object[] = [];
    for (const one of level)
      if (Array.isArray(one)) {
        for (const item of one) if (isObject(item)) next.push(item);
      } else {
        for (const name in one) {
          if (name === '__proto__') throw forbiddenName(name);
          const field: unknown = one[name as keyof typeof one];
          if (!isObject(field)) continue;
          if (name === 'constructor' && 'prototype' in field) throw forbiddenName('constructor.prototype');
          next.push(field);
        }
      }
    level = next;
  }
}

const forbiddenName = (name: string) => badRequest('forbidden_name', `A field may not be named '${name}'.`);

function checkStrings(value: unknown): void {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const one = left.pop();
    if (
      typeof one === 'string' ? unstorable.test(one) : isObject(one) && Object.keys(one).some((k) => unstorable.test(k))
    )
      throw badRequest(
        'unstorable_text',
        'The body holds a text with the character U+0000 or half of a surrogate pair (\\ud800 to \\udfff), which cannot be stored.',
      );
    if (isObject(one)) for (const field of Object.values(one)) left.push(field);
  }
}

/**
 * Replaces Fastify's parsers by the strict one, for `application/json` and `application/merge-patch+json`. Nothing else
 * is read until a route's own plugin adds a parser for it.
 */
export function addJsonParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(
    ['application/json', 'application/merge-patch+json'],
    { parseAs: 'buffer' },
    (_request, buffer, done) => {
      try {
        done(null, buffer.length === 0 ? undefined : parseJson(buffer));
      } catch (error) {
        done(error as Error);
      }
    },
  );
}
