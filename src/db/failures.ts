import { ApiError, unavailable } from '../errors.ts';

/** The connection is gone, or was given up because it did not answer: nothing more can be said on it. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

interface ServerError extends Error {
  code: string;
  table_name?: string;
  column_name?: string;
  constraint_name?: string;
  routine?: string;
}

const isServerError = (error: unknown): error is ServerError =>
  error instanceof Error && error.name === 'PostgresError';

function* chain(error: unknown): Generator<unknown> {
  for (let one = error; one !== undefined; one = one instanceof Error ? one.cause : undefined) yield one;
}

/** The SQLSTATE of an error of the database, also where drizzle or an `ApiError` is wrapped around it. */
export function sqlState(error: unknown): string | undefined {
  for (const one of chain(error)) if (isServerError(one)) return one.code;
  return undefined;
}

function serverErrorText({ code, table_name, column_name, constraint_name, routine }: ServerError): string {
  const names = Object.entries({ table_name, column_name, constraint_name, routine }).filter(([, name]) => name);
  return [`PostgreSQL ${code}`, ...names.map(([key, name]) => `${key} ${name}`)].join(', ');
}

/**
 * An error and its causes as one line for the log. Messages and details of the server, and drizzle's, hold SQL and
 * parameters; so of the server's only the SQLSTATE and the names of things are told, and drizzle's are left out.
 */
export function redacted(error: unknown): string {
  const errors = [...chain(error)].filter((one) => one instanceof Error);
  const told = errors.filter((one) => !('query' in one && 'params' in one) || isServerError(one));
  return (
    told.map((one) => (isServerError(one) ? serverErrorText(one) : `${one.name}: ${one.message}`)).join('; ') ||
    'An error of an unknown kind'
  );
}

function because(error: ApiError, cause: unknown): ApiError {
  Object.defineProperty(error, 'cause', { value: cause });
  return error;
}

const described: Record<string, () => ApiError> = {
  '57014': () =>
    unavailable(
      'statement_timeout',
      'The database took too long over this and was stopped. Ask for less at once, for instance for a shorter period.',
    ),
  '55P03': () =>
    unavailable('lock_timeout', 'Another change held what this one needs for too long. Nothing was stored; try again.'),
  '53100': () => unavailable('storage_full', "The database's disk is full. Nothing was stored.", 60),
};

// Connection exceptions, insufficient resources, operator intervention.
const outages = new Set(['08', '53', '57']);

/** What a caller is told: a 503 where the database is away, overloaded or too slow, else the error itself. */
export function explained(error: unknown): unknown {
  if (error instanceof ApiError) return error;
  const state = sqlState(error);
  const known = state === undefined ? undefined : described[state];
  if (known) return because(known(), error);
  for (const one of chain(error)) if (one instanceof ConnectionLost) return databaseUnavailable(error);
  return state !== undefined && outages.has(state.slice(0, 2)) ? databaseUnavailable(error) : error;
}

/** 503: the database cannot be reached. */
export const databaseUnavailable = (cause: unknown) =>
  because(
    unavailable('database_unavailable', 'The database cannot be reached at the moment. Try again shortly.'),
    cause,
  );

/** 503: the connection broke while COMMIT was under way, so nobody can say whether it was done. */
export const commitUnknown = (cause: unknown) =>
  because(
    unavailable(
      'database_unavailable',
      'The connection to the database broke while the change was being stored: it may be stored or not. Send it again.',
    ),
    cause,
  );

/** 503: the same rows were being changed by others on every attempt. */
export const writeConflict = (cause: unknown) =>
  because(
    unavailable(
      'write_conflict',
      'Others were changing the same data at the same time. Nothing was stored; try again.',
    ),
    cause,
  );

/** 503: every connection was in use for the whole time that a request may wait. */
export const databaseBusy = () =>
  unavailable('database_busy', 'The service is doing as much at once as it may. Try again shortly.');
