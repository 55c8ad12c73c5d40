import { Type } from 'typebox';
import { closed, nullable, ref } from '../../http/schemas.ts';
import type { Server } from '../../http/server.ts';
import { filtersOf } from './check.ts';
import type { Figure } from './declare.ts';
import { figures } from './registry.ts';

const Filter = closed({
  name: Type.String(),
  type: Type.Enum(['string', 'integer', 'number', 'boolean']),
  required: Type.Boolean(),
  values: nullable(Type.Array(Type.String(), { description: 'What it may be, where only a few things are.' })),
  default: nullable(Type.Union([Type.String(), Type.Number()])),
  description: Type.String(),
});

const Metric = Type.Object(
  {
    id: Type.String({ description: 'As mile markers name it.' }),
    label: Type.String(),
    unit: Type.String({
      description: '`share` is between 0 and 1, `currency` the reporting one; else what its numbers are.',
    }),
    direction: nullable(
      Type.Enum(['higher_is_better', 'lower_is_better'], { description: 'Null where it depends on the survey.' }),
    ),
    is_additive: Type.Boolean({ description: 'Whether the figure of the whole is the sum of those of its parts.' }),
    adding_up: Type.String({ description: 'How figures of parts, or of periods, become that of the whole.' }),
    question: Type.String({ description: 'The question that tells it: below `/v1/`.' }),
    column: Type.String({ description: 'The column of its rows; the interval ends in `_low` and `_high`.' }),
    n: Type.String({ description: 'The column that counts what it rests on.' }),
    definition: closed({ id: Type.String(), version: Type.Integer(), text: Type.String() }),
    cadences: Type.Array(Type.String(), { description: 'By what it can be told over time.' }),
    filters: Type.Array(Filter, { description: 'What it can be narrowed to, besides the unit.' }),
  },
  { $id: 'Metric', additionalProperties: false, description: 'A figure that can be followed over time.' },
);

/** `GET /v1/metrics`: every figure, what it is, and how it is added up. */
export function addFigureRoutes(app: Server): void {
  const data = figures.map(shown);
  app.get(
    '/v1/metrics',
    {
      config: { scope: 'read', basic: true, units: 'everybody' },
      schema: {
        operationId: 'listMetrics',
        summary: 'Every figure that can be followed over time, and what it means',
        description:
          'A mile marker with the source `computed` is one of these. Each is exactly what its question tells of the same period and filters.',
        tags: ['Mile markers'],
        response: { 200: closed({ data: Type.Array(ref(Metric)) }) },
      },
    },
    async () => ({ data }),
  );
}

function shown(figure: Figure) {
  const { id, label, unit, direction, is_additive, adding_up, column, n, family } = figure;
  const { question, definition } = family;
  const { properties, required } = filtersOf(figure);
  const isRequired = (name: string) => (required as readonly string[] | undefined)?.includes(name) ?? false; // of all objects
  return {
    ...{ id, label, unit, direction, is_additive, adding_up, question, column, n, definition },
    cadences: [...family.cadences],
    filters: Object.entries(properties).map(([name, schema]) => filterOf(name, schema, isRequired(name))),
  };
}

/** A parameter as a row of the list. */
function filterOf(name: string, schema: object, required: boolean) {
  // JSON Schema, of which the questions use no more than this.
  const {
    type,
    enum: values,
    default: usual = null,
    description = '',
  } = schema as {
    type?: 'string' | 'integer' | 'number' | 'boolean';
    enum?: string[];
    default?: string | number;
    description?: string;
  };
  return { name, type: type ?? ('string' as const), required, values: values ?? null, default: usual, description };
}
