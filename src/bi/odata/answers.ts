import type { Client } from '../../db/pool.ts';
import { notFound } from '../../errors.ts';
import type { BiSet, SetColumn } from '../set.ts';
import type { Place } from './next-page.ts';
import type { SetQuery } from './query.ts';
import { countRows, readOne, readPage, type Writing } from './read-set.ts';

/** How an answer is written. */
interface Form extends Writing {
  /** Where `$metadata` is. */
  base: string;
  /** The columns that the reader may see: all of them are not named in the context. */
  columns: readonly SetColumn[];
}

const contextOf = ({ name }: BiSet, select: readonly SetColumn[], { base, columns }: Form) =>
  `${base}/$metadata#${name}${select.length === columns.length ? '' : `(${select.map((one) => one.name).join(',')})`}`;

/** The row of a key as OData's JSON. @throws ApiError 404 */
export async function rowBody(
  client: Client,
  set: BiSet,
  { key, select }: { key: readonly string[]; select: readonly SetColumn[] },
  form: Form,
): Promise<string> {
  const row = await readOne(client, set, select, key, form);
  if (row === undefined) throw notFound(set.one.replaceAll('_', ' '), key.join(', '));
  return `{"@odata.context":${JSON.stringify(`${contextOf(set, select, form)}/$entity`)},${row.slice(1)}`;
}

/**
 * A page as OData's JSON.
 * @param from where it begins; null at the first
 * @param size of a page; the last of `$top` may be smaller
 * @param linkTo the address of the page that begins at a place
 */
export async function pageBody(
  client: Client,
  set: BiSet,
  query: SetQuery,
  { from, size, linkTo, form }: { from: Place | null; size: number; linkTo: (place: Place) => string; form: Form },
): Promise<string> {
  const total = from ? from.total : query.count ? await countRows(client, set, query) : null;
  const wanted = from ? from.left : query.top;
  const here = wanted === null ? size : Math.min(size, wanted);
  const { rows, last } =
    here === 0
      ? { rows: [], last: null }
      : await readPage(client, set, query, { after: from?.after ?? null, size: here, writing: form });
  const left = wanted === null ? null : wanted - rows.length;
  const next = last && left !== 0 ? linkTo({ left, total, after: last }) : undefined;
  const parts = [
    `"@odata.context":${JSON.stringify(contextOf(set, query.select, form))}`,
    ...(total === null ? [] : [`"@odata.count":${form.exact ? `"${total}"` : total}`]),
    `"value":[${rows.join(',')}]`,
    ...(next === undefined ? [] : [`"@odata.nextLink":${JSON.stringify(next)}`]),
  ];
  return `{${parts.join(',')}}`;
}
