// The service as it runs in production, on the database of the benchmark and without a worker.
import { buildApp } from '../../src/app.ts';
import { openDatabase } from '../../src/db/pool.ts';
import { ensureFirstKey } from '../../src/keys/ensure-first-key.ts';
import { keysIn } from '../../src/keys/find-key.ts';

const db = openDatabase(JSON.parse(process.env.BENCH_CONNECTION ?? '{}'));
const keys = keysIn(db);
await ensureFirstKey(db, { admin_key: process.env.BENCH_KEY, file: '' });
const app = await buildApp({ db, keys, config: { log_level: 'warn', public_url: undefined } });
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
process.once('SIGTERM', async () => {
  await app.close();
  await keys.settled();
  await db.close();
});
