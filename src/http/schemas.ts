import { type Static, type TSchema, type TSchemaOptions, Type } from 'typebox';

/** The named schemas that were referred to: the components of the OpenAPI document, by their `$id`. */
const named = new Map<string, TSchema>();

const idOf = (schema: TSchema): string | undefined => {
  const { $id } = schema as TSchemaOptions;
  return typeof $id === 'string' ? $id : undefined;
};

/**
 * Refers to a named schema (one with an `$id`), so that it stands in the contract once, as a component. `Type.Ref` alone
 * is `unknown` to the compiler, and a schema with an `$id` that is put in place is copied into every operation.
 * @throws Error when the schema has no name, or when another schema has the same one.
 */
export function ref<T extends TSchema>(schema: T) {
  const id = idOf(schema);
  if (id === undefined) throw new Error('Only a schema with an $id can be referred to.');
  const known = named.get(id);
  if (known !== undefined && known !== schema && JSON.stringify(known) !== JSON.stringify(schema))
    throw new Error(`Two schemas are named '${id}'.`);
  named.set(id, known ?? schema);
  return Type.Unsafe<Static<T>>(Type.Ref(id));
}

/** The named schemas that a schema (or any object that holds schemas) refers to, also through one another. */
export function namedIn(schema: unknown, found = new Map<string, TSchema>()): Map<string, TSchema> {
  if (typeof schema !== 'object' || schema === null) return found;
  for (const [keyword, value] of Object.entries(schema)) {
    const target = keyword === '$ref' && typeof value === 'string' ? named.get(value) : undefined;
    if (target !== undefined && typeof value === 'string' && !found.has(value)) {
      found.set(value, target);
      namedIn(target, found);
    } else namedIn(value, found);
  }
  return found;
}

/** An object that takes the fields it names and no others: every request body and every query is one. */
export const closed = <P extends Record<string, TSchema>>(properties: P, options: TSchemaOptions = {}) =>
  Type.Object(properties, { ...options, additionalProperties: false });

/** Whether a schema is of an object that does not say what it thinks of fields which it does not name. */
export function isOpenObject(schema: object): boolean {
  if (!('type' in schema && 'properties' in schema) || 'additionalProperties' in schema) return false;
  return [schema.type].flat().includes('object');
}

/**
 * The same, or null. Where the schema allows, the type itself takes null, which is checked faster than a union, gives
 * one clear error instead of three, and is written to an answer without a search for the branch that fits.
 */
export function nullable<T extends TSchema>(schema: T) {
  return Type.Unsafe<Static<T> | null>(withNull(schema as TSchemaOptions & T));
}

function withNull(schema: TSchemaOptions): TSchema {
  const { type, enum: values, anyOf } = schema;
  if (idOf(schema) !== undefined || 'const' in schema || '$ref' in schema)
    return Type.Union([schema as TSchema, Type.Null()]);
  const typed = typeof type === 'string' ? { type: [type, 'null'] } : {};
  if (Array.isArray(values)) return { ...schema, ...typed, enum: [...values, null] };
  if (Array.isArray(anyOf)) return { ...schema, anyOf: [...anyOf, { type: 'null' }] };
  return typeof type === 'string' ? { ...schema, ...typed } : Type.Union([schema as TSchema, Type.Null()]);
}

/** What a string of a certain pattern is, in words, for people whose string is not. */
export const patternSentences = new Map<string, string>();

function words(pattern: string, sentence: string, options: TSchemaOptions = {}) {
  patternSentences.set(pattern, sentence);
  return Type.String({ ...options, pattern });
}

const controls = '\\u0000-\\u001f\\u007f-\\u009f';

/**
 * The caller's own id of a thing. In an address `.` and `..` are the folder itself and the one above, however they are
 * encoded: what had such an id could never be read, corrected or erased.
 */
export const Id = words(
  `^(?:\\.?[^.${controls}][^${controls}]*|\\.\\.[^${controls}]+)?$`,
  "an id other than '.' and '..', without control characters",
  { minLength: 1, maxLength: 128 },
);

/** The key of a managed noun, as people type it in paths and filters. */
export const Key = words(
  '^[a-z0-9_-][a-z0-9_.-]{0,63}$',
  "a key of 1 to 64 lower-case letters, digits, '_', '-' and, but for its beginning, '.', such as 'store-12'",
);

