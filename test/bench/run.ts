// `npm run bench`: what the service costs against the least that could do the same, in one run. Ratios count; absolute
// figures are of the machine and the hour. `npm run bench -- small` leaves the million out.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/pool.ts';
import { type Line, startProcess } from './measure.ts';

const sizes = process.argv.includes('small') ? [100_000] : [100_000, 1_000_000];
const only = process.argv.find((argument) =>
  ['ingest', 'exports', 'outcomes', 'questions', 'reads'].includes(argument),
);
process.env.BENCH_KEY = 'bench-key-0123456789-0123456789';
// They read the key when they are loaded.
const { ingest } = await import('./ingest.ts');
const { exports } = await import('./exports.ts');
const { outcomes, refreshCost } = await import('./outcomes.ts');
const { questions } = await import('./questions.ts');
const { reads } = await import('./reads.ts');
const { fill } = await import('./seed.ts');

const folder = await mkdtemp(join(tmpdir(), 'mm-bench-'));
const server = await startEmbedded({ data_dir: folder });
const lines: Line[] = [];
/** What must not be: it is printed last, and the run fails. */
const wrong: string[] = [];
const say = (line: Line) => {
  lines.push(line);
  console.log(
    `${line.what.padEnd(78)} ${line.measured.padStart(16)}   ${line.against.padEnd(40)} ${line.ratio ?? ''}${line.aim && `   (aim ${line.aim})`}`,
  );
};

/** A database of its own with the service on it; everything is stopped afterwards. */
async function onService(
  name: string,
  work: (context: {
    db: ReturnType<typeof openDatabase>;
    url: string;
    pid: number;
    pg: Record<string, string>;
    connection: object;
  }) => Promise<void>,
) {
  const first = openDatabase(server.connection, { max: 1 });
  await first.read((client) => client.rows(`create database ${name}`));
  await first.close();
  const connection = { ...server.connection, database: name };
  const db = openDatabase(connection, { max: 4, statement_timeout_ms: 0 });
  await migrate(db);
  const { host, port, user } = server.connection;
  const service = await startProcess('./service.ts', { BENCH_CONNECTION: JSON.stringify(connection) });
  try {
    await work({
      db,
      url: service.url,
      pid: service.child.pid ?? 0,
      connection,
      pg: { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: name },
    });
  } finally {
    await service.stop();
    await db.close();
  }
}

try {
  if (!only || only === 'ingest')
    await onService('bench_ingest', async ({ db, url, pg }) => {
      for (const line of await ingest(db, url, pg, folder)) say(line);
    });
  if (!only || only === 'exports')
    await onService('bench_exports', async ({ db, url, pid, pg }) => {
      for (const line of await exports(db, { url, pid, pg, folder, rows: sizes.at(-1) ?? 0 })) say(line);
    });
  let smaller: number | undefined;
  for (const size of sizes) {
    const isFirst = size === sizes[0];
    if (only && only !== 'outcomes' && only !== 'questions' && !(only === 'reads' && isFirst)) continue;
    await onService(`bench_${size}`, async ({ db, url, pg, connection }) => {
      say(await fill(db, size));
      if (!only || only === 'outcomes') {
        const found = await outcomes(db, url, size);
        for (const line of found.lines) say(line);
        if (smaller !== undefined)
          say({
            what: 'outcomes/revenue at 1,000,000 against 100,000 responses',
            measured: '',
            against: '',
            ratio: Number((found.fromCells / smaller).toFixed(2)),
            aim: 'about 1',
          });
        smaller = found.fromCells;
      }
      if (!only || only === 'questions') wrong.push(...(await questions(db, url, { responses: size, say })));
      if (!isFirst) return;
      if (!only || only === 'outcomes') for (const line of await refreshCost(db, size)) say(line);
      if (only && only !== 'reads') return;
      const bare = await startProcess('./bare.ts', { BENCH_CONNECTION: JSON.stringify(connection) });
      try {
        for (const line of await reads(url, bare.url, pg, folder)) say(line);
      } finally {
        await bare.stop();
      }
    });
  }
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
console.log(`\n| what | measured | against | ratio | aim |\n|---|---|---|---|---|`);
for (const { what, measured, against, ratio, aim } of lines)
  console.log(`| ${what} | ${measured} | ${against} | ${ratio ?? ''} | ${aim} |`);
for (const one of wrong) console.error(one);
if (wrong.length > 0) process.exitCode = 1;
