import { type Static, Type } from 'typebox';
import { findFigure } from '../../analytics/figures/registry.ts';
import { withinUnits } from '../../analytics/within-units.ts';
import { cadences } from '../../db/cadence.ts';
import { getManaged } from '../../db/managed.ts';
import type { Client, Database } from '../../db/pool.ts';
import { type UnitLimit, unitsBelow } from '../../db/unit-tree.ts';
import { badParameter, emptyPeriod } from '../../errors.ts';
import { CalendarDate, closed, nullable, ref } from '../../http/schemas.ts';
import { readState } from '../../outcomes/collect.ts';
import { refreshBeforeAnswer } from '../../outcomes/refresh.ts';
import { readSeries, type SeriesAsked, seriesStates } from '../series.ts';
import { type MileMarkerRow, mileMarkers } from './mile-marker.ts';
import { seriesSentence } from './sentence.ts';

const number = (description: string) => nullable(Type.Number({ description }));

/** A mile marker in one period. */
export const SeriesRow = Type.Object(
  {
    period: Type.String({ description: '2026-03-17, 2026-W12, 2026-03, 2026-Q1 or 2026.' }),
    period_start_on: Type.String({ ...CalendarDate, description: 'Its first day.' }),
    period_end_on: Type.String({ ...CalendarDate, description: 'The first day after it.' }),
    value: number('What it was; null where nothing is told.'),
    n: number('How many things it rests on.'),
    low: number('Lower limit of its 95% interval.'),
    high: number('Upper limit of its 95% interval.'),
    state: Type.Enum([...seriesStates], {
      description:
        '`partial`: the period still runs, or what belongs to it is not complete; the value is that so far. `withheld`: too few to tell.',
    }),
    withheld: nullable(Type.String({ description: 'Why there is no value though there is something to tell.' })),
    units: nullable(
      Type.Integer({
        description: "Readings: how many units' were added up; null where the unit has a reading of its own.",
      }),
    ),
  },
  { $id: 'SeriesRow', additionalProperties: false },
);

/** The answer. */
export const Series = Type.Object(
  {
    question: Type.String(),
    reads_as: Type.String({ description: 'The finding in a sentence.' }),
    definition: closed({ id: Type.String(), version: Type.Integer(), text: Type.String() }),
    source: Type.Enum(['readings', 'computed']),
    unit_of_measure: Type.String(),
    direction: Type.Enum(['higher_is_better', 'lower_is_better']),
    parameters: closed({
      mile_marker: Type.String(),
      metric: nullable(Type.String()),
      filters: Type.Record(Type.String(), Type.Unknown()),
      cadence: Type.Enum([...cadences]),
      unit: nullable(Type.String()),
      from: nullable(Type.String({ ...CalendarDate, description: 'The first day that is told.' })),
      to: nullable(Type.String({ ...CalendarDate, description: 'The day before which the last period ends.' })),
      time_zone: Type.String(),
      currency: Type.String(),
    }),
    data: Type.Array(ref(SeriesRow)),
    fresh: closed({
      complete_through: nullable(
        Type.String({ description: 'Through when the facts are complete; null for readings.' }),
      ),
      pending: Type.Integer({ description: 'Customers or facts that this answer does not hold yet.' }),
      refreshed_at: nullable(Type.String()),
    }),
    warnings: Type.Array(Type.String()),
  },
  { $id: 'MileMarkerSeries', additionalProperties: false },
);

/**
 * What a mile marker was, period by period, with the words that belong to it.
 * @param units the units that the reader is limited to
 * @throws ApiError 404, and 400 for an empty period or a unit that the mile marker is not about
 */
export async function answerSeries(
  db: Database,
  key: string,
  { unit: named, ...asked }: SeriesAsked,
  units: UnitLimit,
): Promise<Static<typeof Series>> {
  const { from, to } = asked;
  if (from !== null && to !== null && from >= to) throw emptyPeriod();
  const waiting = await refreshBeforeAnswer(db);
  return db.read(
    async (client) => {
      const marker = await getManaged<MileMarkerRow>(client, mileMarkers, key, false, units);
      // One of the whole company is told of a unit to who is limited to some.
      const isOpen = named !== null || marker.unit === null;
      const { unit = null } = isOpen ? await withinUnits(client, named === null ? {} : { unit: named }, units) : {};
      await requireWithin(client, unit, marker);
      const series = await readSeries(client, marker, { unit, ...asked });
      const { time_zone, currency, refreshed_at } = await readState(client);
      const { source, metric, filters, cadence, unit_of_measure, direction } = marker;
      const place = unit ?? marker.unit;
      return {
        question: 'mile-markers/series',
        reads_as: seriesSentence(marker, series, { unit: place, currency }),
        definition: definitionOf(marker),
        ...{ source, unit_of_measure, direction },
        parameters: {
          ...{ mile_marker: key, metric, filters, cadence, unit: place },
          from: series.rows[0]?.period_start_on ?? null,
          to: series.rows.at(-1)?.period_end_on ?? null,
          ...{ time_zone, currency },
        },
        data: series.rows,
        fresh: {
          complete_through: series.complete_through?.toISOString() ?? null,
          pending: Math.max(waiting.respondents, waiting.customers) + waiting.facts,
          refreshed_at: refreshed_at?.toISOString() ?? null,
        },
        warnings: series.warnings,
      };
    },
    { snapshot: true },
  );
}

/** A unit is the one that the mile marker is about, or lies below it. @throws ApiError 400 */
async function requireWithin(client: Client, unit: string | null, marker: MileMarkerRow): Promise<void> {
  if (unit === null || marker.unit === null) return;
  const [found] = await client.rows<{ within: boolean }>(`select $1::text in ${unitsBelow('$2')} as within`, [
    unit,
    marker.unit,
  ]);
  if (found?.within) return;
  const detail = `The mile marker '${marker.key}' is about the unit '${marker.unit}', and '${unit}' is not below it.`;
  throw badParameter('unit', 'unit_outside', detail);
}

/** What a mile marker says: the definition of its metric, or what its owner wrote. */
function definitionOf({ key, version, name, description, metric }: MileMarkerRow) {
  const figure = metric === null ? undefined : findFigure(metric);
  return figure ? figure.family.definition : { id: key, version, text: description ?? name };
}
