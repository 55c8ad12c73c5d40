import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { messageOf } from '../../src/webhooks/message.ts';
import { send } from '../../src/webhooks/send.ts';
import { type Resolve, targetsOf } from '../../src/webhooks/targets.ts';
import { authority, certificates, key } from './certificates.ts';
import { loopback, startReceiver } from './receiver.ts';

const targets = targetsOf(loopback);
const limit = 400;
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const told = {
  event_id: '0197a3c8-5b1e-7cc4-9d3a-2f1b6f0d8e11',
  type: 'follow_up.opened',
  occurred_at: new Date('2026-02-02T18:20:00Z'),
  data: { customer_id: 'C-1042', note: 'ß😀' },
};
const message = messageOf(told, [secret], new Date());

it('a message is signed so that the library of the standard verifies it', async (t) => {
  const receiver = await startReceiver(t);
  const outcome = await send(receiver.at('/ok'), message, targets);
  assert.deepEqual(
    { ...outcome, took_ms: 0 },
    {
      status: 200,
      error: null,
      response_excerpt: 'thank you',
      retry_after_ms: null,
      took_ms: 0,
    },
  );
  const [{ headers, body } = { headers: {} as Record<string, string>, body: '' }] = receiver.received;
  assert.deepEqual(new Webhook(secret).verify(body, headers), {
    type: 'follow_up.opened',
    timestamp: '2026-02-02T18:20:00.000Z',
    data: told.data,
  });
  assert.equal(headers['webhook-id'], told.event_id);
  assert.equal(headers['content-type'], 'application/json');
  assert.throws(() => new Webhook(secret).verify(body.replace('C-1042', 'C-1043'), headers));
  assert.throws(() => new Webhook(`whsec_${btoa('another secret')}`).verify(body, headers));
});

it('two secrets make two signatures, each good by itself', () => {
  const other = `whsec_${btoa('the other secret, as long')}`;
  const { headers, body } = messageOf(told, [secret, other], new Date());
  for (const one of [secret, other]) new Webhook(one).verify(body, headers);
  assert.equal(headers['webhook-signature'].split(' ').length, 2);
});

it('what a receiver does wrong ends in time, and is told', async (t) => {
  const receiver = await startReceiver(t);
  const outcomes: [string, number | null, RegExp | null][] = [
    ['/500', 500, /answered 500/],
    ['/410', 410, /answered 410/],
    ['/301', 301, /Redirects are not followed/],
    ['/nowhere', 404, /answered 404/],
    ['/hangs', null, /No answer within 0.4 seconds/],
    ['/trickles-head', null, /No answer within 0.4 seconds/],
    // The status has come: it is delivered, however long the rest would take.
    ['/trickles-body', 200, null],
    ['/floods', 200, null],
    ['/cut-short', 200, null],
    ['/bombs-head', null, /head of the answer is larger than 16 KiB/],
    ['/goes-on', null, /goes on saying that its answer is to come/],
    ['/switches', null, /broke the connection off/],
    ['/no-http', null, /is not HTTP/],
    ['/resets', null, /broke the connection off/],
    ['/closes', null, /broke the connection off/],
  ];
  for (const [path, status, error] of outcomes) {
    const outcome = await send(receiver.at(path), message, targets, limit);
    assert.equal(outcome.status, status, path);
    if (error === null) assert.equal(outcome.error, null, path);
    else assert.match(outcome.error ?? '', error, path);
    assert.ok(outcome.took_ms < limit + 2_000, `${path} took ${outcome.took_ms} ms`);
    assert.ok((outcome.response_excerpt ?? '').length <= 500);
    assert.doesNotMatch(outcome.response_excerpt ?? '', /\0/);
  }
  assert.equal(receiver.on('/ok').length, 0, 'no redirect was followed');
});

it('what cannot be reached is told', async (t) => {
  const receiver = await startReceiver(t);
  const closed = new URL(receiver.at('/'));
  closed.port = '1';
  assert.match((await send(closed.href, message, targets)).error ?? '', /Nothing listens there/);
  const unknown = await send('https://no-such-host.invalid/', message, targets);
  assert.match(unknown.error ?? '', /name of the host/);
  // A receiver without TLS.
  const plain = await send(receiver.at('/ok').replace('http:', 'https:'), message, targets, limit);
  assert.deepEqual([plain.status, receiver.on('/ok').length], [null, 0]);
  assert.match(plain.error ?? '', /does not speak TLS/);
  for (const broken of ['', 'x', 'https://']) assert.ok((await send(broken, message, targets)).error);
});

