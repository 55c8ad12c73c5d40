import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { closed, nullable, ref } from '../http/schemas.ts';
import { dimensions } from '../outcomes/cells.ts';
import { periods } from './question.ts';

export const when = (description: string) =>
  Type.Optional(Type.Unsafe<string>({ type: 'string', format: 'date-or-time', description }));
export const text = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 128, description }));
/** From how many on figures are told. */
export const minN = (description: string, usual = 10) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, default: usual, description }));
/** The same parameter in other words. A copy of a schema is not optional any more, so that is said again. */
export const described = <T extends TSchema>(schema: T, description: string) =>
  Type.Optional(Type.Unsafe<Static<T>>({ ...schema, description }));

/** What every question can be asked. */
export const questionQuery = {
  survey: text(
    'Only this survey. Without it, each survey has rows of its own: scores of different scales are never pooled.',
  ),
  unit: text('Only this unit and everything below it.'),
  segment: text('Only this segment.'),
  region: text('Only this region.'),
  moment: text('Only this moment of truth.'),
  channel: text('Only this channel.'),
  theme: text('Only responses with this theme.'),
  from: when('Responses answered at or after this; a date begins in the reporting time zone.'),
  to: when('Responses answered before this.'),
  group_by: text(
    'One or two of unit, segment, region, moment, channel, theme, month, quarter, year, separated by a comma.',
  ),
  as_of: when('As things stood then. Later responses are not there, and windows that were open then are open.'),
  min_n: minN('Figures of fewer responses are withheld.'),
  format: Type.Optional(
    Type.Enum(['json', 'csv'], {
      description: '`csv`: the rows of `data` alone. `Accept: text/csv` asks for the same.',
    }),
  ),
};
/** What questions about outcomes can be asked besides. */
export const window = {
  window_days: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1825,
      description: 'How long after the answer; one of the windows in the settings. 180 unless given.',
    }),
  ),
};

export const number = (description: string) => nullable(Type.Number({ description }));
export const count = (description: string) => nullable(Type.Integer({ description }));
export const word = (description: string) => Type.String({ description });

/** Columns that are there when they are grouped by. */
export const groupedBy = (names: readonly string[]) =>
  Object.fromEntries(
    names.map((name) => [
      name,
      Type.Optional(nullable(Type.String({ description: 'There when it is grouped by; null where it is not known.' }))),
    ]),
  );
export const groups = { survey: word('The survey.'), ...groupedBy([...dimensions, ...periods]) };
export const withheld = { withheld: nullable(Type.String({ description: 'Why the figures are null.' })) };

/** A figure and the limits of its 95% interval. */
export const figure = (name: string, description: string) => ({
  [name]: number(description),
  [`${name}_low`]: number('Lower limit of its 95% interval.'),
  [`${name}_high`]: number('Upper limit of its 95% interval.'),
});
/** A share with its interval, and of how many it is known. */
export const rate = (name: string, description: string) => ({
  ...figure(name, description),
  [`${name}_n`]: count('Of how many it is known.'),
});
/** A difference with its interval and its test. */
export const contrast = (description: string) => ({
  ...figure('difference', description),
  p: number('Two-sided.'),
  q: number('The same, allowing for all comparisons of this answer (Benjamini-Hochberg).'),
});

const comparison = Type.Object(
  {
    ...groups,
    measure: word('The figure that is compared.'),
    band: Type.Optional(word('The band, or bands, compared ...')),
    against: nullable(word('... with this one.')),
    ...Object.fromEntries(
      Object.entries(figure('difference', 'The first minus the second.')).map(([name, schema]) => [
        name,
        Type.Optional(schema),
      ]),
    ),
    chi2: Type.Optional(number('Log-rank statistic.')),
    df: Type.Optional(count('Its degrees of freedom.')),
    p: number('Two-sided.'),
    q: number('The same, allowing for all comparisons of this answer (Benjamini-Hochberg).'),
  },
  { $id: 'Comparison', additionalProperties: false },
);

/** An answer whose rows are these. */
export const answerOf = (row: TObject, name: string, compared: TObject = comparison) =>
  Type.Object(
    {
      question: Type.String(),
      reads_as: Type.String({ description: 'The finding in a sentence.' }),
      definition: closed({ id: Type.String(), version: Type.Integer(), text: Type.String() }),
      parameters: Type.Record(Type.String(), Type.Unknown(), {
        description: 'What was asked, with every default filled in.',
      }),
      data: Type.Array(ref(row)),
      comparisons: Type.Array(ref(compared)),
      left_out: Type.Array(
        closed({
          reason: Type.String(),
          responses: Type.Optional(Type.Integer()),
          customers: Type.Optional(Type.Integer()),
          invitations: Type.Optional(Type.Integer()),
          revenue_events: Type.Optional(Type.Integer()),
          follow_ups: Type.Optional(Type.Integer()),
          suggestions: Type.Optional(Type.Integer()),
          obstacles: Type.Optional(Type.Integer()),
          empowerment_actions: Type.Optional(Type.Integer()),
          observations: Type.Optional(Type.Integer()),
          vision_checks: Type.Optional(Type.Integer()),
          alignment_reviews: Type.Optional(Type.Integer()),
          goals: Type.Optional(Type.Integer()),
        }),
        { description: 'How much does not count, by the first reason that holds.' },
      ),
      fresh: closed({
        complete_through: nullable(Type.String()),
        pending: Type.Integer({ description: 'Customers or facts that this answer does not hold yet.' }),
        refreshed_at: nullable(Type.String()),
      }),
      method: Type.String(),
      warnings: Type.Array(Type.String()),
    },
    { $id: name, additionalProperties: false },
  );
