import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { bounded } from '../support/embedded.ts';
import { freePort, removeFolder, type ServiceProcess, startProcess } from '../support/service.ts';
import { startReceiver } from '../webhooks/receiver.ts';

const ADMIN_KEY = 'admin-key-for-tests-only-0123456789';
const kills = 2;
// Three starts of the service, and the leases of what was under way.
const unhurried = { ...bounded, timeout: 300_000 };

test('kill -9 between commit and delivery loses no event; what comes twice has the same id', unhurried, async (t) => {
  const data_dir = await mkdtemp(join(tmpdir(), 'mm-kill-webhooks-'));
  const receiver = await startReceiver(t);
  // Slow enough that a kill finds deliveries under way and others waiting.
  receiver.answer('/ok', (response) => void setTimeout(() => response.writeHead(200).end(), 20));
  const port = await freePort();
  const env = { PORT: port, DATA_DIR: data_dir, ADMIN_KEY, WEBHOOK_ALLOW: '127.0.0.1' };
  let service: ServiceProcess = await startProcess(env);
  t.after(async () => {
    await service.end('SIGTERM');
    await removeFolder(data_dir);
  });
  const ask = async (method: string, path: string, body?: object) => {
    const reply = await fetch(`${service.url}/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    // Tests read whatever the answer holds.
    // biome-ignore lint/suspicious/noExplicitAny: the assertions look at it
    return { status: reply.status, body: (await reply.json()) as any };
  };
  assert.equal((await ask('PUT', 'surveys/nps', { name: 'NPS', kind: 'nps' })).status, 201);
  const made = await ask('POST', 'webhook-endpoints', { url: receiver.at('/ok'), event_types: ['response.received'] });
  assert.equal(made.status, 201);

  const acknowledged = new Set<string>();
  const size = 40;
  let sent = 0;
  for (let kill = 0; kill <= kills; kill++) {
    for (let batch = 0; batch < 3; batch++) {
      const rows = Array.from({ length: size }, () => ({
        id: `r${sent++}`,
        survey: 'nps',
        score: 3,
        answered_at: '2026-02-02T18:20:00Z',
      }));
      const { status, body } = await ask('POST', 'responses', rows);
      assert.deepEqual([status, body.created], [200, size]);
      for (const { id } of rows) acknowledged.add(id);
    }
    if (kill === kills) break;
    // Until the worker has begun; at once the first time, before it could have.
    const before = receiver.received.length;
    while (kill > 0 && receiver.received.length < before + 20) await sleep(5);
    await service.end('SIGKILL');
    service = await startProcess(env);
  }

  const waiting = async () =>
    (await ask('GET', `webhook-endpoints/${made.body.id}/deliveries?state=pending&limit=1`)).body.data.length > 0;
  const told = () => receiver.received.map(({ body }) => JSON.parse(body).data.id as string);
  // What was under way at a kill is leased for twenty seconds.
  for (
    const end = Date.now() + 150_000;
    new Set(told()).size < acknowledged.size || (await waiting());
    await sleep(100)
  )
    assert.ok(Date.now() < end, `${new Set(told()).size} of ${acknowledged.size} were delivered`);
  assert.deepEqual(new Set(told()), acknowledged);
  const ids = new Map<string, Set<string>>();
  for (const { body, headers } of receiver.received) {
    new Webhook(made.body.secret).verify(body, headers);
    const { id } = JSON.parse(body).data;
    ids.set(id, (ids.get(id) ?? new Set()).add(headers['webhook-id'] ?? ''));
  }
  for (const [id, seen] of ids) assert.equal(seen.size, 1, `${id} was told under ${seen.size} ids`);
  assert.ok(receiver.received.length > acknowledged.size, 'no kill found a delivery under way');
  t.diagnostic(`${acknowledged.size} events, ${receiver.received.length} deliveries`);
});
