import type { FastifyBaseLogger } from 'fastify';
import { Gauge, type Registry } from 'prom-client';
import type { Client, Database } from '../../db/pool.ts';
import { waitingMatches } from '../../matching/match.ts';
import { waiting } from '../../outcomes/refresh.ts';
import { queues } from './queues.ts';

interface Counted {
  value: string;
  n: number;
}

/** Facts that wait are counted up to here; more is too many all the same. */
const mostFacts = 10_000;

/**
 * Adds the figures of the pool and of what waits in the database.
 * @returns a function that reads them anew, to be called before each answer. Where the database does not answer, it
 *   says so in a figure and leaves out the others that come from there.
 */
export function addStateMetrics(registry: Registry, db: Database): (log: FastifyBaseLogger) => Promise<void> {
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge<L>({ name: `milemarker_${name}`, help, labelNames, registers: [registry] });
  const up = gauge('database_up', 'Whether the database answered this question: 1 or 0.');
  const connections = gauge('pool_connections', 'Connections to the database that this process holds.', ['state']);
  const line = gauge('pool_waiting', 'Requests of this process that wait for a connection.');
  const facts = gauge('refresh_waiting_facts', `Facts that the outcomes do not know yet, at most ${mostFacts}.`);
  const respondents = gauge('refresh_waiting_respondents', 'Respondents whose outcomes are to be worked out again.');
  const customers = gauge(
    'refresh_waiting_customers',
    'Customers whose months and standing are to be worked out again.',
  );
  const age = gauge(
    'refresh_age_seconds',
    'Since outcomes were last worked out. It grows while nothing new comes; it is late where something waits as well.',
  );
  const unmatched = gauge(
    'matching_waiting_responses',
    `Responses in which problems were not looked for yet since they were stored or changed, at most ${mostFacts}.`,
  );
  const unfinished = gauge(
    'matching_waiting_problems',
    'Problems that were made or changed and are still being looked for in old responses.',
  );
  const counted = queues.map((queue) => ({ queue, gauge: gauge(queue.name, queue.help, [queue.label]) }));

  return async (log) => {
    const { size, busy, waiting: inLine } = db.stats();
    connections.set({ state: 'busy' }, busy);
    connections.set({ state: 'idle' }, size - busy);
    line.set(inLine);
    for (const one of [facts, respondents, customers, age, unmatched, unfinished]) one.remove();
    for (const { gauge } of counted) gauge.reset();
    try {
      const found = await waiting(db, mostFacts);
      facts.set(found.facts);
      respondents.set(found.respondents);
      customers.set(found.customers);
      await db.read(async (client) => {
        const seconds = await secondsSinceRefresh(client);
        if (seconds !== null) age.set(seconds);
        const { responses, problems } = await waitingMatches(client, mostFacts);
        unmatched.set(responses);
        unfinished.set(problems.length);
        for (const { queue, gauge } of counted)
          for (const { value, n } of await client.rows<Counted>(queue.sql)) gauge.set({ [queue.label]: value }, n);
      });
      up.set(1);
    } catch (error) {
      log.warn({ err: error }, 'the database gave no figures');
      up.set(0);
    }
  };
}

async function secondsSinceRefresh(client: Client): Promise<number | null> {
  const [state] = await client.rows<{ seconds: number | null }>(
    'select extract(epoch from now() - refreshed_at)::float8 as seconds from refresh_state',
  );
  return state?.seconds ?? null;
}
