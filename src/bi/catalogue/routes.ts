import { Type } from 'typebox';
import type { Database } from '../../db/pool.ts';
import { ApiError } from '../../errors.ts';
import { closed, ref } from '../../http/schemas.ts';
import type { Server } from '../../http/server.ts';
import { biSets } from '../sets.ts';
import { readEntries } from './entries.ts';
import { CatalogueEntry } from './schemas.ts';

const description =
  'Columns with their types and descriptions, keys, relations, where to read it and how fresh it is. Paths begin at the address of the service.';

/** `/v1/datasets`: what there is to be read, for people and for tools that set themselves up. */
export function addCatalogueRoutes(app: Server, db: Database): void {
  const config = { scope: 'read', units: 'own', basic: true } as const;
  app.get(
    '/v1/datasets',
    {
      config,
      schema: {
        operationId: 'listDatasets',
        summary: 'Every dataset that can be read',
        description,
        tags: ['Datasets'],
        response: { 200: closed({ data: Type.Array(ref(CatalogueEntry)) }) },
      },
    },
    async ({ caller }) => ({
      data: await db.read((client) => readEntries(client, biSets, caller), { snapshot: true }),
    }),
  );
  app.get(
    '/v1/datasets/:dataset',
    {
      config,
      schema: {
        operationId: 'getDataset',
        summary: 'One dataset that can be read',
        description,
        tags: ['Datasets'],
        params: closed({
          dataset: Type.String({ minLength: 1, description: 'Its name, as `revenue_events` or `revenue-events`.' }),
        }),
        response: { 200: ref(CatalogueEntry) },
      },
    },
    async (request) => {
      const name = request.params.dataset.replaceAll('-', '_');
      const set = biSets.find((one) => one.name === name);
      const [entry] = set
        ? await db.read((client) => readEntries(client, [set], request.caller), { snapshot: true })
        : [];
      if (entry) return entry;
      const there = biSets.map((one) => one.name).join(', ');
      throw new ApiError(404, 'not_found', `There is no dataset '${name.slice(0, 100)}'. There are: ${there}.`);
    },
  );
}
