import { Type } from 'typebox';
import { unavailable } from '../errors.ts';
import { closed } from './schemas.ts';
import type { Server } from './server.ts';

const Health = closed({ status: Type.Literal('ok') });

/**
 * `/health/live` says that the process answers, `/health/ready` that it can serve: orchestrators restart on the first and
 * hold back traffic on the second. Both need no key. A process with too much to do is alive and not ready.
 * @param ready rejects when the service cannot serve, say because the database does not answer
 */
export function addHealth(app: Server, ready: () => Promise<void>): void {
  app.get(
    '/health/live',
    {
      config: { scope: 'public', under_pressure: 'answers' },
      schema: {
        operationId: 'getLiveness',
        summary: 'Is the process alive?',
        tags: ['Health'],
        response: { 200: Health },
      },
    },
    async () => ({ status: 'ok' as const }),
  );
  app.get(
    '/health/ready',
    {
      config: { scope: 'public' },
      schema: {
        operationId: 'getReadiness',
        summary: 'Can the service do its work?',
        tags: ['Health'],
        response: { 200: Health },
      },
    },
    async (request) => {
      try {
        await ready();
      } catch (error) {
        request.log.warn({ err: error }, 'not ready');
        throw unavailable('not_ready', 'The service cannot reach its database.', 5);
      }
      return { status: 'ok' as const };
    },
  );
}
