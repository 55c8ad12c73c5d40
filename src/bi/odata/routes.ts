import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Client, Database } from '../../db/pool.ts';
import { badRequest, notFound } from '../../errors.ts';
import { answerProblem, type ErrorForm } from '../../http/error-handler.ts';
import { closed, ref } from '../../http/schemas.ts';
import type { Server } from '../../http/server.ts';
import { type BiSet, seenBy } from '../set.ts';
import { biSets, visibleColumns } from '../sets.ts';
import { metadataXml } from './metadata.ts';
import { options, readQuery, type SetQuery, unsupported } from './query.ts';
import { countRows, readOne, readPage } from './read-set.ts';

const root = '/odata/v1';
const json = 'application/json;odata.metadata=minimal';
const pageSize = { usual: 5_000, most: 10_000 };

/** Errors as OData has them. */
const odataForm: ErrorForm = {
  type: json,
  body: ({ code, detail, errors }) => ({
    error: {
      code,
      message: detail,
      ...(errors[0] && { target: errors[0].pointer }),
      details: errors.map((one) => ({ code: one.code, message: one.detail, target: one.pointer })),
    },
  }),
};

const queryOptions = closed(
  Object.fromEntries(
    [...options, ...unsupported].flatMap((name) => [
      [`$${name}`, Type.Optional(Type.String({ description: 'An option of OData 4.0.' }))],
      [name, Type.Optional(Type.String({ description: 'The same without `$`.' }))],
    ]),
  ),
);
const anyRow = Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true });
const parameter = Type.String({ minLength: 1, description: "A set, or a row of it: `responses`, `responses('A-1')`." });

const ODataError = Type.Object(
  {
    error: closed({
      code: Type.String(),
      message: Type.String({ description: 'What happened and what to do about it.' }),
      target: Type.Optional(Type.String({ description: 'The option that is wrong.' })),
      details: Type.Array(closed({ code: Type.String(), message: Type.String(), target: Type.String() })),
    }),
  },
  { $id: 'ODataError', additionalProperties: false, description: 'Every answer of OData of 400 and above.' },
);

const refused = { description: 'An error.', content: { [json]: { schema: ref(ODataError) } } };

const schema = (operationId: string, summary: string, response: Record<string, unknown>) => ({
  operationId,
  summary,
  tags: ['BI'],
  response: {
    200: { content: response },
    '4xx': refused,
    '5xx': refused,
  },
});

/** OData 4.0 below `/odata/v1`, read only: the sets of `bi/sets.ts`. The key is taken as a Basic password too. */
export function addOdataRoutes(app: Server, db: Database): void {
  // In a scope of its own, so that errors here are those of OData.
  app.register((scope, _options, done) => {
    scope.setErrorHandler((error, request, reply) => {
      reply.header('odata-version', '4.0');
      return answerProblem(error, request, reply, odataForm);
    });
    addRoutes(scope, app, db);
    done();
  });
}

