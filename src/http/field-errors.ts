import type { ErrorObject } from 'ajv';
import type { FieldError } from '../errors.ts';
import { formats } from './formats.ts';
import { patternSentences } from './schemas.ts';

/** More would help nobody. */
const mostErrors = 100;

/** What Ajv tells of a failed schema with `verbose`, as far as a sentence needs it. */
interface Schema {
  type?: string | string[];
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, unknown>;
  format?: string;
  pattern?: string;
}

/**
 * Turns Ajv's errors (of an instance with `verbose`) into what the caller is told: where, a code that stays, and a
 * sentence that says what would be right. At most 100.
 */
export function fieldErrorsOf(errors: readonly ErrorObject[]): FieldError[] {
  return withoutFailedBranches(errors)
    .filter(({ keyword }) => keyword !== 'propertyNames') // What is wrong with the name is an error of its own.
    .slice(0, mostErrors)
    .map((error) => ({ pointer: pointerOf(error), ...faultOf(error) }));
}

/**
 * Of a union Ajv reports what every branch disliked, then the union. One of them is worth telling: what the only branch
 * of the value's own type disliked, else the union.
 */
function withoutFailedBranches(errors: readonly ErrorObject[]): ErrorObject[] {
  let kept: ErrorObject[] = [];
  for (const error of errors) {
    if (error.keyword !== 'anyOf') {
      kept.push(error);
      continue;
    }
    const within = (one: ErrorObject) => one.schemaPath.startsWith(`${error.schemaPath}/`);
    const branches = new Map<string, ErrorObject[]>();
    for (const one of kept.filter(within)) {
      const branch = one.schemaPath.slice(error.schemaPath.length + 1).split('/', 1)[0] ?? '';
      branches.set(branch, [...(branches.get(branch) ?? []), one]);
    }
    const ofItsType = [...branches.values()].filter(
      (branch) => !branch.some((one) => one.keyword === 'type' && one.instancePath === error.instancePath),
    );
    kept = kept.filter((one) => !within(one));
    kept.push(...(ofItsType.length === 1 && ofItsType[0] ? ofItsType[0] : [error]));
  }
  return kept;
}

const escaped = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');

function pointerOf({ instancePath, keyword, params, propertyName }: ErrorObject): string {
  if (propertyName !== undefined) return `${instancePath}/${escaped(propertyName)}`;
  if (keyword === 'additionalProperties') return `${instancePath}/${escaped(params.additionalProperty)}`;
  if (keyword === 'required') return `${instancePath}/${escaped(params.missingProperty)}`;
  return instancePath;
}

const count = (n: number, one: string) => `${n} ${one}${n === 1 ? '' : 's'}`;

type Fault = Omit<FieldError, 'pointer'>;

function faultOf(error: ErrorObject): Fault {
  const fault = faultOfValue(error);
  if (error.propertyName === undefined) return fault;
  return { code: 'bad_name', detail: fault.detail.replace(/^Must/, 'The name of the field must') };
}

