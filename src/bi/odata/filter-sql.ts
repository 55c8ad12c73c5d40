import type { Param } from '../../db/pool.ts';
import type { Expression, FunctionName, ValueType } from './filter.ts';

const sqlTypes: Record<ValueType, string> = {
  text: 'text',
  number: 'numeric',
  boolean: 'boolean',
  instant: 'timestamptz',
  date: 'date',
  null: 'text',
};

const utc = (value: string) => `((${value}) at time zone 'UTC')`;
const isInstant = ({ type }: Expression) => type === 'instant';

const operators = { eq: '=', ne: 'is distinct from', gt: '>', ge: '>=', lt: '<', le: '<=' };

/**
 * A filter as an SQL condition. OData's comparisons are true or false where SQL's are null: `ne` holds where one side
 * is null, everything else does not. Under `not` that is said; elsewhere a null excludes the row as false would, and
 * the plain comparison lets an index serve.
 * @param columnSql the expression of a column
 * @param param adds a parameter and gives the `$n` that stands for it
 */
export function filterSql(
  filter: Expression,
  columnSql: (name: string) => string,
  param: (value: Param) => string,
): string {
  const calls: Record<FunctionName, (args: Expression[], values: string[]) => string> = {
    contains: (_, [text, part]) => `strpos(${text}, ${part}) > 0`,
    startswith: (_, [text, part]) => `starts_with(${text}, ${part})`,
    endswith: (_, [text, part]) => `right(${text}, length(${part})) = ${part}`,
    tolower: (_, [text]) => `lower(${text})`,
    toupper: (_, [text]) => `upper(${text})`,
    trim: (_, [text]) => `btrim(${text})`,
    length: (_, [text]) => `char_length(${text})`,
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    date: ([arg], [value = '']) => (arg && isInstant(arg) ? `${utc(value)}::date` : value),
  };

  /** A condition within another expression is true or false, never null. */
  const value = (one: Expression): string => {
    const isColumn = one.is === 'property' || one.is === 'literal';
    return one.type === 'boolean' && !isColumn ? `(${sql(one)} is true)` : sql(one);
  };

  function compared(left: Expression, right: Expression, operator: keyof typeof operators): string {
    const [nothing, other] = left.type === 'null' ? [left, right] : [right, left];
    if (nothing.type === 'null' && operator === 'eq') return `(${value(other)} is null)`;
    if (nothing.type === 'null' && operator === 'ne') return `(${value(other)} is not null)`;
    if (nothing.type === 'null') return 'false';
    const bothMayBeNull = left.is !== 'literal' && right.is !== 'literal';
    const sign = operator === 'eq' && bothMayBeNull ? 'is not distinct from' : operators[operator];
    return `(${value(left)} ${sign} ${value(right)})`;
  }

  function sql(one: Expression): string {
    switch (one.is) {
      case 'literal':
        return one.value === null ? 'null' : `${param(one.value)}::${sqlTypes[one.type]}`;
      case 'property':
        return columnSql(one.name);
      case 'call':
        return `(${calls[one.name](one.args, one.args.map(value))})`;
      case 'and':
      case 'or':
        return `(${sql(one.left)} ${one.is} ${sql(one.right)})`;
      case 'not':
        return `(${sql(one.operand)} is not true)`;
      case 'in':
        return `(${one.list.map((item) => compared(one.left, item, 'eq')).join(' or ')})`;
      case 'compare':
        return compared(one.left, one.right, one.operator);
    }
  }

  return sql(filter);
}

const part =
  (field: string) =>
  ([arg]: Expression[], [value = '']: string[]) =>
    `extract(${field} from ${arg && isInstant(arg) ? utc(value) : value})`;
