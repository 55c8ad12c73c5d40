import { type TSchema, Type } from 'typebox';
import type { Client } from '../db/pool.ts';
import type { Owner } from '../db/unit-tree.ts';
import type { FieldError } from '../errors.ts';
import { nullable, Timestamp } from '../http/schemas.ts';
import { named } from '../managed/declare.ts';
import { type Columns, isAlwaysThere, type RowOf } from './columns.ts';
import { tableOf } from './table.ts';

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
  /** One row as sent to the path that names it, so that its key may be left out. */
  readonly placed: TSchema;
  /** One row as shown. */
  readonly shown: TSchema;
}

/**
 * Declares a dataset: the one place that knows its columns. The table, the schemas, ingest, lists, the change feed and
 * the catalogue are all made from what this returns.
 */
export function declareDataset<C extends Columns>(declaration: Declaration<C>): Dataset {
  const { columns, name, one, key, example, customer, time, indexed = [] } = declaration;
  // The callbacks are typed by the declaration's own columns; from here on every dataset is handled alike, and a row has
  // passed the schema made of the same columns before a callback sees it.
  const erased = declaration as unknown as Declaration<Columns>;
  const sent = sentSchema(`New${named(one)}`, columns, example);
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
    table: tableOf(name, { key, columns, customer, time, indexed }),
    sent,
    placed: columns[key]?.derived ? sent : sentSchema(`Placed${named(one)}`, columns, example, key),
    shown: shownSchema(one, columns, example),
  };
}

/** A row is of its own unit, else of the unit that looks after its customer. */
function ownerOf(columns: Columns, customer: string | undefined): Owner | undefined {
  const hasUnit = columns.unit !== undefined;
  if (!hasUnit && customer === undefined) return undefined;
  return { ...(hasUnit && { unit: 't.unit' }), ...(customer !== undefined && { customer: `t.${customer}` }) };
}

function sentSchema($id: string, columns: Columns, example: AnyRow, optional?: string): TSchema {
  const fields: Record<string, TSchema> = {};
  for (const [name, { sent, required, derived, description }] of Object.entries(columns)) {
    if (derived) continue;
    const schema = Type.Unsafe({ ...(required ? sent : nullable(sent)), description });
    fields[name] = required && name !== optional ? schema : Type.Optional(schema);
  }
  const given = Object.fromEntries(Object.entries(example).filter(([name]) => name in fields));
  return Type.Object(fields, { $id, additionalProperties: false, examples: [given] });
}

function shownSchema(one: string, columns: Columns, example: AnyRow): TSchema {
  const fields: Record<string, TSchema> = {};
  for (const [name, column] of Object.entries(columns)) {
    const { shown, description } = column;
    const schema = Type.Unsafe({ ...(isAlwaysThere(column) ? shown : nullable(shown)), description });
    fields[name] = column.personal ? Type.Optional(schema) : schema;
  }
  fields.source = Type.String({ description: 'The name of the API key that last wrote the row.' });
  fields.recorded_at = Type.Unsafe({ ...Timestamp, description: 'When the row was first stored.' });
  fields.changed_at = Type.Unsafe({ ...Timestamp, description: 'When the row last changed.' });
  const at = '2026-02-12T06:00:00.000Z';
  const shown = { ...example, source: 'crm', recorded_at: at, changed_at: at };
  return Type.Object(fields, { $id: named(one), additionalProperties: false, examples: [shown] });
}
