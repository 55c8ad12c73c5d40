/** Values for fast-check that fit a JSON schema of the contract, and values that nearly do. */
import fc from 'fast-check';

/** What of a schema is looked at. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  examples?: unknown[];
}

const instants = fc
  .tuple(
    fc.oneof(
      fc.date({ min: new Date('1899-12-01'), max: new Date(), noInvalidDate: true }),
      fc.date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true }),
    ),
    fc.constantFrom('Z', '+01:00', '-14:59', '+14:59'),
  )
  .map(([date, offset]) => date.toISOString().replace('Z', offset));
const days = instants.map((text) => text.slice(0, 10));

const formats: Record<string, fc.Arbitrary<string>> = {
  'date-time': fc.oneof(instants, fc.constantFrom('0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999999Z')),
  date: fc.oneof(days, fc.constantFrom('0001-01-01', '9999-12-31', '2024-02-29')),
  'date-or-time': fc.oneof(days, instants, fc.constantFrom('0001-01-01', '9999-12-31')),
  uuid: fc.uuid(),
};

/** Texts that have been trouble somewhere. */
const oddTexts = [
  '',
  ' ',
  '0',
  '-0',
  '1e400',
  'NaN',
  'null',
  'true',
  'a,b',
  'ß😀\u0301',
  "'; drop table responses; --",
  '%',
  '{}',
  '"',
  '\\',
  '\u202e',
  '\ufeff',
  '~',
  '..',
  '__proto__',
  'constructor',
  '2026-02-30',
  'x'.repeat(129),
];

/**
 * Makes values of a schema of a document.
 * @param components the named schemas of the document
 * @param known texts that the service knows, such as ids and keys
 * @param likely values of fields whose schema is much wider than what there is
 */
export function valuesOf(
  components: Record<string, Schema>,
  known: readonly string[],
  likely: Record<string, readonly unknown[]>,
) {
  const text = ({ format, pattern, minLength = 0, maxLength = 200 }: Schema): fc.Arbitrary<string> => {
    const fits = (value: string) =>
      [...value].length >= minLength &&
      [...value].length <= maxLength &&
      (pattern === undefined || new RegExp(pattern, 'u').test(value));
    const made =
      (format !== undefined ? formats[format] : undefined) ??
      (pattern !== undefined
        ? fc.stringMatching(new RegExp(pattern, 'u')).filter(fits)
        : fc
            .string({ unit: 'binary', minLength, maxLength: Math.min(maxLength, minLength + 20) })
            .filter((one) => !one.includes('\0')));
    const fitting = [...known, ...known, ...oddTexts].filter((one) => format === undefined && fits(one));
    return fitting.length > 0 ? fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...fitting) }, made) : made;
  };

  const odd = fc.constantFrom(...oddTexts);

  const one = (schema: Schema, depth = 0): fc.Arbitrary<unknown> => {
    if (schema.$ref !== undefined) return one(components[schema.$ref.split('/').at(-1) ?? ''] ?? {}, depth);
    if (schema.enum) return fc.constantFrom(...schema.enum);
    if (schema.anyOf) return fc.oneof(...schema.anyOf.map((branch) => one(branch, depth)));
    const types = [schema.type ?? []].flat();
    if (types.length > 1) return fc.oneof(...types.map((type) => one({ ...schema, type }, depth)));
    const { minimum = -1e6, maximum = 1e6, minItems = 0, maxItems = 3 } = schema;
    switch (types[0]) {
      case 'string':
        return text(schema);
      case 'integer':
        return fc.integer({ min: Math.ceil(minimum), max: Math.floor(maximum) });
      case 'number':
        return fc.oneof(
          fc.double({ min: minimum, max: maximum, noNaN: true }),
          fc.integer({ min: Math.max(minimum, -20), max: Math.min(maximum, 20) }),
        );
      case 'boolean':
        return fc.boolean();
      case 'null':
        return fc.constant(null);
      case 'array':
        return fc.uniqueArray(one(schema.items ?? {}, depth + 1), {
          minLength: minItems,
          maxLength: Math.min(maxItems, 3),
        });
      case 'object':
        return object(schema, depth);
      default:
        return fc.jsonValue({ maxDepth: 2 });
    }
  };

  /** A value of a field or parameter of that name. */
  const named = (name: string, schema: Schema, depth = 0) =>
    likely[name] === undefined
      ? one(schema, depth)
      : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...likely[name]) }, one(schema, depth));

  const object = ({ properties = {}, required = [], additionalProperties }: Schema, depth: number) => {
    const fields = Object.fromEntries(
      Object.entries(properties).map(([name, field]) => [name, named(name, field, depth + 1)]),
    );
    const own = fc.record(fields, { requiredKeys: required });
    if (typeof additionalProperties !== 'object') return own;
    const others = fc.dictionary(fc.string({ minLength: 1, maxLength: 10 }), one(additionalProperties, depth + 1), {
      maxKeys: 3,
    });
    return fc.tuple(own, others).map(([a, b]) => ({ ...b, ...a }));
  };

  /** What the contract gives as an example, with one field another or left out; of a change one field alone too. */
  const near = (schema: Schema): fc.Arbitrary<unknown> => {
    if (schema.$ref !== undefined) return near(components[schema.$ref.split('/').at(-1) ?? ''] ?? {});
    if (schema.anyOf?.[0]) return near(schema.anyOf[0]);
    const { properties = {}, required = [], examples: [example = {}] = [] } = schema;
    const names = Object.keys(properties);
    if (names.length === 0) return one(schema);
    const field = fc.constantFrom(...names).chain((name) => {
      const value = named(name, properties[name] ?? {}, 1);
      return (required.includes(name) ? value : fc.option(value, { nil: undefined })).map((given) => ({
        [name]: given,
      }));
    });
    const changed = field.map((given) => ({ ...(example as object), ...given }));
    return fc.oneof(fc.constant(example), { weight: 2, arbitrary: changed }, required.length === 0 ? field : changed);
  };

  /** A value that fits, with one thing changed, so that it hardly ever does. */
  const nearly = (schema: Schema): fc.Arbitrary<unknown> =>
    fc
      .tuple(one(schema), fc.oneof(fc.jsonValue({ maxDepth: 3 }), odd), fc.nat(), fc.constantFrom('set', 'drop', 'add'))
      .map(([value, other, at, how]) => {
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return other;
        const names = Object.keys(value);
        const name = names[at % (names.length || 1)] ?? 'x';
        if (how === 'add') return { ...value, [`${name}x`]: other };
        const { [name as keyof typeof value]: _, ...rest } = value;
        return how === 'drop' ? rest : { ...(rest as object), [name]: other };
      });

  return { one, named, near, nearly, odd };
}
