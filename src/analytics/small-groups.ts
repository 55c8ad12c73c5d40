import type { GroupKey } from './sums.ts';

/** A row of a table of figures, with at least how many people stand behind it. */
export interface Standing<T> {
  row: T;
  people: number;
  /** The lines of the table that it lies in: those of which a coarser answer tells the sum. */
  lines: readonly string[];
}

/** The lines that a row of a group lies in, one for each grouping that a coarser answer could leave out. */
export const linesOf = ({ survey, groups }: GroupKey, band = ''): string[] =>
  groups.map((_, at) => JSON.stringify([survey, band, at, groups.filter((_, other) => other !== at)]));

/**
 * The rows to hide from readers who may not see people: those with fewer than `fewest` people behind them, and in each of
 * their lines the next smallest ones too, until no sum less what is shown leaves one row alone or so few people.
 *
 * This keeps one table, and its margins, from giving somebody away. It is no defence against a reader who asks for many
 * overlapping periods or filters and compares the answers.
 */
export function hiddenRows<T>(rows: readonly Standing<T>[], fewest: number): Set<T> {
  const filled = rows.filter(({ people }) => people > 0);
  const hidden = new Set(filled.filter(({ people }) => people < fewest).map(({ row }) => row));
  const lines = new Map<string, Standing<T>[]>();
  for (const one of filled) for (const line of one.lines) lines.set(line, [...(lines.get(line) ?? []), one]);
  for (let before = 0; before < hidden.size; ) {
    before = hidden.size;
    for (const line of lines.values()) {
      const gone = line.filter(({ row }) => hidden.has(row));
      const people = gone.reduce((sum, one) => sum + one.people, 0);
      if (gone.length === 0 || (gone.length > 1 && people >= fewest)) continue;
      const [next] = line.filter(({ row }) => !hidden.has(row)).sort((one, other) => one.people - other.people);
      if (next) hidden.add(next.row);
    }
  }
  return hidden;
}
