import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Database } from '../db/pool.ts';
import { computedSql } from './definition.ts';
import { lockedMatching, matchBatch } from './match.ts';

/**
 * Works out again which responses have which problem, and compares it with what is stored. Matches what waits first, and
 * mends nothing beyond that.
 * @throws where another process keeps matching.
 */
export async function verifyMatches(db: Database): Promise<{ table: string; rows: number; differences: number }[]> {
  for (let tries = 0; tries < 100; tries++) {
    while (await matchBatch(db));
    const found = await lockedMatching(db, compare, 'repeatable read');
    if (found) return [{ table: 'problem_responses', ...found }];
    await sleep(100);
  }
  throw new Error('Another process keeps looking for problems in the responses; try again later.');
}

/** What came since is known not to be looked at yet: that is no difference. */
async function compare(client: Client): Promise<{ rows: number; differences: number }> {
  await client.rows(
    `create temporary table unseen_responses on commit drop as
     select r.id from responses r left join matching_state s on true
     where s.told is null or not pg_visible_in_snapshot(r.changed_xid, s.told)
     union
     select t.key from tombstones t left join matching_state s on true
     where t.dataset = 'responses' and (s.told is null or not pg_visible_in_snapshot(t.changed_xid, s.told))`,
  );
  const columns = 'problem, response_id, by_theme, by_phrase';
  const settled = `response_id not in (select id from unseen_responses)
    and problem not in (select problem from problem_matching where finished_at is null)`;
  const [found] = await client.rows<{ rows: number; differences: number }>(
    `with ${computedSql('all')},
     should as materialized (select ${columns} from computed where ${settled}),
     stored as materialized (select ${columns} from problem_responses where ${settled})
     select (select count(*) from should) as rows,
       (select count(*) from (select * from should except select * from stored) d)
       + (select count(*) from (select * from stored except select * from should) d) as differences`,
  );
  return found ?? { rows: 0, differences: 0 };
}
