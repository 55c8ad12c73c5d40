import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { type Api, testApi } from '../support/api.ts';
import { forward, listen, startFront } from './proxy.ts';

/** 2,400 responses, one every six hours from 2024 on. */
const answers = 2_400;
async function fill(api: Api): Promise<void> {
  await api.facts('surveys', [{ key: 'nps', name: 'NPS', kind: 'nps' }]);
  await api.facts(
    'responses',
    Array.from({ length: answers }, (_, n) => ({
      id: `A-${String(n).padStart(4, '0')}`,
      customer_id: `C-${n % 300}`,
      survey: 'nps',
      score: n % 11,
      answered_at: new Date(Date.UTC(2024, 0, 1) + n * 6 * 3_600_000).toISOString(),
    })),
  );
}

const passwordOf = (api: Api) => `Basic ${Buffer.from(`anybody:${api.key}`).toString('base64')}`;

/** What Power Query sends, byte for byte. */
const powerQuery = (path: string, host: string, authorization: string) =>
  [
    `GET ${path} HTTP/1.1`,
    'MaxDataServiceVersion: 3.0',
    'OData-MaxVersion: 4.0',
    'Accept: application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7',
    'User-Agent: Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)',
    'Accept-Encoding: gzip, deflate',
    `Authorization: ${authorization}`,
    `Host: ${host}`,
    'Connection: close',
    '',
    '',
  ].join('\r\n');

/** Sends bytes and reads all that comes back. */
async function exchange(port: number, request: string): Promise<{ head: string[]; body: string }> {
  const socket = net.connect(port, '127.0.0.1');
  socket.write(request);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  const answer = Buffer.concat(chunks).toString();
  const end = answer.indexOf('\r\n\r\n');
  return { head: answer.slice(0, end).split('\r\n'), body: answer.slice(end + 4) };
}

test('OData on the wire', async (t) => {
  const api = await testApi(t, { config: { public_url: undefined } });
  await fill(api);
  const port = await listen(api.app);
  const host = `127.0.0.1:${port}`;
  const replay = (path: string, authorization = passwordOf(api)) =>
    exchange(port, powerQuery(path, host, authorization));

  /** The head of an answer of this type and length: nothing else is sent, in these bytes. */
  const headOf = (status: string, type: string, body: string, more: string[] = []) => [
    `HTTP/1.1 ${status}`,
    'x-content-type-options: nosniff',
    'cache-control: no-store',
    ...more,
    'odata-version: 4.0',
    `content-type: ${type}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  /** Without what differs from one answer to the next. */
  const lasting = (head: string[]) => head.filter((line) => !/^(date|x-request-id): /i.test(line));
  const json = 'application/json;odata.metadata=minimal';

  await t.test('answers what Power Query sends with the same bytes each time', async () => {
    const base = `http://${host}/odata/v1`;
    const root = await replay('/odata/v1');
    assert.deepEqual(lasting(root.head), headOf('200 OK', json, root.body));
    assert.ok(
      root.body.startsWith(`{"@odata.context":"${base}/$metadata","value":[{"name":"units","kind":"EntitySet"`),
    );
    const model = await replay('/odata/v1/$metadata');
    assert.deepEqual(lasting(model.head), headOf('200 OK', 'application/xml', model.body));
    assert.match(model.body, /^<\?xml version="1.0" encoding="utf-8"\?>\n<edmx:Edmx [^>]+ Version="4.0">/);
    const sample = await replay('/odata/v1/responses?$top=1000');
    assert.deepEqual(lasting(sample.head), headOf('200 OK', json, sample.body));
    assert.equal(JSON.parse(sample.body).value.length, 1_000);
    const pull = await replay('/odata/v1/responses');
    assert.deepEqual(lasting(pull.head), headOf('200 OK', json, pull.body));
    assert.equal(JSON.parse(pull.body).value.length, answers);
    const refused = await replay('/odata/v1/responses?$expand=customer');
    assert.deepEqual(
      [refused.head[0], JSON.parse(refused.body).error.code],
      ['HTTP/1.1 501 Not Implemented', 'not_supported'],
    );
    for (const { head } of [root, model, sample, pull, refused])
      assert.equal(head.filter((line) => /^odata-version:/i.test(line)).length, 1);
  });

  await t.test('asks for the key with a challenge that makes tools ask for a password, in OData form', async () => {
    const { head, body } = await replay('/odata/v1/', 'Basic bm9ib2R5Om5vdGhpbmc=');
    assert.equal(head[0], 'HTTP/1.1 401 Unauthorized');
    const lines = head.map((line) => line.toLowerCase());
    assert.ok(lines.includes(`content-type: ${json}`), lines.join());
    assert.equal(lines.filter((line) => line === 'odata-version: 4.0').length, 1);
    assert.equal(lines.filter((line) => line.startsWith('www-authenticate: basic realm="milemarker"')).length, 1);
    assert.equal(JSON.parse(body).error.code, 'key_unknown');
  });

  await t.test('refuses what is too large sooner than it answers a page', async () => {
    const seconds = async (path: string, status: number, says = /./) => {
      const times: number[] = [];
      for (let at = 0; at < 5; at++) {
        const begun = performance.now();
        const { head, body } = await replay(path);
        times.push(performance.now() - begun);
        assert.ok(head[0]?.startsWith(`HTTP/1.1 ${status}`), `${head[0]} ${body.slice(0, 300)}`);
        assert.match(body, says);
      }
      return Math.min(...times);
    };
    const page = await seconds('/odata/v1/responses', 200);
    const long = `id eq '${'x'.repeat(3_993)}'`;
    // 50 comparisons of three parts each and 49 times `or` are 199 parts; each `not` is one more.
    const fifty = ' or score eq 1'.repeat(49);
    await seconds(`/odata/v1/responses?$top=1&$filter=${encodeURIComponent(`not (score eq 1)${fifty}`)}`, 200);
    const large: [string, RegExp][] = [
      [long, /a filter has at most 4000 characters; this one has 4001/],
      [`${'('.repeat(33)}score eq 1${')'.repeat(33)}`, /nested at most 32 levels/],
      [`not (not (score eq 1))${fifty}`, /at most 200 parts/],
    ];
    assert.equal(long.length, 4_001);
    for (const [filter, says] of large) {
      const took = await seconds(`/odata/v1/responses?$filter=${encodeURIComponent(filter)}`, 400, says);
      assert.ok(took < page, `${took.toFixed(1)} ms; a page of ${answers} rows takes ${page.toFixed(1)} ms`);
    }
  });
});

