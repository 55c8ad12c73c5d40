import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../src/config.ts';
import { demoCompany } from '../src/demo/company.ts';
import { startService } from '../src/start.ts';

const script = fileURLToPath(new URL('../src/verify.ts', import.meta.url));
const key = 'admin-key-for-tests-only-0123456789';

/** Runs `npm run verify` on a folder. */
function runVerify(folder: string): Promise<{ code: number; out: string; err: string }> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    const env = { PATH, HOME, DATA_DIR: folder };
    const child = execFile(process.execPath, ['--import', 'tsx', script], { env }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

test('npm run verify', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mm-verify-'));
  t.after(() => rm(folder, { recursive: true }));

  await t.test('where there is no database says so and makes none', async () => {
    const { code, err } = await runVerify(folder);
    assert.equal(code, 1);
    assert.match(err, /^There is no database in .*DATA_DIR or DATABASE_URL/);
    assert.deepEqual(await readdir(folder), []);
  });

  const service = await startService(
    readConfig({
      PORT: '0',
      MAX_EVENT_LOOP_DELAY_MS: '0',
      DATA_DIR: folder,
      LOG_LEVEL: 'silent',
      ROLE: 'api',
      ADMIN_KEY: key,
    }),
    () => {},
  );
  t.after(() => service.stop());
  for (const [path, rows] of Object.entries(demoCompany({ customers: 60 }).datasets)) {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' };
    const body = rows.map((row) => JSON.stringify(row)).join('\n');
    const reply = await service.app?.inject({ method: 'POST', url: `/v1/${path}`, headers, payload: body });
    assert.equal(reply?.statusCode, 200, reply?.body);
  }

  await t.test('while a service runs asks the same database', async () => {
    const { code, out, err } = await runVerify(folder);
    assert.equal(err, '');
    assert.equal(code, 0);
    assert.match(out, /^table +rows +differences\n/);
    for (const table of ['response_outcomes', 'outcome_cells', 'score_cells', 'survival_cells'])
      assert.match(out, new RegExp(`^${table} +[1-9][\\d,]* +0$`, 'm'));
    assert.match(out, /everything is as it is stored\.\n$/);
    assert.equal((await service.app?.inject('/health/ready'))?.statusCode, 200);
  });

  await t.test('counts what is not as the facts say, and fails', async () => {
    await service.db.write((client) =>
      client.rows(
        `update response_outcomes set revenue_after = revenue_after + 1
         where response_id = (select min(response_id) from response_outcomes where revenue_state = 'counted')`,
      ),
    );
    const { code, out } = await runVerify(folder);
    assert.equal(code, 1);
    assert.match(out, /^response_outcomes +[\d,]+ +[1-9]\d*$/m);
    assert.match(out, /rows are not what the raw facts say/);
  });

  await service.stop();
  await t.test('where no service runs starts the database and ends it again', async () => {
    const { code, out, err } = await runVerify(folder);
    assert.equal(err, '');
    assert.equal(code, 1);
    assert.match(out, /^response_outcomes +[\d,]+ +[1-9]\d*$/m);
    assert.ok(!existsSync(join(folder, 'postgres', 'postmaster.pid')), 'PostgreSQL is left running');
  });
});
