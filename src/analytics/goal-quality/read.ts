import type { Client } from '../../db/pool.ts';
import { unitsBelow } from '../../db/unit-tree.ts';
import { groupNames, Statement } from '../sums.ts';
import { type GoalRule, type GoalTest, ruleNames, threeTests } from './rules.ts';

/** What goals can be grouped by. */
export const goalGroupings = ['unit', 'year'] as const;
type GoalGrouping = (typeof goalGroupings)[number];

/** A question about goals. */
export interface GoalsAsked {
  unit: string | null;
  group_by: GoalGrouping[];
  min_n: number;
  time_zone: string;
}

type Result = 'passed' | 'warned' | 'failed';

/** What the three tests say of the goals of a group. */
export type Quality = {
  groups: (string | null)[];
  /** Published goals. */
  goals: number;
  /** Of these, those that pass all three tests. */
  passed_all: number;
  /** Of these, published though a test fails. */
  exceptions: number;
  /** Goals that are not published, and those of them that fail a test. */
  drafts: number;
  drafts_failing: number;
  archived: number;
} & Record<`${GoalTest}_${Result}`, number> &
  Record<GoalRule, number>;

const resultOf: Record<Result, string> = { passed: 'pass', warned: 'warn', failed: 'fail' };
const columnOf: Record<GoalGrouping, (zone: string) => string> = {
  unit: () => 'g.unit',
  year: (zone) => `to_char(g.published_at at time zone ${zone}::text, 'YYYY')`,
};

/** Reads what the three tests say of goals, by group: those with a name in order, then what has none. */
export async function readQuality(client: Client, { unit, group_by, time_zone }: GoalsAsked): Promise<Quality[]> {
  const statement = new Statement();
  const names = group_by.map((_, at) => groupNames[at] ?? '');
  const groups = group_by.map(
    (name, at) => `${columnOf[name](name === 'year' ? statement.param(time_zone) : '')} as ${names[at]}, `,
  );
  const published = 'g.archived_at is null and g.published_at is not null';
  const draft = 'g.archived_at is null and g.published_at is null';
  const counts: Record<string, string> = {
    goals: published,
    passed_all: `${published} and ${threeTests.map((test) => `g.${test} = 'pass'`).join(' and ')}`,
    exceptions: `${published} and g.exception is not null`,
    drafts: draft,
    drafts_failing: `${draft} and 'fail' in (${threeTests.map((test) => `g.${test}`).join(', ')})`,
    archived: 'g.archived_at is not null',
  };
  for (const test of threeTests)
    for (const [name, result] of Object.entries(resultOf))
      counts[`${test}_${name}`] = `${published} and g.${test} = '${result}'`;
  for (const rule of ruleNames) counts[rule] = `${published} and '${rule}' = any(g.rules_not_passed)`;
  const counted = Object.entries(counts).map(([name, those]) => `count(*) filter (where ${those}) as ${name}`);
  const where = unit === null ? 'true' : `g.unit in ${unitsBelow(statement.param(unit))}`;
  const grouped = names.join(', ');
  const rows = await client.rows<Quality & Record<string, string | null>>(
    `select ${groups.join('')}${counted.join(', ')} from goals g where ${where}
     ${names.length > 0 ? `group by ${grouped} order by ${grouped}` : ''}`,
    statement.parameters,
  );
  return rows.map((row) => ({ ...row, groups: names.map((name) => row[name] ?? null) }));
}
