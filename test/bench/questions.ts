import { questions as registered } from '../../src/analytics/routes.ts';
import type { Client, Database } from '../../src/db/pool.ts';
import { ask, keepAlive, type Line, median, ratio, seconds, time } from './measure.ts';
import { money } from './plain/money.ts';
import { outcomes } from './plain/outcomes.ts';
import { people } from './plain/people.ts';
import type { Ends, Plain } from './plain/pieces.ts';
import { scores } from './plain/scores.ts';

const headers = { authorization: `Bearer ${process.env.BENCH_KEY}` };
const plain: Record<string, readonly Plain[]> = { ...outcomes, ...scores, ...money, ...people };

/**
 * Each question that the service answers, beside the same headline figures in plain SQL over the raw tables: the median of
 * three answers after a first one, and one run of the statement.
 * @returns also what is wrong: a question that nothing is held against, and figures that are not the same
 */
export async function questions(
  db: Database,
  url: string,
  { responses, say }: { responses: number; say: (line: Line) => void },
): Promise<string[]> {
  const wrong = registered
    .filter(({ path }) => !plain[path])
    .map(({ path }) => `${path} has no statement in test/bench/plain/ that it is held against.`);
  const agent = keepAlive(1);
  const ends = await db.read(readEnds);
  for (const { path } of registered)
    for (const one of plain[path] ?? []) {
      try {
        const { ours, theirs, differ } = await compare(db, one, ends, () =>
          ask(agent, `${url}/v1${one.ask}`, { headers }),
        );
        say({
          what: `${one.ask.slice(1)}, ${responses.toLocaleString('en-US')} responses`,
          measured: time(ours),
          against: `plain SQL ${time(theirs)}`,
          ratio: ratio(theirs / ours),
          aim: '',
        });
        if (differ) wrong.push(`${one.ask}: ${differ}`);
      } catch (error) {
        wrong.push(`${one.ask}: ${error}`);
      }
    }
  agent.destroy();
  return wrong;
}

/** Through when the datasets are known. */
async function readEnds(client: Client): Promise<Ends> {
  const [found] = await client.rows<{ revenue: string; referrals: string; retention: string }>(
    `select set_config('statement_timeout', '0', false), (select max(occurred_at) from revenue_events)::text as revenue,
       (select max(made_at) from referrals)::text as referrals, (select max(occurred_at) from retention_events)::text as retention`,
  );
  const moment = (text: string | undefined) => `timestamptz '${text}'`;
  return {
    revenue: moment(found?.revenue),
    referrals: moment(found?.referrals),
    retention: moment(found?.retention),
  };
}

async function compare(db: Database, { figures, sql }: Plain, ends: Ends, asked: () => Promise<Buffer>) {
  const { data, comparisons } = JSON.parse((await asked()).toString()) as {
    data: Record<string, unknown>[];
    comparisons: Record<string, unknown>[];
  };
  const times: number[] = [];
  for (let at = 0; at < 3; at++) times.push(await seconds(asked));
  const ours = figures(data, comparisons);
  const names = ours.map((_, at) => `figure_${at}`);
  let theirs: (number | null)[] = [];
  const took = await seconds(() =>
    db.read(async (client) => {
      await client.rows(`select set_config('statement_timeout', '0', false), set_config('work_mem', '128MB', false)`);
      const [row] = await client.rows<{ figures: (number | null)[] }>(
        `select array[${names.map((name) => `${name}::float8`).join(', ')}] as figures
         from (${sql(ends)}) as answer(${names.join(', ')})`,
      );
      theirs = row?.figures ?? [];
    }),
  );
  const isSame = ours.every((value, at) => isNear(value, theirs[at]));
  return {
    ours: median(times),
    theirs: took,
    differ: isSame ? null : `the service tells ${JSON.stringify(ours)}, plain SQL ${JSON.stringify(theirs)}.`,
  };
}

/** Figures of the answers have six decimals. */
const isNear = (one: unknown, other: unknown) =>
  typeof one === 'number' && typeof other === 'number' && Math.abs(one - other) < 1e-6 * Math.max(1, Math.abs(other));
