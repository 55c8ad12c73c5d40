import { stringify } from 'csv-stringify/sync';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, type TObject, type TSchema, Type } from 'typebox';
import type { Database } from '../db/pool.ts';
import { closed, nullable, ref } from '../http/schemas.ts';
import type { Server } from '../http/server.ts';
import { bands, dimensions } from '../outcomes/cells.ts';
import type { Answer } from './answer.ts';
import { type OutcomeKind, referralsKind, retentionKind, revenueKind } from './measures.ts';
import { answerOutcome } from './outcome-answer.ts';
import { outcomesSummary } from './outcomes-summary.ts';
import { periods, type QuestionParameters } from './question.ts';
import { retentionCurve } from './retention-curve.ts';
import { scores } from './scores.ts';
import { referralsSentence, retentionSentence, revenueSentence } from './sentences.ts';

const when = (description: string) =>
  Type.Optional(Type.Unsafe<string>({ type: 'string', format: 'date-or-time', description }));
const text = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 128, description }));

const questionQuery = {
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
  min_n: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 10,
      description: 'Figures of fewer responses are withheld.',
    }),
  ),
  format: Type.Optional(
    Type.Enum(['json', 'csv'], {
      description: '`csv`: the rows of `data` alone. `Accept: text/csv` asks for the same.',
    }),
  ),
};
const window = {
  window_days: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1825,
      description: 'How long after the answer; one of the windows in the settings. 180 unless given.',
    }),
  ),
};

const number = (description: string) => nullable(Type.Number({ description }));
const count = (description: string) => nullable(Type.Integer({ description }));
const word = (description: string) => Type.String({ description });

const groups = {
  survey: word('The survey.'),
  ...Object.fromEntries(
    [...dimensions, ...periods].map((name) => [
      name,
      Type.Optional(nullable(Type.String({ description: 'There when it is grouped by; null where it is not known.' }))),
    ]),
  ),
};
const band = { band: Type.Enum([...bands]) };
const withheld = { withheld: nullable(Type.String({ description: 'Why the figures are null.' })) };

/** A figure and the limits of its 95% interval. */
const figure = (name: string, description: string) => ({
  [name]: number(description),
  [`${name}_low`]: number('Lower limit of its 95% interval.'),
  [`${name}_high`]: number('Upper limit of its 95% interval.'),
});

const measuresOf = ({ measures }: OutcomeKind): Record<string, TSchema> =>
  Object.assign({}, ...measures.map(({ name, description }) => figure(name, description)));

const outcomeRow = (kind: OutcomeKind, name: string) =>
  Type.Object(
    {
      ...groups,
      ...band,
      responses: count('Index responses whose window has elapsed.'),
      customers: count('Different customers among them; null where only sums are kept (more than 20,000 responses).'),
      ...measuresOf(kind),
      ...Object.fromEntries(Object.keys(kind.totals).map((total) => [total, number('The total.')])),
      ...withheld,
    },
    { $id: name, additionalProperties: false },
  );

const summaryRow = Type.Object(
  {
    ...groups,
    ...band,
    ...Object.assign(
      {},
      ...[revenueKind, referralsKind, retentionKind].map((kind) => ({
        [`${kind.outcome}_n`]: count(`Responses whose ${kind.outcome} counts.`),
        ...measuresOf(kind),
      })),
    ),
  },
  { $id: 'SummaryRow', additionalProperties: false },
);

const curveRow = Type.Object(
  {
    ...groups,
    ...band,
    day: count('Days after the answer.'),
    at_risk: count('Customers followed at least that long who had not left before.'),
    churned: count('How many left on that day.'),
    ...figure('survival', 'Estimated share that has not left by the end of that day.'),
    ...withheld,
  },
  { $id: 'CurveRow', additionalProperties: false },
);

const scoresRow = Type.Object(
  {
    ...groups,
    kind: Type.Enum(['nps', 'csat', 'ces', 'custom']),
    responses: count('All responses, also anonymous ones.'),
    promoters: count('Responses in the band.'),
    passives: count('Responses in the band.'),
    detractors: count('Responses in the band.'),
    ...figure('nps', '100 (promoters - detractors) / responses; null for CSAT and CES.'),
    satisfied: count('Responses on the good side of satisfied_min.'),
    ...figure('satisfied_rate', 'Their share.'),
    ...figure('mean_score', 'Mean score.'),
    ...withheld,
  },
  { $id: 'ScoresRow', additionalProperties: false },
);

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