test('Pages are walked behind a proxy with another host name', async (t) => {
  const seen: string[] = [];
  let port = 0;
  // Takes the prefix away, as many do.
  const front = await startFront(t, (request, reply) => {
    seen.push(request.url ?? '');
    forward(request, reply, { port, path: (request.url ?? '').replace(/^\/insights/, '') });
  });
  const outer = `http://localhost:${front}/insights`;
  const api = await testApi(t, { config: { public_url: outer } });
  await fill(api);
  port = await listen(api.app);

  const ids: string[] = [];
  const first = `${outer}/odata/v1/responses?$select=id&$filter=score%20ge%205%20and%20id%20ne%20'A%2B%20%26'&$top=1200`;
  for (let next: string | undefined = first; next !== undefined; ) {
    assert.ok(next.startsWith(`${outer}/odata/v1/responses?`), next);
    const reply = await fetch(next, {
      headers: { authorization: passwordOf(api), prefer: 'odata.maxpagesize=500' },
    });
    const text = await reply.text();
    assert.equal(reply.status, 200, text);
    assert.ok(!text.includes(`127.0.0.1`) && !text.includes(api.key), 'neither the inner address nor the key is told');
    const body = JSON.parse(text);
    assert.equal(body['@odata.context'], `${outer}/odata/v1/$metadata#responses(id)`);
    ids.push(...body.value.map(({ id }: { id: string }) => id));
    next = body['@odata.nextLink'];
  }
  // Of every 11 answers, 6 have a score of 5 or more: 1,309 of 2,400, of which the first 1,200 were asked for.
  const expected = Array.from({ length: answers }, (_, n) => n).filter((n) => n % 11 >= 5);
  assert.deepEqual(
    ids,
    expected.slice(0, 1_200).map((n) => `A-${String(n).padStart(4, '0')}`),
  );
  assert.equal(seen.length, 3, 'every page came through the proxy: 500, 500, 200');
  const files = await fetch(`${outer}/odata/v1/milemarker.pbids`, { headers: { authorization: passwordOf(api) } });
  assert.deepEqual(await files.json(), {
    version: '0.1',
    connections: [{ details: { protocol: 'odata', address: { url: `${outer}/odata/v1` } }, mode: 'Import' }],
  });
});
