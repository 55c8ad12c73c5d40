/** What the tests of exports have in common. */
import type { asyncBufferFromFile } from 'hyparquet';
import type { Api } from '../support/api.ts';

export interface Download {
  status: number;
  headers: Record<string, unknown>;
  bytes: Buffer;
  text: string;
}

/** Asks for `/v1/exports/{path}` with the admin's key, unless the headers name another. */
export async function download(
  { app, key }: Pick<Api, 'app' | 'key'>,
  path: string,
  headers: Record<string, string> = {},
  method: 'GET' | 'HEAD' = 'GET',
): Promise<Download> {
  const reply = await app.inject({
    method,
    url: `/v1/exports/${path}`,
    headers: { authorization: `Bearer ${key}`, ...headers },
  });
  return { status: reply.statusCode, headers: reply.headers, bytes: reply.rawPayload, text: reply.body };
}

/** The lines of an NDJSON file. */
export const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** Bytes as hyparquet wants them. */
export function asFile(bytes: Buffer): Awaited<ReturnType<typeof asyncBufferFromFile>> {
  const whole = new Uint8Array(bytes).buffer;
  return { byteLength: whole.byteLength, slice: (start, end) => whole.slice(start, end) };
}
