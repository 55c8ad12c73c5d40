import { type Static, type TSchema, Type } from 'typebox';
import type { Managed, Noun } from '../db/managed.ts';
import type { Owner } from '../db/unit-tree.ts';
import { CalendarDate, closed, Instant, nullable, Uuid } from '../http/schemas.ts';

/** Fields by their names, which are those of the columns. */
export type Fields = Record<string, TSchema>;

/** What the author of a managed noun says of it. */
interface Declaration {
  /** The table, and the word for one row. The path is made of the first, operations of both. */
  table: string;
  one: string;
  /** The name of its schema in the contract, where it is not that of one row. */
  component?: string;
  /** How sentences name one, and many: `a moment of truth`, `moments of truth`. */
  called: readonly [string, string];
  tag: string;
  description: string;
  /** `key`: the caller's, among the fixed fields. `id`: ours, a UUIDv7. */
  key: 'key' | 'id';
  /** Given when it is made; they stay. */
  fixed?: Fields;
  /** Given when it is made; they may change, and are never empty. */
  required?: Fields;
  /** May be left out: null then, or their default, or now for a moment. Null clears those that may be null. */
  optional?: Fields;
  /** Columns that the service sets itself. */
  derived?: Fields;
  /** Shown with a row and kept elsewhere, see `show` of its deeds. */
  computed?: Fields;
  /** The field that says when it was, where it is something that happened: a moment, or a day. */
  time?: string;
  /** The columns that a list can be narrowed by. */
  filters?: readonly string[];
  /**
   * Whose its rows are, over `t`. Those with a field `unit` are of that unit unless it is said otherwise; others say
   * 'everybody' where a key that is limited to units may read them.
   */
  owner?: Owner;
  /** What a caller sends to make one. */
  example: object;
}

type Part<D, P extends keyof Declaration> = D extends Record<P, infer F extends Fields> ? F : Record<never, TSchema>;
type Held<F extends Fields> = { [K in keyof F]: Static<F[K]> };
type KeyOf<D> = D extends { key: 'id' } ? { id: string } : { key: string };

const kept = {
  version: Type.Integer({ description: 'Rises with every change.' }),
  created_at: Type.Unsafe<Date>({ ...Instant, description: 'When it was made.' }),
  changed_at: Type.Unsafe<Date>({ ...Instant, description: 'When it last changed.' }),
  archived_at: Type.Unsafe<Date | null>({ ...nullable(Instant), description: 'Since when it is no longer in use.' }),
};

/** A row of the table of a declared noun. */
export type RowOf<N> =
  N extends ManagedNoun<infer D>
    ? KeyOf<D> &
        Held<Part<D, 'fixed'>> &
        Held<Part<D, 'required'>> &
        Held<Part<D, 'optional'>> &
        Held<Part<D, 'derived'>> &
        Held<typeof kept>
    : never;

/** What readers get: the row, and what is computed. */
export type ShownOf<N> = N extends ManagedNoun<infer D> ? RowOf<N> & Held<Part<D, 'computed'>> : never;

/** What a caller gives: what was sent, with what was left out filled in, and moments read. */
export type GivenOf<N> =
  N extends ManagedNoun<infer D>
    ? Held<Part<D, 'fixed'>> & Held<Part<D, 'required'>> & Held<Part<D, 'optional'>>
    : never;

/** A managed noun as everything that is made of it sees it: the five routes, the change feed, what BI tools get. */
export interface ManagedNoun<D = Declaration> extends Noun, Omit<Declaration, 'key' | 'table' | 'one'> {
  key: 'key' | 'id';
  path: string;
  columns: readonly string[];
  /** A row as it is stored; as it is shown; what makes one; what changes one. */
  stored: Record<string, TSchema>;
  shown: TSchema;
  sent: TSchema;
  changes: TSchema;
  /** Only for the compiler: the declaration, with the types of its fields. */
  readonly declared?: D;
}

/** A row of whichever noun. */
export type AnyRow = Managed & Record<string, unknown>;

/** `follow_up` becomes `FollowUp`, for the names of components and operations. */
export const named = (name: string) => name.replace(/(^|_)(\w)/g, (_, __, letter: string) => letter.toUpperCase());

