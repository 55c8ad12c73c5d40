import { type Static, Type } from 'typebox';
import { cadences } from '../../db/cadence.ts';
import { closed, Key, nullable, Timestamp } from '../../http/schemas.ts';

export const directions = ['higher_is_better', 'lower_is_better'] as const;
export const intervalKinds = ['proportion', 'mean', 'none'] as const;

const key = Type.String({ ...Key, description: 'As readings, goals and addresses name it, such as `answered_calls`.' });
const name = Type.String({ minLength: 1, maxLength: 200, description: 'What people call it.' });
const text = (maxLength: number, description: string) =>
  nullable(Type.String({ minLength: 1, maxLength, description }));

const unit_of_measure = Type.String({
  minLength: 1,
  maxLength: 64,
  description:
    'What its numbers are: `share` (0.821 is told as 82.1%), `currency` (the reporting one), or the word that stands after a number, such as `points` or `seconds`. That of a computed one is its metric’s.',
});
const direction = Type.Enum([...directions], {
  description: 'Which way is good. That of a computed one is its metric’s, where the metric has one.',
});
const source = Type.Enum(['readings', 'computed'], {
  description: '`readings`: you send what it was. `computed`: it is worked out from the facts.',
});
const cadence = Type.Enum([...cadences], {
  description: 'By what it is told. Weeks begin on Monday; all are of the reporting time zone.',
});
const metric = nullable(
  Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'Of a computed one: the figure, as `GET /v1/metrics` has it.',
  }),
);
const interval_kind = nullable(
  Type.Enum([...intervalKinds], {
    description:
      'Of readings: how the 95% interval is made. `proportion`: Wilson’s, of numerator and denominator. `mean`: of standard_error. `none` unless given.',
  }),
);
const filterValue = Type.Union([
  Type.String({ minLength: 1, maxLength: 128 }),
  Type.Number({ minimum: -1e9, maximum: 1e9 }),
  Type.Boolean(),
]);
const filterMap = (value: typeof filterValue | ReturnType<typeof nullable<typeof filterValue>>, description: string) =>
  Type.Unsafe<Record<string, string | number | boolean | null>>({
    type: 'object',
    propertyNames: Type.String({ minLength: 1, maxLength: 64 }),
    additionalProperties: value,
    maxProperties: 20,
    description,
  });
const narrowed =
  'Of a computed one: what the metric is narrowed to, by the names that `GET /v1/metrics` lists, such as {"survey": "nps"}.';

const details = {
  description: text(4000, 'What it says, and what it does not.'),
  owner: text(128, 'Who answers for it.'),
  unit: text(128, 'The unit that it is about, with everything below it; null: the whole company.'),
};
const optional = {
  description: Type.Optional(details.description),
  owner: Type.Optional(details.owner),
  unit: Type.Optional(details.unit),
  metric: Type.Optional(metric),
  interval_kind: Type.Optional(interval_kind),
  unit_of_measure: Type.Optional(unit_of_measure),
  direction: Type.Optional(direction),
};

export const MileMarker = Type.Object(
  {
    key,
    name,
    description: details.description,
    unit_of_measure,
    direction,
    source,
    metric,
    filters: filterMap(filterValue, narrowed),
    cadence,
    interval_kind,
    owner: details.owner,
    unit: details.unit,
    version: Type.Integer(),
    created_at: Timestamp,
    changed_at: Timestamp,
    archived_at: nullable(Type.String({ ...Timestamp, description: 'Since when it is no longer in use.' })),
  },
  {
    $id: 'MileMarker',
    additionalProperties: false,
    description: 'A metric that tells whether you are on the way. Mile markers are not the destination.',
  },
);

export const NewMileMarker = closed(
  { key, name, source, cadence, ...optional, filters: Type.Optional(filterMap(filterValue, narrowed)) },
  { $id: 'NewMileMarker' },
);

export const MileMarkerChanges = closed(
  {
    name: Type.Optional(name),
    source: Type.Optional(source),
    cadence: Type.Optional(cadence),
    ...optional,
    filters: Type.Optional(filterMap(nullable(filterValue), `${narrowed} A filter that is null is taken away.`)),
  },
  { $id: 'MileMarkerChanges', description: 'What is to change; null clears a field.' },
);

export const mileMarkerFilters = {
  source: Type.Optional(source),
  metric: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Only those of this metric.' })),
  owner: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'Only what this one answers for.' })),
  unit: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'Only those about this very unit.' })),
  archived: Type.Optional(Type.Boolean({ default: false, description: 'Also those that are archived.' })),
};

/** A row of `mile_markers`. */
export interface MileMarkerRow extends Omit<Static<typeof MileMarker>, 'created_at' | 'changed_at' | 'archived_at'> {
  created_at: Date;
  changed_at: Date;
  archived_at: Date | null;
}
