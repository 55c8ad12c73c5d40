/** A single value that a statement can be given. JSON goes in as text, with `::jsonb` on its parameter. */
type Scalar = string | number | bigint | boolean | Date | null;

/** A parameter of a statement. An array becomes a PostgreSQL array: write its type (`$1::text[]`). */
export type Param = Scalar | readonly Scalar[];

function scalarText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof Date) return value.toISOString();
  throw new TypeError(`A value of type ${typeof value} cannot be a parameter of a statement.`);
}

const special = /["\\]/;
const everySpecial = /["\\]/g;

// Bulk rows go through here, a column at a time: a plain loop takes about half as long as one over entries().
function arrayText(values: readonly unknown[]): string {
  let text = '{';
  for (let index = 0; index < values.length; index += 1) {
    if (index > 0) text += ',';
    const value = values[index];
    if (value === null) text += 'NULL';
    else {
      const element = scalarText(value);
      text += special.test(element) ? `"${element.replace(everySpecial, '\\$&')}"` : `"${element}"`;
    }
  }
  return `${text}}`;
}

/**
 * Writes a parameter as the text that PostgreSQL reads; the server decides on the type. All parameters go this way, so
 * that a statement has one prepared form whatever it is given.
 * @throws TypeError for what is no `Param`, such as `undefined` or a plain object.
 */
export function paramText(value: unknown): string | null {
  if (value === null) return null;
  return Array.isArray(value) ? arrayText(value) : scalarText(value);
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('The database sent a whole number beyond 2^53.');
  return value;
}

const elementPattern = /"([^"\\]*(?:\\.[^"\\]*)*)"|([^,{}]+)/gs;

function arrayOf<T>(parse: (text: string) => T): (text: string) => (T | null)[] {
  return (text) => {
    if (text.startsWith('{{')) throw new RangeError('Arrays of more than one dimension are not read.');
    return Array.from(text.matchAll(elementPattern), ([, quoted, bare]) => {
      if (bare === 'NULL') return null;
      return parse(quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/gs, '$1'));
    });
  };
}

// A text that is JSON for a string stays as it came: drizzle parses every string that it gets for a jsonb column, so
// "5" would become the number 5 there. `readRows` parses it.
function json(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return typeof value === 'string' ? text : value;
}

const asText = (text: string) => text;
const asNumber = (text: string) => Number(text);
const asBoolean = (text: string) => text === 't';
const [int8, jsonType, jsonbType, timestamptz] = [20, 114, 3802, 1184];

/**
 * How values come from the server, by type id: only what both `readRows` and drizzle's columns read rightly. Times stay
 * text here, because a drizzle column may want the text itself. A type that is not listed stays text, as numeric does.
 */
export const parsers: Record<number, (text: string) => unknown> = {
  16: asBoolean,
  [int8]: safeInteger,
  21: asNumber, // int2
  23: asNumber, // int4
  26: asNumber, // oid
  700: asNumber, // float4
  701: asNumber, // float8
  [jsonType]: json,
  [jsonbType]: json,
  1000: arrayOf(asBoolean),
  1005: arrayOf(asNumber), // int2[]
  1007: arrayOf(asNumber), // int4[]
  1009: arrayOf(asText), // text[]
  1015: arrayOf(asText), // varchar[]
  1016: arrayOf(safeInteger), // int8[]
  1021: arrayOf(asNumber), // float4[]
  1022: arrayOf(asNumber), // float8[]
  1182: arrayOf(asText), // date[]
  1231: arrayOf(asText), // numeric[]
  2951: arrayOf(asText), // uuid[]
};

function instant(text: string): Date {
  const value = new Date(text);
  if (Number.isNaN(value.getTime())) throw new RangeError('The database sent a time that is no instant.');
  return value;
}

/** Gives raw rows the types that `Client.rows` promises: timestamptz as Date, JSON strings parsed. In place. */
export function readRows(
  rows: Record<string, unknown>[],
  columns: readonly { readonly name: string; readonly type: number }[],
): void {
  for (const { name, type } of columns) {
    if (type !== timestamptz && type !== jsonType && type !== jsonbType) continue;
    const read = type === timestamptz ? instant : JSON.parse;
    for (const row of rows) {
      const value = row[name];
      if (typeof value === 'string') row[name] = read(value);
    }
  }
}
