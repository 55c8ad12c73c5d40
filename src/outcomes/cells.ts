/**
 * The cells: additive sums of `response_outcomes`, so that an answer costs the same however many responses there are.
 * Integers and numerics only, so that what is subtracted cancels exactly.
 *
 * Outcomes are summed by survey, window, band, one dimension or none, and 32 groups of customers, which the intervals
 * need: by month over all, by year within a dimension. By month there too they were 0.8 million cells for three years
 * and 70 values, five in six of them for intervals that hardly anybody asks for; so they are 0.07 million. Scores need
 * no groups, so they are summed by month everywhere; the curve needs days, so it is kept for the whole only. Everything
 * else reads `response_outcomes`.
 */

/** Where a score lies on its scale, by the limits of its survey. */
export const bands = ['detractor', 'passive', 'promoter'] as const;
export type Band = (typeof bands)[number];

/** The dimensions that cells are kept for, besides `all`. A response with several themes counts in each of them. */
export const dimensions = ['unit', 'segment', 'region', 'moment', 'channel', 'theme'] as const;
export type Dimension = (typeof dimensions)[number];
export type Cuboid = 'all' | Dimension;

/** How many values a dimension may have before it leaves the cells: somebody will send an id as a segment. */
export const mostValues = 5_000;

/**
 * The cuboid and value of each cell that a row counts in; `row` is the alias of a relation with the columns of
 * `response_outcomes`, `kept` a parameter: the cuboids that are kept.
 */
const cuboidsOf = (row: string, kept: string) =>
  `
  cross join lateral (
    select 'all' as cuboid, '' as value
    ${dimensions
      .filter((dimension) => dimension !== 'theme')
      .map((dimension) => `union all select '${dimension}', ${row}.${dimension}`)
      .join('\n    ')}
    union all select 'theme', theme from unnest(case ${row}.themes when '{}' then '{""}' else ${row}.themes end) as theme
  ) as cube`.concat(`\n  where cube.cuboid = any(${kept}::text[])`);

/** The sums of `outcome_cells`: name, and the expression that a row adds. */
export const outcomeSums = {
  responses: '1',
  anonymous: "(c.revenue_state = 'anonymous')::int",
  leaving: "(c.revenue_state = 'leaving')::int",
  not_index: "(c.revenue_state = 'not_index')::int",
  revenue_open: "(c.revenue_state = 'window_open')::int",
  revenue_no_rate: "(c.revenue_state = 'no_exchange_rate')::int",
  revenue_n: "(c.revenue_state = 'counted')::int",
  revenue_after: 'coalesce(c.revenue_after, 0)',
  revenue_before: 'coalesce(c.revenue_before, 0)',
  orders: 'coalesce(c.orders_after, 0)',
  repeaters: 'coalesce((c.orders_after > 0)::int, 0)',
  referrals_open: "(c.referrals_state = 'window_open')::int",
  referrals_n: "(c.referrals_state = 'counted')::int",
  referrals: 'coalesce(c.referrals_after, 0)',
  referrers: 'coalesce((c.referrals_after > 0)::int, 0)',
  conversions: 'coalesce(c.conversions_after, 0)',
  retention_open: "(c.retention_state = 'window_open')::int",
  retention_not_active: "(c.retention_state = 'not_active')::int",
  retention_n: "(c.retention_state = 'counted')::int",
  retention_contract_n: "coalesce((c.retention_basis = 'contract')::int, 0)",
  retained: 'coalesce(c.retained::int, 0)',
  curve_no_contract: "(c.curve_state = 'no_contract')::int",
  curve_not_active: "(c.curve_state = 'not_active')::int",
} as const;

export type OutcomeSum = keyof typeof outcomeSums;
export const outcomeSumNames = Object.keys(outcomeSums) as OutcomeSum[];

/** A kind of cells, as the relation that they are the sums of. */
interface CellKind {
  table: 'outcome_cells' | 'score_cells' | 'survival_cells';
  key: readonly string[];
  sums: readonly string[];
  /** The cells of a relation with the columns of `response_outcomes` and a `sign`; $1 is the cuboids that are kept. */
  from: (relation: string) => string;
}

const summed = (expression: string, name: string) => `sum(c.sign * ${expression}) as ${name}`;

export const cellKinds: readonly CellKind[] = [
  {
    table: 'outcome_cells',
    key: ['survey', 'window_days', 'cuboid', 'value', 'period', 'band', 'hash_group'],
    sums: outcomeSumNames,
    from: (relation) => `
      select c.survey, c.window_days, cube.cuboid, cube.value,
        case cube.cuboid when 'all' then c.month else date_trunc('year', c.month)::date end as period,
        c.band, c.hash_group, ${outcomeSumNames.map((name) => summed(outcomeSums[name], name)).join(', ')}
      from ${relation} c ${cuboidsOf('c', '$1')}
      group by 1, 2, 3, 4, 5, 6, 7`,
  },
  {
    table: 'score_cells',
    key: ['survey', 'cuboid', 'value', 'month', 'band', 'score'],
    sums: ['responses'],
    // Every response has a row a window: the shortest window speaks for it.
    from: (relation) => `
      select c.survey, cube.cuboid, cube.value, c.month, c.band, c.score, ${summed('1', 'responses')}
      from (select * from ${relation} r where window_days = (select min(w) from refresh_state, unnest(windows_days) w)) c
      ${cuboidsOf('c', '$1')}
      group by c.survey, cube.cuboid, cube.value, c.month, c.band, c.score`,
  },
  {
    table: 'survival_cells',
    key: ['survey', 'window_days', 'band', 'answered_on', 'churned_after_days'],
    sums: ['responses'],
    from: (relation) => `
      select c.survey, c.window_days, c.band, c.answered_on, coalesce(c.churned_after_days, -1) as churned_after_days,
        ${summed('1', 'responses')}
      from ${relation} c where c.curve_state = 'counted' and 'all' = any($1::text[])
      group by 1, 2, 3, 4, 5`,
  },
];

/** All outcomes, as a relation that cells are made from. */
export const everyOutcome = '(select 1::smallint as sign, * from response_outcomes)';

/**
 * Adds the cells of a relation with the columns of `response_outcomes` and a `sign` to those that are stored; in the
 * order of the key, which is several times quicker for many.
 */
export const addCellsSql = ({ table, key, sums, from }: CellKind, relation: string) => `
  insert into ${table} as held (${[...key, ...sums].join(', ')})
  ${from(relation)}
  order by ${key.join(', ')}
  on conflict (${key.join(', ')}) do update set
    ${sums.map((name) => `${name} = held.${name} + excluded.${name}`).join(', ')}`;
