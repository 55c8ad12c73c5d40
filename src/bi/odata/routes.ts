import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type TSchema, Type } from 'typebox';
import type { Database } from '../../db/pool.ts';
import { ApiError } from '../../errors.ts';
import { answerProblem } from '../../http/error-handler.ts';
import { closed } from '../../http/schemas.ts';
import type { Server } from '../../http/server.ts';
import { type BiSet, seenBy } from '../set.ts';
import { biSets, visibleColumns } from '../sets.ts';
import { readResource, setCalled } from './address.ts';
import { pageBody, rowBody } from './answers.ts';
import { json, odataForm, refused } from './error-form.ts';
import { metadataXml } from './metadata.ts';
import { nextLink, pageSizeFor, placeOf } from './next-page.ts';
import { options, readQuery, readSelection, unsupported } from './query.ts';
import { countRows } from './read-set.ts';

const root = '/odata/v1';

const option = (description: string) => Type.Optional(Type.String({ description }));
const queryOptions = closed(
  Object.fromEntries(
    [...options, ...unsupported].flatMap((name) => [
      [`$${name}`, option('An option of OData 4.0.')],
      [name, option('The same without `$`.')],
    ]),
  ),
);
const noOptions = closed({ $format: option('`json`, which it is anyway.'), format: option('The same without `$`.') });
const anyRow = Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true });
const inPath = closed({
  resource: Type.String({ minLength: 1, description: "A set, or a row of it: `responses`, `responses('A-1')`." }),
});

const schema = (operationId: string, summary: string, type: string, body: TSchema = Type.String()) => ({
  operationId,
  summary,
  tags: ['BI'],
  response: { 200: { content: { [type]: { schema: body } } }, '4xx': refused, '5xx': refused },
});

/** OData 4.0 below `/odata/v1`, read only: the sets of `bi/sets.ts`. The key is taken as a Basic password too. */
export function addOdataRoutes(app: Server, db: Database): void {
  // In a scope of its own, so that errors here are those of OData.
  app.register((scope, _options, done) => {
    scope.setErrorHandler((error, request, reply) => {
      reply.header('odata-version', '4.0');
      return answerProblem(error, request, reply, odataForm);
    });
    addAddresses(scope, app);
    addSets(scope, app, db);
    done();
  });
}

/** The model of the sets tells of no unit; their rows are those of the caller's. */
const config = { scope: 'read', basic: true, units: 'everybody' } as const;
const ofSets = { ...config, units: 'own' } as const;
const baseOf = (app: Server, request: FastifyRequest) => `${app.paging.origin(request)}${root}`;
const columnsFor = (request: FastifyRequest, set: BiSet) => visibleColumns(set, request.caller.may('personal'));
// The route's schema has seen it: a closed object.
const optionsOf = (request: FastifyRequest) => request.query as Record<string, unknown>;

/** What tells clients where the rows are: the service document, the model, and a file that connects Power BI. */
function addAddresses(scope: FastifyInstance, app: Server): void {
  const service = (request: FastifyRequest, reply: FastifyReply) =>
    send(reply, json, {
      '@odata.context': `${baseOf(app, request)}/$metadata`,
      value: biSets.map(({ name }) => ({ name, kind: 'EntitySet', url: name })),
    });
  const document = closed({ '@odata.context': Type.String(), value: Type.Array(anyRow) });
  const serviceSchema = {
    ...schema('getODataService', 'The sets that there are', 'application/json', document),
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
        ...schema('getODataMetadata', 'What the sets hold, as OData XML', 'application/xml'),
        querystring: noOptions,
      },
    },
    (request, reply) =>
      send(reply, 'application/xml', metadataXml(biSets.map((set) => ({ set, columns: columnsFor(request, set) })))),
  );

  scope.get(
    `${root}/milemarker.pbids`,
    {
      config,
      schema: schema(
        'getPowerBiConnection',
        'A file that connects Power BI with one click',
        'application/octet-stream',
      ),
    },
    (request, reply) => {
      reply.header('content-disposition', 'attachment; filename="milemarker.pbids"');
      const details = { protocol: 'odata', address: { url: baseOf(app, request) } };
      return send(reply, 'application/octet-stream', { version: '0.1', connections: [{ details, mode: 'Import' }] });
    },
  );
}

function addSets(scope: FastifyInstance, app: Server, db: Database): void {
  scope.get<{ Params: { resource: string } }>(
    `${root}/:resource/$count`,
    {
      config: ofSets,
      schema: {
        ...schema('countODataSet', 'How many rows of a set pass a filter', 'text/plain'),
        params: inPath,
        querystring: queryOptions,
      },
    },
    async (request, reply) => {
      const set = seenBy(setCalled(request.params.resource), request.caller);
      const query = readQuery(optionsOf(request), set, columnsFor(request, set));
      const count = await db.read((client) => countRows(client, set, query));
      return send(reply, 'text/plain;charset=utf-8', String(count));
    },
  );

  scope.get<{ Params: { resource: string } }>(
    `${root}/:resource`,
    {
      config: ofSets,
      schema: {
        ...schema('readODataSet', 'Read a set, page by page, or one row of it', 'application/json', anyRow),
        description:
          '`$filter`, `$select`, `$orderby`, `$top`, `$skip`, `$count` as in OData 4.0; `@odata.nextLink` goes on. `Prefer: odata.maxpagesize` asks for pages of another size, up to 10,000 rows.',
        params: inPath,
        querystring: queryOptions,
      },
    },
    async (request, reply) => {
      const { set: whole, key } = readResource(request.params.resource);
      const set = seenBy(whole, request.caller);
      const columns = columnsFor(request, set);
      const asked = optionsOf(request);
      const exact = wantsExact(request);
      const form = { exact, columns, base: baseOf(app, request) };
      const type = exact ? `${json};IEEE754Compatible=true` : json;
      if (key) {
        const select = readSelection(asked, set, columns);
        return send(reply, type, await db.read((client) => rowBody(client, set, { key, select }, form)));
      }
      const query = readQuery(asked, set, columns);
      const page = {
        from: query.skiptoken === undefined ? null : placeOf(app, request, query.skiptoken),
        size: pageSizeFor(request, reply),
        linkTo: (place: Parameters<typeof nextLink>[2]) => nextLink(app, request, place),
        form,
      };
      // Of one moment, so that the count and the rows agree.
      const body = await db.read((client) => pageBody(client, set, query, page), { snapshot: true });
      return send(reply, type, body);
    },
  );

  // Everything else below: else the error would not be one of OData.
  scope.get(`${root}/*`, { config, schema: { hide: true, querystring: anyRow } }, (request) => {
    throw new ApiError(
      404,
      'no_such_path',
      `There is nothing at ${request.url.split('?', 1)[0]?.slice(0, 200)}. Below a set there is only /$count; $metadata says which columns can be joined.`,
    );
  });
}

/** Whether a client asks for numbers beyond the precision of a double as texts; `$format` counts before `Accept`. */
function wantsExact(request: FastifyRequest): boolean {
  const { $format, format = $format } = optionsOf(request);
  return /IEEE754Compatible=true/i.test(String(format ?? request.headers.accept ?? ''));
}

/** As a Buffer: of a string Fastify would add a charset to the type, which Power Query does not take. */
function send(reply: FastifyReply, type: string, body: string | object): FastifyReply {
  return reply
    .headers({ 'odata-version': '4.0', 'content-type': type })
    .send(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
}
