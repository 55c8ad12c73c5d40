import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { readBounds } from '../db/period.ts';
import type { Database } from '../db/pool.ts';
import { ApiError, badRequest, invalid, notFound } from '../errors.ts';
import { Cursor, closed, Id, Limit, nullable, Problem, pageOf, ref, Timestamp } from '../http/schemas.ts';
import type { Server } from '../http/server.ts';
import { checkedByRoute, invalidBody } from '../http/validation.ts';
import type { IngestOptions } from './batch.ts';
import { beginning, listChanges } from './changes.ts';
import { rowChecker } from './check-row.ts';
import { csvRows } from './csv.ts';
import type { AnyRow, Dataset } from './declare.ts';
import { eraseCustomer } from './erase.ts';
import { ingestAtomically, ingestRows, ingestStream } from './ingest.ts';
import { findRow, listRows } from './list.ts';
import { declareThrough, readProgress } from './progress.ts';
import { datasets, facts } from './registry.ts';
import { type Incoming, ndjsonRows } from './sources.ts';
import { remove } from './store.ts';

const IngestError = Type.Object(
  {
    row: Type.Integer({ description: 'From 1: the place in a JSON array, the line of a file.' }),
    pointer: Type.String(),
    code: Type.String(),
    detail: Type.String(),
    value: Type.Optional(nullable(Type.Union([Type.String(), Type.Number(), Type.Boolean()]))),
  },
  { $id: 'IngestError', additionalProperties: false },
);

const IngestReport = Type.Object(
  {
    received: Type.Integer(),
    created: Type.Integer(),
    updated: Type.Integer(),
    unchanged: Type.Integer(),
    rejected: Type.Integer(),
    errors: Type.Array(ref(IngestError), { description: 'The first 1,000; the counts are complete.' }),
  },
  { $id: 'IngestReport', additionalProperties: false, description: 'What became of the rows that were sent.' },
);

const Progress = Type.Object(
  {
    dataset: Type.String(),
    complete_through: nullable(Timestamp),
    declared_through: nullable(Timestamp),
    latest_at: nullable(Timestamp),
  },
  { $id: 'Progress', additionalProperties: false, description: 'Through when a dataset is complete.' },
);

const ingestQuery = closed({
  on_error: Type.Optional(
    Type.Enum(['abort', 'skip'], {
      default: 'abort',
      description: '`abort`: the first bad row ends it. `skip`: good rows are stored and bad ones named.',
    }),
  ),
  atomic: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Stores a whole NDJSON or CSV stream in one transaction, all or nothing. A JSON body always is.',
    }),
  ),
});

const mostRows = 5_000;
const json = 'application/json; charset=utf-8';
const page = (next: object, rows: string[]) => `{"page":${JSON.stringify(next)},"data":[${rows.join(',')}]}`;
const authorOf = (request: FastifyRequest) => ({ name: request.caller.name, request_id: String(request.id) });

/** Adds what every dataset has: ingest, one row, lists, removal and changes. */
export function addDatasetRoutes(app: Server, db: Database): void {
  for (const dataset of datasets) {
    addIngest(app, db, dataset);
    addRow(app, db, dataset);
    addList(app, db, dataset);
    addChanges(app, db, dataset);
  }
  addProgress(app, db);
}

const titled = (dataset: Dataset) => dataset.one.replaceAll('_', ' ');
/** `revenue_events` becomes `RevenueEvents`, for the names of operations. */
const named = (name: string) => name.replace(/(^|_)(\w)/g, (_, __, letter: string) => letter.toUpperCase());

function addIngest(app: Server, db: Database, dataset: Dataset): void {
  const check = rowChecker(dataset);
  const row = ref(dataset.sent);
  // In a scope of its own, so that only these routes take streams.
  app.register((scope, _options, done) => {
    for (const type of ['application/x-ndjson', 'text/csv'])
      scope.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
    scope.post<{ Querystring: { on_error: 'abort' | 'skip'; atomic: boolean } }>(
      `/v1/${dataset.path}`,
      {
        config: { scope: 'ingest' },
        schema: {
          operationId: `send${named(dataset.name)}`,
          summary: `Send ${dataset.name.replaceAll('_', ' ')}: one, many, or a stream`,
          description: `${dataset.description} Sending a row again changes nothing; sending it with other content corrects it.`,
          tags: [dataset.tag],
          querystring: ingestQuery,
          body: {
            content: {
              'application/json': {
                schema: checkedByRoute(Type.Union([row, Type.Array(row, { maxItems: mostRows })])),
              },
              'application/x-ndjson': { schema: checkedByRoute(Type.String()) },
              'text/csv': { schema: checkedByRoute(Type.String()) },
            },
          },
          response: { 200: ref(IngestReport), 409: ref(Problem) },
        },
      },
      async (request) => {
        const { on_error, atomic } = request.query;
        const options: IngestOptions = { on_error, author: authorOf(request), check };
        if (!(request.body instanceof Readable)) return ingestRows(db, dataset, jsonRows(request.body), options);
        const stream = request.body;
        const rows = request.mediaType === 'text/csv' ? csvRows(stream, dataset) : ndjsonRows(stream);
        try {
          return await (atomic ? ingestAtomically : ingestStream)(db, dataset, rows, options);
        } catch (error) {
          // What still comes is thrown away: a sender that sends to the end before it reads would wait for ever.
          stream.resume();
          if (!stream.readableAborted) throw error;
          throw badRequest(
            'body_cut_short',
            'The connection ended before the body did. Send it again: that is harmless.',
          );
        }
      },
    );
    done();
  });
}

