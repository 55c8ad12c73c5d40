import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, ask, Refusal } from './api.ts';
import type { Company } from './company.ts';
import { manageJourney } from './journey.ts';
import { manage } from './manage.ts';

interface Report {
  created: number;
  updated: number;
  unchanged: number;
}

const counted = (n: number) => Math.round(n).toLocaleString('en-US');
const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

const isFact = (path: string) =>
  ['revenue-events', 'referrals', 'retention-events', 'invitations', 'responses'].includes(path);

/** Waits until the service says that it can do its work. */
export async function untilReady(api: Api): Promise<void> {
  for (;;) {
    try {
      await ask(api, 'GET', '/health/ready');
      return;
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 503) throw error;
      await sleep(200, undefined, { signal: api.signal });
    }
  }
}

/**
 * Sends the whole company to the service, a request a dataset, and waits until its outcomes are worked out. To do so
 * again changes nothing; after a break it completes what is there.
 * @param say gets one line a dataset
 * @throws Error where the service holds facts of somebody else
 */
export async function load(api: Api, company: Company, say: (line: string) => void): Promise<void> {
  await requireOwnPlace(api, company);
  const begun = Date.now();
  let sent = 0;
  for (const [path, rows] of Object.entries(company.datasets)) {
    const started = Date.now();
    await sendMistaken(api, company, path);
    const report = await ask<Report>(api, 'POST', `/v1/${path}`, { rows });
    if (isFact(path))
      await ask(api, 'PUT', `/v1/datasets/${path}/complete-through`, {
        body: { complete_through: company.complete_through },
      });
    // Rules hold for what comes after them.
    if (path === 'surveys') await manage(api);
    sent += rows.length;
    say(lineOf(path, rows.length, report, Date.now() - started));
  }
  const loaded = Date.now();
  say(`${counted(sent)} rows in ${seconds(loaded - begun)}.`);
  await manageJourney(api);
  say(`Its vision, mile markers, goals, and what its people say and do, in ${seconds(Date.now() - loaded)}.`);
  await untilFresh(api);
  say(`Their outcomes were worked out ${seconds(Date.now() - loaded)} later.`);
}

function lineOf(path: string, rows: number, report: Report, ms: number): string {
  const became = (['created', 'updated', 'unchanged'] as const)
    .filter((what) => report[what] > 0)
    .map((what) => `${counted(report[what])} ${what === 'updated' ? 'corrected' : what}`);
  // Of a few rows a rate would tell nothing.
  const rate = rows < 500 ? '' : `${counted((1_000 * rows) / Math.max(1, ms))} rows/s`;
  return `  ${path.padEnd(17)} ${counted(rows).padStart(6)} rows ${rate.padStart(14)}   ${became.join(', ')}`;
}

/**
 * Makes sure that no made-up facts are put among true ones. The company itself is sent first, so where it is there,
 * the demo has been there before.
 */
async function requireOwnPlace(api: Api, { datasets }: Company): Promise<void> {
  if (await exists(api, `/v1/units/${datasets.units[0]?.key}`)) return;
  for (const path of Object.keys(datasets)) {
    const { data } = await ask<{ data: object[] }>(api, 'GET', `/v1/${path}?limit=1`);
    if (data.length > 0)
      throw new Error(
        `This database holds ${path.replaceAll('-', ' ')} already, and the demo does not mix its made-up facts with them. Give it another DATA_DIR or DATABASE_URL: DATA_DIR=.demo npm run demo`,
      );
  }
}

/** Sends the rows that were wrong at first, unless they are there, so that the right ones correct them. */
async function sendMistaken(api: Api, { mistaken }: Company, path: string): Promise<void> {
  const rows = path === 'responses' || path === 'revenue-events' ? mistaken[path] : [];
  const last = rows.at(-1);
  if (last === undefined || (await exists(api, `/v1/${path}/${last.id}`))) return;
  await ask(api, 'POST', `/v1/${path}`, { rows });
}

async function exists(api: Api, path: string): Promise<boolean> {
  try {
    await ask(api, 'GET', path);
    return true;
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return false;
    throw error;
  }
}

/** Waits until answers hold everything that was sent. */
async function untilFresh(api: Api): Promise<void> {
  for (;;) {
    const { fresh } = await ask<{ fresh: { pending: number } }>(api, 'GET', '/v1/analytics/scores?survey=nps');
    if (fresh.pending === 0) return;
    await sleep(250, undefined, { signal: api.signal });
  }
}
