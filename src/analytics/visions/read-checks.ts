import type { Client } from '../../db/pool.ts';
import { unitsBelow } from '../../db/unit-tree.ts';
import { byGroup, type GroupKey, groupNames, Statement } from '../sums.ts';
import { type Asked, groupOfDay, withinSql } from './asked.ts';

/** What vision checks can be grouped by. */
export const checkGroupings = ['unit', 'question', 'month', 'quarter', 'year'] as const;
export type CheckGrouping = (typeof checkGroupings)[number];

/** A question about vision checks. */
export interface ChecksAsked extends Asked<CheckGrouping> {
  /** The id of the vision that was asked about; null: of any, or of none. */
  vision: string | null;
}

/** The checks of a group; grouped by question, the answers to it. */
export interface Checks extends GroupKey {
  checks: number;
  /** With every answer clear. */
  clear: number;
  /** With every answer clear and consistent. */
  consistent: number;
}

/** The conditions, over `k`, of the vision checks that a question is about: archived ones or the others. */
function asked(statement: Statement, question: ChecksAsked, archived = false): string {
  const { filters, vision } = question;
  const conditions = [`k.archived_at is ${archived ? 'not null' : 'null'}`];
  if (filters.unit !== undefined) conditions.push(`k.unit in ${unitsBelow(statement.param(filters.unit))}`);
  if (vision !== null) conditions.push(`k.vision = ${statement.param(vision)}::uuid`);
  conditions.push(...withinSql(statement, 'k.asked_on', question));
  return conditions.join(' and ');
}

const answers = 'jsonb_to_recordset(k.answers) as a(question text, clear boolean, consistent boolean)';

/** Reads how many vision checks were clear and consistent, by group. It reads them one by one. */
export async function readChecks(client: Client, question: ChecksAsked): Promise<Checks[]> {
  const { group_by } = question;
  const statement = new Statement();
  const where = asked(statement, question);
  // What is counted: each answer where it is grouped by question, else each check.
  const counted = group_by.includes('question')
    ? `select k.unit, k.asked_on, a.question, a.clear, a.clear and a.consistent as consistent
       from vision_checks k cross join lateral ${answers} where ${where}`
    : `select k.unit, k.asked_on, (select bool_and(a.clear) from ${answers}) as clear, k.consistent
       from vision_checks k where ${where}`;
  const groups = group_by.map(
    (name, at) => `${groupOfDay(name, 'c.asked_on', (column) => `c.${column}`)} as ${groupNames[at]}, `,
  );
  const rows = await client.rows<Record<string, string | null> & Pick<Checks, 'checks' | 'clear' | 'consistent'>>(
    `select ${groups.join('')} count(*) as checks, count(*) filter (where c.clear) as clear,
       count(*) filter (where c.consistent) as consistent
     from (${counted}) c
     ${group_by.length > 0 ? `group by ${group_by.map((_, at) => groupNames[at]).join(', ')}` : 'having count(*) > 0'}`,
    statement.parameters,
  );
  return rows
    .map(({ checks, clear, consistent, ...row }) => ({
      survey: '',
      groups: group_by.map((_, at) => row[groupNames[at] ?? ''] ?? null),
      checks,
      clear,
      consistent,
    }))
    .sort(byGroup);
}

/** How many checks were taken back, and about how many visions the others are. */
export async function readAround(
  client: Client,
  question: ChecksAsked,
): Promise<{ archived: number; visions: number }> {
  const [gone, held] = [new Statement(), new Statement()];
  const [archived] = await client.rows<{ n: number }>(
    `select count(*) as n from vision_checks k where ${asked(gone, question, true)}`,
    gone.parameters,
  );
  const [visions] = await client.rows<{ n: number }>(
    `select count(distinct k.vision) as n from vision_checks k where ${asked(held, question)}`,
    held.parameters,
  );
  return { archived: archived?.n ?? 0, visions: visions?.n ?? 0 };
}
