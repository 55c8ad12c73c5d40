import { id, prose, word } from './columns.ts';
import { declareDataset } from './declare.ts';

export const units = declareDataset({
  name: 'units',
  one: 'unit',
  path: 'units',
  tag: 'Dimensions',
  description: 'Teams, stores, regions: a tree. A filter on a unit covers everything below it.',
  key: 'key',
  owner: { unit: 't.key' },
  columns: {
    key: id('The unit as facts name it.'),
    name: prose('What people call it.', 200, { required: true }),
    parent: word('The unit above it; none for the top. It may be sent later.', { refers_to: 'units', filter: true }),
    kind: word('What it is: region, store, team ...', { filter: true }),
  },
  example: { key: 'store-12', name: 'Harbour Street', parent: 'north', kind: 'store' },
  /** Finds the rows of a batch that would close a loop, and lets nobody else move units until it is stored. */
  async context(client, rows): Promise<Set<Row>> {
    const keys = rows.flatMap(({ key, parent }) => (parent ? [key, parent] : []));
    if (keys.length === 0) return new Set();
    // One at a time, or two senders could close a loop of which neither sees the other's half.
    await client.rows(`select pg_advisory_xact_lock(hashtext('milemarker.units'))`);
    const stored = await client.rows<{ key: string; parent: string | null }>(
      `with recursive above(key, parent) as (
         select key, parent from units where key = any($1::text[])
         union
         select units.key, units.parent from above join units on units.key = above.parent
       )
       select key, parent from above`,
      [keys],
    );
    return circular(rows, new Map(stored.map(({ key, parent }) => [key, parent])));
  },
  complete(row, context) {
    if (!(context as Set<Row>).has(row)) return [];
    return [
      {
        pointer: '/parent',
        code: 'circular',
        detail: `The unit '${row.key}' would lie below itself: the units above '${row.parent}' lead back to it.`,
      },
    ];
  },
});

interface Row {
  key: string;
  parent?: string | null | undefined;
}

/**
 * The rows without which no unit of the tree that a batch makes would lie below itself: of each loop the last one. All
 * rows are looked at together, so it does not matter in which order units change places.
 * @param stored the unit above each unit, as far as it is above one of the batch
 */
function circular(rows: readonly Row[], stored: ReadonlyMap<string, string | null>): Set<Row> {
  const refused = new Set<Row>();
  for (;;) {
    // Of two rows with the same key the first one is stored.
    const placed = new Map<string, { row: Row; place: number }>();
    for (const [place, row] of rows.entries())
      if (!refused.has(row) && !placed.has(row.key)) placed.set(row.key, { row, place });
    const above = (key: string) => (placed.get(key)?.row ?? { parent: stored.get(key) }).parent ?? null;
    const last = (loop: string[]) =>
      loop.flatMap((key) => placed.get(key) ?? []).reduce((one, other) => (one.place > other.place ? one : other)).row;
    const loops = loopsAbove(placed.keys(), above);
    if (loops.length === 0) return refused;
    // What is stored has no loop, so each of these goes over a row of the batch.
    for (const loop of loops) refused.add(last(loop));
  }
}

/** The loops that one comes into by going up from any of the keys, each once. */
function loopsAbove(keys: Iterable<string>, above: (key: string) => string | null): string[][] {
  const loops: string[][] = [];
  const seenFrom = new Map<string, string>();
  for (const start of keys) {
    const way: string[] = [];
    let at: string | null = start;
    for (; at !== null && !seenFrom.has(at); at = above(at)) {
      seenFrom.set(at, start);
      way.push(at);
    }
    if (at !== null && seenFrom.get(at) === start) loops.push(way.slice(way.indexOf(at)));
  }
  return loops;
}
