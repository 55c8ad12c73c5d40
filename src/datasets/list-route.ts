import type { FastifyReply, FastifyRequest } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { readPeriod } from '../db/period.ts';
import type { Database } from '../db/pool.ts';
import { readTimeZone } from '../db/settings.ts';
import { limitedReading } from '../db/unit-tree.ts';
import { Cursor, closed, filterWords, Id, Limit, pageOf } from '../http/schemas.ts';
import { readerOf } from '../http/scopes.ts';
import type { Server } from '../http/server.ts';
import { json, page } from '../http/text-page.ts';
import { named } from '../managed/declare.ts';
import type { Dataset } from './declare.ts';
import { listRows } from './list.ts';

/** `GET /v1/{dataset}`: page by page, with the filters that its columns declare. */
export function addList(app: Server, db: Database, dataset: Dataset): void {
  const filters: Record<string, TSchema> = {};
  for (const [name, { filter, kind, sent }] of Object.entries(dataset.columns))
    if (filter)
      filters[name] =
        kind === 'list'
          ? Type.Optional(Type.Unsafe({ ...Id, description: `Only those whose \`${name}\` hold this one.` }))
          : Type.Optional(Type.Unsafe({ ...sent, description: filterWords(name) }));
  const bound = (description: string) =>
    Type.Optional(Type.Unsafe<string>({ type: 'string', format: 'date-or-time', description }));
  const period = {
    from: bound(`With ${dataset.time} at or after this; a date begins in the reporting time zone.`),
    to: bound(`With ${dataset.time} before this.`),
  };
  app.get(
    `/v1/${dataset.path}`,
    {
      config: { scope: 'read', ...limitedReading(dataset.owner) },
      schema: {
        operationId: `list${named(dataset.name)}`,
        summary: `List ${dataset.name.replaceAll('_', ' ')}`,
        description: `${dataset.description} In the order of their ${dataset.key}.`,
        tags: [dataset.tag],
        querystring: closed({
          ...filters,
          ...(dataset.time === undefined ? {} : period),
          limit: Type.Optional(Limit),
          cursor: Type.Optional(Cursor),
        }),
        response: { 200: pageOf(dataset.shown) },
      },
    },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const { from, to, limit, cursor: _, ...asked } = request.query as Record<string, string | undefined>;
      const filters = Object.fromEntries(
        Object.entries(asked).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
      );
      const after = app.paging.start(request)?.[0];
      const { rows, last } = await db.read(async (client) => {
        const period =
          from || to ? await readPeriod(client, await readTimeZone(client), { from, to }) : { from: null, to: null };
        return listRows(
          client,
          dataset,
          { filters, ...period, after: after === undefined ? undefined : String(after), limit: Number(limit) },
          readerOf(request),
        );
      });
      const next = app.paging.next(request, reply, last === undefined ? undefined : [last]);
      return reply.type(json).send(page(next, rows));
    },
  );
}
