import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { Type } from 'typebox';
import { ApiError } from '../../src/errors.ts';
import { decodeCursor, encodeCursor } from '../../src/http/cursor.ts';
import { Cursor, closed, Limit, pageOf } from '../../src/http/schemas.ts';
import type { Server } from '../../src/http/server.ts';
import { described, trialServer } from './trial.ts';

const refused = (work: () => unknown) =>
  assert.throws(work, (error) => error instanceof ApiError && error.status === 400 && error.code === 'bad_cursor');

describe('cursors', () => {
  const values = fc.array(fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)));
  const query = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.array(fc.string()), fc.constant(undefined)));

  it('come back as they were, whatever the order of the query', () => {
    fc.assert(
      fc.property(values, query, (values, query) => {
        const token = encodeCursor('secret', { values, query });
        assert.match(token, /^[\w-]+\.[\w-]{22}$/);
        const turned = Object.fromEntries(Object.entries(query).reverse());
        assert.deepEqual(decodeCursor('secret', token, turned), values);
      }),
    );
  });

  it('are refused with another query or another secret', () => {
    const token = encodeCursor('secret', { values: [7, 'a'], query: { survey: 'nps', sort: 'id' } });
    for (const query of [
      {},
      { survey: 'nps' },
      { survey: 'csat', sort: 'id' },
      { survey: 'nps', sort: 'id', unit: 'a' },
    ])
      refused(() => decodeCursor('secret', token, query));
    refused(() => decodeCursor('other', token, { survey: 'nps', sort: 'id' }));
  });

  it('are refused with a single character changed, added or taken away', () => {
    const token = encodeCursor('secret', { values: [7, 'a'], query: {} });
    for (let at = 0; at < token.length; at++) {
      refused(() => decodeCursor('secret', token.slice(0, at) + token.slice(at + 1), {}));
      const other = token[at] === 'A' ? 'B' : 'A';
      // The last character of the signature has four bits that mean nothing.
      if (at < token.length - 1)
        refused(() => decodeCursor('secret', token.slice(0, at) + other + token.slice(at + 1), {}));
    }
    for (const forged of ['', '.', 'null', `${token}.x`, `${token}x`, 'W10.', `.${token}`])
      refused(() => decodeCursor('secret', forged, {}));
  });
});

describe('pages', () => {
  const numbers = Array.from({ length: 25 }, (_, i) => i + 1);
  const addRoutes = (app: Server) => {
    for (const path of ['/numbers', '/others/:of'])
      app.get(
        path,
        {
          config: { scope: 'public' },
          schema: {
            ...described(),
            params: Type.Unsafe<unknown>({}),
            querystring: closed({
              limit: Type.Optional(Limit),
              cursor: Type.Optional(Cursor),
              odd: Type.Optional(Type.Boolean({ default: false })),
              word: Type.Optional(Type.String()),
            }),
            response: { 200: pageOf(Type.Integer()) },
          },
        },
        async (request, reply) => {
          const { limit = 100, odd } = request.query;
          const [after = 0] = app.paging.start(request) ?? [];
          const rest = numbers.filter((n) => n > Number(after) && (!odd || n % 2 === 1));
          const data = rest.slice(0, limit);
          const last = data.at(-1);
          return {
            page: app.paging.next(request, reply, rest.length > limit && last !== undefined ? [last] : undefined),
            data,
          };
        },
      );
  };
  const server = (t: TestContext, public_url?: string) => trialServer(t, addRoutes, { public_url });

  it('lead from one to the next by `next`, by `cursor` and by Link, until the last', async (t) => {
    const app = await server(t);
    const seen: number[] = [];
    let url = '/numbers?odd=true&limit=5&word=a%20b%26c';
    for (let pages = 0; ; pages++) {
      const answer = await app.inject({ url, headers: { host: 'milemarker.test:4000' } });
      const { page, data } = answer.json();
      seen.push(...data);
      if (page.next === null) {
        assert.deepEqual([page.cursor, answer.headers.link, pages], [null, undefined, 2]);
        break;
      }
      assert.equal(answer.headers.link, `<${page.next}>; rel="next"`);
      const next = new URL(page.next);
      assert.equal(next.origin, 'http://milemarker.test:4000');
      assert.deepEqual(Object.fromEntries(next.searchParams), {
        odd: 'true',
        limit: '5',
        word: 'a b&c',
        cursor: page.cursor,
      });
      url = next.pathname + next.search;
    }
    assert.deepEqual(
      seen,
      numbers.filter((n) => n % 2 === 1),
    );
  });

  it('may have another length each', async (t) => {
    const app = await server(t);
    const { cursor } = (await app.inject('/numbers?limit=3')).json().page;
    const answer = await app.inject(`/numbers?limit=4&cursor=${cursor}`);
    assert.deepEqual(answer.json().data, [4, 5, 6, 7]);
    assert.equal((await app.inject(`/numbers?cursor=${cursor}`)).json().data.length, 22);
  });

  it('refuse the cursor of another filter, another list and another process', async (t) => {
    const app = await server(t);
    const { cursor } = (await app.inject('/numbers?limit=3')).json().page;
    const stranger = await trialServer(t, addRoutes, { cursor_secret: 'another' });
    const foreign = (await stranger.inject('/numbers?limit=3')).json().page.cursor;
    for (const url of [
      `/numbers?odd=true&cursor=${cursor}`,
      `/numbers?word=a&cursor=${cursor}`,
      `/others/a?cursor=${cursor}`,
      `/numbers?cursor=${foreign}`,
      '/numbers?cursor=WzNd.AAAAAAAAAAAAAAAAAAAAAA',
      `/numbers?cursor=${cursor}x`,
    ]) {
      const answer = await app.inject(url);
      assert.deepEqual([answer.statusCode, answer.json().code], [400, 'bad_cursor'], url);
    }
    assert.equal((await app.inject('/numbers?cursor=')).json().code, 'invalid_query');
  });

  it('are at the public address where there is one, and nowhere odd', async (t) => {
    const at = async (host: string, public_url?: string) =>
      (await (await server(t, public_url)).inject({ url: '/numbers?limit=3', headers: { host } })).json().page.next;
    assert.match(
      await at('inner:4000', 'https://example.com/milemarker'),
      /^https:\/\/example\.com\/milemarker\/numbers\?/,
    );
    assert.match(await at('[::1]:4000'), /^http:\/\/\[::1\]:4000\/numbers\?/);
    assert.match(await at('evil.test/"><script>'), /^\/numbers\?/);
  });
});
