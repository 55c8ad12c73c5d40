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
  /** How long a receiver that has too much to do asks to be left alone (`Retry-After`); null where it does not. */
  retry_after_ms: number | null;
  took_ms: number;
}

/** How long an attempt may take, from the first question to DNS to the last byte of the answer that is read. */
export const limitMs = 10_000;
const mostBytes = 2_048;
const excerptLength = 500;
/** Interim answers (1xx) that are borne before the answer: without a limit their heads could come without an end. */
const mostInterim = 10;

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
  HPE_HEADER_OVERFLOW: 'The head of the answer is larger than 16 KiB.',
  CERT_HAS_EXPIRED: 'The certificate of the receiver has expired.',
  CERT_NOT_YET_VALID: 'The certificate of the receiver is not valid yet.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate of the receiver is for another host than that of the url.',
};

const untrusted =
  'Nobody whom this service trusts has signed the certificate of the receiver, or the receiver does not send those in between. An authority of your own is trusted where NODE_EXTRA_CA_CERTS names its file.';
for (const code of [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])
  reasons[code] = untrusted;

function reasonOf({ code = '', message }: NodeJS.ErrnoException): string {
  if (code === refusedCode) return message;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return 'The receiver does not speak TLS as https asks for.';
  const known = reasons[code] ?? (code.startsWith('HPE_') ? 'What the receiver answered is not HTTP.' : undefined);
  return readable(known ?? `It could not be sent: ${code} ${message}`);
}

/** What a receiver that has too much to do says of when to come back: seconds, or a moment (RFC 9110, 10.2.3). */
function retryAfter(status: number | null, header = ''): number | null {
  if (status !== 429 && status !== 503) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return ms > 0 ? ms : null;
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
    let retry_after_ms: number | null = null;
    let interim = 0;
    let request: http.ClientRequest | undefined;
    const finish = (error: string | null) => {
      clearTimeout(timer);
      resolve({
        status,
        error: status === null ? error : refusalIn(status),
        response_excerpt: status === null ? null : readable(Buffer.concat(chunks).toString()),
        retry_after_ms,
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
      request.on('information', () => {
        if (++interim > mostInterim) finish('The receiver goes on saying that its answer is to come.');
      });
      request.on('response', (response) => {
        status = response.statusCode ?? null;
        retry_after_ms = retryAfter(status, response.headers['retry-after']);
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
