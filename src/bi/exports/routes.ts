import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Config } from '../../config.ts';
import type { Database } from '../../db/pool.ts';
import { notFound } from '../../errors.ts';
import { closed, Problem, ref } from '../../http/schemas.ts';
import { readerOf } from '../../http/scopes.ts';
import { sendFile } from '../../http/send-file.ts';
import type { Server } from '../../http/server.ts';
import { biSets } from '../sets.ts';
import { openSpool } from './spool.ts';
import { dialects, type ExportParameters, type Format, formats, readWanted } from './wanted.ts';

const types: Record<Format, string> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
};

const bound = (description: string) =>
  Type.Optional(Type.Unsafe<string>({ type: 'string', format: 'date-or-time', description }));

const query = closed({
  from: bound(
    "Rows at or after this, by the set's own time (`answered_at`, `occurred_at` ...). A day begins in the reporting time zone.",
  ),
  to: bound('Rows before this.'),
  columns: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 4_000,
      description:
        'The columns that are wanted, separated by commas; they come in the order of the set. All without it.',
    }),
  ),
  dialect: Type.Optional(
    Type.Enum([...dialects], {
      description:
        'For CSV that a spreadsheet opens: a byte order mark, times in UTC without a zone, and an apostrophe before texts that it would take for formulas.',
    }),
  ),
});

const params = closed({
  set: Type.Enum(
    biSets.map(({ name }) => name),
    { description: 'The same sets, columns and names as in OData.' },
  ),
  format: Type.Enum([...formats]),
});

const headers = Type.Object({
  range: Type.Optional(Type.String({ description: '`bytes=1048576-` goes on where a download broke off.' })),
  'if-range': Type.Optional(
    Type.String({ description: 'The ETag of the part that is there; of another file the whole is sent.' }),
  ),
  'if-none-match': Type.Optional(Type.String({ description: 'The ETag of the file that is there.' })),
});

const file = (description: string) => ({
  description,
  content: Object.fromEntries(Object.values(types).map((type) => [type.split(';')[0], { schema: Type.String() }])),
});

const schema = {
  tags: ['BI'],
  description: [
    'One consistent snapshot, made into a file before its first byte is sent: with `Content-Length`, a strong `ETag`, and ranges, so that a download can be resumed.',
    'CSV is RFC 4180 in UTF-8; null is empty, the empty text is quoted. NDJSON has a row a line, decimals as strings. Parquet has decimals of 38 digits, 12 of them after the point, and instants in UTC.',
    'While nothing changes, the same address gives the same file for ten minutes. Two files at a time are made for one key.',
  ].join('\n\n'),
  params,
  querystring: query,
  headers,
  response: {
    200: file('The file.'),
    206: file('A range of it.'),
    304: Type.Null({ description: 'The file that the caller has is the latest.' }),
    412: ref(Problem),
    413: ref(Problem),
    416: ref(Problem),
  },
};

/** Aborts when the connection goes before the answer is complete. */
function goneWith({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** The folder of the service, or one of this user's in the system's folder for what is temporary. */
const folderOf = (data_dir: string | undefined) =>
  data_dir === undefined
    ? join(tmpdir(), `milemarker-exports-${process.getuid?.() ?? 'all'}`)
    : join(data_dir, 'exports');

/** `GET|HEAD /v1/exports/{set}.{csv,ndjson,parquet}`: every set of `bi/sets.ts` as a file. */
export function addExportRoutes(
  app: Server,
  db: Database,
  { data_dir, max_export_mb = 0 }: Partial<Pick<Config, 'data_dir' | 'max_export_mb'>>,
): void {
  const spool = openSpool(db, {
    folder: folderOf(data_dir),
    max_bytes: max_export_mb === 0 ? Number.POSITIVE_INFINITY : max_export_mb * 1024 ** 2,
  });
  app.addHook('onClose', () => spool.close());

  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    // Checked by the schemas above.
    const { set: name, format } = request.params as { set: string; format: Format };
    const set = biSets.find((one) => one.name === name);
    if (set === undefined) throw notFound('set', name);
    const gone = goneWith(reply);
    const wanted = await db.read((client) =>
      readWanted(client, set, format, request.query as ExportParameters, readerOf(request)),
    );
    const { range, 'if-range': if_range } = request.headers;
    const { method, caller } = request;
    const { file, handle } = await spool.obtain(wanted, {
      ...{ key_id: caller.key_id, gone, method, range },
      if_range: if_range === undefined ? undefined : String(if_range),
    });
    return sendFile(request, reply, {
      ...{ handle, bytes: file.bytes, etag: file.etag, modified_at: file.built_at },
      type: types[format],
      name: `${name}.${format}`,
    });
  };

  const config = { scope: 'read', units: 'own', basic: true } as const;
  const path = '/v1/exports/:set.:format';
  // Fastify would answer HEAD by running GET; it has an answer of its own here, which sends nothing.
  app.get(
    path,
    {
      config,
      exposeHeadRoute: false,
      schema: { ...schema, operationId: 'exportSet', summary: 'Download a set as a file' },
    },
    answer,
  );
  app.head(
    path,
    {
      config,
      schema: { ...schema, operationId: 'describeExport', summary: 'What the headers of a download would be' },
    },
    answer,
  );
}
