import http from 'node:http';
import https from 'node:https';
import type { Targets } from './targets.ts';
import { refusedCode } from './targets.ts';

/** What became of one attempt. */
export interface Outcome {
  /** What the receiver answered; null where it did not get so far. */
  status: number | null;
  /** Why it is no delivery, in words; null for 2xx. */
  error: string | null;
  /** How the answer begins; null without one. */
  response_excerpt: string | null;
  took_ms: number;
}

/** How long an attempt may take, from the first question to DNS to the last byte of the answer that is read. */
export const limitMs = 10_000;
const mostBytes = 2_048;
const excerptLength = 500;

/** What a column of PostgreSQL can hold, on lines that a person can read. */
const readable = (text: string) =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, ' ')
    .slice(0, excerptLength)
    .toWellFormed();

const reasons: Record<string, string> = {
  ECONNREFUSED: 'Nothing listens there: the connection was refused.',
  ECONNRESET: 'The receiver broke the connection off.',
  EPIPE: 'The receiver broke the connection off.',
  ENOTFOUND: 'The name of the host is not known.',
  EAI_AGAIN: 'The name of the host could not be looked up.',
  EHOSTUNREACH: 'The host cannot be reached.',
  ENETUNREACH: 'The network of the host cannot be reached.',
  ETIMEDOUT: 'The host does not answer.',
};

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === refusedCode) return error.message;
  const known = reasons[error.code ?? ''];
  return readable(known ?? `It could not be sent: ${error.code ?? ''} ${error.message}`);
}

function refusalIn(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400)
    return `The receiver answered ${status}. Redirects are not followed: change the url of the endpoint.`;
  if (status === 410) return 'The receiver answered 410: nobody is there any more.';
  return `The receiver answered ${status}.`;
}

/**
 * Makes one attempt to deliver a message: a POST on a connection of its own, without redirects, of ten seconds at most.
 * The status decides as soon as it is there; what follows of the answer is read for the record, up to 2 KiB. It never
 * throws: what goes wrong is in the outcome.
 */
export function send(
  address: string,
  message: { headers: Record<string, string>; body: string },
  targets: Targets,
  limit = limitMs,
): Promise<Outcome> {
  const began = performance.now();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let status: number | null = null;
    let request: http.ClientRequest | undefined;
    const finish = (error: string | null) => {
      clearTimeout(timer);
      resolve({
        status,
        error: status === null ? error : refusalIn(status),
        response_excerpt: status === null ? null : readable(Buffer.concat(chunks).toString()),
        took_ms: Math.round(performance.now() - began),
      });
      request?.destroy();
    };
    const timer = setTimeout(() => finish(`No answer within ${limit / 1000} seconds.`), limit);
    try {
      const url = new URL(address);
      const refusal = targets.refusal(url);
      if (refusal !== undefined) return finish(refusal);
      request = (url.protocol === 'https:' ? https : http).request(url, {
        method: 'POST',
        headers: { ...message.headers, 'content-length': Buffer.byteLength(message.body) },
        agent: false,
        lookup: targets.lookupFor(url),
      });
      // Also after the end: destroying a request can make it fail once more.
      request.on('error', (error) => finish(reasonOf(error)));
      request.on('response', (response) => {
        status = response.statusCode ?? null;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk.subarray(0, mostBytes - size));
          size += chunk.length;
          if (size >= mostBytes) finish(null);
        });
        response.on('error', () => finish(null));
        response.on('close', () => finish(null));
      });
      request.on('close', () => finish('The receiver broke the connection off.'));
      request.end(message.body);
    } catch (error) {
      // What a url or a header can be that Node does not take.
      finish(reasonOf(error instanceof Error ? error : new Error(String(error))));
    }
  });
}
