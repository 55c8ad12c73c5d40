import type { Static } from 'typebox';
import type { Client, Database, Param } from '../db/pool.ts';
import { readReporting, readToday } from '../db/settings.ts';
import { type UnitLimit, unitsBelow, visibleSql } from '../db/unit-tree.ts';
import { badParameter } from '../errors.ts';
import { type GoalRow, goals } from '../modules/goals/goal.ts';
import { refreshBeforeAnswer } from '../outcomes/refresh.ts';
import { attentionOf } from './attention.ts';
import { type MileMarkerRow, mileMarkers } from './mile-markers/mile-marker.ts';
import { freshnessOf } from './pace.ts';
import { type Change, changeOf, type ReadGoal, type Reading, readGoal } from './read-goal.ts';
import type { Scorecard } from './schemas.ts';
import { goalSentence, inWords, markerSentence, scorecardSentence, talkSentence } from './sentences.ts';
import { readSeries, type SeriesRow } from './series.ts';
import { readMarkers } from './states.ts';

type Shown = Static<typeof Scorecard>;

const dayMs = 86_400_000;
const keptDays = 90;

const trendOf = (rows: readonly SeriesRow[]) =>
  rows.map(({ period, period_start_on, value, low, high, n, state }) => ({
    period,
    period_start_on,
    value,
    low,
    high,
    n,
    state,
  }));

/** What people say of goals, by the goal. */
interface Said {
  goal: string;
  last_discussed_on: string | null;
  confidence: number | null;
  checked_in_at: Date | null;
}

const readSaid = (client: Client, ids: readonly string[]) =>
  client.rows<Said>(
    `select g.id as goal, d.last_discussed_on, c.confidence, c.checked_in_at
     from unnest($1::uuid[]) g(id)
     left join lateral (
       select max(discussed_on)::text as last_discussed_on from discussions
       where goals @> array[g.id::text] and archived_at is null
     ) d on true
     left join lateral (
       select confidence, checked_in_at from goal_check_ins where goal = g.id order by id desc limit 1
     ) c on true`,
    [ids],
  );

/**
 * Every goal and mile marker at a glance, worked out at this moment: of the whole company, or of a unit with everything
 * below it. The mile markers are those of the company, told of that unit; the goals are those of the units asked for.
 * @param now the moment that it is told of
 * @throws ApiError 400 for a unit that is not there
 */
export async function readScorecard(
  db: Database,
  { unit, personal, units = null }: { unit: string | null; personal: boolean; units?: UnitLimit },
  now = new Date(),
): Promise<Shown> {
  const waiting = await refreshBeforeAnswer(db);
  return db.read(
    async (client) => {
      const reading: Reading = { now, today: await readToday(client, now), personal };
      const place = unit === null ? null : await requireUnit(client, unit);
      const { time_zone, currency } = await readReporting(client);
      const found = await readGoals(client, unit, reading.today);
      const unitNames = await readUnitNames(client, found);
      const markersOfGoals = await readMarkers(client, found);
      const said = new Map(
        (
          await readSaid(
            client,
            found.map(({ id }) => id),
          )
        ).map((one) => [one.goal, one]),
      );
      const markers = await readCompanyMarkers(client, { unit, units }, reading, found);
      const changes = new Map(markers.map(({ marker, change }) => [marker.key, { change, name: marker.name }]));

      const read: ReadGoal[] = [];
      for (const goal of found) {
        const marker = markersOfGoals.get(goal.mile_marker);
        if (marker) read.push(await readGoal(client, goal, marker, reading));
      }
      const shownGoals = read.map((one) =>
        goalOf(one, said.get(one.goal.id), changes, unitNames, reading.today, currency),
      );
      const shownMarkers = markers.map(({ marker, rows, change }) => markerOf(marker, rows, change, found, currency));
      const attention = attentionOf(shownGoals, shownMarkers);
      return {
        question: 'scorecard',
        reads_as: scorecardSentence(shownGoals, attention[0]?.sentence),
        ...{ today: reading.today, time_zone, currency, unit: place },
        vision: await readVision(client),
        ...{ attention, goals: shownGoals, mile_markers: shownMarkers },
        fresh: { pending: Math.max(waiting.respondents, waiting.customers) + waiting.facts },
        warnings: [...new Set([...read, ...markers].flatMap(({ warnings }) => warnings))],
      };
    },
    { snapshot: true },
  );
}

async function requireUnit(client: Client, key: string): Promise<{ key: string; name: string }> {
  const [found] = await client.rows<{ key: string; name: string }>('select key, name from units where key = $1', [key]);
  if (found) return found;
  const detail = `There is no unit '${key}'. GET /v1/units lists them.`;
  throw badParameter('unit', 'unknown_unit', detail);
}

/** What the units of goals are called, by their keys. */
async function readUnitNames(client: Client, of: readonly GoalRow[]): Promise<Map<string, string>> {
  const found = await client.rows<{ key: string; name: string }>('select key, name from units where key = any($1)', [
    of.flatMap(({ unit }) => unit ?? []),
  ]);
  return new Map(found.map(({ key, name }) => [key, name]));
}

/** The published goals that are not given up, until some time after their last day. */
const readGoals = (client: Client, unit: string | null, today: string) =>
  client.rows<GoalRow>(
    `select ${goals.columns.join(', ')} from goals
     where published_at is not null and dropped_at is null and archived_at is null
       and ends_on >= $1::date - ${keptDays} ${unit === null ? '' : `and unit in ${unitsBelow('$2')}`}
     order by ends_on, id`,
    unit === null ? [today] : [today, unit],
  );

