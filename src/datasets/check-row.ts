import type { FieldError } from '../errors.ts';
import { compileBody } from '../http/validation.ts';
import type { AnyRow, Dataset } from './declare.ts';

/** What is wrong with one row of a batch. */
export interface RowError extends FieldError {
  /** Counted from 1: the place in a JSON array, the line of a file. */
  row: number;
  value?: unknown;
}

const earliest = Date.parse('1900-01-01T00:00:00Z');
const dayMs = 86_400_000;

/**
 * Makes the check of a dataset's rows: by the schema made of its columns, and no moment before 1900 or more than a day
 * ahead (clocks and time zones differ by less).
 * @returns a function that gives what is wrong with a row, or null where it may be stored.
 */
export function rowChecker(dataset: Dataset): (row: unknown) => FieldError[] | null {
  const bySchema = compileBody(dataset.sent);
  const moments = Object.entries(dataset.columns).flatMap(([name, { kind }]) =>
    kind === 'moment' || kind === 'day' ? [name] : [],
  );
  return (row) => {
    const wrong = bySchema(row);
    if (wrong) return wrong;
    const latest = Date.now() + dayMs;
    let errors: FieldError[] | null = null;
    for (const name of moments) {
      const value = (row as AnyRow)[name];
      if (typeof value !== 'string') continue;
      const at = Date.parse(value);
      if (at >= earliest && at <= latest) continue;
      errors ??= [];
      errors.push({
        pointer: `/${name}`,
        code: 'out_of_range',
        detail: at < earliest ? `${name} is before 1900.` : `${name} is more than a day ahead of now.`,
      });
    }
    return errors;
  };
}

/** What a report shows of a value that was refused: enough to find it. */
export function excerpt(row: unknown, pointer: string): unknown {
  let value = row;
  for (const part of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as AnyRow)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  if (typeof value === 'string') return value.length > 100 ? `${value.slice(0, 100)}…` : value;
  return typeof value === 'object' ? undefined : value;
}
