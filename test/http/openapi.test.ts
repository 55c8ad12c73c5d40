import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Type } from 'typebox';
import { openapiOf } from '../../src/http/openapi.ts';
import { closed, Id, Instant, nullable, Problem, pageOf, ref } from '../../src/http/schemas.ts';
import type { Server } from '../../src/http/server.ts';
import { described, trialServer } from './trial.ts';

const Owner = Type.Object({ name: Type.String() }, { $id: 'TrialOwner' });
const Thing = Type.Object(
  {
    id: Id,
    owner: ref(Owner),
    gone_at: nullable(Instant),
    kind: nullable(Type.Enum(['a', 'b'])),
    was: Type.Literal('x'),
  },
  { $id: 'TrialItem', description: 'A thing.' },
);
const NewThing = closed({ id: Id }, { $id: 'NewTrialItem' });

const addRoutes = (app: Server) => {
  const tags = ['Things'];
  const params = closed({ id: Id });
  const thing = { id: 'a', owner: { name: 'b' }, gone_at: null, kind: null, was: 'x' as const };
  app.get(
    '/v1/things',
    {
      config: { scope: 'read' },
      schema: { operationId: 'listThings', summary: 'List', tags, response: { 200: pageOf(Thing) } },
    },
    async () => ({ page: { next: null, cursor: null }, data: [thing] }),
  );
  app.patch(
    '/v1/things/:id',
    {
      config: { scope: 'manage', basic: true },
      schema: {
        operationId: 'changeThing',
        summary: 'Change',
        tags,
        params,
        headers: Type.Object({ 'if-match': Type.Optional(Type.String()) }),
        body: ref(NewThing),
        response: { 200: ref(Thing), 409: ref(Problem) },
      },
    },
    async () => thing,
  );
  app.get(
    '/v1/open',
    {
      config: { scope: 'public' },
      schema: { operationId: 'getOpen', summary: 'Open', tags, response: { 204: Type.Null() } },
    },
    async (_request, reply) => reply.code(204).send(null),
  );
};

interface Document {
  openapi: string;
  servers: { url: string }[];
  paths: Record<string, Record<string, Record<string, unknown> & { responses: Record<string, unknown> }>>;
  components: { schemas: Record<string, Record<string, unknown>>; responses: Record<string, unknown> };
}
const documentOf = async (t: TestContext, public_url?: string) =>
  openapiOf(await trialServer(t, addRoutes, { public_url })) as unknown as Document;