async function readVision(client: Client): Promise<Shown['vision']> {
  const [found] = await client.rows<{ id: string; statement: string; published_at: Date }>(
    `select id, statement, published_at from visions
     where published_at is not null and superseded_at is null and archived_at is null`,
  );
  return found ? { ...found, published_at: found.published_at.toISOString() } : null;
}

/** A mile marker with its periods. */
interface ReadMarker {
  marker: MileMarkerRow;
  rows: SeriesRow[];
  change: Change;
  warnings: string[];
}

/** The mile markers that can be told of the unit: those of the company, and those of the unit itself or below it. */
async function readCompanyMarkers(
  client: Client,
  { unit, units }: { unit: string | null; units: UnitLimit },
  { now, personal }: Reading,
  of: readonly GoalRow[],
): Promise<ReadMarker[]> {
  const params: Param[] = unit === null ? [of.flatMap(guards)] : [of.flatMap(guards), unit];
  const found = await client.rows<MileMarkerRow>(
    `select ${mileMarkers.columns.join(', ')} from mile_markers t
     where ((archived_at is null ${unit === null ? '' : `and (unit is null or unit in ${unitsBelow('$2')})`})
       or key = any($1::text[])) and ${visibleSql(mileMarkers.owner, units, (value) => `$${params.push(value)}`)}
     order by name, key`,
    params,
  );
  const read: ReadMarker[] = [];
  for (const marker of found) {
    const asked = { unit: marker.unit === null ? unit : marker.unit, from: null, to: null, now, personal };
    const { rows, warnings } = await readSeries(client, marker, asked);
    read.push({ marker, rows, change: changeOf(rows, marker.direction), warnings });
  }
  return read;
}

const guards = ({ guard_mile_markers }: GoalRow) => guard_mile_markers;

function goalOf(
  one: ReadGoal,
  said: Said | undefined,
  changes: ReadonlyMap<string, { change: Change; name: string }>,
  unitNames: ReadonlyMap<string, string>,
  today: string,
  currency: string,
): Shown['goals'][number] {
  const { goal, marker, standing, series } = one;
  const { measured } = standing;
  const last_discussed_on = said?.last_discussed_on ?? null;
  const published_on = goal.published_at?.toISOString().slice(0, 10) ?? today;
  const talk = freshnessOf(goal.discussed_every, last_discussed_on ?? published_on, today);
  const days = Math.round((Date.parse(goal.ends_on) - Date.parse(today)) / dayMs);
  return {
    id: goal.id,
    name: goal.name,
    reads_as: goalSentence(one, currency),
    state: standing.state,
    state_in_words: inWords[standing.state],
    value_alone: standing.value_alone,
    mile_marker: marker.key,
    mile_marker_name: marker.name,
    unit_of_measure: marker.unit_of_measure,
    unit_name: goal.unit === null ? null : (unitNames.get(goal.unit) ?? goal.unit),
    ...{ unit: goal.unit, owner: goal.owner, direction: goal.direction, baseline: goal.baseline, target: goal.target },
    ...{ target_low: goal.target_low, target_high: goal.target_high, committed: goal.committed, stretch: goal.stretch },
    ...{ starts_on: goal.starts_on, ends_on: goal.ends_on, days_left: Math.max(0, days) },
    value: measured?.value ?? null,
    value_low: measured?.low ?? null,
    value_high: measured?.high ?? null,
    measured_from: measured?.from ?? null,
    measured_to: measured?.to ?? null,
    progress: standing.progress,
    expected_progress: standing.expected_progress,
    expected_value: standing.expected_value,
    declared_status: goal.declared_status,
    declared_note: goal.declared_note,
    confidence: said?.confidence ?? null,
    checked_in_at: said?.checked_in_at?.toISOString() ?? null,
    last_discussed_on,
    days_since_discussed: talk.days,
    freshness: talk.freshness,
    talked_about: talkSentence(talk, last_discussed_on),
    ...{ focus: goal.focus, teamwork: goal.teamwork, intrinsic: goal.intrinsic, exception: goal.exception },
    guards_worse: goal.guard_mile_markers.flatMap((key) => {
      const { change, name = key } = changes.get(key) ?? {};
      return change?.change_is_clear === true && change.change_is_good === false ? [name] : [];
    }),
    trend: trendOf(series),
  };
}

function markerOf(
  marker: MileMarkerRow,
  rows: readonly SeriesRow[],
  change: Change,
  of: readonly GoalRow[],
  currency: string,
): Shown['mile_markers'][number] {
  const { key, name, unit_of_measure, direction, cadence, source, owner } = marker;
  const last = rows.findLast(({ state }) => state === 'measured');
  return {
    ...{ key, name, reads_as: markerSentence(marker, change, rows, currency) },
    ...{ unit_of_measure, direction, cadence, source, owner },
    period: last?.period ?? null,
    value: last?.value ?? null,
    value_low: last?.low ?? null,
    value_high: last?.high ?? null,
    n: last?.n ?? null,
    ...change,
    goals: of.filter(({ mile_marker }) => mile_marker === key).map(({ id }) => id),
    trend: trendOf(rows),
  };
}
