import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Type } from 'typebox';
import {
  CalendarDate,
  Currency,
  closed,
  Decimal,
  Id,
  Key,
  Limit,
  nullable,
  ref,
  Timestamp,
  Uuid,
} from '../../src/http/schemas.ts';
import type { Server } from '../../src/http/server.ts';
import { checkedByRoute, compileBody } from '../../src/http/validation.ts';
import { described, trialServer } from './trial.ts';

const Row = closed({
  id: Id,
  customer_id: Type.Optional(nullable(Id)),
  score: Type.Integer({ minimum: 0, maximum: 10 }),
  kind: Type.Optional(Type.Enum(['recurring', 'one_time', 'refund'])),
  amount: Type.Optional(nullable(Type.Union([Decimal, Type.Number({ minimum: -1e15, maximum: 1e15 })]))),
  currency: Type.Optional(Currency),
  unit: Type.Optional(Key),
  themes: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { maxItems: 3, uniqueItems: true })),
  attributes: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()]))),
  answered_at: Type.Optional(Timestamp),
  rated_on: Type.Optional(CalendarDate),
  batch: Type.Optional(Uuid),
});
const check = compileBody(Row);
const good = { id: 'A-1', score: 9 };

describe('the check of a row', () => {
  it('takes a good row and leaves it as it is', () => {
    const row = {
      ...good,
      customer_id: null,
      kind: 'refund',
      amount: '-12.50',
      currency: 'EUR',
      unit: 'store-12',
      themes: ['delivery', 'staff'],
      attributes: { plan: 'team', seats: 3, 'any name/at~all': null },
      answered_at: '2026-03-01T10:30:00+01:00',
      rated_on: '2026-03-01',
      batch: '0197a3c8-5b1e-7cc4-9d3a-2f1b6f0d8e11',
    };
    const before = structuredClone(row);
    assert.equal(check(row), null);
    assert.deepEqual(row, before);
    for (const amount of [12.5, 0, null, '12', '0.5']) assert.equal(check({ ...good, amount }), null);
  });

  const cases: [what: string, row: unknown, pointer: string, code: string, says: RegExp][] = [
    ['a field that is missing', { id: 'A-1' }, '/score', 'required', /'score' is missing/],
    ['an unknown field', { ...good, foo: 1 }, '/foo', 'unknown_field', /no 'foo' here\. Known here: id, customer_id/],
    ['a slip in a name', { ...good, custmer_id: 'C' }, '/custmer_id', 'unknown_field', /Did you mean 'customer_id'/],
    [
      'another way of writing names',
      { ...good, customerId: 'C' },
      '/customerId',
      'unknown_field',
      /mean 'customer_id'/,
    ],
    ['a name with a slash', { ...good, 'a/b~c': 1 }, '/a~1b~0c', 'unknown_field', /no 'a\/b~c'/],
    ['a text for a number', { ...good, score: '9' }, '/score', 'wrong_type', /a whole number; it is a text/],
    [
      'a fraction for a whole number',
      { ...good, score: 9.5 },
      '/score',
      'wrong_type',
      /a whole number; it is a number/,
    ],
    ['null where it is not taken', { ...good, score: null }, '/score', 'wrong_type', /it is null/],
    ['true for a number', { ...good, score: true }, '/score', 'wrong_type', /it is true or false/],
    ['a number for a text', { ...good, id: 7 }, '/id', 'wrong_type', /without control characters; it is a number/],
    ['a number off its scale', { ...good, score: 11 }, '/score', 'too_large', /at most 10/],
    ['a number below its scale', { ...good, score: -1 }, '/score', 'too_small', /at least 0/],
    ['an empty id', { ...good, id: '' }, '/id', 'too_short', /at least 1 character\./],
    ['an id that is too long', { ...good, id: 'x'.repeat(129) }, '/id', 'too_long', /at most 128 characters/],
    ['an id that addresses cannot hold', { ...good, id: '..' }, '/id', 'bad_format', /other than '\.' and '\.\.'/],
    ['an id with a control character', { ...good, id: 'a\tb' }, '/id', 'bad_format', /without control characters/],
    ['a key in capitals', { ...good, unit: 'Store 12' }, '/unit', 'bad_format', /lower-case letters/],
    [
      'a word that is not in the list',
      { ...good, kind: 'refnd' },
      '/kind',
      'not_allowed',
      /'refund'\. Did you mean 'refund'/,
    ],
    ['a currency in small letters', { ...good, currency: 'eur' }, '/currency', 'bad_format', /three capital letters/],
    [
      'an amount that is no number',
      { ...good, amount: '12,50' },
      '/amount',
      'bad_format',
      /a decimal number in a string/,
    ],
    [
      'an amount of another type',
      { ...good, amount: [1] },
      '/amount',
      'no_match',
      /decimal number .* or a number or null/,
    ],
    ['an amount that is too large', { ...good, amount: 1e16 }, '/amount', 'too_large', /at most 1000000000000000/],
    [
      'an endless number',
      { ...good, amount: Number.POSITIVE_INFINITY },
      '/amount',
      'no_match',
      /it is too large for a number/,
    ],
    [
      'a day that does not exist',
      { ...good, rated_on: '2026-02-30' },
      '/rated_on',
      'bad_format',
      /a day of the calendar/,
    ],
    [
      'a moment that does not exist',
      { ...good, answered_at: '2026-02-30T09:00:00Z' },
      '/answered_at',
      'bad_format',
      /exists/,
    ],
    ['a bad UUID', { ...good, batch: '1' }, '/batch', 'bad_format', /a UUID/],
    ['a list that is too long', { ...good, themes: ['a', 'b', 'c', 'd'] }, '/themes', 'too_many', /at most 3 items/],
    ['a list with the same twice', { ...good, themes: ['a', 'b', 'a'] }, '/themes', 'duplicate', /Items 0 and 2/],
    ['a wrong item of a list', { ...good, themes: ['a', ''] }, '/themes/1', 'too_short', /at least 1/],
    [
      'a wrong value in a map',
      { ...good, attributes: { a: {} } },
      '/attributes/a',
      'no_match',
      /a text or a number or null/,
    ],
    ['a row that is no object', [good], '', 'wrong_type', /an object; it is a list/],
    ['nothing', null, '', 'wrong_type', /an object; it is null/],
    [
      'the name of a prototype',
      JSON.parse('{"id":"a","score":1,"__proto__":{}}'),
      '/__proto__',
      'unknown_field',
      /__proto__/,
    ],
  ];
  for (const [what, row, pointer, code, says] of cases)
    it(`names ${what}`, () => {
      const [error, ...more] = check(row) ?? [];
      assert.deepEqual([error?.pointer, error?.code, more], [pointer, code, []]);
      assert.match(error?.detail ?? '', says);
    });

  it('names all that is wrong, at most 100 things', () => {
    const pointers = (row: unknown) => (check(row) ?? []).map(({ pointer }) => pointer);
    assert.deepEqual(pointers({ id: '', scor: 1, kind: 'x' }).sort(), ['/id', '/kind', '/scor', '/score']);
    const unknown = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, i]));
    assert.equal(check({ ...good, ...unknown })?.length, 100);
  });

  it('names the first of very many things without looking for the others', () => {
    const rows = compileBody(Type.Array(Row));
    assert.equal(rows(Array.from({ length: 20_000 }, () => 1))?.length, 1);
  });

  it('fills in defaults and refuses beside them what it would refuse without', () => {
    const withDefault = compileBody(closed({ grace_hours: Type.Optional(Type.Integer({ default: 24 })) }));
    const body = {};
    assert.equal(withDefault(body), null);
    assert.deepEqual(body, { grace_hours: 24 });
    assert.equal(withDefault({ grace_hours: null })?.[0]?.code, 'wrong_type');
  });

  it('knows named schemas within named ones', () => {
    const Inner = closed({ a: Type.Integer() }, { $id: 'TrialInner' });
    const Outer = closed({ inner: Type.Array(ref(Inner)) }, { $id: 'TrialOuter' });
    for (const schema of [ref(Outer), Outer]) {
      assert.equal(compileBody(schema)({ inner: [{ a: 1 }] }), null);
      assert.equal(compileBody(schema)({ inner: [{ a: 1 }, { a: 'x' }] })?.[0]?.pointer, '/inner/1/a');
    }
  });
});