function* jsonRows(body: unknown): Generator<Incoming> {
  if (body === undefined) throw badRequest('empty_body', 'The body is empty. Send JSON.');
  const rows = Array.isArray(body) ? body : [body];
  if (rows.length > mostRows)
    throw new ApiError(
      413,
      'too_many_rows',
      `A JSON body may hold ${mostRows} rows; this one holds ${rows.length}. Send more as application/x-ndjson or text/csv, which have no limit.`,
    );
  for (const [at, value] of rows.entries()) yield { row: at + 1, value, bytes: 0 };
}

function addRow(app: Server, db: Database, dataset: Dataset): void {
  const check = rowChecker(dataset);
  const title = titled(dataset);
  const name = named(dataset.one);
  const params = closed({ [dataset.key]: Id });
  const conflict = dataset.mayRemove ? { 409: ref(Problem) } : {};
  const path = `/v1/${dataset.path}/:${dataset.key}`;
  const keyOf = (request: FastifyRequest) => String((request.params as Record<string, string>)[dataset.key]);
  const send = async (request: FastifyRequest, reply: FastifyReply, key: string) => {
    const row = await db.read((client) => findRow(client, dataset, key, request.caller.may('personal')));
    if (row === undefined) throw notFound(title, key);
    return reply.type(json).send(row);
  };

  app.get(
    path,
    {
      config: { scope: 'read' },
      schema: {
        operationId: `get${name}`,
        summary: `Read one ${title}`,
        tags: [dataset.tag],
        params,
        response: { 200: ref(dataset.shown) },
      },
    },
    (request: FastifyRequest, reply: FastifyReply) => send(request, reply, keyOf(request)),
  );

  app.put(
    path,
    {
      config: { scope: 'ingest' },
      schema: {
        operationId: `put${name}`,
        summary: `Store one ${title}`,
        description: `The body is the whole row; its ${dataset.key} may be left out, since the path names it.`,
        tags: [dataset.tag],
        params,
        body: checkedByRoute(ref(dataset.sent)),
        response: { 200: ref(dataset.shown), 201: ref(dataset.shown), ...conflict },
      },
    },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const key = keyOf(request);
      const value = withKey(request.body, dataset, key, check);
      const options: IngestOptions = { on_error: 'abort', author: authorOf(request), check };
      const report = await ingestRows(db, dataset, [{ row: 1, value, bytes: 0 }], options).catch((error) => {
        if (!(error instanceof ApiError && error.code === 'rows_refused')) throw error;
        throw invalidBody(error.errors.map(({ pointer, code, detail }) => ({ pointer, code, detail })));
      });
      reply.code(report.created > 0 ? 201 : 200);
      const row = await db.read((client) => findRow(client, dataset, key, true));
      if (row === undefined) throw notFound(title, key);
      return reply.type(json).send(row);
    },
  );

  app.delete(
    path,
    {
      config: { scope: dataset.name === 'customers' ? 'manage' : 'ingest' },
      schema: {
        operationId: dataset.name === 'customers' ? 'eraseCustomer' : `remove${name}`,
        summary: dataset.name === 'customers' ? 'Erase a customer with all its facts' : `Remove one ${title}`,
        tags: [dataset.tag],
        params,
        response: { 204: Type.Null({ description: 'It is gone.' }), ...conflict },
      },
    },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const key = keyOf(request);
      const gone = await db.write(async (client) =>
        dataset.name === 'customers'
          ? (await eraseCustomer(client, key, authorOf(request))) > 0
          : remove(client, dataset, key, authorOf(request)),
      );
      if (!gone) throw notFound(title, key);
      return reply.code(204).send();
    },
  );
}

/**
 * The body with the key of the path. A derived key is worked out from the rest and must come out as in the path.
 * @throws ApiError 422 where the body says another key. What else is wrong with it is told when it is stored.
 */
