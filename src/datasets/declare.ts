import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  date,
  doublePrecision,
  index,
  jsonb,
  numeric,
  pgTable,
  text as pgText,
  timestamp,
} from 'drizzle-orm/pg-core';
import { type TSchema, Type } from 'typebox';
import type { Client } from '../db/pool.ts';
import { moment, xid8 } from '../db/tables/columns.ts';
import type { Owner } from '../db/unit-tree.ts';
import type { FieldError } from '../errors.ts';
import { CalendarDate, Currency, Decimal, Id, nullable, Timestamp } from '../http/schemas.ts';
import { named } from '../managed/declare.ts';

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

export type Columns = Record<string, Column>;
/** A row as sent and checked: what `check` and `complete` see. */
export type RowOf<C extends Columns> = { [K in keyof C]: C[K] extends Column<infer T> ? T : never };
export type AnyRow = Record<string, unknown>;

/** A row that was stored: what the rest of the service may have to mend. */
export interface Changed {
  key: string;
  /** Absent when the row is new. */
  before?: AnyRow;
  after: AnyRow;
}

interface Declaration<C extends Columns> {
  /** The table's name, and the word for one row. */
  name: string;
  one: string;
  /** The segment of the path below `/v1`. */
  path: string;
  tag: string;
  description: string;
  /** The column that identifies a row. */
  key: keyof C & string;
  columns: C;
  /** The customer whose outcomes a row belongs to, and the moment at which it happened. */
  customer?: keyof C & string;
  /** When it happened; `from` and `to` of lists ask for it. */
  time?: keyof C & string;
  /** The columns by which other parts of the service look rows up. */
  indexed?: readonly (keyof C & string)[];
  /** Whose its rows are, where that is not said by its columns `unit` and `customer`. */
  owner?: Owner;
  /** A complete row, for the documentation. */
  example: RowOf<C>;
  /** What must be loaded once a batch so that its rows can be checked; runs in the batch's transaction. */
  context?: (client: Client, rows: RowOf<C>[]) => Promise<unknown>;
  /** The rules that a schema cannot say. Fills in what is derived or has a default; names what is wrong. */
  complete?: (row: RowOf<C>, context: unknown) => FieldError[];
  /** Mends what follows from rows that were created or changed, in the same transaction. */
  afterwards?: (client: Client, changed: Changed[]) => Promise<void>;
  /** Throws a conflict where a row must stay. */
  mayRemove?: (client: Client, key: string) => Promise<void>;
  /** Mends what followed from a row that was removed, in the same transaction. */
  afterRemoval?: (client: Client, row: AnyRow) => Promise<void>;
}

/** A dataset as everything that is made of it sees it: ingest, lists, changes, catalogue. */
export interface Dataset {
  readonly name: string;
  readonly one: string;
  readonly path: string;
  readonly tag: string;
  readonly description: string;
  readonly key: string;
  readonly columns: Columns;
  readonly customer: string | undefined;
  readonly time: string | undefined;
  /** Whose its rows are, over `t`. Undefined: nobody who is limited to units sees any. */
  readonly owner: Owner | undefined;
  readonly example: AnyRow;
  readonly context: (client: Client, rows: AnyRow[]) => Promise<unknown>;
  readonly complete: (row: AnyRow, context: unknown) => FieldError[];
  readonly afterwards: ((client: Client, changed: Changed[]) => Promise<void>) | undefined;
  readonly mayRemove: ((client: Client, key: string) => Promise<void>) | undefined;
  readonly afterRemoval: ((client: Client, row: AnyRow) => Promise<void>) | undefined;
  readonly table: ReturnType<typeof tableOf>;
  /** One row as sent. */
  readonly sent: TSchema;
  /** One row as shown. */
  readonly shown: TSchema;
}

/**
 * Declares a dataset: the one place that knows its columns. The table, the schemas, ingest, lists, the change feed and
 * the catalogue are all made from what this returns.
 */
export function declareDataset<C extends Columns>(declaration: Declaration<C>): Dataset {
  const { columns, name, customer, time, indexed = [] } = declaration;
  // The callbacks are typed by the declaration's own columns; from here on every dataset is handled alike, and a row has
  // passed the schema made of the same columns before a callback sees it.
  const erased = declaration as unknown as Declaration<Columns>;
  return {
    ...erased,
    customer,
    time,
    owner: erased.owner ?? ownerOf(columns, customer),
    context: erased.context ?? (async () => undefined),
    complete: erased.complete ?? (() => []),
    afterwards: erased.afterwards,
    mayRemove: erased.mayRemove,
    afterRemoval: erased.afterRemoval,
    table: tableOf(name, { key: declaration.key, columns, customer, time, indexed }),
    sent: sentSchema(declaration.one, columns, declaration.example),
    shown: shownSchema(declaration.one, columns, declaration.example),
  };
}

