import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '../../src/db/embedded.ts';
import type { Connection } from '../../src/db/pool.ts';

/** A running server and how to leave it. */
export interface TestServer {
  connection: Connection;
  stop(): Promise<void>;
}

/** An embedded server with a folder of its own, which goes away with `stop`. */
export async function startOwnServer(): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'mm-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const server = await startEmbedded({ data_dir: folder, durable: false });
    return { connection: server.connection, stop: () => server.stop().then(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** For a test file with a server of its own: node ends a file that is interrupted or hangs without any hook of it. */
export function stopWhenEnded(stop: () => Promise<void>): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      void stop().finally(() => process.exit(1));
    });
}

/**
 * The server for tests: the one that `TEST_DATABASE_URL` names, else the one that `test/run.ts` started for all files
 * (`TEST_SERVER`), else one of its own.
 */
export async function startTestServer(): Promise<TestServer> {
  const { TEST_DATABASE_URL, TEST_SERVER } = process.env;
  const stop = async () => {};
  if (TEST_DATABASE_URL) return { connection: { url: TEST_DATABASE_URL }, stop };
  if (TEST_SERVER) return { connection: JSON.parse(TEST_SERVER), stop };
  return await startOwnServer();
}
