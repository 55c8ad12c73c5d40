import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import fastifySwagger from '@fastify/swagger';
import fastifySwaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { addWords } from './contract-words.ts';
import { addExample } from './examples.ts';
import type { Operation } from './operation.ts';
import { namedIn, Problem, ref } from './schemas.ts';
import { isDocumentation } from './scopes.ts';
import { canBeLeftOut } from './validation.ts';

interface OpenapiOptions {
  public_url: string | undefined;
  /** What the tags of the operations mean. */
  tags?: { name: string; description: string }[];
  /** What the service sends of its own accord. */
  webhooks?: Record<string, object>;
}

const packageJson = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
  description: string;
};

/** What holds for every operation, for whoever writes a client. */
const introduction = `${packageJson.description}.

* Send the API key with every request: \`Authorization: Bearer mm_...\`. \`x-scope\` says which scope an operation needs.
* Facts go to \`POST /v1/{dataset}\` as JSON, NDJSON or CSV, in any order and as often as you like. Your ids are the ids.
* Lists and change feeds come by pages: follow \`page.next\`, or send \`page.cursor\` as \`cursor\`, until \`page.next\` is null.
* A period runs from \`from\` until \`to\`, which is no part of it. A day begins in the reporting time zone (\`/v1/settings\`).
* Recorded amounts are exact and decimal strings; figures that are worked out are numbers. Moments are RFC 3339 in UTC.
* Changes of what others may have changed meanwhile need \`If-Match\`; a POST with an \`Idempotency-Key\` makes nothing twice.
* Errors are \`application/problem+json\` (RFC 9457): \`code\` is for programs, \`detail\` says what is wrong and how to mend it,
  \`errors\` names each place. After 429 and 503, wait as long as \`Retry-After\` says.`;

/** The problems that operations answer: the name of the component, and what it means. */
const problems: Record<number, readonly [name: string, description: string]> = {
  400: ['BadRequest', 'The address, a parameter or the syntax of the body is wrong.'],
  401: ['Unauthorized', 'There is no API key, or not a good one.'],
  403: ['Forbidden', 'The API key lacks the scope, or is limited to units.'],
  404: ['NotFound', 'There is nothing under this id or key, or nothing that the caller may see.'],
  409: ['Conflict', 'What is stored stands against it.'],
  410: ['Gone', 'It is gone.'],
  412: ['VersionMovedOn', 'It has changed since the caller saw it.'],
  413: ['BodyTooLarge', 'The body, or what is asked for, is too large.'],
  415: ['TypeNotTaken', 'The type or encoding of the body is not taken.'],
  416: ['RangeNotSatisfiable', 'The file has no such range of bytes; `Content-Range` says how long it is.'],
  422: ['InvalidBody', 'The content of the body is wrong; `errors` says where.'],
  428: ['VersionMissing', 'If-Match is missing.'],
  429: ['TooManyRequests', 'Too many requests within a minute; `Retry-After` says when to go on.'],
  500: ['InternalError', 'A fault of the service.'],
  503: ['Unavailable', 'The service cannot answer now; `Retry-After` says when to try again.'],
};

type Headers = Record<string, { description: string; schema: { type: 'integer' | 'string'; examples?: string[] } }>;

const retryAfter: Headers = {
  'Retry-After': { description: 'In how many seconds to try again.', schema: { type: 'integer' } },
};

/** The headers of problems that have some to be acted on. */
const problemHeaders: Record<string, Headers> = {
  429: {
    ...retryAfter,
    'RateLimit-Policy': {
      description:
        'How many requests (`q`) the key may send in so many seconds (`w`). With every answer to a good key where there is a limit.',
      schema: { type: 'string', examples: ['"key";q=6000;w=60'] },
    },
    RateLimit: {
      description: 'How many of them remain (`r`), and in how many seconds they are renewed (`t`).',
      schema: { type: 'string', examples: ['"key";r=0;t=42'] },
    },
  },
  503: retryAfter,
};

