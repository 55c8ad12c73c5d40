import { badRequest, notFound } from '../../errors.ts';
import { isCalendarDate, isTimestamp } from '../../http/formats.ts';
import type { BiSet, Kind } from '../set.ts';
import { biSets } from '../sets.ts';

const isNumber = (text: string) => /^-?\d{1,15}(\.\d{1,12})?$/.test(text);

/** Whether a text is a value of a key in an address. */
const isLiteral: Record<Kind, (text: string) => boolean> = {
  text: (text) => text.startsWith("'"),
  instant: isTimestamp,
  date: isCalendarDate,
  decimal: isNumber,
  double: isNumber,
  integer: (text) => /^-?\d{1,15}$/.test(text),
  boolean: (text) => text === 'true' || text === 'false',
};

/** One value of a key: `'A-1'`, or `response_id='A-1'`, after a comma where it is not the first. */
const part = /(?:^|(?!^),)(?:(\w+)=)?('(?:[^']|'')*'|[^',=]+)/g;

/** The set of a name. @throws ApiError 404 */
export function setCalled(name: string): BiSet {
  const set = biSets.find((one) => one.name === name);
  if (!set) throw notFound('set', name.slice(0, 100));
  return set;
}

/**
 * What the last part of an address names: a set (`responses`), or a row of it (`responses('A-1')`,
 * `response_outcomes(response_id='A-1',window_days=90)`), whose values come in the order of the set's key.
 * @throws ApiError 404 for a set that is not there, 400 for what is no key of it
 */
export function readResource(resource: string): { set: BiSet; key: string[] | undefined } {
  const [, name = resource, predicate] = /^(\w+)(?:\((.*)\))?$/s.exec(resource) ?? [];
  const set = setCalled(name);
  return { set, key: predicate === undefined ? undefined : keyIn(set, predicate) };
}

function keyIn({ key, columns, name }: BiSet, predicate: string): string[] {
  const wrong = () => {
    const form = key.length === 1 ? "'...'" : key.map((one) => `${one}=...`).join(',');
    return badRequest('bad_key', `A row of ${name} is named ${name}(${form}); texts stand in single quotes.`);
  };
  const found = new Map<string, string>();
  let length = 0;
  for (const [whole, named, value = ''] of predicate.matchAll(part)) {
    length += whole.length;
    const column = named ?? (key.length === 1 ? key[0] : undefined);
    if (column === undefined || found.has(column)) throw wrong();
    found.set(column, value);
  }
  if (length !== predicate.length || found.size !== key.length) throw wrong();
  return key.map((one) => {
    const kind = columns.find((column) => column.name === one)?.kind ?? 'text';
    const value = found.get(one) ?? '';
    if (!isLiteral[kind](value)) throw wrong();
    return kind === 'text' ? value.slice(1, -1).replaceAll("''", "'") : value;
  });
}
