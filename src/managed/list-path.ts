import { type TSchema, Type } from 'typebox';
import { listManaged } from '../db/managed.ts';
import type { Client, Database } from '../db/pool.ts';
import { limitedReading } from '../db/unit-tree.ts';
import { Cursor, closed, filterWords, Limit, pageOf } from '../http/schemas.ts';
import type { Server } from '../http/server.ts';
import { type AnyRow, type ManagedNoun, named } from './declare.ts';

/** A query parameter from the field of the same name: one value, without null and without a default. */
function filterOf(name: string, schema: TSchema): TSchema {
  const {
    default: _,
    description: __,
    $id: ___,
    type,
    enum: values,
    ...rest
  } = schema as TSchema & Record<string, unknown>;
  const one = Array.isArray(type) ? { type: type.find((each) => each !== 'null') } : type === undefined ? {} : { type };
  const listed = Array.isArray(values) ? { enum: values.filter((value) => value !== null) } : {};
  return Type.Optional(Type.Unsafe({ ...rest, ...one, ...listed, description: filterWords(name) }));
}

/** `GET /v1/{noun}`: a page in the order of the keys, narrowed by the noun's filters. */
export function addListPath(
  app: Server,
  db: Database,
  noun: ManagedNoun,
  show: ((client: Client, rows: AnyRow[]) => Promise<AnyRow[]>) | undefined,
): void {
  const [, many] = noun.called;
  const filters = Object.fromEntries(
    (noun.filters ?? []).map((name) => [name, filterOf(name, noun.stored[name] ?? Type.String())]),
  );
  app.get(
    `/v1/${noun.path}`,
    {
      config: { scope: 'read', ...limitedReading(noun.owner) },
      schema: {
        operationId: `list${named(noun.table)}`,
        summary: `List the ${many}`,
        description: noun.key === 'key' ? 'In the order of their keys.' : 'In the order in which they were made.',
        tags: [noun.tag],
        querystring: closed({
          ...filters,
          archived: Type.Optional(Type.Boolean({ default: false, description: 'Also those that are archived.' })),
          limit: Type.Optional(Limit),
          cursor: Type.Optional(Cursor),
        }),
        response: { 200: pageOf(noun.shown) },
      },
    },
    async (request, reply) => {
      const {
        limit = 100,
        archived = false,
        cursor: _,
        ...where
      } = request.query as {
        limit?: number;
        archived?: boolean;
        cursor?: string;
        [filter: string]: unknown;
      };
      const [after] = app.paging.start(request) ?? [];
      const { rows, last } = await db.read(async (client) => {
        const found = await listManaged<AnyRow>(client, noun, {
          after: after === undefined ? undefined : String(after),
          limit: limit + 1,
          archived,
          where: where as Record<string, string | undefined>,
          units: request.caller.units,
        });
        const kept = found.slice(0, limit);
        return {
          rows: show ? await show(client, kept) : kept,
          last: found.length > limit ? kept.at(-1)?.[noun.key] : undefined,
        };
      });
      return { page: app.paging.next(request, reply, last === undefined ? undefined : [String(last)]), data: rows };
    },
  );
}
