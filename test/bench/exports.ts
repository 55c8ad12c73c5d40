import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { type Agent, get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { biSets } from '../../src/bi/sets.ts';
import type { Database } from '../../src/db/pool.ts';
import { inTurn, keepAlive, type Line, rate, ratio } from './measure.ts';

const run = promisify(execFile);
const headers = { authorization: `Bearer ${process.env.BENCH_KEY}` };

/** Responses alone, half of them with a comment. */
const fill = (rows: number) =>
  `insert into responses (id, customer_id, survey, score, band, comment, themes, moment, unit, channel, answered_at, source, recorded_at, changed_at, changed_xid)
   select 'A' || n, 'C' || n % 300000, 'nps', n % 11, 'promoter',
     case when n % 2 = 0 then 'It came late, and "nobody" could say why; the driver did call, though.' end,
     array['theme-' || n % 12], 'moment-' || n % 6, 'unit-' || n % 40, (array['email', 'phone', 'store'])[1 + n % 3],
     timestamptz '2023-01-01' + make_interval(secs => n * 90), 'bench', now(), now(), pg_current_xact_id()
   from generate_series(1, ${rows}) n`;

/** The most memory that a process had at a time since it was last asked, in MB; null where the system does not say. */
async function peakOf(pid: number): Promise<number | null> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    await writeFile(`/proc/${pid}/clear_refs`, '5');
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
  } catch {
    return null;
  }
}

/** Reads an answer to its end and lets go of it, as a program does that writes it to a disk. */
function drained(agent: Agent, url: string, take: (chunk: Buffer) => void = () => {}): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, (answer: IncomingMessage) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        take(chunk);
      });
      answer.on('error', reject);
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(bytes) : reject(new Error(`${url}: ${answer.statusCode}`)),
      );
    }).on('error', reject);
  });
}

/** Whole sets as files, and by OData, as a share of `psql COPY TO` of the same columns; and how much memory that takes. */
export async function exports(
  db: Database,
  {
    url,
    pid,
    pg,
    folder,
    rows,
  }: { url: string; pid: number; pg: Record<string, string>; folder: string; rows: number },
): Promise<Line[]> {
  await db.write((client) => client.rows(fill(rows)), { statement_timeout_ms: 0 });
  await db.read(async (client) => {
    await client.rows('vacuum analyze responses');
    await client.rows('checkpoint');
  });
  const columns = biSets.find(({ name }) => name === 'responses')?.columns ?? [];
  const agent = keepAlive(1);
  const peaks: Record<string, number> = {};
  const measured = (name: string, work: () => Promise<unknown>) => async () => {
    await peakOf(pid);
    await work();
    peaks[name] = Math.max(peaks[name] ?? 0, (await peakOf(pid)) ?? 0);
  };
  const download = (format: string) => () => drained(agent, `${url}/v1/exports/responses.${format}`);
  // Else the file of the round before would be sent again.
  const change = () =>
    db.write((client) => client.rows(`update responses set changed_xid = pg_current_xact_id() where id = 'A1'`));
  const walk = async () => {
    for (let next: string | undefined = `${url}/odata/v1/responses`; next !== undefined; ) {
      let end = '';
      await drained(agent, next, (chunk) => {
        end = (end + chunk.toString('latin1')).slice(-4_000);
      });
      next = /"@odata\.nextLink":("[^"]*")\}$/.exec(end)?.[1];
      if (next !== undefined) next = JSON.parse(next) as string;
    }
  };
  const found = await inTurn(3, {
    copy: () =>
      run(
        'psql',
        [
          '-qc',
          `\\copy (select ${columns.map(({ sql }) => sql).join(', ')} from responses t) to '${join(folder, 'responses.csv')}' csv`,
        ],
        { env: { ...process.env, ...pg } },
      ),
    csv: measured('csv', download('csv')),
    ndjson: measured('ndjson', download('ndjson')),
    parquet: measured('parquet', download('parquet')),
    change,
    odata: measured('odata', walk),
  });
  agent.destroy();
  const line = (what: string, name: string, aim: string): Line => ({
    what: `${what} of ${rows.toLocaleString('en-US')} responses, at most ${peaks[name] || '?'} MB`,
    measured: rate(rows, found[name]?.seconds ?? Number.NaN),
    against: `psql COPY TO ${rate(rows, found.copy?.seconds ?? Number.NaN)}`,
    ratio: ratio(found[name]?.share ?? Number.NaN),
    aim,
  });
  return [
    line('export as CSV', 'csv', '0.5'),
    line('export as NDJSON', 'ndjson', ''),
    line('export as Parquet', 'parquet', ''),
    line('OData, page by page', 'odata', ''),
  ];
}
