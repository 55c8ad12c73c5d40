/**
 * One thing that is wrong with a request: where (an RFC 6901 pointer or a parameter's name), what, and how to mend it.
 */
export interface FieldError {
  pointer: string;
  code: string;
  detail: string;
}

/**
 * An error that a caller can act on. It carries its HTTP status and becomes an RFC 9457 problem in
 * `http/error-handler.ts`; every other error becomes a 500 that says nothing about its cause.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly errors: FieldError[];
  readonly headers: Record<string, string>;
  /** Further members of the problem, such as the report of an ingest. */
  readonly extensions: Record<string, unknown>;

  constructor(
    status: number,
    code: string,
    detail: string,
    more: { errors?: FieldError[]; headers?: Record<string, string>; extensions?: Record<string, unknown> } = {},
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
    this.extensions = more.extensions ?? {};
  }
}

/** 400: the request's syntax or a query parameter is wrong. */
export const badRequest = (code: string, detail: string, errors: FieldError[] = []) =>
  new ApiError(400, code, detail, { errors });

/** The same of one parameter: its name, what is wrong and how to mend it. */
export const badParameter = (name: string, code: string, detail: string) =>
  badRequest(code, detail, [{ pointer: name, code, detail }]);

/** The error of a period in which no time passes. */
export const emptyPeriod = () =>
  badParameter(
    'to',
    'empty_period',
    'The period is empty: `to` must be after `from`, and is not part of the period itself.',
  );

/** 401: no key, or one that is unknown, expired or revoked. */
export const unauthorized = (code: string, detail: string) =>
  new ApiError(401, code, detail, { headers: { 'www-authenticate': 'Bearer realm="milemarker"' } });

/** 403: a good key without the scope that the route asks for. */
export const forbidden = (code: string, detail: string) => new ApiError(403, code, detail);

/** 404, also for what the caller may not see. */
export const notFound = (what: string, id: string) => new ApiError(404, 'not_found', `There is no ${what} '${id}'.`);

/** 409: the request is fine, but what is stored stands against it. */
export const conflict = (code: string, detail: string) => new ApiError(409, code, detail);

/** 422: the body's syntax is right and its content is not. */
export const invalid = (detail: string, errors: FieldError[], code = 'invalid_body') =>
  new ApiError(422, code, detail, { errors });

/** The same where one field is wrong; `pointer` is `/unit`, `/answers/2/question`. */
export const invalidField = (pointer: string, code: string, detail: string) =>
  invalid(`${pointer}: ${detail}`, [{ pointer, code, detail }]);

/** Refuses a body of which something is wrong; the first of it is what the problem says. @throws ApiError 422 */
export function refuse(errors: FieldError[], code?: string): void {
  if (errors[0]) throw invalid(errors[0].detail, errors, code);
}

/** 429: the caller asks too often; it may go on after `retryAfterSeconds`. */
export const tooManyRequests = (detail: string, retryAfterSeconds: number) =>
  new ApiError(429, 'too_many_requests', detail, { headers: { 'retry-after': String(retryAfterSeconds) } });

/** 503: try again after `retryAfterSeconds`. */
export const unavailable = (code: string, detail: string, retryAfterSeconds = 1) =>
  new ApiError(503, code, detail, { headers: { 'retry-after': String(retryAfterSeconds) } });
