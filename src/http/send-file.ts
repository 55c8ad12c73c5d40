import type { FileHandle } from 'node:fs/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../errors.ts';
import { tagsIn } from './etag.ts';

/** A file that is complete, and what its headers say of it. */
interface FileToSend {
  handle: FileHandle;
  bytes: number;
  /** A strong entity tag: two files with the same tag have the same bytes. */
  etag: string;
  modified_at: Date;
  type: string;
  /** What it is called where it is saved: letters, digits, `_`, `-` and `.`. */
  name: string;
}

/** Seconds, as HTTP has them; undefined for what is no date. */
function secondsOf(header: string | undefined): number | undefined {
  const ms = header === undefined ? Number.NaN : Date.parse(header);
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}

/** What the conditions of a request come to (RFC 9110, 13.2.2): the answer in full, 304 or 412. */
function statusOf({ headers }: FastifyRequest, { etag, modified_at }: FileToSend): 200 | 304 | 412 {
  const modified = Math.floor(modified_at.getTime() / 1000);
  const has = (header: string, weak: boolean) =>
    tagsIn(header).some((tag) => tag === '*' || (weak ? tag.replace(/^W\//, '') : tag) === etag);
  const unmodifiedSince = secondsOf(headers['if-unmodified-since']);
  if (headers['if-match'] !== undefined) {
    if (!has(headers['if-match'], false)) return 412;
  } else if (unmodifiedSince !== undefined && modified > unmodifiedSince) return 412;
  const modifiedSince = secondsOf(headers['if-modified-since']);
  if (headers['if-none-match'] !== undefined) {
    if (has(headers['if-none-match'], true)) return 304;
  } else if (modifiedSince !== undefined && modified <= modifiedSince) return 304;
  return 200;
}

/**
 * The bytes of a GET that asks for a range (RFC 9110, 14.1.2), first and last; undefined for the whole file: without a
 * range, for several at once or another unit, and where `If-Range` names other bytes than these. A date in `If-Range` is
 * never enough: a file may be made anew within the second.
 * @throws ApiError 416 for a range that begins behind the end
 */
function rangeOf({ method, headers }: FastifyRequest, { bytes, etag }: FileToSend): [number, number] | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(headers.range?.replaceAll(' ', '') ?? '') ?? [];
  const ifRange = headers['if-range'];
  const isBackwards = first !== '' && last !== '' && Number(last) < Number(first);
  if (method !== 'GET' || `${first}${last}` === '' || isBackwards || (ifRange !== undefined && ifRange !== etag))
    return undefined;
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first);
  if (start < bytes) return [start, first === '' || last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1)];
  throw new ApiError(416, 'range_not_satisfiable', `The file has ${bytes} bytes, and the range begins behind them.`, {
    headers: { 'content-range': `bytes */${bytes}` },
  });
}

/**
 * Answers GET and HEAD with a file: `ETag`, `Last-Modified`, conditions and ranges. Our own, since `@fastify/send` makes
 * weak tags only, which no client may resume with (RFC 9110, 13.1.5), and opens by path, which may be gone by then.
 * The handle is closed whatever happens, also when the client breaks off.
 * @throws ApiError 412 or 416
 */
export async function sendFile(request: FastifyRequest, reply: FastifyReply, file: FileToSend): Promise<FastifyReply> {
  let isSending = false;
  try {
    const status = statusOf(request, file);
    if (status === 412)
      throw new ApiError(412, 'version_moved_on', `The file has changed since: it is ${file.etag} now.`, {
        headers: { etag: file.etag },
      });
    const range = status === 200 ? rangeOf(request, file) : undefined;
    reply.code(range ? 206 : status).headers({
      etag: file.etag,
      'last-modified': file.modified_at.toUTCString(),
      'cache-control': 'private, no-cache',
      'accept-ranges': 'bytes',
    });
    if (status === 304) return reply.send();
    const [start, end] = range ?? [0, file.bytes - 1];
    reply.headers({
      'content-type': file.type,
      'content-disposition': `attachment; filename="${file.name}"`,
      'content-length': end - start + 1,
      ...(range && { 'content-range': `bytes ${start}-${end}/${file.bytes}` }),
    });
    if (request.method === 'HEAD') return reply.send();
    if (file.bytes === 0) return reply.send(Buffer.alloc(0));
    isSending = true;
    return reply.send(file.handle.createReadStream({ start, end, highWaterMark: 256 * 1024 }));
  } finally {
    if (!isSending) await file.handle.close();
  }
}
