import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The service in a process of its own. */
export interface ServiceProcess {
  url: string;
  pid: number;
  /** Ends the process and waits until it is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  server.close();
  await once(server, 'close');
  return address.port;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});

/** Starts `src/main.ts` and waits until it answers. */
export async function startProcess(
  env: { PORT: number; DATA_DIR: string; ADMIN_KEY: string; WEBHOOK_ALLOW?: string; DATABASE_URL?: string },
  flags: string[] = [],
) {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [...flags, '--import', 'tsx', main], {
    env: { PATH, HOME, LOG_LEVEL: 'warn', ...env, PORT: String(env.PORT) },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  running.add(child);
  const exit = once(child, 'exit').then(() => running.delete(child));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const url = `http://127.0.0.1:${env.PORT}`;
  for (let waited = 0; ; waited += 50) {
    const ready = await fetch(`${url}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) break;
    if (child.exitCode !== null || waited > 60_000) {
      child.kill('SIGTERM');
      assert.fail(`The service does not answer: ${said}`);
    }
    await sleep(50);
  }
  const { pid } = child;
  assert.ok(pid);
  const service: ServiceProcess = {
    url,
    pid,
    async end(signal) {
      child.kill(signal);
      await exit;
    },
  };
  return service;
}

/** Removes the folder of a service that has ended, and ends its database first where a crash has left that behind. */
export async function removeFolder(data_dir: string): Promise<void> {
  const text = await readFile(join(data_dir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => undefined);
  if (text !== undefined) {
    const pid = Number(text.split('\n')[0]);
    const isThere = () => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    if (isThere()) process.kill(pid, 'SIGINT');
    while (isThere()) await sleep(20);
  }
  await rm(data_dir, { recursive: true, force: true });
}