describe('the OpenAPI document', () => {
  it('has every named schema once, as a component of that name', async (t) => {
    const { components, paths } = await documentOf(t);
    const names = ['FieldError', 'NewTrialItem', 'Page', 'Problem', 'TrialItem', 'TrialItemPage', 'TrialOwner'];
    assert.deepEqual(Object.keys(components.schemas).sort(), names);
    assert.deepEqual(paths['/v1/things']?.get?.responses['200'], {
      description: 'OK',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/TrialItemPage' } } },
    });
    assert.deepEqual(components.schemas.TrialItem?.properties, {
      id: { ...Id },
      owner: { $ref: '#/components/schemas/TrialOwner' },
      gone_at: { type: ['string', 'null'], format: 'date-time' },
      kind: { enum: ['a', 'b', null] },
      was: { type: 'string', const: 'x' },
    });
    assert.equal(components.schemas.NewTrialItem?.additionalProperties, false);
  });

  it('refers to nothing that it does not have', async (t) => {
    const document = await documentOf(t);
    const components: Record<string, object> = document.components;
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];
    assert.ok(references.length > 10);
    for (const [, kind = '', name = ''] of references) assert.ok(name in { ...components[kind] }, `${kind}/${name}`);
    assert.doesNotMatch(JSON.stringify(document), /"\$id"|def-\d|schema-\d/);
  });

  it('tells the scope of each operation and the problems that it can answer', async (t) => {
    const { paths } = await documentOf(t);
    const { get: list } = paths['/v1/things'] ?? {};
    const { patch } = paths['/v1/things/{id}'] ?? {};
    const { get: open } = paths['/v1/open'] ?? {};
    assert.ok(list && patch && open);
    assert.deepEqual([list['x-scope'], list.security], ['read', [{ key: [] }]]);
    assert.deepEqual([open['x-scope'], open.security], ['public', []]);
    assert.deepEqual(patch.security, [{ key: [] }, { password: [] }]);
    assert.deepEqual(Object.keys(list.responses), ['200', '400', '401', '403', '429', '500', '503']);
    assert.deepEqual(Object.keys(open.responses), ['204', '400', '500', '503']);
    const changing = ['200', '400', '401', '403', '404', '409', '412', '413', '415', '422', '428', '429', '500', '503'];
    assert.deepEqual(Object.keys(patch.responses), changing);
    assert.deepEqual(patch.responses['409'], { $ref: '#/components/responses/Conflict' });
    const { content } = patch.requestBody as { content: object };
    assert.deepEqual(Object.keys(content), ['application/merge-patch+json', 'application/json']);
  });

  it('is served, names the public address, and leaves the documentation itself out', async (t) => {
    const app = await trialServer(t, addRoutes, { public_url: 'https://example.com/mm' });
    const answer = await app.inject('/openapi.json');
    assert.match(String(answer.headers['content-type']), /^application\/json/);
    const document: Document = answer.json();
    assert.deepEqual([document.openapi, document.servers], ['3.1.0', [{ url: 'https://example.com/mm' }]]);
    assert.deepEqual(Object.keys(document.paths), ['/v1/things', '/v1/things/{id}', '/v1/open']);
    assert.deepEqual((await documentOf(t)).servers, [{ url: '/' }]);
  });

  it('is shown to browsers without anything from elsewhere', async (t) => {
    const page = await (await trialServer(t, addRoutes)).inject('/docs/');
    assert.equal(page.statusCode, 200);
    const csp = String(page.headers['content-security-policy']);
    assert.match(csp, /default-src 'none'.*script-src 'self';.*frame-ancestors 'none'/);
    assert.doesNotMatch(csp, /https?:|script-src[^;]*unsafe/);
    assert.doesNotMatch(page.body, /(src|href)="https?:|<script>/);
    // It is called ours, and shows no sign of what draws it.
    assert.match(page.body, /<title>Milemarker/);
    assert.match(page.body, /theme\/milemarker\.css/);
  });
});

describe('the boot', () => {
  const config = { scope: 'public' } as const;
  const response = { 200: closed({}) };
  const boot = (t: TestContext, schema: object) =>
    trialServer(t, (app) => app.get('/holes', { config, schema: schema as { summary: string } }, async () => ({})));

  it('stops at a route with a hole in its contract', async (t) => {
    const whole = { ...described(), response };
    for (const [lacking, says] of [
      ['operationId', /GET \/holes has no operationId/],
      ['summary', /no summary/],
      ['tags', /no tag/],
      ['response', /no response schema/],
    ] as const)
      await assert.rejects(boot(t, { ...whole, [lacking]: undefined }), says);
    await assert.rejects(boot(t, { ...whole, response: { 404: ref(Problem) } }), /no response schema/);
  });

  it('stops at two routes of one name, and at two schemas of one name', async (t) => {
    const schema = { ...described(), response };
    await assert.rejects(
      trialServer(t, (app) => {
        app.get('/a', { config, schema }, async () => ({}));
        app.get('/b', { config, schema }, async () => ({}));
      }),
      /Two routes have the operationId/,
    );
    assert.throws(
      () => ref(Type.Object({ other: Type.String() }, { $id: 'TrialOwner' })),
      /Two schemas are named 'TrialOwner'/,
    );
    assert.throws(() => ref(Type.String()), /with an \$id/);
  });
});