/** An exact amount, or rate. A JSON number would be rounded, so it is a string. */
export const Decimal = words(
  '^-?[0-9]{1,15}(\\.[0-9]{1,12})?$',
  'a decimal number in a string, such as "12.50", of up to 15 digits before the point and 12 after it',
);

/** ISO 4217. */
export const Currency = words('^[A-Z]{3}$', "a currency of three capital letters, such as 'EUR'");

/** A moment as callers send it: RFC 3339 with any offset. What counts as one is decided in `formats.ts`. */
export const Timestamp = Type.String({ format: 'date-time' });

/** The same in an answer: our code holds a Date, the serializer writes RFC 3339 in UTC with milliseconds. */
export const Instant = Type.Unsafe<Date>({ type: 'string', format: 'date-time' });

/** A day of the calendar, `2026-03-01`. */
export const CalendarDate = Type.String({ format: 'date' });

export const Uuid = Type.String({ format: 'uuid' });

/** How many rows a page has. A default needs `Type.Optional` around it. */
export const Limit = Type.Integer({
  minimum: 1,
  maximum: 1000,
  default: 100,
  description: 'How many rows a page has at most.',
});

/** What a filter of a list does. That of a unit covers everything below it. */
export const filterWords = (name: string): string =>
  name === 'unit' ? 'Only this unit and everything below it.' : `Only those whose \`${name}\` is this.`;

export const Cursor = Type.String({
  minLength: 1,
  maxLength: 4096,
  description: 'Where the page begins: `page.cursor` of the page before. Everything but `limit` must stay the same.',
});

const Page = Type.Object(
  {
    next: nullable(Type.String({ description: 'The address of the next page; null on the last.' })),
    cursor: nullable(Type.String({ description: 'The same as a parameter, for clients that build addresses.' })),
  },
  { $id: 'Page', description: 'Where to go on.' },
);

/** One page of a list. The page of a named schema is named after it. */
export function pageOf<T extends TSchema>(item: T) {
  const id = idOf(item);
  const list = <I extends TSchema>(items: I, options: TSchemaOptions) =>
    Type.Object({ page: ref(Page), data: Type.Array(items) }, options);
  return id === undefined ? list(item, {}) : ref(list(ref(item), { $id: `${id}Page` }));
}

const FieldError = Type.Object(
  {
    pointer: Type.String({ description: 'RFC 6901 pointer into the body, or the name of the parameter.' }),
    code: Type.String({ description: 'What is wrong, for programs.' }),
    detail: Type.String({ description: 'What is wrong and what would be right, for people.' }),
    row: Type.Optional(
      Type.Integer({ description: 'Of rows that were sent: the place in a JSON array, the line of a file, from 1.' }),
    ),
    value: Type.Optional(
      nullable(Type.Union([Type.String(), Type.Number(), Type.Boolean()], { description: 'What the row has there.' })),
    ),
  },
  { $id: 'FieldError', description: 'One thing that is wrong with a request.' },
);

/** RFC 9457. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: '`/problems/` and the code. A stable name; nothing is served there.' }),
    title: Type.String({ description: 'The status in words.' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What happened and what to do about it.' }),
    code: Type.String({ description: 'What happened, for programs. Codes stay; new ones may come.' }),
    request_id: Type.String({ description: 'Finds the request in the log of the service.' }),
    errors: Type.Array(ref(FieldError), {
      description: 'What is wrong with the request: at most 100 things, of rows that were sent 1,000.',
    }),
    report: Type.Optional(
      Type.Object(
        {
          received: Type.Integer(),
          created: Type.Integer(),
          updated: Type.Integer(),
          unchanged: Type.Integer(),
          rejected: Type.Integer(),
        },
        { description: 'What became of the rows that were sent, where some were refused.' },
      ),
    ),
  },
  {
    $id: 'Problem',
    description: 'Every answer of 400 and above.',
    examples: [
      {
        type: '/problems/rows_refused',
        title: 'Unprocessable Entity',
        status: 422,
        detail: "Row 2 (score): The scale of 'nps' runs from 0 to 10. Nothing was stored.",
        code: 'rows_refused',
        request_id: '5c9c0d0e-8f3e-4c3b-9a8e-2f1b6f0d8e11',
        errors: [
          {
            row: 2,
            pointer: '/score',
            code: 'off_scale',
            detail: "The scale of 'nps' runs from 0 to 10.",
            value: 11,
          },
        ],
        report: { received: 2, created: 0, updated: 0, unchanged: 0, rejected: 1 },
      },
    ],
  },
);
