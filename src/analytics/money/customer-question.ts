import { type TSchema, Type } from 'typebox';
import type { Database } from '../../db/pool.ts';
import { unitsBelow } from '../../db/unit-tree.ts';
import { nullable } from '../../http/schemas.ts';
import { type RefreshState, readState } from '../../outcomes/collect.ts';
import { refreshBeforeAnswer } from '../../outcomes/refresh.ts';
import type { AnswerRow } from '../answer.ts';
import type { Reader } from '../declare.ts';
import { readGroupBy } from '../question.ts';
import { minN, questionQuery, text } from '../schemas.ts';
import type { Statement } from '../sums.ts';
import { narrowedTo } from '../words.ts';

/** How customers come: by what others say of the service (earned), or by what is paid for (bought). */
export const origins = {
  earned: ['referral', 'word_of_mouth'],
  bought: ['advertising', 'promotion', 'sales', 'partner'],
  unknown: ['unknown'],
} as const;

/** What customers can be told apart by, as their records say now. */
const customerGroupings = ['unit', 'segment', 'region', 'acquisition'] as const;
type CustomerGrouping = (typeof customerGroupings)[number];

const list = customerGroupings.join(', ');

/** What every question about customers can be asked. */
export const customerQuery = {
  unit: text('Only customers whom this unit, or one below it, looks after now.'),
  segment: text('Only customers who are in this segment now.'),
  region: text('Only customers who are in this region now.'),
  acquisition: Type.Optional(
    Type.Enum(Object.values(origins).flat(), {
      description: 'Only customers who were won in this way. `unknown` is also who says nothing of it.',
    }),
  ),
  group_by: text(`One or two of ${list}, separated by a comma: what the customers are now.`),
  min_n: minN('Figures of fewer customers are withheld.'),
  format: questionQuery.format,
};

/** The columns that say which group of customers a row is of. */
export const customerGroupColumns: Record<CustomerGrouping, TSchema> = Object.assign(
  {},
  ...customerGroupings.map((name) => ({
    [name]: Type.Optional(
      nullable(Type.String({ description: 'There when it is grouped by; null where it is not known.' })),
    ),
  })),
);

/** The parameters of a question about customers, as they come from the address. */
export interface CustomerParameters extends Partial<Record<CustomerGrouping, string>> {
  group_by?: string;
  min_n?: number;
}

/** Such a question with its defaults filled in, and what the service knows that bears on it. */
export interface CustomerQuestion {
  filters: Partial<Record<CustomerGrouping, string>>;
  group_by: CustomerGrouping[];
  min_n: number;
  state: RefreshState;
  /** What is not worked out yet: see `Question`. */
  pending: number;
  outdated: boolean;
  /** Readers without the scope `personal` do not see groups of fewer people than this. */
  fewest_people: number;
}

/** A group of customers, by the values of `group_by` in their order. */
export interface CustomerGroup {
  groups: (string | null)[];
}

/** Brings what is kept up to date where that is quick, and fills in the defaults. @throws ApiError 400 for `group_by`. */
export async function prepareCustomerQuestion(
  db: Database,
  given: CustomerParameters,
  reader: Reader,
): Promise<CustomerQuestion> {
  const waiting = await refreshBeforeAnswer(db);
  return customerQuestion(given, reader, await db.read(readState), waiting);
}

/** The same with a state that was read already. @throws ApiError 400 for `group_by` */
export function customerQuestion(
  given: CustomerParameters,
  reader: Reader,
  state: RefreshState,
  waiting = { respondents: 0, facts: 0, outdated: false },
): CustomerQuestion {
  const group_by = readGroupBy(given.group_by, customerGroupings);
  const filters: CustomerQuestion['filters'] = {};
  for (const name of customerGroupings) if (given[name] !== undefined) filters[name] = given[name];
  return {
    filters,
    group_by,
    min_n: given.min_n ?? 10,
    state,
    pending: waiting.respondents + waiting.facts,
    outdated: waiting.outdated,
    fewest_people: reader.personal ? 0 : 5,
  };
}

/** How a customer `c` was won; who says nothing of it is of unknown origin. */
export const acquisitionSql = `coalesce(c.acquisition, 'unknown')`;
const valueSql = (name: CustomerGrouping) => (name === 'acquisition' ? acquisitionSql : `nullif(c.${name}, '')`);

/** The columns of a group in the rows of a statement. */
export const groupNames = ['group_1', 'group_2'] as const;

/** What a question asks of customers `c`: conditions, and the expressions of its groups with their names. */
export function ofCustomers(statement: Statement, { filters, group_by }: CustomerQuestion) {
  const conditions = (Object.entries(filters) as [CustomerGrouping, string][]).map(([name, value]) =>
    name === 'unit'
      ? `c.unit in ${unitsBelow(statement.param(value))}`
      : `${valueSql(name)} = ${statement.param(value)}`,
  );
  const names = groupNames.slice(0, group_by.length);
  return {
    /** ` and c.segment = $3` */
    conditions: conditions.map((one) => ` and ${one}`).join(''),
    /** `, nullif(c.segment, '') as group_1` */
    values: group_by.map((name, at) => `, ${valueSql(name)} as ${names[at]}`).join(''),
    /** `, group_1, group_2` */
    names: names.map((name) => `, ${name}`).join(''),
    asked: conditions.length > 0 || group_by.length > 0,
  };
}

/** The group of a row that a statement returned. */
export const groupOf = (row: Record<string, unknown>, { group_by }: CustomerQuestion): (string | null)[] =>
  group_by.map((_, at) => {
    const value = row[groupNames[at] ?? ''];
    return typeof value === 'string' ? value : null;
  });

/** ` in segment smb`, ` in segment smb, region north`, ` without a segment` */
export const inCustomerGroup = ({ groups }: CustomerGroup, { group_by }: CustomerQuestion): string =>
  group_by.map((name, at) => (groups[at] == null ? ` without a ${name}` : ` in ${name} ${groups[at]}`)).join(' and');

/** A sentence with what the question was narrowed to before it, so that nobody takes it for everybody's. */
export function narrowed(sentence: string, { filters }: CustomerQuestion, more: readonly string[] = []): string {
  const only = [...Object.entries(filters).map(([name, value]) => `${name} ${value}`), ...more];
  return narrowedTo(sentence, only);
}

/** What the rows and the comparisons of an answer about customers should be read with. */
export const customerWarnings = (rows: readonly AnswerRow[], tests = 0): string[] => {
  const withheld = rows.filter((row) => row.withheld !== null).length;
  return [
    ...(withheld > 0
      ? [
          `${withheld} of ${rows.length} rows ${withheld === 1 ? 'has' : 'have'} too few customers, or no revenue to divide by, to tell a figure.`,
        ]
      : []),
    ...(tests > 6 ? [`${tests} comparisons were made at once: judge them by q, not by p.`] : []),
  ];
};
