import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** What `npm start` says with these settings before it gives up. */
async function saidBy(t: TestContext, settings: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mm-main-'));
  t.after(() => rm(folder, { recursive: true }));
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', main], {
    env: { PATH, HOME, DATA_DIR: folder, ...settings },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  assert.ok(!existsSync(join(folder, 'postgres', 'postmaster.pid')), 'its PostgreSQL is left running');
  return said;
}

test('npm start on a port that is in use says so, and leaves nothing running', async (t) => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const address = other.address();
  assert.ok(typeof address === 'object' && address);
  assert.match(
    await saidBy(t, { PORT: String(address.port) }),
    new RegExp(`The port is in use: something listens at 127\\.0\\.0\\.1:${address.port}.*PORT=\\d+\\n$`),
  );
});

test('npm start with a DATABASE_URL where no server is says where it looked and what it found', async (t) => {
  assert.equal(
    await saidBy(t, { DATABASE_URL: 'postgres://shop:secret@127.0.0.1:1/shop' }),
    'The PostgreSQL of DATABASE_URL (127.0.0.1:1/shop) cannot be used: nothing listens there.\n',
  );
});
