import type { Client } from '../../db/pool.ts';
import type { RatioGroup } from '../../stats/jackknife.ts';
import { hiddenRows, type Standing } from '../small-groups.ts';
import { byGroupValues, hashGroups, Statement } from '../sums.ts';
import {
  acquisitionSql,
  type CustomerGroup,
  type CustomerQuestion,
  groupOf,
  ofCustomers,
  origins,
} from './customer-question.ts';
import { dateOf, type Period } from './periods.ts';

/** Who the revenue of a period comes from. */
export const parts = ['base', 'reactivated', 'earned', 'bought', 'unknown'] as const;
export type Part = (typeof parts)[number];

/** A part in SQL, by its place: numbers are compared more quickly than words. */
const numberOf = (part: Part) => parts.indexOf(part);

const originSql = `case ${(['earned', 'bought'] as const)
  .map(
    (origin) =>
      `when ${acquisitionSql} in (${origins[origin].map((way) => `'${way}'`).join(', ')}) then ${numberOf(origin)}`,
  )
  .join(' ')} else ${numberOf('unknown')} end`;

/** What a group of customers paid in a period and in its base, all of them and part by part. */
export type FlowSums = Record<
  'base_revenue' | 'kept_revenue' | 'capped_revenue' | 'active_customers' | 'revenue' | 'not_in_base',
  number
> &
  Record<`${Part}_customers`, number> &
  Record<`${Exclude<Part, 'base'>}_revenue`, number>;

const isOf = (part: Part) => `f.part = ${numberOf(part)}`;
const peopleOf = (part: Part) => `count(*) filter (where ${isOf(part)} and f.now <> 0)`;
const revenueOf = (part: Part) => `sum(f.now) filter (where ${isOf(part)})`;

/** The sums over flows `f`. A row is of one part, so most of them pass over it. */
const sumSql: Record<keyof FlowSums, string> = {
  base_revenue: `sum(f.base) filter (where ${isOf('base')})`,
  kept_revenue: revenueOf('base'),
  capped_revenue: `sum(least(f.now, f.base)) filter (where ${isOf('base')})`,
  active_customers: `count(*) filter (where ${isOf('base')} and f.now > 0)`,
  revenue: 'sum(f.now)',
  not_in_base: 'count(*) filter (where f.base <= 0)',
  base_customers: `count(*) filter (where ${isOf('base')})`,
  reactivated_customers: peopleOf('reactivated'),
  reactivated_revenue: revenueOf('reactivated'),
  earned_customers: peopleOf('earned'),
  earned_revenue: revenueOf('earned'),
  bought_customers: peopleOf('bought'),
  bought_revenue: revenueOf('bought'),
  unknown_customers: peopleOf('unknown'),
  unknown_revenue: revenueOf('unknown'),
};
const sumNames = Object.keys(sumSql) as (keyof FlowSums)[]; // the keys given above

/** What a group of customers paid in a period and in the one before: as a whole, and by the groups of the jackknife. */
export interface Flow extends CustomerGroup {
  period: Period;
  whole: FlowSums;
  hashed: FlowSums[];
}

const none = (): FlowSums => Object.fromEntries(sumNames.map((name) => [name, 0])) as FlowSums;

/**
 * Reads the sums of each period and group from `customer_months`: the months of the periods and of their bases, and no
 * others. Every customer with revenue in one of the two is in exactly one part of a period: in the `base` with net
 * revenue above zero there; else `reactivated` when it paid anything before the base ended, else new by its origin. All
 * amounts are summed as `numeric`, so the revenue of the parts adds up to that of the period exactly.
 * @param by_origin whether new customers are told apart by how they came; else all are `unknown`, which is quicker
 */