function withKey(body: unknown, dataset: Dataset, key: string, check: IngestOptions['check']): unknown {
  if (body === undefined) throw badRequest('empty_body', 'The body is empty. Send JSON.');
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const whole: AnyRow = { ...body };
  const derived = dataset.columns[dataset.key]?.derived === true;
  if (derived && check(body) === null) dataset.complete(whole, undefined);
  const own = whole[dataset.key] ?? key;
  if (typeof own !== 'string') return body;
  if (own !== key)
    throw invalid(`The path says '${key}', the body '${own}'.`, [
      {
        pointer: `/${dataset.key}`,
        code: 'other_key',
        detail: `Send it to the path that ends in '${own}', or mend the body.`,
      },
    ]);
  return derived ? body : { ...body, [dataset.key]: key };
}

function addList(app: Server, db: Database, dataset: Dataset): void {
  const filters: Record<string, TSchema> = {};
  for (const [name, { filter, kind, sent, description }] of Object.entries(dataset.columns))
    if (filter) filters[name] = Type.Optional(Type.Unsafe({ ...(kind === 'list' ? Id : sent), description }));
  const bound = (description: string) =>
    Type.Optional(Type.Unsafe<string>({ type: 'string', format: 'date-or-time', description }));
  const period = {
    from: bound(`With ${dataset.time} at or after this; a date begins in the reporting time zone.`),
    to: bound(`With ${dataset.time} before this.`),
  };
  app.get(
    `/v1/${dataset.path}`,
    {
      config: { scope: 'read' },
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
        const bounds = { from: from ?? null, to: to ?? null };
        const period = from || to ? await readBounds(client, await timeZone(client), bounds) : { from: null, to: null };
        return listRows(
          client,
          dataset,
          { filters, ...period, after: after === undefined ? undefined : String(after), limit: Number(limit) },
          request.caller.may('personal'),
        );
      });
      const next = app.paging.next(request, reply, last === undefined ? undefined : [last]);
      return reply.type(json).send(page(next, rows));
    },
  );
}

async function timeZone(client: Parameters<Parameters<Database['read']>[0]>[0]): Promise<string> {
  const [found] = await client.rows<{ time_zone: string }>('select time_zone from settings');
  return found?.time_zone ?? 'UTC';
}

function addChanges(app: Server, db: Database, dataset: Dataset): void {
  const changed = Type.Object(
    { ...(dataset.shown as unknown as { properties: Record<string, TSchema> }).properties },
    { additionalProperties: false },
  );
  const removed = closed({ [dataset.key]: Id, removed_at: Timestamp });
  app.get(
    `/v1/changes/${dataset.path}`,
    {
      config: { scope: 'read' },
      schema: {
        operationId: `list${named(dataset.one)}Changes`,
        summary: `What was stored, changed and removed among the ${dataset.name.replaceAll('_', ' ')}`,
        description:
          'Each row once, as it is now; of what was removed, its key and `removed_at`. `page.cursor` is where to go on, now or tomorrow; `page.next` is null when there is nothing more at the moment. A row that commits late is never missed.',
        tags: ['Changes'],
        querystring: closed({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, default: 1000 })),
          cursor: Type.Optional(Cursor),
        }),
        response: {
          200: Type.Object(
            {
              page: closed({ next: nullable(Type.String()), cursor: Type.String() }),
              data: Type.Array(Type.Union([changed, removed])),
            },
            { additionalProperties: false },
          ),
          410: ref(Problem),
        },
      },
    },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const { limit } = request.query as { limit: number };
      const [told, telling, xid, key, kind] = app.paging.start(request) ?? [];
      const text = (value: unknown) => (typeof value === 'string' ? value : null);
      const after =
        xid === undefined
          ? beginning
          : { told: text(told), telling: text(telling), xid: String(xid), key: String(key), kind: Number(kind) };
      const { rows, place, more } = await db.read((client) =>
        listChanges(client, dataset, after, limit, request.caller.may('personal')),
      );
      const { next, cursor } = app.paging.next(request, reply, [
        place.told,
        place.telling,
        place.xid,
        place.key,
        place.kind,
      ]);
      if (!more) reply.removeHeader('link');
      return reply.type(json).send(page({ next: more ? next : null, cursor }, rows));
    },
  );
}

function addProgress(app: Server, db: Database): void {
  const names = facts.map(({ name }) => name);
  const params = closed({ dataset: Type.Enum(facts.map(({ path }) => path)) });
  const nameOf = (path: string) => facts.find((one) => one.path === path)?.name ?? path;
  app.get(
    '/v1/datasets',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listProgress',
        summary: 'Through when each dataset of facts is complete',
        tags: ['Datasets'],
        response: { 200: closed({ data: Type.Array(ref(Progress)) }) },
      },
    },
    async () => ({ data: await db.read((client) => readProgress(client, names)) }),
  );
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
