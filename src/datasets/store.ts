import { type Author, writeAudit } from '../db/audit.ts';
import type { Client } from '../db/pool.ts';
import type { Column, Kind } from './columns.ts';
import { copyLines } from './copy-lines.ts';
import type { AnyRow, Changed, Dataset } from './declare.ts';
import { bury, noteMoves, unitOf } from './tombstones.ts';

export interface Stored {
  created: number;
  updated: number;
  unchanged: number;
}

const sqlTypes: Record<Kind, string> = {
  text: 'text',
  choice: 'text',
  // As precise as the column, or a row sent with microseconds would differ from itself each time.
  moment: 'timestamptz(3)',
  day: 'date',
  decimal: 'numeric',
  number: 'float8',
  flag: 'boolean',
  list: 'text[]',
  map: 'jsonb',
};

/** What is stored of a column; a list or a map that nobody sent is empty. */
const valueSql = ({ kind }: Column, name: string) =>
  kind === 'list' || kind === 'map' ? `coalesce(r.${name}, '{}')` : `r.${name}`;

/** The two statements that store a batch; rows go in as one JSON text, sorted so that batches do not deadlock. */
function statementsOf(dataset: Dataset) {
  const { name, key, columns } = dataset;
  const names = Object.keys(columns);
  const recordset = `json_to_recordset($1::json) as r(${Object.entries(columns)
    .map(([column, { kind }]) => `${column} ${sqlTypes[kind]}`)
    .join(', ')})`;
  const values = Object.entries(columns).map(([column, of]) => valueSql(of, column));
  const plain = (alias: string) => names.map((column) => `${alias}.${column}`).join(', ');
  // Exact amounts would lose digits on their way through JSON numbers.
  const asJson = (alias: string) => {
    const decimals = Object.entries(columns).filter(([, { kind }]) => kind === 'decimal');
    const texts = decimals.map(([column]) => `, '${column}', trim_scale(${alias}.${column})::text`).join('');
    return texts === '' ? `to_jsonb(${alias})` : `to_jsonb(${alias}) || jsonb_build_object(${texts.slice(2)})`;
  };
  return {
    // Most rows are new, and then this is all there is to do: 1.0 lookup of the key a row.
    insert: `
      with stored as (
        insert into ${name} (${names.join(', ')}, source, recorded_at, changed_at, changed_xid)
        select ${values.join(', ')}, $2, now(), now(), pg_current_xact_id() from ${recordset} order by r.${key}
        on conflict (${key}) do nothing
        returning ${key}
      )
      select count(*) as created, case when count(*) < $3 then array_agg(${key}) end as keys from stored`,
    // Locks what is held before it compares, so that nobody changes it in between and the old values are the last ones.
    update: `
      with sent as materialized (select ${values.map((value, at) => `${value} as ${names[at]}`).join(', ')} from ${recordset}),
      held as materialized (
        select ${plain('t')} from ${name} t where t.${key} in (select ${key} from sent) order by t.${key} for update
      ),
      changed as (
        update ${name} t set ${names
          .filter((column) => column !== key)
          .map((column) => `${column} = s.${column}`)
          .join(', ')}, source = $2, changed_at = now(), changed_xid = pg_current_xact_id()
        from sent s join held h on h.${key} = s.${key}
        where t.${key} = s.${key} and row(${plain('h')}) is distinct from row(${plain('s')})
        returning ${asJson('h')} as before, ${asJson('s')} as after
      )
      select (select count(*) from held) as held,
        coalesce((select jsonb_agg(jsonb_build_object('before', before, 'after', after)) from changed), '[]') as changed`,
    // Rows that nobody sent before go in by COPY: see `copyNew`.
    held: `select exists (select from ${name} where ${key} = any($1::text[])) as held`,
    copy: `${name} (${names.join(', ')}, source)`,
    remove: `delete from ${name} t where ${key} = $1 returning to_jsonb(t) as before, ${unitOf(dataset)} as unit`,
  };
}

const prepared = new Map<string, ReturnType<typeof statementsOf>>();

function statements(dataset: Dataset) {
  const found = prepared.get(dataset.name) ?? statementsOf(dataset);
  prepared.set(dataset.name, found);
  return found;
}

/**
 * Stores rows that were checked, in the caller's transaction: new ones are made, different ones changed, equal ones
 * left. No key may occur twice. What a change takes away from a customer marks it for the refresh; what rows bring is
 * found by the refresh itself.
 * @param mayChange the keys of rows that are there already, where others must not be touched: the batch begins again
 *   where one came in between
 */