export async function readFlows(
  client: Client,
  question: CustomerQuestion,
  { periods, by_origin }: { periods: Period[]; by_origin: boolean },
): Promise<Flow[]> {
  if (periods.length === 0) return [];
  const statement = new Statement();
  const { blocks, places, ended_at } = placesOf(statement, question, periods);
  const customers = ofCustomers(statement, question);
  // The months of a customer need no summing where each is a period of its own.
  const isMonthly = periods.every(({ from, to }) => to === from + 1);
  await client.rows(`select set_config('work_mem', '128MB', true)`);
  const rows = await client.rows<FlowSums & { place: number; is_whole: number; hash_group: number }>(
    `with blocks(month, block) as (${blocks}), places(block, place, is_base) as (${places}),
     spent as ${isMonthly ? 'not materialized' : 'materialized'} (
       select m.customer_id, m.hash_group, b.block, ${isMonthly ? 'm.revenue' : 'sum(m.revenue) as revenue'}
       from customer_months m join blocks b on b.month = m.month
       ${isMonthly ? '' : 'group by m.customer_id, m.hash_group, b.block'}
     ),
     -- A join, since grouping twice as many rows costs twice as much.
     paid as (
       select coalesce(n.customer_id, b.customer_id) as customer_id, coalesce(n.hash_group, b.hash_group) as hash_group,
         coalesce(n.place, b.place) as place, b.revenue as base, coalesce(n.revenue, 0) as now
       from (select s.*, p.place from spent s join places p on p.block = s.block and not p.is_base) n
       full join (select s.*, p.place from spent s join places p on p.block = s.block and p.is_base) b
         on b.customer_id = n.customer_id and b.place = n.place
     ),
     flows as (
       select d.place, d.hash_group, d.base, d.now ${customers.values},
         case when d.base > 0 then ${numberOf('base')} when s.first_paid_at < ${ended_at('d.place')} then ${numberOf('reactivated')}
           else ${by_origin ? originSql : numberOf('unknown')} end as part
       from paid d
       ${by_origin || customers.asked ? 'left join customers c on c.id = d.customer_id' : ''}
       left join customer_standing s on s.customer_id = d.customer_id
       where true ${customers.conditions}
       offset 0 -- Else the part would be worked out again for each sum.
     ),
     -- Not grouped by part: of an expression it expects 200 values, and would rather sort millions of rows.
     summed as (
       select f.place, f.hash_group ${customers.names}, ${sumNames.map((name) => `${sumSql[name]} as ${name}`).join(', ')}
       from flows f group by f.place, f.hash_group ${customers.names}
     )
     select place, hash_group, grouping(hash_group) as is_whole ${customers.names},
       ${sumNames.map((name) => `coalesce(sum(${name}), 0)::float8 as ${name}`).join(', ')}
     from summed group by grouping sets ((place, hash_group ${customers.names}), (place ${customers.names}))`,
    statement.parameters,
  );
  const found = new Map<string, Flow>();
  const flowAt = (place: number, groups: CustomerGroup['groups']): Flow | undefined => {
    const key = JSON.stringify([place, groups]);
    const period = periods[place];
    const flow =
      found.get(key) ?? (period && { period, groups, whole: none(), hashed: Array.from({ length: hashGroups }, none) });
    if (flow) found.set(key, flow);
    return flow;
  };
  // Without groups, a period in which nobody paid is a row as well.
  if (question.group_by.length === 0) for (const place of periods.keys()) flowAt(place, []);
  for (const row of rows) {
    const flow = flowAt(row.place, groupOf(row, question));
    const held = row.is_whole === 1 ? flow?.whole : flow?.hashed[row.hash_group];
    if (held) for (const name of sumNames) held[name] = row[name];
  }
  return [...found.values()].sort((one, other) => one.period.from - other.period.from || byGroupValues(one, other));
}

/**
 * Which months are in which block, and which blocks are base or period of which place, as relations; and the moment at
 * which the base of a place ended. Periods are as long as their bases and as far apart as whole ones, so every month
 * is in one block however often it is told: `block` is the first month of it.
 */
function placesOf(statement: Statement, { state }: CustomerQuestion, periods: Period[]) {
  const column = (values: (string | number | boolean)[], type: string) => `${statement.param(values)}::${type}[]`;
  const starts = new Map(
    periods.flatMap(({ from, to, base_from, base_to }) => [[base_from, base_to] as const, [from, to] as const]),
  );
  const months = [...starts].flatMap(([block, end]) => monthsIn(block, end).map((month) => ({ month, block })));
  const places = periods.flatMap(({ from, base_from }, place) => [
    { block: base_from, place, is_base: true },
    { block: from, place, is_base: false },
  ]);
  const dates = column(
    months.map(({ month }) => dateOf(month)),
    'date',
  );
  const blocks = column(
    months.map(({ block }) => block),
    'int',
  );
  const columns = [
    column(
      places.map(({ block }) => block),
      'int',
    ),
    column(
      places.map(({ place }) => place),
      'int',
    ),
    column(
      places.map(({ is_base }) => is_base),
      'boolean',
    ),
  ];
  const ends = column(
    periods.map(({ base_to }) => dateOf(base_to)),
    'date',
  );
  const zone = statement.param(state.time_zone);
  return {
    blocks: `select * from unnest(${dates}, ${blocks})`,
    places: `select * from unnest(${columns.join(', ')})`,
    ended_at: (place: string) => `(${ends})[${place} + 1]::timestamp at time zone ${zone}`,
  };
}