describe('the check of an address', () => {
  const addRoutes = (app: Server) => {
    const query = {
      limit: Type.Optional(Limit),
      survey: Type.Optional(Id),
      exact: Type.Optional(Type.Boolean()),
      from: Type.Optional(Type.String({ format: 'date-or-time' })),
      group_by: Type.Optional(Type.Array(Type.Enum(['segment', 'month']), { maxItems: 2, uniqueItems: true })),
    };
    const answer = Type.Object({ id: Type.String(), query: Type.Unknown() });
    const config = { scope: 'public' } as const;
    const schema = () => ({ ...described(), params: closed({ id: Id }), response: { 200: answer } });
    app.get(
      '/with/:id',
      { config, schema: { ...schema(), querystring: closed(query) } },
      async ({ params, query }) => ({
        id: params.id,
        query,
      }),
    );
    app.get('/without/:id', { config, schema: schema() }, async ({ params, query }) => ({ id: params.id, query }));
  };
  const ask = async (t: TestContext, url: string) => {
    const answer = await (await trialServer(t, addRoutes)).inject(url);
    return { status: answer.statusCode, ...answer.json() };
  };

  it('reads numbers, words and lists, and fills in defaults', async (t) => {
    assert.deepEqual((await ask(t, '/with/a?exact=true&group_by=segment')).query, {
      limit: 100,
      exact: true,
      group_by: ['segment'],
    });
    assert.deepEqual((await ask(t, '/with/a?limit=7&group_by=segment&group_by=month&survey=7')).query, {
      limit: 7,
      survey: '7',
      group_by: ['segment', 'month'],
    });
  });

  const wrong: [string, string, string, RegExp][] = [
    ['/with/a?limt=7', 'limt', 'unknown_parameter', /Did you mean 'limit'/],
    ['/without/a?limit=7', 'limit', 'unknown_parameter', /no 'limit' here/],
    ['/with/a?limit=0', 'limit', 'too_small', /at least 1/],
    ['/with/a?limit=1001', 'limit', 'too_large', /at most 1000/],
    ['/with/a?limit=', 'limit', 'wrong_type', /a whole number/],
    ['/with/a?limit=ten', 'limit', 'wrong_type', /a whole number/],
    ['/with/a?limit=1e400', 'limit', 'too_large', /too large for a number/],
    ['/with/a?limit=5&limit=6', 'limit', 'duplicate', /Given 2 times/],
    ['/with/a?survey=a&survey=b', 'survey', 'duplicate', /give it once/],
    ['/with/a?exact=maybe', 'exact', 'wrong_type', /true or false/],
    ['/with/a?group_by=segment&group_by=year', 'group_by', 'not_allowed', /'segment', 'month'/],
    ['/with/a?from=2026-01-02T03:04:05+02:00', 'from', 'bad_format', /a plus is written as %2B/],
    ['/with/a?survey=a%00b', 'survey', 'bad_format', /control characters/],
    ['/with/a?__proto__=1', '__proto__', 'unknown_parameter', /__proto__/],
  ];
  for (const [url, pointer, code, says] of wrong)
    it(`refuses ${url}`, async (t) => {
      const problem = await ask(t, url);
      assert.deepEqual([problem.status, problem.code, problem.errors.length], [400, 'invalid_query', 1]);
      assert.deepEqual([problem.errors[0].pointer, problem.errors[0].code], [pointer, code]);
      assert.match(problem.errors[0].detail, says);
    });

  it('reads ids of any signs from the path, and refuses control characters and overlong ones', async (t) => {
    const id = `${'😀'.repeat(120)}/ä ?#`;
    assert.equal((await ask(t, `/with/${encodeURIComponent(id)}`)).id, id);
    assert.deepEqual((await ask(t, '/with/a%00b')).errors[0].pointer, 'id');
    assert.equal((await ask(t, `/with/${'x'.repeat(129)}`)).code, 'invalid_path');
    assert.equal((await ask(t, `/with/${'x'.repeat(2000)}`)).status, 414);
    for (const url of ['/with/%ff', '/with/a?survey=%ff', '/with/a?survey=50%', '/with/a?%zz=1'])
      assert.deepEqual([(await ask(t, url)).code, url], ['bad_url', url]);
    for (const id of ['...', '.a', '..a', 'a.', '.\u00e9'])
      assert.equal((await ask(t, `/with/${encodeURIComponent(id)}`)).id, id);
  });
});

