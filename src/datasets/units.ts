import { invalid } from '../errors.ts';
import { declareDataset, id, prose, word } from './declare.ts';

export const units = declareDataset({
  name: 'units',
  one: 'unit',
  path: 'units',
  tag: 'Dimensions',
  description: 'Teams, stores, regions: a tree. A filter on a unit covers everything below it.',
  key: 'key',
  columns: {
    key: id('The unit as facts name it.'),
    name: prose('What people call it.', 200, { required: true }),
    parent: word('The unit above it; none for the top. It may be sent later.', { refers_to: 'units', filter: true }),
    kind: word('What it is: region, store, team ...', { filter: true }),
  },
  example: { key: 'store-12', name: 'Harbour Street', parent: 'north', kind: 'store' },
  async afterwards(client, changed) {
    const keys = changed.flatMap(({ key, after }) => (after.parent ? [key] : []));
    if (keys.length === 0) return;
    // One at a time, or two senders could close a loop of which neither sees the other's half.
    await client.rows(`select pg_advisory_xact_lock(hashtext('milemarker.units'))`);
    const [loop] = await client.rows<{ key: string }>(
      `with recursive above(key, parent) as (
         select key, parent from units where key = any($1::text[])
         union
         select above.key, units.parent from above join units on units.key = above.parent
       )
       select key from above where parent = key limit 1`,
      [keys],
    );
    if (loop)
      throw invalid(`The unit '${loop.key}' would lie below itself.`, [
        { pointer: '/parent', code: 'circular', detail: `Follow the parents of '${loop.key}': they lead back to it.` },
      ]);
  },
});
