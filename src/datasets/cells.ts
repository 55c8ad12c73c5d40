import { parseJson } from '../http/json-parser.ts';
import type { Kind } from './columns.ts';
import type { AnyRow, Dataset } from './declare.ts';

/** A cell as JSON would say it; what cannot be read stays text, so that the schema names what it should have been. */
export function readCell(cell: string, kind: Kind | undefined): unknown {
  switch (kind) {
    case 'number':
      return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(cell) ? Number(cell) : cell;
    case 'flag':
      return /^true$/i.test(cell) ? true : /^false$/i.test(cell) ? false : cell;
    case 'list':
      return cell
        .split('|')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    case 'map':
      try {
        return parseJson(Buffer.from(cell));
      } catch {
        return cell;
      }
    default:
      return cell;
  }
}

const readKinds: readonly Kind[] = ['number', 'flag', 'list', 'map'];

/**
 * Makes what reads the texts of a row that a program exported, in place, as the cells of a CSV are read: a blank text is
 * null unless the column is required, and "10.0", "true", "a|b" are what the column asks for. What is no row stays as it
 * is. Runs for every line of a stream, so it allocates nothing.
 */
export function cellReader({ columns }: Dataset): (row: unknown) => void {
  const read = Object.entries(columns).map(([name, { kind, required }]) => ({
    name,
    kind,
    required,
    isText: !readKinds.includes(kind),
  }));
  return (row) => {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return;
    // An object that JSON made.
    const fields = row as AnyRow;
    for (const { name, kind, required, isText } of read) {
      const value = fields[name];
      if (typeof value !== 'string') continue;
      const cell = value.trim();
      if (cell !== '') {
        if (!isText) fields[name] = readCell(cell, kind);
      } else if (!required) fields[name] = null;
    }
  };
}
