import { wrongFilters } from '../../analytics/figures/check.ts';
import type { Figure } from '../../analytics/figures/declare.ts';
import { figures, findFigure } from '../../analytics/figures/registry.ts';
import type { Client } from '../../db/pool.ts';
import { conflict, type FieldError, refuse } from '../../errors.ts';
import type { GivenOf } from '../../managed/declare.ts';
import { type MileMarkerRow, type mileMarkers, plainNumber } from './mile-marker.ts';

type Given = GivenOf<typeof mileMarkers>;

const wrong = (pointer: string, code: string, detail: string): FieldError => ({ pointer, code, detail });

/**
 * Checks a mile marker as it will be, and fills in what follows from its metric.
 * @returns its filters as they will be, and of a computed one the unit of measure
 * @throws ApiError 422 that names every field with its cure, 409 where readings stand against another cadence
 */
export async function completeMileMarker(
  client: Client,
  given: Given,
  before: MileMarkerRow | undefined,
  sent: Partial<Given>,
): Promise<Partial<Given>> {
  const filters = mergedFilters(before, sent);
  const row = { ...given, filters };
  const { errors, follows } = row.source === 'computed' ? await computed(client, row, sent) : ofReadings(row);
  refuse(errors);
  if (before && before.cadence !== row.cadence) await requireNoReadings(client, before);
  return { filters, ...follows };
}

/** A merge-patch goes into the filters: what is named is set, null takes away, the rest stays. */
function mergedFilters(before: MileMarkerRow | undefined, sent: Partial<Given>): Given['filters'] {
  const all: Record<string, unknown> = { ...before?.filters, ...sent.filters };
  const kept = Object.entries(all).filter(([, value]) => value !== null);
  return Object.fromEntries(kept) as Given['filters']; // null is gone
}

interface Checked {
  errors: FieldError[];
  follows: Partial<Given>;
}

function ofReadings({ metric, filters }: Given): Checked {
  const ofMetric = "is for mile markers with the source 'computed': leave it out, or make one of those.";
  return {
    errors: [
      ...(metric === null ? [] : [wrong('/metric', 'not_computed', `A metric ${ofMetric}`)]),
      ...(Object.keys(filters).length === 0 ? [] : [wrong('/filters', 'not_computed', `A filter ${ofMetric}`)]),
    ],
    follows: {},
  };
}

async function computed(client: Client, row: Given, sent: Partial<Given>): Promise<Checked> {
  const { metric, interval_kind } = row;
  const figure = metric === null ? undefined : findFigure(metric);
  const known = figures.map(({ id }) => id).join(', ');
  if (!figure) {
    const detail = metric === null ? 'A computed mile marker names its metric:' : `There is no metric '${metric}':`;
    const code = metric === null ? 'required' : 'unknown_metric';
    return { errors: [wrong('/metric', code, `${detail} one of ${known}.`)], follows: {} };
  }
  return {
    errors: [
      ...(await wrongInFilters(client, figure, row)),
      ...wrongKind(figure, row, sent),
      ...(interval_kind === null
        ? []
        : [wrong('/interval_kind', 'not_readings', 'The interval of a metric is its own: leave interval_kind out.')]),
    ],
    follows: { unit_of_measure: figure.unit },
  };
}

async function wrongInFilters(client: Client, figure: Figure, { filters }: Given): Promise<FieldError[]> {
  const { unit, ...others } = filters;
  const found = await wrongFilters(client, figure, others);
  return [
    ...found.map((error) => ({ ...error, pointer: `/filters${error.pointer}` })),
    ...(unit === undefined
      ? []
      : [wrong('/filters/unit', 'unit_apart', "A mile marker has a field for it: name the unit in 'unit'.")]),
  ];
}

/** What a metric says of itself, and a mile marker cannot say otherwise. */
function wrongKind({ id, unit, direction, family }: Figure, row: Given, sent: Partial<Given>): FieldError[] {
  const said = sent.unit_of_measure ?? plainNumber;
  return [
    ...(family.cadences.includes(row.cadence)
      ? []
      : [
          wrong(
            '/cadence',
            'unknown_cadence',
            `${id} is told by ${family.cadences.join(', ')}, not by ${row.cadence}.`,
          ),
        ]),
    ...(said === plainNumber || said === unit
      ? []
      : [wrong('/unit_of_measure', 'not_the_metrics', `${id} is told as '${unit}': leave unit_of_measure out.`)]),
    ...(direction === null || row.direction === direction
      ? []
      : [wrong('/direction', 'not_the_metrics', `Of ${id} ${direction.replaceAll('_', ' ')}: leave direction out.`)]),
  ];
}

async function requireNoReadings(client: Client, { key, cadence }: MileMarkerRow): Promise<void> {
  const found = await client.rows('select from readings where mile_marker = $1 limit 1', [key]);
  if (found.length > 0)
    throw conflict(
      'has_readings',
      `The mile marker '${key}' has readings by the ${cadence}, which tell nothing of other periods: make a new mile marker.`,
    );
}
