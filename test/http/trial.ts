import type { TestContext } from 'node:test';
import { callerOf, type FindKey } from '../../src/http/scopes.ts';
import { newServer, type Server, type ServerOptions } from '../../src/http/server.ts';

/** Keys for trials are the names of their scopes: `read`, or `read+ingest`. */
export const findTrialKey: FindKey = async (token) =>
  /^[a-z+]+$/.test(token)
    ? callerOf({ key_id: token, name: token, scopes: token.split('+') as ('read' | 'ingest')[] })
    : undefined;

export const as = (scopes: string) => ({ authorization: `Bearer ${scopes}` });

/** A server that checks its answers, with routes for one trial. It is closed after the test. */
export async function trialServer(
  t: TestContext,
  addRoutes: (app: Server) => void,
  options: Partial<ServerOptions> = {},
): Promise<Server> {
  const app = await newServer({
    log_level: 'silent',
    public_url: undefined,
    check_responses: true,
    cursor_secret: 'a secret for trials',
    findKey: findTrialKey,
    ...options,
  });
  t.after(() => app.close());
  addRoutes(app);
  await app.ready();
  return app;
}

const operations = { made: 0 };

/** What every route must say and a trial does not care about. */
export function described() {
  operations.made += 1;
  return { operationId: `tryOperation${operations.made}`, summary: 'A trial', tags: ['Trials'] };
}
