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

/**
 * The options by their names without `$`.
 * @throws ApiError 400 for one that is given twice or unknown, 501 for others of OData
 */
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

/** Finds a column that an option names. @throws ApiError 400 that lists those there are */
const finder =
  ({ name: setName }: BiSet, columns: readonly SetColumn[]) =>
  (name: string, option: Option): SetColumn => {
    const column = columns.find((one) => one.name === name);
    if (column) return column;
    const there = columns.map((one) => one.name).join(', ');
    throw wrong(option, `There is no column '${name}' in ${setName}. There are: ${there}.`);
  };

/** The columns that are chosen, in the order of the declaration, each once. */
function selected(select: string | undefined, columns: readonly SetColumn[], find: ReturnType<typeof finder>) {
  if (select === undefined || select.trim() === '*') return columns;
  const chosen = names(select).map((name) => find(name, 'select'));
  return columns.filter((one) => chosen.includes(one));
}

function checkFormat(format: string | undefined): void {
  if (format !== undefined && !/^(json|application\/json\b.*)$/.test(format))
    throw new ApiError(406, 'not_acceptable', `$format=${format} is not there: answers are JSON.`);
}

/**
 * Understands the options of a set's address.
 * @param columns those that the reader may see
 * @throws ApiError 400 that names the option and the cure
 */
export function readQuery(query: Record<string, unknown>, set: BiSet, columns: readonly SetColumn[]): SetQuery {
  const { filter, select, orderby, top, skip, count, skiptoken, format } = optionsIn(query);
  const find = finder(set, columns);
  checkFormat(format);
  if (count !== undefined && count !== 'true' && count !== 'false') throw wrong('count', '$count is true or false.');
  return {
    filter:
      filter === undefined
        ? undefined
        : parseFilter(filter, new Map(columns.map(({ name, kind }) => [name, types[kind]]))),
    select: selected(select, columns, find),
    order: orderOf(orderby, set, find),
    top: whole(top, 'top') ?? null,
    skip: whole(skip, 'skip') ?? 0,
    count: count === 'true',
    skiptoken,
  };
}

/**
 * Understands the options of a row's address: which columns.
 * @throws ApiError 400 for options that choose among rows
 */
export function readSelection(
  query: Record<string, unknown>,
  set: BiSet,
  columns: readonly SetColumn[],
): readonly SetColumn[] {
  const { select, format, ...others } = optionsIn(query);
  const [other] = options.filter((one) => one in others);
  if (other) throw wrong(other, `$${other} chooses among rows; the address of one row takes $select and $format.`);
  checkFormat(format);
  return selected(select, columns, finder(set, columns));
}

function orderOf(orderby: string | undefined, { key, columns }: BiSet, find: ReturnType<typeof finder>) {
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
