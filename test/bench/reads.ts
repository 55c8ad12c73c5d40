import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ask, inParallel, inTurn, keepAlive, type Line, rate, ratio } from './measure.ts';

const run = promisify(execFile);
const headers = { authorization: `Bearer ${process.env.BENCH_KEY}` };

/** One row, pages of 100 and a walk through 100,000 rows, with keys and checks on, against the bare service. */
export async function reads(url: string, bare: string, pg: Record<string, string>, folder: string): Promise<Line[]> {
  const agent = keepAlive(16);
  const ones = 4_000;
  const pages = 600;
  const walked = 100_000;
  const some = (at: number) => `A${1 + ((at * 7_919) % 90_000)}`;
  const walk = async (first: string, next: (answer: Buffer) => string | null) => {
    let at: string | null = first;
    for (let rows = 0; at !== null && rows < walked; rows += 1_000) at = next(await ask(agent, at, { headers }));
  };
  const found = await inTurn(5, {
    bareOne: () => inParallel(ones, 16, (at) => ask(agent, `${bare}/one/${some(at)}`)),
    one: () => inParallel(ones, 16, (at) => ask(agent, `${url}/v1/responses/${some(at)}`, { headers })),
    barePage: () => inParallel(pages, 16, (at) => ask(agent, `${bare}/page?after=${some(at)}&limit=100`)),
    page: () =>
      inParallel(pages, 16, (at) => ask(agent, `${url}/v1/responses?limit=100&moment=moment-${at % 6}`, { headers })),
    emptyPage: () =>
      inParallel(pages, 16, () => ask(agent, `${url}/v1/responses?limit=100&moment=not-there`, { headers })),
    pagePlain: () => inParallel(pages, 16, () => ask(agent, `${url}/v1/responses?limit=100`, { headers })),
    bareWalk: () =>
      walk(
        `${bare}/page?after=&limit=1000`,
        (answer) =>
          `${bare}/page?after=${encodeURIComponent((JSON.parse(answer.toString()) as { next: string }).next)}&limit=1000`,
      ),
    walk: () =>
      walk(
        `${url}/v1/responses?limit=1000`,
        (answer) => (JSON.parse(answer.toString()) as { page: { next: string | null } }).page.next,
      ),
  });
  agent.destroy();
  const share = (ours: string, theirs: string) =>
    ratio((found[theirs]?.seconds ?? Number.NaN) / (found[ours]?.seconds ?? Number.NaN));
  const line = (what: string, ours: string, theirs: string, count: number, aim: string): Line => ({
    what,
    measured: rate(count, found[ours]?.seconds ?? Number.NaN),
    against: `bare Fastify + postgres.js ${rate(count, found[theirs]?.seconds ?? Number.NaN)}`,
    ratio: share(ours, theirs),
    aim,
  });
  return [
    line('GET one row, with key and checks', 'one', 'bareOne', ones, '0.8'),
    line('GET a page of 100', 'pagePlain', 'barePage', pages, '1.5'),
    line('GET a page of 100, every sixth row', 'page', 'barePage', pages, ''),
    line('GET a page that a filter leaves empty', 'emptyPage', 'barePage', pages, ''),
    line('walk through 100,000 rows (rows)', 'walk', 'bareWalk', walked, '1.0'),
    await pgbench(pg, folder, ones / (found.one?.seconds ?? Number.NaN)),
  ];
}

/** The same lookup by the database alone, from C, over its socket. */
async function pgbench(pg: Record<string, string>, folder: string, ours: number): Promise<Line> {
  const script = join(folder, 'one.sql');
  await writeFile(script, `\\set n random(1, 90000)\nselect * from responses where id = 'A' || :n;\n`);
  const what = 'GET one row against pgbench';
  try {
    const { stdout } = await run('pgbench', ['-n', '-M', 'prepared', '-c', '16', '-T', '5', '-f', script], {
      env: { ...process.env, ...pg },
    });
    const tps = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
    return {
      what,
      measured: `${Math.round(ours).toLocaleString('en-US')}/s`,
      against: `pgbench ${Math.round(tps).toLocaleString('en-US')}/s`,
      ratio: ratio(ours / tps),
      aim: '',
    };
  } catch {
    return { what, measured: '', against: 'pgbench is not installed', ratio: null, aim: '' };
  }
}
