import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../src/config.ts';
import { openDatabase, sqlState } from '../src/db/pool.ts';
import { openConfigured } from '../src/start.ts';

const script = fileURLToPath(new URL('../src/bi-reader.ts', import.meta.url));

/** Runs `npm run bi-reader` on a folder. */
function runCommand(folder: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    const env = { PATH, HOME, DATA_DIR: folder };
    const child = execFile(process.execPath, ['--import', 'tsx', script, ...args], { env }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

test('npm run bi-reader tells the address of a reader who sees the views only, and who can reach it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mm-reader-'));
  // What the service does first; it keeps the embedded server until it ends.
  const { close, connection } = await openConfigured(readConfig({ DATA_DIR: folder }), () => {});
  t.after(async () => {
    await close();
    await rm(folder, { recursive: true });
  });

  const { code, out, err } = await runCommand(folder, 'metabase');
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /^The role metabase is made: it may read the views of the schema bi\.\npostgresql:\/\/metabase@/);
  assert.match(out, /has no open port: only programs on this machine .* DATABASE_URL .* OData or files\.\n$/);
  const [address = ''] = /postgresql:\S+/.exec(out) ?? [];
  // The folder of the socket is a parameter, and no host is there to be parsed.
  const { searchParams, pathname } = new URL(address.replace('@/', '@localhost/'));
  const told = { host: searchParams.get('host'), port: Number(searchParams.get('port')), database: pathname.slice(1) };
  assert.ok('host' in connection);
  const { host, port, database } = connection;
  assert.deepEqual(told, { host, port, database });
  const reader = openDatabase({ host, port, database, user: 'metabase' }, { max: 1 });
  try {
    const found = await reader.read((client) => client.rows('select count(*) as n from bi.fact_responses'));
    assert.deepEqual(found, [{ n: 0 }]);
    await assert.rejects(
      reader.read((client) => client.rows('select 1 from public.responses')),
      (error) => sqlState(error) === '42501',
    );
  } finally {
    await reader.close();
  }
});
