import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bounded } from '../support/embedded.ts';
import { freePort, removeFolder, startProcess } from '../support/service.ts';

const ADMIN_KEY = 'admin-key-for-tests-only-0123456789';

// As objects the rows that are sent would take about twice as much.
const heapMb = 120;
// What is kept outside of the heap is seen in the memory of the process, which goes up and down by some.
const muchMb = 120;

const residentMb = (pid: number) =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;

test('a stream that is much longer than the memory of the service goes in', bounded, async (t) => {
  const data_dir = await mkdtemp(join(tmpdir(), 'mm-memory-'));
  const port = await freePort();
  const service = await startProcess({ PORT: port, DATA_DIR: data_dir, ADMIN_KEY }, [`--max-old-space-size=${heapMb}`]);
  t.after(async () => {
    await service.end('SIGTERM');
    await removeFolder(data_dir);
  });

  /** Sends `head` and then the pieces, over and over; the answer, and how the memory of the service grew. */
  const send = async (type: string, head: string, pieces: readonly string[], times: number) => {
    const request = http.request({
      port,
      path: '/v1/customers?on_error=skip',
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': type },
    });
    const answered = once(request, 'response') as Promise<[http.IncomingMessage]>;
    request.write(head);
    let early = 0;
    for (let time = 0; time < times; time++)
      for (const piece of pieces) {
        if (time === 2) early ||= residentMb(service.pid);
        if (!request.write(piece)) await once(request, 'drain');
      }
    const late = residentMb(service.pid);
    request.end();
    const [response] = await answered;
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    assert.equal(response.statusCode, 200, text);
    assert.ok(late < early + muchMb, `${early} MB early, ${late} MB at the end`);
    return JSON.parse(text);
  };

  // The same rows again and again: what is looked at is the way to the database, not the database.
  const filler = JSON.stringify(
    Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`attribute_${at}`, 'x'.repeat(30)])),
  );
  const inPieces = (line: (n: number) => string) =>
    Array.from({ length: 50 }, (_, piece) => Array.from({ length: 100 }, (_, n) => line(piece * 100 + n)).join(''));

  await t.test('as NDJSON', async () => {
    const pieces = inPieces((n) => `{"id":"c${n}","attributes":${filler}}\n`);
    const { received, created, unchanged } = await send('application/x-ndjson', '', pieces, 12);
    assert.deepEqual([received, created, unchanged], [60_000, 5_000, 55_000]);
  });

  await t.test('as CSV', async () => {
    const pieces = inPieces((n) => `c${n},"${filler.replaceAll('"', '""')}"\n`);
    const { received, unchanged } = await send('text/csv', 'id,attributes\n', pieces, 12);
    assert.deepEqual([received, unchanged], [60_000, 60_000]);
  });

  await t.test('also where every row is refused', async () => {
    const line = `{"id":"c","name":"${'x'.repeat(250_000)}"}\n`;
    const { received, rejected, errors } = await send('application/x-ndjson', '', Array(20).fill(line), 60);
    assert.deepEqual([received, rejected, errors.length], [1_200, 1_200, 1_000]);
  });
});