const problemResponses = Object.fromEntries(
  Object.entries(problems).map(([status, [name, description]]) => [
    name,
    {
      description,
      ...(status in problemHeaders ? { headers: problemHeaders[status] } : {}),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ]),
);

/** The statuses of problems that an operation can answer, beside those that its route declares. */
function refusalsOf(operation: Operation, path: string): number[] {
  const takes = (place: string, name?: string) =>
    (operation.parameters ?? []).some((one) => one.in === place && (name === undefined || one.name === name));
  return [
    400,
    ...(operation.security?.length === 0 ? [] : [401, 403, 429]),
    ...(path.includes('{') ? [404] : []),
    ...(takes('header', 'if-match') ? [412, 428] : []),
    ...(operation.requestBody === undefined ? [] : [413, 415, 422]),
    500,
    503,
  ];
}

/**
 * Gives every operation what it need not say itself: the problems it can answer, the words of what all share, and what
 * it took and answered when it was tried.
 * @param bodiless the operations whose body may be left out, which the plugin does not know of
 */
function completed<D extends { paths?: unknown; components?: unknown }>(document: D, bodiless: ReadonlySet<string>): D {
  // What the plugin made of the routes.
  const paths = (document.paths ?? {}) as Record<string, Record<string, Operation>>;
  const { schemas = {} } = (document.components ?? {}) as { schemas?: Record<string, object> };
  for (const [path, operations] of Object.entries(paths))
    for (const [method, operation] of Object.entries(operations)) {
      if (operation.requestBody && bodiless.has(operation.operationId)) operation.requestBody.required = false;
      addWords(operation, method, schemas);
      addExample(operation);
      for (const [status, response] of Object.entries(operation.responses))
        if (response.description === 'Default Response') response.description = STATUS_CODES[status] ?? status;
      // Such an operation says itself how its errors look.
      if ('4XX' in operation.responses) continue;
      const declared = Object.keys(operation.responses).map(Number);
      for (const status of [...declared, ...refusalsOf(operation, path)]) {
        const [name] = problems[status] ?? [];
        if (name !== undefined) operation.responses[status] = { $ref: `#/components/responses/${name}` };
      }
    }
  return document;
}

const isHidden = ({ url, schema }: RouteOptions): boolean =>
  isDocumentation(url) || (schema !== undefined && 'hide' in schema && schema.hide === true);

/** Makes a route that would leave a hole in the contract stop the boot. */
function requireContract(route: RouteOptions, operations: Set<string>): void {
  const { operationId, summary, tags, response } = route.schema ?? {};
  const lacks = (what: string) =>
    new Error(`${route.method} ${route.url} has no ${what}, so the contract would have a hole.`);
  if (!operationId) throw lacks('operationId');
  if (!summary) throw lacks('summary');
  if (!tags?.length) throw lacks('tag');
  if (!Object.keys((response ?? {}) as object).some((status) => /^[23]/.test(status))) throw lacks('response schema');
  if (operations.has(operationId)) throw new Error(`Two routes have the operationId '${operationId}'.`);
  operations.add(operationId);
}

const csp = (public_url: string | undefined) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    // Swagger UI sets styles on its elements.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    `connect-src 'self'${public_url === undefined ? '' : ` ${new URL(public_url).origin}`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/**
 * Makes the OpenAPI 3.1 document from the routes that are added after it, serves it at `/openapi.json` and to a browser
 * at `/docs`. Named schemas become components. A route without operationId, summary, tag or response stops the boot.
 */
export async function addOpenapi(
  app: FastifyInstance,
  { public_url, tags = [], webhooks }: OpenapiOptions,
): Promise<void> {
  const operations = new Set<string>();
  const bodiless = new Set<string>();
  const addNamed = (schema: unknown) => {
    for (const [id, one] of namedIn(schema)) if (app.getSchema(id) === undefined) app.addSchema(one);
  };
  addNamed(ref(Problem));
  app.addHook('onRoute', (route) => {
    if (isHidden(route)) return;
    if (route.method !== 'HEAD') requireContract(route, operations);
    const { body, operationId = '' } = route.schema ?? {};
    if (typeof body === 'object' && body !== null && canBeLeftOut(body)) bodiless.add(operationId);
    addNamed(route.schema);
  });
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Milemarker',
        version: packageJson.version,
        description: introduction,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: public_url ?? '/' }],
      tags,
      // Not in the types of the plugin, which copies it as it is.
      ...(webhooks && { webhooks }),
      components: {
        securitySchemes: {
          key: {
            type: 'http',
            scheme: 'bearer',
            description:
              'An API key. `x-scope` says which scope an operation needs; `x-limited-keys` what it is to a key that is limited to units: `own` (their rows only), `everybody` (it tells of no unit), `refused`.',
          },
          password: { type: 'http', scheme: 'basic', description: 'The API key as the password, with any user name.' },
        },
        // Not in the types of the plugin, which copies components as they are.
        ...{ responses: problemResponses },
      },
    },
    refResolver: {
      buildLocalReference: (json, _baseUri, _fragment, i) => (typeof json.$id === 'string' ? json.$id : `schema-${i}`),
    },
    stripBasePath: false,
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => {
      const { scope, takes = [], basic = false, units } = route.config ?? {};
      const security = scope === 'public' ? [] : [{ key: [] }, ...(basic ? [{ password: [] }] : [])];
      const limits = scope === 'public' || scope === 'admin' ? {} : { 'x-limited-keys': units ?? 'refused' };
      return { schema: { ...schema, consumes: takes, security, 'x-scope': scope, ...limits }, url };
    },
    transformObject: (document) => completed('openapiObject' in document ? document.openapiObject : {}, bodiless),
  });
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: csp(public_url),
    uiConfig: { docExpansion: 'none', persistAuthorization: false, filter: true },
    theme: {
      title: 'Milemarker: the contract',
      // The bar of the plugin holds a logo that is not ours, and a field for the address of some other document.
      css: [{ filename: 'milemarker.css', content: '.swagger-ui .topbar { display: none }' }],
    },
  });
  let document: Buffer | undefined;
  app.get('/openapi.json', { config: { scope: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    document ??= Buffer.from(JSON.stringify(openapiOf(app)));
    return reply.type('application/json').send(document);
  });
}

/** The document of an app that is ready. */
export const openapiOf = (app: FastifyInstance): object => app.swagger();