function addRoutes(scope: FastifyInstance, app: Server, db: Database): void {
  // The model of the sets tells of no unit; their rows are those of the caller's.
  const [config, ofSets] = [
    { scope: 'read', basic: true, units: 'everybody' },
    { scope: 'read', basic: true, units: 'own' },
  ] as const;
  const base = (request: FastifyRequest) => `${app.paging.origin(request)}${root}`;

  const service = (request: FastifyRequest, reply: FastifyReply) =>
    send(reply, json, {
      '@odata.context': `${base(request)}/$metadata`,
      value: biSets.map(({ name }) => ({ name, kind: 'EntitySet', url: name })),
    });
  const noOptions = closed({ $format: Type.Optional(Type.String()), format: Type.Optional(Type.String()) });
  const serviceSchema = {
    ...schema('getODataService', 'The sets that there are', {
      'application/json': { schema: closed({ '@odata.context': Type.String(), value: Type.Array(anyRow) }) },
    }),
    querystring: noOptions,
  };
  scope.get(root, { config, schema: serviceSchema }, service);
  // The same address, as most tools write it.
  scope.get(`${root}/`, { config, schema: { ...serviceSchema, hide: true } }, service);

  scope.get(
    `${root}/$metadata`,
    {
      config,
      schema: {
        ...schema('getODataMetadata', 'What the sets hold, as OData XML', {
          'application/xml': { schema: Type.String() },
        }),
        querystring: noOptions,
      },
    },
    async (request, reply) => {
      const personal = request.caller.may('personal');
      const sets = biSets.map((set) => ({ set, columns: visibleColumns(set, personal) }));
      return send(reply, 'application/xml', metadataXml(sets));
    },
  );

  scope.get(
    `${root}/milemarker.pbids`,
    {
      config,
      schema: schema('getPowerBiConnection', 'A file that connects Power BI with one click', {
        'application/octet-stream': { schema: Type.String() },
      }),
    },
    async (request, reply) => {
      reply.header('content-disposition', 'attachment; filename="milemarker.pbids"');
      const details = { protocol: 'odata', address: { url: base(request) } };
      return send(reply, 'application/octet-stream', { version: '0.1', connections: [{ details, mode: 'Import' }] });
    },
  );

  scope.get<{ Params: { resource: string } }>(
    `${root}/:resource/$count`,
    {
      config: ofSets,
      schema: {
        ...schema('countODataSet', 'How many rows of a set pass a filter', { 'text/plain': { schema: Type.String() } }),
        params: closed({ resource: parameter }),
        querystring: queryOptions,
      },
    },
    async (request, reply) => {
      const set = seenBy(setCalled(request.params.resource), request.caller);
      const query = readQuery(
        request.query as Record<string, unknown>,
        set,
        visibleColumns(set, request.caller.may('personal')),
      );
      const count = await db.read((client) => countRows(client, set, query));
      return send(reply, 'text/plain;charset=utf-8', String(count));
    },
  );

  scope.get<{ Params: { resource: string } }>(
    `${root}/:resource`,
    {
      config: ofSets,
      schema: {
        ...schema('readODataSet', 'Read a set, page by page, or one row of it', {
          'application/json': { schema: anyRow },
        }),
        description:
          '`$filter`, `$select`, `$orderby`, `$top`, `$skip`, `$count` as in OData 4.0; `@odata.nextLink` goes on. `Prefer: odata.maxpagesize` asks for pages of another size, up to 10,000 rows.',
        params: closed({ resource: parameter }),
        querystring: queryOptions,
      },
    },
    async (request, reply) => {
      const { name, key } = resourceOf(request.params.resource);
      const set = seenBy(setCalled(name), request.caller);
      const columns = visibleColumns(set, request.caller.may('personal'));
      const query = readQuery(request.query as Record<string, unknown>, set, columns);
      const exact = /IEEE754Compatible=true/i.test(request.headers.accept ?? '');
      const type = exact ? `${json};IEEE754Compatible=true` : json;
      const body = await db.read(
        (client) =>
          key
            ? oneBody(client, set, query, { key: keyValues(set, key), exact, base: base(request), all: columns.length })
            : pageBody(client, set, query, { exact, base: base(request), request, reply, app }),
        { snapshot: true },
      );
      return send(reply, type, body);
    },
  );
}

/** As a Buffer: of a string Fastify would add a charset to the type, which Power Query does not take. */
function send(reply: FastifyReply, type: string, body: string | object): FastifyReply {
  return reply
    .headers({ 'odata-version': '4.0', 'content-type': type })
    .send(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
}

function setCalled(name: string): BiSet {
  const set = biSets.find((one) => one.name === name);
  if (!set) throw notFound('set', name.slice(0, 100));
  return set;
}

/** `responses` or `responses('A-1')` or `response_outcomes(response_id='A-1',window_days=90)`. */
function resourceOf(resource: string): { name: string; key: string | undefined } {
  const found = /^(\w+)(?:\((.*)\))?$/s.exec(resource);
  if (!found) throw notFound('set', resource.slice(0, 100));
  return { name: found[1] ?? '', key: found[2] };
}

/** The values of a key predicate, in the order of the set's key. */
function keyValues({ key, columns, name }: BiSet, predicate: string): string[] {
  const wrong = () =>
    badRequest(
      'bad_key',
      `A row of ${name} is named ${name}(${key.length === 1 ? "'...'" : key.map((one) => `${one}=...`).join(',')}); texts stand in single quotes.`,
    );
  const found = new Map<string, string>();
  const parts = predicate.matchAll(/(?:(\w+)=)?('(?:[^']|'')*'|[^',=]+)(?:,|$)/g);
  let length = 0;
  for (const [whole, named, value = ''] of parts) {
    length += whole.length;
    const column = named ?? (key.length === 1 ? key[0] : undefined);
    if (column === undefined || !key.includes(column) || found.has(column)) throw wrong();
    const isText = columns.find((one) => one.name === column)?.kind === 'text';
    if (isText !== value.startsWith("'")) throw wrong();
    found.set(column, isText ? value.slice(1, -1).replaceAll("''", "'") : value);
  }
  const values = key.flatMap((one) => found.get(one) ?? []);
  if (length !== predicate.length || values.length !== key.length) throw wrong();
  for (const [at, one] of key.entries()) {
    const kind = columns.find((column) => column.name === one)?.kind;
    if (kind === 'integer' && !/^-?\d{1,15}$/.test(values[at] ?? '')) throw wrong();
    if (kind === 'double' && !/^-?\d{1,15}(\.\d{1,12})?$/.test(values[at] ?? '')) throw wrong();
    if (kind === 'date' && !/^\d{4}-\d\d-\d\d$/.test(values[at] ?? '')) throw wrong();
  }
  return values;
}

