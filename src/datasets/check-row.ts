import { decimalsOf } from '../currencies.ts';
import type { FieldError } from '../errors.ts';
import { compileBody } from '../http/validation.ts';
import type { Kind } from './columns.ts';
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
 * Makes the check of a dataset's rows: by the schema made of its columns, no moment before 1900 or more than a day ahead
 * (clocks and time zones differ by less), and of a JSON number in place of an exact amount no more digits than one has.
 * @returns a function that gives what is wrong with a row, or null where it may be stored.
 */
export function rowChecker(dataset: Dataset): (row: unknown) => FieldError[] | null {
  const bySchema = compileBody(dataset.sent);
  const columnsOf = (...kinds: Kind[]) =>
    Object.entries(dataset.columns).flatMap(([name, { kind }]) => (kinds.includes(kind) ? [name] : []));
  const moments = columnsOf('moment', 'day');
  const decimals = columnsOf('decimal');
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
    for (const name of decimals) {
      const value = (row as AnyRow)[name];
      if (typeof value !== 'number' || (Math.abs(value) < 1e15 && decimalsOf(String(value)) <= 12)) continue;
      errors ??= [];
      errors.push({
        pointer: `/${name}`,
        code: 'too_many_digits',
        detail: `${name} has more than 15 digits before the point or 12 after it. Round it, or send it as a string: "12.50".`,
      });
    }
    return errors;
  };
}

/** A copy of a text, cut where it is long. (A mere slice would keep the whole line that it was read from.) */
export const shortened = (text: string, most = 400): string =>
  Buffer.from(text.slice(0, most)).toString() + (text.length > most ? '…' : '');

/** What a report shows of a value that was refused: enough to find it. */
export function excerpt(row: unknown, pointer: string): unknown {
  let value = row;
  for (const part of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as AnyRow)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  if (typeof value === 'string') return shortened(value, 100);
  // JSON cannot write Infinity, which 1e400 becomes.
  if (typeof value === 'number' && !Number.isFinite(value)) return undefined;
  return typeof value === 'object' ? undefined : value;
}
