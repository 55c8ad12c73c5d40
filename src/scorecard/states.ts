import { recordEvents } from '../db/events.ts';
import type { Client, Database } from '../db/pool.ts';
import { readToday } from '../db/settings.ts';
import { type GoalRow, goals } from '../modules/goals/goal.ts';
import { type MileMarkerRow, mileMarkers } from './mile-markers/mile-marker.ts';
import type { Standing } from './pace.ts';
import { readGoal } from './read-goal.ts';

/** How many goals are looked at in one transaction. */
const atOnce = 10;
/** How old a state may be: as the contract says of `state`. */
const every = '9 minutes';

/**
 * Works out how some goals stand that nobody looked at lately, keeps it with them, and tells of those whose state is
 * another one. Any number of workers may do so at once: each takes goals that no other has.
 * @param now the moment that they are told of
 * @returns whether there may be more
 */
export async function settleGoals(db: Database, now = new Date()): Promise<boolean> {
  return db.write(async (client) => {
    const found = await client.rows<GoalRow>(
      `select ${goals.columns.join(', ')} from goals
       where published_at is not null and dropped_at is null and archived_at is null
         and (stood_at is null or stood_at < now() - interval '${every}')
       order by stood_at nulls first, id limit ${atOnce} for update skip locked`,
    );
    if (found.length === 0) return false;
    const markers = await readMarkers(client, found);
    const today = await readToday(client, now);
    for (const goal of found) {
      const marker = markers.get(goal.mile_marker);
      const standing: Standing = marker
        ? (await readGoal(client, goal, marker, { today, now, personal: true })).standing
        : { ...nothing, state: 'no_data', value_alone: 'no_data' };
      await keep(client, goal, standing);
    }
    return found.length === atOnce;
  });
}

const nothing = { measured: null, progress: null, expected_progress: null, expected_value: null };

/** The mile markers of some goals, by their keys. */
export async function readMarkers(client: Client, of: readonly GoalRow[]): Promise<Map<string, MileMarkerRow>> {
  const rows = await client.rows<MileMarkerRow>(
    `select ${mileMarkers.columns.join(', ')} from mile_markers where key = any($1::text[])`,
    [of.map(({ mile_marker }) => mile_marker)],
  );
  return new Map(rows.map((row) => [row.key, row]));
}

/** The row tells of a change to who follows it only where there is one. */
async function keep(client: Client, goal: GoalRow, { state, measured, progress, expected_progress }: Standing) {
  const { value = null, low = null, high = null, from = null, to = null } = measured ?? {};
  await client.rows(
    `with told as (
       select id, (state, value, value_low, value_high, measured_from, measured_to, progress, expected_progress)
         is distinct from ($2::text, $3::float8, $4::float8, $5::float8, $6::date, $7::date, $8::float8, $9::float8) as is_new
       from goals where id = $1
     )
     update goals g set state = $2, value = $3, value_low = $4, value_high = $5, measured_from = $6, measured_to = $7,
       progress = $8, expected_progress = $9, stood_at = now(),
       state_since = case when g.state is distinct from $2 then now() else g.state_since end,
       changed_at = case when told.is_new then now() else g.changed_at end,
       changed_xid = case when told.is_new then pg_current_xact_id() else g.changed_xid end
     from told where g.id = told.id`,
    [goal.id, state, value, low, high, from, to, progress, expected_progress],
  );
  if (goal.state === state) return;
  const { id, name, mile_marker, unit, owner, state: state_before } = goal;
  await recordEvents(client, [
    {
      type: 'goal.status_changed',
      subject: id,
      data: {
        ...{ id, name, mile_marker, unit, owner, state, state_before },
        ...{
          value,
          value_low: low,
          value_high: high,
          measured_from: from,
          measured_to: to,
          progress,
          expected_progress,
        },
      },
    },
  ]);
}
