import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Type } from 'typebox';
import { ApiError } from '../../src/errors.ts';
import { parseJson } from '../../src/http/json-parser.ts';
import { closed } from '../../src/http/schemas.ts';
import { described, trialServer } from './trial.ts';

const parse = (text: string) => parseJson(Buffer.from(text));

function refused(body: string | Buffer, code: string, says?: RegExp) {
  assert.throws(
    () => parseJson(Buffer.from(body as string)),
    (error) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.status, error.code], [400, code]);
      if (says) assert.match(error.message, says);
      return true;
    },
  );
}

describe('reading JSON', () => {
  it('gives what JSON.parse gives for any JSON', () => {
    const values = fc.jsonValue({ maxDepth: 5 }).map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(values, (text) => {
        fc.pre(!/__proto__|constructor|\\u/.test(text));
        assert.deepEqual(parse(text), JSON.parse(text));
      }),
    );
  });

  it('reads texts beyond ASCII, written out and as escapes', () => {
    assert.deepEqual(parse('{"a":"Größe 😀","b":"Gr\\u00f6\\u00dfe \\ud83d\\ude00"}'), {
      a: 'Größe 😀',
      b: 'Größe 😀',
    });
  });

  it('drops a byte order mark', () => assert.deepEqual(parse('\ufeff{"a":1}'), { a: 1 }));

  it('refuses an empty body', () => {
    for (const body of ['', '  \n', '\ufeff']) refused(body, 'empty_body');
  });

  it('refuses what is not UTF-8', () => {
    refused(Buffer.from('{"a":"Größe"}', 'latin1'), 'not_utf8');
    refused(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'not_utf8'); // U+D800 encoded as if it were a character.
    refused(Buffer.from('{"a":1}', 'utf16le'), 'not_json');
  });

  it('takes 32 levels and refuses 33, of lists, of objects and of both', () => {
    const lists = (n: number) => '['.repeat(n) + ']'.repeat(n);
    const objects = (n: number) => `${'{"a":'.repeat(n - 1)}{}${'}'.repeat(n - 1)}`;
    const both = (n: number) => `[${lists(n - 2)},${objects(n - 1)}]`;
    for (const nested of [lists, objects, both]) {
      assert.doesNotThrow(() => parse(nested(32)));
      refused(nested(33), 'too_deep', /32 levels/);
    }
    refused(`{"rows":[{"a":1},{"a":2,"b":${lists(31)}}]}`, 'too_deep');
  });

  it('survives a million levels', () => {
    refused('['.repeat(1_000_000), 'not_json', /ends too early/);
    refused('['.repeat(500_000) + ']'.repeat(500_000), 'too_deep');
  });

  it('refuses names that could poison a prototype, however they are written', () => {
    refused('{"__proto__":{"admin":true}}', 'forbidden_name', /__proto__/);
    refused('{"\\u005f_proto__":1}', 'forbidden_name');
    refused('[{"a":{"b":[{"__proto__":null}]}}]', 'forbidden_name');
    refused('{"constructor":{"prototype":{"admin":true}}}', 'forbidden_name', /constructor/);
    assert.deepEqual(parse('{"constructor":"Ada","name":"__proto__"}'), { constructor: 'Ada', name: '__proto__' });
  });

  it('refuses U+0000 and halves of surrogate pairs, in values and in names', () => {
    for (const text of [
      '"\\u0000"',
      '["a","b\\u0000"]',
      '{"a\\u0000":1}',
      '{"a":"\\ud83d"}',
      '{"a":["\\uDE00\\uD83D"]}',
    ])
      refused(text, 'unstorable_text');
    refused('"\0"', 'not_json'); // Bare control characters are not JSON.
    assert.equal(parse('"\\\\u0000"'), '\\u0000'); // A backslash and the letters, which is fine.
  });

  it('says where a body stops being JSON', () => {
    const faults: [string, RegExp][] = [
      ['{"a":NaN}', /NaN is no JSON value.* at line 1, column 6/],
      ['{"a":1,\n "b": Infinity}', /Infinity is no JSON value.* at line 2, column 7/],
      ['{"a":1,}', /unexpected "}" at line 1, column 8/],
      ['[1,2,]', /unexpected "\]" at line 1, column 6/],
      ["{'a':1}", /use "\) at line 1, column 2/],
      ['{"a":1', /ends too early at line 1, column 7/],
      ['{"a" 1}', /line 1, column 6/],
      ['{"a":1} x', /unexpected "x" at line 1, column 9/],
      ['{"a":"b\nc"}', /at line 1, column 6/],
      ['[1 2]', /line 1, column 4/],
      ['[01]', /line 1, column 3/],
    ];
    for (const [body, says] of faults) refused(body, 'not_json', says);
  });

  it('finds the fault in a body of ten megabytes of text', () => {
    refused(`{"a":"${'x'.repeat(10_000_000)}`, 'not_json');
    refused(`{"a":"${'x'.repeat(10_000_000)}","b":NaN}`, 'not_json', /NaN/);
  });
});

