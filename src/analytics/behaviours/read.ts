import type { Client } from '../../db/pool.ts';
import { unitsBelow } from '../../db/unit-tree.ts';
import { isPeriod, periods, type Question } from '../question.ts';
import { byGroup, fromRows, type GroupKey, groupNames, groupSql, keyOf, Statement } from '../sums.ts';

/** What observations can be grouped by. */
export const behaviourGroupings = ['family', 'behaviour', 'unit', ...periods] as const;
type BehaviourGrouping = (typeof behaviourGroupings)[number];

/** What is asked beside the usual. */
export interface BehaviourQuestion extends Omit<Question, 'group_by'> {
  group_by: BehaviourGrouping[];
  family: string | null;
  behaviour: string | null;
}

/** What was observed in a group. Sums of the ratings, and of their squares. */
export interface Ratings extends GroupKey {
  observations: number;
  sum: number;
  squares: number;
  /** How many were rated 4 or 5. */
  rated_well: number;
  /** At least how many people it is about, where each observation without an employee is about one. */
  people: number;
}

/** What a rating is held against figures by: each behaviour, each family, or all observations together. */
export interface Subject {
  family: string | null;
  behaviour: string | null;
}

/** The observations of one subject in one unit and month. */
export interface RatedMonth extends Subject {
  unit: string;
  /** `2026-03` */
  month: string;
  observations: number;
  sum: number;
}

/** How many index responses of one unit and month were followed by staying, of those of which it is known. */
export interface RetainedMonth {
  survey: string;
  unit: string;
  month: string;
  responses: number;
  retained: number;
}

/** The observations that a question is about, as `from ... where ...`, over `o` and its behaviour `b`. */
function observed(statement: Statement, { family, behaviour, filters, from, to }: BehaviourQuestion): string {
  const conditions = ['o.archived_at is null'];
  if (family !== null) conditions.push(`b.family = ${statement.param(family)}`);
  if (behaviour !== null) conditions.push(`o.behaviour = ${statement.param(behaviour)}`);
  if (filters.unit !== undefined) conditions.push(`o.unit in ${unitsBelow(statement.param(filters.unit))}`);
  if (from) conditions.push(`o.observed_at >= ${statement.param(from.at)}::timestamptz`);
  if (to) conditions.push(`o.observed_at < ${statement.param(to.at)}::timestamptz`);
  return `from behaviour_observations o join behaviours b on b.key = o.behaviour where ${conditions.join(' and ')}`;
}

const columnOf = { family: 'b.family', behaviour: 'o.behaviour', unit: 'o.unit' } as const;

/**
 * Reads the sums of the ratings of each group, in the order of the groups. Reads every observation of the question
 * once.
 */
export async function readRatings(client: Client, question: BehaviourQuestion): Promise<Ratings[]> {
  const statement = new Statement();
  // Added only where it is used: a parameter that nothing refers to has no type.
  const zone = question.group_by.some(isPeriod) ? statement.param(question.state.time_zone) : '';
  const local = `(o.observed_at at time zone ${zone}::text)`;
  const groups = question.group_by.map((name) => (isPeriod(name) ? groupSql(name, local, () => '') : columnOf[name]));
  const names = groups.map((group, at) => `${group} as ${groupNames[at]}, `).join('');
  const rows = await client.rows<Omit<Ratings, keyof GroupKey> & Record<string, unknown>>(
    `select ${names} count(*) as observations, sum(o.rating)::float8 as sum, sum(o.rating ^ 2)::float8 as squares,
       count(*) filter (where o.rating >= 4) as rated_well,
       count(distinct coalesce('e' || o.employee, 'o' || o.id)) as people
     ${observed(statement, question)}
     ${groups.length > 0 ? `group by ${groups.map((_, at) => groupNames[at]).join(', ')}` : 'having count(*) > 0'}`,
    statement.parameters,
  );
  return rows
    .map((row) => ({
      survey: '',
      groups: question.group_by.map((_, at) => String(row[groupNames[at] ?? ''])),
      observations: row.observations,
      sum: row.sum,
      squares: row.squares,
      rated_well: row.rated_well,
      people: row.people,
    }))
    .sort(byGroup);
}

/**
 * Reads what was observed of each subject by unit and month: behaviours where these are the groups, families likewise.
 */
export async function readRatedMonths(client: Client, question: BehaviourQuestion): Promise<RatedMonth[]> {
  const statement = new Statement();
  const { group_by, state } = question;
  const zone = statement.param(state.time_zone);
  const byBehaviour = group_by.includes('behaviour');
  const family = byBehaviour || group_by.includes('family') ? 'b.family' : 'null::text';
  return client.rows<RatedMonth & Record<string, string | number | null>>(
    `select ${family} as family, ${byBehaviour ? 'o.behaviour' : 'null::text'} as behaviour, o.unit,
       to_char(o.observed_at at time zone ${zone}::text, 'YYYY-MM') as month,
       count(*) as observations, sum(o.rating)::float8 as sum
     ${observed(statement, question)}
     group by 1, 2, 3, 4 order by 1, 2, 3, 4`,
    statement.parameters,
  );
}

/** The question about responses that goes with one about observations: the same units and period, by unit and month. */
export const ofResponses = (question: BehaviourQuestion): Question => ({ ...question, group_by: ['unit', 'month'] });

/** Reads retention after the index responses of each survey, unit and month, from their outcomes one by one. */
export async function readRetainedMonths(client: Client, question: BehaviourQuestion): Promise<RetainedMonth[]> {
  const statement = new Statement();
  const asked = ofResponses(question);
  const { from, where, groups } = fromRows(statement, asked);
  const names = groups.map((group, at) => `${group} as ${groupNames[at]}`).join(', ');
  const rows = await client.rows<{ responses: number; retained: number } & Record<string, unknown>>(
    `select c.survey, ${names}, count(*) as responses, count(*) filter (where c.retained) as retained
     from ${from} where ${where} and c.retention_state = 'counted' and c.unit <> ''
     group by 1, 2, 3`,
    statement.parameters,
  );
  return rows.map((row) => {
    const { survey, groups: of } = keyOf(row, asked);
    return { survey, unit: of[0] ?? '', month: of[1] ?? '', responses: row.responses, retained: row.retained };
  });
}

/** A behaviour as its makers call it. */
export interface NamedBehaviour {
  name: string;
  archived: boolean;
}

/** All behaviours by key; those that are archived keep their names. */
export async function readNames(client: Client): Promise<Map<string, NamedBehaviour>> {
  const rows = await client.rows<NamedBehaviour & { key: string }>(
    'select key, name, archived_at is not null as archived from behaviours order by key',
  );
  return new Map(rows.map(({ key, name, archived }) => [key, { name, archived }]));
}

/** The surveys whose low scores are the good ones. */
export async function readLowIsGood(client: Client): Promise<Set<string>> {
  const rows = await client.rows<{ key: string }>('select key from surveys where not higher_is_better');
  return new Set(rows.map(({ key }) => key));
}
