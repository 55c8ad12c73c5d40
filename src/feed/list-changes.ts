import { wholeOrganisation } from '../db/departures.ts';
import { instantSql } from '../db/json-text.ts';
import type { Client, Param } from '../db/pool.ts';
import { unitsBelowAny, visibleSql } from '../db/unit-tree.ts';
import { ApiError } from '../errors.ts';
import type { Reader } from '../http/scopes.ts';
import type { Feed } from './feed.ts';

/** Where a reader of the changes has come to. */
export interface Place {
  /** What the reader has been told of: everything that this snapshot sees; null at the beginning. */
  told: string | null;
  /** The snapshot that is being told now; null between two. */
  telling: string | null;
  /** The last row of it that was told. A tombstone (kind 0) comes before a row (1) of the same transaction and key. */
  xid: string;
  key: string;
  kind: number;
  /** Recognises the units that a limited reader was told of; null where there is no limit. */
  units: string | null;
}

const between = { telling: null, xid: '0', key: '', kind: 0 };
export const beginning: Place = { told: null, ...between, units: null };

interface ChangePage {
  rows: string[];
  place: Place;
  /** Whether more is there to be read now. */
  more: boolean;
}

const expired = (why: string) => new ApiError(410, 'cursor_expired', `${why}: read everything again without a cursor.`);

/**
 * How many transactions that run a cursor names: with two snapshots and the longest key it still fits into an address.
 */
const mostRunning = 80;

/**
 * A snapshot that a cursor has room for. Where more transactions run, it ends before the first one that it cannot name:
 * what was stored from that one on is told when older ones have ended. Those that run end, and new ones have greater
 * numbers, so a later snapshot that is cut in the same way sees all that an earlier one saw.
 */
export function cutSnapshot(snapshot: string): string {
  const [oldest, , list = ''] = snapshot.split(':');
  const running = list.split(',');
  const end = running[mostRunning];
  return end === undefined ? snapshot : `${oldest}:${end}:${running.slice(0, mostRunning).join(',')}`;
}

/**
 * What was stored, changed and removed since a place, each row once, as it is now.
 *
 * Rows carry the number of the transaction that wrote them. What one snapshot sees and the one before did not is told in
 * the order of these numbers: exact, however late a transaction commits, and nothing waits for one that runs long. (A
 * timestamp or a sequence would lose what commits late; reading only below the oldest transaction that runs would stand
 * still during a long one, of whichever database of the server.) What changes while it is told belongs to the next one.
 *
 * A reader who is limited to units is told their rows; rows without a unit of their own also when the record of their
 * customer changed, by which they may have come to be the reader's; and rows that left the units as removed. Where other
 * units are inside than before, what came and went with them is not known row by row, and the reader begins anew.
 * @param fingerprint makes the text by which the units of the reader are recognised later
 * @throws ApiError 410 when rows that the reader must learn to have been removed are no longer known.
 */
export async function listChanges(
  client: Client,
  feed: Feed,
  after: Place,
  limit: number,
  reader: Reader,
  fingerprint: (text: string) => string,
): Promise<ChangePage> {
  const [bound] = await client.rows<{ now: string; expired: boolean }>(
    `select pg_current_snapshot()::text as now,
       pg_snapshot_xmax(coalesce($2, $1, '1:1:')::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) or exists (
         select from feed_horizons where dataset = $3 and not pg_visible_in_snapshot(below_xid, coalesce($1, $2)::pg_snapshot)
       ) as expired`,
    [after.told, after.telling, feed.name],
  );
  if (!bound || bound.expired) throw expired('The cursor is too old, or from before the database was restored');
  const telling = after.telling ?? cutSnapshot(bound.now);
  const units = await readUnits(client, feed, reader, fingerprint);
  const isFirst = after.told === null && after.telling === null;
  if (!isFirst && after.units !== units)
    throw expired('The cursor was made for a key of other units, or the units were changed since');
  const found = await client.rows<{ xid: string; key: string; kind: number; row: string }>(
    ...changesSql(feed, { after, telling, limit: limit + 1 }, reader),
  );
  const cut = found.length > limit;
  const page = cut ? found.slice(0, limit) : found;
  const last = page.at(-1);
  return {
    rows: page.map(({ row }) => row),
    place:
      cut && last
        ? { told: after.told, telling, xid: last.xid, key: last.key, kind: last.kind, units }
        : { told: telling, ...between, units },
    // What an earlier page began to tell may have changed since.
    more: cut || after.telling !== null,
  };
}

/** What the units of a limited reader are recognised by; null where they make no difference. */
async function readUnits(
  client: Client,
  { owner }: Feed,
  { units }: Reader,
  fingerprint: (text: string) => string,
): Promise<string | null> {
  if (units === null || owner === 'everybody') return null;
  const inside = await client.rows<{ key: string }>(`select key from ${unitsBelowAny('$1')} inside(key)`, [units]);
  return fingerprint(JSON.stringify(inside.map(({ key }) => key).sort()));
}