/** A row is of its own unit, else of the unit that looks after its customer. */
function ownerOf(columns: Columns, customer: string | undefined): Owner | undefined {
  const hasUnit = columns.unit !== undefined;
  if (!hasUnit && customer === undefined) return undefined;
  return { ...(hasUnit && { unit: 't.unit' }), ...(customer !== undefined && { customer: `t.${customer}` }) };
}

function sentSchema(one: string, columns: Columns, example: AnyRow): TSchema {
  const fields: Record<string, TSchema> = {};
  for (const [name, { sent, required, derived, description }] of Object.entries(columns)) {
    if (derived) continue;
    fields[name] = required
      ? Type.Unsafe({ ...sent, description })
      : Type.Optional(Type.Unsafe({ ...nullable(sent), description }));
  }
  const given = Object.fromEntries(Object.entries(example).filter(([name]) => name in fields));
  return Type.Object(fields, { $id: `New${named(one)}`, additionalProperties: false, examples: [given] });
}

function shownSchema(one: string, columns: Columns, example: AnyRow): TSchema {
  const fields: Record<string, TSchema> = {};
  for (const [name, { kind, shown, required, derived, personal, description }] of Object.entries(columns)) {
    const always = required || derived || kind === 'list' || kind === 'map';
    const schema = Type.Unsafe({ ...(always ? shown : nullable(shown)), description });
    fields[name] = personal ? Type.Optional(schema) : schema;
  }
  fields.source = Type.String({ description: 'The name of the API key that last wrote the row.' });
  fields.recorded_at = Type.Unsafe({ ...Timestamp, description: 'When the row was first stored.' });
  fields.changed_at = Type.Unsafe({ ...Timestamp, description: 'When the row last changed.' });
  const at = '2026-02-12T06:00:00.000Z';
  const shown = { ...example, source: 'crm', recorded_at: at, changed_at: at };
  return Type.Object(fields, { $id: named(one), additionalProperties: false, examples: [shown] });
}

/**
 * The table of a dataset. One key: the caller's id, so that the database itself keeps an id unique while several senders
 * write at once. `(customer, time)` serves the outcomes, `(changed_xid, key)` the change feed and the refresh, BRIN on
 * the time serves ranges at almost no cost to ingest. No foreign keys: facts arrive in any order.
 */
function tableOf(
  name: string,
  {
    key,
    columns,
    customer,
    time,
    indexed,
  }: {
    key: string;
    columns: Columns;
    customer: string | undefined;
    time: string | undefined;
    indexed: readonly string[];
  },
) {
  const built = Object.fromEntries(
    Object.entries(columns).map(([columnName, column]) => {
      const bare = sqlColumn(columnName, column);
      const present = column.required || column.derived || column.kind === 'list' || column.kind === 'map';
      const filled = present ? bare.notNull() : bare;
      return [columnName, columnName === key ? filled.primaryKey() : filled];
    }),
  );
  return pgTable(
    name,
    {
      ...built,
      source: pgText('source').notNull(),
      recorded_at: moment('recorded_at').notNull().defaultNow(),
      changed_at: moment('changed_at').notNull().defaultNow(),
      changed_xid: xid8('changed_xid').notNull().default(sql`pg_current_xact_id()`),
    },
    (table) => {
      // The columns were made from the same declaration, so they are there under these names.
      const of = (columnName: string) =>
        (table as Record<string, typeof table.changed_xid>)[columnName] ?? table.changed_xid;
      const indexes = [index(`${name}_changed_idx`).on(table.changed_xid, of(key))];
      if (customer !== undefined && time !== undefined)
        indexes.push(index(`${name}_${customer}_${time}_idx`).on(of(customer), of(time)));
      const [first, ...others] = indexed.map(of);
      if (first) indexes.push(index(`${name}_${indexed.join('_')}_idx`).on(first, ...others));
      if (time !== undefined) indexes.push(index(`${name}_${time}_brin`).using('brin', of(time)));
      // What else names a customer is looked for when its story is told, and when it is erased.
      for (const [columnName, { refers_to }] of Object.entries(columns))
        if (refers_to === 'customers' && columnName !== customer)
          indexes.push(index(`${name}_${columnName}_idx`).on(of(columnName)));
      // PostgreSQL takes NaN and infinity for numbers; nothing that can be added up has them.
      const numbers = Object.entries(columns)
        .filter(([, { kind }]) => kind === 'decimal' || kind === 'number')
        .map(([columnName]) => {
          const value = of(columnName);
          return check(`${name}_${columnName}_finite`, sql`${value} > '-Infinity' and ${value} < 'Infinity'`);
        });
      return [...indexes, ...numbers];
    },
  );
}

function sqlColumn(name: string, { kind }: Column) {
  switch (kind) {
    case 'text':
    case 'choice':
      return pgText(name);
    case 'moment':
      return timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });
    case 'day':
      return date(name, { mode: 'string' });
    case 'decimal':
      return numeric(name);
    case 'number':
      return doublePrecision(name);
    case 'flag':
      return boolean(name);
    case 'list':
      return pgText(name).array();
    case 'map':
      return jsonb(name);
  }
}
