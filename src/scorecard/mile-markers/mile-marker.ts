import { Type } from 'typebox';
import { cadences } from '../../db/cadence.ts';
import { Key, nullable } from '../../http/schemas.ts';
import { declareNoun, type RowOf, text } from '../../managed/declare.ts';

/** What is said of a unit of measure where nobody says anything. */
export const plainNumber = 'number';

export const mileMarkers = declareNoun({
  table: 'mile_markers',
  one: 'mile_marker',
  called: ['a mile marker', 'mile markers'],
  tag: 'Mile markers',
  description: 'A metric that tells whether you are on the way. Mile markers are not the destination.',
  key: 'key',
  // Those of the whole company are told of any unit.
  owner: { unit: 't.unit', shared: true },
  fixed: {
    key: Type.String({ ...Key, description: 'As readings, goals and addresses name it. It stays.' }),
    source: Type.Enum(['readings', 'computed'], {
      description: '`readings`: you send what it was. `computed`: it is worked out from the facts. It stays.',
    }),
  },
  required: {
    name: Type.String({ minLength: 1, maxLength: 200, description: 'What people call it.' }),
    cadence: Type.Enum([...cadences], {
      description:
        'By what it is told, in the reporting time zone. Weeks begin on Monday. It stays while there are readings.',
    }),
  },
  optional: {
    description: text(4000, 'What it says, and what it does not.'),
    unit_of_measure: Type.String({
      minLength: 1,
      maxLength: 64,
      default: plainNumber,
      description: `What its numbers are: \`share\` (0.821 is told as 82.1%), \`currency\` (the reporting one), \`${plainNumber}\`, or the word that stands after them, such as \`points\` or \`seconds\`. That of a computed one is its metric's.`,
    }),
    direction: Type.Enum(['higher_is_better', 'lower_is_better'], {
      default: 'higher_is_better',
      description: "Which way is good. That of a computed one is its metric's, where the metric has one.",
    }),
    metric: text(64, 'Of a computed one: the figure that it is, as `GET /v1/metrics` lists them.'),
    filters: Type.Unsafe<Record<string, string | number | boolean>>({
      type: 'object',
      propertyNames: Type.String({ minLength: 1, maxLength: 64 }),
      additionalProperties: {
        anyOf: [
          Type.String({ minLength: 1, maxLength: 128 }),
          Type.Number({ minimum: -1e9, maximum: 1e9 }),
          Type.Boolean(),
          Type.Null(),
        ],
      },
      maxProperties: 20,
      default: {},
      description:
        'Of a computed one: what the metric is narrowed to, by the names that `GET /v1/metrics` lists for it. In a change, null takes one away, and those that are not named stay.',
    }),
    interval_kind: nullable(
      Type.Enum(['proportion', 'mean'], {
        description:
          "Of readings, how the 95% interval is made. `proportion`: Wilson's, of numerator and denominator. `mean`: of the standard_error. Null: there is none. A metric has its own.",
      }),
    ),
    owner: text(128, 'Who answers for it.'),
    unit: text(128, 'The unit that it is about, with everything below it. Null: the whole company.'),
  },
  filters: ['source', 'metric', 'cadence', 'owner', 'unit'],
  example: {
    key: 'answered_calls',
    name: 'Calls answered within three rings',
    source: 'readings',
    cadence: 'month',
    unit_of_measure: 'share',
    interval_kind: 'proportion',
    owner: 'Ines',
  },
});

/** A row of `mile_markers`. */
export type MileMarkerRow = RowOf<typeof mileMarkers>;
