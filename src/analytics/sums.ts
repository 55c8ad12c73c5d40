import type { Bound } from '../db/period.ts';
import type { Client, Param } from '../db/pool.ts';
import { unitsBelow } from '../db/unit-tree.ts';
import { type Cuboid, type Dimension, type OutcomeSum, outcomeSumNames, outcomeSums } from '../outcomes/cells.ts';
import { type Grouping, isPeriod, type Question } from './question.ts';

/** Where the figures of an answer come from: kept sums, or the outcomes one by one. */
export type Source = { from: 'cells'; cuboid: Cuboid } | { from: 'rows' };

/** The kinds of cells, and the column that says of which period one is. */
const periodColumns = { outcome_cells: 'c.period', score_cells: 'c.month', survival_cells: 'c.answered_on' };
type CellTable = keyof typeof periodColumns;

const isYear = (bound: Bound | null) => !bound || bound.month?.endsWith('-01-01') === true;
const isMonth = (bound: Bound | null) => !bound || bound.month !== null;

/**
 * Cells answer a question about one dimension at most, over whole months, and outcomes as they are known now; outcomes
 * within a dimension are kept by year, the curve for the whole only (see outcomes/cells.ts). Everything else reads
 * `response_outcomes`, which costs time in proportion to the responses.
 */
export function sourceOf(question: Question, table: CellTable): Source {
  const { filters, group_by, from, to, as_of, state } = question;
  const asked = [...Object.keys(filters), ...group_by.filter((one) => !isPeriod(one))] as Dimension[];
  const [dimension, ...others] = new Set(asked);
  if (as_of !== null || others.length > 0 || !isMonth(from) || !isMonth(to)) return { from: 'rows' };
  if (!dimension) return { from: 'cells', cuboid: 'all' };
  const byYear = isYear(from) && isYear(to) && group_by.every((one) => !isPeriod(one) || one === 'year');
  const kept = table === 'score_cells' || (table === 'outcome_cells' && byYear);
  return kept && !state.dropped_cuboids.includes(dimension) ? { from: 'cells', cuboid: dimension } : { from: 'rows' };
}

/** A statement under construction: what is written and the parameters that it refers to. */
export class Statement {
  readonly parameters: Param[] = [];
  /** Adds a parameter and gives the `$n` that stands for it. */
  param(value: Param): string {
    this.parameters.push(value);
    return `$${this.parameters.length}`;
  }
}

const periodSql = {
  month: (month: string) => `to_char(${month}, 'YYYY-MM')`,
  quarter: (month: string) => `to_char(${month}, 'YYYY-"Q"Q')`,
  year: (month: string) => `to_char(${month}, 'YYYY')`,
};

/** The expression of a grouping; '' (nothing known) becomes null. */
export const groupSql = (grouping: Grouping, period: string, value: (dimension: Dimension) => string) =>
  isPeriod(grouping) ? periodSql[grouping](period) : `nullif(${value(grouping)}, '')`;

/** The names of the groups in the rows that a statement returns: two that are asked for, and one that an answer adds. */
export const groupNames = ['group_1', 'group_2', 'group_3'] as const;

/** Whether a dimension has a value; a unit with everything below it. */
export const matches = (dimension: Dimension, expression: string, value: string) =>
  dimension === 'unit' ? `${expression} in ${unitsBelow(value)}` : `${expression} = ${value}`;

/** What a question's filters ask of cells of one cuboid, and how its groups are read from them. */
export function fromCells(statement: Statement, table: CellTable, question: Question, cuboid: Cuboid) {
  const { survey, filters, from, to } = question;
  const period = periodColumns[table];
  const conditions = table === 'survival_cells' ? ['true'] : [`c.cuboid = ${statement.param(cuboid)}`];
  if (survey !== null) conditions.push(`c.survey = ${statement.param(survey)}`);
  for (const [dimension, value] of Object.entries(filters) as [Dimension, string][])
    conditions.push(matches(dimension, 'c.value', statement.param(value)));
  if (from) conditions.push(`${period} >= ${statement.param(from.month)}::date`);
  if (to) conditions.push(`${period} < ${statement.param(to.month)}::date`);
  return {
    from: `${table} c`,
    where: conditions.join(' and '),
    groups: question.group_by.map((one) => groupSql(one, period, () => 'c.value')),
  };
}

/**
 * The same over `response_outcomes`. With `as_of`, windows that were open then are open, and later responses are not
 * there. Grouped by theme, a response stands in each of its themes once.
 */
export function fromRows(statement: Statement, question: Question) {
  const { survey, filters, from, to, as_of, group_by, window_days } = question;
  const conditions = [`o.window_days = ${statement.param(window_days)}`];
  if (survey !== null) conditions.push(`o.survey = ${statement.param(survey)}`);
  const themed = group_by.includes('theme');
  for (const [dimension, value] of Object.entries(filters) as [Dimension, string][]) {
    const given = statement.param(value);
    if (dimension !== 'theme') conditions.push(matches(dimension, `o.${dimension}`, given));
    else conditions.push(themed ? `theme = ${given}` : `${given}::text = any(o.themes)`);
  }
  if (from) conditions.push(`o.answered_at >= ${statement.param(from.at)}::timestamptz`);
  if (to) conditions.push(`o.answered_at < ${statement.param(to.at)}::timestamptz`);
  const themes = themed
    ? `cross join lateral unnest(case o.themes when '{}' then '{""}' else o.themes end) as theme`
    : '';
  let rows = `select o.*${themed ? ', theme' : ''} from response_outcomes o ${themes} where ${conditions.join(' and ')}`;
  if (as_of !== null) {
    const then = `${statement.param(as_of)}::timestamptz`;
    const open = `r.answered_at + make_interval(days => r.window_days) > ${then}`;
    const state = (name: string) =>
      `case when ${open} and ${name} in ('counted', 'no_exchange_rate') then 'window_open' else ${name} end as ${name}`;
    const figure = (name: string) => `case when not ${open} then ${name} end as ${name}`;
    rows = `select survey, window_days, respondent, hash_group, band, score, answered_at, answered_on, month, unit,
        segment, region, moment, channel, themes${themed ? ', theme' : ''}, curve_state, churned_after_days,
        ${['revenue_state', 'referrals_state', 'retention_state'].map(state).join(', ')},
        ${['revenue_after', 'revenue_before', 'orders_after', 'referrals_after', 'conversions_after', 'retention_basis', 'retained'].map(figure).join(', ')}
      from (${rows}) r where r.answered_at <= ${then}`;
  }
  return {
    from: `(${rows}) c`,
    where: 'true',
    groups: group_by.map((one) => groupSql(one, 'c.month', (dimension) => `c.${dimension}`)),
  };
}

