import { type TSchema, Type } from 'typebox';
import { CalendarDate, Currency, Decimal, Id, Timestamp } from '../http/schemas.ts';

/** How a column is kept, read from a CSV cell and written to an answer. */
export type Kind = 'text' | 'choice' | 'moment' | 'day' | 'decimal' | 'number' | 'flag' | 'list' | 'map';

export interface Column<T = unknown> {
  readonly kind: Kind;
  readonly description: string;
  /** What a sender may give. */
  readonly sent: TSchema;
  /** What a reader gets; null beside it where the column is not required. */
  readonly shown: TSchema;
  /** Refused when missing. */
  readonly required: boolean;
  /** Shown only to readers with the scope `personal`. */
  readonly personal: boolean;
  /** Worked out by the service from the rest of the row; refused when sent. */
  readonly derived: boolean;
  /** Lists can be narrowed by it. */
  readonly filter: boolean;
  /** An old value is kept in the audit log when a row is corrected. */
  readonly audited: boolean;
  /** The dataset whose key this column holds. */
  readonly refers_to: string | undefined;
  /** Only for the compiler: the type of the value in a row that was checked. */
  readonly value?: T;
}

interface Marks {
  required?: boolean;
  personal?: boolean;
  derived?: boolean;
  filter?: boolean;
  audited?: boolean;
  refers_to?: string;
}

/** A column that is not required holds null (or nothing) when it is absent. */
type Held<T, M extends Marks> = M extends { required: true } | { derived: true } ? T : T | null | undefined;

function column<T, const M extends Marks>(
  kind: Kind,
  description: string,
  sent: TSchema,
  marks: M,
  shown = sent,
): Column<Held<T, M>> {
  const { required = false, personal = false, derived = false, filter = false, audited = false, refers_to } = marks;
  return { kind, description, sent, shown, required, personal, derived, filter, audited, refers_to };
}

const shortText = Type.String({ minLength: 1, maxLength: 128 });

export const id = (description: string) =>
  column<string, { required: true }>('text', description, Id, { required: true });
export const reference = <const M extends Marks & { refers_to: string }>(description: string, marks: M) =>
  column<string, M>('text', description, Id, marks);
export const word = <const M extends Marks>(description: string, marks: M) =>
  column<string, M>('text', description, shortText, marks);
export const prose = <const M extends Marks>(description: string, maxLength: number, marks: M) =>
  column<string, M>('text', description, Type.String({ minLength: 1, maxLength }), marks);
export const choice = <const V extends readonly string[], const M extends Marks>(
  description: string,
  values: V,
  marks: M,
) => column<V[number], M>('choice', description, Type.Enum([...values]), marks);
export const instant = <const M extends Marks>(description: string, marks: M) =>
  column<string, M>('moment', description, Timestamp, marks);
export const day = <const M extends Marks>(description: string, marks: M) =>
  column<string, M>('day', description, CalendarDate, marks);
/** An exact amount. A JSON number is taken too, as the digits that were written; answers always hold a string. */
export const decimal = <const M extends Marks>(description: string, marks: M) =>
  column<string | number, M>(
    'decimal',
    description,
    Type.Union([Decimal, Type.Number({ minimum: -1e15, maximum: 1e15 })]),
    marks,
    Decimal,
  );
export const currency = <const M extends Marks>(description: string, marks: M) =>
  column<string, M>('text', description, Currency, marks);
export const number = <const M extends Marks>(
  description: string,
  bounds: { minimum: number; maximum: number },
  marks: M,
) => column<number, M>('number', description, Type.Number(bounds), marks);
export const flag = <const M extends Marks>(description: string, marks: M) =>
  column<boolean, M>('flag', description, Type.Boolean(), marks);
export const list = <const M extends Marks>(description: string, marks: M) =>
  column<string[], M>('list', description, Type.Array(shortText, { maxItems: 50, uniqueItems: true }), marks);
// Type.Record would make a pattern of the names, and let pass unchecked whatever does not match it.
const flatMap = Type.Unsafe<Record<string, string | number | boolean | null>>({
  type: 'object',
  propertyNames: Type.String({ minLength: 1, maxLength: 64 }),
  additionalProperties: Type.Union([
    Type.String({ maxLength: 1000 }),
    Type.Number({ minimum: -1e15, maximum: 1e15 }),
    Type.Boolean(),
    Type.Null(),
  ]),
  maxProperties: 50,
});

export const map = <const M extends Marks>(description: string, marks: M) =>
  column<Record<string, string | number | boolean | null>, M>('map', description, flatMap, marks);

/** Whether every stored row has it: a list or a map that nobody sent is empty. */
export const isAlwaysThere = ({ kind, required, derived }: Column): boolean =>
  required || derived || kind === 'list' || kind === 'map';

export type Columns = Record<string, Column>;
/** A row as sent and checked: what `check` and `complete` see. */
export type RowOf<C extends Columns> = { [K in keyof C]: C[K] extends Column<infer T> ? T : never };
