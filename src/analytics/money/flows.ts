import type { Client } from '../../db/pool.ts';
import type { RatioGroup } from '../../stats/jackknife.ts';
import { hiddenRows, type Standing } from '../small-groups.ts';
import { hashGroups, Statement } from '../sums.ts';
import {
  acquisitionSql,
  byCustomerGroup,
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

const of = (part: string) => `filter (where f.part = '${part}')`;
/** The sums that the questions are made of, over customers `f` with a part, `base` and `now`. */
const sums = {
  base_customers: `count(*) ${of('base')}`,
  base_revenue: `sum(f.base) ${of('base')}`,
  kept_revenue: `sum(f.now) ${of('base')}`,
  capped_revenue: `sum(least(f.now, f.base)) ${of('base')}`,
  active_customers: `count(*) filter (where f.part = 'base' and f.now > 0)`,
  ...partSums('reactivated'),
  ...partSums('earned'),
  ...partSums('bought'),
  ...partSums('unknown'),
  revenue: 'sum(f.now)',
  not_in_base: 'count(*) filter (where f.base <= 0)',
} as const;

function partSums<P extends string>(part: P) {
  return {
    [`${part}_customers`]: `count(*) filter (where f.part = '${part}' and f.now <> 0)`,
    [`${part}_revenue`]: `sum(f.now) ${of(part)}`,
  } as Record<`${P}_customers` | `${P}_revenue`, string>; // the two names just written
}

export type FlowSum = keyof typeof sums;
const sumNames = Object.keys(sums) as FlowSum[];
export type FlowSums = Record<FlowSum, number>;
/** Who the revenue of a period comes from. */
export const parts = ['base', 'reactivated', 'earned', 'bought', 'unknown'] as const;
export type Part = (typeof parts)[number];

/** What a group of customers paid in a period and in the one before: as a whole, and by the groups of the jackknife. */
export interface Flow extends CustomerGroup {
  period: Period;
  whole: FlowSums;
  hashed: FlowSums[];
}

const none = (): FlowSums => Object.fromEntries(sumNames.map((name) => [name, 0])) as FlowSums;

/**
 * Reads the sums of each period and group from `customer_months`: the months of the periods and of their bases, and no
 * others. Every customer with revenue in one of the two is in exactly one part of a period: in the `base` with net revenue above zero there; else
 * `reactivated` when it paid anything before the base ended, else new by its origin. All amounts are summed as
 * `numeric`, so the revenue of the parts adds up to that of the period exactly.
 */
export async function readFlows(client: Client, question: CustomerQuestion, periods: Period[]): Promise<Flow[]> {
  if (periods.length === 0) return [];
  const statement = new Statement();
  const { places, ends } = placesOf(statement, question, periods);
  const customers = ofCustomers(statement, question);
  const rows = await client.rows<FlowSums & { place: number; is_whole: number; hash_group: number }>(
    `with places(month, place, is_base) as (${places}), ends(place, ended_at) as (${ends}),
     paid as (
       select m.customer_id, m.hash_group, p.place, sum(m.revenue) filter (where p.is_base) as base,
         coalesce(sum(m.revenue) filter (where not p.is_base), 0) as now
       from customer_months m join places p on p.month = m.month
       group by m.customer_id, m.hash_group, p.place
     ),
     flows as (
       select d.place, d.hash_group, d.base, d.now ${customers.values},
         case when d.base > 0 then 'base' when s.first_paid_at < e.ended_at then 'reactivated' else ${originSql} end as part
       from paid d join ends e on e.place = d.place
       left join customers c on c.id = d.customer_id
       left join customer_standing s on s.customer_id = d.customer_id
       where true ${customers.conditions}
     )
     select f.place, grouping(f.hash_group) as is_whole, f.hash_group ${customers.names},
       ${sumNames.map((name) => `coalesce(${sums[name]}, 0)::float8 as ${name}`).join(', ')}
     from flows f
     group by grouping sets ((f.place, f.hash_group ${customers.names}), (f.place ${customers.names}))`,
    statement.parameters,
  );
  const found = new Map<string, Flow>();
  const flowAt = (place: number, groups: CustomerGroup['groups']): Flow | undefined => {
    const key = JSON.stringify([place, groups]);
    const period = periods[place];
    const flow = found.get(key) ?? (period && { period, groups, whole: none(), hashed: [] });
    if (flow) found.set(key, flow);
    return flow;
  };
  // Without groups, a period in which nobody paid is a row as well.
  if (question.group_by.length === 0) for (const place of periods.keys()) flowAt(place, []);
  for (const row of rows) {
    const flow = flowAt(row.place, groupOf(row, question));
    if (!flow) continue;
    const held = Object.fromEntries(sumNames.map((name) => [name, row[name]])) as FlowSums;
    if (row.is_whole === 1) flow.whole = held;
    else flow.hashed[row.hash_group] = held;
  }
  for (const flow of found.values())
    flow.hashed = Array.from({ length: hashGroups }, (_, group) => flow.hashed[group] ?? none());
  return [...found.values()].sort((one, other) => one.period.from - other.period.from || byCustomerGroup(one, other));
}

/** The months of the periods and their bases, and the moments at which the bases end, as relations. */
function placesOf(statement: Statement, { state }: CustomerQuestion, periods: Period[]) {
  const months = periods.flatMap(({ from, to, base_from, base_to }, place) => [
    ...monthsIn(base_from, base_to).map((month) => ({ month, place, is_base: true })),
    ...monthsIn(from, to).map((month) => ({ month, place, is_base: false })),
  ]);
  const column = (values: (string | number | boolean)[], type: string) => `${statement.param(values)}::${type}[]`;
  return {
    places: `select * from unnest(${column(
      months.map(({ month }) => dateOf(month)),
      'date',
    )}, ${column(
      months.map(({ place }) => place),
      'int',
    )}, ${column(
      months.map(({ is_base }) => is_base),
      'boolean',
    )})`,
    ends: `select place, ended_on::timestamp at time zone ${statement.param(state.time_zone)}
      from unnest(${column([...periods.keys()], 'int')}, ${column(
        periods.map(({ base_to }) => dateOf(base_to)),
        'date',
      )}) as t(place, ended_on)`,
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
