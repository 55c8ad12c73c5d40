import type { Database } from '../../src/db/pool.ts';
import { readState } from '../../src/outcomes/collect.ts';
import { outcomeParameters, outcomesSql } from '../../src/outcomes/definition.ts';
import { refresh } from '../../src/outcomes/refresh.ts';
import { ask, keepAlive, type Line, median, ratio, seconds, time } from './measure.ts';

const key = { authorization: `Bearer ${process.env.BENCH_KEY}` };

/** The outcome question from cells, and the same in plain SQL over the raw facts, at one size. */
export async function outcomes(
  db: Database,
  url: string,
  responses: number,
): Promise<{ lines: Line[]; fromCells: number }> {
  const words = responses.toLocaleString('en-US');
  const agent = keepAlive(1);
  const question = (more: string) =>
    ask(agent, `${url}/v1/outcomes/revenue?survey=nps&window_days=180${more}`, { headers: key });
  const timed = async (more: string) => {
    await question(more);
    const times: number[] = [];
    for (let at = 0; at < 15; at++) times.push(await seconds(() => question(more)));
    return median(times);
  };
  const cells = await timed('');
  const grouped = await timed('&group_by=unit');
  const summary = await (async () => {
    const times: number[] = [];
    for (let at = 0; at < 5; at++)
      times.push(
        await seconds(() => ask(agent, `${url}/v1/outcomes/summary?survey=nps&group_by=month`, { headers: key })),
      );
    return median(times);
  })();
  const rows = await timed('&group_by=unit,segment');
  const plain = await seconds(() =>
    db.read(async (client) => {
      await client.rows(`select set_config('statement_timeout', '0', false), set_config('work_mem', '128MB', false)`);
      const state = await readState(client);
      await client.rows(
        `select band, count(*), avg(revenue_after), avg(revenue_before) from (${outcomesSql('all')}) o
         where revenue_state = 'counted' group by band`,
        outcomeParameters({ ...state, windows_days: [180] }),
      );
    }),
  );
  agent.destroy();
  return {
    fromCells: cells,
    lines: [
      {
        what: `outcomes/revenue by band, ${words} responses: cells against plain SQL`,
        measured: time(cells),
        against: time(plain),
        ratio: ratio(plain / cells),
        aim: 'many',
      },
      {
        what: `the same by unit (40), ${words} responses`,
        measured: time(grouped),
        against: time(plain),
        ratio: ratio(plain / grouped),
        aim: 'many',
      },
      {
        what: `outcomes/summary by month, ${words} responses`,
        measured: time(summary),
        against: time(plain),
        ratio: ratio(plain / summary),
        aim: 'many',
      },
      {
        what: `by unit and segment (from the outcomes), ${words} responses`,
        measured: time(rows),
        against: time(plain),
        ratio: ratio(plain / rows),
        aim: '> 1',
      },
    ],
  };
}

/** What it costs to keep the outcomes fresh, by event: on time, late, and a new response. */
export async function refreshCost(db: Database, responses: number): Promise<Line[]> {
  const customers = Math.ceil(responses / 3);
  const meta = `'bench', now(), now(), pg_current_xact_id()`;
  const run = async (what: string, count: number, sql: string): Promise<Line> => {
    const stored = await seconds(() => db.write((client) => client.rows(sql)));
    const took = await seconds(() => refresh(db));
    return {
      what: `refresh, ${what}`,
      measured: `${((1e6 * took) / count).toFixed(0)} µs an event`,
      against: `${((1e6 * stored) / count).toFixed(0)} µs to store it`,
      ratio: ratio(took / stored),
      aim: '',
    };
  };
  const payments = (name: string, count: number, at: string) =>
    `insert into revenue_events (id, customer_id, type, amount, currency, occurred_at, source, recorded_at, changed_at, changed_xid)
     select '${name}' || n, 'C' || 1 + (random() * ${customers - 1})::int, 'one_time', 10, 'EUR', ${at}, ${meta} from generate_series(1, ${count}) n`;
  return [
    await run(
      '20,000 payments on time',
      20_000,
      payments('on-time-', 20_000, `(select max(occurred_at) from revenue_events) + n * interval '1 millisecond'`),
    ),
    await run('2,000 payments that are late', 2_000, payments('late-', 2_000, `timestamptz '2024-06-01'`)),
    await run(
      '2,000 new responses',
      2_000,
      `insert into responses (id, customer_id, survey, score, band, themes, unit, answered_at, source, recorded_at, changed_at, changed_xid)
       select 'new-' || n, 'C' || 1 + (random() * ${customers - 1})::int, 'nps', 10, 'promoter', '{}', 'unit-1', timestamptz '2026-01-01', ${meta} from generate_series(1, 2000) n`,
    ),
  ];
}
