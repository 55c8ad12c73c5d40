import type { Client } from '../../db/pool.ts';
import type { RatioGroup } from '../../stats/jackknife.ts';
import type { Question } from '../question.ts';
import { fromRows, hashGroups, Statement } from '../sums.ts';

/** What people said of a moment when they made it. */
export interface NamedMoment {
  name: string;
  stage: string | null;
  owner: string | null;
  policy_verdict: string | null;
}

/** The moments that are managed, by key; those that are archived keep their names. */
export async function readNames(client: Client): Promise<Map<string, NamedMoment & { archived: boolean }>> {
  const rows = await client.rows<NamedMoment & { key: string; archived: boolean }>(
    'select key, name, stage, owner, policy_verdict, archived_at is not null as archived from moments order by key',
  );
  return new Map(rows.map(({ key, ...moment }) => [key, moment]));
}

/** What index responses of one kind were followed by: sums by group of customers, retained or revenue over responses. */
export interface Followed {
  retention: RatioGroup[];
  revenue: RatioGroup[];
}

/** What followed satisfied responses at a moment, and the others. */
export interface Association {
  satisfied: Followed;
  others: Followed;
}

const nothing = (): RatioGroup[] => Array.from({ length: hashGroups }, () => ({ numerator: 0, denominator: 0 }));
const noAssociation = (): Association => ({
  satisfied: { retention: nothing(), revenue: nothing() },
  others: { retention: nothing(), revenue: nothing() },
});

export const momentKey = (survey: string, moment: string | null) => JSON.stringify([survey, moment]);

/**
 * Reads what followed the index responses whose window has elapsed, by survey and moment, apart for those on the good
 * side of satisfied_min. Cells know bands and not that limit, so this reads `response_outcomes` once.
 */
export async function readAssociations(client: Client, question: Question): Promise<Map<string, Association>> {
  const statement = new Statement();
  const { from, where } = fromRows(statement, question);
  const rows = await client.rows<{
    survey: string;
    moment: string;
    satisfied: boolean;
    hash_group: number;
    retention_n: number;
    retained: number;
    revenue_n: number;
    revenue: number;
  }>(
    `select c.survey, c.moment, c.hash_group,
       case when s.higher_is_better then c.score else s.scale_min + s.scale_max - c.score end >= s.satisfied_min as satisfied,
       count(*) filter (where c.retention_state = 'counted') as retention_n,
       count(*) filter (where c.retention_state = 'counted' and c.retained) as retained,
       count(*) filter (where c.revenue_state = 'counted') as revenue_n,
       coalesce(sum(c.revenue_after) filter (where c.revenue_state = 'counted'), 0)::float8 as revenue
     from ${from} join surveys s on s.key = c.survey where ${where} and c.moment <> ''
     group by c.survey, c.moment, c.hash_group, satisfied`,
    statement.parameters,
  );
  const found = new Map<string, Association>();
  for (const row of rows) {
    const key = momentKey(row.survey, row.moment);
    const association = found.get(key) ?? noAssociation();
    found.set(key, association);
    const side = row.satisfied ? association.satisfied : association.others;
    side.retention[row.hash_group] = { numerator: row.retained, denominator: row.retention_n };
    side.revenue[row.hash_group] = { numerator: row.revenue, denominator: row.revenue_n };
  }
  return found;
}
