import { Type } from 'typebox';
import type { Database } from '../db/pool.ts';
import { notFound } from '../errors.ts';
import { closed, nullable, ref, Timestamp } from '../http/schemas.ts';
import type { Server } from '../http/server.ts';
import { declareThrough, readProgress } from './progress.ts';
import { facts } from './registry.ts';

const Progress = Type.Object(
  {
    dataset: Type.String(),
    complete_through: nullable(Timestamp),
    declared_through: nullable(Timestamp),
    latest_at: nullable(Timestamp),
  },
  { $id: 'Progress', additionalProperties: false, description: 'Through when a dataset is complete.' },
);

/** `PUT /v1/datasets/{dataset}/complete-through`: how far the facts go. */
export function addProgress(app: Server, db: Database): void {
  const params = closed({ dataset: Type.Enum(facts.map(({ path }) => path)) });
  const nameOf = (path: string) => facts.find((one) => one.path === path)?.name ?? path;
  app.put(
    '/v1/datasets/:dataset/complete-through',
    {
      config: { scope: 'ingest' },
      schema: {
        operationId: 'putCompleteThrough',
        summary: 'Declare through when a dataset is complete',
        description:
          'Outcomes are told of windows that have elapsed by then. Without a declaration, the latest event that was seen counts. Null takes it back.',
        tags: ['Datasets'],
        params,
        body: closed({ complete_through: nullable(Timestamp) }),
        response: { 200: ref(Progress) },
      },
    },
    async (request) => {
      const name = nameOf(request.params.dataset);
      await db.write((client) => declareThrough(client, name, request.body.complete_through));
      const [progress] = await db.read((client) => readProgress(client, [name]));
      if (!progress) throw notFound('dataset', name);
      return progress;
    },
  );
}
