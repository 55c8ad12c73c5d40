import { Readable } from 'node:stream';
import { Type } from 'typebox';
import type { Database } from '../db/pool.ts';
import { ApiError, badRequest } from '../errors.ts';
import { closed, nullable, Problem, ref } from '../http/schemas.ts';
import { authorOf } from '../http/scopes.ts';
import type { Server } from '../http/server.ts';
import { checkedByRoute } from '../http/validation.ts';
import { named } from '../managed/declare.ts';
import type { IngestOptions } from './batch.ts';
import { cellReader } from './cells.ts';
import { rowChecker } from './check-row.ts';
import type { CountRows } from './count-rows.ts';
import { csvRows } from './csv.ts';
import type { Dataset } from './declare.ts';
import { ingestAtomically, ingestRows, ingestStream } from './ingest.ts';
import { unitsOfSending } from './route-words.ts';
import { type Incoming, ndjsonRows } from './sources.ts';

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

/** `POST /v1/{dataset}`: one row, many, or a stream of NDJSON or CSV. */
export function addIngest(app: Server, db: Database, dataset: Dataset, countRows: CountRows): void {
  const check = rowChecker(dataset);
  const readCells = cellReader(dataset);
  // What writes a line of JSON for each row of a table often knows no numbers and no null.
  const checkLine: IngestOptions['check'] = (row) => {
    readCells(row);
    return check(row);
  };
  const row = ref(dataset.sent);
  // In a scope of its own, so that only these routes take streams.
  app.register((scope, _options, done) => {
    for (const type of ['application/x-ndjson', 'text/csv'])
      scope.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
    scope.post<{ Querystring: { on_error: 'abort' | 'skip'; atomic: boolean } }>(
      `/v1/${dataset.path}`,
      {
        config: { scope: 'ingest', ...unitsOfSending(dataset) },
        schema: {
          operationId: `send${named(dataset.name)}`,
          summary: `Send ${dataset.name.replaceAll('_', ' ')}: one, many, or a stream`,
          description: `${dataset.description} Sending a row again changes nothing; sending it with other content corrects it. In CSV and NDJSON a blank text stands for null, and numbers, flags and lists (a|b) may be texts; JSON is taken as it is.`,
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
        const options: IngestOptions = { on_error, author: authorOf(request), units: request.caller.units, check };
        if (!(request.body instanceof Readable))
          return countRows(dataset, ingestRows(db, dataset, jsonRows(request.body), options));
        const stream = request.body;
        const isCsv = request.mediaType === 'text/csv';
        const rows = isCsv ? csvRows(stream, dataset) : ndjsonRows(stream);
        if (!isCsv) options.check = checkLine;
        try {
          return await countRows(dataset, (atomic ? ingestAtomically : ingestStream)(db, dataset, rows, options));
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