function faultOfValue(error: ErrorObject): Fault {
  const { keyword, params, data } = error;
  const schema = (error.parentSchema ?? {}) as Schema;
  switch (keyword) {
    case 'additionalProperties':
      return unknownField(params.additionalProperty, Object.keys(schema.properties ?? {}));
    case 'required':
      return { code: 'required', detail: `'${params.missingProperty}' is missing.` };
    case 'type':
      return wrongType(schema, data);
    case 'enum':
      return notAllowed(params.allowedValues, data);
    case 'const':
      return { code: 'not_allowed', detail: `Must be ${JSON.stringify(params.allowedValue)}.` };
    case 'minimum':
      return { code: 'too_small', detail: `Must be at least ${params.limit}.` };
    case 'exclusiveMinimum':
      return { code: 'too_small', detail: `Must be above ${params.limit}.` };
    case 'maximum':
      return { code: 'too_large', detail: `Must be at most ${params.limit}.` };
    case 'exclusiveMaximum':
      return { code: 'too_large', detail: `Must be below ${params.limit}.` };
    case 'multipleOf':
      return { code: 'not_a_multiple', detail: `Must be a multiple of ${params.multipleOf}.` };
    case 'minLength':
      return { code: 'too_short', detail: `Must have at least ${count(params.limit, 'character')}.` };
    case 'maxLength':
      return { code: 'too_long', detail: `Must have at most ${count(params.limit, 'character')}.` };
    case 'minItems':
      return { code: 'too_few', detail: `Must have at least ${count(params.limit, 'item')}.` };
    case 'maxItems':
      return { code: 'too_many', detail: `Must have at most ${count(params.limit, 'item')}.` };
    case 'minProperties':
      return { code: 'too_few', detail: `Must have at least ${count(params.limit, 'field')}.` };
    case 'maxProperties':
      return { code: 'too_many', detail: `Must have at most ${count(params.limit, 'field')}.` };
    case 'uniqueItems':
      return { code: 'duplicate', detail: `Items ${params.i} and ${params.j} are the same; give each once.` };
    case 'pattern':
    case 'format':
      return {
        code: 'bad_format',
        detail: `Must be ${sentenceOf(schema) ?? `as the pattern ${schema.pattern} says`}.`,
      };
    case 'anyOf':
      return {
        code: 'no_match',
        detail: `Must be ${[...new Set((schema.anyOf ?? []).map(described))].join(' or ')}; it is ${kindOf(data)}.`,
      };
    default:
      return { code: 'invalid', detail: `It ${error.message ?? 'does not fit the schema'}.` };
  }
}

function unknownField(name: string, known: string[]): Fault {
  const near = nearest(name, known);
  const cure =
    near !== undefined
      ? ` Did you mean '${near}'?`
      : known.length > 0 && known.length <= 20
        ? ` Known here: ${known.join(', ')}.`
        : '';
  return { code: 'unknown_field', detail: `There is no '${name.slice(0, 100)}' here.${cure}` };
}

function notAllowed(allowed: unknown[], data: unknown): Fault {
  const listed = allowed.map((value) => (typeof value === 'string' ? `'${value}'` : String(value))).join(', ');
  const near =
    typeof data === 'string'
      ? nearest(
          data,
          allowed.filter((value): value is string => typeof value === 'string'),
        )
      : undefined;
  return {
    code: 'not_allowed',
    detail: `Must be one of ${listed}.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
  };
}

const typeNames: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

const sentenceOf = ({ format, pattern }: Schema): string | undefined =>
  formats[format ?? '']?.sentence ?? patternSentences.get(pattern ?? '');

function described(schema: Schema): string {
  if (schema.enum?.length) return `one of ${schema.enum.map((value) => JSON.stringify(value)).join(', ')}`;
  const types = schema.type === undefined ? [] : [schema.type].flat();
  const names = types.map((type) => (type === 'string' ? sentenceOf(schema) : undefined) ?? typeNames[type] ?? type);
  return names.length > 0 ? names.join(' or ') : 'another form of it';
}

/** What a value is, in words. */
function kindOf(data: unknown): string {
  if (data === null) return 'null';
  if (Array.isArray(data)) return 'a list';
  if (typeof data === 'number' && !Number.isFinite(data)) return 'too large for a number';
  return typeNames[typeof data] ?? typeof data;
}

const wrongType = (schema: Schema, data: unknown): Fault => ({
  code: 'wrong_type',
  detail: `Must be ${described({ ...schema, enum: [] })}; it is ${kindOf(data)}.`,
});

/** The word that was probably meant: the same but for case and separators, or at most two letters apart. */
function nearest(word: string, known: string[]): string | undefined {
  if (word.length > 64) return undefined;
  const bare = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const same = known.find((one) => bare(one) === bare(word));
  if (same !== undefined) return same;
  const [best] = known
    .map((one) => ({ one, apart: lettersApart(one, word) }))
    .filter(({ one, apart }) => apart <= Math.min(2, Math.floor(one.length / 3)))
    .sort((a, b) => a.apart - b.apart);
  return best?.one;
}

/** Levenshtein distance. */
function lettersApart(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        (next[j - 1] ?? 0) + 1,
        (row[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
