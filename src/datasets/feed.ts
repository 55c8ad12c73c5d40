import type { TSchema } from 'typebox';
import type { Feed } from '../feed/feed.ts';
import { named } from '../managed/declare.ts';
import type { Dataset } from './declare.ts';
import { rowSql } from './list.ts';

/** A dataset as those see it who follow its changes. */
export const feedOf = (dataset: Dataset): Feed => ({
  name: dataset.name,
  path: dataset.path,
  operationId: `list${named(dataset.one)}Changes`,
  many: dataset.name.replaceAll('_', ' '),
  key: dataset.key,
  owner: dataset.owner,
  removable: true,
  // Its declaration made it an object of fields.
  shown: (dataset.shown as unknown as { properties: Record<string, TSchema> }).properties,
  rowSql: (personal) => rowSql(dataset, personal),
});