/** One group of one survey. */
export interface GroupKey {
  survey: string;
  groups: (string | null)[];
}

/** The sums of one band of a group, apart for each of the 32 groups of customers. */
export type BandSums = Record<OutcomeSum, number>[];

export interface GroupSums extends GroupKey {
  bands: Map<string, BandSums>;
}

export const hashGroups = 32;
const noSums = (): BandSums =>
  Array.from(
    { length: hashGroups },
    () => Object.fromEntries(outcomeSumNames.map((name) => [name, 0])) as Record<OutcomeSum, number>,
  );

/** Reads the sums that outcome questions are made of, by survey, group, band and group of customers. */
export async function readOutcomeSums(client: Client, question: Question, source: Source): Promise<GroupSums[]> {
  const statement = new Statement();
  const cells = source.from === 'cells';
  const { from, where, groups } = cells
    ? fromCells(statement, 'outcome_cells', question, source.cuboid)
    : fromRows(statement, question);
  const sums = outcomeSumNames.map((name) => `sum(${cells ? `c.${name}` : outcomeSums[name]})::float8 as ${name}`);
  const names = groups.map((group, at) => `${group} as ${groupNames[at]}`);
  const window = cells ? `and c.window_days = ${statement.param(question.window_days)}` : '';
  const rows = await client.rows<Record<OutcomeSum, number> & Record<string, string> & { hash_group: number }>(
    `select c.survey, ${[...names, ''].join(', ')} c.band, c.hash_group, ${sums.join(', ')}
     from ${from} where ${where} ${window}
     group by c.survey, ${groups.map((_, at) => `${groupNames[at]}, `).join('')} c.band, c.hash_group
     having ${cells ? 'sum(c.responses) > 0' : 'true'}`,
    statement.parameters,
  );
  const found = new Map<string, GroupSums>();
  for (const row of rows) {
    const key = keyOf(row, question);
    const text = JSON.stringify(key);
    const group = found.get(text) ?? { ...key, bands: new Map() };
    found.set(text, group);
    const band = String(row.band);
    const bandSums = group.bands.get(band) ?? noSums();
    group.bands.set(band, bandSums);
    const held = bandSums[row.hash_group];
    if (held) for (const name of outcomeSumNames) held[name] = row[name];
  }
  return [...found.values()].sort(byGroup);
}

/** The survey and the groups of a row that a statement returned. */
export const keyOf = (row: Record<string, unknown>, { group_by }: Question): GroupKey => ({
  survey: String(row.survey),
  groups: group_by.map((_, at) => {
    const value = row[groupNames[at] ?? ''];
    return value === null || value === undefined ? null : String(value);
  }),
});

/** By survey and then by group; what is not known comes last. */
export const byGroup = (one: GroupKey, other: GroupKey): number =>
  one.survey === other.survey ? byGroupValues(one, other) : one.survey < other.survey ? -1 : 1;

/** By the values of the groups in their order; what is not known comes last. */
export function byGroupValues({ groups }: Pick<GroupKey, 'groups'>, other: Pick<GroupKey, 'groups'>): number {
  for (const [at, value] of groups.entries()) {
    const against = other.groups[at] ?? null;
    if (value === against) continue;
    if (value === null) return 1;
    if (against === null) return -1;
    return value < against ? -1 : 1;
  }
  return 0;
}

/** The total over all groups of customers. */
export function total(sums: BandSums | undefined, name: OutcomeSum): number {
  return sums?.reduce((sum, group) => sum + group[name], 0) ?? 0;
}

/**
 * In how many of the groups of customers somebody is. There are at least as many customers, and hardly more where they
 * are few: what tells small groups where customers are not counted.
 */
export const filledGroups = (counts: readonly number[]) => counts.filter((count) => count > 0).length;

export const totalOf = (sums: readonly BandSums[], name: OutcomeSum) =>
  sums.reduce((all, band) => all + total(band, name), 0);

const bandsOf = (groups: readonly GroupSums[]) => groups.flatMap(({ bands }) => [...bands.values()]);

/**
 * The sums of all responses that a question is about, whatever they are grouped by: those of its groups, except that a
 * response with several themes stands in several groups and is still one.
 */
export async function readWhole(client: Client, question: Question, grouped: GroupSums[]): Promise<BandSums[]> {
  if (!question.group_by.includes('theme')) return bandsOf(grouped);
  const ungrouped = { ...question, group_by: [] };
  return bandsOf(await readOutcomeSums(client, ungrouped, sourceOf(ungrouped, 'outcome_cells')));
}