const monthsIn = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

/** How many payments of these periods and their bases no exchange rate is known for; each once. */
export async function countWithoutRate(client: Client, question: CustomerQuestion, periods: Period[]): Promise<number> {
  const months = new Set(
    periods.flatMap(({ from, to, base_from, base_to }) => [...monthsIn(base_from, base_to), ...monthsIn(from, to)]),
  );
  const statement = new Statement();
  const dates = statement.param([...months].map(dateOf));
  const { conditions } = ofCustomers(statement, question);
  const [found] = await client.rows<{ n: number }>(
    `select coalesce(sum(m.no_rate), 0)::int8 as n from customer_months m
     ${conditions === '' ? '' : 'left join customers c on c.id = m.customer_id'}
     where m.month = any(${dates}::date[]) and m.no_rate > 0 ${conditions}`,
    statement.parameters,
  );
  return found?.n ?? 0;
}

/** A ratio of sums as the jackknife takes it. */
export const ratioGroups = (
  { hashed }: Pick<Flow, 'hashed'>,
  numerator: (sums: FlowSums) => number,
  denominator: (sums: FlowSums) => number = ({ base_revenue }) => base_revenue,
): RatioGroup[] => hashed.map((sums) => ({ numerator: numerator(sums), denominator: denominator(sums) }));

/** All these flows together, group of customers by group of customers. */
export const together = (flows: readonly Flow[]): Pick<Flow, 'whole' | 'hashed'> => ({
  whole: flows.map(({ whole }) => whole).reduce(add, none()),
  hashed: Array.from({ length: hashGroups }, (_, group) =>
    flows.map(({ hashed }) => hashed[group] ?? none()).reduce(add, none()),
  ),
});

const add = (one: FlowSums, other: FlowSums) =>
  Object.fromEntries(sumNames.map((name) => [name, one[name] + other[name]])) as FlowSums;

/** Parts of a flow that are told as one: new customers whatever their origin. */
export type Shown = readonly (readonly Part[])[];

/**
 * What readers who may not see people are not told: of each flow the parts (by the name of their first), or everything,
 * `all`. The parts of a flow add up to its revenue, and those of the groups to that of everybody, so `hiddenRows` keeps
 * both sums from giving a small part away.
 */
export function hiddenParts(flows: readonly Flow[], shown: Shown, fewest: number): Map<Flow, Set<Part | 'all'>> {
  const key = (flow: Flow, part: string) => ({ flow, part });
  const standing: Standing<{ flow: Flow; part: string }>[] = flows.flatMap((flow) => {
    const lines = (part: string) =>
      flow.groups.map((_, at) =>
        JSON.stringify([flow.period.label, part, at, flow.groups.filter((_value, other) => other !== at)]),
      );
    const counts = shown.map((together) => ({
      part: String(together[0]),
      people: together.reduce((sum, part) => sum + flow.whole[`${part}_customers`], 0),
    }));
    const own = JSON.stringify(['parts', flow.period.label, flow.groups]);
    return [
      {
        row: key(flow, 'all'),
        people: counts.reduce((sum, { people }) => sum + people, 0),
        lines: lines('all'),
      },
      ...counts.map(({ part, people }) => ({ row: key(flow, part), people, lines: [...lines(part), own] })),
    ];
  });
  const hidden = hiddenRows(standing, fewest);
  return new Map(
    flows.map((flow) => {
      const names = standing.filter(({ row }) => row.flow === flow && hidden.has(row)).map(({ row }) => row.part);
      return [flow, new Set(names as (Part | 'all')[])]; // the names given above
    }),
  );
}
