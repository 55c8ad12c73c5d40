import { ApiError, badRequest } from '../../errors.ts';
import type { BiSet, Kind, SetColumn } from '../set.ts';
import { type Expression, parseFilter, type ValueType } from './filter.ts';

/** The options of the address that are understood, with or without `$`. */
export const options = ['filter', 'select', 'orderby', 'top', 'skip', 'count', 'skiptoken', 'format'] as const;
type Option = (typeof options)[number];
/** Those that OData has and that are not here. */
export const unsupported = ['expand', 'search', 'apply', 'compute', 'index', 'schemaversion', 'deltatoken'] as const;

export interface Order {
  column: SetColumn;
  descending: boolean;
}

/** What is asked of a set, understood. */
export interface SetQuery {
  filter: Expression | undefined;
  select: readonly SetColumn[];
  /** As asked, and then the key, so that no two rows are alike. */
  order: readonly Order[];
  /** Null: all. */
  top: number | null;
  skip: number;
  count: boolean;
  skiptoken: string | undefined;
}

const types: Record<Kind, ValueType> = {
  text: 'text',
  instant: 'instant',
  date: 'date',
  decimal: 'number',
  double: 'number',
  integer: 'number',
  boolean: 'boolean',
};

const wrong = (option: string, detail: string) =>
  badRequest('bad_option', detail, [{ pointer: `$${option}`, code: 'bad_option', detail }]);

/** The options by their names without `$`. @throws ApiError 400 for one that is given twice or unknown, 501 for others of OData */
function optionsIn(query: Record<string, unknown>): Partial<Record<Option, string>> {
  const found: Partial<Record<Option, string>> = {};
  for (const [given, value] of Object.entries(query)) {
    const name = given.replace(/^\$/, '');
    if (unsupported.some((one) => one === name))
      throw new ApiError(501, 'not_supported', `$${name} is not supported. There are: $${options.join(', $')}.`);
    const option = options.find((one) => one === name);
    if (!option) throw wrong(name, `There is no option '${given}'. There are: $${options.join(', $')}.`);
    if (found[option] !== undefined || typeof value !== 'string')
      throw wrong(name, `$${name} is given more than once.`);
    found[option] = value;
  }
  return found;
}

function whole(text: string | undefined, option: Option): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw wrong(option, `$${option} is a whole number from 0 on, not '${text}'.`);
  return Number(text);
}

/** The names in a list that is separated by commas. */
const names = (text: string) => text.split(',').map((name) => name.trim());

/**
 * Understands the options of a set's address.
 * @param columns those that the reader may see
 * @throws ApiError 400 that names the option and the cure
 */
export function readQuery(query: Record<string, unknown>, set: BiSet, columns: readonly SetColumn[]): SetQuery {
  const { filter, select, orderby, top, skip, count, skiptoken, format } = optionsIn(query);
  const find = (name: string, option: Option): SetColumn => {
    const column = columns.find((one) => one.name === name);
    if (column) return column;
    throw wrong(
      option,
      `There is no column '${name}' in ${set.name}. There are: ${columns.map((one) => one.name).join(', ')}.`,
    );
  };
  if (format !== undefined && !/^(json|application\/json\b.*)$/.test(format))
    throw new ApiError(406, 'not_acceptable', `$format=${format} is not there: answers are JSON.`);
  if (count !== undefined && count !== 'true' && count !== 'false') throw wrong('count', '$count is true or false.');
  const chosen =
    select === undefined || select.trim() === '*' ? null : names(select).map((name) => find(name, 'select'));
  return {
    filter:
      filter === undefined
        ? undefined
        : parseFilter(filter, new Map(columns.map(({ name, kind }) => [name, types[kind]]))),
    // In the order of the declaration, each once.
    select: chosen === null ? columns : columns.filter((one) => chosen.includes(one)),
    order: orderOf(orderby, set, find),
    top: whole(top, 'top') ?? null,
    skip: whole(skip, 'skip') ?? 0,
    count: count === 'true',
    skiptoken,
  };
}

function orderOf(
  orderby: string | undefined,
  { key, columns }: BiSet,
  find: (name: string, option: Option) => SetColumn,
) {
  const order: Order[] = [];
  for (const part of orderby === undefined ? [] : names(orderby)) {
    const [name = '', direction = 'asc', ...rest] = part.split(/\s+/);
    if (rest.length > 0 || (direction !== 'asc' && direction !== 'desc'))
      throw wrong('orderby', `$orderby is a list of columns, each with asc or desc after it; '${part}' is not.`);
    const column = find(name, 'orderby');
    if (!order.some((one) => one.column === column)) order.push({ column, descending: direction === 'desc' });
  }
  for (const name of key) {
    const column = columns.find((one) => one.name === name);
    if (column && !order.some((one) => one.column === column)) order.push({ column, descending: false });
  }
  return order;
}