const withDefault = (schema: object) => 'default' in schema;
/** Whether a field may be null. */
export const takesNull = (schema: object): boolean =>
  ('type' in schema && [schema.type].flat().includes('null')) ||
  ('enum' in schema && Array.isArray(schema.enum) && schema.enum.includes(null)) ||
  ('anyOf' in schema && Array.isArray(schema.anyOf) && schema.anyOf.some((one) => takesNull(one)));
/** Whether a field holds a moment in time. */
export const isMoment = (schema: object) => 'format' in schema && schema.format === 'date-time';
const withoutDefault = ({ default: _, ...schema }: TSchema & { default?: unknown }) => schema as TSchema;

/** The JSON types of a field. */
export const typesOf = (schema: object) => ('type' in schema ? [schema.type].flat() : []);
const isJson = (schema: object): boolean =>
  typesOf(schema).includes('object') ||
  ('items' in schema && typeof schema.items === 'object' && schema.items !== null && isJson(schema.items));
/**
 * What an optional field holds where it is left out and has no default: now where it is a moment that is always there.
 */
export const unsent = (schema: TSchema): Date | null => (isMoment(schema) && !takesNull(schema) ? new Date() : null);

const mapFields = (fields: Fields, change: (schema: TSchema) => TSchema): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, change(schema)]));

/**
 * Declares a managed noun: the one place that knows its fields. The schemas of its requests and answers, its routes, its
 * change feed and its set for BI tools are made from what this returns; its table stands in `db/tables/`, and a test
 * holds the two together.
 * @throws Error for an optional field that has neither null nor a default to fall back to, and is no moment
 */
export function declareNoun<const D extends Declaration>(declaration: D): ManagedNoun<D> {
  // From here on every noun is handled alike.
  const noun: Declaration = declaration;
  const { fixed = {}, required = {}, optional = {}, derived = {}, computed = {} } = noun;
  for (const [name, schema] of Object.entries(optional))
    if (!withDefault(schema) && !takesNull(schema) && !isMoment(schema))
      throw new Error(`${noun.one}.${name} may be left out, so it needs null or a default.`);
  const component = noun.component ?? named(noun.one);
  const id: Fields = noun.key === 'id' ? { id: Type.Unsafe<string>({ ...Uuid, description: 'Which one it is.' }) } : {};
  const shownOptional = mapFields(optional, withoutDefault);
  const stored: Fields = { ...id, ...fixed, ...required, ...shownOptional, ...derived, ...kept };
  const owner = noun.owner ?? ('unit' in stored ? { unit: 't.unit' } : undefined);
  return {
    ...noun,
    path: noun.table.replaceAll('_', '-'),
    columns: Object.keys(stored),
    json: Object.keys(stored).filter((name) => isJson(stored[name] ?? {})),
    ...(owner !== undefined && { owner }),
    stored,
    shown: Type.Object(
      { ...stored, ...computed },
      { $id: component, additionalProperties: false, description: noun.description },
    ),
    sent: closed(
      { ...fixed, ...required, ...mapFields(optional, (schema) => Type.Optional(schema)) },
      { $id: `New${component}`, examples: [noun.example] },
    ),
    changes: closed(
      mapFields({ ...required, ...shownOptional }, (schema) => Type.Optional(schema)),
      { $id: `${component}Changes`, description: 'What is to change; null clears a field.' },
    ),
  };
}

/** A body with its moments as Dates, as rows have them. */
export const withMoments = ({ stored }: ManagedNoun, body: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      const schema = stored[name];
      return [name, schema && isMoment(schema) && typeof value === 'string' ? new Date(value) : value];
    }),
  );

/** A moment that is now unless it is given. */
export const momentOrNow = (description: string) => Type.Unsafe<Date>({ ...Instant, description });

/** A moment that may be null. */
export const moment = (description: string) => Type.Unsafe<Date | null>({ ...nullable(Instant), description });

/**
 * What a route that changes a noun is to keys that are limited to units: what is of a unit they make and change, what is
 * of the whole organisation they only read.
 */
export const limitedWriting = ({ stored }: ManagedNoun): { units?: 'own' } =>
  'unit' in stored ? { units: 'own' } : {};

/** A text that may be null. */
export const text = (maxLength: number, description: string) =>
  nullable(Type.String({ minLength: 1, maxLength, description }));

/** A day of the calendar that may be null. */
export const day = (description: string) => nullable(Type.String({ ...CalendarDate, description }));