describe('bodies of requests', async () => {
  const route = { config: { scope: 'public' } as const };
  const body = closed({ a: Type.Optional(Type.Number({ maximum: 1e9 })) });
  const server = (t: Parameters<typeof trialServer>[0]) =>
    trialServer(t, (app) => {
      const ok = closed({ a: Type.Optional(Type.Number()) });
      app.post(
        '/rows',
        { ...route, schema: { ...described(), body, response: { 200: ok } } },
        async (request) => request.body,
      );
      app.patch(
        '/rows',
        { ...route, schema: { ...described(), body, response: { 200: ok } } },
        async (request) => request.body,
      );
      app.post('/deed', { ...route, schema: { ...described(), response: { 200: closed({}) } } }, async () => ({}));
    });

  it('are taken as JSON, and for PATCH as merge patches', async (t) => {
    const app = await server(t);
    const send = (method: 'POST' | 'PATCH', type: string) =>
      app.inject({ method, url: '/rows', headers: { 'content-type': type }, payload: '{"a":1}' });
    for (const type of ['application/json', 'Application/JSON; charset=UTF-8', 'application/json;charset="utf-8"'])
      assert.deepEqual((await send('POST', type)).json(), { a: 1 });
    assert.deepEqual((await send('PATCH', 'application/merge-patch+json')).json(), { a: 1 });
  });

  it('are refused in another type, charset or encoding, with the types that are taken', async (t) => {
    const app = await server(t);
    const send = async (headers: Record<string, string>) => {
      const answer = await app.inject({ method: 'POST', url: '/rows', headers, payload: '{"a":1}' });
      return { status: answer.statusCode, ...answer.json(), headers: answer.headers };
    };
    for (const type of ['text/plain', 'text/csv', 'application/merge-patch+json', 'application/jsonx', 'nonsense']) {
      const { status, code, detail, headers } = await send({ 'content-type': type });
      assert.deepEqual([status, code], [415, 'type_not_taken'], type);
      assert.match(detail, /application\/json/);
      assert.equal(headers.accept, 'application/json');
    }
    assert.equal((await send({})).code, 'type_not_taken');
    assert.equal((await send({ 'content-type': 'application/json; charset=latin1' })).code, 'charset_not_taken');
    const zipped = await send({ 'content-type': 'application/json', 'content-encoding': 'gzip' });
    assert.deepEqual(
      [zipped.status, zipped.code, zipped.headers['accept-encoding']],
      [415, 'encoding_not_taken', 'identity'],
    );
  });

  it('are refused when they are missing, or sent where none is taken', async (t) => {
    const app = await server(t);
    const json = { 'content-type': 'application/json' };
    assert.equal((await app.inject({ method: 'POST', url: '/rows' })).json().code, 'empty_body');
    assert.equal((await app.inject({ method: 'POST', url: '/rows', headers: json })).json().code, 'empty_body');
    const unasked = await app.inject({ method: 'POST', url: '/deed', headers: json, payload: '{"a":1}' });
    assert.deepEqual([unasked.statusCode, unasked.json().code], [400, 'no_body_taken']);
    assert.equal((await app.inject({ method: 'POST', url: '/deed', headers: json })).statusCode, 200);
  });

  it('hold no number that is too large for one', async (t) => {
    const app = await server(t);
    const answer = await app.inject({
      method: 'POST',
      url: '/rows',
      headers: { 'content-type': 'application/json' },
      payload: '{"a":1e400}',
    });
    assert.equal(answer.statusCode, 422);
    assert.match(answer.json().detail, /too large for a number/);
  });
});