it('a receiver says when to come back, in seconds or as a moment, with 429 and 503', async (t) => {
  const receiver = await startReceiver(t);
  const asks = async (status: number, value?: string) => {
    receiver.answer('/later', (response) =>
      response.writeHead(status, value === undefined ? {} : { 'retry-after': value }).end(),
    );
    return (await send(receiver.at('/later'), message, targets)).retry_after_ms;
  };
  assert.equal(await asks(429, '90'), 90_000);
  assert.equal(await asks(503, '1'), 1_000);
  const inAnHour = await asks(503, new Date(Date.now() + 3_600_000).toUTCString());
  assert.ok(inAnHour !== null && inAnHour > 3_590_000 && inAnHour <= 3_600_000, String(inAnHour));
  for (const none of [undefined, '', '0', '-5', 'soon', 'Thu, 01 Jan 1970 00:00:00 GMT'])
    assert.equal(await asks(503, none), null, none);
  for (const other of [200, 301, 404, 500]) assert.equal(await asks(other, '90'), null);
});

describe('over TLS', () => {
  const startSecure = async (t: TestContext, cert: string): Promise<number> => {
    const server = https.createServer({ key, cert }, (_request, response) => response.end('secret'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  };

  it('a certificate that nobody trusted has signed is refused, and told', async (t) => {
    for (const cert of [certificates.self_signed, certificates.good]) {
      const port = await startSecure(t, cert);
      const { status, error, response_excerpt } = await send(`https://localhost:${port}/`, message, targets, 5_000);
      assert.deepEqual([status, response_excerpt], [null, null]);
      assert.match(error ?? '', /^Nobody whom this service trusts has signed the certificate/);
    }
  });

  // Whom Node trusts is settled when it starts.
  it('with an authority of one’s own it is checked for its time and its host', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'authority-'));
    t.after(() => rm(folder, { recursive: true }));
    const file = join(folder, 'authority.pem');
    await writeFile(file, authority);
    const ports = await Promise.all(
      [certificates.good, certificates.expired, certificates.elsewhere].map((cert) => startSecure(t, cert)),
    );
    const script = `
      import { send } from './src/webhooks/send.ts';
      import { targetsOf } from './src/webhooks/targets.ts';
      const targets = targetsOf([{ address: '127.0.0.0', prefix: 8, family: 'ipv4' }]);
      const outcomes = [];
      for (const port of ${JSON.stringify(ports)})
        outcomes.push(await send('https://localhost:' + port + '/', { headers: {}, body: '{}' }, targets));
      console.log(JSON.stringify(outcomes));`;
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: file },
    });
    assert.deepEqual(
      JSON.parse(stdout).map(({ status, error }: { status: number; error: string }) => [status, error]),
      [
        [200, null],
        [null, 'The certificate of the receiver has expired.'],
        [null, 'The certificate of the receiver is for another host than that of the url.'],
      ],
    );
  });
});

it('private targets are refused when the connection is made, also by name and after a change of mind of DNS', async (t) => {
  const receiver = await startReceiver(t);
  const { port } = new URL(receiver.at('/'));
  const closed = targetsOf([]);
  for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', 'localhost']) {
    const { error } = await send(`https://${host}:${port}/ok`, message, closed);
    assert.match(error ?? '', /not a host on the public internet/, host);
  }
  // http is allowed for one network, and the name leads to another.
  const elsewhere = targetsOf([{ address: '10.0.0.0', prefix: 8, family: 'ipv4' }]);
  assert.match((await send(`http://localhost:${port}/ok`, message, elsewhere)).error ?? '', /over http/);
  // The answer to whoever looks first is not the one that the connection gets.
  let asked = 0;
  const rebinding: Resolve = (_hostname, _options, done) =>
    done(null, [{ address: asked++ === 0 ? '8.8.8.8' : '127.0.0.1', family: 4 }]);
  const fickle = targetsOf([], rebinding);
  const url = new URL(`https://fickle.example:${port}/ok`);
  await new Promise((done) => fickle.lookupFor(url)(url.hostname, { all: true }, done));
  assert.match((await send(url.href, message, fickle)).error ?? '', /not a host on the public internet/);
  assert.equal(receiver.received.length, 0);
  // The same name is reached where its network is allowed: what was refused was the target.
  assert.equal((await send(`http://localhost:${port}/ok`, message, targets)).status, 200);
});
