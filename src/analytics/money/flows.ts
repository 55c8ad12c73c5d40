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

const originSql = `case ${Object.entries(origins)
  .map(([origin, ways]) => `when ${acquisitionSql} in (${ways.map((way) => `'${way}'`).join(', ')}) then '${origin}'`)
  .join(' ')} else 'unknown' end`;

/** The sums that the questions are made of, by part. */
const partSums = {
  customers: `count(*) filter (where f.now <> 0 or f.part = 'base')`,
  base: 'sum(f.base)',
  now: 'sum(f.now)',
  capped: 'sum(least(f.now, f.base))',
  active: 'count(*) filter (where f.now > 0)',
  not_in_base: 'count(*) filter (where f.base <= 0)',
} as const;
type PartSums = Record<keyof typeof partSums, number>;
const partSumNames = Object.keys(partSums) as (keyof PartSums)[];

/** Who the revenue of a period comes from. */
export const parts = ['base', 'reactivated', 'earned', 'bought', 'unknown'] as const;
export type Part = (typeof parts)[number];

/** What a group of customers paid in a period and in its base, all of them and part by part. */
export type FlowSums = Record<
  'base_revenue' | 'kept_revenue' | 'capped_revenue' | 'active_customers' | 'revenue' | 'not_in_base',
  number
> &
  Record<`${Part}_customers`, number> &
  Record<`${Exclude<Part, 'base'>}_revenue`, number>;
const sumNames = [
  ...(['base_revenue', 'kept_revenue', 'capped_revenue', 'active_customers', 'revenue', 'not_in_base'] as const),
  ...parts.map((part) => `${part}_customers` as const),
  ...(['reactivated', 'earned', 'bought', 'unknown'] as const).map((part) => `${part}_revenue` as const),
];

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
  // Of origins it expects many more groups than there are, and would sort all rows for them.
  await client.rows(`select set_config('work_mem', '128MB', true), set_config('enable_sort', 'off', true)`);
  const rows = await client.rows<PartSums & { place: number; level: number; part: Part; hash_group: number }>(
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
         case when d.base > 0 then 'base' when s.first_paid_at < ${ended_at('d.place')} then 'reactivated'
           else ${by_origin ? originSql : "'unknown'"} end as part
       from paid d
       ${by_origin || customers.asked ? 'left join customers c on c.id = d.customer_id' : ''}
       left join customer_standing s on s.customer_id = d.customer_id
       where true ${customers.conditions}
     ),
     summed as (
       select f.place, f.hash_group, f.part ${customers.names},
         ${partSumNames.map((name) => `${partSums[name]} as ${name}`).join(', ')}
       from flows f group by f.place, f.hash_group, f.part ${customers.names}
     )
     select place, part, hash_group, grouping(part, hash_group) as level ${customers.names},
       ${partSumNames.map((name) => `coalesce(sum(${name}), 0)::float8 as ${name}`).join(', ')}
     from summed
     group by grouping sets ((place, part, hash_group ${customers.names}), (place, part ${customers.names}),
       (place, hash_group ${customers.names}), (place ${customers.names}))`,
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
    // Two bits: of all parts together, and of all groups of customers.
    const held = row.level % 2 === 1 ? flow?.whole : flow?.hashed[row.hash_group];
    if (!held) continue;
    if (row.level < 2) addPart(held, row.part, row);
    else Object.assign(held, { revenue: row.now, not_in_base: row.not_in_base });
  }
  return [...found.values()].sort((one, other) => one.period.from - other.period.from || byGroupValues(one, other));
}

function addPart(held: FlowSums, part: Part, sums: PartSums): void {
  held[`${part}_customers`] = sums.customers;
  if (part !== 'base') {
    held[`${part}_revenue`] = sums.now;
    return;
  }
  held.base_revenue = sums.base;
  held.kept_revenue = sums.now;
  held.capped_revenue = sums.capped;
  held.active_customers = sums.active;
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
