import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import closeWithGrace from 'close-with-grace';
import { type Config, readConfig } from '../config.ts';
import { type Service, startService, stopsWithinMs } from '../start.ts';
import { scorecardWithLink, workedAnswers } from './answers.ts';
import { type Api, ask, Refusal } from './api.ts';
import { demoCompany } from './company.ts';
import { load, untilReady } from './load.ts';

const say = (line: string) => console.log(line);
const complain = (line: string) => console.error(line);

/** The key to ask with, and a word of the shell that stands for it, so that no secret is printed. */
async function findKey({ first_key, key_file }: Service, { admin_key }: Config) {
  if (admin_key !== undefined) return { key: admin_key, key_word: '$ADMIN_KEY' };
  const path = relative('.', key_file).startsWith('..') ? key_file : relative('.', key_file);
  const quoted = /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
  const key = first_key ?? (await readFile(key_file, 'utf8').catch(() => '')).trim();
  return { key, key_word: `$(cat ${quoted})` };
}

/** Loads the company into a service that runs, and tells what can be learned from it. */
async function show(service: Service, config: Config, signal: AbortSignal): Promise<void> {
  const { address, key_file } = service;
  if (address === null) throw new Error('The service does not listen.');
  const { key, key_word } = await findKey(service, config);
  const api: Api = { address, key, signal };
  await untilReady(api);
  try {
    await ask(api, 'GET', '/v1/settings');
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 401) throw error;
    throw new Error(
      `The database has an admin key already, and ${key_file} does not hold it. Set ADMIN_KEY to that key, or to a new one of at least 24 characters, and start again.`,
    );
  }

  const company = demoCompany();
  say(
    `${company.name}, a chain of furniture and garden stores that does not exist: three years, July 2023 to June 2026.`,
  );
  say(`Its facts go in through the HTTP API at ${address}, as your own systems would send them:\n`);
  await load(api, company, say);
  const known = config.public_url ?? address;
  const asker = { address: known, key_word };
  say(`\n${await workedAnswers(api, asker)}\n`);
  say(`${await scorecardWithLink(api, asker)}\n`);
  say(`Try the rest at ${known}/docs (the contract: ${known}/openapi.json).`);
  say(`The key is ${config.admin_key === undefined ? `in ${key_file}` : 'ADMIN_KEY'}.`);
  say('Ctrl-C stops the service and keeps its data; npm start goes on with it.');
}

const stopping = new AbortController();
let starting: Promise<Service> | undefined;

/** Also while it starts or loads: what has begun must be there before it can be stopped. */
async function stop(): Promise<void> {
  stopping.abort();
  const service = await starting?.catch(() => undefined);
  await service?.stop();
}

const { uninstall } = closeWithGrace({ delay: stopsWithinMs }, async ({ err, signal }) => {
  if (err) complain(`The demo stops after an error: ${err.stack ?? err.message}`);
  else say(`The service stops (${signal ?? 'nothing is left to do'}).`);
  await stop();
});

try {
  // A line for each request would hide what the demo has to say. It answers and refreshes, whatever ROLE is set, and
  // takes all that it sends itself, however slow the machine.
  const unlimited = { RATE_LIMIT_PER_MINUTE: '0', MAX_EVENT_LOOP_DELAY_MS: '0' };
  const config = readConfig({ LOG_LEVEL: 'warn', ...unlimited, ...process.env, ROLE: 'all' });
  starting = startService(config, complain);
  await show(await starting, config, stopping.signal);
} catch (error) {
  // Whoever stopped it knows why it did not come to its end.
  if (!stopping.signal.aborted) {
    uninstall();
    complain(error instanceof Error ? error.message : String(error));
    await stop();
    process.exitCode = 1;
  }
}
