import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { datasets } from '../../src/datasets/registry.ts';
import { openapiOf } from '../../src/http/openapi.ts';
import { verify } from '../../src/outcomes/verify.ts';
import { testApi } from '../support/api.ts';
import { fuzzWorld } from './fuzz-world.ts';
import { type Schema, valuesOf } from './schema-values.ts';

/** How many requests each operation gets; a bound on the time would leave some without any on a slow machine. */
const runs = Number(process.env.FUZZ_RUNS ?? 25);
const tomorrow = new Date(Date.now() + 86_400_000).toISOString();

interface Operation {
  operationId: string;
  parameters?: { in: string; name: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { headers?: object }>;
}

/** An operation, and where it is. */
interface Asked {
  operationId: string;
  method: string;
  path: string;
  operation: Operation;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** One request as it goes out. */
interface Sent {
  method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  payload?: string | Buffer;
}

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 19, arbitrary: fc.constant(undefined) }, arbitrary);

/** Texts that are no JSON, or JSON that no schema sees. */
const brokenBodies = fc.constantFrom(
  '',
  '{',
  'NaN',
  '[1e400]',
  '{"a":1e400}',
  '"\\u0000"',
  '["\\ud800"]',
  `${'['.repeat(40)}${']'.repeat(40)}`,
  '{"__proto__":1}',
  '\ufeff{}',
  'id,score\n"1,2',
  'id\n1\n',
  ';\n;',
  '\n\n\n',
);

