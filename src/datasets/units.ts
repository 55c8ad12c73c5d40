import { declareDataset, id, prose, word } from './declare.ts';

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
  /** Reads what lies above the units of a batch, and lets nobody else move units until it is stored. */
  async context(client, rows): Promise<Tree> {
    const above = new Map<string, string | null>();
    const keys = rows.flatMap(({ key, parent }) => (parent ? [key, parent] : []));
    if (keys.length > 0) {
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
      for (const { key, parent } of stored) above.set(key, parent);
    }
    return { above, placed: new Set() };
  },
  complete({ key, parent }, context) {
    const { above, placed } = context as Tree;
    for (let at = parent ?? null; at !== null; at = above.get(at) ?? null)
      if (at === key)
        return [
          {
            pointer: '/parent',
            code: 'circular',
            detail: `The unit '${key}' would lie below itself: the units above '${parent}' lead back to it.`,
          },
        ];
    // Of two rows with the same key the first one is stored.
    if (!placed.has(key)) above.set(key, parent ?? null);
    placed.add(key);
    return [];
  },
});

/** The unit above each unit, as it will be when the rows that were looked at are stored. */
interface Tree {
  above: Map<string, string | null>;
  /** The units that rows of this batch have placed. */
  placed: Set<string>;
}