/** The statement of a page, and its parameters. */
function changesSql(
  feed: Feed,
  { after, telling, limit }: { after: Place; telling: string; limit: number },
  { personal, units }: Reader,
): [string, Param[]] {
  const { name, key, owner, rowSql } = feed;
  const parameters: Param[] = [name, after.xid, after.key, after.kind, after.told, telling, limit];
  const isNew = (xid: string) => `pg_visible_in_snapshot(${xid}, $6::pg_snapshot)
    and ($5::text is null or not pg_visible_in_snapshot(${xid}, $5::pg_snapshot))`;
  // The first of the conditions is for the index.
  const untold = (xid: string) =>
    `${xid} >= greatest($2::xid8, pg_snapshot_xmin(coalesce($5, '1:1:')::pg_snapshot)) and ${isNew(xid)}`;
  const part = (xid: string, rowKey: string, kind: 0 | 1, row: string, from: string) =>
    `(select ${xid} as xid, ${rowKey} as key, ${kind} as kind, ${row} as row
      ${from} and ${untold(xid)} and (${xid}, ${rowKey}, ${kind}) > ($2::xid8, $3::text, $4::int)
      order by ${xid}, ${rowKey} limit $7)`;
  const removed = (at: string) => `json_build_object('${key}', d.key, 'removed_at', ${instantSql(at)})::text`;
  const shown = rowSql(personal);
  // Our own ids are of the type uuid.
  const rowKey = `t.${key}::text`;
  const parts: string[] = [];
  if (units === null || owner === undefined || owner === 'everybody')
    parts.push(
      // A transaction that began before a row was removed may have made it again, with a lower number than the removal.
      part(
        'd.changed_xid',
        'd.key',
        0,
        removed('d.removed_at'),
        `from tombstones d where d.dataset = $1 and not exists (select from ${name} t where ${rowKey} = d.key)`,
      ),
      part(
        't.changed_xid',
        rowKey,
        1,
        shown,
        `from ${name} t where ${owner === undefined && units ? 'false' : 'true'}`,
      ),
    );
  else {
    const param = (value: Param) => `$${parameters.push(value)}`;
    const visible = visibleSql(owner, units, param);
    // Who begins has nothing to lose.
    const wasSeen = `(d.unit in ${unitsBelowAny(param(units))}${owner.shared ? ` or d.unit = '${wholeOrganisation}'` : ''})`;
    const gone = `from unit_departures d where d.dataset = $1 and $5::text is not null and ${wasSeen}
      and not exists (select from ${name} t where ${rowKey} = d.key and ${visible})`;
    parts.push(part('d.changed_xid', 'd.key', 0, removed('d.left_at'), gone));
    const { unit, customer } = owner;
    const ofCustomer =
      customer === undefined ? undefined : `c.id = ${customer}${unit === undefined ? '' : ` and ${unit} is null`}`;
    // A row that changed, and whose customer changed after it, is told with the customer.
    const later = `exists (select from customers c where ${ofCustomer} and c.changed_xid > t.changed_xid and ${isNew('c.changed_xid')})`;
    parts.push(
      part(
        't.changed_xid',
        rowKey,
        1,
        shown,
        `from ${name} t where ${visible} ${ofCustomer === undefined ? '' : `and not ${later}`}`,
      ),
    );
    if (ofCustomer !== undefined)
      parts.push(
        part(
          'c.changed_xid',
          rowKey,
          1,
          shown,
          `from customers c join ${name} t on ${ofCustomer}
           where ${visible} and (c.changed_xid > t.changed_xid or not (${isNew('t.changed_xid')}))`,
        ),
      );
  }
  return [
    `select xid::text as xid, key, kind, row from (${parts.join(' union all ')}) changes
     order by changes.xid, key, kind limit $7`,
    parameters,
  ];
}

const keepDays = 90;

/**
 * Forgets what was removed, or left its unit, over ninety days ago, and remembers below which transaction a cursor is
 * too old.
 */
export async function purgeTombstones(client: Client): Promise<void> {
  await client.rows(
    `with removed as (
       delete from tombstones where removed_at < now() - make_interval(days => $1) returning dataset, changed_xid
     ),
     departed as (
       delete from unit_departures where left_at < now() - make_interval(days => $1) returning dataset, changed_xid
     ),
     gone as (select * from removed union all select * from departed)
     insert into feed_horizons (dataset, below_xid)
     select distinct on (dataset) dataset, changed_xid from gone order by dataset, changed_xid desc
     on conflict (dataset) do update set below_xid = greatest(feed_horizons.below_xid, excluded.below_xid)`,
    [keepDays],
  );
}
