import type { Client } from '../../db/pool.ts';
import type { Question } from '../question.ts';
import { byGroup, fromRows, type GroupKey, groupNames, hashGroups, keyOf, Statement } from '../sums.ts';

/** Top answer or not, by loyal or not: the rows of the quadrant. */
export const quadrants = ['apostle', 'mercenary', 'hostage', 'defector'] as const;
/** How good the answer was. */
export const answers = ['top', 'satisfied', 'not_satisfied'] as const;
/** The two ways to part the responses that count, and the whole of them. */
export type PartName = (typeof quadrants)[number] | (typeof answers)[number] | 'all';

interface LoyaltySums {
  n: number;
  loyal: number;
  left_customers: number;
  revenue: number;
}

/** The responses of a part: as a whole, and by the groups of the jackknife. */
export interface LoyaltyPart {
  name: PartName;
  /** `revenue_variance` is that of customers, so of responses only where each customer counts once. */
  whole: LoyaltySums & { customers: number; revenue_variance: number | null };
  hashed: LoyaltySums[];
}

export interface LoyaltyGroup extends GroupKey {
  /** The survey counts answers below the top band as satisfied too. */
  has_satisfied: boolean;
  parts: Map<PartName, LoyaltyPart>;
}

/**
 * What a response must be told of to be counted: retention, and revenue and referrals as far as they were ever sent.
 * Without any revenue `bought again` is never true, and without any referral `referred`.
 */
function reasons({ state }: Question): readonly string[] {
  return [
    'c.retention_state',
    ...(state.revenue_through === null ? [] : ['c.revenue_state']),
    ...(state.referrals_through === null ? [] : ['c.referrals_state']),
  ];
}

const goodness = `case when c.band = 'promoter' then 'top'
  when case when s.higher_is_better then c.score else s.scale_min + s.scale_max - c.score end >= s.satisfied_min
    or (s.satisfied_min >= s.promoter_min and c.band = 'passive') then 'satisfied'
  else 'not_satisfied' end`;
const loyal = '(c.retained and (coalesce(c.orders_after, 0) > 0 or coalesce(c.referrals_after, 0) > 0))';

/** Reads the parts of each survey and group from `response_outcomes`: time in proportion to the responses asked about. */
export async function readLoyalty(client: Client, question: Question): Promise<LoyaltyGroup[]> {
  const statement = new Statement();
  const { from, where, groups } = fromRows(statement, question);
  const names = groups.map((_, at) => `, ${groupNames[at]}`).join('');
  await client.rows(`select set_config('work_mem', '64MB', true)`);
  const keys = `survey ${names}, has_satisfied, name`;
  const rows = await client.rows<
    LoyaltySums & {
      name: PartName;
      has_satisfied: boolean;
      hash_group: number;
      level: number;
      customers: number;
      revenue_variance: number | null;
    }
  >(
    `with counted as (
       select c.survey ${groups.map((group, at) => `, ${group} as ${groupNames[at]}`).join('')},
         s.satisfied_min < s.promoter_min as has_satisfied, c.hash_group, c.respondent, ${goodness} as goodness,
         ${loyal} as loyal, not c.retained as has_left, c.revenue_after
       from ${from} join surveys s on s.key = c.survey
       where ${where} and ${reasons(question)
         .map((state) => `${state} = 'counted'`)
         .join(' and ')}
     ), people as (
       select ${keys}, hash_group, respondent, count(*) as n, count(*) filter (where loyal) as loyal,
         count(*) filter (where has_left) as left_customers, sum(revenue_after) as revenue
       from counted cross join lateral (values
         ('all'), (goodness),
         (case when goodness = 'top' then case when loyal then 'apostle' else 'mercenary' end
           else case when loyal then 'hostage' else 'defector' end end)
       ) as parts(name)
       group by ${keys}, hash_group, respondent
     )
     select ${keys}, hash_group, grouping(hash_group) as level, sum(n)::int8 as n, sum(loyal)::int8 as loyal,
       sum(left_customers)::int8 as left_customers, coalesce(sum(revenue), 0)::float8 as revenue,
       count(*) as customers, var_samp(revenue)::float8 as revenue_variance
     from people group by grouping sets ((${keys}, hash_group), (${keys}))`,
    statement.parameters,
  );
  const found = new Map<string, LoyaltyGroup>();
  for (const row of rows) {
    const key = keyOf({ ...row }, question);
    const text = JSON.stringify(key);
    const group = found.get(text) ?? { ...key, has_satisfied: row.has_satisfied, parts: new Map() };
    found.set(text, group);
    const part = group.parts.get(row.name) ?? nobody(row.name);
    group.parts.set(row.name, part);
    if (row.level === 1) part.whole = row;
    else part.hashed[row.hash_group] = row;
  }
  return [...found.values()].sort(byGroup);
}

/** A part that no response is in. */
export function nobody(name: PartName): LoyaltyPart {
  const none = { n: 0, loyal: 0, left_customers: 0, revenue: 0 };
  return {
    name,
    whole: { ...none, customers: 0, revenue_variance: null },
    hashed: Array.from({ length: hashGroups }, () => none),
  };
}

const reasonNames: Record<string, string> = {
  leaving: 'survey_triggered_by_leaving',
  not_index: 'not_an_index_response',
  not_active: 'not_active_when_answered',
};

/** How many responses do not count, by the first reason that holds; a response with several themes is one. */
export async function readLeftOut(client: Client, asked: Question): Promise<{ reason: string; responses: number }[]> {
  const question = { ...asked, group_by: [] };
  const statement = new Statement();
  const { from, where } = fromRows(statement, question);
  const rows = await client.rows<{ reason: string; responses: number }>(
    `select coalesce(${reasons(question)
      .map((state) => `nullif(${state}, 'counted')`)
      .join(', ')}) as reason, count(*) as responses
     from ${from} where ${where} group by 1 having coalesce(${reasons(question)
       .map((state) => `nullif(${state}, 'counted')`)
       .join(', ')}) is not null
     order by 2 desc, 1`,
    statement.parameters,
  );
  return rows.map(({ reason, responses }) => ({ reason: reasonNames[reason] ?? reason, responses }));
}