export async function store(
  client: Client,
  dataset: Dataset,
  rows: AnyRow[],
  author: Author,
  mayChange?: ReadonlySet<string>,
): Promise<Stored> {
  const sql = statements(dataset);
  if (await copyNew(client, dataset, rows, author)) {
    await dataset.afterwards?.(
      client,
      rows.map((after) => ({ key: String(after[dataset.key]), after })),
    );
    return { created: rows.length, updated: 0, unchanged: 0 };
  }
  const [inserted] = await client.rows<{ created: number; keys: string[] | null }>(sql.insert, [
    JSON.stringify(rows),
    author.name,
    rows.length,
  ]);
  const created = inserted?.created ?? 0;
  if (created === rows.length) {
    await dataset.afterwards?.(
      client,
      rows.map((after) => ({ key: String(after[dataset.key]), after })),
    );
    return { created, updated: 0, unchanged: 0 };
  }

  const made = new Set(inserted?.keys);
  const isMade = (row: AnyRow) => made.has(String(row[dataset.key]));
  const rest = rows.filter((row) => !isMade(row));
  if (mayChange && rest.some((row) => !mayChange.has(String(row[dataset.key])))) throw conflictOfWriters('made');
  const [compared] = await client.rows<{ held: number; changed: { before: AnyRow; after: AnyRow }[] }>(sql.update, [
    JSON.stringify(rest),
    author.name,
  ]);
  if (compared?.held !== rest.length) throw conflictOfWriters('removed');

  const changed = compared.changed.map((one) => ({ key: String(one.after[dataset.key]), ...one }));
  await markForRefresh(
    client,
    dataset,
    changed.map(({ before }) => before),
  );
  await noteMoves(client, dataset, changed);
  await audit(client, dataset, changed, author);
  const news = rows.filter(isMade).map((after) => ({ key: String(after[dataset.key]), after }));
  await dataset.afterwards?.(client, [...news, ...changed]);
  return { created, updated: changed.length, unchanged: rest.length - changed.length };
}

/**
 * Somebody made or removed a row between two statements: begin again, as for any other conflict between writers. It has
 * the server's name, or the pool would not take it for one.
 */
const conflictOfWriters = (what: string) =>
  Object.assign(new Error(`A row was ${what} meanwhile.`), { name: 'PostgresError', code: '40001' });

/** From how many rows on COPY, with the statements around it, costs less than INSERT. */
const worthCopying = 200;

/**
 * Stores a batch by COPY, at half the cost of INSERT, where none of its keys is there yet: the usual case, looked up
 * first since a COPY that fails leaves dead rows behind. Sorted, so that batches do not deadlock.
 * @returns false where nothing was stored: a key is there, or somebody else is storing it now.
 */
async function copyNew(client: Client, dataset: Dataset, rows: readonly AnyRow[], author: Author): Promise<boolean> {
  if (rows.length < worthCopying) return false;
  const { held, copy } = statements(dataset);
  const keyed = rows.map((row) => ({ key: String(row[dataset.key]), row }));
  keyed.sort((one, other) => (one.key < other.key ? -1 : 1));
  const [found] = await client.rows<{ held: boolean }>(held, [keyed.map(({ key }) => key)]);
  if (found?.held !== false) return false;
  const lines = copyLines(
    dataset.columns,
    keyed.map(({ row }) => row),
    author.name,
  );
  return client.copyIn(copy, lines);
}

/** Removes a row and leaves a tombstone. @returns whether there was one. */
export async function remove(client: Client, dataset: Dataset, key: string, author: Author): Promise<boolean> {
  if (dataset.mayRemove) {
    // Held before the rule looks, so that what would stand against it cannot come in between.
    await client.rows(`select from ${dataset.name} where ${dataset.key} = $1 for update`, [key]);
    await dataset.mayRemove(client, key);
  }
  const [gone] = await client.rows<{ before: AnyRow; unit: string | null }>(statements(dataset).remove, [key]);
  if (!gone) return false;
  await markForRefresh(client, dataset, [gone.before]);
  await dataset.afterRemoval?.(client, gone.before);
  await bury(client, dataset.name, [{ key, unit: gone.unit }]);
  await writeAudit(client, author, [{ action: 'removed', noun: dataset.one, key }]);
  return true;
}

/**
 * Marks whose outcomes, and whose months and standing, rows counted in until now. An anonymous response stands for
 * itself.
 */
async function markForRefresh(client: Client, { name, customer, key }: Dataset, before: AnyRow[]): Promise<void> {
  if (customer === undefined || before.length === 0 || name === 'invitations') return;
  const respondents = before.map((row) => (row[customer] === null ? `~${row[key]}` : String(row[customer])));
  await client.rows(`insert into dirty_respondents (respondent) select distinct unnest($1::text[])`, [respondents]);
  if (name === 'revenue_events' || name === 'retention_events')
    await client.rows(
      `insert into dirty_customers (customer_id, since)
       select customer_id, min(since) from unnest($1::text[], $2::timestamptz[]) as touched(customer_id, since)
       group by customer_id`,
      [respondents, before.map((row) => (name === 'revenue_events' ? String(row.occurred_at) : 'infinity'))],
    );
}

async function audit(client: Client, dataset: Dataset, changed: Changed[], author: Author): Promise<void> {
  const audited = Object.entries(dataset.columns).flatMap(([name, { audited }]) => (audited ? [name] : []));
  const entries = changed.flatMap(({ key, before = {}, after }) => {
    const names = audited.filter((name) => String(before[name]) !== String(after[name]));
    const pick = (row: AnyRow) => Object.fromEntries(names.map((name) => [name, row[name]]));
    return names.length > 0
      ? [{ action: 'corrected', noun: dataset.one, key, before: pick(before), after: pick(after) }]
      : [];
  });
  await writeAudit(client, author, entries);
}