test('no request makes the service fail, and every answer is what the contract says', async (t) => {
  const api = await testApi(t);
  const failures: unknown[] = [];
  api.app.addHook('onError', async (_request, _reply, error) => {
    failures.push(error);
  });
  const world = fuzzWorld(api);
  await api.app.ready();
  const document = openapiOf(api.app) as unknown as Document;
  const ajv = new Ajv({ strict: false });
  for (const [name, schema] of Object.entries(document.components.schemas))
    ajv.addSchema(schema, `#/components/schemas/${name}`);
  const isProblem = ajv.getSchema('#/components/schemas/Problem');
  assert.ok(isProblem);

  const known = datasets.flatMap(({ example }) => Object.values(example).filter((value) => typeof value === 'string'));
  const keysOf = (key: string) => datasets.flatMap((one) => (one.key === key ? [one.example[key]] : []));
  const {
    one,
    named: likely,
    near,
    nearly,
    odd,
  } = valuesOf(document.components.schemas, known, {
    id: keysOf('id'),
    key: [...keysOf('key'), 'answered_calls'],
    customer_id: ['C-1042', 'C-2001'],
    dataset: ['revenue-events'],
    survey: ['nps'],
    unit: ['store-12', 'north'],
    score: [0, 6.5, 9, 10],
    mile_marker: ['answered_calls'],
    period_start_on: ['2026-02-01'],
    standard_error: [null],
    n: [200, null],
    numerator: [0, 180],
    denominator: [200],
    metric: ['nps', null],
    filters: [{}, { survey: 'nps' }],
    amount: ['0', '12.50', 3],
    currency: ['EUR', 'USD', 'JPY'],
    to_currency: ['EUR'],
    time_zone: ['UTC', 'Asia/Tokyo', 'America/Los_Angeles'],
    windows_days: [[30, 180], [180]],
    window_days: [30, 180],
    predictors: ['nps', 'nps@delivery', 'nps@delivery,nps@call'],
    url: ['https://crm.example/hooks', 'https://10.0.0.1/', 'http://crm.example/'],
    from: ['2026-01-01'],
    to: ['2026-07-01'],
    resource: ['responses', 'goals', 'daily_scores', "customers('C-1042')"],
    columns: ['source', 'changed_at,source'],
    group_by: ['month', 'segment', 'unit,quarter', 'theme', 'year, channel', 'month,month', 'owner'],
    response_id: ['A-501'],
    due_at: [tomorrow],
    promised_for: [tomorrow],
    promise: ['Saturday'],
    moment: ['check-in'],
    behaviour: ['keep-your-word'],
    answer: ['Thank you', 'yes', null],
    asked_on: ['2026-03-04'],
    reviewed_on: ['2026-03-04'],
    next_review_on: ['2026-09-04', null],
    vision: [null],
    limit_amount: ['100'],
    value: ['80', null],
    'if-match': ['*', '"v1"', '"v2"'],
  });

  // The longest word, since a VisionCheck is no Vision.
  const parameters = (asked: Asked, place: string) => {
    const all = (asked.operation.parameters ?? []).filter((parameter) => parameter.in === place);
    const record = (from: typeof all, value: (name: string, schema: Schema) => fc.Arbitrary<unknown>) =>
      fc.record(Object.fromEntries(from.map(({ name, schema }) => [name, value(name, schema).map(String)])));
    const fitting = (name: string, schema: Schema) => {
      const there = place === 'path' ? world.inPath(asked, name) : undefined;
      return there === undefined ? likely(name, schema) : fc.constant(there);
    };
    const odder = (name: string, schema: Schema) => fc.oneof(fitting(name, schema), odd);
    // Many at once hardly ever go together. A cursor is good with its own query only.
    const needed = all.filter(({ required }) => required);
    const others = all.filter(({ required, name }) => !required && name !== 'cursor');
    const few = fc.subarray(others, { maxLength: Math.min(3, others.length) });
    const good = (place === 'header' ? fc.oneof({ weight: 3, arbitrary: fc.constant(others) }, few) : few).chain(
      (some) => record([...needed, ...some], fitting),
    );
    const any = fc.subarray(all).chain((some) => record(place === 'path' ? all : some, odder));
    return fc.oneof({ weight: 5, arbitrary: good }, any) as fc.Arbitrary<Record<string, string>>;
  };

  const rowOf = (schema: Schema): Schema => schema.anyOf?.find((branch) => branch.$ref) ?? schema;
  const plain = (value: unknown): string =>
    Array.isArray(value)
      ? value.map(plain).join('|')
      : typeof value === 'object'
        ? JSON.stringify(value ?? '')
        : String(value);
  const cell = (value: unknown) => `"${plain(value).replaceAll('"', '""')}"`;
  const csv = (rows: unknown[]) => {
    const objects = rows.map((row) =>
      typeof row === 'object' && row !== null ? (row as Record<string, unknown>) : { row },
    );
    const names = [...new Set(objects.flatMap((row) => Object.keys(row)))];
    return [
      names.map(cell),
      ...objects.map((row) => names.map((name) => (row[name] == null ? '' : cell(row[name])))),
    ].join('\n');
  };

  interface Body {
    type: string;
    payload: string;
    value?: unknown;
  }
  const bodies = ({ requestBody }: Operation): fc.Arbitrary<Body | undefined> => {
    if (!requestBody) return rarely(fc.constant({ type: 'application/json', payload: '{}' }));
    const types = Object.keys(requestBody.content);
    const schema = requestBody.content['application/json']?.schema ?? {};
    const row = fc.oneof({ weight: 4, arbitrary: one(rowOf(schema)) }, nearly(rowOf(schema)));
    const rows = fc.array(row, { maxLength: 4 });
    const whole = fc.oneof(
      { weight: 3, arbitrary: one(schema) },
      { weight: 3, arbitrary: near(schema) },
      row,
      nearly(schema),
      fc.jsonValue(),
    );
    const json = whole.map((value) => ({ type: 'application/json', payload: JSON.stringify(value), value }));
    const lines = rows.map((values) => values.map((value) => JSON.stringify(value)).join('\n'));
    const ndjson = lines.map((payload) => ({ type: 'application/x-ndjson', payload }));
    const table = rows.map((values) => ({ type: 'text/csv', payload: csv(values) }));
    const strange = fc.constantFrom('text/plain', 'application/json; charset=latin1', 'x', 'text/csv', ...types);
    return fc.oneof(
      { weight: 8, arbitrary: json },
      { weight: types.length > 2 ? 8 : 1, arbitrary: fc.oneof(ndjson, table) },
      { weight: 2, arbitrary: fc.record({ type: fc.constantFrom(...types), payload: brokenBodies }) },
      fc.record({ type: strange, payload: brokenBodies }),
      fc.constant(undefined),
    );
  };

  /** Makes the key in a path that of the body, as it must be. */
  const align = (inPath: Record<string, string>, value: unknown): Record<string, string> => {
    if (typeof value !== 'object' || value === null) return inPath;
    const row = value as Record<string, unknown>;
    const derived =
      'valid_on' in row
        ? `${row.from_currency}-${row.to_currency}-${row.valid_on}`
        : 'period_start_on' in row
          ? [row.mile_marker, row.period_start_on, ...(row.unit == null ? [] : [row.unit])].join(':')
          : undefined;
    return Object.fromEntries(
      Object.entries(inPath).map(([name, given]) => {
        const own = derived ?? row[name];
        return [name, typeof own === 'string' ? own : given];
      }),
    );
  };

  const requests = (asked: Asked): fc.Arbitrary<Sent> =>
    fc
      .record({
        inPath: parameters(asked, 'path'),
        inQuery: parameters(asked, 'query'),
        extra: rarely(fc.tuple(odd, odd)),
        inHeader: parameters(asked, 'header'),
        body: bodies(asked.operation),
        aligned: fc.boolean(),
      })
      .map(({ inPath, inQuery, extra, inHeader, body, aligned }) => {
        const query = new URLSearchParams(inQuery);
        if (extra) query.append(...extra);
        const keys = aligned ? align(inPath, body?.value) : inPath;
        const headers = Object.entries(inHeader).filter(([, value]) => /^[\x20-\x7e]*$/.test(value));
        return {
          method: asked.method.toUpperCase() as Sent['method'],
          url: `${asked.path.replace(/{(\w+)}/g, (_, name) => encodeURIComponent(keys[name] ?? ''))}?${query}`,
          headers: {
            authorization: `Bearer ${api.key}`,
            ...Object.fromEntries(headers),
            ...(body && { 'content-type': body.type }),
          },
          ...(body && { payload: body.payload }),
        };
      });

  const check = async (sent: Sent, operation: Operation) => {
    failures.length = 0;
    const answer = await api.app.inject(sent);
    const { statusCode: status, headers, body } = answer;
    const told = () =>
      `${status} ${body.slice(0, 1000)}\n${failures.map((error) => (error instanceof Error ? `${error.stack} ${error.cause}` : error))}`;
    const ownErrors = '4XX' in operation.responses;
    assert.ok(status < 500 || (ownErrors && status === 501), told());
    // A path whose last part is empty is another path.
    const otherPath = status === 405 || (status === 404 && body.includes('no_such_path')) || status === 414;
    assert.ok(
      otherPath || ownErrors || String(status) in operation.responses,
      `${status} is not in the contract: ${told()}`,
    );
    if (status < 300) {
      const promised = operation.responses[String(status)]?.headers ?? {};
      for (const name of ['ETag', 'Location'])
        if (name in promised) assert.ok(name.toLowerCase() in headers, `no ${name} of ${sent.method} ${sent.url}`);
    }
    if (status < 400) return status;
    if (ownErrors && !otherPath) {
      assert.equal(headers['content-type'], 'application/json;odata.metadata=minimal', told());
      assert.ok(JSON.parse(body).error.message.length > 10, told());
      return status;
    }
    assert.equal(headers['content-type'], 'application/problem+json', told());
    const problem = JSON.parse(body);
    assert.ok(isProblem(problem), told());
    assert.equal(problem.request_id, headers['x-request-id']);
    assert.equal(problem.status, status);
    assert.ok(problem.detail.length > 10 && !/select |insert |\bat .*\.ts:/.test(problem.detail), told());
    return status;
  };

  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]): Asked => ({ operationId: operation.operationId, method, path, operation }),
    ),
  );
  assert.ok(operations.length > 60);
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_000);
  t.diagnostic(`FUZZ_SEED=${seed}`);
  const accepted = new Set<string>();
  const sums = { requests: 0, accepted: 0 };
  for (const [at, asked] of operations.entries()) {
    const { operation } = asked;
    await world.restore(['Asia/Tokyo', 'America/Los_Angeles', 'UTC'][at % 3] ?? 'UTC');
    await fc.assert(
      fc.asyncProperty(requests(asked), async (sent) => {
        sums.requests++;
        if ((await check(sent, operation)) >= 400) return;
        sums.accepted++;
        accepted.add(operation.operationId);
      }),
      {
        seed: seed + at,
        numRuns: runs,
        includeErrorInReport: true,
      },
    );
    world.tried(asked);
  }
  t.diagnostic(JSON.stringify(sums));
  t.diagnostic(
    `never accepted: ${operations.flatMap(({ operation: { operationId: id } }) => (accepted.has(id) ? [] : [id])).join(' ')}`,
  );
  // Requests that are all refused would prove little.
  assert.ok(accepted.size > operations.length * 0.9 && sums.accepted > sums.requests * 0.3);
  assert.ok((await verify(api.db)).every(({ differences }) => differences === 0));
});