const selection = (set: BiSet, { select }: SetQuery, all: number) =>
  select.length === all ? set.name : `${set.name}(${select.map(({ name }) => name).join(',')})`;

async function oneBody(
  client: Client,
  set: BiSet,
  query: SetQuery,
  { key, exact, base, all }: { key: string[]; exact: boolean; base: string; all: number },
): Promise<string> {
  const row = await readOne(client, set, query.select, key, { exact });
  if (row === undefined) throw notFound(set.one.replaceAll('_', ' '), key.join(', '));
  const context = `${base}/$metadata#${selection(set, query, all)}/$entity`;
  return `{"@odata.context":${JSON.stringify(context)},${row.slice(1)}`;
}

interface PageContext {
  exact: boolean;
  base: string;
  request: FastifyRequest;
  reply: FastifyReply;
  app: Server;
}

/** The options of an address that a token belongs to: all but the token itself. */
function boundTo(request: FastifyRequest): object {
  const asked = Object.entries(request.query as object).map(([name, value]) => [name.replace(/^\$/, ''), value]);
  return { ...Object.fromEntries(asked.filter(([name]) => name !== 'skiptoken')), '': request.url.split('?', 1)[0] };
}

async function pageBody(client: Client, set: BiSet, query: SetQuery, context: PageContext): Promise<string> {
  const { exact, base, request, reply, app } = context;
  const [left, ...after] =
    query.skiptoken === undefined ? [query.top] : app.paging.open(query.skiptoken, boundTo(request));
  const preferred = /(?:^|[,;\s])(?:odata\.)?maxpagesize=(\d{1,9})/i.exec(String(request.headers.prefer ?? ''))?.[1];
  const most = Math.max(1, Math.min(pageSize.most, preferred === undefined ? pageSize.usual : Number(preferred)));
  if (preferred !== undefined) reply.header('preference-applied', `odata.maxpagesize=${most}`);
  const total = query.count ? await countRows(client, set, query) : undefined;
  const remaining = left === null || left === undefined ? null : Number(left);
  const size = remaining === null ? most : Math.min(most, remaining);
  const { rows, last } =
    size === 0
      ? { rows: [], last: null }
      : await readPage(client, set, query, {
          after: query.skiptoken === undefined ? null : after.map((one) => (one === null ? null : String(one))),
          size,
          writing: { exact },
        });
  const rest = remaining === null ? null : remaining - rows.length;
  const token = last && rest !== 0 ? app.paging.seal([rest, ...last], boundTo(request)) : undefined;
  const visible = visibleColumns(set, request.caller.may('personal')).length;
  return [
    `{"@odata.context":${JSON.stringify(`${base}/$metadata#${selection(set, query, visible)}`)}`,
    ...(total === undefined ? [] : [`"@odata.count":${total}`]),
    `"value":[${rows.join(',')}]`,
    ...(token === undefined ? [] : [`"@odata.nextLink":${JSON.stringify(nextLink(request, base, token))}`]),
  ]
    .join(',')
    .concat('}');
}

function nextLink(request: FastifyRequest, base: string, token: string): string {
  const [path = '', query = ''] = request.url.split('?');
  const parameters = new URLSearchParams(query);
  parameters.delete('skiptoken');
  parameters.set('$skiptoken', token);
  return `${base}${path.slice(root.length)}?${parameters.toString().replaceAll('%24', '$')}`;
}
