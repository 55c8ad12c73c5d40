import { stringify } from 'csv-stringify/sync';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, type TObject, type TSchema, Type } from 'typebox';
import type { Database } from '../db/pool.ts';
import { closed, ref } from '../http/schemas.ts';
import type { Server } from '../http/server.ts';
import { dimensions } from '../outcomes/cells.ts';
import type { Answer } from './answer.ts';
import { type OutcomeKind, referralsKind, retentionKind, revenueKind } from './measures.ts';
import { answerOutcome } from './outcome-answer.ts';
import { outcomesSummary } from './outcomes-summary.ts';
import { periods, type QuestionParameters } from './question.ts';
import { retentionCurve } from './retention-curve.ts';
import { answerOf, curveRow, outcomeRow, questionQuery, scoresRow, summaryRow, window } from './schemas.ts';
import { scores } from './scores.ts';

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

const outcomeRoute = (kind: OutcomeKind, summary: string, row: string): QuestionRoute => ({
  path: `/v1/outcomes/${kind.outcome}`,
  operationId: `get${row.replace('Row', '')}`,
  summary,
  description: kind.definition.text,
  tag: 'Outcomes',
  query: { ...questionQuery, ...window },
  row: outcomeRow(kind, row),
  answer: (db, given, reader) => answerOutcome(db, given, reader, kind),
});

const questions: readonly QuestionRoute[] = [
  outcomeRoute(revenueKind, 'What detractors, passives and promoters spend', 'RevenueRow'),
  outcomeRoute(referralsKind, 'How many customers they bring', 'ReferralsRow'),
  outcomeRoute(retentionKind, 'How many of them stay', 'RetentionRow'),
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
