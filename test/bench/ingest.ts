import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Database } from '../../src/db/pool.ts';
import { ask, inParallel, inTurn, keepAlive, type Line, rate, ratio } from './measure.ts';

const run = promisify(execFile);
const count = 100_000;

const row = (n: number) => ({
  id: `INV-${n.toString(36)}-${(n * 2_654_435_761) % 1_000_003}`,
  customer_id: `C-${(n * 7_919) % 30_000}`,
  type: 'one_time',
  amount: `${(n % 500) + 1}.${String(n % 100).padStart(2, '0')}`,
  currency: 'EUR',
  product: `product-${n % 50}`,
  unit: `unit-${n % 40}`,
  occurred_at: new Date(Date.UTC(2024, 0, 1) + n * 600_000).toISOString(),
});

/** HTTP ingest of payments, three ways, as a share of `psql COPY` into the same table with the same indexes. */
export async function ingest(db: Database, url: string, pg: Record<string, string>, folder: string): Promise<Line[]> {
  const rows = Array.from({ length: count }, (_, n) => row(n));
  const columns = Object.keys(rows[0] ?? {});
  const lines = rows.map((one) => Object.values(one).join(','));
  const file = join(folder, 'payments.csv');
  const now = new Date().toISOString();
  await writeFile(file, lines.map((line) => `${line},bench,${now},${now},800`).join('\n'));
  const json = Array.from({ length: count / 1_000 }, (_, at) =>
    Buffer.from(JSON.stringify(rows.slice(at * 1_000, (at + 1) * 1_000))),
  );
  const ndjson = Buffer.from(rows.map((one) => JSON.stringify(one)).join('\n'));
  const csv = Buffer.from([columns.join(','), ...lines].join('\n'));
  const agent = keepAlive(8);
  const post = (body: Buffer, type: string) =>
    ask(agent, `${url}/v1/revenue-events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${process.env.BENCH_KEY}`, 'content-type': type },
      body,
    });
  // Each way begins with an empty table; emptying it is not counted.
  const empty = () => db.write((client) => client.rows('truncate revenue_events'));
  const found = await inTurn(5, {
    copy: () =>
      run(
        'psql',
        [
          '-qc',
          `\\copy revenue_events (${columns.join(', ')}, source, recorded_at, changed_at, changed_xid) from '${file}' csv`,
        ],
        { env: { ...process.env, ...pg } },
      ),
    emptyA: empty,
    json: async () => inParallel(json.length, 4, (at) => post(json[at] ?? Buffer.alloc(0), 'application/json')),
    emptyB: empty,
    ndjson: async () => post(ndjson, 'application/x-ndjson'),
    emptyC: empty,
    csv: async () => post(csv, 'text/csv'),
    emptyD: empty,
  });
  agent.destroy();
  const line = (what: string, name: string, aim: string): Line => ({
    what,
    measured: rate(count, found[name]?.seconds ?? Number.NaN),
    against: `psql COPY ${rate(count, found.copy?.seconds ?? Number.NaN)}`,
    ratio: ratio(found[name]?.share ?? Number.NaN),
    aim,
  });
  return [
    line('HTTP ingest, JSON of 1,000 rows, 4 at once', 'json', '0.7'),
    line('HTTP ingest, NDJSON stream', 'ndjson', '0.9'),
    line('HTTP ingest, CSV stream', 'csv', '0.9'),
  ];
}
