import { collectDefaultMetrics, Registry } from 'prom-client';
import { Type } from 'typebox';
import type { Database } from '../../db/pool.ts';
import type { Server } from '../../http/server.ts';
import { addStateMetrics } from './state.ts';

// Memory, CPU, the event loop and garbage belong to the process, of which tests build many apps.
let ofProcess: Registry | undefined;

function processMetrics(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

/** `GET /metrics` for Prometheus, which sends an API key with the scope `read` as its bearer token. */
export function addMetricsRoutes(app: Server, db: Database): void {
  const readState = addStateMetrics(app.metrics, db);
  app.get(
    '/metrics',
    {
      config: { scope: 'read', under_pressure: 'answers' },
      schema: {
        operationId: 'getMetrics',
        summary: 'Figures for Prometheus',
        description:
          'In the text format of Prometheus. Requests, rows and the pool are those of the process that answers; what waits in the database is the same from every process. The process itself is measured from the first question on.',
        tags: ['Health'],
        response: {
          200: {
            description: 'Every figure with its meaning.',
            content: { 'text/plain': { schema: Type.String({ examples: ['milemarker_database_up 1\n'] }) } },
          },
        },
      },
    },
    async (request, reply) => {
      await readState(request.log);
      const texts = await Promise.all([app.metrics, processMetrics()].map((registry) => registry.metrics()));
      return reply.type(app.metrics.contentType).send(texts.join('\n'));
    },
  );
}
