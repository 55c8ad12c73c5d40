import { createHash } from 'node:crypto';
import { type Cadence, periodEnd, periodStart } from '../db/cadence.ts';
import type { FieldError } from '../errors.ts';
import { day, number, prose, type RowOf, word } from './columns.ts';
import { declareDataset } from './declare.ts';

const any = { minimum: -1e15, maximum: 1e15 };
const notNegative = { minimum: 0, maximum: 1e15 };

const columns = {
  id: word(
    'Made of the rest: mile marker, first day and unit, such as answered_calls:2026-02-01:store-12. A unit of more than 51 characters stands in it as ~ and 51 digits of its SHA-256.',
    { derived: true },
  ),
  mile_marker: word('The mile marker that was read. It is fed by readings.', { required: true, filter: true }),
  unit: word('The unit that it was read in; none for the whole company.', { filter: true, refers_to: 'units' }),
  period_start_on: day('The first day of the period, as the cadence of the mile marker has it.', {
    required: true,
    filter: true,
  }),
  period_end_on: day('The first day after it.', { derived: true }),
  value: number('What was read. Left out, it is numerator / denominator; a share is between 0 and 1.', any, {
    audited: true,
  }),
  n: number('How many things were looked at. Of a proportion the denominator unless given.', notNegative, {
    audited: true,
  }),
  numerator: number('What the value is the sum of. With it, readings of units are added up.', any, { audited: true }),
  denominator: number('By what it is divided; more than zero.', any, { audited: true }),
  standard_error: number('Of the value, where the interval of the mile marker is that of a mean.', notNegative, {
    audited: true,
  }),
  note: prose('What should be known of it.', 1000, {}),
};

type Reading = RowOf<typeof columns>;

/** What a reading must fit. */
interface Marker {
  key: string;
  source: 'readings' | 'computed';
  cadence: Cadence;
  interval_kind: 'proportion' | 'mean' | null;
  unit: string | null;
  is_archived: boolean;
}

export const readings = declareDataset({
  name: 'readings',
  one: 'reading',
  path: 'readings',
  tag: 'Mile markers',
  description:
    'What a mile marker was in a period, in a unit or the whole company: one row for each. Readings with numerator and denominator are added up, so that a unit without one of its own has that of the units below it.',
  key: 'id',
  columns,
  indexed: ['mile_marker', 'period_start_on'],
  example: {
    id: 'answered_calls:2026-02-01:store-12',
    mile_marker: 'answered_calls',
    unit: 'store-12',
    period_start_on: '2026-02-01',
    period_end_on: '2026-03-01',
    value: 0.9,
    n: 200,
    numerator: 180,
    denominator: 200,
    standard_error: null,
    note: 'Answered within three rings.',
  },
  /** Holds the mile markers still until the readings that were checked by them are stored. */
  async context(client, rows): Promise<Map<string, Marker>> {
    const found = await client.rows<Marker>(
      `select key, source, cadence, interval_kind, unit, archived_at is not null as is_archived
       from mile_markers where key = any($1::text[]) order by key for share`,
      [[...new Set(rows.map((row) => row.mile_marker))]],
    );
    return new Map(found.map((marker) => [marker.key, marker]));
  },
  complete(row, context) {
    row.id = idOf(row);
    row.period_end_on = periodEnd('day', row.period_start_on);
    // Only the id is asked for where there is no context.
    if (context === undefined) return [];
    const marker = (context as Map<string, Marker>).get(row.mile_marker);
    const wrong = marker ? [...wrongPlace(row, marker), ...wrongValue(row, marker)] : [unknownMarker(row.mile_marker)];
    if (marker && wrong.length === 0) {
      row.period_end_on = periodEnd(marker.cadence, row.period_start_on);
      fillIn(row, marker);
    }
    return wrong;
  },
});

/** An id has 128 characters at most, and a key 64. */
const longestUnit = 51;

/**
 * No mile marker has a colon in its key, a day has ten characters, and what stands for a long unit is longer than any
 * short one: so no two readings share an id.
 */
function idOf({ mile_marker, period_start_on, unit }: Reading): string {
  const place = `${mile_marker}:${period_start_on}`;
  if (unit == null) return place;
  if (unit.length <= longestUnit) return `${place}:${unit}`;
  return `${place}:~${createHash('sha256').update(unit).digest('hex').slice(0, longestUnit)}`;
}

const error = (pointer: string, code: string, detail: string): FieldError => ({ pointer, code, detail });