const answerOf = (row: TObject, name: string) =>
  Type.Object(
    {
      question: Type.String(),
      reads_as: Type.String({ description: 'The finding in a sentence.' }),
      definition: closed({ id: Type.String(), version: Type.Integer(), text: Type.String() }),
      parameters: Type.Record(Type.String(), Type.Unknown(), {
        description: 'What was asked, with every default filled in.',
      }),
      data: Type.Array(ref(row)),
      comparisons: Type.Array(ref(comparison)),
      left_out: Type.Array(closed({ reason: Type.String(), responses: Type.Integer() }), {
        description: 'Responses that do not count, by the first reason that holds.',
      }),
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

interface QuestionRoute {
  path: string;
  operationId: string;
  summary: string;
  description: string;
  tag: string;
  query: Record<string, TSchema>;
  row: TObject;
  answer: (db: Database, given: QuestionParameters, reader: { personal: boolean }) => Promise<Answer>;
}

const outcomeRoute = (
  kind: OutcomeKind,
  summary: string,
  sentence: Parameters<typeof answerOutcome>[5],
  row: string,
): QuestionRoute => ({
  path: `/v1/outcomes/${kind.outcome}`,
  operationId: `get${row.replace('Row', '')}`,
  summary,
  description: kind.definition.text,
  tag: 'Outcomes',
  query: { ...questionQuery, ...window },
  row: outcomeRow(kind, row),
  answer: (db, given, reader) => answerOutcome(db, given, reader, `outcomes/${kind.outcome}`, kind, sentence),
});

const questions: readonly QuestionRoute[] = [
  outcomeRoute(revenueKind, 'What detractors, passives and promoters spend', revenueSentence, 'RevenueRow'),
  outcomeRoute(referralsKind, 'How many customers they bring', referralsSentence, 'ReferralsRow'),
  outcomeRoute(retentionKind, 'How many of them stay', retentionSentence, 'RetentionRow'),
  {
    path: '/v1/outcomes/retention/curve',
    operationId: 'getRetentionCurve',
    summary: 'How long they stay: the Kaplan-Meier curve by band',
    description:
      'Open windows count for as long as they were followed. Only customers with a contract can be seen leaving.',
    tag: 'Outcomes',
    query: { ...questionQuery, ...window },
    row: curveRow,
    answer: retentionCurve,
  },
  {
    path: '/v1/outcomes/summary',
    operationId: 'getOutcomesSummary',
    summary: 'What feedback is worth: revenue, referrals and retention by band',
    description: 'The three outcome questions in one, with the finding in plain words.',
    tag: 'Outcomes',
    query: { ...questionQuery, ...window },
    row: summaryRow,
    answer: outcomesSummary,
  },
  {
    path: '/v1/analytics/scores',
    operationId: 'getScores',
    summary: 'NPS, CSAT and CES, in groups and over time',
    description: 'All responses count, also anonymous ones. Grouped by a period, each is compared with the one before.',
    tag: 'Scores',
    query: questionQuery,
    row: scoresRow,
    answer: scores,
  },
];

/** Adds the questions: each one route, answered as JSON that explains itself or as CSV rows. */
export function addQuestionRoutes(app: Server, db: Database): void {
  for (const { path, operationId, summary, description, tag, query, row, answer } of questions) {
    const name = operationId.replace('get', '');
    app.get(
      path,
      {
        config: { scope: 'read' },
        schema: {
          operationId,
          summary,
          description,
          tags: [tag],
          querystring: closed(query),
          response: {
            200: {
              content: {
                'application/json': { schema: ref(answerOf(row, `${name}Answer`)) },
                'text/csv': { schema: Type.String() },
              },
            },
          },
        },
      },
      async (request: FastifyRequest, reply: FastifyReply) => {
        const { format, ...given } = request.query as Static<TObject> & QuestionParameters & { format?: string };
        const found = await answer(db, given, { personal: request.caller.may('personal') });
        return send(request, reply, found, format, Object.keys(row.properties));
      },
    );
  }
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer,
  format: string | undefined,
  columns: string[],
) {
  const wantsCsv = format === undefined && (request.headers.accept ?? '').startsWith('text/csv');
  if (format !== 'csv' && !wantsCsv) return reply.type('application/json; charset=utf-8').send(JSON.stringify(answer));
  // The columns of the schema, so that they are the same for no rows; of the groups only those that were asked for.
  const asked = answer.parameters.group_by as string[];
  const isGroup = (column: string) => [...dimensions, ...periods].some((name) => name === column);
  const shown = columns.filter((column) => !isGroup(column) || asked.includes(column));
  const csv = stringify(answer.data, { header: true, columns: shown, record_delimiter: '\r\n' });
  return reply.type('text/csv; charset=utf-8').send(csv);
}
