import { stringify } from 'csv-stringify/sync';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type TObject, Type } from 'typebox';
import type { Database } from '../db/pool.ts';
import { closed, ref } from '../http/schemas.ts';
import type { Server } from '../http/server.ts';
import type { Answer } from './answer.ts';
import { behaviourQuestions } from './behaviours/questions.ts';
import { curveQuestions } from './curve/questions.ts';
import type { DeclaredQuestion } from './declare.ts';
import { driverQuestions } from './drivers/questions.ts';
import { employeeVoiceQuestions } from './employee-voice/questions.ts';
import { followUpQuestions } from './follow-ups/questions.ts';
import { goalQuestions } from './goal-quality/questions.ts';
import { momentQuestions } from './moments/questions.ts';
import { moneyQuestions } from './money/questions.ts';
import { riskQuestions } from './money/risk-questions.ts';
import { obstacleQuestions } from './obstacles/questions.ts';
import { outcomeQuestions } from './outcomes/questions.ts';
import { problemQuestions } from './problems/questions.ts';
import { responseRateQuestions } from './response-rates/questions.ts';
import { answerOf } from './schemas.ts';
import { scoreQuestions } from './scores/questions.ts';
import { visionQuestions } from './visions/questions.ts';
import { withinUnits, withUnitWarning } from './within-units.ts';

/** Every question there is. */
export const questions: readonly DeclaredQuestion[] = [
  ...outcomeQuestions,
  ...curveQuestions,
  ...driverQuestions,
  ...momentQuestions,
  ...scoreQuestions,
  ...problemQuestions,
  ...moneyQuestions,
  ...responseRateQuestions,
  ...followUpQuestions,
  ...riskQuestions,
  ...obstacleQuestions,
  ...employeeVoiceQuestions,
  ...behaviourQuestions,
  ...visionQuestions,
  ...goalQuestions,
];

/** Adds the questions: each one route, answered as JSON that explains itself or as CSV rows. */
export function addQuestionRoutes(app: Server, db: Database): void {
  for (const { path, operationId, summary, description, tag, params, query, row, comparison, answer } of questions) {
    const name = operationId.replace('get', '');
    app.get(
      path,
      {
        // One that cannot be asked of a unit is of the whole organisation.
        config: { scope: 'read', ...('unit' in query ? { units: 'own' as const } : {}) },
        schema: {
          operationId,
          summary,
          description,
          tags: [tag],
          ...(params && { params: closed(params) }),
          querystring: closed(query),
          response: {
            200: {
              content: {
                'application/json': { schema: ref(answerOf(row, `${name}Answer`, comparison)) },
                'text/csv': { schema: Type.String() },
              },
            },
          },
        },
      },
      async (request: FastifyRequest, reply: FastifyReply) => {
        const { format, ...sent } = request.query as { format?: string; unit?: string };
        const { units } = request.caller;
        const given = units ? await db.read((client) => withinUnits(client, sent, units)) : sent;
        // The route has checked both by the schemas that the question itself declares.
        const asked = { ...given, ...(request.params as object) };
        const found = await answer(db, asked as never, { personal: request.caller.may('personal') });
        return send(request, reply, await withUnitWarning(db, found, sent.unit), format, row);
      },
    );
  }
}

function send(request: FastifyRequest, reply: FastifyReply, answer: Answer, format: string | undefined, row: TObject) {
  const wantsCsv = format === undefined && (request.headers.accept ?? '').startsWith('text/csv');
  if (format !== 'csv' && !wantsCsv) return reply.type('application/json; charset=utf-8').send(JSON.stringify(answer));
  // The columns of the schema, so that they are the same for no rows; of the groups only those that were asked for.
  const asked = (answer.parameters.group_by ?? []) as string[];
  const always = new Set(row.required);
  const shown = Object.keys(row.properties).filter((column) => always.has(column) || asked.includes(column));
  const csv = stringify(answer.data, { header: true, columns: shown, record_delimiter: '\r\n' });
  return reply.type('text/csv; charset=utf-8').send(csv);
}