const unknownMarker = (key: string) =>
  error(
    '/mile_marker',
    'unknown_mile_marker',
    `There is no mile marker '${key}'. Make it first: POST /v1/mile-markers with the source 'readings'.`,
  );

/** What is wrong with where a reading belongs. */
function wrongPlace({ mile_marker, unit, period_start_on }: Reading, marker: Marker): FieldError[] {
  const { source, cadence, is_archived } = marker;
  if (source !== 'readings')
    return [
      error(
        '/mile_marker',
        'computed_mile_marker',
        `The mile marker '${mile_marker}' is worked out from the facts and takes no readings: send the facts, or make another mile marker with the source 'readings'.`,
      ),
    ];
  if (is_archived)
    return [
      error(
        '/mile_marker',
        'archived',
        `The mile marker '${mile_marker}' is archived and takes no more readings: name the one that is in use.`,
      ),
    ];
  const start = periodStart(cadence, period_start_on);
  return [
    ...(start === period_start_on
      ? []
      : [
          error(
            '/period_start_on',
            'not_a_period',
            `The mile marker '${mile_marker}' is read by the ${cadence}, and no ${cadence} begins on ${period_start_on}: it is in the one that begins on ${start}.`,
          ),
        ]),
    ...(marker.unit !== null && unit == null
      ? [
          error(
            '/unit',
            'required',
            `The mile marker '${mile_marker}' is about the unit '${marker.unit}': name it, or one below it.`,
          ),
        ]
      : []),
  ];
}

/** How far a value may be off its ratio: what is lost where both were written with seven digits. */
const rounding = 1e-6;

/** What is wrong with the numbers of a reading. */
function wrongValue(row: Reading, { key, interval_kind }: Marker): FieldError[] {
  const { value, n, numerator, denominator, standard_error } = row;
  const errors: FieldError[] = [];
  const isWhole = numerator != null && denominator != null;
  if (!isWhole && (numerator != null || denominator != null)) {
    const lacking = numerator == null ? 'numerator' : 'denominator';
    errors.push(error(`/${lacking}`, 'required', 'numerator and denominator come together, or not at all.'));
  } else if (denominator != null && !(denominator > 0))
    errors.push(
      error(
        '/denominator',
        'not_positive',
        'A denominator is more than zero: where there was nothing to look at, send no reading.',
      ),
    );
  else if (isWhole && Math.abs(numerator / denominator) > any.maximum)
    errors.push(error('/denominator', 'too_small', 'numerator / denominator is beyond 1e15.'));
  else if (
    isWhole &&
    value != null &&
    Math.abs(value - numerator / denominator) > rounding * Math.max(1, Math.abs(value))
  )
    errors.push(
      error(
        '/value',
        'not_the_ratio',
        `numerator / denominator is ${numerator / denominator}, not ${value}. Leave value out: it follows from the two.`,
      ),
    );
  else if (!isWhole && value == null)
    errors.push(error('/value', 'required', 'A reading has a value, or numerator and denominator.'));
  if (n != null && !Number.isInteger(n)) errors.push(error('/n', 'not_whole', 'n is a whole number: how many.'));
  if (interval_kind === 'proportion') errors.push(...wrongProportion(row));
  if (standard_error != null && interval_kind !== 'mean')
    errors.push(
      error(
        '/standard_error',
        'no_mean',
        `The mile marker '${key}' has no interval of a mean: leave standard_error out, or set its interval_kind to 'mean'.`,
      ),
    );
  return errors;
}

function wrongProportion({ n, numerator, denominator }: Reading): FieldError[] {
  if (numerator == null || denominator == null)
    return numerator == null && denominator == null
      ? [error('/numerator', 'required', 'A proportion has numerator and denominator: how many of how many.')]
      : [];
  return [
    ...(Number.isInteger(numerator) && Number.isInteger(denominator)
      ? []
      : [error('/numerator', 'not_whole', 'A proportion counts: numerator and denominator are whole numbers.')]),
    ...(numerator < 0 || numerator > denominator
      ? [error('/numerator', 'out_of_range', 'The numerator of a proportion lies between 0 and its denominator.')]
      : []),
    ...(n != null && n !== denominator
      ? [error('/n', 'not_the_denominator', 'n of a proportion is its denominator: leave it out.')]
      : []),
  ];
}

/** Fills in what follows from the rest. */
function fillIn(row: Reading, { interval_kind }: Marker): void {
  if (row.numerator != null && row.denominator != null) row.value = row.numerator / row.denominator;
  if (interval_kind === 'proportion' && row.denominator != null) row.n = row.denominator;
}