describe('the boot', () => {
  const config = { scope: 'public' } as const;
  const response = { 200: closed({}) };
  const boot = (t: TestContext, addRoutes: (app: Server) => void) => trialServer(t, addRoutes);

  it('stops at a body or a query that would let unknown fields pass', async (t) => {
    const open = Type.Object({ rows: Type.Array(Type.Object({ a: Type.Integer() })) }, { additionalProperties: false });
    await assert.rejects(
      boot(t, (app) => app.post('/a', { config, schema: { ...described(), body: open, response } }, async () => ({}))),
      /POST \/a: the body takes unknown fields at \/properties\/rows\/items/,
    );
    const query = Type.Object({ a: Type.String() });
    await assert.rejects(
      boot(t, (app) =>
        app.get('/a', { config, schema: { ...described(), querystring: query, response } }, async () => ({})),
      ),
      /GET \/a: the querystring takes unknown fields/,
    );
  });

  it('lets a route check its body itself', async (t) => {
    const body = checkedByRoute(Type.Object({ a: Type.Integer() }));
    const app = await boot(t, (app) =>
      app.post('/a', { config, schema: { ...described(), body, response } }, async ({ body }) => {
        assert.deepEqual(body, { b: 1 });
        return {};
      }),
    );
    assert.equal((await app.inject({ method: 'POST', url: '/a', payload: { b: 1 } })).statusCode, 200);
  });

  it('checks a route of a scope in which a named schema is used for the first time', async (t) => {
    const named = closed({ a: Type.Integer() });
    const body = ref(Type.Object(named.properties, { $id: 'FirstUsedInAScope', additionalProperties: false }));
    const app = await boot(t, (app) =>
      app.register((scope, _options, done) => {
        scope.post('/a', { config, schema: { ...described(), body, response } }, async () => ({}));
        done();
      }),
    );
    const statusOf = async (payload: object) => (await app.inject({ method: 'POST', url: '/a', payload })).statusCode;
    assert.deepEqual(
      [await statusOf({ a: 1 }), await statusOf({ a: '1' }), await statusOf({ a: 1, b: 2 })],
      [200, 422, 422],
    );
  });
});
