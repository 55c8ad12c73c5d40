import type { SchemaElement } from 'hyparquet';
import type { Kind, SetColumn } from '../set.ts';

/** What the thread that writes Parquet is told of a column. */
export type ParquetColumn = Pick<SetColumn, 'name' | 'kind' | 'nullable'>;

/**
 * Every decimal of the service has at most 12 digits after the point; 38 in all is what Arrow and DuckDB hold exactly.
 */
const decimalType = { precision: 38, scale: 12, bytes: 16 };

const elements: Record<Kind, Omit<SchemaElement, 'name'>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  instant: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
  date: { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } },
  decimal: {
    type: 'FIXED_LEN_BYTE_ARRAY',
    type_length: decimalType.bytes,
    converted_type: 'DECIMAL',
    precision: decimalType.precision,
    scale: decimalType.scale,
    logical_type: { type: 'DECIMAL', precision: decimalType.precision, scale: decimalType.scale },
  },
  double: { type: 'DOUBLE' },
  integer: { type: 'INT64' },
  boolean: { type: 'BOOLEAN' },
};

/** The schema of a file: of the columns alone, so that it is the same for no rows. */
export const schemaOf = (columns: readonly ParquetColumn[]): SchemaElement[] => [
  { name: 'root', num_children: columns.length },
  ...columns.map(
    ({ name, kind, nullable }): SchemaElement => ({
      name,
      repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED',
      ...elements[kind],
    }),
  ),
];

/** The digits of a decimal as the whole number that a fixed scale makes of it. @throws RangeError beyond the type */
export function unscaled(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  const kept = fraction.padEnd(decimalType.scale, '0');
  if (!/^0*$/.test(kept.slice(decimalType.scale)))
    throw new RangeError(`A decimal has more than ${decimalType.scale} digits after the point.`);
  const value = BigInt(whole + kept.slice(0, decimalType.scale));
  if (value >= limit || value <= -limit)
    throw new RangeError(`A decimal has more than ${decimalType.precision} digits.`);
  return value;
}
const limit = 10n ** BigInt(decimalType.precision);

/** How a value comes to the writer from what the database sends: see `row-sql.ts`. Null stays null. */
export const writable: Record<Kind, ((value: unknown) => unknown) | undefined> = {
  text: undefined,
  instant: (value) => BigInt(Number(value)),
  date: undefined,
  decimal: (value) => unscaled(String(value)),
  double: undefined,
  integer: (value) => BigInt(Number(value)),
  boolean: undefined,
};
