/** Where the service answers, the key it is asked with, and a signal after which nothing more is asked. */
export interface Api {
  address: string;
  key: string;
  signal: AbortSignal;
}

/** An answer that is no success, in the words of the service. */
export class Refusal extends Error {
  readonly status: number;
  constructor(request: string, status: number, detail: string) {
    super(`${request} was answered with ${status}: ${detail}`);
    this.status = status;
  }
}

/**
 * Asks the service over HTTP, as any other system would.
 * @param rows are sent as newline-delimited JSON, any other body as JSON
 * @param version which one is to change, where something changes; `*` is any
 * @throws Refusal where the answer is no success
 */
export async function ask<T>(
  { address, key, signal }: Api,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  { rows, body, version }: { rows?: readonly object[]; body?: object; version?: string } = {},
): Promise<T> {
  // What is under way comes to its end: the service stops only then.
  signal.throwIfAborted();
  const type = rows ? 'application/x-ndjson' : body && 'application/json';
  const reply = await fetch(new URL(path, address), {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(type && { 'content-type': type }),
      ...(version !== undefined && { 'if-match': version }),
    },
    body: rows?.map((row) => JSON.stringify(row)).join('\n') ?? (body ? JSON.stringify(body) : null),
  });
  const text = await reply.text();
  const isJson = /^application\/(problem\+)?json/.test(reply.headers.get('content-type') ?? '');
  const found: { detail?: string } = isJson ? JSON.parse(text) : {};
  if (!reply.ok) throw new Refusal(`${method} ${path}`, reply.status, found.detail ?? text.slice(0, 200));
  // The contract says what each path answers.
  return found as T;
}

/** Makes something, and leaves what is there already as it is. */
export async function unlessThere(made: Promise<unknown>): Promise<void> {
  try {
    await made;
  } catch (error) {
    const isThere = error instanceof Refusal && [409, 428].includes(error.status);
    if (!isThere) throw error;
  }
}
