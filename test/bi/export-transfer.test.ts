import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Api, testApi } from '../support/api.ts';
import { download } from './exporting.ts';

const response = (id: string, comment = 'A comment') => ({
  ...{ id, customer_id: 'C-1', survey: 'nps', score: 9, comment },
  answered_at: '2026-02-02T18:20:00Z',
});

test('exports are sent as files', async (t) => {
  const data_dir = await mkdtemp(join(tmpdir(), 'mm-exports-'));
  t.after(() => rm(data_dir, { recursive: true, force: true }));
  const api: Api = await testApi(t, { config: { data_dir } });
  await api.facts('surveys', [{ key: 'nps', name: 'NPS', kind: 'nps' }]);
  await api.facts(
    'responses',
    Array.from({ length: 100 }, (_, n) => response(`A-${n}`)),
  );
  const get = (path: string, headers?: Record<string, string>) => download(api, path, headers);
  const head = (path: string, headers?: Record<string, string>) => download(api, path, headers, 'HEAD');
  const spooled = async () => (await readdir(join(data_dir, 'exports'))).length;
  let added = 0;
  const change = () => api.facts('responses', [response(`B-${++added}`)]);
  /** Those of the headers that belong to the file. */
  const described = ({ headers }: { headers: Record<string, unknown> }) =>
    ['etag', 'last-modified', 'accept-ranges', 'content-type', 'content-length', 'content-disposition'].map(
      (name) => headers[name],
    );

  await t.test('HEAD says what GET would, and the file is made once', async () => {
    for (const format of ['csv', 'ndjson', 'parquet']) {
      const before = await spooled().catch(() => 0);
      const first = await head(`responses.${format}`);
      assert.deepEqual([first.status, first.bytes.length], [200, 0]);
      const whole = await get(`responses.${format}`);
      assert.deepEqual(described(whole), described(first));
      assert.equal(whole.headers['content-length'], String(whole.bytes.length));
      assert.match(String(whole.headers.etag), /^"[\w-]{27}"$/);
      assert.equal(whole.headers['cache-control'], 'private, no-cache');
      assert.ok(Math.abs(Date.now() - Date.parse(String(whole.headers['last-modified']))) < 60_000);
      assert.equal(await spooled(), before + 1);
    }
  });

  await t.test('what HEAD described is what GET brings, also when rows have changed in between', async () => {
    await change();
    const first = await head('responses.csv');
    await change();
    assert.deepEqual(described(await get('responses.csv')), described(first));
    assert.notEqual((await head('responses.csv')).headers.etag, first.headers.etag);
    // Another key was promised nothing.
    await change();
    const last = await head('responses.csv');
    await change();
    const made = await api.send('POST', '/v1/keys', { name: 'bi', scopes: ['personal'] });
    const other = await get('responses.csv', { authorization: `Bearer ${made.body.secret}` });
    assert.notEqual(other.headers.etag, last.headers.etag);
    await get('responses.csv');
  });

  await t.test('the same file is sent while nothing changes, and another one at once when something has', async () => {
    await change();
    const first = await get('responses.ndjson');
    const files = await spooled();
    // Changes of other things are none of this set.
    await api.facts('customers', [{ id: 'C-1', name: 'Somebody' }]);
    const again = await get('responses.ndjson');
    assert.deepEqual([described(again), again.bytes], [described(first), first.bytes]);
    assert.equal(await spooled(), files);
    await api.send('DELETE', '/v1/responses/A-7');
    const shorter = await get('responses.ndjson');
    assert.equal(shorter.text.split('\n').length, first.text.split('\n').length - 1);
    assert.notEqual(shorter.headers.etag, first.headers.etag);
    assert.equal((await get('responses.ndjson?columns=id')).text.split('\n')[0], '{"id":"A-0"}');
  });

  await t.test('the tag is of the bytes: the same rows have it again from a file that was made anew', async () => {
    for (const format of ['csv', 'parquet']) {
      const first = await get(`dim_date.${format}`);
      await change();
      const again = await get(`dim_date.${format}`);
      assert.deepEqual([again.headers.etag, again.bytes], [first.headers.etag, first.bytes]);
    }
  });

  await t.test('a file that somebody removed is made again', async () => {
    const first = await get('surveys.csv');
    for (const name of await readdir(join(data_dir, 'exports'))) await unlink(join(data_dir, 'exports', name));
    const again = await get('surveys.csv');
    assert.deepEqual([again.status, again.bytes], [200, first.bytes]);
  });

  await t.test('304 for the file that the client has', async () => {
    const { headers } = await get('responses.csv');
    const etag = String(headers.etag);
    for (const given of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const reply = await get('responses.csv', { 'if-none-match': given });
      assert.deepEqual([reply.status, reply.bytes.length, reply.headers.etag], [304, 0, etag], given);
    }
    assert.equal((await head('responses.csv', { 'if-none-match': etag })).status, 304);
    assert.equal((await get('responses.csv', { 'if-none-match': '"other"' })).status, 200);
    const modified = String(headers['last-modified']);
    assert.equal((await get('responses.csv', { 'if-modified-since': modified })).status, 304);
    const stale = { 'if-modified-since': modified, 'if-none-match': '"other"' };
    assert.equal((await get('responses.csv', stale)).status, 200, 'the tag decides');
    assert.equal((await get('responses.csv', { 'if-modified-since': 'yesterday' })).status, 200);
    await change();
    assert.equal((await get('responses.csv', { 'if-none-match': etag })).status, 200);
  });

  await t.test('412 for another file than the client insists on', async () => {
    const { headers } = await get('responses.csv');
    const etag = String(headers.etag);
    assert.equal((await get('responses.csv', { 'if-match': etag })).status, 200);
    for (const given of ['"other"', `W/${etag}`]) {
      const reply = await get('responses.csv', { 'if-match': given });
      assert.equal(reply.status, 412, given);
      assert.equal(JSON.parse(reply.text).code, 'version_moved_on');
    }
    const longAgo = { 'if-unmodified-since': 'Sun, 01 Jan 2023 00:00:00 GMT' };
    assert.equal((await get('responses.csv', longAgo)).status, 412);
    assert.equal((await get('responses.csv', { ...longAgo, 'if-match': '*' })).status, 200);
  });

  await t.test('ranges are those of RFC 9110', async () => {
    const whole = await get('responses.csv');
    const { length } = whole.bytes;
    const ranges: [string, number, number][] = [
      ['bytes=0-9', 0, 9],
      ['bytes=10-', 10, length - 1],
      ['bytes=-7', length - 7, length - 1],
      [`bytes=5-${length * 2}`, 5, length - 1],
      [`bytes=-${length * 2}`, 0, length - 1],
      [`bytes=${length - 1}-${length - 1}`, length - 1, length - 1],
      ['bytes= 3 - 4', 3, 4],
    ];
    for (const [range, first, last] of ranges) {
      const part = await get('responses.csv', { range });
      assert.equal(part.status, 206, range);
      assert.equal(part.headers['content-range'], `bytes ${first}-${last}/${length}`);
      assert.equal(part.headers['content-length'], String(last - first + 1));
      assert.deepEqual(part.bytes, whole.bytes.subarray(first, last + 1), range);
      assert.equal(part.headers.etag, whole.headers.etag);
    }
    for (const range of [`bytes=${length}-`, 'bytes=-0', `bytes=${length + 5}-${length + 9}`]) {
      const part = await get('responses.csv', { range });
      assert.deepEqual([part.status, part.headers['content-range']], [416, `bytes */${length}`], range);
      assert.equal(part.headers['content-type'], 'application/problem+json');
      assert.equal(JSON.parse(part.text).code, 'range_not_satisfiable');
    }
    for (const range of ['bytes=0-1,5-6', 'rows=0-9', 'bytes=9-0', 'bytes=-', 'bytes=a-b', '']) {
      const reply = await get('responses.csv', { range });
      assert.deepEqual([reply.status, reply.bytes], [200, whole.bytes], `'${range}' is as good as none`);
    }
    const described = await head('responses.csv', { range: 'bytes=0-9' });
    assert.deepEqual([described.status, described.headers['content-length']], [200, String(length)]);
    assert.equal((await get('units.ndjson', { range: 'bytes=0-' })).status, 416, 'a file without a byte has no range');
  });

  await t.test('a download that goes on gets the rest of the same file, or the whole of another', async () => {
    await change();
    const first = await get('responses.parquet');
    const etag = String(first.headers.etag);
    const begun = first.bytes.subarray(0, 100);
    await change();
    const rest = await get('responses.parquet', { range: 'bytes=100-', 'if-range': etag });
    assert.equal(rest.status, 206, 'the old file is still there');
    assert.deepEqual(Buffer.concat([begun, rest.bytes]), first.bytes);
    const latest = await get('responses.parquet');
    assert.notEqual(latest.headers.etag, etag);
    for (const other of ['"other"', `W/${etag}`, String(first.headers['last-modified'])]) {
      const whole = await get('responses.parquet', { range: 'bytes=100-', 'if-range': other });
      assert.deepEqual([whole.status, whole.bytes], [200, latest.bytes], other);
    }
    // Who sends no tag, such as a tool that reads Parquet in pieces, gets pieces of one file.
    await change();
    const piece = await get('responses.parquet', { range: 'bytes=-8' });
    assert.deepEqual([piece.status, piece.headers.etag], [206, latest.headers.etag]);
    assert.deepEqual(piece.bytes, latest.bytes.subarray(-8));
    // The tag of a file is not good for another address.
    const elsewhere = await get('responses.csv', { range: 'bytes=100-', 'if-range': etag });
    assert.equal(elsewhere.status, 200);
  });
});
